convshape::conv_chain! {
    pub struct Generator {
        input: [100];
        Linear(100 -> 1024);
        Reshape([64, 7, 7]);
        output: [64, 7, 7];
    }
}

fn main() {}
