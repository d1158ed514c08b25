convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, padding=1)
        output: [16, 28, 28];
    }
}

fn main() {}
