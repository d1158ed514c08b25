convshape::conv_chain! {
    pub struct Encoder {
        for h in 1.., w in 1..=64;
        input: [3, 8*h, 16*w];
        a: Conv2d(3 -> 8, kernel: 4, stride: 4);
        b: Conv2d(8 -> 8, kernel: 2, stride: 2);
        c: Conv2d(8 -> 8, kernel: 2, stride: 2);
        output: [8, h, w];
    }
}

fn main() {}
