//! Small networks for training on small images.

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
    /// A small ConvNeXt: layer normalisation, and dense layers over the channels of each position.
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

conv_chain! {
    /// ResNet-18's blocks, narrow, for small images.
    pub struct ResNet18 {
        block Same(channels) {
            c1: Conv2d(channels -> channels, kernel: 3, padding: 1, bias: false);
            n1: BatchNorm(channels, activation: Relu);
            c2: Conv2d(channels -> channels, kernel: 3, padding: 1, bias: false);
            n2: BatchNorm(channels);
            Add(input);
            Relu;
        }
        block Down(inputs, outputs) {
            c1: Conv2d(inputs -> outputs, kernel: 3, stride: 2, padding: 1, bias: false);
            n1: BatchNorm(outputs, activation: Relu);
            c2: Conv2d(outputs -> outputs, kernel: 3, padding: 1, bias: false);
            n2: BatchNorm(outputs);
            d: Conv2d(inputs -> outputs, kernel: 1, stride: 2, bias: false) from input;
            nd: BatchNorm(outputs);
            Add(n2);
            Relu;
        }
        input: [3, 32, 32];
        c: Conv2d(3 -> 16, kernel: 3, padding: 1, bias: false);
        n: BatchNorm(16, activation: Relu);
        a: repeat 2 { b: Same(16); }
        b0: Down(16, 32);
        b1: Same(32);
        c0: Down(32, 64);
        c1: Same(64);
        GlobalAvgPool;
        fc: Linear(64 -> 10);
        output: [10];
    }
}

conv_chain! {
    /// Instance norm, bilinear upsampling, average pooling.
    pub struct Style {
        input: [3, 48, 48];
        c1: Conv2d(3 -> 16, kernel: 3, padding: 1);
        n1: InstanceNorm(16, affine: true, activation: Relu);
        AvgPool2d(2);
        c2: Conv2d(16 -> 32, kernel: 3, padding: 1);
        n2: InstanceNorm(32, affine: true, activation: Relu);
        AvgPool2d(2);
        c3: Conv2d(32 -> 32, kernel: 3, padding: 1);
        n3: InstanceNorm(32, affine: true, activation: Gelu);
        Upsample(2, mode: bilinear);
        c4: Conv2d(32 -> 16, kernel: 3, padding: 1);
        n4: InstanceNorm(16, affine: true, activation: Relu);
        Upsample(2, mode: bilinear);
        c5: Conv2d(16 -> 3, kernel: 3, padding: 1);
        output: [3, 48, 48];
    }
}

conv_chain! {
    /// An audio autoencoder.
    pub struct AudioAe {
        input: [1, 4000];
        c1: Conv1d(1 -> 32, kernel: 7, padding: 3, activation: Elu);
        c2: Conv1d(32 -> 64, kernel: 4, stride: 2, padding: 1, activation: Elu);
        c3: Conv1d(64 -> 128, kernel: 8, stride: 4, padding: 2, activation: Elu);
        t1: ConvTranspose1d(128 -> 64, kernel: 8, stride: 4, padding: 2, activation: Elu);
        t2: ConvTranspose1d(64 -> 32, kernel: 4, stride: 2, padding: 1, activation: Elu);
        c4: Conv1d(32 -> 1, kernel: 7, padding: 3);
        output: [1, 4000];
    }
}

conv_chain! {
    /// A volume autoencoder.
    pub struct VoxelAe {
        input: [1, 16, 16, 16];
        c1: Conv3d(1 -> 16, kernel: 3, padding: 1);
        n1: BatchNorm(16, activation: Relu);
        MaxPool3d(2);
        c2: Conv3d(16 -> 32, kernel: 3, padding: 1);
        n2: BatchNorm(32, activation: Relu);
        t: ConvTranspose3d(32 -> 16, kernel: 2, stride: 2, activation: Relu);
        c3: Conv3d(16 -> 1, kernel: 3, padding: 1);
        output: [1, 16, 16, 16];
    }
}

conv_chain! {
    /// A discriminator.
    pub struct DcganD {
        input: [3, 64, 64];
        c1: Conv2d(3 -> 32, kernel: 4, stride: 2, padding: 1, bias: false, activation: LeakyRelu(0.2));
        c2: Conv2d(32 -> 64, kernel: 4, stride: 2, padding: 1, bias: false);
        n2: BatchNorm(64, activation: LeakyRelu(0.2));
        c3: Conv2d(64 -> 128, kernel: 4, stride: 2, padding: 1, bias: false);
        n3: BatchNorm(128, activation: LeakyRelu(0.2));
        c4: Conv2d(128 -> 1, kernel: 8);
        output: [1, 1, 1];
    }
}

conv_chain! {
    /// A generator.
    pub struct DcganG {
        input: [64, 1, 1];
        c1: ConvTranspose2d(64 -> 128, kernel: 4, bias: false);
        n1: BatchNorm(128, activation: Relu);
        c2: ConvTranspose2d(128 -> 64, kernel: 4, stride: 2, padding: 1, bias: false);
        n2: BatchNorm(64, activation: Relu);
        c3: ConvTranspose2d(64 -> 32, kernel: 4, stride: 2, padding: 1, bias: false);
        n3: BatchNorm(32, activation: Relu);
        c4: ConvTranspose2d(32 -> 3, kernel: 4, stride: 2, padding: 1, activation: Tanh);
        output: [3, 32, 32];
    }
}

conv_chain! {
    /// Tokens through the feed-forward blocks of a transformer.
    pub struct Tokens {
        input: [64, 96];
        a: repeat 3 {
            n: LayerNorm(96);
            u: Linear(96 -> 384, activation: Gelu);
            d: Linear(384 -> 96);
            Add(input);
        }
        n: LayerNorm(96);
        o: Linear(96 -> 32);
        output: [64, 32];
    }
}

conv_chain! {
    /// A recurrent layer, and a class for each step.
    pub struct Tagger {
        input: [50, 32];
        l: Lstm(32 -> 64);
        o: Linear(64 -> 10);
        output: [50, 10];
    }
}
