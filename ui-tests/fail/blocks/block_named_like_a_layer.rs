convshape::conv_chain! {
    pub struct Resnet {
        block Relu(c) { Conv2d(c, kernel: 3); }
        input: [8, 28, 28];
        Relu(8);
        output: [8, 26, 26];
    }
}

fn main() {}
