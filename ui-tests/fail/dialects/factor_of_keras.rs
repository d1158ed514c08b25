convshape::conv_chain! {
    pub struct Net {
        dialect: keras;
        input: [32, 32, 3];
        UpSampling2D(1.5);
        output: [48, 48, 3];
    }
}

fn main() {}
