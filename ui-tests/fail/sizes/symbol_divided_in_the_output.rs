convshape::conv_chain! {
    pub struct Half {
        for n in 1..;
        input: [1, 2*n];
        conv: Conv1d(1 -> 8, kernel: 2, stride: 2);
        output: [8, n / 2];
    }
}

fn main() {}
