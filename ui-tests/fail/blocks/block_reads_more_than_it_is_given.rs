convshape::conv_chain! {
    pub struct Resnet {
        block Merge(c) reads x, skip { Conv2d(c, kernel: 3, padding: 1) from x; Add(skip); }
        input: [8, 28, 28];
        enc: Conv2d(8, kernel: 3, padding: 1);
        Merge(8);
        Merge(8) from enc;
        output: [8, 28, 28];
    }
}

fn main() {}
