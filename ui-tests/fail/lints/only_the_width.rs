convshape::conv_chain! {
    struct Net {
        lint: deny;
        input: [8, 28, 32];
        enc: Conv2d(8 -> 8, kernel: 3, padding: 1);
        gate: Parameter([32]);
        Mul(enc, gate);
        output: [8, 28, 32];
    }
}

fn main() {}
