const WIDTH: usize = 8;

convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        if WIDTH == 8 { Relu; } else { Silu; }
        output: [8, 28, 28];
    }
}

fn main() {}
