//! The shapes of attention.

use super::conv::or;
use super::dense::features;
use super::{MOST_ELEMENTS, at_least_one, some};
use crate::fault::{Fault, Reason, tri};
use crate::op::{Attention, Dialect, MultiHead};
use crate::shape::Shape;
use crate::size::Size;

/// The output shape of attention: the queries' tokens, with the values' features.
pub(super) const fn attended(layer: &Attention, inputs: &[Shape]) -> Result<Shape, Fault> {
    let queries = &inputs[0];
    let mut operand = 0;
    while operand < inputs.len() && operand < 3 {
        if inputs[operand].rank() != 2 {
            return Err(Fault::new(Reason::Tokens { operand, found: inputs[operand] }));
        }
        operand += 1;
    }
    tri!(at_least_one("heads", layer.heads));
    tri!(whole_heads("features", queries, layer.heads));
    if inputs.len() < 3 {
        return Ok(*queries);
    }
    let (keys, values) = (&inputs[1], &inputs[2]);
    if !queries.size(1).fits(keys.size(1)) {
        return Err(Fault::new(Reason::KeyFeatures { queries: *queries, keys: *keys }));
    }
    if !keys.size(0).fits(values.size(0)) {
        return Err(Fault::new(Reason::ValueTokens { keys: *keys, values: *values }));
    }
    tri!(whole_heads("features of values", values, layer.heads));
    if inputs.len() > 3 {
        let (found, tokens, keys) = (inputs[3], queries.size(0), keys.size(0));
        let fits = match found.rank() {
            2 => found.size(0).fits(tokens) && found.size(1).fits(keys),
            3 => {
                let heads = found.size(0).fits(Size::Number(layer.heads));
                heads && found.size(1).fits(tokens) && found.size(2).fits(keys)
            }
            _ => false,
        };
        if !fits {
            return Err(Fault::new(Reason::Scores { tokens, keys, heads: layer.heads, found }));
        }
    }
    Ok(queries.with(1, values.size(1)))
}

/// Whether the heads divide the features.
const fn whole_heads(what: &'static str, value: &Shape, heads: i64) -> Result<(), Fault> {
    match value.size(1) {
        Size::Number(features) => divided(what, features, heads),
        Size::Symbolic { .. } => {
            Err(Fault::new(Reason::NotFixed { what: "the number of features is", found: value.size(1) }))
        }
        Size::Unknown => Ok(()),
    }
}

const fn divided(what: &'static str, features: i64, heads: i64) -> Result<(), Fault> {
    if features % heads == 0 { Ok(()) } else { Err(Fault::new(Reason::Heads { what, features, heads })) }
}

/// flax and keras take the features of keys and values from their shapes. PyTorch has arguments for those that differ
/// from the features of the queries.
pub(super) const fn with_features(mut layer: MultiHead, inputs: &[Shape]) -> MultiHead {
    if matches!(layer.dialect, Dialect::Flax | Dialect::Keras) && inputs.len() == 3 {
        let [keys, values] = [&inputs[1], &inputs[2]];
        layer.key_features = or(layer.key_features, keys.size(keys.rank().saturating_sub(1)).number());
        layer.value_features = or(layer.value_features, values.size(values.rank().saturating_sub(1)).number());
    }
    layer
}

/// The names of the inputs of multi-head attention, and the fields with their numbers of features.
const FEATURES: [&str; 3] = ["features", "key_features", "value_features"];

/// The output shape of multi-head attention.
pub(super) const fn multi_head(layer: &MultiHead, inputs: &[Shape]) -> Result<Shape, Fault> {
    let mut operand = 0;
    while operand < inputs.len() && operand < 3 {
        if inputs[operand].rank() != 2 {
            return Err(Fault::new(Reason::Tokens { operand, found: inputs[operand] }));
        }
        operand += 1;
    }
    tri!(features(None, &inputs[0]));
    tri!(at_least_one("heads", layer.heads));
    tri!(known(FEATURES[0], layer.features));
    tri!(known("key_dim", layer.key_dim));
    tri!(known("value_dim", layer.value_dim));
    tri!(known("qkv_features", layer.qkv_features));
    tri!(known("out_features", layer.out_features));
    let (Some(expected), Some(widths), Some(outputs)) = (layer.inputs(), layer.widths(), layer.outputs()) else {
        return Ok(inputs[0].with(1, Size::Unknown));
    };
    let mut operand = 0;
    while operand < 3 {
        let found = &inputs[if operand < inputs.len() { operand } else { 0 }];
        tri!(some("features", expected[operand]));
        if !found.size(1).fits(Size::Number(expected[operand])) {
            let (field, expected) = (FEATURES[operand], expected[operand]);
            return Err(Fault::new(Reason::TokenFeatures { field, expected, found: *found }));
        }
        if expected[operand].saturating_mul(widths[0]) > MOST_ELEMENTS {
            return Err(Fault::new(Reason::TooManyElements { shape: *found }));
        }
        operand += 1;
    }
    tri!(divided("features", widths[0], layer.heads));
    if widths[0].saturating_mul(3) > MOST_ELEMENTS || widths[1].saturating_mul(outputs) > MOST_ELEMENTS {
        return Err(Fault::new(Reason::TooManyElements { shape: inputs[0] }));
    }
    if inputs.len() > 2 && !inputs[1].size(0).fits(inputs[2].size(0)) {
        return Err(Fault::new(Reason::ValueTokens { keys: inputs[1], values: inputs[2] }));
    }
    Ok(inputs[0].with(1, Size::Number(outputs)))
}

const fn known(field: &'static str, count: Option<i64>) -> Result<(), Fault> {
    match count {
        Some(count) => at_least_one(field, count),
        None => Ok(()),
    }
}

/// The multiply-adds of attention: each query with each key, and each weight with each value.
pub(super) const fn macs(inputs: &[Shape], output: &Shape) -> i64 {
    let keys = &inputs[if inputs.len() > 1 { 1 } else { 0 }];
    products(output.size(0), keys.size(0), inputs[0].size(1), output.size(1))
}

const fn products(tokens: Size, keys: Size, features: Size, values: Size) -> i64 {
    match (tokens, keys, features, values) {
        (Size::Number(tokens), Size::Number(keys), Size::Number(features), Size::Number(values)) => {
            tokens.saturating_mul(keys).saturating_mul(features.saturating_add(values))
        }
        _ => 0,
    }
}

/// Those of multi-head attention, including its linear layers.
pub(super) const fn multi_head_macs(layer: &MultiHead, inputs: &[Shape]) -> i64 {
    let (Some(expected), Some([width, values]), Some(outputs)) = (layer.inputs(), layer.widths(), layer.outputs())
    else {
        return 0;
    };
    let keys = inputs[if inputs.len() > 1 { 1 } else { 0 }].size(0);
    let (Size::Number(tokens), Size::Number(count)) = (inputs[0].size(0), keys) else { return 0 };
    let queries = tokens.saturating_mul(expected[0]).saturating_mul(width);
    let key = count.saturating_mul(expected[1]).saturating_mul(width);
    let value = count.saturating_mul(expected[2]).saturating_mul(values);
    let output = tokens.saturating_mul(values).saturating_mul(outputs);
    let attended = products(inputs[0].size(0), keys, Size::Number(width), Size::Number(values));
    queries.saturating_add(key).saturating_add(value).saturating_add(output).saturating_add(attended)
}
