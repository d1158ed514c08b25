convshape::conv_chain! {
    pub struct Vae {
        input: [784];
        enc: Linear(784 -> 16);
        Relu from enc.mu;
        output: [16];
    }
}

fn main() {}
