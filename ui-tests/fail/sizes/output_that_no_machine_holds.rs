convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 4000000000];
        ConvTranspose1d(1 -> 8, kernel: 3, stride: 9000000000);
        output: [8, 1];
    }
}

fn main() {}
