convshape::conv_chain! {
    pub struct Unet {
        input: [1, 28, 28];
        skip: Conv2d(1 -> 8, kernel: 3, padding: 1);
        Relu;
        Concat(skpi, _);
        output: [16, 28, 28];
    }
}

fn main() {}
