//! Attention and recurrent layers give the outputs and gradients of Keras and Flax, with their parameter names.

use convshape::conv_chain;
use convshape_tests::torch;

macro_rules! cases {
    ($($name:ident: ($($input:tt)+) => $output:tt { $($layer:tt)+ })+) => {$(
        #[test]
        fn $name() {
            conv_chain! { struct Net { dialect: keras; input: $($input)+; m: $($layer)+ output: $output; } }
            torch::check::<Net>("frameworks", stringify!($name));
        }
    )+};
}

cases! {
    keras_multi_head: ([5, 8]) => [5, 8] { MultiHeadAttention(num_heads: 2, key_dim: 4); }
    keras_multi_head_cross: (q [5, 8], k [7, 6], v [7, 4]) => [5, 8] {
        MultiHeadAttention(num_heads: 2, key_dim: 4) from (q, k, v);
    }
    keras_multi_head_no_bias: ([5, 8]) => [5, 8] { MultiHeadAttention(num_heads: 2, key_dim: 4, use_bias: false); }
    keras_lstm: ([5, 3]) => [4] { LSTM(4); }
    keras_lstm_sequences: ([5, 3]) => [5, 4] { LSTM(4, return_sequences: true); }
    keras_gru: ([5, 3]) => [5, 4] { GRU(4, return_sequences: true); }
    flax_multi_head: ([5, 8]) => [5, 8] { MultiHeadDotProductAttention(num_heads: 2, dialect: flax); }
    flax_multi_head_cross: (q [5, 8], k [7, 6], v [7, 4]) => [5, 8] {
        MultiHeadDotProductAttention(num_heads: 2, dialect: flax) from (q, k, v);
    }
    flax_lstm: ([5, 3]) => [5, 4] { LSTMCell(4, dialect: flax); }
    flax_optimized_lstm: ([5, 3]) => [5, 4] { OptimizedLSTMCell(4, dialect: flax); }
    flax_gru: ([5, 3]) => [5, 4] { GRUCell(4, dialect: flax); }
    flax_simple: ([5, 3]) => [5, 4] { SimpleCell(4, dialect: flax); }
    flax_bidirectional: ([5, 3]) => [5, 8] { GRUCell(4, bidirectional: true, dialect: flax); }
}
