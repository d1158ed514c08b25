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

conv_chain! {
    /// Layers that join all outputs before them.
    pub struct Dense {
        block Layer(inputs) {
            n1: BatchNorm(inputs, activation: Relu);
            c1: Conv2d(inputs -> 64, kernel: 1, bias: false);
            n2: BatchNorm(64, activation: Relu);
            c2: Conv2d(64 -> 16, kernel: 3, padding: 1, bias: false);
            Concat(input, _);
        }
        block Transition(inputs, outputs) {
            n: BatchNorm(inputs, activation: Relu);
            c: Conv2d(inputs -> outputs, kernel: 1, bias: false);
            AvgPool2d(2);
        }
        input: [3, 32, 32];
        c: Conv2d(3 -> 32, kernel: 3, padding: 1, bias: false);
        a: repeat i in 0..4 { r: Layer(32 + 16 * i); }
        t1: Transition(96, 48);
        b: repeat i in 0..4 { r: Layer(48 + 16 * i); }
        n: BatchNorm(112, activation: Relu);
        GlobalAvgPool;
        fc: Linear(112 -> 10);
        output: [10];
    }
}

conv_chain! {
    /// A small vision transformer.
    pub struct Vit {
        block Encoder() {
            n1: LayerNorm(96);
            a: MultiheadAttention(96, heads: 3);
            s: Add(input);
            n2: LayerNorm(96);
            u: Linear(96 -> 384, activation: Gelu);
            d: Linear(384 -> 96);
            Add(s, _);
        }
        input: [3, 32, 32];
        patches: Conv2d(3 -> 96, kernel: 4, stride: 4);
        Flatten(from: 1);
        Permute(1, 0);
        a: repeat 4 { r: Encoder(); }
        n: LayerNorm(96);
        Mean(axis: 0);
        fc: Linear(96 -> 10);
        output: [10];
    }
}

conv_chain! {
    /// Grouped convolutions in residual blocks.
    pub struct ResNext {
        block Block(inputs, middle, outputs, stride) {
            c1: Conv2d(inputs -> middle, kernel: 1, bias: false);
            n1: BatchNorm(middle, activation: Relu);
            c2: Conv2d(middle -> middle, kernel: 3, stride: stride, padding: 1, groups: 8, bias: false);
            n2: BatchNorm(middle, activation: Relu);
            c3: Conv2d(middle -> outputs, kernel: 1, bias: false);
            n3: BatchNorm(outputs);
            s: Conv2d(inputs -> outputs, kernel: 1, stride: stride, bias: false) from input;
            ns: BatchNorm(outputs);
            Add(n3);
            Relu;
        }
        input: [3, 32, 32];
        c: Conv2d(3 -> 32, kernel: 3, padding: 1, bias: false);
        n: BatchNorm(32, activation: Relu);
        a: Block(32, 64, 64, 1);
        b: Block(64, 128, 128, 2);
        d: Block(128, 256, 256, 2);
        GlobalAvgPool;
        fc: Linear(256 -> 10);
        output: [10];
    }
}

conv_chain! {
    /// Dilated convolutions over signals, each with a gate.
    pub struct Gated {
        block Layer(dilation) {
            f: Conv1d(32 -> 32, kernel: 3, dilation: dilation, padding: dilation, activation: Tanh);
            g: Conv1d(32 -> 32, kernel: 3, dilation: dilation, padding: dilation, activation: Sigmoid) from input;
            Mul(f, _);
            o: Conv1d(32 -> 32, kernel: 1);
            Add(input);
        }
        input: [1, 2000];
        c: Conv1d(1 -> 32, kernel: 3, padding: 1);
        l1: Layer(1);
        l2: Layer(2);
        l3: Layer(4);
        l4: Layer(8);
        l5: Layer(16);
        l6: Layer(32);
        Relu;
        o: Conv1d(32 -> 16, kernel: 1);
        output: [16, 2000];
    }
}

