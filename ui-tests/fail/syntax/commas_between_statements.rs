convshape::conv_chain! {
    pub struct Net {
        input: [1, 28, 28],
        Conv2d(1 -> 8, kernel: 3, padding: 1),
        Relu
        output: [8, 28, 28]
    }
}

fn main() {}
