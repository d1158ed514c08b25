//! Layers that work along axes, and matrix products, give PyTorch's outputs and gradients.

use convshape::conv_chain;
use convshape_tests::torch;

macro_rules! cases {
    ($($name:ident: ($($input:tt)+) => $output:tt { $($layer:tt)+ })+) => {$(
        #[test]
        fn $name() {
            conv_chain! { struct Net { input: $($input)+; $($layer)+ output: $output; } }
            torch::check::<Net>("axes", stringify!($name));
        }
    )+};
}

cases! {
    softmax: ([2, 3, 4]) => [2, 3, 4] { Softmax; }
    softmax_height: ([2, 3, 4]) => [2, 3, 4] { Softmax(axis: height); }
    softmax_last: ([2, 3, 4]) => [2, 3, 4] { Softmax(dim: -1); }
    log_softmax: ([2, 3, 4]) => [2, 3, 4] { LogSoftmax; }
    log_softmax_height: ([2, 3, 4]) => [2, 3, 4] { LogSoftmax(axis: 1); }
    log_softmax_last: ([2, 3, 4]) => [2, 3, 4] { LogSoftmax(dim: 3); }
    flatten_tail: ([2, 3, 4]) => [2, 12] { Flatten(from: 1); }
    flatten_head: ([2, 3, 4]) => [6, 4] { Flatten(start_dim: 1, end_dim: 2); }
    unflatten: ([2, 3, 4]) => [2, 3, 2, 2] { Unflatten(2, [2, _]); }
    reshape_like: (x [2, 3, 4], y [4, 6]) => [4, 6] { Reshape(like: y) from x; Mul(_, y); }
    concat_height: (x [2, 3, 4], y [2, 2, 4]) => [2, 5, 4] { Concat(x, y, axis: 1); }
    concat_last: (x [2, 3, 4], y [2, 3, 1]) => [2, 3, 9] { Concat(x, y, x, dim: -1); }
    slice_height: ([2, 3, 4]) => [2, 2, 4] { Slice(1..3, axis: 1); }
    slice_last: ([2, 3, 4]) => [2, 3, 3] { Slice(..-1, axis: -1); }
    stack: (x [2, 3, 4], y [2, 3, 4]) => [2, 2, 3, 4] { Stack(x, y); }
    stack_last: (x [2, 3, 4], y [2, 3, 4]) => [2, 3, 4, 2] { Stack(x, y, axis: -1); }
    stack_middle: (x [2, 3, 4], y [2, 3, 4]) => [2, 3, 3, 4] { Stack(x, y, x, dim: 2); }
    glu: ([2, 3, 4]) => [2, 3, 2] { Glu; }
    glu_channels: ([2, 3, 4]) => [1, 3, 4] { Glu(axis: channels); }
    product: (a [2, 3, 5], b [2, 5, 4]) => [2, 3, 4] { MatMul(a, b); }
    product_transposed: (a [2, 5, 3], b [2, 4, 5]) => [2, 3, 4] { MatMul(a, b, transpose_a: true, transpose_b: true); }
    product_broadcast: (a [2, 3, 5], b [5, 4]) => [2, 3, 4] { MatMul(a, b); }
    upsample_like: (x [2, 3, 4], y [3, 5, 8]) => [5, 5, 8] { u: Upsample(like: y) from x; Concat(u, y); }
    pad_like: (x [2, 3, 4], y [2, 5, 8]) => [2, 5, 8] { p: Pad(like: y) from x; Mul(p, y); }
    crop_like: (x [2, 5, 8], y [2, 3, 4]) => [2, 3, 4] { c: Crop(like: y) from x; Add(c, y); }
    product_wide: (a [3, 5], b [2, 2, 4, 5]) => [2, 2, 3, 4] { MatMul(a, b, transpose_b: true); }
}

mod parts {
    use convshape::conv_chain;

    conv_chain! { pub struct Product { input: a [3, 3], b [3, 2]; Slice(0..1, axis: 1) from b; Mul(a, _); output: [3, 3]; } }
    conv_chain! { pub struct Reshaped { input: [3, 4]; Slice(0..2, axis: 1); Reshape([2, 3]); output: [2, 3]; } }
    conv_chain! {
        pub struct Joined {
            input: a [3, 4], b [3, 2];
            x: LayerNorm(4) from a;
            z: Concat(x, b, axis: 1);
            low: Mean(axis: 1, keep: true) from b;
            m: Mul(x, low);
            output: z [3, 6], m [3, 4];
        }
    }
}

mod from_the_end {
    use convshape::conv_chain;

    conv_chain! {
        pub struct Ends {
            for t in 5..;
            input: [2, t];
            chomp: Slice(..-3, axis: length);
            last: Slice(-1.., axis: length) from input;
            inner: Slice(-4..-1, axis: length) from input;
            Mul(last, inner);
            y: Slice(channels: 1..);
            output: chomp [2, t - 3], y [1, 3];
        }
    }
}

/// Of a size known only at run time.
#[test]
fn ends_that_count_from_the_end() {
    use convshape::ndarray::{Array3, array, s};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    let model = from_the_end::Ends::init(&mut StdRng::seed_from_u64(1));
    let x = Array3::from_shape_fn((1, 2, 7), |(_, row, column)| (7 * row + column) as f32);
    let (chomp, y) = model.forward_batch(x.view()).expect("runs");
    assert_eq!(chomp, x.slice(s![.., .., ..4]));
    assert_eq!(y, array![[[130.0, 143.0, 156.0]]]);
    let (dx, _) = model.vjp(x.view(), (chomp.view(), y.view())).expect("runs");
    let (sum, last) = (130.0 * 10.0 + 143.0 * 11.0 + 156.0 * 12.0, 13.0);
    let second: [f32; 7] = [7.0, 8.0, 9.0, 10.0 + 130.0 * last, 143.0 * last, 156.0 * last, sum];
    let first = [0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0];
    assert_eq!(dx.as_slice(), Some(&[first, second].concat()[..]));
}

/// A part of a wider value can be read like a value of its own.
#[test]
fn parts_along_the_last_axis() {
    use convshape::ndarray::{Array3, array, s};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    let rng = &mut StdRng::seed_from_u64(1);
    let counted = |sizes: [usize; 3]| Array3::from_shape_fn(sizes, |(_, row, column)| (sizes[2] * row + column) as f32);
    let (a, b, wide) = (Array3::from_elem((1, 3, 3), 1.0), counted([1, 3, 2]), counted([1, 3, 4]));
    let y = parts::Product::init(rng).forward_batch((a.view(), b.view())).expect("runs");
    assert_eq!(y, array![[[0.0, 0.0, 0.0], [2.0, 2.0, 2.0], [4.0, 4.0, 4.0]]]);
    let y = parts::Reshaped::init(rng).forward_batch(wide.view()).expect("runs");
    assert_eq!(y, array![[[0.0, 1.0, 4.0], [5.0, 8.0, 9.0]]]);
    let (z, m) = parts::Joined::init(rng).forward_batch((wide.view(), b.view())).expect("runs");
    let x = z.slice(s![.., .., 0..4]);
    for ((_, row, column), m) in m.indexed_iter() {
        let expected = x[[0, row, column]] * (2.0 * row as f32 + 0.5);
        assert!((m - expected).abs() < 1e-6, "{m}, {expected}");
    }
}
