#![deny(deprecated)]
convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        main: Conv2d(8 -> 8, kernel: 3, padding: 1);
        Relu from input;
        output: [8, 28, 28];
    }
}

fn main() {}
