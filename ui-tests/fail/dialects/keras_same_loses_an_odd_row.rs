convshape::conv_chain! {
    pub struct Autoencoder {
        dialect: keras;
        input: [17, 30, 3];
        enc: Conv2D(8, kernel_size: 3, strides: 2, padding: "same");
        dec: Conv2DTranspose(3, kernel_size: 4, strides: 2, padding: "same");
        output: [17, 30, 3];
    }
}

fn main() {}
