convshape::conv_chain! {
    pub struct Audio {
        input: [8, 100];
        Upsample(2, mode: bilinear);
        output: [8, 200];
    }
}

fn main() {}
