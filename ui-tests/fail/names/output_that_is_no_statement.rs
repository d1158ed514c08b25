convshape::conv_chain! {
    pub struct Vae {
        input: [784];
        mu: Linear(784 -> 16);
        logvar: Linear(784 -> 16) from input;
        output: mu [16], log_var [16];
    }
}

fn main() {}
