convshape::conv_chain! {
    pub struct Autoencoder {
        dialect: keras;
        input: [14, 14, 8];
        MaxPooling2D(2, padding: same);
        MaxPooling2D(2, padding: same);
        UpSampling2D(2);
        UpSampling2D(2);
        Conv2D(8, kernel_size: 3, padding: same);
        output: [14, 14, 8];
    }
}

fn main() {}
