convshape::conv_chain! {
    pub struct Resnet {
        block Down(c) { Conv2d(c, kernel: 3, stride: 2, padding: 1); Relu; }
        input: [8, 28, 28];
        Donw(16);
        output: [16, 14, 14];
    }
}

fn main() {}
