//! Parameters as values, masked convolutions and unpooling give PyTorch's outputs and gradients.

use convshape::conv_chain;
use convshape_tests::torch;

macro_rules! cases {
    ($($name:ident: ($($input:tt)+) => $output:tt { $($layer:tt)+ })+) => {$(
        #[test]
        fn $name() {
            conv_chain! { struct Net { input: $($input)+; $($layer)+ output: $output; } }
            torch::check::<Net>("layers", stringify!($name));
        }
    )+};
}

const BLUR: [[f32; 4]; 4] = {
    let taps = [1.0, 3.0, 3.0, 1.0];
    let mut blur = [[0.0; 4]; 4];
    let mut tap = 0;
    while tap < 16 {
        blur[tap / 4][tap % 4] = taps[tap / 4] * taps[tap % 4] / 64.0;
        tap += 1;
    }
    blur
};

cases! {
    standardised: ([3, 5, 6]) => [4, 3, 3] {
        #[name = "conv.weight"] weight: Parameter([4, 3, 3, 3]);
        #[name = "conv.gain"] gain: Parameter([4, 1, 1, 1]);
        mean: Mean(axis: (1, 2, 3), keep: true) from weight;
        centred: Sub(weight, mean);
        Square;
        Mean(axis: (1, 2, 3), keep: true);
        Scale(27);
        Clamp(min: 1e-4);
        Rsqrt;
        w: Mul(centred, _, gain);
        conv: Conv2d(3 -> 4, kernel: 3, stride: 2, padding: 1) from (input, w);
    }
    blurred: ([2, 4, 3]) => [4, 8, 6] {
        #[name = "up.weight"] weight: Parameter([2, 4, 3, 3]);
        w: Tanh from weight;
        up: ConvTranspose2d(2 -> 4, kernel: 3, stride: 2) from (input, w);
        tap: Constant(BLUR, [1, 1, 4, 4]);
        blur: Concat(tap, tap, tap, tap, axis: 0);
        Conv2d(4, kernel: 4, padding: 1, groups: 4, bias: false) from (up, blur);
    }
    mixed: ([2, 7]) => [4, 7] {
        experts: Parameter([3, 4, 2, 5]);
        Mean(axis: 1) from input;
        route: Linear(2 -> 3, activation: Sigmoid);
        each: Reshape([3, 1, 1, 1]);
        w: Mul(experts, each);
        kernel: Sum(axis: 0);
        conv: Conv1d(2 -> 4, kernel: 5, padding: 2, padding_mode: reflect) from (input, kernel);
    }
    modulated: (x [3, 5, 5], s [3]) => [4, 5, 5] {
        Mul(x, s);
        conv: Conv2d(3 -> 4, kernel: 3, padding: 1, bias: false);
        scale: Reshape([1, 3, 1, 1]) from s;
        Mul(conv.weight, scale);
        Square;
        Sum(axis: (1, 2, 3));
        AddScalar(1e-8);
        demodulation: Rsqrt;
        Mul(conv, demodulation);
    }
    tied_as_value: ([2, 4, 4]) => [2, 4, 4] {
        c: Conv2d(2 -> 3, kernel: 3, stride: 2, padding: 1, activation: Relu);
        d: ConvTranspose2d(undo c, tied: true);
        Square from d.weight;
        mean: Mean;
        Mul(d, mean);
        Add(_, d.bias);
    }
    reused_as_value: ([3]) => [3] {
        a: Linear(3 -> 3);
        b: reuse a;
        scaled: Mul(b, b.bias);
        column: Reshape([3, 1]) from b;
        MatMul(a.weight, column);
        Flatten;
        Add(scaled, _);
    }
    statistics_as_value: ([3, 4]) => [3, 4] {
        n: BatchNorm(3);
        Add(n, n.running_mean);
        Mul(_, n.weight);
    }
    mask_a: ([2, 4, 5]) => [3, 4, 5] { c: Conv2d(2 -> 3, kernel: 3, padding: 1, mask: a); }
    mask_b: ([4, 5, 6]) => [4, 5, 3] {
        c: Conv2d(4, kernel: (5, 3), padding: (2, 1), stride: (1, 2), groups: 2, mask: b);
    }
    mask_even: ([1, 7, 8]) => [2, 5, 2] { c: Conv2d(2, kernel: (2, 4), dilation: 2, mask: a); }
    mask_1d: ([3, 9]) => [2, 9] { c: Conv1d(2, kernel: 5, padding: 2, mask: b); }
    unpool: ([2, 4, 6]) => [2, 4, 6] { pool: MaxPool2d(2); Square; MaxUnpool2d(undo pool); Add(_, input); }
    unpool_rest: ([2, 5, 7]) => [2, 5, 7] { pool: MaxPool2d(2); Square; MaxUnpool2d(undo pool); Add(_, input); }
    unpool_overlap: ([2, 6, 7]) => [2, 6, 7] {
        pool: MaxPool2d(3, stride: 2, padding: 1);
        Square;
        MaxUnpool2d(undo pool);
        Add(_, input);
    }
    unpool_1d: ([2, 10]) => [2, 10] { pool: MaxPool1d(3); Square; MaxUnpool1d(undo pool); Add(_, input); }
    unpool_3d: ([1, 4, 5, 4]) => [1, 4, 5, 4] { pool: MaxPool3d(2); Square; MaxUnpool3d(undo pool); Add(_, input); }
    mask_3d: ([2, 3, 4, 3]) => [2, 3, 4, 3] { c: Conv3d(2, kernel: 3, padding: 1, mask: a); }
}

