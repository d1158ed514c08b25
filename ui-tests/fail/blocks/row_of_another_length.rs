convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        repeat (c, k) in [(8, 3), (8, 3, 1)] { Conv2d(c, kernel: k, padding: k / 2); }
        output: [8, 28, 28];
    }
}

fn main() {}
