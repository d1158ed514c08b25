convshape::conv_chain! {
    pub struct Vae {
        input: [1, 28, 28];
        input: [8];
        Flatten;
        output: [784];
    }
}

fn main() {}
