//! Products of matrices.

use super::join::merge;
use crate::fault::{Fault, Reason};
use crate::shape::Shape;

/// The axis of the first operand that is summed over.
pub(super) const fn inner_axis(rank: usize, transpose_a: bool) -> usize {
    if transpose_a { rank - 2 } else { rank - 1 }
}

pub(super) const fn multiplied(inputs: &[Shape], transpose_a: bool, transpose_b: bool) -> Result<Shape, Fault> {
    if inputs.len() < 2 {
        return Ok(Shape::unknown(inputs[0].rank()));
    }
    let (a, b) = (inputs[0], inputs[1]);
    if a.rank() < 2 || b.rank() < 2 {
        return Err(Fault::new(Reason::NotMatrix { found: if a.rank() < 2 { a } else { b } }));
    }
    let inner = inner_axis(a.rank(), transpose_a);
    let rows = 2 * a.rank() - 3 - inner;
    // The other axis of the second operand.
    let columns = inner_axis(b.rank(), transpose_b);
    let b_inner = 2 * b.rank() - 3 - columns;
    if !a.size(inner).fits(b.size(b_inner)) {
        return Err(Fault::new(Reason::Product { a, b, columns: a.size(inner), rows: b.size(b_inner) }));
    }
    let (longer, shorter) = if a.rank() >= b.rank() { (a, b) } else { (b, a) };
    let rank = longer.rank();
    let mut output = longer;
    let mut axis = 0;
    while axis + 2 < shorter.rank() {
        let at = rank - shorter.rank() + axis;
        match merge(longer.size(at), shorter.size(axis)) {
            Some(size) => output = output.with(at, size),
            None => return Err(Fault::new(Reason::Join { operand: 1, axis: Some(at), first: a, other: b })),
        }
        axis += 1;
    }
    Ok(output.with(rank - 2, a.size(rows)).with(rank - 1, b.size(columns)))
}
