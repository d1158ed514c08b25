convshape::conv_chain! {
    pub struct Net {
        input: [1, 28, 28];
        Conv2D(32, 3, padding="same");
        MaxPooling2D(2);
        Flatten;
        Dense(10);
        output: [10];
    }
}

fn main() {}
