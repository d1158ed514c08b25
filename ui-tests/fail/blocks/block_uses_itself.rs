convshape::conv_chain! {
    pub struct Resnet {
        block Res(c) { Conv2d(c, kernel: 3, padding: 1); Res(c); }
        input: [8, 28, 28];
        Res(8);
        output: [8, 28, 28];
    }
}

fn main() {}
