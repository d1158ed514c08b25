convshape::conv_chain! {
    struct Model {
        weights: "weights/not_a_number.safetensors";
        input: [1, 9, 9];
        enc: Conv2d(1 -> 4, kernel: 3, stride: 2);
        output: [4, 4, 4];
    }
}

fn main() {}
