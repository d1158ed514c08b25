//! `torch_unet` of the golden models.

use convshape::conv_chain;

conv_chain! {
    /// A U-Net with depthwise, grouped and dilated convolutions and two skips.
    pub struct Unet {
        weights: "data/models/torch_unet.weights.safetensors";
        input: [3, 16, 24];
        #[name = "down1.conv1"]
        down1_conv1: Conv2d(3 -> 6, kernel: 3, padding: 1, bias: false);
        #[name = "down1.norm1"]
        down1_norm1: BatchNorm(6);
        relu: Relu;
        #[name = "down1.dw"]
        down1_dw: Conv2d(6 -> 6, kernel: 3, padding: 1, groups: 6);
        #[name = "down1.pw"]
        down1_pw: Conv2d(6 -> 6, kernel: 1);
        relu_1: Relu;
        pool: MaxPool2d(kernel: 2, stride: 2);
        #[name = "down2.conv1"]
        down2_conv1: Conv2d(6 -> 12, kernel: 3, padding: 1, bias: false);
        #[name = "down2.norm1"]
        down2_norm1: BatchNorm(12);
        relu_2: Relu;
        #[name = "down2.dw"]
        down2_dw: Conv2d(12 -> 12, kernel: 3, padding: 1, groups: 12);
        #[name = "down2.pw"]
        down2_pw: Conv2d(12 -> 12, kernel: 1, groups: 2);
        relu_3: Relu;
        pool_1: MaxPool2d(kernel: 2, stride: 2);
        #[name = "mid.conv1"]
        mid_conv1: Conv2d(12 -> 24, kernel: 3, padding: 2, dilation: 2, bias: false);
        #[name = "mid.norm1"]
        mid_norm1: BatchNorm(24);
        relu_4: Relu;
        #[name = "mid.dw"]
        mid_dw: Conv2d(24 -> 24, kernel: 3, padding: 1, groups: 24);
        #[name = "mid.pw"]
        mid_pw: Conv2d(24 -> 24, kernel: 1, groups: 2);
        relu_5: Relu;
        up2: ConvTranspose2d(24 -> 12, kernel: 2, stride: 2);
        cat: Concat(up2, relu_3);
        #[name = "dec2.conv1"]
        dec2_conv1: Conv2d(24 -> 12, kernel: 3, padding: 1, bias: false);
        #[name = "dec2.norm1"]
        dec2_norm1: BatchNorm(12);
        relu_6: Relu;
        #[name = "dec2.dw"]
        dec2_dw: Conv2d(12 -> 12, kernel: 3, padding: 1, groups: 12);
        #[name = "dec2.pw"]
        dec2_pw: Conv2d(12 -> 12, kernel: 1, groups: 2);
        relu_7: Relu;
        up1: ConvTranspose2d(12 -> 6, kernel: 2, stride: 2);
        cat_1: Concat(up1, relu_1);
        #[name = "dec1.conv1"]
        dec1_conv1: Conv2d(12 -> 6, kernel: 3, padding: 1, bias: false);
        #[name = "dec1.norm1"]
        dec1_norm1: BatchNorm(6);
        relu_8: Relu;
        #[name = "dec1.dw"]
        dec1_dw: Conv2d(6 -> 6, kernel: 3, padding: 1, groups: 6);
        #[name = "dec1.pw"]
        dec1_pw: Conv2d(6 -> 6, kernel: 1);
        relu_9: Relu;
        head: Conv2d(6 -> 2, kernel: 1);
        output: [2, 16, 24];
    }
}