conv_chain! {
    /// Super-resolution with a pixel shuffle.
    pub struct Detail {
        block Residual() {
            c1: Conv2d(32 -> 32, kernel: 3, padding: 1, activation: Relu);
            c2: Conv2d(32 -> 32, kernel: 3, padding: 1);
            Add(input);
        }
        input: [3, 24, 24];
        head: Conv2d(3 -> 32, kernel: 3, padding: 1);
        body: repeat 4 { r: Residual(); }
        Add(head, _);
        up: Conv2d(32 -> 128, kernel: 3, padding: 1);
        PixelShuffle(2);
        tail: Conv2d(32 -> 3, kernel: 3, padding: 1);
        output: [3, 48, 48];
    }
}

conv_chain! {
    /// Text lines: convolutions, then a recurrent layer in both directions.
    pub struct Crnn {
        input: [1, 32, 96];
        c1: Conv2d(1 -> 32, kernel: 3, padding: 1, activation: Relu);
        MaxPool2d(2);
        c2: Conv2d(32 -> 64, kernel: 3, padding: 1, activation: Relu);
        MaxPool2d(2);
        c3: Conv2d(64 -> 64, kernel: 3, padding: 1, bias: false);
        n3: BatchNorm(64, activation: Relu);
        MaxPool2d((2, 1));
        c4: Conv2d(64 -> 64, kernel: (4, 1), activation: Relu);
        Flatten(from: 0, to: 1);
        Permute(1, 0);
        l: Lstm(64 -> 48, bidirectional: true);
        o: Linear(96 -> 20);
        output: [24, 20];
    }
}

conv_chain! {
    /// A U-Net with transposed convolutions.
    pub struct UnetBn {
        block Double(inputs, outputs) {
            c1: Conv2d(inputs -> outputs, kernel: 3, padding: 1);
            n1: BatchNorm(outputs, activation: Relu);
            c2: Conv2d(outputs -> outputs, kernel: 3, padding: 1);
            n2: BatchNorm(outputs, activation: Relu);
        }
        input: [1, 64, 64];
        d1: Double(1, 16);
        MaxPool2d(2);
        d2: Double(16, 32);
        MaxPool2d(2);
        d3: Double(32, 64);
        t2: ConvTranspose2d(64 -> 32, kernel: 2, stride: 2);
        Concat(d2, _);
        u2: Double(64, 32);
        t1: ConvTranspose2d(32 -> 16, kernel: 2, stride: 2);
        Concat(d1, _);
        u1: Double(32, 16);
        head: Conv2d(16 -> 2, kernel: 1);
        output: [2, 64, 64];
    }
}

conv_chain! {
    /// Patches and channels mixed in turn by dense layers.
    pub struct Mixer {
        block Mix() {
            n1: LayerNorm(64);
            p1: Permute(1, 0);
            t1: Linear(64 -> 32, activation: Gelu);
            t2: Linear(32 -> 64);
            p2: Permute(1, 0);
            s: Add(input);
            n2: LayerNorm(64);
            c1: Linear(64 -> 256, activation: Gelu);
            c2: Linear(256 -> 64);
            Add(s, _);
        }
        input: [3, 32, 32];
        patches: Conv2d(3 -> 64, kernel: 4, stride: 4);
        Flatten(from: 1);
        Permute(1, 0);
        a: repeat 4 { r: Mix(); }
        n: LayerNorm(64);
        Mean(axis: 0);
        fc: Linear(64 -> 10);
        output: [10];
    }
}

conv_chain! {
    /// Dilated branches side by side, as in DeepLab.
    pub struct Aspp {
        block Branch(dilation) {
            c: Conv2d(64 -> 32, kernel: 3, dilation: dilation, padding: dilation, bias: false);
            n: BatchNorm(32, activation: Relu);
        }
        input: [3, 64, 64];
        c1: Conv2d(3 -> 32, kernel: 3, stride: 2, padding: 1, bias: false);
        n1: BatchNorm(32, activation: Relu);
        c2: Conv2d(32 -> 64, kernel: 3, padding: 1, bias: false);
        n2: BatchNorm(64, activation: Relu);
        b1: Branch(1);
        b2: Branch(2) from n2;
        b3: Branch(4) from n2;
        b4: Branch(8) from n2;
        Concat(b1, b2, b3, b4);
        p: Conv2d(128 -> 5, kernel: 1);
        Upsample(2, mode: bilinear);
        output: [5, 64, 64];
    }
}

