const KERNEL: usize = 3;

convshape::conv_chain! {
    pub struct Flax {
        dialect: flax;
        input: [5, 5, 1];
        enc: Conv2d(1 -> 4, kernel: KERNEL, padding: 0);
        dec: ConvTranspose2d(4 -> 1, kernel: KERNEL, padding: 0) restores enc;
        output: [5, 5, 1];
    }
}

fn main() {}
