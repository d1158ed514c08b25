convshape::conv_chain! {
    pub struct Upside {
        input: [8, 16, 16];
        ConvTranspose2d(undo enc);
        enc: Conv2d(8 -> 4, kernel: 3);
        output: [8, 16, 16];
    }
}

fn main() {}
