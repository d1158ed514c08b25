convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 -> 8, kernel: 3, stride: 2, padding: "same");
        output: [8, 14, 14];
    }
}

fn main() {}
