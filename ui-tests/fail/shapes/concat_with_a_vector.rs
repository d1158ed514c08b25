convshape::conv_chain! {
    pub struct Vae {
        input: image [1, 28, 28], label [10];
        features: Conv2d(1 -> 8, kernel: 3) from image;
        Concat(features, label);
        output: [18, 26, 26];
    }
}

fn main() {}
