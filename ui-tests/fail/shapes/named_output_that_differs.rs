convshape::conv_chain! {
    pub struct Vae {
        input: [784];
        hidden: Linear(784 -> 128, activation: Relu);
        mu: Linear(128 -> 16);
        logvar: Linear(128 -> 8) from hidden;
        output: mu [16], logvar [16];
    }
}

fn main() {}
