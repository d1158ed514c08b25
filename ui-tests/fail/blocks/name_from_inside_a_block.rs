convshape::conv_chain! {
    pub struct Unet {
        block Down(c) { skip: Conv2d(c, kernel: 3, padding: 1); MaxPool2d(2); }
        input: [1, 28, 28];
        Down(8);
        Upsample(2);
        Concat(skip, _);
        output: [16, 28, 28];
    }
}

fn main() {}
