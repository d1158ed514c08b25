convshape::conv_chain! {
    struct Blocks {
        weights: "weights/blocks.safetensors";
        block Basic(channels) {
            conv1: Conv2d(channels -> channels, kernel: 3, padding: 1, bias: false);
            Relu;
        }
        input: [4, 9, 9];
        layer1: repeat 2 { Basic(4); }
        output: [4, 9, 9];
    }
}

fn main() {}
