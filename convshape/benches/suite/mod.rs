//! The networks and layers that are timed.

use convshape::__private::{InputSlices, OutputSlices, Parts, forward_into};
use convshape::rand::rngs::Xoshiro256PlusPlus;
use convshape::{Model, Workspace, conv_chain};

conv_chain! {
    /// Digits through a code of 64 numbers and back.
    pub struct MnistAe {
        input: [1, 28, 28];
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 64, kernel: 7, activation: Relu);
        dec3: ConvTranspose2d(64 -> 32, kernel: 7, activation: Relu);
        dec2: ConvTranspose2d(32 -> 16, kernel: 3, stride: 2, padding: 1, output_padding: 1, activation: Relu);
        dec1: ConvTranspose2d(16 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 1, activation: Sigmoid);
        output: [1, 28, 28];
    }
}

conv_chain! {
    /// The generator of a DCGAN.
    pub struct DcganG {
        input: [100, 1, 1];
        c1: ConvTranspose2d(100 -> 512, kernel: 4, bias: false);
        n1: BatchNorm(512, activation: Relu);
        c2: ConvTranspose2d(512 -> 256, kernel: 4, stride: 2, padding: 1, bias: false);
        n2: BatchNorm(256, activation: Relu);
        c3: ConvTranspose2d(256 -> 128, kernel: 4, stride: 2, padding: 1, bias: false);
        n3: BatchNorm(128, activation: Relu);
        c4: ConvTranspose2d(128 -> 64, kernel: 4, stride: 2, padding: 1, bias: false);
        n4: BatchNorm(64, activation: Relu);
        c5: ConvTranspose2d(64 -> 3, kernel: 4, stride: 2, padding: 1, bias: false, activation: Tanh);
        output: [3, 64, 64];
    }
}

conv_chain! {
    /// The discriminator of a DCGAN.
    pub struct DcganD {
        input: [3, 64, 64];
        c1: Conv2d(3 -> 64, kernel: 4, stride: 2, padding: 1, bias: false, activation: LeakyRelu(0.2));
        c2: Conv2d(64 -> 128, kernel: 4, stride: 2, padding: 1, bias: false);
        n2: BatchNorm(128, activation: LeakyRelu(0.2));
        c3: Conv2d(128 -> 256, kernel: 4, stride: 2, padding: 1, bias: false);
        n3: BatchNorm(256, activation: LeakyRelu(0.2));
        c4: Conv2d(256 -> 512, kernel: 4, stride: 2, padding: 1, bias: false);
        n4: BatchNorm(512, activation: LeakyRelu(0.2));
        c5: Conv2d(512 -> 1, kernel: 4, bias: false, activation: Sigmoid);
        output: [1, 1, 1];
    }
}

conv_chain! {
    /// A U-Net of three resolutions.
    pub struct UnetS {
        block Double(inputs, outputs) {
            c1: Conv2d(inputs -> outputs, kernel: 3, padding: 1, bias: false);
            n1: BatchNorm(outputs, activation: Relu);
            c2: Conv2d(outputs -> outputs, kernel: 3, padding: 1, bias: false);
            n2: BatchNorm(outputs, activation: Relu);
        }
        input: [3, 128, 128];
        d1: Double(3, 32);
        MaxPool2d(2);
        d2: Double(32, 64);
        MaxPool2d(2);
        d3: Double(64, 128);
        up2: ConvTranspose2d(128 -> 64, kernel: 2, stride: 2);
        Concat(d2, _);
        u2: Double(128, 64);
        up1: ConvTranspose2d(64 -> 32, kernel: 2, stride: 2);
        Concat(d1, _);
        u1: Double(64, 32);
        head: Conv2d(32 -> 1, kernel: 1);
        output: [1, 128, 128];
    }
}

conv_chain! {
    /// Audio downsampled by 40, and back.
    pub struct AudioAe {
        input: [1, 16000];
        e1: Conv1d(1 -> 32, kernel: 7, padding: 3, activation: Elu);
        e2: Conv1d(32 -> 64, kernel: 4, stride: 2, padding: 1, activation: Elu);
        e3: Conv1d(64 -> 128, kernel: 8, stride: 4, padding: 2, activation: Elu);
        e4: Conv1d(128 -> 256, kernel: 10, stride: 5, padding: 3, activation: Elu);
        d4: ConvTranspose1d(256 -> 128, kernel: 10, stride: 5, padding: 3, output_padding: 1, activation: Elu);
        d3: ConvTranspose1d(128 -> 64, kernel: 8, stride: 4, padding: 2, activation: Elu);
        d2: ConvTranspose1d(64 -> 32, kernel: 4, stride: 2, padding: 1, activation: Elu);
        d1: ConvTranspose1d(32 -> 1, kernel: 7, padding: 3);
        output: [1, 16000];
    }
}

