convshape::conv_chain! {
    pub struct Model {
        input: [3, 28, 28];
        Permute(0, 2, 3, 1);
        output: [28, 28, 3];
    }
}

fn main() {}
