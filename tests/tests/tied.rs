//! Tied weights: a layer that undoes another with that layer's weight.

use convshape::train::{Adam, Mse};
use convshape::{Chain, Model, Param, conv_chain};
use ndarray::{Array4, ArrayView4};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

conv_chain! {
    /// Strides, groups, a bias, and a weight that is used three times.
    struct Tied {
        input: [2, 6, 6];
        enc1: Conv2d(2 -> 4, kernel: 3, stride: 2, padding: 1, groups: 2, activation: Tanh);
        enc2: Conv2d(4 -> 3, kernel: 2);
        ConvTranspose2d(undo enc2, tied: true, activation: Tanh);
        dec1: ConvTranspose2d(undo enc1, tied: true);
        again: Conv2d(undo dec1, tied: true, bias: false);
        ConvTranspose2d(undo again, tied: true, bias: false);
        output: [2, 6, 6];
    }
}

conv_chain! {
    /// The same with a separate weight for each use.
    struct Apart {
        input: [2, 6, 6];
        enc1: Conv2d(2 -> 4, kernel: 3, stride: 2, padding: 1, groups: 2, activation: Tanh);
        enc2: Conv2d(4 -> 3, kernel: 2);
        conv_transpose1: ConvTranspose2d(undo enc2, activation: Tanh);
        dec1: ConvTranspose2d(undo enc1);
        again: Conv2d(undo dec1, bias: false);
        last: ConvTranspose2d(undo again, bias: false);
        output: [2, 6, 6];
    }
}

conv_chain! {
    /// Inside a block, a repeat and a sub-chain.
    struct Nested {
        block Pair(width) {
            a: Conv2d(2 -> width, kernel: 3, padding: 1);
            b: ConvTranspose2d(undo a, tied: true);
        }
        input: [2, 6, 6];
        p: Pair(3);
        turns: repeat 2 {
            c: Conv2d(2 -> 2, kernel: 1);
            ConvTranspose2d(undo c, tied: true, bias: false);
        }
        whole: Chain(Tied);
        e: Conv2d(2 -> 5, kernel: 3, padding: 1, bias: false);
        ConvTranspose2d(undo e, tied: true, bias: false);
        output: [2, 6, 6];
    }
}

conv_chain! {
    /// Channels that only const evaluation knows.
    struct Sized<const C: usize> {
        input: [C, 6, 6];
        enc: Conv2d(C -> 4, kernel: 3, stride: 2, padding: 1);
        ConvTranspose2d(undo enc, tied: true);
        output: [C, 6, 6];
    }
}

/// jax does not have the word `bias`.
macro_rules! adjoint {
    ($($name:ident $dialect:ident $size:tt $down:tt $($bias:ident)?;)+) => {$(
        conv_chain! {
            /// A linear map, and its transpose applied to the result.
            struct $name {
                dialect: $dialect;
                input: $size;
                down: Conv2d(2 -> 3, kernel: 3, stride: 2, padding: valid $(, $bias: false)?);
                up: ConvTranspose2d(undo down, tied: true $(, $bias: false)?);
                output: down $down, up $size;
            }
        }
    )+};
}

adjoint! {
    Torch torch [2, 7, 7] [3, 3, 3] bias;
    Onnx onnx [2, 7, 7] [3, 3, 3] bias;
    Jax jax [2, 7, 7] [3, 3, 3];
    Flax flax [7, 7, 2] [3, 3, 3] bias;
    Keras keras [7, 7, 2] [3, 3, 3] bias;
}

conv_chain! {
    /// A convolution with the weight of a transposed one, which JAX and Flax flip by default.
    struct Reverse {
        dialect: jax;
        input: [2, 4, 4];
        up: ConvTranspose2d(2 -> 3, kernel: 3, stride: 2, padding: valid, transpose_kernel: true);
        down: Conv2d(undo up, tied: true);
        output: up [3, 9, 9], down [2, 4, 4];
    }
}

