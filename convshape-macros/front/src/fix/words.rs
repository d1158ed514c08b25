//! Fixes in the words of a dialect: `padding: valid`, crops by pairs, what excludes something else left out.

use convshape_arith::axis::{Scatter, extent};
use convshape_arith::fault::Reason;
use convshape_arith::op::{Conv, Dialect, Direction, MAX_SPATIAL, Op, Padding, PerAxis, Pool};
use convshape_arith::size::Size;

use super::candidates::wrongness;
use super::{Edit, Search};
use crate::fields::Setting;
use crate::graph::NodeId;

/// What a refusal by a dialect suggests.
pub(super) fn at_the_layer(search: &mut Search<'_>, node: NodeId, op: &Op, reason: &Reason) {
    let mut offer = |field: &'static str, setting: Setting, cost: u32| {
        search.offer(Edit::Field { node, field, setting }, cost);
    };
    let every = |value: i64| Setting::Ints { values: [value; MAX_SPATIAL], axes: None };
    match reason {
        Reason::PaddingNumber | Reason::NotInDialect { field: "padding", .. } => {
            if let Op::Conv(conv) = op {
                if let (Padding::Symmetric(padding), Dialect::Keras) = (conv.padding, conv.dialect) {
                    let values = padding.map(|rows| (rows, rows));
                    offer("padding", Setting::Pairs { values, axes: Some(conv.rank) }, 12);
                }
                // Rows that keep a size at stride 1.
                let half = std::array::from_fn(|axis| {
                    conv.kernel[axis].saturating_sub(1).saturating_mul(conv.dilation[axis]) / 2
                });
                offer("padding", Setting::ints(half, conv.rank), 16);
            }
            offer("padding", Setting::Word("same"), 10);
            offer("padding", Setting::Word("valid"), 14);
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
            if let Op::Conv(conv) = op {
                crop_to_output_size(search, node, conv);
            }
        }
        _ => {}
    }
}

/// The padding of a convolution as another word.
pub(super) fn padding(search: &mut Search<'_>, node: NodeId, conv: &Conv, cost: u32) {
    if conv.dialect == Dialect::Torch {
        return;
    }
    for (word, now) in [("valid", Padding::Valid), ("same", Padding::Same)] {
        if conv.padding != now {
            search.offer(Edit::Field { node, field: "padding", setting: Setting::Word(word) }, cost);
        }
    }
    if conv.dialect == Dialect::Keras && conv.direction == Direction::Transposed && conv.output_padding.is_some() {
        search.offer(Edit::Field { node, field: "output_padding", setting: Setting::Word("none") }, cost);
    }
}

/// A pooling layer that steps by its window, and its padding as another word.
pub(super) fn pooling(search: &mut Search<'_>, node: NodeId, pool: &Pool, cost: u32) {
    if pool.dialect == Dialect::Torch {
        return;
    }
    if pool.stride != pool.kernel {
        let setting = Setting::ints(pool.kernel, pool.rank);
        search.offer(Edit::Field { node, field: "stride", setting }, cost);
    }
    for (word, now) in [("valid", Padding::Valid), ("same", Padding::Same)] {
        if pool.padding != now {
            search.offer(Edit::Field { node, field: "padding", setting: Setting::Word(word) }, cost + 4);
        }
    }
}

/// `padding: [(lo, hi), ..]` of a transposed convolution: what is too much is cropped at the end.
pub(super) fn uneven_crop(search: &mut Search<'_>, node: NodeId, conv: &Conv, cost: u32) {
    let graph = search.graph;
    let Some(Some(input)) = search.checked.shapes.get(graph.nodes[node].inputs[0]).copied() else { return };
    let Ok(scatters) = conv.scatters(&input, graph.order()) else { return };
    let mut pairs = [(0, 0); MAX_SPATIAL];
    for axis in 0..conv.rank {
        pairs[axis] = written(conv, axis, scatters[axis].lo, scatters[axis].hi);
    }
    let mut changed = false;
    for axis in 0..conv.rank {
        let Some(apart @ 1..=64) = wrongness(search, search.problem, axis) else { continue };
        for more in [apart, -apart] {
            let Scatter { lo, hi, .. } = scatters[axis];
            let mut next = pairs;
            next[axis] = written(conv, axis, lo, hi.saturating_add(more));
            let setting = Setting::Pairs { values: next, axes: Some(conv.rank) };
            let (left, _) = search.left_by(&Edit::Field { node, field: "padding", setting });
            if left.as_ref().map_or(Some(0), |problem| wrongness(search, problem, axis)) == Some(0) {
                pairs = next;
                changed = true;
                break;
            }
        }
    }
    if changed {
        let setting = Setting::Pairs { values: pairs, axes: Some(conv.rank) };
        search.offer(Edit::Field { node, field: "padding", setting }, cost);
    }
}

/// The crop that makes an output size what was asked for.
fn crop_to_output_size(search: &mut Search<'_>, node: NodeId, conv: &Conv) {
    let graph = search.graph;
    let Some(sizes) = conv.output_size else { return };
    let Some(Some(input)) = search.checked.shapes.get(graph.nodes[node].inputs[0]).copied() else { return };
    let mut pairs: PerAxis<(i64, i64)> = [(0, 0); MAX_SPATIAL];
    for axis in 0..conv.rank {
        let (kernel, stride, dilation) = (conv.kernel[axis], conv.stride[axis], conv.dilation[axis]);
        let full = Scatter { kernel, stride, dilation, lo: 0, hi: 0 };
        let Ok(Size::Number(rows)) = full.unchecked_output(input.size(graph.order().spatial(axis))) else { return };
        let crop = rows.saturating_sub(sizes[axis]).max(0);
        pairs[axis] = (crop / 2, crop - crop / 2);
    }
    let setting = Setting::Pairs { values: pairs, axes: Some(conv.rank) };
    search.offer(Edit::Field { node, field: "padding", setting }, 20);
}

/// The pair that crops `lo` and `hi` rows of the full output, as the dialect counts.
fn written(conv: &Conv, axis: usize, lo: i64, hi: i64) -> (i64, i64) {
    let Ok(reach) = extent(conv.kernel[axis], conv.dilation[axis]) else { return (lo, hi) };
    let added = match (conv.dialect, conv.output_padding) {
        (Dialect::Jax | Dialect::Flax, _) => {
            return if conv.consistent_padding {
                (lo, hi)
            } else {
                ((reach - 1).saturating_sub(lo), (reach - 1).saturating_sub(hi))
            };
        }
        // What keras adds where nothing is written.
        (Dialect::Keras, None) => conv.stride[axis].saturating_sub(reach).max(0),
        (_, Some(output_padding)) => output_padding[axis],
        (_, None) => 0,
    };
    (lo, hi.saturating_add(added))
}
