convshape::conv_chain! {
    struct Branches {
        dialect: keras;
        input: [3, 64, 64];
        a: Conv2D(8, kernel_size: 3, padding: "same");
        MaxPooling2D(2);
        UpSampling2D(2);
        Concatenate([a, _], axis: 1);
        Conv2D(3, kernel_size: 3, padding: "same");
        output: [3, 64, 64];
    }
}

fn main() {}
