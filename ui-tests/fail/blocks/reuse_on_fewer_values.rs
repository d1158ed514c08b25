convshape::conv_chain! {
    pub struct Resnet {
        input: a [8, 28, 28], b [8, 28, 28];
        sum: Add(a, b);
        reuse sum from a;
        output: [8, 28, 28];
    }
}

fn main() {}
