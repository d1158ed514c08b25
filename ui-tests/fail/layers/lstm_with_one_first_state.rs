convshape::conv_chain! {
    pub struct Model {
        input: x [20, 64], h_0 [1, 128];
        Lstm(64 -> 128) from (x, h_0);
        output: [20, 128];
    }
}

fn main() {}
