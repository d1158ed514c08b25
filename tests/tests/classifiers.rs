//! Classifiers of images whose blocks have several branches, or convolutions that compute their weight: they have the
//! published number of parameters, and PyTorch's numbers.

use convshape::conv_chain;
use convshape_tests::networks;

conv_chain! {
    /// Kolesnikov et al., "Big Transfer (BiT): General Visual Representation Learning" (2020), R50x1, with the names of
    /// timm. The weights of each output are standardised before each use.
    pub struct BitR50 {
        block StdConv(from, to, k, s = 1) {
            weight: Parameter([to, from, k, k], init: normal(0.01));
            mean: Mean(axis: (1, 2, 3), keep: true) from weight;
            centred: Sub(weight, mean);
            Square;
            Mean(axis: (1, 2, 3), keep: true);
            AddScalar(1e-6);
            Rsqrt;
            unit: Mul(centred, _);
            Conv2d(from -> to, kernel: k, stride: s, padding: k / 2, bias: false) from (input, unit);
        }
        block Bottle(from, to, s, first: bool) {
            norm1: GroupNorm(groups: 32);
            pre: Relu;
            if first {
                #[name = "downsample.conv"] skip: StdConv(from, to, 1, s);
            } else {
                skip: Identity from input;
            }
            conv1: StdConv(from, to / 4, 1) from pre;
            norm2: GroupNorm(groups: 32);
            Relu;
            conv2: StdConv(to / 4, to / 4, 3, s);
            norm3: GroupNorm(groups: 32);
            Relu;
            conv3: StdConv(to / 4, to, 1);
            Add(skip, _);
        }
        input: [3, 64, 64];
        #[name = "stem.conv"] stem: StdConv(3, 64, 7, 2);
        Pad(1);
        MaxPool2d(3, stride: 2);
        #[name(transparent)]
        stages: repeat (l, from, to, n, s) in
            [(0, 64, 256, 3, 1), (1, 256, 512, 4, 2), (2, 512, 1024, 6, 2), (3, 1024, 2048, 3, 2)]
        {
            #[name = "stages.{l}.blocks.0"] first: Bottle(from, to, s, true);
            #[name(transparent)]
            rest: repeat i in 1..n { #[name = "stages.{l}.blocks.{i}"] b: Bottle(to, to, 1, false); }
        }
        norm: GroupNorm(2048, groups: 32);
        Relu;
        GlobalAvgPool;
        Reshape([2048, 1, 1]);
        #[name = "head.fc"] fc: Conv2d(2048 -> 1000, kernel: 1);
        Flatten;
        output: [1000];
    }
}

conv_chain! {
    /// Gao et al., "Res2Net: A New Multi-scale Backbone Architecture" (2019), four pieces of 26 channels, with the names
    /// of timm. Each piece is convolved together with the output of the piece before it.
    pub struct Res2Net50 {
        block Part(width, i, s) {
            #[name = "convs.{i}"] c: Conv2d(width, kernel: 3, stride: s, padding: 1, bias: false);
            #[name = "bns.{i}"] n: BatchNorm2d;
            Relu;
        }
        block Bottle(width, to, s, first: bool) {
            conv1: Conv2d(4 * width, kernel: 1, bias: false);
            bn1: BatchNorm2d;
            Relu;
            parts: Split(4);
            #[name(transparent)] a: Part(width, 0, s);
            if first { Identity from parts.1; } else { Add(a, parts.1); }
            #[name(transparent)] b: Part(width, 1, s);
            if first { Identity from parts.2; } else { Add(b, parts.2); }
            #[name(transparent)] c: Part(width, 2, s);
            if first { d: AvgPool2d(3, stride: s, padding: 1) from parts.3; } else { d: Identity from parts.3; }
            Concat(a, b, c, d);
            conv3: Conv2d(to, kernel: 1, bias: false);
            bn3: BatchNorm2d;
            if first {
                #[name = "downsample.0"] down: Conv2d(to, kernel: 1, stride: s, bias: false) from input;
                #[name = "downsample.1"] skip: BatchNorm2d;
            } else {
                skip: Identity from input;
            }
            Add(bn3, skip);
            Relu;
        }
        input: [3, 64, 64];
        conv1: Conv2d(3 -> 64, kernel: 7, stride: 2, padding: 3, bias: false);
        bn1: BatchNorm2d;
        Relu;
        MaxPool2d(3, stride: 2, padding: 1);
        #[name(transparent)]
        layers: repeat (l, width, n, s) in [(1, 26, 3, 1), (2, 52, 4, 2), (3, 104, 6, 2), (4, 208, 3, 2)] {
            #[name = "layer{l}.0"] first: Bottle(width, 256 * width / 26, s, true);
            #[name(transparent)]
            rest: repeat i in 1..n { #[name = "layer{l}.{i}"] b: Bottle(width, 256 * width / 26, 1, false); }
        }
        GlobalAvgPool;
        fc: Linear(2048 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    /// Yu et al., "MetaFormer Is Actually What You Need for Vision" (2022): PoolFormer, size S12, with its authors' names.
    pub struct PoolFormerS12 {
        block Former(dim) {
            norm1: GroupNorm(groups: 1);
            AvgPool2d(3, stride: 1, padding: 1, count_include_pad: false);
            Sub(_, norm1);
            layer_scale_1: Parameter([dim], init: 1e-5);
            Mul(_, layer_scale_1);
            x: Add(input);
            norm2: GroupNorm(groups: 1);
            #[name = "mlp.fc1"] fc1: Conv2d(4 * dim, kernel: 1, activation: Gelu);
            #[name = "mlp.fc2"] fc2: Conv2d(dim, kernel: 1);
            layer_scale_2: Parameter([dim], init: 1e-5);
            Mul(_, layer_scale_2);
            Add(x);
        }
        input: [3, 64, 64];
        #[name = "patch_embed.proj"] patches: Conv2d(3 -> 64, kernel: 7, stride: 4, padding: 2);
        #[name(transparent)]
        network: repeat (s, dim, depth) in [(0, 64, 2), (1, 128, 2), (2, 320, 6), (3, 512, 2)] {
            if s > 0 {
                #[name = "network.{2 * s - 1}.proj"] down: Conv2d(dim, kernel: 3, stride: 2, padding: 1);
            }
            #[name(transparent)]
            stage: repeat i in 0..depth { #[name = "network.{2 * s}.{i}"] f: Former(dim); }
        }
        norm: GroupNorm(512, groups: 1);
        GlobalAvgPool;
        head: Linear(512 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    /// He et al. (2016), for CIFAR-10: its shortcuts add channels of zeros. With the names of Idelbayev's port.
    struct ResNet20 {
        block Basic(from, to, stride = 1) {
            conv1: Conv2d(from -> to, kernel: 3, stride: stride, padding: 1, bias: false);
            bn1: BatchNorm(activation: Relu);
            conv2: Conv2d(to -> to, kernel: 3, padding: 1, bias: false);
            bn2: BatchNorm;
            AvgPool2d(1, stride: stride) from input;
            Pad((to - from) / 2, axis: channels);
            Add(bn2, _);
            Relu;
        }
        input: [3, 32, 32];
        conv1: Conv2d(3 -> 16, kernel: 3, padding: 1, bias: false);
        bn1: BatchNorm(activation: Relu);
        #[name(transparent)]
        stages: repeat (i, from, to, stride) in [(1, 16, 16, 1), (2, 16, 32, 2), (3, 32, 64, 2)] {
            #[name = "layer{i}.0"] first: Basic(from, to, stride);
            #[name(transparent)] rest: repeat j in 1..3 { #[name = "layer{i}.{j}"] b: Basic(to, to); }
        }
        GlobalAvgPool;
        linear: Linear(64 -> 10);
        output: [10];
    }
}

conv_chain! {
    /// Tolstikhin et al., "MLP-Mixer" (2021), with timm's names.
    struct MixerS16 {
        block Mlp(from, hidden) { fc1: Linear(from -> hidden, activation: Gelu); fc2: Linear(hidden -> from); }
        input: [3, 224, 224];
        #[name = "stem.proj"] stem: Conv2d(3 -> 512, kernel: 16, stride: 16);
        Flatten(from: 1);
        Permute(1, 0);
        blocks: repeat 8 {
            norm1: LayerNorm(512, eps: 1e-6);
            Permute(1, 0);
            mlp_tokens: Mlp(196, 256);
            Permute(1, 0);
            x: Add(input);
            norm2: LayerNorm(512, eps: 1e-6);
            mlp_channels: Mlp(512, 2048);
            Add(x);
        }
        norm: LayerNorm(512, eps: 1e-6);
        Mean(axis: 0);
        head: Linear(512 -> 1000);
        output: [1000];
    }
}

/// Its published number of parameters is 25.55 million. The numbers of its convolution are compared in `layers.rs`.
#[test]
fn bit_r50() {
    assert_eq!(networks::params::<BitR50>(), networks::recorded_params("bit_r50"));
}

/// Its published number of parameters is 25.70 million.
#[test]
fn res2net50() {
    networks::check::<Res2Net50>("res2net50");
}

/// Its published number of parameters is 11.9 million.
#[test]
fn poolformer_s12() {
    networks::check::<PoolFormerS12>("poolformer_s12");
}

/// Its published number of parameters is 0.27 million.
#[test]
fn resnet20() {
    networks::check::<ResNet20>("resnet20");
    assert_eq!(networks::params::<ResNet20>(), 269_722);
}

/// Its published number of parameters is 18.5 million.
#[test]
fn mixer_s16() {
    networks::check::<MixerS16>("mixer_s16");
    assert_eq!(networks::params::<MixerS16>(), 18_528_264);
}
