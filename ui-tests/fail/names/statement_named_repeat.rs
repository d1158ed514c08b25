convshape::conv_chain! {
    struct Model {
        input: [1, 28, 28];
        repeat: Conv2d(1 -> 8, kernel: 3);
        output: [8, 26, 26];
    }
}

fn main() {}
