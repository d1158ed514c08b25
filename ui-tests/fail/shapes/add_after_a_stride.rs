convshape::conv_chain! {
    pub struct Resnet {
        input: [16, 28, 28];
        main: Conv2d(16 -> 16, kernel: 3, stride: 2, padding: 1);
        Add(input, main);
        output: [16, 14, 14];
    }
}

fn main() {}
