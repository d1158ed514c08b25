convshape::conv_chain! {
    pub struct Resnet {
        block Res(from, to) {
            c: Conv2d(from -> to, kernel: 3, padding: 1);
            if from != to { s: Conv2d(from -> to, kernel: 1) from input; }
            Add(c, s);
        }
        input: [8, 28, 28];
        Res(8, 8);
        output: [8, 28, 28];
    }
}

fn main() {}
