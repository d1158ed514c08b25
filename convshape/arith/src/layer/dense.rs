//! Features and elements: linear layers and reshapes.

use super::{MOST_ELEMENTS, rank_at_least, some};
use crate::fault::{Fault, Reason, tri};
use crate::shape::{MAX_RANK, Shape};
use crate::size::{Size, SizeError};

pub(super) const fn linear(inputs: Option<i64>, outputs: i64, input: &Shape) -> Result<Shape, Fault> {
    tri!(rank_at_least(input, 1));
    tri!(features(inputs, input));
    if let Some(inputs) = inputs
        && inputs.saturating_mul(outputs) > MOST_ELEMENTS
    {
        return Err(Fault::new(Reason::TooManyElements { shape: *input }));
    }
    tri!(some("output features", outputs));
    Ok(input.with(input.rank() - 1, Size::Number(outputs)))
}

/// Checks that the last axis has the number of features that a layer expects.
pub(super) const fn features(expected: Option<i64>, input: &Shape) -> Result<(), Fault> {
    let found = input.size(input.rank() - 1);
    match expected {
        Some(expected) if !found.fits(Size::Number(expected)) => {
            Err(Fault::new(Reason::Features { expected, found: *input }))
        }
        Some(expected) => some("input features", expected),
        None => match found {
            Size::Symbolic { .. } => Err(Fault::new(Reason::NotFixed { what: "the number of features is", found })),
            Size::Number(_) | Size::Unknown => Ok(()),
        },
    }
}

pub(super) const fn elements(shape: &Shape) -> Result<Size, Fault> {
    match shape.elements() {
        Ok(size) => Ok(size),
        Err(SizeError::NotLinear) => {
            Err(Fault::new(Reason::NotFixed { what: "its number of elements depends on", found: first_symbol(shape) }))
        }
        Err(error) => Err(Fault::new(Reason::Size(error))),
    }
}

/// The symbol of the first size that has one.
const fn first_symbol(shape: &Shape) -> Size {
    let mut axis = 0;
    while axis < shape.rank() {
        if let Size::Symbolic { symbol, .. } = shape.size(axis) {
            return Size::Symbolic { scale: 1, symbol, offset: 0 };
        }
        axis += 1;
    }
    Size::Unknown
}

/// Computes the one unknown size of a target shape from the number of elements.
pub(super) const fn fill(shape: Shape, input: &Shape) -> Shape {
    let mut open = MAX_RANK;
    let mut product: i64 = 1;
    let mut axis = 0;
    while axis < shape.rank() {
        match shape.size(axis) {
            Size::Number(n) => product = product.saturating_mul(n),
            _ if open == MAX_RANK => open = axis,
            _ => return shape,
        }
        axis += 1;
    }
    if open == MAX_RANK || product < 1 {
        return shape;
    }
    match (input.elements(), shape.size(open)) {
        (Ok(Size::Number(n)), _) if n % product == 0 => shape.with(open, Size::Number(n / product)),
        (Ok(Size::Symbolic { scale, symbol, offset }), Size::Unknown)
            if scale % product == 0 && offset % product == 0 =>
        {
            shape.with(open, Size::Symbolic { scale: scale / product, symbol, offset: offset / product })
        }
        _ => shape,
    }
}

pub(super) const fn reshaped(shape: &Shape, input: &Shape) -> Result<Shape, Fault> {
    let mut axis = 0;
    while axis < shape.rank() {
        if let Size::Number(n) = shape.size(axis)
            && n < 1
        {
            return Err(Fault::new(Reason::NotPositive { field: "shape", value: n }));
        }
        axis += 1;
    }
    let (from, to) = (tri!(elements(input)), tri!(elements(shape)));
    // The unknown size could not be computed because the division leaves a remainder.
    let open = input.is_known() && !shape.is_known();
    if open || !from.fits(to) {
        return Err(Fault::new(Reason::Elements { from: *input, to: *shape }));
    }
    Ok(*shape)
}
