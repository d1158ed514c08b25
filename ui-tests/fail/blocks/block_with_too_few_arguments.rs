convshape::conv_chain! {
    pub struct Resnet {
        block Res(k, c) { Conv2d(c, kernel: k); Relu; }
        input: [8, 28, 28];
        Res(3);
        output: [8, 26, 26];
    }
}

fn main() {}
