convshape::conv_chain! {
    pub struct Model {
        input: x [20, 64], h_0 [128], c_0 [128];
        Lstm(64 -> 128) from (x, h_0, c_0);
        output: [20, 128];
    }
}

fn main() {}
