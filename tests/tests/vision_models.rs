//! Published image networks, with their published parameter counts and PyTorch's outputs.

use convshape::{Backward, C, Chw, CustomLayer, CustomParam, Forward, conv_chain};
use convshape_tests::networks;

conv_chain! {
    /// Badrinarayanan, Kendall and Cipolla, "SegNet" (2015), with 21 classes. The encoder has the names of
    /// torchvision's `vgg16_bn`.
    pub struct SegNet {
        block Encoder(channels, at) {
            #[name = "features.{at}"] conv: Conv2d(channels, kernel: 3, padding: 1);
            #[name = "features.{at + 1}"] norm: BatchNorm2d;
            Relu;
        }
        block Decoder(channels, at) {
            #[name = "decoder.{at}"] conv: Conv2d(channels, kernel: 3, padding: 1);
            #[name = "decoder.{at + 1}"] norm: BatchNorm2d;
            Relu;
        }
        input: [3, 32, 64];
        #[name(transparent)] repeat at in [0, 3] { #[name(transparent)] Encoder(64, at); }
        pool1: MaxPool2d(2);
        #[name(transparent)] repeat at in [7, 10] { #[name(transparent)] Encoder(128, at); }
        pool2: MaxPool2d(2);
        #[name(transparent)] repeat at in [14, 17, 20] { #[name(transparent)] Encoder(256, at); }
        pool3: MaxPool2d(2);
        #[name(transparent)] repeat at in [24, 27, 30] { #[name(transparent)] Encoder(512, at); }
        pool4: MaxPool2d(2);
        #[name(transparent)] repeat at in [34, 37, 40] { #[name(transparent)] Encoder(512, at); }
        pool5: MaxPool2d(2);
        MaxUnpool2d(undo pool5);
        #[name(transparent)] repeat at in [0, 3, 6] { #[name(transparent)] Decoder(512, at); }
        MaxUnpool2d(undo pool4);
        #[name(transparent)] repeat (channels, at) in [(512, 9), (512, 12), (256, 15)] {
            #[name(transparent)] Decoder(channels, at);
        }
        MaxUnpool2d(undo pool3);
        #[name(transparent)] repeat (channels, at) in [(256, 18), (256, 21), (128, 24)] {
            #[name(transparent)] Decoder(channels, at);
        }
        MaxUnpool2d(undo pool2);
        #[name(transparent)] repeat (channels, at) in [(128, 27), (64, 30)] {
            #[name(transparent)] Decoder(channels, at);
        }
        MaxUnpool2d(undo pool1);
        #[name(transparent)] Decoder(64, 33);
        #[name = "decoder.36"] classes: Conv2d(21, kernel: 3, padding: 1);
        output: [21, 32, 64];
    }
}

