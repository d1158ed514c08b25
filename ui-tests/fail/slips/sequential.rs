convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2))
        output: [16, 13, 13];
    }
}

fn main() {}
