//! Numbers as the language reads them, by what the layers make of them.

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

/// Constants of any type of numbers.
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
