convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> );
        enc2: Conv2d(8 -> 16, kernel: 3, stride: 2);
        enc3: Conv2d(8 -> 16, kernel: 3);
        output: [16, 10, 10];
    }
}

fn main() {}
