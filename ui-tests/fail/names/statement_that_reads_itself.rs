// A statement reads those above it.
convshape::conv_chain! {
    struct Residual {
        input: [16, 8, 8];
        c: Conv2d(16 -> 16, kernel: 3, padding: 1);
        sum: Add(c, sum);
        output: [16, 8, 8];
    }
}

fn main() {}
