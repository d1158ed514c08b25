convshape::conv_chain! {
    struct Net {
        lint: deny;
        input: [8, 28, 8];
        enc: Conv2d(8 -> 8, kernel: 3, padding: 1);
        gate: Parameter([8]);
        Mul(enc, gate);
        output: [8, 28, 8];
    }
}

fn main() {}
