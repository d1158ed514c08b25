convshape::conv_chain! {
    pub struct Resnet {
        block Res(c, act: activaton) { Conv2d(c, kernel: 3, padding: 1); act; }
        input: [8, 28, 28];
        Res(8, Relu);
        output: [8, 28, 28];
    }
}

fn main() {}
