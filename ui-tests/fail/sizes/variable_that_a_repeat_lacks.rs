convshape::conv_chain! {
    pub struct Trunk {
        input: [8, 28, 28];
        dense: repeat 3 {
            c: Conv2d(8 + 8 * i -> 8, kernel: 3, padding: 1);
            Concat(input, c);
        }
        output: [32, 28, 28];
    }
}

fn main() {}
