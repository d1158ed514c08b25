convshape::conv_chain! {
    pub struct Unet {
        dialect: keras;
        input: [45, 45, 1];
        skip: Conv2D(16, kernel_size: 3, padding: "same");
        MaxPooling2D(2);
        up: UpSampling2D(2);
        Concat(skip, up);
        Conv2D(1, kernel_size: 1);
        output: [45, 45, 1];
    }
}

fn main() {}
