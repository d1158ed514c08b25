convshape::conv_chain! {
    pub struct Model {
        input: [512, 1, 26];
        Lstm(512 -> 256);
        output: [26, 256];
    }
}

fn main() {}
