convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        nn.Conv2d(1, 16, 3, stride=2, padding=1);
        nn.ReLU(inplace=True);
        output: [16, 14, 14];
    }
}

fn main() {}