conv_chain! {
    /// Compiled in from a file that has a weight for each layer.
    struct Digits {
        weights: "../examples/data/digits/autoencoder.safetensors";
        input: [1, 8, 8];
        enc1: Conv2d(1 -> 16, kernel: 3, stride: 2, padding: 1, activation: Relu);
        enc2: Conv2d(16 -> 32, kernel: 3, stride: 2, padding: 1, activation: Relu);
        code: Conv2d(32 -> 16, kernel: 2, activation: Relu);
        dec3: ConvTranspose2d(undo code, tied: true, activation: Relu);
        dec2: ConvTranspose2d(undo enc2, tied: true, activation: Relu);
        dec1: ConvTranspose2d(undo enc1, tied: true, activation: Sigmoid);
        output: [1, 8, 8];
    }
}

fn images(batch: usize) -> Array4<f32> {
    let mut rng = StdRng::seed_from_u64(3);
    Array4::from_shape_simple_fn((batch, 2, 6, 6), || rng.random_range(-1.0..1.0))
}

fn tied() -> Tied {
    Tied::init(&mut StdRng::seed_from_u64(1))
}

/// The model with a separate weight for each use, with the same numbers.
fn apart(tied: &Tied) -> Apart {
    let mut apart = Apart::init(&mut StdRng::seed_from_u64(2));
    let copy = |to: &mut Param, from: &Param| to.as_mut_slice().copy_from_slice(from.as_slice());
    for to in [&mut apart.enc1.weight, &mut apart.dec1.weight, &mut apart.again.weight, &mut apart.last.weight] {
        copy(to, &tied.enc1.weight);
    }
    for to in [&mut apart.enc2.weight, &mut apart.conv_transpose1.weight] {
        copy(to, &tied.enc2.weight);
    }
    copy(&mut apart.enc1.bias, &tied.enc1.bias);
    copy(&mut apart.enc2.bias, &tied.enc2.bias);
    copy(&mut apart.conv_transpose1.bias, &tied.conv_transpose1.bias);
    copy(&mut apart.dec1.bias, &tied.dec1.bias);
    apart
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "{found}, {expected}");
    }
}

#[test]
fn a_tied_layer_has_no_weight_of_its_own() {
    let mut names = Vec::new();
    tied().for_each_param(|name, _| names.push(name.to_owned()));
    assert_eq!(names, ["enc1.weight", "enc1.bias", "enc2.weight", "enc2.bias", "conv_transpose1.bias", "dec1.bias"]);
    assert_eq!(Tied::summary().params(), (36 + 4) + (48 + 3) + 4 + 2);
    let params: Vec<u64> = Tied::LAYERS.iter().map(|layer| layer.params).collect();
    assert_eq!(params, [40, 51, 4, 2, 0, 0]);
}

#[test]
fn outputs_are_those_of_equal_weights_and_gradients_add_up() {
    let (model, x) = (tied(), images(3));
    let apart = apart(&model);
    let run = model.forward_batch(x.view()).expect("images");
    assert_close(
        run.as_slice().expect("contiguous"),
        apart.forward_batch(x.view()).expect("images").as_slice().expect("contiguous"),
    );
    let (loss, found) = model.gradients(x.view(), x.view(), Mse).expect("images");
    let (expected_loss, expected) = apart.gradients(x.view(), x.view(), Mse).expect("images");
    assert!((loss - expected_loss).abs() < 1e-6);
    let sum = |params: &[&Param]| -> Vec<f32> {
        (0..params[0].as_slice().len()).map(|i| params.iter().map(|param| param.as_slice()[i]).sum()).collect()
    };
    let uses = [&expected.enc1.weight, &expected.dec1.weight, &expected.again.weight, &expected.last.weight];
    assert_close(found.enc1.weight.as_slice(), &sum(&uses));
    assert_close(found.enc2.weight.as_slice(), &sum(&[&expected.enc2.weight, &expected.conv_transpose1.weight]));
    assert_close(found.dec1.bias.as_slice(), expected.dec1.bias.as_slice());
    assert_close(found.conv_transpose1.bias.as_slice(), expected.conv_transpose1.bias.as_slice());
}

