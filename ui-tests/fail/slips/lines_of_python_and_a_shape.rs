convshape::conv_chain! {
    pub struct LeNet {
        input: [1, 28, 28];
        self.conv1 = nn.Conv2d(1, 6, 5)
        nn.MaxPool2d(2, 2)
        nn.Flatten()
        self.fc1 = nn.Linear(6 * 14 * 14, 10)
        output: [10];
    }
}

fn main() {}