conv_chain! {
    /// Voxels to a quarter of their resolution and back.
    pub struct VoxAe {
        input: [1, 32, 32, 32];
        e1: Conv3d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        e2: Conv3d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        d2: ConvTranspose3d(32 -> 16, kernel: 3, stride: 2, padding: 1, output_padding: 1, activation: Relu);
        d1: ConvTranspose3d(16 -> 1, kernel: 3, stride: 2, padding: 1, output_padding: 1);
        output: [1, 32, 32, 32];
    }
}

conv_chain! {
    /// Depthwise-separable convolutions.
    pub struct MobileBlock {
        block Separable(inputs, outputs, step) {
            dw: Conv2d(inputs -> inputs, kernel: 3, stride: step, padding: 1, groups: inputs);
            dn: BatchNorm(inputs, activation: Relu);
            pw: Conv2d(inputs -> outputs, kernel: 1);
            pn: BatchNorm(outputs, activation: Relu);
        }
        input: [3, 64, 64];
        stem: Conv2d(3 -> 32, kernel: 3, stride: 2, padding: 1);
        norm: BatchNorm(32, activation: Relu);
        b1: Separable(32, 64, 1);
        b2: Separable(64, 128, 2);
        b3: Separable(128, 128, 1);
        output: [128, 16, 16];
    }
}

conv_chain! {
    /// Depthwise-separable convolutions on channels-last tensors.
    pub struct MobileBlockLast {
        dialect: keras;
        block Separable(inputs, outputs, step) {
            dw: Conv2d(inputs -> inputs, kernel: 3, stride: step, padding: 1, groups: inputs, dialect: torch);
            dn: BatchNorm(inputs, activation: Relu, dialect: torch);
            pw: Conv2d(inputs -> outputs, kernel: 1, dialect: torch);
            pn: BatchNorm(outputs, activation: Relu, dialect: torch);
        }
        input: [64, 64, 3];
        stem: Conv2d(3 -> 32, kernel: 3, stride: 2, padding: 1, dialect: torch);
        norm: BatchNorm(32, activation: Relu, dialect: torch);
        b1: Separable(32, 64, 1);
        b2: Separable(64, 128, 2);
        b3: Separable(128, 128, 1);
        output: [16, 16, 128];
    }
}

/// Chains of one layer, on tensors with the channels first and last.
macro_rules! layer {
    (
        $first:ident, $last:ident: [$inputs:literal, $from:literal, $_:literal] -> [$outputs:literal, $to:literal, $__:literal],
        $layer:ident($($argument:tt)*)
    ) => {
        conv_chain! {
            /// One layer.
            pub(crate) struct $first {
                input: [$inputs, $from, $from];
                c: $layer($inputs -> $outputs, $($argument)*);
                output: [$outputs, $to, $to];
            }
        }
        conv_chain! {
            /// One layer on channels-last tensors.
            pub(crate) struct $last {
                dialect: keras;
                input: [$from, $from, $inputs];
                c: $layer($inputs -> $outputs, $($argument)*, dialect: torch);
                output: [$to, $to, $outputs];
            }
        }
    };
}

layer!(C128K1, C128K1Last: [128, 28, 28] -> [128, 28, 28], Conv2d(kernel: 1));
layer!(C16C32K3, C16C32K3Last: [16, 28, 28] -> [32, 28, 28], Conv2d(kernel: 3, padding: 1));
layer!(C256K3, C256K3Last: [256, 14, 14] -> [256, 14, 14], Conv2d(kernel: 3, padding: 1));
layer!(C3K4S2, C3K4S2Last: [3, 64, 64] -> [64, 32, 32], Conv2d(kernel: 4, stride: 2, padding: 1));
layer!(C64K3, C64K3Last: [64, 56, 56] -> [64, 56, 56], Conv2d(kernel: 3, padding: 1));
layer!(Dil32, Dil32Last: [32, 28, 28] -> [32, 28, 28], Conv2d(kernel: 3, padding: 2, dilation: 2));
layer!(Dw64, Dw64Last: [64, 56, 56] -> [64, 56, 56], Conv2d(kernel: 3, padding: 1, groups: 64));
layer!(T128, T128Last: [128, 16, 16] -> [64, 32, 32], ConvTranspose2d(kernel: 4, stride: 2, padding: 1));
layer!(T256, T256Last: [256, 8, 8] -> [128, 16, 16], ConvTranspose2d(kernel: 4, stride: 2, padding: 1));
layer!(T32, T32Last: [32, 7, 7] -> [16, 14, 14], ConvTranspose2d(kernel: 3, stride: 2, padding: 1, output_padding: 1));
layer!(T512, T512Last: [512, 4, 4] -> [256, 8, 8], ConvTranspose2d(kernel: 4, stride: 2, padding: 1));
layer!(T64, T64Last: [64, 32, 32] -> [3, 64, 64], ConvTranspose2d(kernel: 4, stride: 2, padding: 1));

