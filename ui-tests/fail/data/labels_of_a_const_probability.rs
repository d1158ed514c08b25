convshape::conv_chain! {
    pub struct Net {
        data: "data/examples.npz" as (images, labels);
        input: [1, 8, 8];
        Flatten;
        fc: Linear(64 -> ANSWERS, activation: Sigmoid);
        output: [ANSWERS];
    }
}

const ANSWERS: usize = 1;

fn main() {}
