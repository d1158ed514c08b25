//! How an input's shape differs from the chain's.

use core::fmt;

use convshape_arith::data::{ArrayPort, Library, arithmetic, note, remedy, sizes};
use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;
use convshape_arith::text::Text;

/// Displays what differs between an input and the shape that a chain takes.
pub(super) struct InputProblem<'a> {
    pub(super) chain: &'a str,
    pub(super) input: &'a str,
    pub(super) found: &'a [usize],
    pub(super) expected: &'a Shape,
    pub(super) order: AxisOrder,
}

impl fmt::Display for InputProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InputProblem { chain, input, found, expected, order } = *self;
        let port = ArrayPort { shape: expected, order, output: false };
        let mut text = Text::new();
        text.str("`").str(chain).str("`: `").str(input).str("` has ");
        arithmetic(&mut text, &port, found, false).str(" (found ");
        sizes(&mut text, found).str(", expected a batch of ").shape(expected).str(")");
        explain(&mut text, &port, found, false, input);
        f.write_str(text.as_str())
    }
}

/// Displays what differs between an array of a data file and the shape of its port.
#[cfg(feature = "train")]
pub(super) struct ArrayProblem<'a> {
    pub(super) chain: &'a str,
    pub(super) array: &'a str,
    pub(super) port: &'a str,
    pub(super) found: &'a [usize],
    pub(super) whole: bool,
    pub(super) expected: &'a Shape,
    pub(super) order: AxisOrder,
    pub(super) output: bool,
}

#[cfg(feature = "train")]
impl fmt::Display for ArrayProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ArrayProblem { chain, array, port: name, found, whole, expected, order, output } = *self;
        let port = ArrayPort { shape: expected, order, output };
        let mut text = Text::new();
        text.str("`").str(chain).str("`: `").str(array).str("` does not fit `").str(name).str("`: found ");
        sizes(&mut text, found).str(", expected ");
        convshape_arith::data::expected(&mut text, &port);
        explain(&mut text, &port, found, whole, array);
        f.write_str(text.as_str())
    }
}

/// Appends what is probably wrong with an array, and how to make it fit.
fn explain(text: &mut Text, port: &ArrayPort<'_>, found: &[usize], whole: bool, name: &str) {
    let cause = port.cause(found, whole);
    let mut looks = Text::new();
    if !note(&mut looks, port, cause).as_str().is_empty() {
        text.str("; ").str(looks.as_str());
    }
    let mut edit = Text::new();
    if remedy(&mut edit, port, cause, name, Library::Ndarray) {
        text.str("; write ").str(edit.as_str());
    }
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
            "`Ae`: `input` has channels 3, expected 1 (found [8, 28, 28, 3], expected a batch of [28, 28, 1]); these \
             look like colour images, and the chain takes grey ones"
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
        let end = "; the axes look permuted: this chain takes the channel axis first; \
                   write `input.permuted_axes([0, 3, 1, 2])`";
        assert!(first.ends_with(end), "{first}");
        let last = input(vec![8, 1, 28, 28], &[28, 28, 1], AxisOrder::ChannelsLast);
        assert!(last.contains("; the axes look permuted: this chain takes the channel axis last"), "{last}");
        let batch = input(vec![1, 28, 28], &[1, 28, 28], AxisOrder::ChannelsFirst);
        assert!(batch.contains("has 3 axes, expected 4"), "{batch}");
        let end = "; the batch axis is missing: this is one sample; write `input.insert_axis(Axis(0))`";
        assert!(batch.ends_with(end), "{batch}");
    }
}