/// Central differences of the loss, one weight at a time.
#[test]
fn gradients_are_differences() {
    let (model, x) = (tied(), images(2));
    let (_, gradients) = model.gradients(x.view(), x.view(), Mse).expect("images");
    let loss = |model: &Tied| -> f64 {
        let y = model.forward_batch(x.view()).expect("images");
        y.iter().zip(&x).map(|(y, x)| f64::from(y - x).powi(2)).sum::<f64>() / y.len() as f64
    };
    for index in 0..36 {
        let moved = |by: f32| {
            let mut model = model.clone();
            model.enc1.weight.as_mut_slice()[index] += by;
            loss(&model)
        };
        let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
        let found = f64::from(gradients.enc1.weight.as_slice()[index]);
        assert!((found - difference).abs() < 1e-3 * (1.0 + difference.abs()), "{index}: {found}, {difference}");
    }
}

#[test]
fn packed_weights_follow_the_layer_that_has_them() {
    let (mut model, x) = (tied(), images(1));
    let before = model.forward_batch(x.view()).expect("images");
    model.enc1.weight.as_mut_slice()[7] += 0.5;
    let after = model.forward_batch(x.view()).expect("images");
    assert_ne!(before, after);
    assert_close(
        after.as_slice().expect("contiguous"),
        apart(&model).forward_batch(x.view()).expect("images").as_slice().expect("contiguous"),
    );
}

#[test]
fn it_learns() {
    let (mut model, x) = (tied(), images(8));
    let mut optimizer = Adam::new(1e-2);
    let mut losses = Vec::new();
    for _ in 0..40 {
        let (loss, gradients) = model.gradients(x.view(), x.view(), Mse).expect("images");
        losses.push(loss);
        optimizer.step(&mut model, &gradients).expect("parameters of their own shapes");
    }
    assert!(losses[39] < 0.9 * losses[0], "{losses:?}");
}

#[test]
fn files_have_the_weight_once() {
    let path = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tied.safetensors");
    let model = tied();
    model.save(&path).expect("a file");
    let bytes = std::fs::read(&path).expect("the file");
    assert!(!String::from_utf8_lossy(&bytes).contains("dec1.weight"));
    let loaded = Tied::load(&path).expect("the same model");
    assert_eq!(loaded.forward_batch(images(1).view()), model.forward_batch(images(1).view()));
}

#[test]
fn compiled_in_weights_are_those_of_the_file() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/digits/autoencoder.safetensors");
    let (model, loaded) = (Digits::pretrained(), Digits::load(file).expect("weights"));
    assert_eq!(model.dec3.bias, loaded.dec3.bias);
    let x = Array4::from_elem((2, 1, 8, 8), 0.5_f32);
    assert_eq!(model.forward_batch(x.view()), loaded.forward_batch(x.view()));
    assert_eq!(Digits::summary().params(), (16 * 9 + 16) + (512 * 9 + 32) + (512 * 4 + 16) + 32 + 16 + 1);
}

#[test]
fn scopes_are_their_own() {
    let model = Nested::init(&mut StdRng::seed_from_u64(1));
    let mut names = Vec::new();
    model.for_each_param(|name, _| names.push(name.to_owned()));
    let own = ["p.a.weight", "p.a.bias", "p.b.bias", "turns.0.c.weight", "turns.0.c.bias", "turns.1.c.weight"];
    assert!(own.iter().all(|name| names.iter().any(|found| found == name)), "{names:?}");
    assert_eq!(names.iter().filter(|name| name.ends_with("weight")).count(), 6, "{names:?}");
    let x = images(2);
    let (_, gradients) = model.gradients(x.view(), x.view(), Mse).expect("images");
    assert!(gradients.turns[1].c.weight.as_slice().iter().any(|g| *g != 0.0));
    // By hand: the block and the passes, then the chain, then the last pair.
    let mut y = by_hand(&model.p.a.weight, [Some(&model.p.a.bias), Some(&model.p.b.bias)], x.view());
    for turn in &model.turns {
        y = by_hand(&turn.c.weight, [Some(&turn.c.bias), None], y.view());
    }
    y = model.whole.forward_batch(y.view()).expect("images");
    y = by_hand(&model.e.weight, [None, None], y.view());
    let found = model.forward_batch(x.view()).expect("images");
    assert_close(found.as_slice().expect("contiguous"), y.as_slice().expect("contiguous"));
}

