convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        stack: repeat 2 reads x, skip from (input, input) {
            y: Conv2d(8, kernel: 3, padding: 1) from x;
            s: MaxPool2d(2) from skip;
            output: y, s;
        }
        output: [8, 28, 28];
    }
}

fn main() {}
