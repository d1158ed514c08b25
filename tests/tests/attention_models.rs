//! Attention in models: published parameter counts, names and layouts of each framework, memory.

use std::collections::HashMap;

use convshape::ndarray::{ArrayD, Ix3, IxDyn};
use convshape::train::Mse;
use convshape::{Chain, Model, conv_chain};
use convshape_tests::networks;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

conv_chain! {
    /// ViT-S/16 of Touvron and others, "Training data-efficient image transformers" (2021), with torchvision's names.
    pub struct VitS16<const SIZE: usize> {
        block Layer(n, heads) {
            ln_1: LayerNorm(n, eps: 1e-6);
            self_attention: MultiHeadAttention(n, heads: heads);
            x: Add(input, _);
            ln_2: LayerNorm(n, eps: 1e-6);
            #[name = "mlp.0"] up: Linear(n -> 4 * n, activation: Gelu);
            #[name = "mlp.3"] down: Linear(4 * n -> n);
            Add(x, _);
        }

        input: [3, SIZE, SIZE];
        conv_proj: Conv2d(3 -> 384, kernel: 16, stride: 16);
        Flatten(from: 1);
        patches: Transpose(0, 1);
        class_token: Parameter([1, 384]);
        #[name = "encoder.pos_embedding"] position: Parameter([(SIZE / 16) ** 2 + 1, 384], init: normal(0.02));
        Concat(class_token, patches, axis: 0);
        Add(_, position);
        #[name(transparent)] repeat i in 0..12 { #[name = "encoder.layers.encoder_layer_{i}"] Layer(384, 6); }
        #[name = "encoder.ln"] LayerNorm(384, eps: 1e-6);
        Slice(0..1, axis: 0);
        Flatten;
        #[name = "heads.head"] head: Linear(384 -> 1000);
        output: [1000];
    }
}

