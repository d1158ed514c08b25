convshape::conv_chain! {
    pub struct Resnet {
        block Enc(c) { y: Conv2d(c, kernel: 3, padding: 1); MaxPool2d(2); output: down: _, skip: y; }
        input: [8, 28, 28];
        enc: Enc(8);
        Upsample(2);
        Concat(enc.skp, _);
        output: [16, 28, 28];
    }
}

fn main() {}
