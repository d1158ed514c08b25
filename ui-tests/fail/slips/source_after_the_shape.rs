convshape::conv_chain! {
    pub struct Net {
        input: [3, 64, 64];
        e: Conv2d(3 -> 16, kernel: 3, padding: 1);
        Conv2d(16 -> 16, kernel: 3, padding: 1) -> [16, 64, 64] from e;
        output: [16, 64, 64];
    }
}

fn main() {}
