convshape::conv_chain! {
    pub struct Encoder {
        input: [8, 28, 28];
        repeat 2 {
            #[name = "blocks.conv"]
            Conv2d(8, kernel: 3, padding: 1);
        }
        output: [8, 28, 28];
    }
}

fn main() {}
