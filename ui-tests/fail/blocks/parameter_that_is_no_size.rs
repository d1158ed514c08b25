convshape::conv_chain! {
    pub struct Resnet {
        block Res(c, wide: bool) { Conv2d(c * wide, kernel: 3, padding: 1); }
        input: [8, 28, 28];
        Res(8, true);
        output: [8, 28, 28];
    }
}

fn main() {}
