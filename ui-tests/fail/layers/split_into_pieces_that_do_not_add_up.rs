convshape::conv_chain! {
    pub struct Model {
        input: [144, 16];
        s: Split([64, 64]);
        Concat(s.1, s.0);
        output: [144, 16];
    }
}

fn main() {}