conv_chain! {
    /// The encoder of Whisper-tiny (Radford and others, "Robust Speech Recognition via Large-Scale Weak Supervision",
    /// 2022) on 24 frames.
    pub struct WhisperEncoder {
        block Layer(n, heads) {
            attn_ln: LayerNorm(n);
            #[name = "attn.query"] q: Linear(n -> n) from attn_ln;
            #[name = "attn.key"] k: Linear(n -> n, bias: false) from attn_ln;
            #[name = "attn.value"] v: Linear(n -> n) from attn_ln;
            Attention(q, k, v, heads: heads);
            #[name = "attn.out"] out: Linear(n -> n);
            y: Add(input, _);
            mlp_ln: LayerNorm(n);
            #[name = "mlp.0"] up: Linear(n -> 4 * n, activation: Gelu);
            #[name = "mlp.2"] down: Linear(4 * n -> n);
            Add(y, _);
        }

        input: mel [80, 24];
        conv1: Conv1d(80 -> 384, kernel: 3, padding: 1, activation: Gelu);
        conv2: Conv1d(384 -> 384, kernel: 3, stride: 2, padding: 1, activation: Gelu);
        x: Transpose(0, 1);
        bands: Arange(192);
        Scale(-9.210340371976184 / 191) from bands;   // the logarithm of 10000
        rates: Exp;
        frames: Arange(12);
        time: Reshape([12, 1]) from frames;
        angles: Mul(time, rates);
        sines: Sin;
        cosines: Cos from angles;
        Concat(sines, cosines, axis: 1);
        Add(x, _);
        blocks: repeat 4 { #[name(transparent)] Layer(384, 6); }
        ln_post: LayerNorm(384);
        output: [12, 384];
    }
}

conv_chain! {
    /// The decoder of latent diffusion (Rombach and others, "High-Resolution Image Synthesis with Latent Diffusion
    /// Models", 2022), with the convolution after the quantiser.
    pub struct VaeDecoder {
        block Res(from, to) {
            norm1: GroupNorm(from, groups: 32, eps: 1e-6, activation: Silu);
            conv1: Conv2d(from -> to, kernel: 3, padding: 1);
            norm2: GroupNorm(to, groups: 32, eps: 1e-6, activation: Silu);
            conv2: Conv2d(to -> to, kernel: 3, padding: 1);
            if from == to { s: Identity from input; } else { nin_shortcut: Conv2d(from -> to, kernel: 1) from input; }
            Add(conv2, _);
        }
        block Attend(n) {
            norm: GroupNorm(n, groups: 32, eps: 1e-6);
            Flatten(from: 1);
            h: Transpose(0, 1);
            q: Linear(n -> n);
            k: Linear(n -> n) from h;
            v: Linear(n -> n) from h;
            Attention(q, k, v);
            proj_out: Linear(n -> n);
            Transpose(0, 1);
            Reshape(like: input);
            Add(input, _);
        }

        input: [4, 4, 4];
        post_quant_conv: Conv2d(4 -> 4, kernel: 1);
        #[name = "decoder.conv_in"] Conv2d(4 -> 512, kernel: 3, padding: 1);
        #[name = "decoder.mid.block_1"] Res(512, 512);
        #[name = "decoder.mid.attn_1"] Attend(512);
        #[name = "decoder.mid.block_2"] Res(512, 512);
        #[name(transparent)]
        repeat (i, from, to) in [(3, 512, 512), (2, 512, 512), (1, 512, 256), (0, 256, 128)] {
            #[name = "decoder.up.{i}.block.0"] Res(from, to);
            #[name = "decoder.up.{i}.block.1"] Res(to, to);
            #[name = "decoder.up.{i}.block.2"] Res(to, to);
            if i > 0 {
                Upsample(2);
                #[name = "decoder.up.{i}.upsample.conv"] conv: Conv2d(to -> to, kernel: 3, padding: 1);
            }
        }
        #[name = "decoder.norm_out"] GroupNorm(128, groups: 32, eps: 1e-6, activation: Silu);
        #[name = "decoder.conv_out"] Conv2d(128 -> 3, kernel: 3, padding: 1);
        output: [3, 32, 32];
    }
}

conv_chain! {
    /// Mehta and Rastegari, "MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer" (2022), with
    /// the names of timm. Attention is in four groups of positions, which are an axis in front of the tokens.
    pub struct MobileVitS {
        block ConvBn(to, k, s = 1) {
            conv: Conv2d(to, kernel: k, stride: s, padding: k / 2, bias: false);
            bn: BatchNorm2d;
            Silu;
        }
        block Bottle(from, to, s) {
            conv1_1x1: ConvBn(4 * from, 1);
            #[name = "conv2_kxk.conv"] Conv2d(4 * from, kernel: 3, stride: s, padding: 1, groups: 4 * from, bias: false);
            #[name = "conv2_kxk.bn"] BatchNorm2d; Silu;
            #[name = "conv3_1x1.conv"] Conv2d(to, kernel: 1, bias: false);
            #[name = "conv3_1x1.bn"] y: BatchNorm2d;
            if from == to && s == 1 { Add(input, y); }
        }
        block Transformer(n, heads) {
            norm1: LayerNorm(n);
            #[name = "attn.qkv"] Linear(n -> 3 * n);
            qkv: Split(3, axis: -1);
            Attention(qkv.0, qkv.1, qkv.2, heads: heads);
            #[name = "attn.proj"] Linear(n -> n);
            x: Add(input, _);
            norm2: LayerNorm(n);
            #[name = "mlp.fc1"] Linear(n -> 2 * n, activation: Silu);
            #[name = "mlp.fc2"] Linear(2 * n -> n);
            Add(x, _);
        }
        block MVit(c, n, depth, size) {
            conv_kxk: ConvBn(c, 3);
            conv_1x1: Conv2d(n, kernel: 1, bias: false);
            Unflatten(1, [size, 2]);
            Unflatten(3, [size, 2]);
            Permute(2, 4, 1, 3, 0);
            Reshape([4, size * size, n]);
            transformer: repeat depth { #[name(transparent)] Transformer(n, 4); }
            norm: LayerNorm(n);
            Reshape([2, 2, size, size, n]);
            Permute(4, 2, 0, 3, 1);
            Reshape([n, 2 * size, 2 * size]);
            conv_proj: ConvBn(c, 1);
            Concat(input, _);
            conv_fusion: ConvBn(c, 3);
        }
        input: [3, 64, 64];
        stem: ConvBn(16, 3, 2);
        #[name = "stages.0.0"] Bottle(16, 32, 1);
        #[name = "stages.1.0"] Bottle(32, 64, 2);
        #[name = "stages.1.1"] Bottle(64, 64, 1);
        #[name = "stages.1.2"] Bottle(64, 64, 1);
        #[name = "stages.2.0"] Bottle(64, 96, 2);
        #[name = "stages.2.1"] MVit(96, 144, 2, 4);
        #[name = "stages.3.0"] Bottle(96, 128, 2);
        #[name = "stages.3.1"] MVit(128, 192, 4, 2);
        #[name = "stages.4.0"] Bottle(128, 160, 2);
        #[name = "stages.4.1"] MVit(160, 240, 3, 1);
        final_conv: ConvBn(640, 1);
        GlobalAvgPool;
        #[name = "head.fc"] Linear(640 -> 1000);
        output: [1000];
    }
}

/// For each pair of positions of a window, the row of the table of relative positions.
const RELATIVE: [usize; 256] = {
    let mut rows = [0; 256];
    let mut pair = 0;
    while pair < 256 {
        let (query, key) = (pair / 16, pair % 16);
        let (down, right) = (query / 4 + 3 - key / 4, query % 4 + 3 - key % 4);
        rows[pair] = 7 * down + right;
        pair += 1;
    }
    rows
};

/// After a shift by 2, the windows at the border hold positions that are not neighbours.
static APART: [[[f32; 16]; 16]; 4] = {
    let mut mask = [[[0.0; 16]; 16]; 4];
    let mut at = 0;
    while at < 4 * 256 {
        let (window, query, key) = (at / 256, at / 16 % 16, at % 16);
        let rows = window / 2 == 1 && (query / 8 != key / 8);
        let columns = window % 2 == 1 && (query % 4 / 2 != key % 4 / 2);
        if rows || columns {
            mask[window][query][key] = -100.0;
        }
        at += 1;
    }
    mask
};

conv_chain! {
    /// Two blocks and the merging of patches of Liu and others, "Swin Transformer: Hierarchical Vision Transformer using
    /// Shifted Windows" (2021), with torchvision's names. Windows are an axis in front of the tokens.
    pub struct Swin {
        block Roll(by) {
            top: Slice(..by, axis: 0);
            below: Slice(by.., axis: 0) from input;
            rows: Concat(below, top, axis: 0);
            left: Slice(..by, axis: 1);
            right: Slice(by.., axis: 1) from rows;
            Concat(right, left, axis: 1);
        }
        block Shifted(n, heads, shift) {
            norm1: LayerNorm(n);
            if shift > 0 { Roll(shift); }
            Reshape([2, 4, 2, 4, n]);
            Permute(0, 2, 1, 3, 4);
            windows: Reshape([4, 16, n]);
            #[name = "attn.relative_position_bias_table"] table: Parameter([49, heads], init: normal(0.02));
            relative: OneHot(RELATIVE, [256, 49]);
            MatMul(relative, table);
            Transpose(0, 1);
            bias: Reshape([heads, 16, 16]);
            if shift > 0 {
                mask: Constant(APART, [4, 1, 16, 16]);
                added: Add(bias, mask);
            } else {
                added: Identity from bias;
            }
            #[name = "attn.qkv"] Linear(n -> 3 * n) from windows;
            qkv: Split(3, axis: -1);
            Attention(qkv.0, qkv.1, qkv.2, added, heads: heads);
            #[name = "attn.proj"] Linear(n -> n);
            Reshape([2, 2, 4, 4, n]);
            Permute(0, 2, 1, 3, 4);
            Reshape([8, 8, n]);
            if shift > 0 { Roll(-shift); }
            x: Add(input, _);
            norm2: LayerNorm(n);
            #[name = "mlp.0"] Linear(n -> 4 * n, activation: Gelu);
            #[name = "mlp.3"] Linear(4 * n -> n);
            Add(x, _);
        }
        input: [8, 8, 32];
        #[name = "0"] Shifted(32, 2, 0);
        #[name = "1"] Shifted(32, 2, 2);
        Reshape([4, 2, 4, 2, 32]);
        Permute(0, 2, 3, 1, 4);
        Reshape([4, 4, 128]);
        #[name = "2.norm"] LayerNorm(128);
        #[name = "2.reduction"] Linear(128 -> 64, bias: false);
        output: [4, 4, 64];
    }
}

#[test]
fn published_numbers_of_parameters() {
    assert_eq!(MobileVitS::summary().params(), 5_578_632);
    assert_eq!(VitS16::<224>::summary().params(), 22_050_664);
    assert_eq!(VaeDecoder::summary().params(), 49_490_199);
    // 8,208,384 with the 1500 rows of sinusoids.
    assert_eq!(WhisperEncoder::summary().params(), 8_208_384 - 1500 * 384);
}

#[test]
fn outputs_are_pytorchs() {
    networks::check::<VitS16<64>>("vit_s16");
    networks::check::<WhisperEncoder>("whisper_tiny");
    networks::check::<VaeDecoder>("vae_decoder");
    networks::check::<MobileVitS>("mobilevit_s");
    networks::check::<Swin>("swin");
}

/// 4.6 G as the papers count, who include attention itself.
#[test]
fn multiply_accumulates_of_a_vision_transformer() {
    let linear = 197 * 12 * 384 * 384;
    let attention = 2 * 197 * 197 * 384;
    let ends = 196 * 384 * 3 * 16 * 16 + 384 * 1000;
    assert_eq!(VitS16::<224>::summary().macs(), 12 * (linear + attention) + ends);
}

conv_chain! { struct Torch { input: [5, 8]; m: MultiHeadAttention(8, heads: 2); output: [5, 8]; } }
conv_chain! {
    struct Flax {
        dialect: flax;
        input: [5, 8];
        m: MultiHeadDotProductAttention(num_heads: 2);
        output: [5, 8];
    }
}
conv_chain! {
    struct Keras {
        dialect: keras;
        input: [5, 8];
        m: MultiHeadAttention(num_heads: 2, key_dim: 4);
        output: [5, 8];
    }
}

fn shapes<M: Model>(model: &M) -> Vec<(String, Vec<usize>)> {
    let mut shapes = Vec::new();
    model.for_each_param(|name, param| shapes.push((name.to_owned(), param.shape().to_vec())));
    shapes
}

#[test]
fn names_and_layouts_are_the_frameworks() {
    let mut rng = StdRng::seed_from_u64(1);
    let all = |list: &[(&str, &[usize])]| -> Vec<(String, Vec<usize>)> {
        list.iter().map(|(name, shape)| ((*name).to_owned(), shape.to_vec())).collect()
    };
    let torch = Torch::init(&mut rng);
    assert_eq!(
        shapes(&torch),
        all(&[
            ("m.in_proj_weight", &[24, 8]),
            ("m.in_proj_bias", &[24]),
            ("m.out_proj.weight", &[8, 8]),
            ("m.out_proj.bias", &[8]),
        ])
    );
    assert_eq!(torch.m.in_proj_weight.shape(), [24, 8]);
    assert_eq!(torch.m.out_proj_weight.shape(), [8, 8]);
    assert_eq!(
        shapes(&Flax::init(&mut rng)),
        all(&[
            ("m.query.kernel", &[8, 2, 4]),
            ("m.query.bias", &[2, 4]),
            ("m.key.kernel", &[8, 2, 4]),
            ("m.key.bias", &[2, 4]),
            ("m.value.kernel", &[8, 2, 4]),
            ("m.value.bias", &[2, 4]),
            ("m.out.kernel", &[2, 4, 8]),
            ("m.out.bias", &[8]),
        ])
    );
    assert_eq!(
        shapes(&Keras::init(&mut rng)),
        all(&[
            ("m/query/kernel", &[8, 2, 4]),
            ("m/query/bias", &[2, 4]),
            ("m/key/kernel", &[8, 2, 4]),
            ("m/key/bias", &[2, 4]),
            ("m/value/kernel", &[8, 2, 4]),
            ("m/value/bias", &[2, 4]),
            ("m/attention_output/kernel", &[2, 4, 8]),
            ("m/attention_output/bias", &[8]),
        ])
    );
}

/// `xavier_uniform_` for the packed weight, zeros for biases, a linear layer's default for the last one.
#[test]
fn fresh_parameters_are_drawn_as_pytorch_draws_them() {
    let model = Torch::init(&mut StdRng::seed_from_u64(2));
    let largest = |numbers: &[f32]| numbers.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let bound = (6.0_f32 / 32.0).sqrt();
    assert!((0.8 * bound..=bound).contains(&largest(model.m.in_proj_weight.as_slice())));
    let bound = 1.0 / 8.0_f32.sqrt();
    assert!((0.8 * bound..=bound).contains(&largest(model.m.out_proj_weight.as_slice())));
    assert!(model.m.in_proj_bias.as_slice().iter().chain(model.m.out_proj_bias.as_slice()).all(|bias| *bias == 0.0));
}

fn random(shape: &[usize], seed: u64) -> ArrayD<f32> {
    let mut rng = StdRng::seed_from_u64(seed);
    ArrayD::from_shape_fn(IxDyn(shape), |_| rng.random_range(-1.0..1.0))
}

/// The same numbers under three frameworks' names give the same output and gradients.
#[test]
fn dialects_agree() {
    let mut torch = Torch::init(&mut StdRng::seed_from_u64(3));
    torch.for_each_param_mut(|name, param| {
        let numbers = random(&[param.as_slice().len()], name.len() as u64);
        param.as_mut_slice().copy_from_slice(numbers.as_slice().expect("dense"));
    });
    let mut parts: HashMap<&str, Vec<f32>> = HashMap::new();
    for (place, name) in ["query", "key", "value"].into_iter().enumerate() {
        let rows = &torch.m.in_proj_weight.as_slice()[place * 64..][..64];
        parts.insert(name, (0..64).map(|at| rows[at % 8 * 8 + at / 8]).collect());
    }
    let rows = torch.m.out_proj_weight.as_slice();
    parts.insert("out", (0..64).map(|at| rows[at % 8 * 8 + at / 8]).collect());
    let fill = |name: &str, numbers: &mut [f32]| {
        let place = ["query", "key", "value"].iter().position(|part| name.contains(part));
        let bias = match place {
            Some(place) => &torch.m.in_proj_bias.as_slice()[place * 8..][..8],
            None => torch.m.out_proj_bias.as_slice(),
        };
        let weight = &parts[place.map_or("out", |place| ["query", "key", "value"][place])];
        numbers.copy_from_slice(if name.ends_with("bias") { bias } else { weight });
    };
    let mut flax = Flax::init(&mut StdRng::seed_from_u64(3));
    flax.for_each_param_mut(|name, param| fill(name, param.as_mut_slice()));
    let mut keras = Keras::init(&mut StdRng::seed_from_u64(3));
    keras.for_each_param_mut(|name, param| fill(name, param.as_mut_slice()));

    let (x, dy) = (random(&[3, 5, 8], 8), random(&[3, 5, 8], 9));
    let expected = Model::forward_batch(&torch, &[x.view()]).expect("runs");
    let (dx, _) = Model::vjp(&torch, &[x.view()], &[dy.view()]).expect("runs");
    let check = |found: &ArrayD<f32>, expected: &ArrayD<f32>| {
        let worst = (found - expected).iter().fold(0.0_f32, |most, apart| most.max(apart.abs()));
        assert!(worst < 1e-5, "{worst}");
    };
    for (y, gradient) in [
        (Model::forward_batch(&flax, &[x.view()]), Model::vjp(&flax, &[x.view()], &[dy.view()]).map(|(dx, _)| dx)),
        (Model::forward_batch(&keras, &[x.view()]), Model::vjp(&keras, &[x.view()], &[dy.view()]).map(|(dx, _)| dx)),
    ] {
        check(&y.expect("runs")[0], &expected[0]);
        check(&gradient.expect("runs")[0], &dx[0]);
    }
}

/// A saved model can be loaded, with the names of each framework.
#[test]
fn files_hold_all_parameters() {
    let path = std::env::temp_dir().join(format!("convshape-attention-{}.safetensors", std::process::id()));
    let model = Flax::init(&mut StdRng::seed_from_u64(4));
    model.save(&path).expect("is writable");
    let loaded = Flax::load(&path).expect("has all");
    std::fs::remove_file(&path).expect("is there");
    let x = random(&[1, 5, 8], 5);
    assert_eq!(
        Model::forward_batch(&model, &[x.view()]).expect("runs"),
        Model::forward_batch(&loaded, &[x.view()]).expect("runs")
    );
}

/// Run-time sizes, with tokens that do not see later ones: a prefix gives the same rows.
#[test]
fn a_causal_prefix_does_not_see_what_follows() {
    conv_chain! {
        struct Causal {
            for n in 1..;
            input: [n, 12];
            MultiHeadAttention(12, heads: 3, causal: true);
            output: [n, 12];
        }
    }
    let model = Causal::init(&mut StdRng::seed_from_u64(6));
    let x = random(&[2, 70, 12], 7);
    let whole = Model::forward_batch(&model, &[x.view()]).expect("runs").remove(0);
    for n in [1, 24, 25, 69] {
        let part = x.slice(convshape::ndarray::s![.., ..n, ..]).into_dyn();
        let found = Model::forward_batch(&model, &[part]).expect("runs").remove(0);
        let expected = whole.slice(convshape::ndarray::s![.., ..n, ..]);
        assert!(found.iter().zip(expected.iter()).all(|(a, b)| (a - b).abs() < 1e-5), "{n}");
    }
}

/// A row of minus infinities gives zeros, as in PyTorch since 2.5, and no gradient.
#[test]
fn a_query_that_sees_nothing_gives_zeros() {
    conv_chain! {
        struct Masked {
            input: x [3, 4], mask [3, 3];
            a: Attention(x, x, x, mask, heads: 2);
            output: a [3, 4];
        }
    }
    let model = Masked::init(&mut StdRng::seed_from_u64(1));
    let x = random(&[1, 3, 4], 8);
    let mut mask = ArrayD::zeros(IxDyn(&[1, 3, 3]));
    mask.slice_mut(convshape::ndarray::s![0, 1, ..]).fill(f32::NEG_INFINITY);
    mask[[0, 2, 0]] = f32::NEG_INFINITY;
    let y = Model::forward_batch(&model, &[x.view(), mask.view()]).expect("runs").remove(0);
    assert!(y.iter().all(|y| y.is_finite()), "{y}");
    assert!(y.slice(convshape::ndarray::s![0, 1, ..]).iter().all(|y| *y == 0.0), "{y}");
    let (dx, _) = Model::vjp(&model, &[x.view(), mask.view()], &[y.view()]).expect("runs");
    assert!(dx.iter().flatten().all(|dx| dx.is_finite()));
}

/// Twice as many tokens need about twice the memory: no value has tokens x tokens elements.
#[test]
fn memory_grows_with_the_tokens_alone() {
    conv_chain! { struct Few { input: [1024, 16]; MultiHeadAttention(16, heads: 2); output: [1024, 16]; } }
    conv_chain! { struct Many { input: [2048, 16]; MultiHeadAttention(16, heads: 2); output: [2048, 16]; } }
    const { assert!(Many::WORKSPACE_BYTES < 2 * Few::WORKSPACE_BYTES + 4096) };
    const { assert!(Many::WORKSPACE_BYTES < 2048 * 2048) };
}

/// Dropout of weights: drawn in training, keeping the expected value.
#[test]
fn dropped_weights() {
    conv_chain! {
        struct Dropped { input: [6, 8]; MultiHeadAttention(8, heads: 2, dropout: 0.25); output: [6, 8]; }
    }
    let mut model = Dropped::init(&mut StdRng::seed_from_u64(1));
    let (x, target) = (random(&[4, 6, 8], 2), random(&[4, 6, 8], 3));
    let (x, target) =
        (x.into_dimensionality::<Ix3>().expect("3 axes"), target.into_dimensionality::<Ix3>().expect("3 axes"));
    let (plain, _) = model.gradients(x.view(), target.view(), Mse).expect("runs");
    let mut rng = StdRng::seed_from_u64(4);
    let losses: Vec<f32> =
        (0..50).map(|_| model.gradients_train(x.view(), target.view(), Mse, &mut rng).expect("runs").0).collect();
    assert!(losses.iter().any(|loss| *loss != losses[0]));
    let mean = losses.iter().sum::<f32>() / 50.0;
    assert!((mean - plain).abs() < 0.2 * plain, "{mean} {plain}");
}

/// One row of the layers, with all parameters and multiply-accumulates.
#[test]
fn a_layer_is_one_row() {
    let [row] = Torch::LAYERS else { panic!("one layer") };
    assert_eq!((row.name, row.op, row.params), ("m", "MultiHeadAttention", 4 * 64 + 32));
    assert_eq!(row.macs, 5 * 4 * 64 + 2 * 5 * 5 * 8);
}
