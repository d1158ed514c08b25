convshape::conv_chain! {
    pub struct Net<const CLASSES: usize> {
        data: "data/examples.npz" as (images, labels);
        input: [1, 8, 8];
        Flatten;
        fc: Linear(64 -> CLASSES);
        output: [CLASSES];
    }
}

const _: () = Net::<3>::CHECK;

fn main() {}
