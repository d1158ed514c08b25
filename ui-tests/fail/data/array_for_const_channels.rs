convshape::conv_chain! {
    pub struct Net {
        data: "data/examples.npz" as (images,);
        input: [CHANNELS, 8, 8];
        conv: Conv2d(CHANNELS -> 2, kernel: 3);
        output: [2, 6, 6];
    }
}

const CHANNELS: usize = 3;

fn main() {}
