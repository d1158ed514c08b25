convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28];
        Lstm(28 -> 64);
        output: [64];
    }
}

fn main() {}