conv_chain! {
    /// An autoencoder of small images with strides of two.
    pub struct StridedAe {
        input: [1, 28, 28];
        c1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        c2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        Flatten;
        f1: Linear(1568 -> 32);
        f2: Linear(32 -> 1568, activation: Relu);
        Reshape([32, 7, 7]);
        t1: ConvTranspose2d(32 -> 16, kernel: 3, stride: 2, padding: 1, output_padding: 1, activation: Relu);
        t2: ConvTranspose2d(16 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 1, activation: Sigmoid);
        output: [1, 28, 28];
    }
}

conv_chain! {
    /// Large kernels over short signals, as for heartbeats, with squeeze-and-excitation.
    pub struct Signal {
        block Residual(inputs, outputs) {
            c1: Conv1d(inputs -> outputs, kernel: 15, stride: 2, padding: 7, bias: false);
            n1: BatchNorm(outputs, activation: Relu);
            c2: Conv1d(outputs -> outputs, kernel: 15, padding: 7, bias: false);
            n2: BatchNorm(outputs);
            s: Conv1d(inputs -> outputs, kernel: 1, stride: 2, bias: false) from input;
            Add(n2);
            Relu;
        }
        input: [12, 1000];
        c: Conv1d(12 -> 32, kernel: 15, padding: 7, bias: false);
        n: BatchNorm(32, activation: Relu);
        a: Residual(32, 32);
        b: Residual(32, 64);
        d: Residual(64, 64);
        GlobalAvgPool;
        fc: Linear(64 -> 5);
        output: [5];
    }
}

conv_chain! {
    /// Convolutions with large strides and a gated recurrent unit, as for spoken words.
    pub struct Speech {
        input: [40, 101];
        c1: Conv1d(40 -> 64, kernel: 5, padding: 2, bias: false);
        n1: BatchNorm(64, activation: Relu);
        MaxPool1d(2);
        c2: Conv1d(64 -> 64, kernel: 3, padding: 1, bias: false);
        n2: BatchNorm(64, activation: Relu);
        Permute(1, 0);
        g: Gru(64 -> 64);
        Slice(49..50, axis: 0);
        Flatten;
        fc: Linear(64 -> 12);
        output: [12];
    }
}

conv_chain! {
    /// Large dense layers.
    pub struct Mlp {
        input: [784];
        f1: Linear(784 -> 1024);
        n1: BatchNorm(1024, activation: Relu);
        Dropout(0.2);
        f2: Linear(1024 -> 1024);
        n2: BatchNorm(1024, activation: Relu);
        Dropout(0.2);
        fc: Linear(1024 -> 10);
        output: [10];
    }
}

conv_chain! {
    /// A set of points, each through the same dense layers, as in PointNet.
    pub struct Points {
        input: [3, 512];
        c1: Conv1d(3 -> 64, kernel: 1);
        n1: BatchNorm(64, activation: Relu);
        c2: Conv1d(64 -> 128, kernel: 1);
        n2: BatchNorm(128, activation: Relu);
        c3: Conv1d(128 -> 512, kernel: 1);
        n3: BatchNorm(512, activation: Relu);
        GlobalMaxPool;
        f1: Linear(512 -> 256);
        n4: BatchNorm(256, activation: Relu);
        fc: Linear(256 -> 40);
        output: [40];
    }
}

conv_chain! {
    /// Two wide recurrent layers.
    pub struct Lstm2 {
        input: [48, 128];
        a: Lstm(128 -> 256);
        b: Lstm(256 -> 256);
        o: Linear(256 -> 64);
        output: [48, 64];
    }
}
