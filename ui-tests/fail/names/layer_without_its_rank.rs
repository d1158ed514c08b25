convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        MaxPool(2);
        output: [1, 14, 14];
    }
}

fn main() {}