/// A convolution that keeps the size and its transposed one, tap by tap.
fn by_hand(weight: &Param, [first, second]: [Option<&Param>; 2], x: ArrayView4<'_, f32>) -> Array4<f32> {
    let w = weight.view().into_dimensionality::<ndarray::Ix4>().expect("four axes");
    let (outputs, inputs, taps, _) = w.dim();
    let (batch, _, height, width) = x.dim();
    let pad = taps / 2;
    let bias = |param: Option<&Param>, channel: usize| param.map_or(0.0, |param| param.as_slice()[channel]);
    let mut middle = Array4::from_shape_fn((batch, outputs, height, width), |(_, o, ..)| bias(first, o));
    let mut y = Array4::from_shape_fn((batch, inputs, height, width), |(_, i, ..)| bias(second, i));
    let pairs: Vec<[usize; 6]> = (0..height * width * taps * taps)
        .filter_map(|at| {
            let (h, v, dy, dx) = (at / (width * taps * taps), at / (taps * taps) % width, at / taps % taps, at % taps);
            let (row, column) = ((h + dy).checked_sub(pad)?, (v + dx).checked_sub(pad)?);
            (row < height && column < width).then_some([h, v, row, column, dy, dx])
        })
        .collect();
    for n in 0..batch {
        for (o, i) in (0..outputs).flat_map(|o| (0..inputs).map(move |i| (o, i))) {
            for &[h, v, row, column, dy, dx] in &pairs {
                middle[[n, o, h, v]] += w[[o, i, dy, dx]] * x[[n, i, row, column]];
            }
        }
        for (o, i) in (0..outputs).flat_map(|o| (0..inputs).map(move |i| (o, i))) {
            for &[h, v, row, column, dy, dx] in &pairs {
                y[[n, i, row, column]] += w[[o, i, dy, dx]] * middle[[n, o, h, v]];
            }
        }
    }
    y
}

#[test]
fn constants_tie_too() {
    let model = Sized::<3>::init(&mut StdRng::seed_from_u64(1));
    let mut names = Vec::new();
    model.for_each_param(|name, _| names.push(name.to_owned()));
    assert_eq!(names, ["enc.weight", "enc.bias", "conv_transpose1.bias"]);
    let x = Array4::from_elem((1, 3, 6, 6), 0.5_f32);
    assert_eq!(model.forward_batch(x.view()).expect("images").dim(), (1, 3, 6, 6));
    assert_eq!(Sized::<3>::summary().params(), 4 * 3 * 9 + 4 + 3);
}

/// `<A x, A x> = <x, A^T A x>`: in every dialect the tied layer is the adjoint of the other.
#[test]
fn a_tied_layer_is_the_adjoint_in_every_dialect() {
    macro_rules! check {
        ($($name:ident $size:expr;)+) => {$({
            let mut rng = StdRng::seed_from_u64(7);
            let model = $name::init(&mut rng);
            let x = Array4::from_shape_simple_fn($size, || rng.random_range(-1.0..1.0_f32));
            let (there, back) = model.forward_batch(x.view()).expect("images");
            let dot = |a: &Array4<f32>, b: &Array4<f32>| -> f64 {
                a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
            };
            let (first, second) = (dot(&there, &there), dot(&x, &back));
            assert!(first > 0.1 && (first - second).abs() < 1e-4 * first, "{}: {first}, {second}", stringify!($name));
            let mut weights = 0;
            model.for_each_param(|_, _| weights += 1);
            assert_eq!(weights, 1);
        })+};
    }
    check! {
        Torch (2, 2, 7, 7);
        Onnx (2, 2, 7, 7);
        Jax (2, 2, 7, 7);
        Flax (2, 7, 7, 2);
        Keras (2, 7, 7, 2);
        Reverse (2, 2, 4, 4);
    }
}
