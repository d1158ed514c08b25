convshape::conv_chain! {
    pub struct Encoder {
        dialect: "keras";
        input: [28, 28, 1];
        Conv2D(16, kernel_size: 3);
        output: [26, 26, 16];
    }
}

fn main() {}
