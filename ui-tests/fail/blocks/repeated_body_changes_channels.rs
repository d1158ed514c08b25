convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        blocks: repeat 3 { Conv2d(16, kernel: 3, padding: 1); Relu; }
        output: [16, 28, 28];
    }
}

fn main() {}
