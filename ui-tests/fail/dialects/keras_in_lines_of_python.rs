convshape::conv_chain! {
    pub struct Net {
        input: [28, 28, 1];
        Conv2D(filters=32, kernel_size=3, activation="relu", padding="same");
        MaxPooling2D(2);
        Flatten;
        Dense(10);
        output: [10];
    }
}

fn main() {}