conv_chain! {
    /// Paszke et al., "ENet" (2016): pooled values get channels of zeros, and their maxima are put back.
    struct Enet {
        block Conv(from, to, kernel, stride = 1, padding = 0, dilation = 1, slope: bool = true) {
            #[name = "0"] c: Conv2d(from -> to, kernel: kernel, stride: stride, padding: padding, dilation: dilation, bias: false);
            #[name = "1"] n: BatchNorm;
            if slope { #[name = "2"] p: Prelu(1); } else { Relu; }
        }
        block Keep(width, dilation = 1, slope: bool = true) {
            reduce: Conv(width, width / 4, 1, slope: slope);
            conv: Conv(width / 4, width / 4, 3, padding: dilation, dilation: dilation, slope: slope);
            expand: Conv(width / 4, width, 1, slope: slope);
            Add(_, input);
            if slope { out: Prelu(1); } else { Relu; }
        }
        block Cross(width) {
            reduce: Conv(width, width / 4, 1);
            #[name = "conv.0"] a: Conv2d(width / 4, kernel: (5, 1), padding: (2, 0), bias: false);
            #[name = "conv.1"] an: BatchNorm;
            #[name = "conv.2"] ap: Prelu(1);
            #[name = "conv.3"] b: Conv2d(width / 4, kernel: (1, 5), padding: (0, 2), bias: false);
            #[name = "conv.4"] bn: BatchNorm;
            #[name = "conv.5"] bp: Prelu(1);
            expand: Conv(width / 4, width, 1);
            Add(_, input);
            out: Prelu(1);
        }
        block Stage() {
            #[name = "0"] a: Keep(128);
            #[name = "1"] b: Keep(128, 2);
            #[name = "2"] c: Cross(128);
            #[name = "3"] d: Keep(128, 4);
            #[name = "4"] e: Keep(128);
            #[name = "5"] f: Keep(128, 8);
            #[name = "6"] g: Cross(128);
            #[name = "7"] h: Keep(128, 16);
        }
        block Down(from, to) reads x, pooled {
            reduce: Conv(from, from / 4, 2, stride: 2);
            conv: Conv(from / 4, from / 4, 3, padding: 1);
            expand: Conv(from / 4, to, 1);
            Pad([(0, to - from)], axis: channels) from pooled;
            Add(expand, _);
            out: Prelu(1);
        }
        block Up(from, to) {
            reduce: Conv(from, from / 4, 1, slope: false);
            #[name = "conv.0"] c: ConvTranspose2d(from / 4, kernel: 2, stride: 2, bias: false);
            #[name = "conv.1"] n: BatchNorm(activation: Relu);
            #[name = "expand.0"] e: Conv2d(from / 4 -> to, kernel: 1, bias: false);
            #[name = "expand.1"] wide: BatchNorm;
            #[name = "main.0"] m: Conv2d(from -> to, kernel: 1, bias: false) from input;
            #[name = "main.1"] small: BatchNorm;
            output: wide, small;
        }
        input: [3, 64, 96];
        start: Conv2d(3 -> 13, kernel: 3, stride: 2, padding: 1, bias: false);
        MaxPool2d(3, stride: 2, padding: 1) from input;
        Concat(start, _);
        start_norm: BatchNorm(16);
        start_out: Prelu(1);
        p1: MaxPool2d(2);
        down1: Down(16, 64) from (start_out, p1);
        stage1: repeat 4 { #[name(transparent)] k: Keep(64); }
        p2: MaxPool2d(2);
        down2: Down(64, 128) from (stage1, p2);
        stage2: Stage();
        stage3: Stage();
        up4: Up(128, 64);
        MaxUnpool2d(undo p2) from up4.small;
        Add(up4.wide, _);
        Relu;
        stage4: repeat 2 { #[name(transparent)] k: Keep(64, slope: false); }
        up5: Up(64, 16);
        MaxUnpool2d(undo p1) from up5.small;
        Add(up5.wide, _);
        Relu;
        stage5: Keep(16, slope: false);
        last: ConvTranspose2d(16 -> 19, kernel: 3, stride: 2, padding: 1, output_padding: 1, bias: false);
        output: [19, 64, 96];
    }
}

#[test]
fn segnet() {
    // If two elements of a window differ by less than rounding, the value may be put back in the other position.
    networks::check_within::<SegNet>("segnet", 2e-3);
}

conv_chain! {
    /// Wang and others, "Dueling Network Architectures for Deep Reinforcement Learning" (2016), for 6 actions.
    pub struct DuelingDqn {
        input: [4, 84, 84];
        conv1: Conv2d(4 -> 32, kernel: 8, stride: 4, activation: Relu);
        conv2: Conv2d(32 -> 64, kernel: 4, stride: 2, activation: Relu);
        conv3: Conv2d(64 -> 64, kernel: 3, activation: Relu);
        x: Flatten;
        value1: Linear(3136 -> 512, activation: Relu);
        value2: Linear(512 -> 1);
        advantage1: Linear(3136 -> 512, activation: Relu) from x;
        advantage2: Linear(512 -> 6);
        mean: Mean;
        Sub(advantage2, mean);
        Add(_, value2);
        output: [6];
    }
}

/// The elements of an identity matrix.
const fn identity<const N: usize>() -> [[f32; N]; N] {
    let mut rows = [[0.0; N]; N];
    let mut index = 0;
    while index < N {
        rows[index][index] = 1.0;
        index += 1;
    }
    rows
}

const EYE3: [[f32; 3]; 3] = identity();
const EYE64: [[f32; 64]; 64] = identity();

conv_chain! {
    /// Qi, Su, Mo and Guibas, "PointNet" (2017): the classifier of 40 classes, with both transforms.
    pub struct PointNet {
        block TNet(k) reads x, eye {
            conv1: Conv1d(k -> 64, kernel: 1);
            bn1: BatchNorm;
            Relu;
            conv2: Conv1d(64 -> 128, kernel: 1);
            bn2: BatchNorm;
            Relu;
            conv3: Conv1d(128 -> 1024, kernel: 1);
            bn3: BatchNorm;
            Relu;
            GlobalMaxPool;
            fc1: Linear(1024 -> 512);
            bn4: BatchNorm;
            Relu;
            fc2: Linear(512 -> 256);
            bn5: BatchNorm;
            Relu;
            fc3: Linear(256 -> k * k);
            t: Reshape([k, k]);
            t2: Add(t, eye);
            MatMul(x, t2, transpose_a: true);
            Transpose(0, 1);
        }
        input: points [3, 32];
        eye3: Constant(EYE3, [3, 3]);
        eye64: Constant(EYE64, [64, 64]);
        stn: TNet(3) from (points, eye3);
        conv1: Conv1d(3 -> 64, kernel: 1);
        bn1: BatchNorm;
        x: Relu;
        fstn: TNet(64) from (x, eye64);
        conv2: Conv1d(64 -> 128, kernel: 1);
        bn2: BatchNorm;
        Relu;
        conv3: Conv1d(128 -> 1024, kernel: 1);
        bn3: BatchNorm;
        GlobalMaxPool;
        fc1: Linear(1024 -> 512);
        bn4: BatchNorm;
        Relu;
        fc2: Linear(512 -> 256);
        bn5: BatchNorm;
        Relu;
        fc3: Linear(256 -> 40);
        LogSoftmax;
        output: [40];
    }
}

conv_chain! {
    /// Van den Oord, Kalchbrenner and Kavukcuoglu, "Pixel Recurrent Neural Networks" (2016): PixelCNN of 128 channels,
    /// for 256 levels of grey.
    pub struct PixelCnn {
        input: [1, 12, 12];
        first: Conv2d(1 -> 128, kernel: 7, padding: 3, mask: a);
        blocks: repeat 12 {
            Relu;
            #[name = "blocks.{#}.0"] down: Conv2d(128 -> 64, kernel: 1, activation: Relu);
            #[name = "blocks.{#}.1"] masked: Conv2d(64 -> 64, kernel: 3, padding: 1, mask: b, activation: Relu);
            #[name = "blocks.{#}.2"] up: Conv2d(64 -> 128, kernel: 1);
            Add(input, _);
        }
        Relu;
        out1: Conv2d(128 -> 1024, kernel: 1, activation: Relu);
        out2: Conv2d(1024 -> 256, kernel: 1);
        output: [256, 12, 12];
    }
}

conv_chain! {
    /// Ho, Jain and Abbeel, "Denoising Diffusion Probabilistic Models" (2020), for images of 32 x 32.
    pub struct Ddpm {
        block Res(from, to) reads x, t {
            norm1: GroupNorm(from, groups: 32, eps: 1e-6) from x;
            Silu;
            conv1: Conv2d(from -> to, kernel: 3, padding: 1);
            Silu from t;
            temb_proj: Linear(512 -> to);
            Add(conv1, _);
            norm2: GroupNorm(to, groups: 32, eps: 1e-6);
            Silu;
            Dropout(0.1);
            conv2: Conv2d(to -> to, kernel: 3, padding: 1);
            if from == to { s: Identity from x; } else { #[name = "shortcut"] s: Conv2d(from -> to, kernel: 1) from x; }
            Add(s, conv2);
        }
        block Attn(channels) {
            norm: GroupNorm(channels, groups: 32, eps: 1e-6);
            q: Conv2d(channels, kernel: 1);
            Flatten(from: 1);
            q_t: Transpose(0, 1);
            k: Conv2d(channels, kernel: 1) from norm;
            Flatten(from: 1);
            k_t: Transpose(0, 1);
            v: Conv2d(channels, kernel: 1) from norm;
            Flatten(from: 1);
            v_t: Transpose(0, 1);
            Attention(q_t, k_t, v_t, heads: 1);
            Transpose(0, 1);
            Reshape(like: input);
            proj_out: Conv2d(channels, kernel: 1);
            Add(input, _);
        }
        input: x [3, 32, 32], step [1];

        frequencies: Arange(64);
        Scale(by: -9.210340371976184 / 63) from frequencies;   // the logarithm of 10000
        Exp;
        angles: Mul(_, step);
        sines: Sin;
        cosines: Cos from angles;
        Concat(sines, cosines);
        dense0: Linear(128 -> 512, activation: Silu);
        #[name = "dense1"]
        t: Linear(512 -> 512);

        conv_in: Conv2d(3 -> 128, kernel: 3, padding: 1) from x;
        #[name = "down.00"] a0: Res(128, 128) from (conv_in, t);
        #[name = "down.01"] a1: Res(128, 128) from (a0, t);
        #[name = "downsample.0"] a2: Conv2d(128, kernel: 3, stride: 2, padding: [(0, 1), (0, 1)]);
        #[name = "down.10"] r0: Res(128, 256) from (a2, t);
        #[name = "down_attn.0"] b0: Attn(256);
        #[name = "down.11"] r1: Res(256, 256) from (b0, t);
        #[name = "down_attn.1"] b1: Attn(256);
        #[name = "downsample.1"] b2: Conv2d(256, kernel: 3, stride: 2, padding: [(0, 1), (0, 1)]);
        #[name = "down.20"] c0: Res(256, 256) from (b2, t);
        #[name = "down.21"] c1: Res(256, 256) from (c0, t);
        #[name = "downsample.2"] c2: Conv2d(256, kernel: 3, stride: 2, padding: [(0, 1), (0, 1)]);
        #[name = "down.30"] d0: Res(256, 256) from (c2, t);
        #[name = "down.31"] d1: Res(256, 256) from (d0, t);

        mid1: Res(256, 256) from (d1, t);
        mid_attn: Attn(256);
        mid2: Res(256, 256) from (mid_attn, t);

        block_30: Concat(mid2, d1);
        #[name = "up.30"] e0: Res(512, 256) from (block_30, t);
        block_31: Concat(e0, d0);
        #[name = "up.31"] e1: Res(512, 256) from (block_31, t);
        block_32: Concat(e1, c2);
        #[name = "up.32"] e2: Res(512, 256) from (block_32, t);
        Upsample(2);
        #[name = "upsample.3"] e3: Conv2d(256, kernel: 3, padding: 1);
        block_20: Concat(e3, c1);
        #[name = "up.20"] f0: Res(512, 256) from (block_20, t);
        block_21: Concat(f0, c0);
        #[name = "up.21"] f1: Res(512, 256) from (block_21, t);
        block_22: Concat(f1, b2);
        #[name = "up.22"] f2: Res(512, 256) from (block_22, t);
        Upsample(2);
        #[name = "upsample.2"] f3: Conv2d(256, kernel: 3, padding: 1);
        block_10: Concat(f3, b1);
        #[name = "up.10"] s0: Res(512, 256) from (block_10, t);
        #[name = "up_attn.0"] g0: Attn(256);
        block_11: Concat(g0, b0);
        #[name = "up.11"] s1: Res(512, 256) from (block_11, t);
        #[name = "up_attn.1"] g1: Attn(256);
        block_12: Concat(g1, a2);
        #[name = "up.12"] s2: Res(384, 256) from (block_12, t);
        #[name = "up_attn.2"] g2: Attn(256);
        Upsample(2);
        #[name = "upsample.1"] g3: Conv2d(256, kernel: 3, padding: 1);
        block_00: Concat(g3, a1);
        #[name = "up.00"] h0: Res(384, 128) from (block_00, t);
        block_01: Concat(h0, a0);
        #[name = "up.01"] h1: Res(256, 128) from (block_01, t);
        block_02: Concat(h1, conv_in);
        #[name = "up.02"] h2: Res(256, 128) from (block_02, t);
        norm_out: GroupNorm(128, groups: 32, eps: 1e-6);
        Silu;
        conv_out: Conv2d(128 -> 3, kernel: 3, padding: 1);
        output: [3, 32, 32];
    }
}

conv_chain! {
    /// Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020): the mapping network and the first
    /// block, of 4 x 4. A style scales what a convolution reads; each of its outputs is then divided by the norm of the
    /// weights that this style leaves.
    pub struct StyleGan2 {
        block Modulated(to, kernel, demodulate: bool) reads x, w {
            affine: Linear(512) from w;
            style: Reshape([512, 1, 1]);
            Mul(x, style);
            conv: Conv2d(to, kernel: kernel, padding: kernel / 2, bias: false);
            if demodulate {
                by_style: Mul(conv.weight, style);
                Square;
                Sum(axis: (1, 2, 3));
                AddScalar(1e-8);
                Rsqrt;
                y: Mul(conv, _);
            } else {
                y: Identity from conv;
            }
            #[name = "bias"] bias: Parameter([to]);
            output: y, bias;
        }
        input: z [512], noise [4, 4];
        Square from z;
        Mean;
        AddScalar(1e-8);
        Rsqrt;
        Mul(z, _);
        #[name(transparent)]
        w: repeat 8 {
            #[name = "mapping.fc{#}"] fc: Linear(512, activation: LeakyRelu(0.2));
            Scale(2 ** 0.5);
        }
        constant: Parameter([512, 4, 4], init: normal(1));
        conv1: Modulated(512, 3, true) from (constant, w);
        noise_strength: Parameter([1]);
        Mul(noise, noise_strength);
        Add(conv1.y, _);
        Add(_, conv1.bias);
        LeakyRelu(0.2);
        x: Scale(2 ** 0.5);
        torgb: Modulated(3, 1, false) from (x, w);
        Add(torgb.y, torgb.bias);
        output: [3, 4, 4];
    }
}

/// The nearest of 512 vectors of 64 numbers at each of 8 x 8 positions.
pub struct Quantiser;

const POSITIONS: usize = 64;

impl Quantiser {
    fn nearest<'a>(codebook: &'a [f32], x: &[f32], position: usize) -> &'a [f32] {
        let distance = |entry: &[f32]| -> f32 {
            entry.iter().enumerate().map(|(d, code)| (code - x[POSITIONS * d + position]).powi(2)).sum()
        };
        let all = codebook.chunks_exact(64);
        all.min_by(|a, b| distance(a).total_cmp(&distance(b))).expect("has entries")
    }
}

impl CustomLayer for Quantiser {
    type Input = Chw<64, 8, 8>;
    type Output = (Chw<64, 8, 8>, C<1>);
    const PARAMS: &'static [CustomParam] = &[CustomParam::new("weight", &[512, 64]).uniform(1.0 / 512.0)];

    fn forward(Forward { params, inputs, outputs }: Forward<'_>) {
        for position in 0..POSITIONS {
            for (d, code) in Self::nearest(params[0], inputs[0], position).iter().enumerate() {
                let at = POSITIONS * d + position;
                outputs[0][at] = *code;
                outputs[1][0] += 1.25 * (code - inputs[0][at]).powi(2) / (64.0 * 64.0);
            }
        }
    }

    fn backward(_: Backward<'_>) {
        unreachable!("only compared with PyTorch's outputs; the example `vq_vae_digits` trains one")
    }
}

conv_chain! {
    /// Van den Oord, Vinyals and Kavukcuoglu, "Neural Discrete Representation Learning" (2017): VQ-VAE for images of
    /// 32 x 32.
    pub struct VqVae {
        block Res() {
            Relu;
            #[name = "block.1"] a: Conv2d(256, kernel: 3, padding: 1, activation: Relu);
            #[name = "block.3"] b: Conv2d(256, kernel: 1);
            Add(input, _);
        }
        input: [3, 32, 32];
        #[name = "encoder.0"] Conv2d(3 -> 256, kernel: 4, stride: 2, padding: 1, activation: Relu);
        #[name = "encoder.2"] Conv2d(256 -> 256, kernel: 4, stride: 2, padding: 1);
        #[name = "encoder.3"] Res();
        #[name = "encoder.4"] Res();
        #[name = "encoder.5"] Conv2d(256 -> 64, kernel: 1);
        codebook: Custom(Quantiser) -> z [64, 8, 8], loss [1];
        #[name = "decoder.0"] Conv2d(64 -> 256, kernel: 1);
        #[name = "decoder.1"] Res();
        #[name = "decoder.2"] Res();
        #[name = "decoder.3"] ConvTranspose2d(256 -> 256, kernel: 4, stride: 2, padding: 1, activation: Relu);
        #[name = "decoder.5"] y: ConvTranspose2d(256 -> 3, kernel: 4, stride: 2, padding: 1);
        loss: Identity from codebook.loss;
        output: y [3, 32, 32], loss [1];
    }
}

#[test]
fn dueling_dqn() {
    networks::check::<DuelingDqn>("dueling_dqn");
}

#[test]
fn pointnet() {
    networks::check::<PointNet>("pointnet");
}

#[test]
fn pixelcnn() {
    networks::check::<PixelCnn>("pixelcnn");
}

/// Its published number of parameters is 35.7 million.
#[test]
fn ddpm() {
    networks::check::<Ddpm>("ddpm");
}

#[test]
fn stylegan2() {
    networks::check::<StyleGan2>("stylegan2");
}

#[test]
fn vq_vae() {
    networks::check::<VqVae>("vq_vae");
}

#[test]
fn enet() {
    networks::check::<Enet>("enet");
}
