//! Parameters as files store them, and what happened to one that is stored otherwise.

use crate::op::{Direction, Op};

/// How PyTorch's weight norm names the two tensors it splits a weight into: its length, then its
/// direction (`torch.nn.utils.weight_norm`, and `torch.nn.utils.parametrizations.weight_norm`).
pub const WEIGHT_NORM: [(&str, &str); 2] =
    [("weight_g", "weight_v"), ("parametrizations.weight.original0", "parametrizations.weight.original1")];

/// What may have happened to a tensor of another shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Hint {
    /// Stored as a convolution keeps it, where a transposed convolution is meant.
    TransposedKeepsInFirst,
    /// Stored as a transposed convolution keeps it, where a convolution is meant.
    ConvKeepsOutFirst,
    /// Stored `[in, out]`, where a linear layer is meant.
    LinearKeepsOutFirst,
    /// The right sizes in another order.
    Permuted,
    /// The right number of elements in other axes.
    Reshaped,
}

impl Hint {
    /// What may have happened to a layer's `weight`, or another of its parameters, that is stored
    /// with the shape `found`.
    #[must_use]
    pub fn of(found: &[usize], expected: &[usize], op: &Op) -> Option<Hint> {
        if looks_swapped(found, expected, op) {
            match op {
                Op::Conv(conv) if matches!(conv.direction, Direction::Transposed) => {
                    return Some(Hint::TransposedKeepsInFirst);
                }
                Op::Conv(_) => return Some(Hint::ConvKeepsOutFirst),
                Op::Linear { .. } => return Some(Hint::LinearKeepsOutFirst),
                _ => {}
            }
        }
        if permuted(found, expected) {
            return Some(Hint::Permuted);
        }
        let same_elements = elements(found).is_some_and(|count| Some(count) == elements(expected));
        same_elements.then_some(Hint::Reshaped)
    }

    /// In words, as the end of a message.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Hint::TransposedKeepsInFirst => {
                "the first two axes look swapped: a transposed convolution keeps [in, out / groups, ..]"
            }
            Hint::ConvKeepsOutFirst => "the first two axes look swapped: a convolution keeps [out, in / groups, ..]",
            Hint::LinearKeepsOutFirst => "the axes look swapped: a linear layer keeps [out, in]",
            Hint::Permuted => "the axes look permuted",
            Hint::Reshaped => "it has as many elements, in other axes",
        }
    }

    /// Whether input and output channels stand in each other's place.
    #[must_use]
    pub const fn is_swap(self) -> bool {
        matches!(self, Hint::TransposedKeepsInFirst | Hint::ConvKeepsOutFirst | Hint::LinearKeepsOutFirst)
    }
}

/// Whether input and output channels stand in each other's place, with groups counted on the second
/// axis as files do.
fn looks_swapped(found: &[usize], expected: &[usize], op: &Op) -> bool {
    let groups = match op {
        Op::Conv(conv) => usize::try_from(conv.groups).unwrap_or(1).max(1),
        _ => 1,
    };
    match (found, expected) {
        ([a, b, rest @ ..], [first, second, spatial @ ..]) => {
            rest == spatial && (*a, b.checked_mul(groups)) == (second.saturating_mul(groups), Some(*first))
        }
        _ => false,
    }
}

/// Whether two shapes have the same sizes, each as often.
fn permuted(found: &[usize], expected: &[usize]) -> bool {
    let count = |sizes: &[usize], size| sizes.iter().filter(|&&other| other == size).count();
    found.len() == expected.len() && found.iter().all(|&size| count(found, size) == count(expected, size))
}

fn elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1, |product: usize, &size| product.checked_mul(size))
}
