convshape::conv_chain! {
    pub struct Encoder {}
}

fn main() {}
