convshape::conv_chain! {
    struct Net {
        input: [8, 10];
        w: Parameter([4, 10]);
        Linear(10 -> 4) from (input, w);
        output: [8, 4];
    }
}

fn main() {}
