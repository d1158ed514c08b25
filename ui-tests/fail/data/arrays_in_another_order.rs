convshape::conv_chain! {
    pub struct Net {
        data: "data/examples.npz" as (labels, images);
        input: [1, 8, 8];
        conv: Conv2d(1 -> 2, kernel: 3);
        Flatten;
        fc: Linear(72 -> 4);
        output: [4];
    }
}

fn main() {}
