convshape::conv_chain! {
    pub struct LastStep {
        input: [16, 100];
        Slice(-1.., axis: length);
        output: [16, 1];
    }
}

fn main() {}
