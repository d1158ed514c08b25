convshape::conv_chain! {
    pub struct Resnet {
        block Same(same) { Conv2d(8, kernel: 3, padding_mode: same, padding: 1); }
        input: [8, 28, 28];
        Same(1);
        output: [8, 28, 28];
    }
}

fn main() {}
