convshape::conv_chain! {
    pub struct Segmenter {
        input: [8, 32, 32];
        pool1: MaxPool2d(2);
        pool2: MaxPool2d(2);
        MaxUnpool2d(undo pool1);
        MaxUnpool2d(undo pool2);
        output: [8, 32, 32];
    }
}

fn main() {}
