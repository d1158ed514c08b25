convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Deconv2d(1 -> 16, kernel: 3);
        BN;
        FC(10);
        output: [16, 30, 30];
    }
}

fn main() {}
