convshape::conv_chain! {
    pub struct Audio {
        input: [1, 16000];
        Conv2d(1 -> 16, kernel: 9, stride: 4);
        output: [16, 3998];
    }
}

fn main() {}
