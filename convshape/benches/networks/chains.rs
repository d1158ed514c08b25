//! Published networks, with the layers and sizes of torchvision and of latent diffusion.

#[path = "shufflenet.rs"]
mod shufflenet;

use convshape::conv_chain;

pub(crate) use shufflenet::ShuffleNetV2;

conv_chain! {
    pub struct ResNet50 {
        block Narrow(inputs, width, outputs) {
            c1: Conv2d(inputs -> width, kernel: 1, bias: false);
            n1: BatchNorm(width, activation: Relu);
            c2: Conv2d(width -> width, kernel: 3, padding: 1, bias: false);
            n2: BatchNorm(width, activation: Relu);
            c3: Conv2d(width -> outputs, kernel: 1, bias: false);
            n3: BatchNorm(outputs);
            Add(input);
            Relu;
        }
        block First(inputs, width, outputs, stride) {
            c1: Conv2d(inputs -> width, kernel: 1, bias: false);
            n1: BatchNorm(width, activation: Relu);
            c2: Conv2d(width -> width, kernel: 3, stride: stride, padding: 1, bias: false);
            n2: BatchNorm(width, activation: Relu);
            c3: Conv2d(width -> outputs, kernel: 1, bias: false);
            n3: BatchNorm(outputs);
            down: Conv2d(inputs -> outputs, kernel: 1, stride: stride, bias: false) from input;
            down_norm: BatchNorm(outputs);
            Add(n3);
            Relu;
        }
        input: [3, 224, 224];
        conv1: Conv2d(3 -> 64, kernel: 7, stride: 2, padding: 3, bias: false);
        bn1: BatchNorm(64, activation: Relu);
        MaxPool2d(3, stride: 2, padding: 1);
        a0: First(64, 64, 256, 1);
        a: repeat 2 { r: Narrow(256, 64, 256); }
        b0: First(256, 128, 512, 2);
        b: repeat 3 { r: Narrow(512, 128, 512); }
        c0: First(512, 256, 1024, 2);
        c: repeat 5 { r: Narrow(1024, 256, 1024); }
        d0: First(1024, 512, 2048, 2);
        d: repeat 2 { r: Narrow(2048, 512, 2048); }
        GlobalAvgPool;
        fc: Linear(2048 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    pub struct MobileNetV2 {
        block Inverted(inputs, middle, outputs, stride) {
            c1: Conv2d(inputs -> middle, kernel: 1, bias: false);
            n1: BatchNorm(middle, activation: Relu6);
            c2: Conv2d(middle -> middle, kernel: 3, stride: stride, padding: 1, groups: middle, bias: false);
            n2: BatchNorm(middle, activation: Relu6);
            c3: Conv2d(middle -> outputs, kernel: 1, bias: false);
            n3: BatchNorm(outputs);
        }
        block Residual(channels, middle) {
            b: Inverted(channels, middle, channels, 1);
            Add(input);
        }
        input: [3, 224, 224];
        conv1: Conv2d(3 -> 32, kernel: 3, stride: 2, padding: 1, bias: false);
        n1: BatchNorm(32, activation: Relu6);
        dw: Conv2d(32 -> 32, kernel: 3, padding: 1, groups: 32, bias: false);
        dwn: BatchNorm(32, activation: Relu6);
        pw: Conv2d(32 -> 16, kernel: 1, bias: false);
        pwn: BatchNorm(16);
        a0: Inverted(16, 96, 24, 2);
        a1: Residual(24, 144);
        b0: Inverted(24, 144, 32, 2);
        b: repeat 2 { r: Residual(32, 192); }
        c0: Inverted(32, 192, 64, 2);
        c: repeat 3 { r: Residual(64, 384); }
        d0: Inverted(64, 384, 96, 1);
        d: repeat 2 { r: Residual(96, 576); }
        e0: Inverted(96, 576, 160, 2);
        e: repeat 2 { r: Residual(160, 960); }
        f0: Inverted(160, 960, 320, 1);
        last: Conv2d(320 -> 1280, kernel: 1, bias: false);
        last_norm: BatchNorm(1280, activation: Relu6);
        GlobalAvgPool;
        fc: Linear(1280 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    pub struct EfficientNetB0 {
        block MbConv(inputs, middle, squeezed, outputs, kernel, stride) {
            c1: Conv2d(inputs -> middle, kernel: 1, bias: false);
            n1: BatchNorm(middle, activation: Silu);
            c2: Conv2d(middle -> middle, kernel: kernel, stride: stride, padding: kernel / 2, groups: middle, bias: false);
            n2: BatchNorm(middle, activation: Silu);
            AdaptiveAvgPool2d(1);
            s1: Conv2d(middle -> squeezed, kernel: 1, activation: Silu);
            s2: Conv2d(squeezed -> middle, kernel: 1, activation: Sigmoid);
            Mul(n2, _);
            c3: Conv2d(middle -> outputs, kernel: 1, bias: false);
            n3: BatchNorm(outputs);
        }
        block Residual(channels, middle, squeezed, kernel) {
            b: MbConv(channels, middle, squeezed, channels, kernel, 1);
            Add(input);
        }
        input: [3, 224, 224];
        conv1: Conv2d(3 -> 32, kernel: 3, stride: 2, padding: 1, bias: false);
        n1: BatchNorm(32, activation: Silu);
        dw: Conv2d(32 -> 32, kernel: 3, padding: 1, groups: 32, bias: false);
        dwn: BatchNorm(32, activation: Silu);
        AdaptiveAvgPool2d(1);
        s1: Conv2d(32 -> 8, kernel: 1, activation: Silu);
        s2: Conv2d(8 -> 32, kernel: 1, activation: Sigmoid);
        Mul(dwn, _);
        pw: Conv2d(32 -> 16, kernel: 1, bias: false);
        pwn: BatchNorm(16);
        a0: MbConv(16, 96, 4, 24, 3, 2);
        a1: Residual(24, 144, 6, 3);
        b0: MbConv(24, 144, 6, 40, 5, 2);
        b1: Residual(40, 240, 10, 5);
        c0: MbConv(40, 240, 10, 80, 3, 2);
        c: repeat 2 { r: Residual(80, 480, 20, 3); }
        d0: MbConv(80, 480, 20, 112, 5, 1);
        d: repeat 2 { r: Residual(112, 672, 28, 5); }
        e0: MbConv(112, 672, 28, 192, 5, 2);
        e: repeat 3 { r: Residual(192, 1152, 48, 5); }
        f0: MbConv(192, 1152, 48, 320, 3, 1);
        last: Conv2d(320 -> 1280, kernel: 1, bias: false);
        last_norm: BatchNorm(1280, activation: Silu);
        GlobalAvgPool;
        fc: Linear(1280 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    /// In the layout of flax, whose normalisations and matrices need no permutation.
    pub struct ConvNextT {
        dialect: flax;
        block Block(channels) {
            dw: Conv2d(channels -> channels, kernel: 7, padding: 3, groups: channels);
            norm: LayerNorm([channels]);
            up: Linear(channels -> 4 * channels, activation: Gelu);
            down: Linear(4 * channels -> channels);
            Add(input);
        }
        input: [224, 224, 3];
        stem: Conv2d(3 -> 96, kernel: 4, stride: 4, padding: 0);
        stem_norm: LayerNorm([96]);
        a: repeat 3 { r: Block(96); }
        an: LayerNorm([96]);
        ad: Conv2d(96 -> 192, kernel: 2, stride: 2, padding: 0);
        b: repeat 3 { r: Block(192); }
        bn: LayerNorm([192]);
        bd: Conv2d(192 -> 384, kernel: 2, stride: 2, padding: 0);
        c: repeat 9 { r: Block(384); }
        cn: LayerNorm([384]);
        cd: Conv2d(384 -> 768, kernel: 2, stride: 2, padding: 0);
        d: repeat 3 { r: Block(768); }
        GlobalAvgPool;
        norm: LayerNorm([768]);
        fc: Linear(768 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    pub struct VaeDecoder {
        block Res(channels) {
            n1: GroupNorm(channels, groups: 32, activation: Silu);
            c1: Conv2d(channels -> channels, kernel: 3, padding: 1);
            n2: GroupNorm(channels, groups: 32, activation: Silu);
            c2: Conv2d(channels -> channels, kernel: 3, padding: 1);
            Add(input);
        }
        block Up(channels) {
            r1: Res(channels);
            r2: Res(channels);
            Upsample(2, mode: nearest);
            c: Conv2d(channels -> channels, kernel: 3, padding: 1);
        }
        input: [4, 32, 32];
        conv_in: Conv2d(4 -> 128, kernel: 3, padding: 1);
        up1: Up(128);
        up2: Up(128);
        up3: Up(128);
        norm: GroupNorm(128, groups: 32, activation: Silu);
        conv_out: Conv2d(128 -> 3, kernel: 3, padding: 1);
        output: [3, 256, 256];
    }
}

conv_chain! {
    /// Kong et al., "HiFi-GAN" (2020): a generator of 80 mel bands, 64 frames, narrower than V1.
    pub struct HifiGan {
        block Res(channels, kernel) {
            a: repeat d in [1, 3, 5] {
                LeakyRelu(0.1);
                c1: Conv1d(channels -> channels, kernel: kernel, padding: (kernel - 1) / 2 * d, dilation: d);
                LeakyRelu(0.1);
                c2: Conv1d(channels -> channels, kernel: kernel, padding: (kernel - 1) / 2);
                Add(input);
            }
        }
        block Up(inputs, outputs, stride) {
            LeakyRelu(0.1);
            u: ConvTranspose1d(inputs -> outputs, kernel: 2 * stride, stride: stride, padding: stride / 2);
            r1: Res(outputs, 3) from u;
            r2: Res(outputs, 7) from u;
            r3: Res(outputs, 11) from u;
            Add(r1, r2, r3);
            Scale(1/3);
        }
        input: [80, 64];
        pre: Conv1d(80 -> 128, kernel: 7, padding: 3);
        u1: Up(128, 64, 8);
        u2: Up(64, 32, 8);
        u3: Up(32, 16, 2);
        u4: Up(16, 8, 2);
        LeakyRelu(0.01);
        post: Conv1d(8 -> 1, kernel: 7, padding: 3, activation: Tanh);
        output: [1, 16384];
    }
}

conv_chain! {
    /// Tran et al., "A Closer Look at Spatiotemporal Convolutions" (2018): R(2+1)D-18 on 8 frames of 64x64.
    pub struct R2Plus1D18 {
        block Two(inputs, middle, outputs, stride) {
            a: Conv3d(inputs -> middle, kernel: [1, 3, 3], stride: [1, stride, stride], padding: [0, 1, 1], bias: false);
            n: BatchNorm(middle, activation: Relu);
            b: Conv3d(middle -> outputs, kernel: [3, 1, 1], stride: [stride, 1, 1], padding: [1, 0, 0], bias: false);
        }
        block Basic(channels, middle) {
            c1: Two(channels, middle, channels, 1);
            n1: BatchNorm(channels, activation: Relu);
            c2: Two(channels, middle, channels, 1);
            n2: BatchNorm(channels);
            Add(input);
            Relu;
        }
        block Down(inputs, first, outputs, second) {
            c1: Two(inputs, first, outputs, 2);
            n1: BatchNorm(outputs, activation: Relu);
            c2: Two(outputs, second, outputs, 1);
            n2: BatchNorm(outputs);
            d: Conv3d(inputs -> outputs, kernel: 1, stride: 2, bias: false) from input;
            dn: BatchNorm(outputs);
            Add(n2);
            Relu;
        }
        input: [3, 8, 64, 64];
        s1: Conv3d(3 -> 45, kernel: [1, 7, 7], stride: [1, 2, 2], padding: [0, 3, 3], bias: false);
        sn1: BatchNorm(45, activation: Relu);
        s2: Conv3d(45 -> 64, kernel: [3, 1, 1], padding: [1, 0, 0], bias: false);
        sn2: BatchNorm(64, activation: Relu);
        l1: repeat 2 { b: Basic(64, 144); }
        l2: Down(64, 230, 128, 288);
        l2b: Basic(128, 288);
        l3: Down(128, 460, 256, 576);
        l3b: Basic(256, 576);
        l4: Down(256, 921, 512, 1152);
        l4b: Basic(512, 1152);
        GlobalAvgPool;
        fc: Linear(512 -> 400);
        output: [400];
    }
}

conv_chain! {
    /// Radosavovic et al., "Designing Network Design Spaces" (2020): grouped convolutions, in about the sizes of
    /// RegNetX-400MF.
    pub struct RegNet {
        block First(inputs, outputs, groups, stride) {
            c1: Conv2d(inputs -> outputs, kernel: 1, bias: false);
            n1: BatchNorm(outputs, activation: Relu);
            c2: Conv2d(outputs -> outputs, kernel: 3, stride: stride, padding: 1, groups: groups, bias: false);
            n2: BatchNorm(outputs, activation: Relu);
            c3: Conv2d(outputs -> outputs, kernel: 1, bias: false);
            n3: BatchNorm(outputs);
            d: Conv2d(inputs -> outputs, kernel: 1, stride: stride, bias: false) from input;
            dn: BatchNorm(outputs);
            Add(n3);
            Relu;
        }
        block Residual(outputs, groups) {
            c1: Conv2d(outputs -> outputs, kernel: 1, bias: false);
            n1: BatchNorm(outputs, activation: Relu);
            c2: Conv2d(outputs -> outputs, kernel: 3, padding: 1, groups: groups, bias: false);
            n2: BatchNorm(outputs, activation: Relu);
            c3: Conv2d(outputs -> outputs, kernel: 1, bias: false);
            n3: BatchNorm(outputs);
            Add(input);
            Relu;
        }
        input: [3, 224, 224];
        stem: Conv2d(3 -> 32, kernel: 3, stride: 2, padding: 1, bias: false);
        sn: BatchNorm(32, activation: Relu);
        a: First(32, 32, 2, 2);
        b: First(32, 64, 4, 2);
        bs: Residual(64, 4);
        c: First(64, 160, 10, 2);
        cs: repeat 6 { y: Residual(160, 10); }
        d: First(160, 400, 25, 2);
        ds: repeat 11 { y: Residual(400, 25); }
        GlobalAvgPool;
        fc: Linear(400 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    /// Johnson et al., "Perceptual Losses for Real-Time Style Transfer" (2016), with bilinear upsampling.
    pub struct Style {
        block Res(channels) {
            ReflectionPad2d(1);
            c1: Conv2d(channels -> channels, kernel: 3);
            n1: InstanceNorm(channels, affine: true, activation: Relu);
            ReflectionPad2d(1);
            c2: Conv2d(channels -> channels, kernel: 3);
            n2: InstanceNorm(channels, affine: true);
            Add(input);
        }
        block Up(inputs, outputs) {
            Upsample(2, mode: bilinear);
            ReflectionPad2d(1);
            c: Conv2d(inputs -> outputs, kernel: 3);
            n: InstanceNorm(outputs, affine: true, activation: Relu);
        }
        input: [3, 128, 128];
        ReflectionPad2d(4);
        c1: Conv2d(3 -> 32, kernel: 9);
        n1: InstanceNorm(32, affine: true, activation: Relu);
        ReflectionPad2d(1);
        c2: Conv2d(32 -> 64, kernel: 3, stride: 2);
        n2: InstanceNorm(64, affine: true, activation: Relu);
        ReflectionPad2d(1);
        c3: Conv2d(64 -> 128, kernel: 3, stride: 2);
        n3: InstanceNorm(128, affine: true, activation: Relu);
        r: repeat 5 { b: Res(128); }
        u1: Up(128, 64);
        u2: Up(64, 32);
        ReflectionPad2d(4);
        out: Conv2d(32 -> 3, kernel: 9);
        output: [3, 128, 128];
    }
}

conv_chain! {
    /// Huang et al., "Densely Connected Convolutional Networks" (2017): DenseNet-121.
    pub struct DenseNet121 {
        block Layer(channels) {
            n1: BatchNorm(channels, activation: Relu);
            c1: Conv2d(channels -> 128, kernel: 1, bias: false);
            n2: BatchNorm(128, activation: Relu);
            c2: Conv2d(128 -> 32, kernel: 3, padding: 1, bias: false);
            Concat(input, _);
        }
        block Transition(channels, outputs) {
            n: BatchNorm(channels, activation: Relu);
            cv: Conv2d(channels -> outputs, kernel: 1, bias: false);
            AvgPool2d(2);
        }
        input: [3, 224, 224];
        stem: Conv2d(3 -> 64, kernel: 7, stride: 2, padding: 3, bias: false);
        sn: BatchNorm(64, activation: Relu);
        MaxPool2d(3, stride: 2, padding: 1);
        a: repeat i in 0..6 { l: Layer(64 + 32 * i); }
        at: Transition(256, 128);
        b: repeat i in 0..12 { l: Layer(128 + 32 * i); }
        bt: Transition(512, 256);
        c: repeat i in 0..24 { l: Layer(256 + 32 * i); }
        ct: Transition(1024, 512);
        d: repeat i in 0..16 { l: Layer(512 + 32 * i); }
        n: BatchNorm(1024, activation: Relu);
        GlobalAvgPool;
        fc: Linear(1024 -> 1000);
        output: [1000];
    }
}
