convshape::conv_chain! {
    pub struct Encoder {
        block Double(to) {
            c1: Conv2d(to, kernel: 3, padding: 1);
            c2: Conv2d(to, kernel: 3, padding: 1);
        }
        input: [8, 28, 28];
        #[name(transparent)] Double(16);
        #[name(transparent)] Double(8);
        output: [8, 28, 28];
    }
}

fn main() {}
