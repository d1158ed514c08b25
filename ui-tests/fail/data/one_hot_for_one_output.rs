convshape::conv_chain! {
    pub struct Net {
        data: "data/examples.npz" as (images, one_hot);
        input: [1, 8, 8];
        conv: Conv2d(1 -> 2, kernel: 3);
        Flatten;
        fc: Linear(72 -> 1);
        output: [1];
    }
}

fn main() {}
