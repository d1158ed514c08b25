convshape::conv_chain! {
    pub struct Unet {
        input: [1, 27, 27];
        skip: Conv2d(1 -> 16, kernel: 3, padding: 1);
        MaxPool2d(2);
        Conv2d(16 -> 32, kernel: 3, padding: 1);
        up: ConvTranspose2d(32 -> 16, kernel: 2, stride: 2);
        Concat(skip, up);
        output: [32, 27, 27];
    }
}

fn main() {}
