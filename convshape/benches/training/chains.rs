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
