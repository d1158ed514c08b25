convshape::conv_chain! {
    pub struct Model {
        input: [3, 28, 28];
        Mean(axis: 3);
        output: [3, 28];
    }
}

fn main() {}
