convshape::conv_chain! {
    pub struct Resnet {
        input: [8, 28, 28];
        front: Conv2d(8, kernel: 1);
        repeat 2 reads x, skip from (front, input) { Conv2d(8, kernel: 3, padding: 1) from x; Add(skip); }
        output: [8, 28, 28];
    }
}

fn main() {}
