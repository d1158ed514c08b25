//! Published classifiers of images, with their published parameter counts and PyTorch's or Keras' outputs.

#[path = "../../convshape/benches/networks/shufflenet.rs"]
mod shufflenet;

use convshape::conv_chain;
use convshape_tests::networks;
use shufflenet::ShuffleNetV2;

conv_chain! {
    /// Liu et al., "A ConvNet for the 2020s" (2022), size T, with torchvision's names.
    struct ConvNextT {
        block Norm(channels, at) {
            Permute(1, 2, 0);
            #[name = "{at}"] norm: LayerNorm(channels, eps: 1e-6);
            Permute(2, 0, 1);
        }
        block Layer(channels) {
            #[name = "block.0"] depthwise: Conv2d(channels, kernel: 7, padding: 3, groups: channels);
            Permute(1, 2, 0);
            #[name = "block.2"] norm: LayerNorm(channels, eps: 1e-6);
            #[name = "block.3"] up: Linear(channels -> 4 * channels, activation: Gelu);
            #[name = "block.5"] down: Linear(4 * channels -> channels);
            Permute(2, 0, 1);
            layer_scale: Parameter([channels, 1, 1], init: 1e-6);
            Mul(_, layer_scale);
            StochasticDepth(0.1);
            Add(input);
        }
        input: [3, 64, 64];
        #[name = "features.0.0"] stem: Conv2d(3 -> 96, kernel: 4, stride: 4);
        #[name = "features.0"] Norm(96, 1);
        #[name = "features.1"] a: repeat 3 { #[name(transparent)] Layer(96); }
        #[name(transparent)]
        stages: repeat (i, from, to, depth) in [(2, 96, 192, 3), (4, 192, 384, 9), (6, 384, 768, 3)] {
            #[name = "features.{i}"] Norm(from, 0);
            #[name = "features.{i}.1"] down: Conv2d(from -> to, kernel: 2, stride: 2);
            #[name = "features.{i + 1}"] b: repeat depth { #[name(transparent)] Layer(to); }
        }
        GlobalAvgPool(keep: true);
        #[name = "classifier"] Norm(768, 0);
        Flatten;
        #[name = "classifier.2"] head: Linear(768 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    /// Krizhevsky, Sutskever and Hinton (2012), as in Caffe.
    struct AlexNet {
        input: [3, 227, 227];
        conv1: Conv2d(3 -> 96, kernel: 11, stride: 4, activation: Relu);
        LocalResponseNorm(5);
        MaxPool2d(3, stride: 2);
        conv2: Conv2d(96 -> 256, kernel: 5, padding: 2, groups: 2, activation: Relu);
        LocalResponseNorm(5);
        MaxPool2d(3, stride: 2);
        conv3: Conv2d(256 -> 384, kernel: 3, padding: 1, activation: Relu);
        conv4: Conv2d(384 -> 384, kernel: 3, padding: 1, groups: 2, activation: Relu);
        conv5: Conv2d(384 -> 256, kernel: 3, padding: 1, groups: 2, activation: Relu);
        MaxPool2d(3, stride: 2);
        Flatten;
        fc6: Linear(9216 -> 4096, activation: Relu);
        Dropout(0.5);
        fc7: Linear(4096 -> 4096, activation: Relu);
        Dropout(0.5);
        fc8: Linear(4096 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    /// Szegedy et al. (2015), as in Caffe, without the two classifiers of training.
    struct GoogLeNet {
        block Inception(a, b, bb, c, cc, d) {
            one: Conv2d(a, kernel: 1, activation: Relu);
            reduce3: Conv2d(b, kernel: 1, activation: Relu) from input;
            three: Conv2d(bb, kernel: 3, padding: 1, activation: Relu);
            reduce5: Conv2d(c, kernel: 1, activation: Relu) from input;
            five: Conv2d(cc, kernel: 5, padding: 2, activation: Relu);
            MaxPool2d(3, stride: 1, padding: 1) from input;
            pooled: Conv2d(d, kernel: 1, activation: Relu);
            Concat(one, three, five, pooled);
        }
        input: [3, 224, 224];
        conv1: Conv2d(3 -> 64, kernel: 7, stride: 2, padding: 3, activation: Relu);
        MaxPool2d(3, stride: 2, ceil_mode: true);
        LocalResponseNorm(5);
        reduce: Conv2d(64 -> 64, kernel: 1, activation: Relu);
        conv2: Conv2d(64 -> 192, kernel: 3, padding: 1, activation: Relu);
        LocalResponseNorm(5);
        MaxPool2d(3, stride: 2, ceil_mode: true);
        a3: Inception(64, 96, 128, 16, 32, 32);
        b3: Inception(128, 128, 192, 32, 96, 64);
        MaxPool2d(3, stride: 2, ceil_mode: true);
        a4: Inception(192, 96, 208, 16, 48, 64);
        b4: Inception(160, 112, 224, 24, 64, 64);
        c4: Inception(128, 128, 256, 24, 64, 64);
        d4: Inception(112, 144, 288, 32, 64, 64);
        e4: Inception(256, 160, 320, 32, 128, 128);
        MaxPool2d(3, stride: 2, ceil_mode: true);
        a5: Inception(256, 160, 320, 32, 128, 128);
        b5: Inception(384, 192, 384, 48, 128, 128);
        GlobalAvgPool;
        Dropout(0.4);
        fc: Linear(1024 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    /// Howard et al., "Searching for MobileNetV3" (2019), size large, with torchvision's names.
    pub struct MobileNetV3Large {
        block Layer(i, kernel, from, inner, to, squeezed, stride, act: activation) {
            if inner > from {
                #[name = "features.{i}.block.0.0"] expand: Conv2d(inner, kernel: 1, bias: false);
                #[name = "features.{i}.block.0.1"] expand_norm: BatchNorm2d(eps: 1e-3, momentum: 0.01, activation: act);
            }
            #[name = "features.{i}.block.{min(1, inner - from)}.0"]
            depthwise: Conv2d(inner, kernel: kernel, stride: stride, padding: kernel / 2, groups: inner, bias: false);
            #[name = "features.{i}.block.{min(1, inner - from)}.1"]
            y: BatchNorm2d(eps: 1e-3, momentum: 0.01, activation: act);
            if squeezed > 0 {
                GlobalAvgPool(keep: true);
                #[name = "features.{i}.block.2.fc1"] fc1: Conv2d(squeezed, kernel: 1, activation: Relu);
                #[name = "features.{i}.block.2.fc2"] fc2: Conv2d(inner, kernel: 1, activation: Hardsigmoid);
                Mul(y, _);
            }
            #[name = "features.{i}.block.{1 + min(1, inner - from) + min(1, squeezed)}.0"]
            project: Conv2d(to, kernel: 1, bias: false);
            #[name = "features.{i}.block.{1 + min(1, inner - from) + min(1, squeezed)}.1"]
            BatchNorm2d(eps: 1e-3, momentum: 0.01);
            if stride == 1 && from == to { Add(input, _); }
        }
        input: [3, 64, 96];
        #[name = "features.0.0"] Conv2d(3 -> 16, kernel: 3, stride: 2, padding: 1, bias: false);
        #[name = "features.0.1"] BatchNorm2d(eps: 1e-3, momentum: 0.01, activation: Hardswish);
        #[name(transparent)]
        repeat (i, kernel, from, inner, to, squeezed, stride) in [
            (1, 3, 16, 16, 16, 0, 1), (2, 3, 16, 64, 24, 0, 2), (3, 3, 24, 72, 24, 0, 1),
            (4, 5, 24, 72, 40, 24, 2), (5, 5, 40, 120, 40, 32, 1), (6, 5, 40, 120, 40, 32, 1)
        ] {
            #[name(transparent)] Layer(i, kernel, from, inner, to, squeezed, stride, act: Relu);
        }
        #[name(transparent)]
        repeat (i, kernel, from, inner, to, squeezed, stride) in [
            (7, 3, 40, 240, 80, 0, 2), (8, 3, 80, 200, 80, 0, 1), (9, 3, 80, 184, 80, 0, 1), (10, 3, 80, 184, 80, 0, 1),
            (11, 3, 80, 480, 112, 120, 1), (12, 3, 112, 672, 112, 168, 1), (13, 5, 112, 672, 160, 168, 2),
            (14, 5, 160, 960, 160, 240, 1), (15, 5, 160, 960, 160, 240, 1)
        ] {
            #[name(transparent)] Layer(i, kernel, from, inner, to, squeezed, stride, act: Hardswish);
        }
        #[name = "features.16.0"] Conv2d(960, kernel: 1, bias: false);
        #[name = "features.16.1"] BatchNorm2d(eps: 1e-3, momentum: 0.01, activation: Hardswish);
        GlobalAvgPool;
        #[name = "classifier.0"] Linear(960 -> 1280, activation: Hardswish);
        Dropout(0.2);
        #[name = "classifier.3"] Linear(1280 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    /// Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions" (2017), with the names of
    /// `keras.applications`.
    struct Xception {
        dialect: keras;
        block Separable(n, i, j) {
            #[name = "block{i}_sepconv{j}"] c: SeparableConv2D(n, kernel_size: 3, padding: "same", use_bias: false);
            #[name = "block{i}_sepconv{j}_bn"] n: BatchNormalization;
        }
        block Down(first, n, i, act: activation = Relu) {
            act;
            #[name(transparent)] Separable(first, i, 1);
            Activation("relu");
            #[name(transparent)] Separable(n, i, 2);
            MaxPooling2D(3, strides: 2, padding: "same");
        }
        block Shortcut(n, i) {
            if i == 0 {
                #[name = "conv2d"] c: Conv2D(n, kernel_size: 1, strides: 2, padding: "same", use_bias: false);
                #[name = "batch_normalization"] n: BatchNormalization;
            } else {
                #[name = "conv2d_{i}"] c: Conv2D(n, kernel_size: 1, strides: 2, padding: "same", use_bias: false);
                #[name = "batch_normalization_{i}"] n: BatchNormalization;
            }
        }
        input: [71, 71, 3];
        block1_conv1: Conv2D(32, kernel_size: 3, strides: 2, use_bias: false);
        block1_conv1_bn: BatchNormalization(activation: "relu");
        block1_conv2: Conv2D(64, kernel_size: 3, use_bias: false);
        block1_conv2_bn: BatchNormalization(activation: "relu");
        #[name(transparent)]
        x: repeat (n, i) in [(128, 0), (256, 1), (728, 2)] {
            #[name(transparent)] residual: Shortcut(n, i);
            if i == 0 { #[name(transparent)] y: Down(n, n, 2, act: Identity) from input; }
            else { #[name(transparent)] y: Down(n, n, i + 2) from input; }
            Add([y, residual]);
        }
        #[name(transparent)]
        middle: repeat i in 5..13 {
            #[name(transparent)] repeat j in 1..4 { Activation("relu"); #[name(transparent)] Separable(728, i, j); }
            Add(input);
        }
        #[name(transparent)] residual: Shortcut(1024, 3);
        #[name(transparent)] y: Down(728, 1024, 13) from middle;
        Add([y, residual]);
        #[name(transparent)] Separable(1536, 14, 1);
        Activation("relu");
        #[name(transparent)] Separable(2048, 14, 2);
        Activation("relu");
        GlobalAveragePooling2D;
        predictions: Dense(1000, activation: "softmax");
        output: [1000];
    }
}

#[test]
fn published_numbers_of_parameters_and_values() {
    networks::check::<ShuffleNetV2>("shufflenet_v2");
    networks::check::<ConvNextT>("convnext_t");
    networks::check::<MobileNetV3Large>("mobilenet_v3_large");
    networks::check::<AlexNet>("alexnet");
    networks::check::<GoogLeNet>("googlenet");
}

/// Keras counts 22,910,480, with the statistics of the normalisations.
#[test]
fn xception_is_that_of_keras() {
    networks::check::<Xception>("xception");
    let statistics: usize = convshape::graph::Graph::of::<Xception>()
        .params()
        .iter()
        .filter(|param| param.role.is_statistic())
        .map(|param| param.elements.len())
        .sum();
    assert_eq!(networks::params::<Xception>() + statistics as u64, 22_910_480);
}
