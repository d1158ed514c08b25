//! PyTorch's own words, so that a ported line can be kept.

use convshape::{Chain, conv_chain};

conv_chain! {
    pub struct Ported {
        dialect: torch;
        lint: allow;
        input: [3, 32, 32];
        Conv2d(in_channels: 3, out_channels: 16, kernel_size: 3, padding: "same");
        BatchNorm2d(num_features: 16);
        ReLU;
        Conv2d(16 -> 16, kernel_size: (3, 3), padding: "valid", activation: ReLU);
        InstanceNorm2d(16);
        LeakyReLU(negative_slope: 0.2);
        MaxPool2d(kernel_size: 2);
        GroupNorm(num_channels: 16, num_groups: 4);
        Upsample(scale_factor: 2);
        PReLU(num_parameters: 16);
        AdaptiveAvgPool2d(output_size: 4);
        SiLU;
        GELU;
        ELU;
        ReLU6;
        Dropout2d(0.5);
        ZeroPad2d(1);
        PixelShuffle(upscale_factor: 2);
        Flatten;
        Linear(in_features: 576, out_features: 10);
        output: [10];
    }
}

fn main() {
    assert_eq!(Ported::OUTPUT.to_string(), "[10]");
}
