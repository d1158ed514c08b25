convshape::conv_chain! {
    pub struct Model {
        input: [3, 16, 16];
        Conv2d(3 -> 8, kernel: 3, padding: "SAME");
        output: [8, 16, 16];
    }
}

fn main() {}
