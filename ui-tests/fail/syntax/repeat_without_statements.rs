convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        repeat 3 {}
        output: [1, 28, 28];
    }
}

fn main() {}
