convshape::conv_chain! {
    pub struct Segmenter {
        input: [8, 28, 28];
        pool: MaxPool2d(2);
        self.unpool = nn.MaxUnpool2d(2, stride=2);
        output: [8, 28, 28];
    }
}

fn main() {}
