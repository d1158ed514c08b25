convshape::conv_chain! {
    pub struct Encoder {
        lossy: deny;
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 5, stride: 2);
        output: [16, 12, 12];
    }
}

fn main() {}
