//! Fixes in a dialect's own terms: `padding: valid`, crops by pairs, removing a field that excludes another.

use convshape_arith::axis::{Scatter, extent};
use convshape_arith::fault::Reason;
use convshape_arith::op::{Conv, Dialect, Direction, MAX_SPATIAL, Op, Padding, PerAxis, Pool};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::Edit;
use super::candidates::Candidates;
use super::refused::half;
use crate::fields::Setting;
use crate::graph::{Graph, NodeId};

/// What a rejection by a dialect suggests.
pub(super) fn at_the_layer(
    graph: &Graph,
    node: NodeId,
    op: &Op,
    inputs: &[Shape],
    reason: &Reason,
    found: &mut Candidates,
) {
    let takes = |field: &str| graph.nodes[node].writing.takes(field);
    let mut offer = |field: &'static str, setting: Setting, cost: u32| {
        if takes(field) {
            found.push(vec![Edit::Field { node, field, setting }], cost);
        }
    };
    let every = |value: i64| Setting::Ints { values: [value; MAX_SPATIAL], axes: None };
    match reason {
        Reason::PaddingNumber | Reason::NotInDialect { field: "padding", .. } => {
            if let Op::Conv(conv) = op {
                if let (Padding::Symmetric(padding), Dialect::Keras) = (conv.padding, conv.dialect) {
                    let values = padding.map(|rows| (rows, rows));
                    offer("padding", Setting::Pairs { values, axes: Some(conv.rank) }, 12);
                }
                offer("padding", Setting::ints(half(conv), conv.rank), 16);
            }
            if let (Op::Pool(pool), Some(input)) = (op, inputs.first()) {
                for (setting, cost) in same_as_numbers(graph, pool, input) {
                    offer("padding", setting, cost);
                }
            }
            offer("padding", Setting::Word("same"), 10);
            offer("padding", Setting::Word("valid"), 14);
            // What the word means takes two fields in numbers.
            let set = |field, values, rank| Edit::Field { node, field, setting: Setting::ints(values, rank) };
            match op {
                Op::Conv(conv) if conv.direction == Direction::Transposed && conv.padding == Padding::Same => {
                    if let Some((crop, more)) = conv.crop_to_stride().filter(|_| takes("output_padding")) {
                        let mut edits = vec![set("padding", crop, conv.rank)];
                        if more != [0; MAX_SPATIAL] {
                            edits.push(set("output_padding", more, conv.rank));
                        }
                        found.push(edits, 6);
                    }
                }
                // With the size kept, as with the stride of 1 that flax has.
                Op::Pool(pool) if pool.padding == Padding::Same && pool.kernel.iter().all(|rows| rows % 2 == 1) => {
                    let sides = pool.kernel.map(|rows| rows / 2);
                    found.push(vec![set("padding", sides, pool.rank), set("stride", [1; MAX_SPATIAL], pool.rank)], 14);
                }
                _ => {}
            }
        }
        Reason::NotInDialect { field: "bias", .. } => offer("bias", Setting::Bool(false), 10),
        Reason::Exclusive { field: "dilation", .. } => {
            offer("dilation", every(1), 10);
            offer("stride", every(1), 12);
        }
        Reason::Exclusive { field: "auto_pad", .. } => offer("auto_pad", Setting::Word("notset"), 10),
        Reason::Exclusive { field: "output_padding", .. } => offer("output_padding", Setting::Word("none"), 10),
        Reason::OutputPaddingStride { stride, .. } => {
            for value in (0..(*stride).min(8)).rev() {
                offer("output_padding", every(value), if value == 0 { 10 } else { 12 });
            }
        }
        Reason::NotRestored { .. } => {
            offer("output_padding", Setting::Word("none"), 10);
            offer("output_padding", every(1), 14);
        }
        Reason::OutputSize { .. } => {
            if let (Op::Conv(conv), Some(input)) = (op, inputs.first())
                && let Some(setting) = crop_to_output_size(graph, conv, input)
            {
                offer("padding", setting, 20);
            }
        }
        _ => {}
    }
}

