convshape::conv_chain! {
    struct Net {
        dialect: keras;
        lint: deny;
        input: [28, 28, 1];
        Conv2D(16, kernel_size: 3, kernel_initializer: "he_normal");
        Conv2D(16, kernel_size: 3, kernel_regularizer: l2(0.01));
        output: [24, 24, 16];
    }
}

fn main() {}
