convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        s: if 1 == 1 { Relu; } else { Silu; }
        output: [8, 28, 28];
    }
}

fn main() {}
