convshape::conv_chain! {
    pub struct Resnet {
        input: a [8, 28, 28], b [8, 28, 28];
        Relu;
        reuse a from b;
        output: [8, 28, 28];
    }
}

fn main() {}
