convshape::conv_chain! {
    pub struct Resnet {
        block Enc(c) { y: Conv2d(c, kernel: 3, padding: 1); output: y; Relu; }
        input: [8, 28, 28];
        Enc(8);
        output: [8, 28, 28];
    }
}

fn main() {}
