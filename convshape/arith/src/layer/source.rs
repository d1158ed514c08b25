//! The shapes of values that need no input.

use super::at_least_one;
use crate::fault::{Fault, Reason, tri};
use crate::op::Source;
use crate::shape::Shape;
use crate::size::Size;

/// The shape of a source, if it has the right number of elements.
pub(super) const fn shape(of: &Source, shape: &Shape) -> Result<Shape, Fault> {
    match of {
        Source::Constant(constant) => {
            if let Some(array) = constant.shape() {
                tri!(holds(array, shape));
            }
        }
        Source::OneHot(positions) => {
            if let Some(array) = positions.shape() {
                // The last axis is that of the row.
                tri!(holds(array, &without_last(shape)));
            }
        }
        Source::Parameter { .. } | Source::Shared { .. } | Source::Arange => {}
    }
    fixed(shape)
}

const fn without_last(shape: &Shape) -> Shape {
    let mut fewer = Shape::unknown(shape.rank().saturating_sub(1));
    let mut axis = 0;
    while axis < fewer.rank() {
        fewer = fewer.with(axis, shape.size(axis));
        axis += 1;
    }
    fewer
}

/// A shape whose sizes must all be numbers, at least 1.
const fn fixed(shape: &Shape) -> Result<Shape, Fault> {
    let mut axis = 0;
    while axis < shape.rank() {
        match shape.size(axis) {
            Size::Number(value) => tri!(at_least_one("shape", value)),
            found => return Err(Fault::new(Reason::NotFixed { what: "a size of its own is", found })),
        }
        axis += 1;
    }
    Ok(*shape)
}

/// Whether an array has the elements of a shape in the same order of axes.
const fn holds(array: &Shape, shape: &Shape) -> Result<(), Fault> {
    let fills = match (array.elements(), shape.elements()) {
        (Ok(Size::Number(found)), Ok(Size::Number(wanted))) => found == wanted,
        // The shape is rejected for its own reason.
        _ => true,
    };
    if fills && !is_permuted(array, shape) {
        Ok(())
    } else {
        Err(Fault::new(Reason::Constant { array: *array, shape: *shape }))
    }
}

/// Whether two shapes have the same sizes in a different order.
pub(crate) const fn is_permuted(a: &Shape, b: &Shape) -> bool {
    if a.rank() != b.rank() {
        return false;
    }
    let (mut is_moved, mut axis) = (false, 0);
    while axis < a.rank() {
        let size = a.size(axis);
        is_moved |= !size.same(b.size(axis));
        if count_of(a, size) != count_of(b, size) {
            return false;
        }
        axis += 1;
    }
    is_moved
}

/// How many axes have a given size.
const fn count_of(shape: &Shape, size: Size) -> usize {
    let (mut count, mut axis) = (0, 0);
    while axis < shape.rank() {
        count += shape.size(axis).same(size) as usize;
        axis += 1;
    }
    count
}
