//! The shapes of attention.

use super::conv::or;
use super::dense::features;
use super::{MOST_ELEMENTS, at_least_one, some};
use crate::fault::{Fault, Reason, tri};
use crate::op::{Attention, Dialect, MultiHead};
use crate::shape::{MAX_RANK, Shape};
use crate::size::Size;

/// The output shape of attention: the queries' tokens, with the values' features.
pub(super) const fn attended(layer: &Attention, inputs: &[Shape]) -> Result<Shape, Fault> {
    let queries = &inputs[0];
    tri!(are_tokens(inputs, MAX_RANK - 1));
    tri!(at_least_one("heads", layer.heads));
    tri!(whole_heads("features", queries, layer.heads));
    if inputs.len() < 3 {
        return Ok(*queries);
    }
    let (keys, values) = (&inputs[1], &inputs[2]);
    if !features_of(queries).fits(features_of(keys)) {
        return Err(Fault::new(Reason::KeyFeatures { queries: *queries, keys: *keys }));
    }
    if !tokens_of(keys).fits(tokens_of(values)) {
        return Err(Fault::new(Reason::ValueTokens { keys: *keys, values: *values }));
    }
    tri!(whole_heads("features of values", values, layer.heads));
    if inputs.len() > 3 {
        let scores = scores(queries, keys, layer.heads);
        if !are_added(&inputs[3], &scores) {
            return Err(Fault::new(Reason::Scores { scores, found: inputs[3] }));
        }
    }
    Ok(queries.with(queries.rank() - 1, features_of(values)))
}

/// Queries, keys and values are `[.., tokens, features]`, with the same axes in front.
const fn are_tokens(inputs: &[Shape], most: usize) -> Result<(), Fault> {
    let mut operand = 0;
    while operand < inputs.len() && operand < 3 {
        let (first, found) = (&inputs[0], &inputs[operand]);
        if found.rank() < 2 || found.rank() > most {
            return Err(Fault::new(Reason::Tokens { operand, most, found: *found }));
        }
        let (mut axis, mut same) = (0, found.rank() == first.rank());
        while same && axis < first.rank() - 2 {
            same = first.size(axis).fits(found.size(axis));
            axis += 1;
        }
        if !same {
            return Err(Fault::new(Reason::Windows { operand, first: *first, other: *found }));
        }
        operand += 1;
    }
    Ok(())
}

/// The size of the last axis but one.
pub(super) const fn tokens_of(value: &Shape) -> Size {
    value.size(value.rank() - 2)
}

pub(super) const fn features_of(value: &Shape) -> Size {
    value.size(value.rank() - 1)
}

/// `[.., heads, tokens, keys]`
const fn scores(queries: &Shape, keys: &Shape, heads: i64) -> Shape {
    let rank = queries.rank();
    let mut sizes = [Size::Unknown; MAX_RANK];
    let mut axis = 0;
    while axis < rank - 2 {
        sizes[axis] = queries.size(axis);
        axis += 1;
    }
    (sizes[rank - 2], sizes[rank - 1], sizes[rank]) = (Size::Number(heads), tokens_of(queries), tokens_of(keys));
    Shape::new(sizes.split_at(rank + 1).0, queries.scope())
}

/// Whether a value can be added to scores: its last two axes are tokens and keys, and axes in front broadcast.
const fn are_added(added: &Shape, scores: &Shape) -> bool {
    if added.rank() < 2 || added.rank() > scores.rank() {
        return false;
    }
    let missing = scores.rank() - added.rank();
    let mut axis = 0;
    while axis < added.rank() {
        let size = added.size(axis);
        let broadcasts = axis + 2 < added.rank() && matches!(size, Size::Number(1));
        if !broadcasts && !size.fits(scores.size(axis + missing)) {
            return false;
        }
        axis += 1;
    }
    true
}

impl Attention {
    /// Of a value added to the scores: the index of the first row for one index of the axes in front of
    /// `[tokens, features]`, and the rows from head to head. A row has one number per key.
    pub const fn added_rows(&self, added: &Shape, queries: &Shape, window: usize) -> [usize; 2] {
        // The axes from the last to the first, those in front of `[heads, tokens, keys]` by index.
        let (mut left, mut step, mut first) = (window, number(added, 1), 0);
        let heads = number(added, 2);
        let head_step = if heads > 1 { step } else { 0 };
        step *= heads;
        let mut back = 3;
        while back <= queries.rank() {
            let (size, all) = (number(added, back), number(queries, back - 1));
            if size > 1 {
                first += left % all * step;
            }
            left /= all;
            step *= size;
            back += 1;
        }
        [first, head_step]
    }
}