/// A case by the name of its network.
pub(crate) trait Visit {
    /// The result.
    type Output;
    /// Called with the network. `Parts` has its layers as data.
    fn visit<M: Model + Parts>(self, init: fn(&mut Xoshiro256PlusPlus) -> M) -> Self::Output;
}

/// The names of all cases, without those of training.
#[allow(dead_code, reason = "a runner is told the cases")]
pub(crate) const CASES: [&str; 22] = [
    "audio_ae_b1",
    "dcgan_d_b1",
    "dcgan_d_b16",
    "dcgan_g_b1",
    "dcgan_g_b16",
    "mnist_ae_b1",
    "mnist_ae_b64",
    "mobile_block_b1",
    "unet_s_b1",
    "vox_ae_b1",
    "l_c128_28_k1",
    "l_c16_32_28_k3",
    "l_c256_14_k3",
    "l_c3_64_64_k4s2",
    "l_c64_56_k3",
    "l_dil32_28_k3d2",
    "l_dw64_56_k3",
    "l_t128_64_16",
    "l_t256_128_8",
    "l_t32_16_7_k3",
    "l_t512_256_4",
    "l_t64_3_32",
];

/// The networks by name, and those that also take channels-last tensors.
macro_rules! networks {
    ($($name:literal => $first:ident $(, $last:ident)?;)+) => {
        /// Calls `visit` with the network of a case, `name_b16` or `name`; `None` if there is none.
        pub(crate) fn with_case<V: Visit>(case: &str, visit: V) -> Option<V::Output> {
            match split(case).0 {
                $($name => Some(visit.visit($first::init)),)+
                _ => None,
            }
        }

        /// Like [`with_case`], on channels-last tensors: for single layers, whose input and output would otherwise be
        /// converted.
        #[allow(dead_code, reason = "not all compare them")]
        pub(crate) fn with_channels_last<V: Visit>(case: &str, visit: V) -> Option<V::Output> {
            match split(case).0 {
                $($($name => Some(visit.visit($last::init)),)?)+
                _ => None,
            }
        }
    };
}

networks! {
    "audio_ae" => AudioAe;
    "dcgan_d" => DcganD;
    "dcgan_g" => DcganG;
    "mnist_ae" => MnistAe;
    "mobile_block" => MobileBlock, MobileBlockLast;
    "unet_s" => UnetS;
    "vox_ae" => VoxAe;
    "l_c128_28_k1" => C128K1, C128K1Last;
    "l_c16_32_28_k3" => C16C32K3, C16C32K3Last;
    "l_c256_14_k3" => C256K3, C256K3Last;
    "l_c3_64_64_k4s2" => C3K4S2, C3K4S2Last;
    "l_c64_56_k3" => C64K3, C64K3Last;
    "l_dil32_28_k3d2" => Dil32, Dil32Last;
    "l_dw64_56_k3" => Dw64, Dw64Last;
    "l_t128_64_16" => T128, T128Last;
    "l_t256_128_8" => T256, T256Last;
    "l_t32_16_7_k3" => T32, T32Last;
    "l_t512_256_4" => T512, T512Last;
    "l_t64_3_32" => T64, T64Last;
}

/// The network and the size of the batch.
pub(crate) fn split(case: &str) -> (&str, usize) {
    match case.rsplit_once("_b").map(|(name, batch)| (name, batch.parse())) {
        Some((name, Ok(batch))) => (name, batch),
        _ => (case, 1),
    }
}

/// Runs a sample of a network with one input and one output, into existing memory.
#[allow(dead_code, reason = "some run batches alone")]
pub(crate) fn run_one<M: Parts>(model: &M, x: &[f32], y: &mut [f32], workspace: &mut Workspace) {
    forward_into(model, One(x), One(y), workspace);
}

/// The elements of a model's only input or output.
struct One<T>(T);

impl InputSlices<()> for One<&[f32]> {
    fn with_slices<R>(self, f: impl FnOnce(&[&[f32]]) -> R) -> R {
        f(&[self.0])
    }
}

impl OutputSlices<()> for One<&mut [f32]> {
    fn with_slices<R>(self, f: impl FnOnce(&mut [&mut [f32]]) -> R) -> R {
        f(&mut [self.0])
    }
}
