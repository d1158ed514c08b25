//! Published networks as chains, with their published numbers of parameters.

#[path = "../../convshape/benches/networks/shufflenet.rs"]
mod shufflenet;

use convshape::conv_chain;
use shufflenet::ShuffleNetV2;

conv_chain! {
    /// Liu et al., "A ConvNet for the 2020s" (2022), size T.
    struct ConvNextT {
        block Norm(channels) {
            Permute(1, 2, 0);
            norm: LayerNorm(channels, eps: 1e-6);
            Permute(2, 0, 1);
        }
        block Layer(channels) {
            depthwise: Conv2d(channels, kernel: 7, padding: 3, groups: channels);
            Permute(1, 2, 0);
            norm: LayerNorm(channels, eps: 1e-6);
            up: Linear(channels -> 4 * channels, activation: Gelu);
            down: Linear(4 * channels -> channels);
            Permute(2, 0, 1);
            layer_scale: Parameter([channels, 1, 1], init: 1e-6);
            Mul(_, layer_scale);
            StochasticDepth(0.1);
            Add(input);
        }
        input: [3, 224, 224];
        stem: Conv2d(3 -> 96, kernel: 4, stride: 4);
        Norm(96);
        repeat 3 { Layer(96); }
        stages: repeat (from, to, depth) in [(96, 192, 3), (192, 384, 9), (384, 768, 3)] {
            Norm(from);
            down: Conv2d(from -> to, kernel: 2, stride: 2);
            repeat depth { Layer(to); }
        }
        GlobalAvgPool(keep: true);
        Norm(768);
        Flatten;
        head: Linear(768 -> 1000);
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

#[test]
fn published_numbers_of_parameters() {
    assert_eq!(ShuffleNetV2::summary().params(), 2_278_604);
    assert_eq!(ConvNextT::summary().params(), 28_589_128);
    assert_eq!(AlexNet::summary().params(), 60_965_224);
    assert_eq!(GoogLeNet::summary().params(), 6_998_552);
}