/// The size of an axis counted from the end, 0 being the last; 1 where there is none.
#[expect(clippy::cast_possible_truncation, reason = "shapes were checked to fit memory")]
const fn number(value: &Shape, back: usize) -> usize {
    if back >= value.rank() {
        return 1;
    }
    match value.size(value.rank() - 1 - back) {
        Size::Number(size) if size > 0 => size.cast_unsigned() as usize,
        _ => 1,
    }
}

/// Whether the heads divide the features.
const fn whole_heads(what: &'static str, value: &Shape, heads: i64) -> Result<(), Fault> {
    match features_of(value) {
        Size::Number(features) => divided(what, features, heads),
        found @ Size::Symbolic { .. } => Err(Fault::new(Reason::NotFixed { what: "the number of features is", found })),
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
    // Keras attends over all axes in front of the features at once.
    tri!(are_tokens(inputs, if matches!(layer.dialect, Dialect::Keras) { 2 } else { MAX_RANK - 1 }));
    let last = inputs[0].rank() - 1;
    tri!(features(None, &inputs[0]));
    tri!(at_least_one("heads", layer.heads));
    tri!(known(FEATURES[0], layer.features));
    tri!(known("key_dim", layer.key_dim));
    tri!(known("value_dim", layer.value_dim));
    tri!(known("qkv_features", layer.qkv_features));
    tri!(known("out_features", layer.out_features));
    let (Some(expected), Some(widths), Some(outputs)) = (layer.inputs(), layer.widths(), layer.outputs()) else {
        return Ok(inputs[0].with(last, Size::Unknown));
    };
    let mut operand = 0;
    while operand < 3 {
        let found = &inputs[if operand < inputs.len() { operand } else { 0 }];
        tri!(some("features", expected[operand]));
        if !features_of(found).fits(Size::Number(expected[operand])) {
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
    if inputs.len() > 2 && !tokens_of(&inputs[1]).fits(tokens_of(&inputs[2])) {
        return Err(Fault::new(Reason::ValueTokens { keys: inputs[1], values: inputs[2] }));
    }
    Ok(inputs[0].with(last, Size::Number(outputs)))
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
    let [Some(width), Some(values)] = [features_of(&inputs[0]).number(), features_of(output).number()] else {
        return 0;
    };
    products(&inputs[0], keys, width, values)
}

const fn products(queries: &Shape, keys: &Shape, width: i64, values: i64) -> i64 {
    match (rows(queries), tokens_of(keys)) {
        (Some(rows), Size::Number(keys)) => rows.saturating_mul(keys).saturating_mul(width.saturating_add(values)),
        _ => 0,
    }
}

/// The tokens of all windows.
const fn rows(value: &Shape) -> Option<i64> {
    match value.with(value.rank() - 1, Size::Number(1)).elements() {
        Ok(rows) => rows.number(),
        Err(_) => None,
    }
}

/// Those of multi-head attention, including its linear layers.
pub(super) const fn multi_head_macs(layer: &MultiHead, inputs: &[Shape]) -> i64 {
    let (Some(expected), Some([width, values]), Some(outputs)) = (layer.inputs(), layer.widths(), layer.outputs())
    else {
        return 0;
    };
    let keys = &inputs[if inputs.len() > 1 { 1 } else { 0 }];
    let (Some(tokens), Some(count)) = (rows(&inputs[0]), rows(keys)) else { return 0 };
    let queries = tokens.saturating_mul(expected[0]).saturating_mul(width);
    let key = count.saturating_mul(expected[1]).saturating_mul(width);
    let value = count.saturating_mul(expected[2]).saturating_mul(values);
    let output = tokens.saturating_mul(values).saturating_mul(outputs);
    let attended = products(&inputs[0], keys, width, values);
    queries.saturating_add(key).saturating_add(value).saturating_add(output).saturating_add(attended)
}
