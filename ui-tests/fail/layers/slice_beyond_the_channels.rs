convshape::conv_chain! {
    pub struct Vae {
        input: [20];
        mu: Slice(channels: 0..10);
        logvar: Slice(channels: 10..24) from input;
        output: mu [10], logvar [10];
    }
}

fn main() {}
