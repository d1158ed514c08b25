convshape::conv_chain! {
    pub struct Model {
        input: [3, 8, 8];
        conv: Conv2d(3 -> 4, kernel: 3, bias: false);
        energy: Sum(axis: (1, 2, 3)) from conv.kernel;
        Mul(conv, energy);
        output: [4, 6, 6];
    }
}

fn main() {}
