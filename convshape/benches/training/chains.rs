//! Small networks as they are trained on small images.

use convshape::conv_chain;

conv_chain! {
    /// Convolution, normalisation and pooling three times, then a matrix.
    pub struct CifarPool {
        input: [3, 32, 32];
        c1: Conv2d(3 -> 32, kernel: 3, padding: 1);
        n1: BatchNorm(32, activation: Relu);
        MaxPool2d(2);
        c2: Conv2d(32 -> 64, kernel: 3, padding: 1);
        n2: BatchNorm(64, activation: Relu);
        MaxPool2d(2);
        c3: Conv2d(64 -> 128, kernel: 3, padding: 1);
        n3: BatchNorm(128, activation: Relu);
        MaxPool2d(2);
        Flatten;
        fc: Linear(2048 -> 10);
        output: [10];
    }
}

conv_chain! {
    /// A U-Net with group normalisation, as in diffusion models.
    pub struct UnetGn {
        block Double(inputs, outputs) {
            c1: Conv2d(inputs -> outputs, kernel: 3, padding: 1);
            n1: GroupNorm(outputs, groups: 8, activation: Silu);
            c2: Conv2d(outputs -> outputs, kernel: 3, padding: 1);
            n2: GroupNorm(outputs, groups: 8, activation: Silu);
        }
        input: [3, 64, 64];
        d1: Double(3, 16);
        MaxPool2d(2);
        d2: Double(16, 32);
        MaxPool2d(2);
        m: Double(32, 64);
        Upsample(2, mode: nearest);
        Concat(d2, _);
        u2: Double(96, 32);
        Upsample(2, mode: nearest);
        Concat(d1, _);
        u1: Double(48, 16);
        head: Conv2d(16 -> 3, kernel: 1);
        output: [3, 64, 64];
    }
}

conv_chain! {
    /// Depthwise-separable convolutions.
    pub struct Depthwise {
        block Separable(inputs, outputs, stride) {
            dw: Conv2d(inputs -> inputs, kernel: 3, stride: stride, padding: 1, groups: inputs, bias: false);
            n1: BatchNorm(inputs, activation: Silu);
            pw: Conv2d(inputs -> outputs, kernel: 1, bias: false);
            n2: BatchNorm(outputs, activation: Silu);
        }
        input: [3, 32, 32];
        c: Conv2d(3 -> 32, kernel: 3, padding: 1, bias: false);
        n: BatchNorm(32, activation: Silu);
        s1: Separable(32, 64, 1);
        s2: Separable(64, 128, 2);
        s3: Separable(128, 128, 1);
        s4: Separable(128, 256, 2);
        GlobalAvgPool;
        fc: Linear(256 -> 10);
        output: [10];
    }
}

conv_chain! {
    /// Inverted residuals with squeeze-and-excitation, as in EfficientNet and MobileNetV3.
    pub struct SqueezeExcite {
        block MbConv(inputs, middle, squeezed, outputs, stride) {
            c1: Conv2d(inputs -> middle, kernel: 1, bias: false);
            n1: BatchNorm(middle, activation: Silu);
            c2: Conv2d(middle -> middle, kernel: 5, stride: stride, padding: 2, groups: middle, bias: false);
            n2: BatchNorm(middle, activation: Silu);
            AdaptiveAvgPool2d(1);
            s1: Conv2d(middle -> squeezed, kernel: 1, activation: Silu);
            s2: Conv2d(squeezed -> middle, kernel: 1, activation: Sigmoid);
            Mul(n2, _);
            c3: Conv2d(middle -> outputs, kernel: 1, bias: false);
            n3: BatchNorm(outputs);
        }
        block Residual(channels, middle, squeezed) {
            b: MbConv(channels, middle, squeezed, channels, 1);
            Add(input);
        }
        input: [3, 32, 32];
        c: Conv2d(3 -> 16, kernel: 3, padding: 1, bias: false);
        n: BatchNorm(16, activation: Silu);
        a: MbConv(16, 64, 4, 24, 2);
        b: Residual(24, 96, 6);
        d: MbConv(24, 96, 6, 40, 2);
        e: Residual(40, 160, 10);
        GlobalAvgPool;
        fc: Linear(40 -> 10);
        output: [10];
    }
}

conv_chain! {
    /// A small ConvNeXt: layer normalisation and matrices over the channels of each position.
    pub struct ConvNext {
        dialect: flax;
        block Block(channels) {
            dw: Conv2d(channels -> channels, kernel: 7, padding: 3, groups: channels);
            norm: LayerNorm([channels]);
            up: Linear(channels -> 4 * channels, activation: Gelu);
            down: Linear(4 * channels -> channels);
            Add(input);
        }
        input: [32, 32, 3];
        stem: Conv2d(3 -> 48, kernel: 2, stride: 2, padding: 0);
        stem_norm: LayerNorm([48]);
        a: repeat 2 { r: Block(48); }
        an: LayerNorm([48]);
        ad: Conv2d(48 -> 96, kernel: 2, stride: 2, padding: 0);
        b: repeat 2 { r: Block(96); }
        GlobalAvgPool;
        norm: LayerNorm([96]);
        fc: Linear(96 -> 10);
        output: [10];
    }
}
