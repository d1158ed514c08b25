convshape::conv_chain! {
    struct Scores {
        input: q [64, 32], k [64, 32];
        scores: MatMul(q, k);
        output: scores [64, 64];
    }
}

fn main() {}
