convshape::conv_chain! {
    struct Net {
        input: [192];
        Gelu(192 -> 10);
        output: [10];
    }
}

fn main() {}
