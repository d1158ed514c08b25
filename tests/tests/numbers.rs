//! How the language reads numbers and words, shown by the layers' results.

use convshape::conv_chain;
use convshape::ndarray::{Array, arr1, arr2, arr3};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn rng() -> StdRng {
    StdRng::seed_from_u64(3)
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found}, not {expected}");
    }
}

mod cfg {
    pub(super) const LEVELS: usize = 255;
    pub(super) const SLOPE: f64 = 0.25;
    pub(super) const SMALL: f32 = 0.5;
}

conv_chain! {
    struct Quotients {
        input: [4];
        scaled: Scale(1/255);
        leaky: LeakyRelu(1/5) from input;
        clamped: Clamp(min: -1/2, max: 3/4) from input;
        powers: Scale(2 ** -2 * 1e1) from input;
        output: scaled [4], leaky [4], clamped [4], powers [4];
    }
}

/// The numbers of PyTorch: `x / 255`, `F.leaky_relu(x, 0.2)`, `x.clamp(-0.5, 0.75)`, `x * 2.5`.
#[test]
fn quotients_in_real_fields_are_real() {
    let x = arr2(&[[-255.0_f32, -0.25, 0.5, 51.0]]);
    let (scaled, leaky, clamped, powers) = Quotients::init(&mut rng()).forward_batch(x.view()).expect("the sizes fit");
    close(scaled.as_slice().unwrap(), &[-1.0, -0.25 / 255.0, 0.5 / 255.0, 0.2]);
    close(leaky.as_slice().unwrap(), &[-51.0, -0.05, 0.5, 51.0]);
    close(clamped.as_slice().unwrap(), &[-0.5, -0.25, 0.5, 0.75]);
    close(powers.as_slice().unwrap(), &[-637.5, -0.625, 1.25, 127.5]);
}

conv_chain! {
    struct Constants {
        input: [4];
        scaled: Scale(1 / cfg::LEVELS);
        leaky: LeakyRelu(cfg::SLOPE) from input;
        clamped: Clamp(min: -cfg::SMALL, max: max(cfg::SMALL, cfg::SLOPE) * 2) from input;
        output: scaled [4], leaky [4], clamped [4];
    }
}

/// Constants of any numeric type.
#[test]
fn constants_in_real_fields() {
    let x = arr2(&[[-255.0_f32, -1.0, 0.5, 51.0]]);
    let (scaled, leaky, clamped) = Constants::init(&mut rng()).forward_batch(x.view()).expect("the sizes fit");
    close(scaled.as_slice().unwrap(), &[-1.0, -1.0 / 255.0, 0.5 / 255.0, 0.2]);
    close(leaky.as_slice().unwrap(), &[-63.75, -0.25, 0.5, 51.0]);
    close(clamped.as_slice().unwrap(), &[-0.5, -0.5, 0.5, 1.0]);
}

conv_chain! {
    struct Generic<const N: usize> {
        input: [N, 4];
        Conv1d(N -> 2 ** 2 * N % 7 + (N << 1), kernel: max(1, N - 2), padding: N / 2);
        Scale(1 / N);
        output: [2 * N + 4 * N % 7, _];
    }
}

#[test]
fn operators_in_const_evaluation() {
    use convshape::Chain;
    assert_eq!(<Generic<2> as Chain>::OUTPUTS[0].1.to_string(), "[5, 6]");
    assert_eq!(<Generic<5> as Chain>::OUTPUTS[0].1.to_string(), "[16, 6]");
    let model = Generic::<2>::init(&mut rng());
    let y = model.forward_batch(Array::zeros((1, 2, 4)).view()).expect("the sizes fit");
    let bias = &model.conv1.bias;
    for (channel, bias) in bias.as_slice().iter().enumerate() {
        close(&[y[[0, channel, 0]]], &[bias / 2.0]);
    }
}

conv_chain! {
    struct Activations {
        input: [1, 2];
        a: Linear(2 -> 2, bias: false, activation: Relu(dialect: torch));
        b: Linear(2 -> 2, bias: false, activation: leaky_relu(dialect: keras)) from input;
        c: Linear(2 -> 2, bias: false, activation: LeakyRelu(dialect: keras)) from input;
        output: a [1, 2], b [1, 2], c [1, 2];
    }
}

/// keras' function `leaky_relu` has the slope 0.2, its layer 0.3.
#[test]
fn activations_in_another_dialect() {
    let mut model = Activations::init(&mut rng());
    for weight in [&mut model.a.weight, &mut model.b.weight, &mut model.c.weight] {
        weight.as_mut_slice().copy_from_slice(&[1.0, 0.0, 0.0, 1.0]);
    }
    let (a, b, c) = model.forward_batch(arr3(&[[[-1.0_f32, 2.0]]]).view()).expect("the sizes fit");
    close(a.as_slice().unwrap(), arr1(&[0.0, 2.0]).as_slice().unwrap());
    close(b.as_slice().unwrap(), &[-0.2, 2.0]);
    close(c.as_slice().unwrap(), &[-0.3, 2.0]);
}

conv_chain! {
    struct Norms {
        input: [2, 3];
        torch: LayerNorm(eps: 1e-12);
        onnx: LayerNorm(eps: 1e-12, dialect: onnx) from input;
        last: LayerNorm(3, eps: 1e-12) from input;
        output: torch [2, 3], onnx [2, 3], last [2, 3];
    }
}