/// The fields of a convolution that take a word, set to another word, with their costs.
pub(super) fn of_conv(conv: &Conv) -> Vec<(&'static str, Setting, u32)> {
    if conv.dialect == Dialect::Torch {
        return Vec::new();
    }
    // onnx has numbers in `pads`, and words in `auto_pad`.
    let cost = if conv.dialect == Dialect::Onnx { 34 } else { 16 };
    let words = [("valid", Padding::Valid), ("same", Padding::Same)];
    let others = words.into_iter().filter(|(_, now)| conv.padding != *now);
    let mut found: Vec<_> = others.map(|(word, _)| ("padding", Setting::Word(word), cost)).collect();
    if conv.dialect == Dialect::Keras && conv.direction == Direction::Transposed && conv.output_padding.is_some() {
        found.push(("output_padding", Setting::Word("none"), 16));
    }
    found
}

/// The words that a pooling layer's padding can be.
pub(super) fn of_pool(pool: &Pool) -> Vec<(&'static str, u32)> {
    if pool.dialect == Dialect::Torch {
        return Vec::new();
    }
    let words = [("valid", Padding::Valid), ("same", Padding::Same)];
    words.into_iter().filter(|(_, now)| pool.padding != *now).map(|(word, _)| (word, 16)).collect()
}

/// The padding in numbers that equals `same`, for a dialect without the word.
fn same_as_numbers(graph: &Graph, pool: &Pool, input: &Shape) -> Vec<(Setting, u32)> {
    let mut pairs: PerAxis<(i64, i64)> = [(0, 0); MAX_SPATIAL];
    for (axis, pair) in pairs.iter_mut().enumerate().take(pool.rank) {
        let Some(rows) = input.size(graph.order().spatial(axis)).number() else { return Vec::new() };
        let (stride, reach) =
            (pool.stride[axis].max(1), pool.kernel[axis].saturating_sub(1).saturating_mul(pool.dilation[axis]));
        let windows = (rows.max(1) - 1) / stride + 1;
        let covered = (windows - 1).saturating_mul(stride).saturating_add(reach).saturating_add(1);
        let total = covered.saturating_sub(rows).max(0);
        *pair = (total / 2, total - total / 2);
    }
    let even = pairs[..pool.rank].iter().all(|(lo, hi)| lo == hi);
    let exact = match even {
        true => Setting::ints(pairs.map(|(lo, _)| lo), pool.rank),
        false => Setting::Pairs { values: pairs, axes: Some(pool.rank) },
    };
    vec![(exact, 8)]
}

/// The crop that gives the requested output size.
fn crop_to_output_size(graph: &Graph, conv: &Conv, input: &Shape) -> Option<Setting> {
    let sizes = conv.output_size?;
    let mut pairs: PerAxis<(i64, i64)> = [(0, 0); MAX_SPATIAL];
    for axis in 0..conv.rank {
        let (kernel, stride, dilation) = (conv.kernel[axis], conv.stride[axis], conv.dilation[axis]);
        let full = Scatter { kernel, stride, dilation, lo: 0, hi: 0 };
        let rows = full.unchecked_output(input.size(graph.order().spatial(axis))).ok().and_then(Size::number)?;
        let crop = rows.saturating_sub(sizes[axis]).max(0);
        pairs[axis] = (crop / 2, crop - crop / 2);
    }
    let even = pairs[..conv.rank].iter().all(|(lo, hi)| lo == hi);
    Some(match even {
        true => Setting::ints(pairs.map(|(lo, _)| lo), conv.rank),
        false => Setting::Pairs { values: pairs, axes: Some(conv.rank) },
    })
}

/// The pair that crops `lo` and `hi` rows of the full output, in the dialect's terms.
pub(super) fn written_crop(conv: &Conv, axis: usize, lo: i64, hi: i64) -> (i64, i64) {
    let Ok(reach) = extent(conv.kernel[axis], conv.dilation[axis]) else { return (lo, hi) };
    let added = match (conv.dialect, conv.output_padding) {
        (Dialect::Jax | Dialect::Flax, _) => {
            return if conv.consistent_padding {
                (lo, hi)
            } else {
                ((reach - 1).saturating_sub(lo), (reach - 1).saturating_sub(hi))
            };
        }
        // What keras adds by default.
        (Dialect::Keras, None) => conv.stride[axis].saturating_sub(reach).max(0),
        (_, Some(output_padding)) => output_padding[axis],
        (_, None) => 0,
    };
    (lo, hi.saturating_add(added))
}
