convshape::conv_chain! {
    pub struct Net {
        for h in 0..;
        input: [3, 16*h, 16];
        conv: Conv2d(3 -> 4, kernel: 1);
        output: [4, 16*h, 16];
    }
}

fn main() {}
