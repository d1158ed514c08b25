convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        repeat i in 0.. { Conv2d(8, kernel: 3, padding: 1); }
        output: [8, 28, 28];
    }
}

fn main() {}
