convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 3, 3];
        Pad(4, mode: circular);
        output: [1, 11, 11];
    }
}

fn main() {}
