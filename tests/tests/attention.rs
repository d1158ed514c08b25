//! Attention gives PyTorch's outputs and gradients, with PyTorch's parameter names.

use convshape::conv_chain;
use convshape_tests::torch;

macro_rules! cases {
    ($($name:ident: ($($input:tt)+) => $output:tt { $($layer:tt)+ })+) => {$(
        #[test]
        fn $name() {
            conv_chain! { struct Net { input: $($input)+; m: $($layer)+ output: $output; } }
            torch::check::<Net>("attention", stringify!($name));
        }
    )+};
}

cases! {
    attention: (q [5, 6], k [7, 6], v [7, 4]) => [5, 4] { Attention(q, k, v, heads: 2); }
    one_head: (q [5, 6], k [7, 6], v [7, 4]) => [5, 4] { Attention(q, k, v); }
    causal: (q [5, 6], k [5, 6], v [5, 6]) => [5, 6] { Attention(q, k, v, heads: 3, causal: true); }
    causal_cross: (q [5, 6], k [7, 6], v [7, 4]) => [5, 4] { Attention(q, k, v, heads: 2, is_causal: true); }
    causal_few_keys: (q [5, 6], k [3, 6], v [3, 4]) => [5, 4] { Attention(q, k, v, heads: 2, causal: true); }
    scale: (q [5, 6], k [7, 6], v [7, 4]) => [5, 4] { Attention(q, k, v, heads: 2, scale: -0.375); }
    added: (q [5, 6], k [7, 6], v [7, 4], add [5, 7]) => [5, 4] { Attention(q, k, v, add, heads: 2); }
    added_by_head: (q [5, 6], k [7, 6], v [7, 4], add [2, 5, 7]) => [5, 4] { Attention(q, k, v, add, heads: 2); }
    masked: (q [5, 6], k [7, 6], v [7, 4], add [5, 7]) => [5, 4] { Attention(q, k, v, add, heads: 2); }
    windows: (q [3, 5, 6], k [3, 7, 6], v [3, 7, 4]) => [3, 5, 4] { Attention(q, k, v, heads: 2); }
    windows_added: (q [2, 3, 4, 6], k [2, 3, 4, 6], v [2, 3, 4, 6], add [3, 1, 4, 4]) => [2, 3, 4, 6] {
        Attention(q, k, v, add, heads: 2);
    }
    multi_head: ([5, 8]) => [5, 8] { MultiHeadAttention(8, heads: 2); }
    multi_head_causal: ([5, 8]) => [5, 8] { MultiheadAttention(embed_dim: 8, num_heads: 4, batch_first: true, causal: true); }
    multi_head_no_bias: ([5, 8]) => [5, 8] { MultiHeadAttention(heads: 2, bias: false); }
    multi_head_cross: (q [5, 8], k [7, 8], v [7, 8]) => [5, 8] { MultiHeadAttention(8, heads: 2) from (q, k, v); }
    multi_head_other_features: (q [5, 8], k [7, 6], v [7, 4]) => [5, 8] {
        MultiHeadAttention(8, heads: 2, kdim: 6, vdim: 4) from (q, k, v);
    }
}
