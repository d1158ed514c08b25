convshape::conv_chain! {
    pub struct Encoder {
        input: [1, 28, 28];
        conv1: Conv2d(1 -> 16, kernel: 3);
        def forward(self, x):
            x = self.conv1(x)
            return x
        output: [16, 26, 26];
    }
}

fn main() {}
