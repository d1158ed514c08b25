//! Element-wise layers, permutations, reductions and small norms give PyTorch's numbers and gradients, forward, in training and by
//! the caller's buffers alike.

use convshape::ndarray::{ArrayD, IxDyn};
use convshape::{Model, conv_chain};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

/// The recorded numbers are f64, ours f32 within a few units in the last place of the largest step.
const TOLERANCE: f32 = 4e-6;

fn numbers(value: &Value) -> Vec<f32> {
    let list = value.as_array().expect("a list");
    #[expect(clippy::cast_possible_truncation, reason = "what an f32 holds")]
    list.iter().map(|number| number.as_f64().expect("a number") as f32).collect()
}

fn recorded(name: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/elementwise/elementwise.json");
    let text = std::fs::read_to_string(path).expect("is there");
    let mut cases: Value = serde_json::from_str(&text).expect("is JSON");
    cases[name].take()
}

fn close(name: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        let both = found == expected || (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
        assert!(both, "{name}: {found}, PyTorch has {expected}");
    }
}

fn check<M: Model + convshape::Chain>(name: &str) {
    let case = recorded(name);
    let model = M::init(&mut StdRng::seed_from_u64(0));
    let inputs: Vec<ArrayD<f32>> = M::INPUTS
        .iter()
        .enumerate()
        .map(|(port, (_, shape))| {
            let sizes = shape.sizes().iter().map(|size| usize::try_from(size.number().expect("fixed")).expect("small"));
            let sizes: Vec<usize> = std::iter::once(1).chain(sizes).collect();
            ArrayD::from_shape_vec(IxDyn(&sizes), numbers(&case["inputs"][port])).expect("fits")
        })
        .collect();
    let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
    let found = model.forward_batch(&views).expect("runs");
    close(name, found[0].as_slice().expect("dense"), &numbers(&case["output"]));
    let mut next = 0.0;
    let cotangent = found[0].mapv(|_| {
        next += 0.125;
        next
    });
    let (gradients, _) = model.vjp(&views, &[cotangent.view()]).expect("runs");
    for (port, found) in gradients.iter().enumerate() {
        close(&format!("{name}, input {port}"), found.as_slice().expect("dense"), &numbers(&case["gradients"][port]));
    }
}

macro_rules! cases {
    ($($name:ident: ($($input:tt)+) => $output:tt { $($layer:tt)+ })+) => {$(
        #[test]
        fn $name() {
            conv_chain! { struct Net { input: $($input)+; $($layer)+ output: $output; } }
            check::<Net>(stringify!($name));
        }
    )+};
}

cases! {
    mish: ([16]) => [16] { Mish; }
    selu: ([16]) => [16] { Selu; }
    celu: ([16]) => [16] { Celu(0.75); }
    hardtanh: ([16]) => [16] { Hardtanh; }
    softsign: ([16]) => [16] { Softsign; }
    log_sigmoid: ([16]) => [16] { LogSigmoid; }
    square: ([16]) => [16] { Square; }
    abs: ([16]) => [16] { Abs; }
    neg: ([16]) => [16] { Neg; }
    sin: ([16]) => [16] { Sin; }
    cos: ([16]) => [16] { Cos; }
    add_scalar: ([16]) => [16] { AddScalar(1.5); }
    cube: ([16]) => [16] { Pow(3.0); }
    sqrt: ([16]) => [16] { Sqrt; }
    rsqrt: ([16]) => [16] { Rsqrt; }
    log: ([16]) => [16] { Log; }
    pow: ([16]) => [16] { Pow(-0.75); }
    sub: (a [2, 3, 4], b [2, 3, 4]) => [2, 3, 4] { Sub(a, b); }
    sub_column: (a [2, 3, 4], b [2, 3, 1]) => [2, 3, 4] { Sub(a, b); }
    div: (a [2, 3, 4], b [2, 3, 4]) => [2, 3, 4] { Div(a, b); }
    maximum: (a [2, 3, 4], b [2, 3, 4]) => [2, 3, 4] { Maximum(a, b); }
    minimum: (a [2, 3, 4], b [2, 3, 4]) => [2, 3, 4] { Minimum(a, b); }
    permute: ([2, 3, 4]) => [4, 2, 3] { Permute(2, 0, 1); }
    transpose: ([2, 3, 4]) => [4, 3, 2] { Transpose(0, -1); }
    mean: ([2, 3, 4]) => [1] { Mean; }
    mean_1: ([2, 3, 4]) => [2, 4] { Mean(axis: height); }
    sum_0_2: ([2, 3, 4]) => [3] { Sum(axis: (channels, width)); }
    sum_keep: ([2, 3, 4]) => [2, 3, 1] { Sum(dim: 3, keepdim: true); }
    max_1: ([2, 3, 4]) => [2, 4] { Max(axis: 1); }
    shuffle: ([6, 2, 2]) => [6, 2, 2] { ChannelShuffle(3); }
    shuffle_2: ([6, 2, 2]) => [6, 2, 2] { ChannelShuffle(groups: 2); }
    response: ([6, 2, 2]) => [6, 2, 2] { LocalResponseNorm(3, alpha: 0.5, k: 1.5); }
    response_even: ([6, 2, 2]) => [6, 2, 2] { LocalResponseNorm(4, alpha: 0.5, beta: 0.6, k: 2); }
    response_wide: ([6, 2, 2]) => [6, 2, 2] { LocalResponseNorm(15); }
    lp_2: ([6, 2, 2]) => [6, 2, 2] { LpNorm; }
    lp_1: ([6, 2, 2]) => [6, 2, 2] { LpNorm(1, dim: 2); }
    lp_3: ([6, 2, 2]) => [6, 2, 2] { LpNorm(3, axis: width); }
    lp_least: ([6, 2, 2]) => [6, 2, 2] { LpNorm(eps: 100.0); }
    rms: ([2, 3, 4]) => [2, 3, 4] { RmsNorm; }
    rms_last: ([2, 3, 4]) => [2, 3, 4] { RMSNorm(4, eps: 0.125); }
    min_2: ([2, 3, 4]) => [2, 3] { Min(axis: -1); }
}
