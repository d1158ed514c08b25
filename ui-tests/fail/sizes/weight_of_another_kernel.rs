const KERNEL: usize = 3;

convshape::conv_chain! {
    pub struct Halved {
        input: [3, 32, 32];
        w: Parameter([16, 3, 5, 5], init: normal(0.1));
        half: Scale(0.5) from w;
        conv: Conv2d(3 -> 16, kernel: KERNEL) from (input, half);
        output: [16, 28, 28];
    }
}

fn main() {}
