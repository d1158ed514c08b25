convshape::conv_chain! {
    pub struct Autoencoder {
        input: [8, 28, 28];
        pool: MaxPool2d(2);
        ConvTranspose2d(undo pool);
        output: [8, 28, 28];
    }
}

fn main() {}
