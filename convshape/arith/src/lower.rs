//! Splits layers that have two steps before any kernel sees them.

use crate::fault::{Fault, Reason, tri};
use crate::layer::conv_output;
use crate::op::{
    Amount, AutoPad, AxisOrder, Conv, Dialect, Direction, MultiHead, Op, Padding, PaddingMode, Projection,
    SeparableConv,
};
use crate::shape::Shape;

/// One layer as two. The parameters of the layer are those of the first, followed by those of the second.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Split {
    /// The first layer.
    pub first: Op,
    /// The shape between the two.
    pub middle: Shape,
    /// The second layer.
    pub second: Op,
}

impl Op {
    /// Splits a layer with two steps: a convolution with a non-zero border becomes a `Pad` and a convolution without
    /// border, and a separable convolution becomes its two convolutions. The channel counts must be filled in
    /// ([`Op::bind`]).
    ///
    /// Such a `Pad` may add more rows than the layer of that name allows; the rows then repeat, as in `numpy.pad`.
    ///
    /// # Errors
    /// If the layer rejects its input.
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
        let first = Op::Pad { amount: Amount::Pairs { rank: None, pairs }, mode, value: 0.0, axis: None };
        let second = Op::Conv(Conv {
            padding: Padding::Pairs([(0, 0); 3]),
            padding_mode: PaddingMode::Zeros,
            auto_pad: AutoPad::NotSet,
            ..*self
        });
        Ok(Some(Split { first, middle, second }))
    }
}

/// One of the linear layers inside an [`Op::MultiHead`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LinearPart {
    /// An [`Op::Linear`] or an [`Op::Projection`].
    pub op: Op,
    /// The indices of its weight and bias among the parameters of the whole layer.
    pub params: [Option<usize>; 2],
    /// Its output features.
    pub outputs: i64,
}

impl MultiHead {
    /// The linear layers of an [`Op::MultiHead`]: for queries, keys and values, and the last one. The features must be
    /// filled in ([`Op::bind`]).
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
