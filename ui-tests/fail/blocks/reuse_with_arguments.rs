convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        head: Conv2d(8, kernel: 3, padding: 1);
        reuse head(8, kernel: 1);
        output: [8, 28, 28];
    }
}

fn main() {}
