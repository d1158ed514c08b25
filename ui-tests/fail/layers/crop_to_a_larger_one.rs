convshape::conv_chain! {
    pub struct Unet {
        input: [8, 28, 28];
        small: MaxPool2d(2);
        Crop(like: input) from small;
        output: [8, 28, 28];
    }
}

fn main() {}
