convshape::conv_chain! {
    pub struct Siamese {
        block Tower(n) { Conv2d(1 -> n, kernel: 3, stride: 2, activation: Relu); GlobalAvgPool; }
        input: left [1, 29, 29], right [1, 29, 29];
        a: Tower(8) from left;
        b: reuse Tower from right;
        difference: Sub(a, b);
        output: difference [8];
    }
}

fn main() {}
