convshape::conv_chain! {
    pub struct Audio {
        input: [1, 16];
        Conv1d(1 -> 8, kernel: 5, dilation: 8);
        output: [8, 8];
    }
}

fn main() {}
