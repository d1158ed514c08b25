//! Every pooling layer and field.

use convshape::{Chain, conv_chain};

conv_chain! {
    pub struct Pools {
        input: [3, 64];
        MaxPool1d(2);
        AvgPool1d(kernel: 3, stride: 2, padding: 1, ceil_mode: true, count_include_pad: false);
        AdaptiveMaxPool1d(9);
        AdaptiveAvgPool1d(5);
        output: [3, 5];
    }
}

conv_chain! {
    pub struct Pools2d {
        input: [3, 64, 64];
        MaxPool2d(3, stride: 2, padding: 1, dilation: 1, ceil_mode: false);
        AvgPool2d((2, 1), stride: (2, 1));
        AdaptiveAvgPool2d((7, 7));
        AdaptiveMaxPool2d(4);
        GlobalAvgPool;
        output: [3];
    }
}

conv_chain! {
    pub struct Pools3d {
        input: [3, 16, 16, 16];
        MaxPool3d(2);
        AvgPool3d(2);
        AdaptiveAvgPool3d(3);
        AdaptiveMaxPool3d((2, 2, 1));
        output: [3, 2, 2, 1];
    }
}

fn main() {
    assert_eq!(Pools::LAYERS[1].output.to_string(), "[3, 17]");
    assert_eq!(Pools2d::OUTPUT.to_string(), "[3]");
    assert_eq!(Pools3d::OUTPUT.to_string(), "[3, 2, 2, 1]");
}
