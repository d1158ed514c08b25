//! How an input's shape differs from the one that a chain takes.

use core::fmt;

use convshape_arith::layer;
use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::text::Text;

use crate::model::symbols::Symbols;

/// Displays what differs between an input and the shape a chain takes.
pub(super) struct InputProblem<'a> {
    pub(super) chain: &'a str,
    pub(super) input: &'a str,
    pub(super) found: &'a [usize],
    pub(super) expected: &'a Shape,
    pub(super) order: AxisOrder,
}

impl InputProblem<'_> {
    /// Whether the channel axis stands at the other end, the rest being right.
    fn channels_at_other_end(&self) -> bool {
        let mut sizes = self.found.get(1..).unwrap_or_default().to_vec();
        let one = sizes.len().min(1);
        match self.order {
            AxisOrder::ChannelsFirst => sizes.rotate_right(one),
            AxisOrder::ChannelsLast => sizes.rotate_left(one),
        }
        matches(&sizes, self.expected).is_some()
    }
}

impl fmt::Display for InputProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InputProblem { chain, input, found, expected, order } = *self;
        let rank = expected.rank();
        write!(f, "`{chain}`: ")?;
        if found.len() == rank + 1 {
            write!(f, "`{input}` has ")?;
            let axes = found[1..].iter().zip(expected.sizes()).enumerate();
            // Each axis for itself; where all are of the right form, two contradict each other.
            let alone = |found: usize, size: Size| matches(&[found], &Shape::new(&[size], expected.scope())).is_some();
            let contradict = matches(&found[1..], expected).is_none()
                && found[1..].iter().zip(expected.sizes()).all(|(found, size)| alone(*found, *size));
            let wrong = axes.filter(|(_, (found, size))| contradict || !alone(**found, **size));
            for (place, (axis, (found, expected_size))) in wrong.enumerate() {
                f.write_str(if place == 0 { "" } else { "; " })?;
                match axis_name(axis, rank, order) {
                    Some(name) => write!(f, "{name} {found}")?,
                    None => write!(f, "size {found} on axis {}", axis + 1)?,
                }
                let mut text = Text::new();
                write!(f, ", expected {}", text.size(*expected_size, expected.scope()).as_str())?;
            }
        } else {
            write!(f, "`{input}` has {} axes, expected {}", found.len(), rank + 1)?;
        }
        write!(f, " (found {found:?}, expected a batch of {expected})")?;
        if self.channels_at_other_end() {
            let end = match order {
                AxisOrder::ChannelsFirst => "first",
                AxisOrder::ChannelsLast => "last",
            };
            write!(f, "; this chain takes the channel axis {end}")?;
        } else if matches(found, expected).is_some() {
            f.write_str("; the batch axis is missing")?;
        }
        Ok(())
    }
}

/// What the sizes make of a shape's symbols, if they are sizes of that shape.
fn matches(found: &[usize], expected: &Shape) -> Option<Symbols> {
    let mut symbols = Symbols::NONE;
    symbols.learn(found, expected).then_some(symbols)
}

/// What the axis of an activation is called; only a `Reshape` makes more axes than have names.
fn axis_name(axis: usize, rank: usize, order: AxisOrder) -> Option<&'static str> {
    let channel = match order {
        AxisOrder::ChannelsFirst => 0,
        AxisOrder::ChannelsLast => rank - 1,
    };
    if axis == channel {
        return Some("channels");
    }
    let spatial = match order {
        AxisOrder::ChannelsFirst => axis - 1,
        AxisOrder::ChannelsLast => axis,
    };
    (2..=4).contains(&rank).then(|| layer::axis_name(spatial, rank - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::error::ShapeError;
    use alloc::string::{String, ToString};
    use alloc::vec;
    use alloc::vec::Vec;

    fn input(found: Vec<usize>, expected: &[i64], order: AxisOrder) -> String {
        ShapeError::Input { chain: "Ae", input: "input", found, expected: Shape::of(expected), order }.to_string()
    }

    #[test]
    fn the_wrong_axes_are_named() {
        assert_eq!(
            input(vec![8, 1, 27, 30], &[1, 28, 28], AxisOrder::ChannelsFirst),
            "`Ae`: `input` has height 27, expected 28; width 30, expected 28 \
             (found [8, 1, 27, 30], expected a batch of [1, 28, 28])"
        );
        assert_eq!(
            input(vec![8, 28, 28, 3], &[28, 28, 1], AxisOrder::ChannelsLast),
            "`Ae`: `input` has channels 3, expected 1 (found [8, 28, 28, 3], expected a batch of [28, 28, 1])"
        );
        assert_eq!(
            input(vec![8, 2, 2, 2, 2, 3], &[2, 2, 2, 2, 2], AxisOrder::ChannelsFirst),
            "`Ae`: `input` has size 3 on axis 5, expected 2 \
             (found [8, 2, 2, 2, 2, 3], expected a batch of [2, 2, 2, 2, 2])"
        );
    }

    #[test]
    fn likely_causes_are_named() {
        let first = input(vec![8, 28, 28, 1], &[1, 28, 28], AxisOrder::ChannelsFirst);
        assert!(first.ends_with("; this chain takes the channel axis first"), "{first}");
        let last = input(vec![8, 1, 28, 28], &[28, 28, 1], AxisOrder::ChannelsLast);
        assert!(last.ends_with("; this chain takes the channel axis last"), "{last}");
        let batch = input(vec![1, 28, 28], &[1, 28, 28], AxisOrder::ChannelsFirst);
        assert!(batch.contains("has 3 axes, expected 4"), "{batch}");
        assert!(batch.ends_with("; the batch axis is missing"), "{batch}");
    }
}
