convshape::conv_chain! {
    pub struct Upscaler {
        input: [3, 32, 32];
        Conv2d(3 -> 10, kernel: 3, padding: 1);
        PixelShuffle(2);
        output: [3, 64, 64];
    }
}

fn main() {}
