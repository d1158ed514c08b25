//! Layers that undo a pooling.

use super::{rank_is, slide};
use crate::fault::{Fault, Reason, tri};
use crate::op::{AxisOrder, Pool};
use crate::shape::Shape;

/// The shape of a pooling's input, given the unpooling's input and that shape.
pub(super) const fn unpooled(pool: &Pool, inputs: &[Shape], order: AxisOrder) -> Result<Shape, Fault> {
    let input = &inputs[0];
    tri!(rank_is(input, pool.rank + 1));
    if inputs.len() < 2 {
        return Ok(Shape::unknown(pool.rank + 1));
    }
    let taken = &inputs[1];
    tri!(rank_is(taken, pool.rank + 1));
    let windows = tri!(pool.windows(taken, order));
    let given = tri!(slide(&windows, pool.rank, taken, order));
    if !given.fits(input) {
        return Err(Fault::new(Reason::Unpooled { given, found: *input }));
    }
    let channel = order.channel(pool.rank + 1);
    if taken.size(channel).is_known() {
        return Ok(*taken);
    }
    Ok(taken.with(channel, input.size(channel)))
}
