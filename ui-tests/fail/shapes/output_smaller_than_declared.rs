convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Conv2d(1 -> 8, kernel: 3);
        Relu;
        MaxPool2d(2);
        output: [8, 14, 14];
    }
}

fn main() {}
