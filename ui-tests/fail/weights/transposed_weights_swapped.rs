convshape::conv_chain! {
    struct Model {
        weights: "weights/twice_swapped.safetensors";
        input: [4, 4, 4];
        up1: ConvTranspose2d(4 -> 1, kernel: 2, stride: 2, bias: false);
        Concat(up1, up1, up1, up1);
        up2: ConvTranspose2d(4 -> 1, kernel: 2, stride: 2, bias: false);
        output: [1, 16, 16];
    }
}

fn main() {}
