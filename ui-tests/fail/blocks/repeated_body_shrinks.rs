convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        blocks: repeat 3 { Conv2d(8, kernel: 3); Relu; }
        output: [8, 28, 28];
    }
}

fn main() {}
