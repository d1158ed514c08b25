convshape::conv_chain! {
    pub struct Unet {
        input: [8, 28, 28];
        Relu;
        Concat();
        output: [16, 28, 28];
    }
}

fn main() {}
