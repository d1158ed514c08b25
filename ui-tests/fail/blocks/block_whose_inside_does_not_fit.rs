convshape::conv_chain! {
    pub struct Resnet {
        block Res(c) { Conv2d(c, kernel: 3); Add(input); }
        input: [8, 28, 28];
        Res(8);
        output: [8, 28, 28];
    }
}

fn main() {}
