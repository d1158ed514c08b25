//! The flax fields that restore 5x5 with kernel 4; the pair 64 to 20 with kernel 5, stride 3, dilation 2.

convshape::conv_chain! {
    struct Words {
        dialect: flax;
        input: [5, 5, 1];
        valid: Conv(1 -> 8, kernel_size: (4, 4), padding: "VALID") -> [2, 2, 8];
        ConvTranspose(8 -> 1, kernel_size: (4, 4), padding: "VALID") restores valid;
        same: Conv(1 -> 8, kernel_size: (4, 4), padding: "SAME") -> [5, 5, 8];
        ConvTranspose(8 -> 1, kernel_size: (4, 4), padding: "SAME") restores same;
        circular: Conv(1 -> 8, kernel_size: (4, 4), padding: "CIRCULAR") -> [5, 5, 8];
        ConvTranspose(8 -> 1, kernel_size: (4, 4), padding: "CIRCULAR") restores circular;
        output: [5, 5, 1];
    }
}

convshape::conv_chain! {
    struct Torch {
        input: [1, 64];
        enc: Conv1d(1 -> 8, kernel: 5, stride: 3, dilation: 2, padding: 2) -> [8, 20];
        dec: ConvTranspose1d(8 -> 1, kernel: 5, stride: 3, dilation: 2, padding: 2, output_padding: 2) restores enc;
        output: [1, 64];
    }
}

convshape::conv_chain! {
    struct Jax {
        dialect: jax;
        input: [1, 64];
        enc: Conv1d(1 -> 8, kernel: 5, stride: 3, dilation: 2, padding: 2) -> [8, 20];
        dec: ConvGeneralDilated1d(8 -> 1, kernel: 5, lhs_dilation: 3, rhs_dilation: 2, padding: [(6, 8)]) restores enc;
        output: [1, 64];
    }
}

fn main() {}
