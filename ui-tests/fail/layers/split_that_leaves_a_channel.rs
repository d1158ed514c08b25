convshape::conv_chain! {
    pub struct Model {
        input: [15, 28, 28];
        s: Split(2);
        Add(s.1, s.0);
        output: [7, 28, 28];
    }
}

fn main() {}
