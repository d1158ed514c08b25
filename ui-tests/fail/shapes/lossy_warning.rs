#![deny(deprecated)]
convshape::conv_chain! {
    pub struct Encoder {
        lossy: warn;
        input: [1, 27, 27];
        pool: MaxPool2d(2);
        output: [1, 13, 13];
    }
}

fn main() {}
