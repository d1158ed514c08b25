convshape::conv_chain! {
    pub struct Classifier {
        input: [64, 4, 4];
        AvgPool2d(7);
        Flatten;
        output: [64];
    }
}

fn main() {}
