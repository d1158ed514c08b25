//! Arithmetic on sizes, `lossy: allow`, attributes and trailing commas.

#![deny(deprecated)]

use convshape::{Chain, conv_chain};

conv_chain! {
    /// Docs of the struct,
    #[doc = "in both spellings."]
    pub struct Sizes {
        lossy: allow;
        input: [1, 4 * 7, 30 - 2,];
        /// Docs of a layer.
        enc: Conv2d(1 -> 2 * (3 + 5), kernel: 5, stride: 2,) -> [16, 12, 48 / 4,];
        // 12 rows, of which the last two are never read.
        Conv2d(16 -> 1_6, kernel: 0x3, stride: 7,);
        output: [16, 2, 2,];
    }
}

fn main() {
    assert_eq!(Sizes::OUTPUT.to_string(), "[16, 2, 2]");
}
