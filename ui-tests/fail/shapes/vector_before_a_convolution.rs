// A Reshape is missing; its sizes follow from the channels.
convshape::conv_chain! {
    struct Decoder {
        input: [16];
        Linear(16 -> 3136);
        up: ConvTranspose2d(64 -> 1, kernel: 4, stride: 2, padding: 1);
        output: [1, 14, 14];
    }
}

fn main() {}
