convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Reshape([-1]);
        output: [784];
    }
}

fn main() {}
