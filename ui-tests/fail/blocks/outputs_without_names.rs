convshape::conv_chain! {
    pub struct Resnet {
        block Enc(c) { y: Conv2d(c, kernel: 3, padding: 1); MaxPool2d(2); output: _, y; }
        input: [8, 28, 28];
        enc: Enc(8);
        output: [8, 14, 14];
    }
}

fn main() {}
