convshape::conv_chain! {
    pub struct Gated {
        input: [64, 8, 8];
        c: Conv2d(64 -> 128, kernel: 1);
        a, b = torch.chunk(c, 2, dim=1);
        Mul(a, b);
        output: [64, 8, 8];
    }
}

fn main() {}
