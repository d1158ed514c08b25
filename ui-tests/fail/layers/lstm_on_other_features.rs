convshape::conv_chain! {
    pub struct Model {
        input: [20, 80];
        l: Lstm(64 -> 128, bidirectional: true);
        output: [20, 256];
    }
}

fn main() {}
