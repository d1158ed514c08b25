convshape::conv_chain! {
    pub struct Net {
        input: [8, 28, 28];
        MaxPool2d(2, None);
        Conv2d(8, 4, None);
        output: [4, 12, 12];
    }
}

fn main() {}
