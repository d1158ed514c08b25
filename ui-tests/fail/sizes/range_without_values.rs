convshape::conv_chain! {
    pub struct Net {
        for h in 5..=2, w in 1;
        input: [3, 16*h, 16*w];
        conv: Conv2d(3 -> 4, kernel: 1);
        output: [4, 16*h, 16*w];
    }
}

fn main() {}
