convshape::conv_chain! {
    pub struct Rows {
        input: [8, 4, 4];
        Flatten(height..width);
        output: [8, 16];
    }
}

fn main() {}
