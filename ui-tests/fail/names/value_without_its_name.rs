convshape::conv_chain! {
    pub struct Encoder {
        input: [8, 28, 28];
        MaxPool2d(2, 2);
        Relu(0.1);
        output: [8, 14, 14];
    }
}

fn main() {}
