//! Published networks that restore or segment images, with their published parameter counts and PyTorch's outputs.

use convshape::conv_chain;
use convshape_tests::networks;

conv_chain! {
    /// Qin et al., "U2-Net: Going Deeper with Nested U-Structure for Salient Object Detection" (2020), the small size.
    pub struct U2NetP {
        block Unit(to, d = 1) {
            conv_s1: Conv2d(to, kernel: 3, padding: d, dilation: d);
            bn_s1: BatchNorm2d;
            relu_s1: Relu;
        }
        block Up(to) reads x, skip {
            Upsample(like: skip, mode: bilinear) from x;
            Concat(_, skip);
            #[name(transparent)] Unit(to);
        }
        block Rsu4(to) reads hx {
            rebnconvin: Unit(to) from hx;
            rebnconv1: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv2: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv3: Unit(16);
            rebnconv4: Unit(16, 2);
            Concat(_, rebnconv3);
            rebnconv3d: Unit(16);
            rebnconv2d: Up(16) from (rebnconv3d, rebnconv2);
            rebnconv1d: Up(to) from (rebnconv2d, rebnconv1);
            Add(_, rebnconvin);
        }
        block Rsu5(to) reads hx {
            rebnconvin: Unit(to) from hx;
            rebnconv1: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv2: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv3: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv4: Unit(16);
            rebnconv5: Unit(16, 2);
            Concat(_, rebnconv4);
            rebnconv4d: Unit(16);
            rebnconv3d: Up(16) from (rebnconv4d, rebnconv3);
            rebnconv2d: Up(16) from (rebnconv3d, rebnconv2);
            rebnconv1d: Up(to) from (rebnconv2d, rebnconv1);
            Add(_, rebnconvin);
        }
        block Rsu6(to) reads hx {
            rebnconvin: Unit(to) from hx;
            rebnconv1: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv2: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv3: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv4: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv5: Unit(16);
            rebnconv6: Unit(16, 2);
            Concat(_, rebnconv5);
            rebnconv5d: Unit(16);
            rebnconv4d: Up(16) from (rebnconv5d, rebnconv4);
            rebnconv3d: Up(16) from (rebnconv4d, rebnconv3);
            rebnconv2d: Up(16) from (rebnconv3d, rebnconv2);
            rebnconv1d: Up(to) from (rebnconv2d, rebnconv1);
            Add(_, rebnconvin);
        }
        block Rsu7(to) reads hx {
            rebnconvin: Unit(to) from hx;
            rebnconv1: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv2: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv3: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv4: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv5: Unit(16);
            MaxPool2d(2, ceil_mode: true);
            rebnconv6: Unit(16);
            rebnconv7: Unit(16, 2);
            Concat(_, rebnconv6);
            rebnconv6d: Unit(16);
            rebnconv5d: Up(16) from (rebnconv6d, rebnconv5);
            rebnconv4d: Up(16) from (rebnconv5d, rebnconv4);
            rebnconv3d: Up(16) from (rebnconv4d, rebnconv3);
            rebnconv2d: Up(16) from (rebnconv3d, rebnconv2);
            rebnconv1d: Up(to) from (rebnconv2d, rebnconv1);
            Add(_, rebnconvin);
        }
        block Rsu4F(to) reads hx {
            rebnconvin: Unit(to) from hx;
            rebnconv1: Unit(16);
            rebnconv2: Unit(16, 2);
            rebnconv3: Unit(16, 4);
            rebnconv4: Unit(16, 8);
            Concat(_, rebnconv3);
            rebnconv3d: Unit(16, 4);
            Concat(_, rebnconv2);
            rebnconv2d: Unit(16, 2);
            Concat(_, rebnconv1);
            rebnconv1d: Unit(to);
            Add(_, rebnconvin);
        }
        block Joined() reads x, skip {
            Upsample(like: skip, mode: bilinear) from x;
            Concat(_, skip);
        }
        input: [3, 64, 64];
        stage1: Rsu7(64);
        MaxPool2d(2, ceil_mode: true);
        stage2: Rsu6(64);
        MaxPool2d(2, ceil_mode: true);
        stage3: Rsu5(64);
        MaxPool2d(2, ceil_mode: true);
        stage4: Rsu4(64);
        MaxPool2d(2, ceil_mode: true);
        stage5: Rsu4F(64);
        MaxPool2d(2, ceil_mode: true);
        stage6: Rsu4F(64);
        j5: Joined() from (stage6, stage5);
        stage5d: Rsu4F(64);
        j4: Joined() from (stage5d, stage4);
        stage4d: Rsu4(64);
        j3: Joined() from (stage4d, stage3);
        stage3d: Rsu5(64);
        j2: Joined() from (stage3d, stage2);
        stage2d: Rsu6(64);
        j1: Joined() from (stage2d, stage1);
        stage1d: Rsu7(64);
        side1: Conv2d(64 -> 1, kernel: 3, padding: 1);
        side2: Conv2d(64 -> 1, kernel: 3, padding: 1) from stage2d;
        d2: Upsample(like: side1, mode: bilinear);
        side3: Conv2d(64 -> 1, kernel: 3, padding: 1) from stage3d;
        d3: Upsample(like: side1, mode: bilinear);
        side4: Conv2d(64 -> 1, kernel: 3, padding: 1) from stage4d;
        d4: Upsample(like: side1, mode: bilinear);
        side5: Conv2d(64 -> 1, kernel: 3, padding: 1) from stage5d;
        d5: Upsample(like: side1, mode: bilinear);
        side6: Conv2d(64 -> 1, kernel: 3, padding: 1) from stage6;
        d6: Upsample(like: side1, mode: bilinear);
        Concat(side1, d2, d3, d4, d5, d6);
        outconv: Conv2d(6 -> 1, kernel: 1, activation: Sigmoid);
        output: [1, 64, 64];
    }
}

