convshape::conv_chain! {
    pub struct Resnet {
        block Res(c) { Conv2d(c, kernel: 3); Relu; }
        input: [8, 28, 28];
        Res(true);
        output: [8, 26, 26];
    }
}

fn main() {}