conv_chain! { struct Masked { input: [2, 6, 6]; c: Conv2d(2 -> 16, kernel: 3, padding: 1, mask: b); output: [16, 6, 6]; } }
conv_chain! {
    struct Last {
        dialect: flax;
        input: [6, 6, 2];
        c: Conv(features: 16, kernel_size: (3, 3), mask: b);
        output: [6, 6, 16];
    }
}

/// In one image, in a batch, and with another framework's layout: no pixel sees a later one.
#[test]
fn a_masked_convolution_reads_in_order() {
    use convshape::ndarray::{Array4, Axis};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    let rng = &mut StdRng::seed_from_u64(3);
    let (model, last) = (Masked::init(rng), Last::init(rng));
    let x = Array4::from_shape_fn((2, 2, 6, 6), |(n, c, h, w)| ((7 * n + 5 * c + 3 * h + w) % 9) as f32);
    let mut other = x.clone();
    // Everything after the pixel in row 2, column 3.
    other.indexed_iter_mut().for_each(|((_, _, h, w), x)| {
        if 6 * h + w > 15 {
            *x += 1.0
        }
    });
    let y = model.forward_batch(x.view()).expect("runs");
    let changed = model.forward_batch(other.view()).expect("runs");
    for ((n, c, h, w), y) in y.indexed_iter() {
        let same = (y - changed[[n, c, h, w]]).abs() < 1e-5;
        assert!(same || 6 * h + w > 15, "{n} {c} {h} {w} sees what comes after it");
    }
    assert!(y.iter().zip(&changed).any(|(y, changed)| y != changed));
    let one = model
        .forward(&convshape::Tensor::from_slice(x.index_axis(Axis(0), 0).as_slice().expect("dense")).expect("fits"));
    let both = one.as_slice().iter().zip(y.index_axis(Axis(0), 0).iter().copied().collect::<Vec<_>>());
    both.for_each(|(one, y)| assert!((one - y).abs() < 1e-5, "{one}, {y}"));
    let turned = |x: &Array4<f32>| x.view().permuted_axes([0, 2, 3, 1]).as_standard_layout().into_owned();
    let (y, changed) = (last.forward_batch(turned(&x).view()), last.forward_batch(turned(&other).view()));
    let changed = changed.expect("runs");
    for ((n, h, w, c), y) in y.expect("runs").indexed_iter() {
        assert!((y - changed[[n, h, w, c]]).abs() < 1e-5 || 6 * h + w > 15, "{n} {c} {h} {w} sees what comes after it");
    }
}
