convshape::conv_chain! {
    pub struct Resnet {
        block Res(c, deep: bool) {
            if deep { s: repeat 2 { Conv2d(c, kernel: 1); } } else { s: Conv2d(c, kernel: 1); }
        }
        input: [8, 28, 28];
        Res(8, true);
        Res(8, false);
        output: [8, 28, 28];
    }
}

fn main() {}
