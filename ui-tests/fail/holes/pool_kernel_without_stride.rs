convshape::conv_chain! {
    pub struct Encoder {
        input: [8, 28, 28];
        MaxPool2d(_) -> [8, 14, 14];
        output: [8, 14, 14];
    }
}

fn main() {}
