convshape::conv_chain! {
    pub struct Unet {
        input: [8, 28, 28];
        a: Relu;
        b: Tanh from input;
        Add(a, b) from (a, b);
        output: [8, 28, 28];
    }
}

fn main() {}
