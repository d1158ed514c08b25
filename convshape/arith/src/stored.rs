//! How files store parameters, and what may have happened to one with a different shape.

use core::fmt;

use crate::op::{Conv, Dialect, Direction, Op};

/// The names of the two tensors that PyTorch's weight norm splits a weight into: its length, then its direction
/// (`torch.nn.utils.weight_norm` and `torch.nn.utils.parametrizations.weight_norm`).
pub const WEIGHT_NORM: [(&str, &str); 2] =
    [("weight_g", "weight_v"), ("parametrizations.weight.original0", "parametrizations.weight.original1")];

/// Whether a tensor of shape `found` can be loaded as a parameter of shape `expected`: if the shapes are equal, or if
/// one has extra axes of size 1, all at the start or all at the end, as with `[96]` and `[96, 1, 1, 1]` or `[8, 8, 1,
/// 1]` and `[8, 8]`.
#[must_use]
pub const fn is_stored_as(found: &[usize], expected: &[usize]) -> bool {
    let (short, long) = if found.len() < expected.len() { (found, expected) } else { (expected, found) };
    let more = long.len() - short.len();
    is_within(short, long, 0) || is_within(short, long, more)
}

/// Whether `long` equals `short` from axis `start` on, with 1 on all other axes.
const fn is_within(short: &[usize], long: &[usize], start: usize) -> bool {
    let mut axis = 0;
    while axis < long.len() {
        let expected = if axis < start || axis >= start + short.len() { 1 } else { short[axis - start] };
        if long[axis] != expected {
            return false;
        }
        axis += 1;
    }
    true
}

/// How the lengths of weight norm belong to a direction: element `e` of the direction has length `e / stride % count`,
/// with `count` lengths. There is a length for each index of one axis (`dim`, by default the first), with 1 on the
/// others, or one for all elements (`dim=None`). `None` if the shapes do not belong together.
#[must_use]
pub const fn length_stride(lengths: &[usize], direction: &[usize]) -> Option<usize> {
    let mut stride = 1;
    let mut axis = 0;
    while axis < direction.len() {
        stride *= direction[axis];
        axis += 1;
    }
    let all = stride;
    axis = 0;
    while axis < direction.len() {
        stride /= if direction[axis] > 0 { direction[axis] } else { 1 };
        let more = direction.len().saturating_sub(lengths.len());
        if is_along(lengths, direction, axis, 0) || is_along(lengths, direction, axis, more) {
            return Some(stride);
        }
        axis += 1;
    }
    if is_within(&[], lengths, 0) { Some(all) } else { None }
}

/// Whether lengths, as the axes from `start` on, have the size of one axis of a direction and 1 elsewhere.
const fn is_along(lengths: &[usize], direction: &[usize], along: usize, start: usize) -> bool {
    let mut axis = 0;
    while axis < direction.len() {
        let within = axis >= start && axis - start < lengths.len();
        let found = if within { lengths[axis - start] } else { 1 };
        if found != (if axis == along { direction[axis] } else { 1 }) {
            return false;
        }
        axis += 1;
    }
    lengths.len() <= direction.len()
}

/// What may have happened to a tensor with the wrong shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Hint {
    /// Input and output channels are swapped.
    #[non_exhaustive]
    Swapped {
        /// The swapped axes.
        axes: &'static str,
        /// The layer's layout of its weight.
        keeps: &'static str,
    },
    /// The right sizes in a different order.
    Permuted,
    /// The right number of elements with other axes.
    Reshaped,
}

impl Hint {
    /// What may have happened to a parameter that a file stores with the shape `found`.
    #[must_use]
    pub fn of(found: &[usize], expected: &[usize], op: &Op) -> Option<Hint> {
        if let (Some(axes), Some(keeps)) = (swapped(found, expected, op), keeps(op)) {
            return Some(Hint::Swapped { axes, keeps });
        }
        if permuted(found, expected) {
            return Some(Hint::Permuted);
        }
        let same_elements = elements(found).is_some_and(|count| Some(count) == elements(expected));
        same_elements.then_some(Hint::Reshaped)
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hint::Swapped { axes, keeps } => write!(f, "the {axes} axes look swapped: {keeps}"),
            Hint::Permuted => f.write_str("the axes look permuted"),
            Hint::Reshaped => f.write_str("it has as many elements, in other axes"),
        }
    }
}

/// A layer's layout of its matrix or kernel, in words.
#[must_use]
pub const fn keeps(op: &Op) -> Option<&'static str> {
    Some(match op {
        Op::Conv(Conv { depth_multiplier: Some(_), .. }) => return None,
        Op::Conv(conv) => {
            let layout = conv.weight_layout();
            match (conv.direction, layout.first_tap_axis == 0, layout.out_axis < layout.in_axis) {
                (Direction::Forward, false, true) => "a convolution keeps [out, in / groups, ..]",
                (Direction::Forward, false, false) => "a convolution keeps [in / groups, out, ..]",
                (Direction::Forward, true, true) => "a convolution keeps [.., out, in / groups]",
                (Direction::Forward, true, false) => "a convolution keeps [.., in / groups, out]",
                (Direction::Transposed, false, true) => "a transposed convolution keeps [out / groups, in, ..]",
                (Direction::Transposed, false, false) => "a transposed convolution keeps [in, out / groups, ..]",
                (Direction::Transposed, true, true) => "a transposed convolution keeps [.., out / groups, in]",
                (Direction::Transposed, true, false) => "a transposed convolution keeps [.., in, out / groups]",
            }
        }
        Op::Linear { dialect: Dialect::Torch | Dialect::Onnx | Dialect::Jax, .. } => "a linear layer keeps [out, in]",
        Op::Linear { dialect: Dialect::Flax | Dialect::Keras, .. } => "a linear layer keeps [in, out]",
        _ => return None,
    })
}

/// Whether input and output channels are swapped, and on which axes. Which of the two is divided by the groups depends
/// on the direction.
fn swapped(found: &[usize], expected: &[usize], op: &Op) -> Option<&'static str> {
    let (whole, grouped, groups) = match op {
        Op::Conv(conv) => {
            let layout = conv.weight_layout();
            let groups = usize::try_from(conv.groups).unwrap_or(1).max(1);
            match conv.direction {
                Direction::Forward => (layout.out_axis, layout.in_axis, groups),
                Direction::Transposed => (layout.in_axis, layout.out_axis, groups),
            }
        }
        Op::Linear { .. } => (0, 1, 1),
        _ => return None,
    };
    let others = |shape: &[usize], at: usize| at == whole || at == grouped || found.get(at) == shape.get(at);
    let same_taps = found.len() == expected.len() && (0..found.len()).all(|at| others(expected, at));
    let stands = |from: &[usize], to: &[usize]| {
        let grouped = from.get(grouped).and_then(|size| size.checked_mul(groups));
        grouped.is_some() && grouped == to.get(whole).copied()
    };
    let axes = match (op, whole.min(grouped)) {
        (Op::Linear { .. }, _) => "two",
        (_, 0) => "first two",
        _ => "last two",
    };
    (same_taps && stands(found, expected) && stands(expected, found)).then_some(axes)
}

/// Whether two shapes have the same sizes in any order.
fn permuted(found: &[usize], expected: &[usize]) -> bool {
    let count = |sizes: &[usize], size| sizes.iter().filter(|&&other| other == size).count();
    found.len() == expected.len() && found.iter().all(|&size| count(found, size) == count(expected, size))
}

fn elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1, |product: usize, &size| product.checked_mul(size))
}