conv_chain! {
    struct ChannelNorms {
        dialect: keras;
        input: [2, 2, 3];
        a: LayerNormalization(epsilon: 1e-12);
        b: LayerNorm(eps: 1e-12, dialect: flax) from input;
        output: a [2, 2, 3], b [2, 2, 3];
    }
}

/// Each row of `size` numbers with mean 0 and variance 1: the definition of a layer norm over the last axis.
fn normalised(x: &[f32], size: usize) -> Vec<f32> {
    let norm = |row: &[f32]| {
        let mean = row.iter().sum::<f32>() / row.len() as f32;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / row.len() as f32;
        row.iter().map(|x| (x - mean) / variance.sqrt()).collect::<Vec<f32>>()
    };
    x.chunks(size).flat_map(norm).collect()
}

/// Over all axes in PyTorch, over the last one in ONNX, over the channels in keras and flax.
#[test]
fn layer_norms_without_sizes() {
    let x = arr3(&[[[1.0_f32, 2.0, 4.0], [-3.0, 0.0, 8.0]]]);
    let (torch, onnx, last) = Norms::init(&mut rng()).forward_batch(x.view()).expect("the sizes fit");
    let x = x.as_slice().unwrap();
    close(torch.as_slice().unwrap(), &normalised(x, 6));
    close(onnx.as_slice().unwrap(), &normalised(x, 3));
    close(last.as_slice().unwrap(), &normalised(x, 3));
    let x = Array::from_shape_fn((1, 2, 2, 3), |(_, i, j, k)| (i * 7 + j * 3 + k * k) as f32);
    let model = ChannelNorms::init(&mut rng());
    assert_eq!(model.a.weight.shape(), [3]);
    let (a, b) = model.forward_batch(x.view()).expect("the sizes fit");
    close(a.as_slice().unwrap(), &normalised(x.as_slice().unwrap(), 3));
    close(b.as_slice().unwrap(), &normalised(x.as_slice().unwrap(), 3));
}

conv_chain! {
    struct Pools {
        input: [2, 2, 3];
        max: GlobalMaxPool;
        kept: GlobalMaxPool(keep: true) from input;
        mean: GlobalAvgPool(keep: true) from input;
        same: Identity from input;
        output: max [2], kept [2, 1, 1], mean [2, 1, 1], same [2, 2, 3];
    }
}

#[test]
fn global_pools() {
    let x = Array::from_shape_fn((1, 2, 2, 3), |(_, c, i, j)| (c as f32 - 0.5) * (i * 3 + j) as f32);
    let (max, kept, mean, same) = Pools::init(&mut rng()).forward_batch(x.view()).expect("the sizes fit");
    close(max.as_slice().unwrap(), &[0.0, 2.5]);
    close(kept.as_slice().unwrap(), &[0.0, 2.5]);
    close(mean.as_slice().unwrap(), &[-1.25, 1.25]);
    assert_eq!(same, x);
}

conv_chain! {
    struct Borders {
        input: [1, 2, 3];
        zero: ZeroPad2d((1, 0, 0, 1));
        mirrored: ReflectionPad2d(1) from input;
        edge: ReplicationPad2d((0, 2, 1, 0)) from input;
        output: zero [1, 3, 4], mirrored [1, 4, 5], edge [1, 3, 5];
    }
}

/// PyTorch's `nn.ZeroPad2d((1, 0, 0, 1))` pads one column on the left and one row below.
#[test]
fn borders_as_in_pytorch() {
    let x = Array::from_shape_vec((1, 1, 2, 3), vec![1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0]).expect("six numbers");
    let (zero, mirrored, edge) = Borders::init(&mut rng()).forward_batch(x.view()).expect("the sizes fit");
    close(zero.as_slice().unwrap(), &[0.0, 1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0, 0.0, 0.0, 0.0, 0.0]);
    close(
        mirrored.as_slice().unwrap(),
        &[5.0, 4.0, 5.0, 6.0, 5.0, 2.0, 1.0, 2.0, 3.0, 2.0, 5.0, 4.0, 5.0, 6.0, 5.0, 2.0, 1.0, 2.0, 3.0, 2.0],
    );
    close(edge.as_slice().unwrap(), &[1.0, 2.0, 3.0, 3.0, 3.0, 1.0, 2.0, 3.0, 3.0, 3.0, 4.0, 5.0, 6.0, 6.0, 6.0]);
}

conv_chain! {
    struct Drops {
        input: [8, 3, 5];
        Dropout2d(0.5);
        output: [8, 3, 5];
    }
}

/// Whole channels are dropped: a channel is zero or twice its input. The gradient is the factor.
#[test]
fn channels_are_dropped_whole() {
    use convshape::train::Mse;
    let mut model = Drops::init(&mut rng());
    let x = Array::<f32, _>::ones((3, 8, 3, 5));
    let mut rng = rng();
    // The loss is the mean square; for each channel it is 0 or 4.
    let (loss, _) = model.gradients_train(x.view(), Array::zeros((3, 8, 3, 5)).view(), Mse, &mut rng).expect("it runs");
    let kept = loss / 4.0 * 24.0;
    assert!((kept - kept.round()).abs() < 1e-4 && kept > 2.0 && kept < 22.0, "{kept} channels of 24");
}
