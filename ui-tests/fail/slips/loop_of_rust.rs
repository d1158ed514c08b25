convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        for i in 0..3 {
            Conv2d(1 -> 1, kernel: 3, padding: 1);
        }
        output: [1, 28, 28];
    }
}

fn main() {}
