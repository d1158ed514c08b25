convshape::conv_chain! {
    pub struct Model {
        input: [16, 28, 28];
        halves: Split(2);
        Concat(halves.1, halves.2);
        output: [16, 28, 28];
    }
}

fn main() {}
