convshape::conv_chain! {
    pub struct Encoder {
        input: [8, 4, 4];
        Crop(2);
        output: [8, 1, 1];
    }
}

fn main() {}
