//! Convolutions and transposed convolutions.
//!
//! Both are the same sum: every output element is the sum, over the taps that read an input element, of that element
//! times the tap's weight. They differ in which input element a tap reads.

use core::ops::Range;

use convshape_arith::axis::{Scatter, Window};
use convshape_arith::fault::Fault;
use convshape_arith::op::{AxisOrder, Conv, Direction, PaddingMode, PerAxis, SeparableConv, WeightFrom};
use convshape_arith::shape::Shape;
use convshape_arith::weight::WeightMap;

use super::Operands;
use super::border;
use super::layout::SpatialLayout;
use super::number::Number;

/// The input row that a tap of an output row reads, on one axis.
#[derive(Clone, Copy)]
enum TapRow {
    /// A convolution reads the rows of a window.
    Gather(Window, PaddingMode),
    /// A transposed convolution scatters each input row over the output; a tap reads the row that it scatters. In mode
    /// `Circular` rows outside the input wrap around.
    Scatter(Scatter, PaddingMode),
}

impl TapRow {
    fn taps(self) -> usize {
        let (TapRow::Gather(Window { kernel, .. }, _) | TapRow::Scatter(Scatter { kernel, .. }, _)) = self;
        usize::try_from(kernel).unwrap_or(0)
    }

    /// The input row, below `size`, that tap `tap` of output row `row` reads; `None` if it reads a zero.
    #[inline]
    fn source(self, row: usize, tap: usize, size: usize) -> Option<usize> {
        let (row, tap) = (row as i64, tap as i64);
        match self {
            TapRow::Gather(window, mode) => {
                let position = row * window.stride + tap * window.dilation - window.lo;
                // Between the rows of a dilated input there are zeros.
                if position % window.input_dilation != 0 {
                    return None;
                }
                border::source(position / window.input_dilation, size, mode)
            }
            TapRow::Scatter(scatter, mode) => {
                let stamped = row - tap * scatter.dilation + scatter.lo;
                if stamped % scatter.stride != 0 {
                    return None;
                }
                border::source(stamped / scatter.stride, size, mode)
            }
        }
    }
}

/// The numbers of a convolution.
pub(super) struct ConvParams<'a, T> {
    pub(super) weight: &'a [T],
    pub(super) bias: Option<&'a [T]>,
}

impl<'a, T> ConvParams<'a, T> {
    /// The layer's parameters, and what it reads in place of a weight of its own.
    pub(super) fn of(conv: &Conv, params: &[&'a [T]], inputs: &'a (impl Operands<T> + ?Sized)) -> ConvParams<'a, T> {
        let (weight, bias) = match conv.weight {
            WeightFrom::Own | WeightFrom::Tied => (params[0], params.get(1)),
            WeightFrom::Input => (inputs.get(1).1, params.first()),
        };
        ConvParams { weight, bias: bias.copied() }
    }
}

/// A convolution in either direction, over one input shape.
pub(super) struct Geometry {
    reach: PerAxis<TapRow>,
    groups: usize,
    pub(super) weight: WeightMap,
    conv: Conv,
}

impl Geometry {
    pub(super) fn new(conv: &Conv, input: &Shape, order: AxisOrder) -> Result<Geometry, Fault> {
        let reach = match conv.direction {
            Direction::Forward => conv.windows(input, order)?.map(|window| TapRow::Gather(window, conv.border())),
            Direction::Transposed => {
                conv.scatters(input, order)?.map(|scatter| TapRow::Scatter(scatter, conv.border()))
            }
        };
        Ok(Geometry { reach, groups: usize::try_from(conv.groups).unwrap_or(1), weight: weight_map(conv), conv: *conv })
    }

    pub(super) fn run<T: Number>(
        &self,
        ConvParams { weight, bias }: &ConvParams<'_, T>,
        input: &SpatialLayout,
        x: &[T],
        output: &SpatialLayout,
        y: &mut [T],
    ) {
        for position in output.positions() {
            for channel in 0..output.channels {
                let bias = bias.map_or(0.0, |bias| bias[channel].get());
                let sum = self.sum(weight, channel, self.sources(channel, input, output), input, x, position);
                y[output.at(channel, position)] = T::of(bias + sum);
            }
        }
    }

    /// The input channels that an output channel reads: those of its group.
    pub(super) fn sources(&self, channel: usize, input: &SpatialLayout, output: &SpatialLayout) -> Range<usize> {
        let group_inputs = input.channels / self.groups;
        let first = channel / (output.channels / self.groups) * group_inputs;
        first..first + group_inputs
    }

