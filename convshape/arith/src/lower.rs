//! What a layer comes down to before a kernel sees it: layers that are two steps are split in two.

use crate::fault::{Fault, Reason, tri};
use crate::layer::conv_output;
use crate::op::{
    Amount, AutoPad, AxisOrder, Conv, Dialect, Direction, MultiHead, Op, Padding, PaddingMode, Projection,
    SeparableConv,
};
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

/// A linear layer that an [`Op::MultiHead`] has in it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LinearPart {
    /// An [`Op::Linear`] or an [`Op::Projection`].
    pub op: Op,
    /// Which parameters of the whole layer are its weight and its bias.
    pub params: [Option<usize>; 2],
    /// Features that it gives.
    pub outputs: i64,
}

impl MultiHead {
    /// Its linear layers: for queries, keys and values, and the last one. The features must be filled in
    /// ([`Op::bind`]).
    pub const fn linear_layers(&self) -> [LinearPart; 4] {
        [self.linear(0), self.linear(1), self.linear(2), self.linear(3)]
    }

    const fn linear(&self, part: usize) -> LinearPart {
        let (inputs, widths) = match (self.inputs(), self.widths()) {
            (Some(inputs), Some(widths)) => (inputs, widths),
            _ => ([0; 3], [0; 2]),
        };
        let last = match self.outputs() {
            Some(outputs) => outputs,
            None => 0,
        };
        let (from, outputs) = match part {
            3 => (widths[1], last),
            _ => (inputs[part], widths[part / 2]),
        };
        let (dialect, bias) = (self.dialect, self.bias);
        let linear = Op::Linear { dialect, inputs: Some(from), outputs, bias };
        let (op, weight, bias_place) = match dialect {
            Dialect::Flax | Dialect::Keras if bias => (linear, 2 * part, 2 * part + 1),
            Dialect::Flax | Dialect::Keras => (linear, part, 0),
            Dialect::Torch | Dialect::Onnx | Dialect::Jax => {
                let weights = if self.is_packed() { 1 } else { 3 };
                match part {
                    3 if bias => (linear, weights + 1, weights + 2),
                    3 => (linear, weights, 0),
                    _ => {
                        let (row, rows) = (part as i64 * outputs, 3 * outputs);
                        let own = if self.is_packed() { (row, rows) } else { (0, outputs) };
                        let bias = if bias { Some((row, rows)) } else { None };
                        let weight = if self.is_packed() { 0 } else { part };
                        (Op::Projection(Projection { inputs: from, outputs, rows: own, bias }), weight, weights)
                    }
                }
            }
        };
        LinearPart { op, params: [Some(weight), if bias { Some(bias_place) } else { None }], outputs }
    }
}
