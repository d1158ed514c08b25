convshape::conv_chain! {
    pub struct Segmenter {
        input: [3, 32, 32];
        Conv2d(3 -> 16, kernel: 3, padding: 1);
        pool: MaxPool2d(2);
        mixed: Conv2d(16 -> 32, kernel: 3, padding: 1);
        MaxUnpool2d(undo pool);
        output: [16, 32, 32];
    }
}

fn main() {}
