convshape::conv_chain! {
    pub struct Resnet {
        block Res(c, act: activation = Relu) { Conv2d(c, kernel: 3, padding: 1); act; }
        input: [8, 28, 28];
        Res(8, atc: Silu);
        output: [8, 28, 28];
    }
}

fn main() {}
