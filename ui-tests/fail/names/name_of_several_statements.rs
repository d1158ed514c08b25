convshape::conv_chain! {
    pub struct Net {
        input: [1, 28, 28];
        x: Conv2d(1 -> 8, kernel: 3, padding: 1);
        x: Relu;
        x: MaxPool2d(2);
        output: [8, 14, 14];
    }
}

fn main() {}
