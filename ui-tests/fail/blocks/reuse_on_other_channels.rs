convshape::conv_chain! {
    pub struct Resnet {
        input: a [8, 28, 28], b [16, 14, 14];
        head: Conv2d(8 -> 4, kernel: 3, padding: 1) from a;
        reuse head from b;
        output: [4, 14, 14];
    }
}

fn main() {}
