convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        Res(1, 64);
        output: [64, 28, 28];
    }
}

fn main() {}
