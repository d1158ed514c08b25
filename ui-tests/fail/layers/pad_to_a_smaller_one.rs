convshape::conv_chain! {
    pub struct Unet {
        input: [8, 28, 28];
        small: MaxPool2d(2);
        Pad(like: small) from input;
        output: [8, 14, 14];
    }
}

fn main() {}
