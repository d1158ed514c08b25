convshape::conv_chain! {
    pub struct Same {
        input: [1, 28, 28];
        conv: Conv2d(1 -> 4, kernel: 4, padding: _) -> [4, 28, 28];
        output: [4, 28, 28];
    }
}

fn main() {}
