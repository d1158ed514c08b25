convshape::conv_chain! {
    pub struct Net {
        block Stage(c, down: bool = false) {
            Conv2d(c, kernel: 3, padding: 1);
            if down { MaxPool2d(2); }
        }
        input: [8, 32, 32];
        repeat i in 0..2 { Stage(8, down: i == 0); }
        output: [8, 16, 16];
    }
}

fn main() {}
