convshape::conv_chain! {
    pub struct Encoder {
        dialect: keras;
        input: [28, 28, 1];
        x = Conv2D(16, 3, activation="relu")(x)
        y = MaxPooling2D(2)(x)
        output: [13, 13, 16];
    }
}

fn main() {}
