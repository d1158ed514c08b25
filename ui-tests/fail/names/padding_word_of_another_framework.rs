convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28];
        Conv1d(1 -> 8, kernel: 3, padding: "causal");
        output: [8, 28];
    }
}

fn main() {}
