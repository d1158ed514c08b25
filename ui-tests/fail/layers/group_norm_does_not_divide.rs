convshape::conv_chain! {
    pub struct Encoder {
        input: [20, 28, 28];
        GroupNorm(20, groups: 8);
        output: [20, 28, 28];
    }
}

fn main() {}
