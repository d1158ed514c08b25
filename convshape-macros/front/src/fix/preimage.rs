//! The input sizes for which a layer gives an output size.
//!
//! Every layer's map of sizes is monotone, so the input sizes that give an output in a range are themselves a range.

use convshape_arith::layer::AxisMap;
use convshape_arith::op::{AxisOrder, Op, Padding};
use convshape_arith::shape::Shape;
use convshape_arith::size::{Scope, Size};

/// The smallest and the largest acceptable size on one axis.
pub(super) type SizeRange = (i64, i64);

/// The search replaces a symbol's multiple by this number. Every fix is then checked for the whole range.
const SAMPLE: i64 = 840;

/// Larger inputs are not tried.
const LARGEST: i64 = 1 << 40;

/// The number of rows, with [`SAMPLE`] for a symbol.
pub(super) fn rows_of(size: Size, scope: Scope) -> Option<i64> {
    match size {
        Size::Number(rows) => Some(rows),
        Size::Symbolic { scale, symbol, offset } => {
            let low = scope.get(usize::from(symbol)).map_or(1, |symbol| symbol.low);
            scale.checked_mul(low.max(SAMPLE))?.checked_add(offset)
        }
        Size::Unknown => None,
    }
}

/// A shape with numbers for its symbols.
pub(super) fn sampled(shape: &Shape) -> Shape {
    let mut sample = *shape;
    for axis in 0..shape.rank() {
        if let Some(rows) = rows_of(shape.size(axis), shape.scope()) {
            sample = sample.with(axis, Size::Number(rows));
        }
    }
    sample
}

/// The rows that a layer gives for `rows` input rows on one axis; `None` if it rejects them.
pub(super) fn given(op: &Op, inputs: &[Shape], order: AxisOrder, axis: usize, rows: i64) -> Option<i64> {
    let mut inputs = inputs.to_vec();
    let first = inputs.first_mut()?;
    if axis + 1 >= first.rank() || rows < 1 {
        return None;
    }
    let mut one = *first;
    for other in 0..first.rank() - 1 {
        one = one.with(order.spatial(other), if other == axis { Size::Number(rows) } else { Size::Unknown });
    }
    *first = one;
    op.output(&inputs, order).ok()?.size(order.spatial(axis)).number()
}

/// The input sizes for which a layer's output is in a range.
pub(super) fn preimage(
    op: &Op,
    inputs: &[Shape],
    order: AxisOrder,
    axis: usize,
    range: SizeRange,
) -> Option<SizeRange> {
    let (low, high) = range;
    if let Some(exact) = exactly(op, &inputs[0], order, axis, range) {
        return exact;
    }
    let reaches = |rows: i64, size: i64| given(op, inputs, order, axis, rows).is_some_and(|given| given >= size);
    let least = first(|rows| reaches(rows, low))?;
    let most = match high {
        i64::MAX => i64::MAX,
        _ => first(|rows| reaches(rows, high.saturating_add(1)))?.saturating_sub(1),
    };
    (least <= most).then_some((least, most))
}

/// The input sizes in closed form, for a convolution whose padding does not depend on them.
fn exactly(op: &Op, input: &Shape, order: AxisOrder, axis: usize, (low, high): SizeRange) -> Option<Option<SizeRange>> {
    let Op::Conv(conv) = op else { return None };
    if !matches!(conv.padding, Padding::Symmetric(_) | Padding::Pairs(_) | Padding::Valid) || high == i64::MAX {
        return None;
    }
    match op.axis_map(&sampled(input), order, axis) {
        Ok(Some(AxisMap::Window(window))) => {
            let range = window.inputs_for(low).zip(window.inputs_for(high));
            Some(range.map(|((least, _), (_, most))| (least, most)).filter(|(least, most)| least <= most))
        }
        _ => None,
    }
}

/// The smallest number that passes a monotone test.
pub(super) fn first(takes: impl Fn(i64) -> bool) -> Option<i64> {
    let mut high = 1_i64;
    while !takes(high) {
        high = high.checked_mul(2).filter(|high| *high <= LARGEST)?;
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if takes(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}
