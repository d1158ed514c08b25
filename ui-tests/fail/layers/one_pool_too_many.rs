convshape::conv_chain! {
    pub struct Vgg {
        input: [3, 16, 16];
        Conv2d(3 -> 8, kernel: 3, padding: 1);
        repeat i in [8, 16, 32, 64, 128] {
            MaxPool2d(2);
            Conv2d(i, kernel: 3, padding: 1);
        }
        output: [128, 1, 1];
    }
}

fn main() {}
