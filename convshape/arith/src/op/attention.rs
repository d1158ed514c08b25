//! Attention: what its words mean, and where its heads' features are.

use super::Dialect;

/// Scaled dot-product attention: reads queries `[tokens, features]`, keys and values, and perhaps numbers that are added
/// to the scores. Each head has as many neighbouring features of each.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Attention {
    /// Whose default the scale has.
    pub dialect: Dialect,
    /// Heads, into which queries, keys and values are split.
    pub heads: i64,
    /// Whether a token attends to no later one: query `i` to the keys `0..=i`.
    pub causal: bool,
    /// The factor of the scores; `None` takes [`Attention::factor`].
    pub scale: Option<f64>,
    /// Probability of a zero among the weights in training.
    pub dropout: f64,
}

/// Attention between linear layers: one each for queries, keys and values, and one after the heads.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MultiHead {
    /// Whose names, layout and initialisation its parameters have.
    pub dialect: Dialect,
    /// Features of the value that gives the queries, and of the output; `None` takes what comes in.
    pub features: Option<i64>,
    /// Heads.
    pub heads: i64,
    /// Features of the value that gives the keys; `None` takes `features`.
    pub key_features: Option<i64>,
    /// Features of the value that gives the values; `None` takes `features`.
    pub value_features: Option<i64>,
    /// Features of a head's queries and keys; `None` takes `features / heads`.
    pub key_dim: Option<i64>,
    /// Features of a head's values; `None` takes `key_dim`.
    pub value_dim: Option<i64>,
    /// Features of all heads together (flax), where they are given that way.
    pub qkv_features: Option<i64>,
    /// Features of the output; `None` takes `features`.
    pub out_features: Option<i64>,
    /// Whether biases are added.
    pub bias: bool,
    /// Probability of a zero among the weights in training.
    pub dropout: f64,
    /// Whether a token attends to no later one.
    pub causal: bool,
}

/// A part of the outputs of a larger linear layer, whose weight is in PyTorch's layout, a row for each output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Projection {
    /// Input features.
    pub inputs: i64,
    /// Outputs.
    pub outputs: i64,
    /// The first row of the weight, and the rows that the weight has.
    pub rows: (i64, i64),
    /// The first number of the bias, and how many that has, if there is one.
    pub bias: Option<(i64, i64)>,
}

impl Attention {
    /// Without a scale of its own.
    pub const fn new(dialect: Dialect, heads: i64) -> Attention {
        Attention { dialect, heads, causal: false, scale: None, dropout: 0.0 }
    }

    /// The factor of the scores where a head has `features` features: `1 / sqrt(features)`, but 1 for the single head
    /// of keras' `Attention`.
    pub const fn factor(&self, features: i64) -> f64 {
        match self.scale {
            Some(scale) => scale,
            None if matches!(self.dialect, Dialect::Keras) && self.heads == 1 => 1.0,
            None => 1.0 / crate::param::sqrt(crate::param::positive(features)),
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

    /// Features of the values that give queries, keys and values.
    pub const fn inputs(&self) -> Option<[i64; 3]> {
        let Some(features) = self.features else { return None };
        let key = or(self.key_features, features);
        // Where they are the same value, so are its features.
        Some([features, key, or(self.value_features, features)])
    }

    /// Features of all heads' queries, and of all heads' values.
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

    /// Whether queries, keys and values have one weight in PyTorch's layout, as they do where all three have the same number of
    /// input features.
    pub const fn is_packed(&self) -> bool {
        match self.inputs() {
            Some([query, key, value]) => query == key && query == value,
            None => self.key_features.is_none() && self.value_features.is_none(),
        }
    }

    /// The attention between its linear layers.
    pub const fn attention(&self) -> Attention {
        let scale = match self.widths() {
            Some([query, _]) if self.heads > 0 => {
                Some(1.0 / crate::param::sqrt(crate::param::positive(query / self.heads)))
            }
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
