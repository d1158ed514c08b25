convshape::conv_chain! {
    pub struct Halved {
        input: [8, 16, 16];
        MaxPool2d(2, kernel: 2);
        output: [8, 8, 8];
    }
}

fn main() {}
