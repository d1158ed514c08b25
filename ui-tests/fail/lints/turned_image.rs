convshape::conv_chain! {
    struct Net {
        dialect: keras;
        lint: deny;
        input: [3, 224, 224];
        c: Conv2D(16, kernel_size: 3, padding: same, activation: "relu");
        MaxPooling2D(2, padding: same);
        output: [2, 112, 16];
    }
}

fn main() {}
