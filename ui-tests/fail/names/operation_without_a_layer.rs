convshape::conv_chain! {
    pub struct Tokens {
        input: [64, 7, 7];
        Rearrange("c h w -> (h w) c");
        output: [49, 64];
    }
}

fn main() {}
