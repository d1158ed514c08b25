//! Attention: the meaning of its fields, and where the features of each head are.

use super::Dialect;
use super::init::{positive, sqrt};
use super::plain::plain;

/// Scaled dot-product attention. Reads queries `[tokens, features]`, keys, values and, optionally, a value added to the
/// scores. Each head has an equal range of the features.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Attention {
    /// The framework whose default scale it uses.
    pub dialect: Dialect,
    /// Heads that queries, keys and values are split into.
    pub heads: i64,
    /// Whether a token attends only to itself and earlier tokens: query `i` sees keys `0..=i`.
    pub causal: bool,
    /// The factor of the scores; `None` means [`Attention::factor`].
    pub scale: Option<f64>,
    /// The dropout probability of the attention weights.
    pub dropout: f64,
}

plain!(struct op::Attention { dialect, heads, causal, scale, dropout });

/// Multi-head attention: linear layers for queries, keys and values, attention, and an output layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MultiHead {
    /// The framework whose names, layouts and initialisation its parameters have.
    pub dialect: Dialect,
    /// Features of the queries' input, and of the output; `None` takes them from the input.
    pub features: Option<i64>,
    /// Heads.
    pub heads: i64,
    /// Features of the keys' input; `None` means `features`.
    pub key_features: Option<i64>,
    /// Features of the values' input; `None` means `features`.
    pub value_features: Option<i64>,
    /// Query and key features per head; `None` means `features / heads`.
    pub key_dim: Option<i64>,
    /// Value features per head; `None` means `key_dim`.
    pub value_dim: Option<i64>,
    /// Features of all heads together, if given in that way (flax).
    pub qkv_features: Option<i64>,
    /// Output features; `None` means `features`.
    pub out_features: Option<i64>,
    /// Whether the linear layers have biases.
    pub bias: bool,
    /// The dropout probability of the attention weights.
    pub dropout: f64,
    /// Whether a token attends only to itself and earlier tokens.
    pub causal: bool,
}

plain!(struct op::MultiHead {
    dialect, features, heads, key_features, value_features, key_dim, value_dim, qkv_features, out_features, bias,
    dropout, causal,
});

/// Some outputs of a larger linear layer, whose weight has PyTorch's layout: one row per output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Projection {
    /// Input features.
    pub inputs: i64,
    /// Output features.
    pub outputs: i64,
    /// The first row of the weight that it uses, and the total number of rows.
    pub rows: (i64, i64),
    /// The first element of the bias that it uses, and the total number of elements, if there is a bias.
    pub bias: Option<(i64, i64)>,
}

plain!(struct op::Projection { inputs, outputs, rows, bias });

impl Attention {
    /// With the dialect's default scale.
    pub const fn new(dialect: Dialect, heads: i64) -> Attention {
        Attention { dialect, heads, causal: false, scale: None, dropout: 0.0 }
    }

    /// The factor of the scores for heads with `features` features: `1 / sqrt(features)`, but 1 for the single head of
    /// keras' `Attention`.
    pub const fn factor(&self, features: i64) -> f64 {
        match self.scale {
            Some(scale) => scale,
            None if matches!(self.dialect, Dialect::Keras) && self.heads == 1 => 1.0,
            None => 1.0 / sqrt(positive(features)),
        }
    }
}

impl MultiHead {
    /// With the defaults of a dialect.
    pub const fn new(dialect: Dialect) -> MultiHead {
        MultiHead {
            dialect,
            features: None,
            heads: 1,
            key_features: None,
            value_features: None,
            key_dim: None,
            value_dim: None,
            qkv_features: None,
            out_features: None,
            bias: true,
            dropout: 0.0,
            causal: false,
        }
    }

    /// Features of the inputs for queries, keys and values.
    pub const fn inputs(&self) -> Option<[i64; 3]> {
        let Some(features) = self.features else { return None };
        let key = or(self.key_features, features);
        // A shared input has the same number of features.
        Some([features, key, or(self.value_features, features)])
    }

    /// Query features and value features of all heads together.
    pub const fn widths(&self) -> Option<[i64; 2]> {
        let query = match (self.qkv_features, self.key_dim, self.features) {
            (Some(all), _, _) => all,
            (None, Some(each), _) => each.saturating_mul(self.heads),
            (None, None, Some(features)) => features,
            (None, None, None) => return None,
        };
        match self.value_dim {
            Some(each) => Some([query, each.saturating_mul(self.heads)]),
            None => Some([query, query]),
        }
    }

    /// Features of the output.
    pub const fn outputs(&self) -> Option<i64> {
        match (self.out_features, self.features) {
            (Some(outputs), _) => Some(outputs),
            (None, features) => features,
        }
    }

    /// Whether queries, keys and values share one weight in PyTorch's layout, which they do if their inputs have the
    /// same number of features.
    pub const fn is_packed(&self) -> bool {
        match self.inputs() {
            Some([query, key, value]) => query == key && query == value,
            None => self.key_features.is_none() && self.value_features.is_none(),
        }
    }

    /// The attention between the linear layers.
    pub const fn attention(&self) -> Attention {
        let scale = match self.widths() {
            Some([query, _]) if self.heads > 0 => Some(1.0 / sqrt(positive(query / self.heads))),
            _ => None,
        };
        Attention { dialect: self.dialect, heads: self.heads, causal: self.causal, scale, dropout: self.dropout }
    }
}

const fn or(count: Option<i64>, other: i64) -> i64 {
    match count {
        Some(count) => count,
        None => other,
    }
}
