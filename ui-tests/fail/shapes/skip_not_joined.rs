convshape::conv_chain! {
    pub struct Unet {
        input: [1, 28, 28];
        skip: Conv2d(1 -> 16, kernel: 3, padding: 1, activation: Relu);
        MaxPool2d(2);
        Upsample(2);
        Conv2d(32 -> 16, kernel: 3, padding: 1);
        output: [16, 28, 28];
    }
}

fn main() {}
