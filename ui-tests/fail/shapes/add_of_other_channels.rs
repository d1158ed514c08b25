convshape::conv_chain! {
    pub struct Resnet {
        input: [16, 28, 28];
        Conv2d(16 -> 32, kernel: 3, padding: 1);
        Relu;
        Add(input, _);
        output: [32, 28, 28];
    }
}

fn main() {}
