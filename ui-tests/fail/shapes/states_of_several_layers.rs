convshape::conv_chain! {
    struct Model {
        input: [50, 16];
        l: Lstm(16 -> 64, layers: 2);
        Linear(64 -> 5) from l.h_n;
        output: [5];
    }
}

fn main() {}
