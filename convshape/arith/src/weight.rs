//! The position of every element of a weight, for every layout.

use crate::op::{Conv, Dialect, MAX_SPATIAL, Op, PerAxis, WeightLayout};
use crate::shape::{MAX_RANK, Shape};
use crate::size::Size;

/// Maps an output channel, an input channel and a kernel position to an element of the weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WeightMap {
    /// The sizes of the two channel axes: all channels, or those of one group.
    outputs: usize,
    inputs: usize,
    output_stride: usize,
    input_stride: usize,
    taps: PerAxis<usize>,
    tap_strides: PerAxis<usize>,
    flipped: bool,
    /// The first element that the layer uses.
    first: usize,
    len: usize,
}

impl WeightMap {
    /// The map of a convolution or linear layer whose channel counts are filled in; `None` for other layers.
    pub fn of(op: &Op) -> Option<WeightMap> {
        match op {
            Op::Conv(conv) => WeightMap::of_conv(conv),
            Op::Linear { dialect, inputs, outputs, .. } => {
                let layout = WeightLayout::linear(*dialect);
                WeightMap::new(&layout.matrix(Size::Number((*inputs)?), Size::Number(*outputs)), layout, 0)
            }
            Op::Projection(layer) => {
                let shape = Shape::of(&[layer.rows.1, layer.inputs]);
                let mut map = WeightMap::new(&shape, WeightLayout::linear(Dialect::Torch), 0)?;
                map.outputs = usize::try_from(layer.outputs).ok()?;
                map.first = usize::try_from(layer.rows.0).ok()? * map.output_stride;
                Some(map)
            }
            _ => None,
        }
    }

    /// The map of a convolution whose channel counts are filled in.
    pub fn of_conv(conv: &Conv) -> Option<WeightMap> {
        let mut map = WeightMap::new(&conv.weight_shape()?, conv.weight_layout(), conv.rank)?;
        if conv.depth_multiplier.is_some() {
            // The outputs of one input channel are adjacent: a single axis of all outputs.
            map.outputs *= map.inputs;
            map.inputs = 1;
        }
        Some(map)
    }

    fn new(shape: &Shape, layout: WeightLayout, rank: usize) -> Option<WeightMap> {
        let sizes = shape.numbers()?;
        let mut strides = [1; MAX_RANK];
        for axis in (1..MAX_RANK).rev() {
            strides[axis - 1] = strides[axis] * sizes[axis];
        }
        let mut map = WeightMap {
            outputs: sizes[layout.out_axis],
            inputs: sizes[layout.in_axis],
            output_stride: strides[layout.out_axis],
            input_stride: strides[layout.in_axis],
            taps: [1; MAX_SPATIAL],
            tap_strides: [0; MAX_SPATIAL],
            flipped: layout.flipped,
            first: 0,
            len: sizes.iter().product(),
        };
        for axis in 0..rank {
            map.taps[axis] = sizes[layout.first_tap_axis + axis];
            map.tap_strides[axis] = strides[layout.first_tap_axis + axis];
        }
        Some(map)
    }

    /// The same weight with its spatial axes moved to the end. The layer has `rank` of them.
    #[must_use]
    pub fn on_last_axes(mut self, rank: usize) -> WeightMap {
        self.taps.rotate_right(MAX_SPATIAL - rank);
        self.tap_strides.rotate_right(MAX_SPATIAL - rank);
        self
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Kernel size along each axis.
    pub fn taps(&self) -> PerAxis<usize> {
        self.taps
    }

    /// The distance in elements from one input channel to the next.
    pub fn input_stride(&self) -> usize {
        self.input_stride
    }

    /// The index of an element. Channels may be counted within their group.
    #[inline]
    pub fn at(&self, output: usize, input: usize, tap: PerAxis<usize>) -> usize {
        // Channels are usually within the group already, and a division would take longer than everything else here.
        let within = |channel: usize, channels: usize| if channel < channels { channel } else { channel % channels };
        let mut index = self.first
            + within(output, self.outputs) * self.output_stride
            + within(input, self.inputs) * self.input_stride;
        for axis in 0..MAX_SPATIAL {
            let tap = if self.flipped { self.taps[axis] - 1 - tap[axis] } else { tap[axis] };
            index += tap * self.tap_strides[axis];
        }
        index
    }
}
