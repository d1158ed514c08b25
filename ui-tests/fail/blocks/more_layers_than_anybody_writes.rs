convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        repeat 1000000 { repeat 1000000 { Relu; } }
        output: [8, 28, 28];
    }
}

fn main() {}
