convshape::conv_chain! {
    pub struct Unet {
        input: [8, 28, 28];
        a: Relu;
        b: Tanh from input;
        Conv2d(24 -> 8, kernel: 3) from (input, a, b);
        output: [8, 26, 26];
    }
}

fn main() {}
