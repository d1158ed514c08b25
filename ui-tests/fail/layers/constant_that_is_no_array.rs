const NAMES: [&str; 2] = ["left", "right"];

convshape::conv_chain! {
    pub struct Model {
        input: [2];
        names: Constant(NAMES, [2]);
        Add(_, names);
        output: [2];
    }
}

fn main() {}
