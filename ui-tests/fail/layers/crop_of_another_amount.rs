convshape::conv_chain! {
    pub struct Cropped {
        input: [8, 20, 20];
        conv: Conv2d(8 -> 8, kernel: 3);
        Crop(2);
        output: [8, 15, 15];
    }
}

fn main() {}
