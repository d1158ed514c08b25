convshape::conv_chain! {
    pub struct Tree {
        input: [1, 28, 28];
        Conv2d(1 -> 1, kernel: 3, padding: 1);
        Chain(Self);
        output: [1, 28, 28];
    }
}

fn main() {}
