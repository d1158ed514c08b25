convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        a: Conv2d(1 -> 16, kernel: 3);
        ConvTranspose2d(undo: a);
        output: [1, 28, 28];
    }
}

fn main() {}