    /// The sum over the taps at one position of an output channel, without bias.
    fn sum<T: Number>(
        &self,
        weight: &[T],
        channel: usize,
        sources: Range<usize>,
        input: &SpatialLayout,
        x: &[T],
        position: PerAxis<usize>,
    ) -> f64 {
        let mut sum = 0.0;
        self.for_each_tap(position, &input.sizes, |tap, source| {
            let x = x[input.at(sources.start, source)..].iter().step_by(input.channel_stride);
            let w = weight[self.weight.at(channel, sources.start, tap)..].iter().step_by(self.weight.input_stride());
            for (x, w) in x.zip(w).take(sources.len()) {
                sum += x.get() * w.get();
            }
        });
        sum
    }

    /// Calls `visit` with each tap of an output position that reads an input element, and the position that it reads.
    pub(super) fn for_each_tap(
        &self,
        position: PerAxis<usize>,
        sizes: &PerAxis<usize>,
        mut visit: impl FnMut(PerAxis<usize>, PerAxis<usize>),
    ) {
        let sources = |axis: usize| {
            let reach = self.reach[axis];
            let source = move |tap| Some((tap, reach.source(position[axis], tap, sizes[axis])?));
            (0..reach.taps()).filter_map(source)
        };
        for (d, depth) in sources(0) {
            for (h, height) in sources(1) {
                for (w, width) in sources(2) {
                    if self.conv.keeps([d, h, w]) {
                        visit([d, h, w], [depth, height, width]);
                    }
                }
            }
        }
    }
}

/// The weight layout of a convolution whose channel counts are known.
pub(super) fn weight_map(conv: &Conv) -> WeightMap {
    WeightMap::of_conv(conv).expect("a bound convolution has a weight")
}

/// Calls `visit` with every tap: its index on each axis.
pub(super) fn each_tap(taps: PerAxis<usize>, mut visit: impl FnMut(PerAxis<usize>)) {
    for d in 0..taps[0] {
        for h in 0..taps[1] {
            for w in 0..taps[2] {
                visit([d, h, w]);
            }
        }
    }
}

/// A depthwise convolution and a pointwise one with weight `[C * M, O]`, without rounding between them. `params` are
/// the two weights and, if there is one, the bias.
pub(super) fn separable<T: Number>(
    conv: &SeparableConv,
    params: &[&[T]],
    shape: &Shape,
    order: AxisOrder,
    x: &[T],
    output: &SpatialLayout,
    y: &mut [T],
) -> Result<(), Fault> {
    let input = SpatialLayout::new(shape, order);
    let depthwise = Geometry::new(&conv.depthwise, shape, order)?;
    let (pointwise, bias) = (params[1], params.get(2));
    let middle = pointwise.len().checked_div(output.channels).unwrap_or(0);
    let multiplier = middle.checked_div(input.channels).unwrap_or(1).max(1);
    for position in output.positions() {
        for channel in 0..output.channels {
            let mut sum = bias.map_or(0.0, |bias| bias[channel].get());
            for (between, row) in pointwise.chunks_exact(output.channels).enumerate() {
                let source = between / multiplier;
                let value = depthwise.sum(params[0], between, source..source + 1, &input, x, position);
                sum += value * row[channel].get();
            }
            y[output.at(channel, position)] = T::of(sum);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dilated_input_has_zeros_between_its_rows() {
        let window = Window { lo: 1, input_dilation: 2, ..Window::new(1) };
        let reach = TapRow::Gather(window, PaddingMode::Zeros);
        // Two rows dilate to three, with one row of border on each side.
        assert_eq!([0, 1, 2, 3, 4].map(|row| reach.source(row, 0, 2)), [None, Some(0), None, Some(1), None]);
    }
}

/// Convolutions and transposed ones, as they are defined: each tap of each output element.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::Geometry;
    use crate::reference::kernels::layout::SpatialLayout;
    use crate::reference::kernels::number::{Real, add};

    impl Geometry {
        /// Adds the gradients of the weight, the bias and the input.
        pub(in crate::reference::kernels) fn backward<T: Real>(
            &self,
            weight: &[T],
            [input, output]: [&SpatialLayout; 2],
            [x, dy]: [&[T]; 2],
            [to_weight, dx]: [&mut [T]; 2],
            mut dbias: Option<&mut Vec<T>>,
        ) {
            let (mut dweight, mut dinput) = (vec![0.0; weight.len()], vec![0.0; x.len()]);
            for position in output.positions() {
                for channel in 0..output.channels {
                    let dy = dy[output.at(channel, position)];
                    let sources = self.sources(channel, input, output);
                    self.for_each_tap(position, &input.sizes, |tap, source| {
                        let mut at = self.weight.at(channel, sources.start, tap);
                        let mut element = input.at(sources.start, source);
                        for _ in sources.clone() {
                            dweight[at] += x[element].get() * dy.get();
                            dinput[element] += weight[at].get() * dy.get();
                            at += self.weight.input_stride();
                            element += input.channel_stride;
                        }
                    });
                    if let Some(dbias) = &mut dbias {
                        dbias[channel] += dy;
                    }
                }
            }
            add(&dweight, to_weight);
            add(&dinput, dx);
        }
    }
}