conv_chain! {
    /// Chen et al., "Simple Baselines for Image Restoration" (2022): NAFNet of width 32, as trained on SIDD.
    pub struct NafNet {
        block Gate() { halves: Split(2); Mul(halves.0, halves.1); }
        block Naf(c) {
            Permute(1, 2, 0);
            norm1: LayerNorm(c, eps: 1e-6);
            Permute(2, 0, 1);
            conv1: Conv2d(c -> 2 * c, kernel: 1);
            conv2: Conv2d(2 * c -> 2 * c, kernel: 3, padding: 1, groups: 2 * c);
            gated: Gate();
            AdaptiveAvgPool2d(1);
            #[name = "sca.1"] sca: Conv2d(c -> c, kernel: 1);
            Mul(gated, _);
            conv3: Conv2d(c -> c, kernel: 1);
            beta: Parameter([c, 1, 1]);
            Mul(_, beta);
            y: Add(input, _);
            Permute(1, 2, 0);
            norm2: LayerNorm(c, eps: 1e-6);
            Permute(2, 0, 1);
            conv4: Conv2d(c -> 2 * c, kernel: 1);
            Gate();
            conv5: Conv2d(c -> c, kernel: 1);
            gamma: Parameter([c, 1, 1]);
            Mul(_, gamma);
            Add(y, _);
        }
        block Down(c, i, depth) {
            #[name = "encoders.{i}"] e: repeat depth { #[name(transparent)] Naf(c); }
            #[name = "downs.{i}"] d: Conv2d(c -> 2 * c, kernel: 2, stride: 2);
            output: e, d;
        }
        block Up(c, i, depth) reads x, skip {
            #[name = "ups.{i}.0"] u: Conv2d(2 * c -> 4 * c, kernel: 1, bias: false) from x;
            PixelShuffle(2);
            Add(skip);
            #[name = "decoders.{i}"] repeat depth { #[name(transparent)] Naf(c); }
        }
        input: [3, 32, 32];
        intro: Conv2d(3 -> 32, kernel: 3, padding: 1);
        #[name(transparent)] a: Down(32, 0, 2);
        #[name(transparent)] b: Down(64, 1, 2) from a.d;
        #[name(transparent)] c: Down(128, 2, 4) from b.d;
        #[name(transparent)] d: Down(256, 3, 8) from c.d;
        middle_blks: repeat 12 from d.d { #[name(transparent)] Naf(512); }
        #[name(transparent)] u0: Up(256, 0, 2) from (middle_blks, d.e);
        #[name(transparent)] u1: Up(128, 1, 2) from (u0, c.e);
        #[name(transparent)] u2: Up(64, 2, 2) from (u1, b.e);
        #[name(transparent)] u3: Up(32, 3, 2) from (u2, a.e);
        ending: Conv2d(32 -> 3, kernel: 3, padding: 1);
        Add(input);
        output: [3, 32, 32];
    }
}

conv_chain! {
    /// Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks" (2018): RRDBNet of 23 blocks.
    pub struct RrdbNet {
        block Dense(nf, gc) {
            conv1: Conv2d(nf -> gc, kernel: 3, padding: 1, activation: LeakyRelu(0.2));
            Concat(input, conv1);
            conv2: Conv2d(nf + gc -> gc, kernel: 3, padding: 1, activation: LeakyRelu(0.2));
            Concat(input, conv1, conv2);
            conv3: Conv2d(nf + 2 * gc -> gc, kernel: 3, padding: 1, activation: LeakyRelu(0.2));
            Concat(input, conv1, conv2, conv3);
            conv4: Conv2d(nf + 3 * gc -> gc, kernel: 3, padding: 1, activation: LeakyRelu(0.2));
            Concat(input, conv1, conv2, conv3, conv4);
            conv5: Conv2d(nf + 4 * gc -> nf, kernel: 3, padding: 1);
            Scale(0.2);
            Add(input);
        }
        input: [3, 8, 8];
        conv_first: Conv2d(3 -> 64, kernel: 3, padding: 1);
        #[name(transparent)]
        trunk: repeat 23 {
            #[name = "RRDB_trunk.{#}.RDB1"] rdb1: Dense(64, 32);
            #[name = "RRDB_trunk.{#}.RDB2"] rdb2: Dense(64, 32);
            #[name = "RRDB_trunk.{#}.RDB3"] rdb3: Dense(64, 32);
            Scale(0.2);
            Add(input);
        }
        trunk_conv: Conv2d(64 -> 64, kernel: 3, padding: 1);
        Add(conv_first);
        Upsample(2);
        upconv1: Conv2d(64 -> 64, kernel: 3, padding: 1, activation: LeakyRelu(0.2));
        Upsample(2);
        upconv2: Conv2d(64 -> 64, kernel: 3, padding: 1, activation: LeakyRelu(0.2));
        #[name = "HRconv"] hr: Conv2d(64 -> 64, kernel: 3, padding: 1, activation: LeakyRelu(0.2));
        conv_last: Conv2d(64 -> 3, kernel: 3, padding: 1);
        output: [3, 32, 32];
    }
}

#[test]
fn published_numbers_of_parameters() {
    assert_eq!(networks::params::<U2NetP>(), 1_131_181);
    assert_eq!(networks::params::<RrdbNet>(), 16_697_987);
    // 29.16 million in the paper.
    assert_eq!(networks::params::<NafNet>(), 29_159_715);
}

#[test]
fn outputs_are_pytorchs() {
    networks::check::<U2NetP>("u2netp");
    networks::check::<NafNet>("nafnet");
    networks::check::<RrdbNet>("rrdbnet");
}
