convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: _) -> [16, _, _];
        MaxPool2d(2);
        output: [16, 7, 7];
    }
}

fn main() {}
