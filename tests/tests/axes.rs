//! Layers that work along axes, and products of matrices, give PyTorch's numbers and gradients.

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
    slice_last: ([2, 3, 4]) => [2, 3, 3] { Slice(0..3, axis: -1); }
    stack: (x [2, 3, 4], y [2, 3, 4]) => [2, 2, 3, 4] { Stack(x, y); }
    stack_last: (x [2, 3, 4], y [2, 3, 4]) => [2, 3, 4, 2] { Stack(x, y, axis: -1); }
    stack_middle: (x [2, 3, 4], y [2, 3, 4]) => [2, 3, 3, 4] { Stack(x, y, x, dim: 2); }
    glu: ([2, 3, 4]) => [2, 3, 2] { Glu; }
    glu_channels: ([2, 3, 4]) => [1, 3, 4] { Glu(axis: channels); }
    product: (a [2, 3, 5], b [2, 5, 4]) => [2, 3, 4] { MatMul(a, b); }
    product_transposed: (a [2, 5, 3], b [2, 4, 5]) => [2, 3, 4] { MatMul(a, b, transpose_a: true, transpose_b: true); }
    product_broadcast: (a [2, 3, 5], b [5, 4]) => [2, 3, 4] { MatMul(a, b); }
    product_wide: (a [3, 5], b [2, 2, 4, 5]) => [2, 2, 3, 4] { MatMul(a, b, transpose_b: true); }
}
