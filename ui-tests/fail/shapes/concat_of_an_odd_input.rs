convshape::conv_chain! {
    pub struct Unet {
        dialect: keras;
        input: [90, 90, 1];
        skip1: Conv2D(16, kernel_size: 3, padding: "same");
        MaxPooling2D(2);
        skip2: Conv2D(32, kernel_size: 3, padding: "same");
        MaxPooling2D(2);
        Conv2D(64, kernel_size: 3, padding: "same");
        up2: UpSampling2D(2);
        Concat(skip2, up2);
        up1: UpSampling2D(2);
        Concat(skip1, up1);
        Conv2D(1, kernel_size: 1);
        output: [90, 90, 1];
    }
}

fn main() {}
