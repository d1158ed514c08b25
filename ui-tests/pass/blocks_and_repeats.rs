//! Blocks with and without parameters, repeats of all kinds, names in files.

use convshape::{Chain, conv_chain};

conv_chain! {
    pub struct Resnet {
        block Res(k, c) {
            c1: Conv2d(c, kernel: k, padding: (k - 1) / 2, activation: Relu);
            c2: Conv2d(c, kernel: k, padding: (k - 1) / 2);
            Add(input);
        }
        block Down() { Conv2d(2 * 8, kernel: 4, stride: 2, padding: 1); Relu; }

        input: [3, 32, 32];
        Conv2d(3 -> 8, kernel: 1);
        d0: Res(3, 8);
        Res(5, 8);
        Down();
        blocks: repeat 3 { Res(3, 16); BatchNorm; }
        repeat i in 0..2 {
            #[name = "stage.{i}.conv"]
            Conv2d(16 * (i + 1), kernel: 3, padding: 1);
        }
        repeat i in 1..=2 { Conv2d(32 / i, kernel: 3, padding: 1); }
        heads: repeat c in [8, 4, 2,] { Conv2d(c, kernel: 1,); }
        output: [2, 16, 16];
    }
}

fn main() {
    assert_eq!(Resnet::OUTPUT.to_string(), "[2, 16, 16]");
}
