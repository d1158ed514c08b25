//! Values that reach weights unscaled.

use crate::op::Op;

/// A layer that reads a value: its index, what it computes, and the value it gives. `None` in place of that value where
/// an activation belongs to the layer, so that what follows does not read what the layer's weights give.
pub type Reader<'a> = (usize, &'a Op, Option<usize>);

/// Why bytes should be scaled.
pub const UNSCALED: &str = "weights are initialised for inputs of about 1: training is slow or fails";

/// The first layer whose weights are applied to a value before anything changes its scale. `readers` gives the layers
/// that read a value.
pub fn unscaled_reader<'a, R: Iterator<Item = Reader<'a>>>(
    value: usize,
    readers: &impl Fn(usize) -> R,
) -> Option<usize> {
    readers(value).find_map(|(node, op, output)| match op {
        // A later normalisation removes the scale again.
        Op::Conv(_) | Op::SeparableConv(_) | Op::Linear { .. } => {
            let normalised = output.is_some_and(|output| readers(output).any(|(_, next, _)| normalises(next)));
            (!normalised).then_some(node)
        }
        Op::Reshape { .. }
        | Op::Flatten { .. }
        | Op::Pad { .. }
        | Op::Crop { .. }
        | Op::Identity
        | Op::Dropout { .. } => unscaled_reader(output?, readers),
        _ => None,
    })
}

fn normalises(op: &Op) -> bool {
    matches!(
        op,
        Op::BatchNorm { .. }
            | Op::GroupNorm { .. }
            | Op::InstanceNorm { .. }
            | Op::LayerNorm { .. }
            | Op::RmsNorm { .. }
            | Op::LpNorm { .. }
    )
}
