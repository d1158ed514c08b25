convshape::conv_chain! {
    pub struct Net {
        block B(from, to) {
            if from == to { c: Conv2d(from -> to, kernel: 3, padding: 1); }
            else { c: Conv2d(from -> to, kernel: 3); }
        }
        input: [8, 28, 28];
        B(8, 8);
        B(8, 16);
        output: [16, 28, 28];
    }
}

fn main() {}
