convshape::conv_chain! {
    pub struct Unet {
        input: [1, 32, 32];
        skip: Conv2d(1 -> 16, kernel: 3);
        MaxPool2d(2);
        Conv2d(16 -> 16, kernel: 3);
        Upsample(2);
        Concat(skip, _);
        output: [32, 30, 30];
    }
}

fn main() {}
