convshape::conv_chain! {
    pub struct Net {
        data: "data/examples.npz" as (last, labels);
        input: [1, SIDE, SIDE];
        conv: Conv2d(1 -> 2, kernel: 3);
        Flatten;
        fc: Linear(72 -> 4);
        output: [4];
    }
}
const SIDE: usize = 8;
fn main() {}
