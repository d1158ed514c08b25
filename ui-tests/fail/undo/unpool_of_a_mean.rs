convshape::conv_chain! {
    pub struct Segmenter {
        input: [8, 28, 28];
        pool: AvgPool2d(2);
        MaxUnpool2d(undo pool);
        output: [8, 28, 28];
    }
}

fn main() {}
