convshape::conv_chain! {
    pub struct Encoder {
        input: [8, 28, 28];
        MaxPool2d(3, stride: 2, padding: 2);
        output: [8, 14, 14];
    }
}

fn main() {}
