//! What a layer comes down to before a kernel sees it: layers that are two steps are split in two.

use crate::fault::{Fault, Reason, tri};
use crate::layer::conv_output;
use crate::op::{Amount, AutoPad, AxisOrder, Conv, Direction, Op, Padding, PaddingMode, SeparableConv};
use crate::shape::Shape;

/// A layer as two layers, one after the other. The parameters of the layer are those of the first,
/// then those of the second.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Split {
    /// What comes first.
    pub first: Op,
    /// The shape between the two.
    pub middle: Shape,
    /// What reads that.
    pub second: Op,
}

impl Op {
    /// A layer that is two steps as two layers: a convolution with another border than zeros as a
    /// `Pad` and one without border, a separable convolution as its two convolutions. The channel
    /// counts must be filled in ([`Op::bind`]).
    ///
    /// Such a `Pad` may add more rows than the layer of that name is allowed to; they repeat then,
    /// as `numpy.pad` does it.
    ///
    /// # Errors
    /// If the layer does not take the input.
    pub const fn split(&self, input: &Shape, order: AxisOrder) -> Result<Option<Split>, Fault> {
        match self {
            Op::Conv(conv) => conv.without_border(input, order),
            Op::SeparableConv(SeparableConv { depthwise, pointwise }) => {
                let middle = tri!(conv_output(depthwise, input, order));
                Ok(Some(Split { first: Op::Conv(*depthwise), middle, second: Op::Conv(*pointwise) }))
            }
            _ => Ok(None),
        }
    }
}

impl Conv {
    const fn without_border(&self, input: &Shape, order: AxisOrder) -> Result<Option<Split>, Fault> {
        let mode = self.border();
        if matches!(mode, PaddingMode::Zeros) || matches!(self.direction, Direction::Transposed) {
            return Ok(None);
        }
        let windows = tri!(self.windows(input, order));
        let mut pairs = [(0, 0); 3];
        let mut middle = *input;
        let mut axis = 0;
        while axis < self.rank {
            pairs[axis] = (windows[axis].lo, windows[axis].hi);
            let size = match windows[axis].padded(input.size(order.spatial(axis))) {
                Ok(size) => size,
                Err(error) => return Err(Fault::on(axis, Reason::Size(error))),
            };
            middle = middle.with(order.spatial(axis), size);
            axis += 1;
        }
        let first = Op::Pad { amount: Amount::Pairs { rank: None, pairs }, mode, value: 0.0 };
        let second = Op::Conv(Conv {
            padding: Padding::Pairs([(0, 0); 3]),
            padding_mode: PaddingMode::Zeros,
            auto_pad: AutoPad::NotSet,
            ..*self
        });
        Ok(Some(Split { first, middle, second }))
    }
}
