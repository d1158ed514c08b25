convshape::conv_chain! {
    pub struct Unet {
        input: [1, 28, 28];
        Relu from late;
        late: Conv2d(1 -> 8, kernel: 3);
        output: [8, 26, 26];
    }
}

fn main() {}
