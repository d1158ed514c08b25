convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 4, 4];
        Conv2d(1 -> 8, kernel: 9, padding: 4, padding_mode: reflect);
        output: [8, 4, 4];
    }
}

fn main() {}
