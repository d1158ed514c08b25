//! Element-wise layers, permutations, reductions and small norms give PyTorch's outputs and gradients: forward, in
//! training, and with the caller's buffers.

use convshape::conv_chain;
use convshape_tests::torch;

macro_rules! cases {
    ($($name:ident: ($($input:tt)+) => $output:tt { $($layer:tt)+ })+) => {$(
        #[test]
        fn $name() {
            conv_chain! { struct Net { input: $($input)+; $($layer)+ output: $output; } }
            torch::check::<Net>("elementwise", stringify!($name));
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
