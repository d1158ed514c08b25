convshape::conv_chain! {
    pub struct Resnet {
        block Stem(c) { if c = 8 { Relu; } }
        input: [8, 28, 28];
        Stem(8);
        output: [8, 28, 28];
    }
}

fn main() {}
