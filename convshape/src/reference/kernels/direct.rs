//! Convolutions in `f32`, row by row, for targets without the fast path: on a processor without `f64` hardware, the
//! definition in `f64` would be slow.

use core::cmp::{max, min};

use convshape_arith::op::{AxisOrder, Conv, Direction, MAX_SPATIAL, PaddingMode, PerAxis};
use convshape_arith::shape::Shape;

use super::Operands;
use super::conv::{ConvParams, each_tap, weight_map};
use super::layout::SpatialLayout;

/// Runs a convolution with a border of zeros, in either direction. Returns `false` for any other layer.
pub(crate) fn convolution(
    conv: &Conv,
    order: AxisOrder,
    params: &[&[f32]],
    inputs: &(impl Operands<f32> + ?Sized),
    output: &Shape,
    y: &mut [f32],
) -> bool {
    let (shape, x) = inputs.get(0);
    let Some(axes) = axes(conv, shape, order) else { return false };
    let (input, output) = (SpatialLayout::new(shape, order), SpatialLayout::new(output, order));
    let (map, weights) = (weight_map(conv), ConvParams::of(conv, params, inputs));
    let groups = usize::try_from(conv.groups).unwrap_or(1);
    let (inputs, outputs) = (input.channels / groups, output.channels / groups);
    for position in output.positions() {
        for channel in 0..output.channels {
            y[output.at(channel, position)] = weights.bias.map_or(0.0, |bias| bias[channel]);
        }
    }
    // Rows are along the last spatial axis; the loops run over the other two.
    let (last, outer) = match conv.rank {
        3 => (2, [0, 1]),
        2 => (1, [0, 2]),
        _ => (0, [1, 2]),
    };
    each_tap(map.taps(), |tap| {
        if !conv.keeps(tap) {
            return;
        }
        let rows: PerAxis<MappedRows> =
            core::array::from_fn(|axis| axes[axis].rows(tap[axis], input.sizes[axis], output.sizes[axis]));
        if rows.iter().any(|rows| rows.count == 0) {
            return;
        }
        let counts = outer.map(|axis| rows[axis].count);
        let row = &rows[last];
        let steps = [row.input.1 * input.strides[last], row.output.1 * output.strides[last]];
        for channel in 0..output.channels {
            for source in channel / outputs * inputs..(channel / outputs + 1) * inputs {
                let w = weights.weight[map.at(channel, source, tap)];
                for (a, b) in (0..counts[0]).flat_map(|a| (0..counts[1]).map(move |b| (a, b))) {
                    let mut index = [0; MAX_SPATIAL];
                    (index[outer[0]], index[outer[1]]) = (a, b);
                    let from = input.at(source, core::array::from_fn(|axis| rows[axis].input(index[axis])));
                    let to = output.at(channel, core::array::from_fn(|axis| rows[axis].output(index[axis])));
                    add_row(w, &x[from..], &mut y[to..], steps, row.count);
                }
            }
        }
    });
    true
}

/// Adds `w` times one row to another. `from` and `to` are the strides of their elements.
fn add_row(w: f32, x: &[f32], y: &mut [f32], [from, to]: [usize; 2], count: usize) {
    if from == 1 && to == 1 {
        // The compiler vectorises this loop, since it has no strides.
        for (x, y) in x[..count].iter().zip(y) {
            *y += w * x;
        }
    } else {
        for (x, y) in x.iter().step_by(from).zip(y.iter_mut().step_by(to)).take(count) {
            *y += w * x;
        }
    }
}

/// How rows of the input and output correspond on one axis: a tap maps input row `coarse * stride + shift` to output
/// row `coarse`, or the reverse.
#[derive(Clone, Copy)]
struct MappedAxis {
    transposed: bool,
    stride: i64,
    dilation: i64,
    lo: i64,
}

/// The rows that one tap maps from the input to the output: the first one and the stride, for both sides.
struct MappedRows {
    count: usize,
    input: (usize, usize),
    output: (usize, usize),
}

impl MappedRows {
    fn input(&self, index: usize) -> usize {
        self.input.0 + index * self.input.1
    }

    fn output(&self, index: usize) -> usize {
        self.output.0 + index * self.output.1
    }
}

/// The axes of a convolution; `None` if its border is not zeros or its input is dilated.
fn axes(conv: &Conv, input: &Shape, order: AxisOrder) -> Option<PerAxis<MappedAxis>> {
    if conv.border() != PaddingMode::Zeros {
        return None;
    }
    match conv.direction {
        Direction::Forward => {
            let windows = conv.windows(input, order).ok()?;
            let plain = windows.iter().all(|window| window.input_dilation == 1);
            plain.then(|| {
                windows.map(|window| MappedAxis {
                    transposed: false,
                    stride: window.stride,
                    dilation: window.dilation,
                    lo: window.lo,
                })
            })
        }
        Direction::Transposed => {
            let scatters = conv.scatters(input, order).ok()?;
            Some(scatters.map(|scatter| MappedAxis {
                transposed: true,
                stride: scatter.stride,
                dilation: scatter.dilation,
                lo: scatter.lo,
            }))
        }
    }
}

impl MappedAxis {
    /// The rows that a tap maps, of `inputs` input rows and `outputs` output rows.
    fn rows(&self, tap: usize, inputs: usize, outputs: usize) -> MappedRows {
        let (fine, coarse) = if self.transposed { (outputs, inputs) } else { (inputs, outputs) };
        let (fine, coarse, tap) = (fine as i64, coarse as i64, tap as i64);
        let shift = tap * self.dilation - self.lo;
        // 0 <= row * stride + shift < fine
        let first = max(0, ceil(-shift, self.stride));
        let end = min(coarse, ceil(fine - shift, self.stride));
        let size = |row: i64| usize::try_from(row).unwrap_or(0);
        let at = (size(first * self.stride + shift), size(self.stride));
        let steps = (size(first), 1);
        let (input, output) = if self.transposed { (steps, at) } else { (at, steps) };
        MappedRows { count: size(end - first), input, output }
    }
}

/// `a / b`, rounded up.
fn ceil(a: i64, b: i64) -> i64 {
    -(-a).div_euclid(b)
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use convshape_arith::op::{Dialect, Op, Padding};

    use super::*;
    use crate::reference::kernels;

    fn numbers(count: usize, seed: f32) -> Vec<f32> {
        (0..count).map(|index| libm::sinf(index as f32 * 1.7 + seed)).collect()
    }

    #[test]
    fn rows_are_summed_as_the_definition_says() {
        let mut compared = 0;
        for case in 0..4 * 3 * 3 * 3 * 2 * 2 * 2_i64 {
            let mut rest = case;
            let mut take = |count: i64| {
                let value = rest % count;
                rest /= count;
                value
            };
            let (kernel, stride, dilation, lo) = (take(4) + 1, take(3) + 1, take(3) + 1, take(3) - 1);
            let direction = [Direction::Forward, Direction::Transposed][usize::from(take(2) == 1)];
            let order = [AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast][usize::from(take(2) == 1)];
            let groups = take(2) + 1;
            let conv = Conv {
                inputs: Some(4),
                outputs: 6,
                kernel: [kernel, 2, 1],
                stride: [stride, 2, 1],
                dilation: [dilation, 1, 1],
                groups: if direction == Direction::Transposed && order == AxisOrder::ChannelsLast { 1 } else { groups },
                bias: true,
                padding: Padding::Pairs([(lo, 1), (0, lo), (0, 0)]),
                ..Conv::new(
                    if order == AxisOrder::ChannelsFirst { Dialect::Torch } else { Dialect::Flax },
                    direction,
                    2,
                )
            };
            let shape = match order {
                AxisOrder::ChannelsFirst => Shape::of(&[4, 9, 8]),
                AxisOrder::ChannelsLast => Shape::of(&[9, 8, 4]),
            };
            let op = Op::Conv(conv);
            let Ok(output) = op.output(&[shape], order) else { continue };
            let count = |shape: &Shape| shape.numbers().unwrap().iter().product::<usize>();
            let params: Vec<Vec<f32>> = op.params().iter().map(|spec| numbers(count(&spec.shape), 0.3)).collect();
            let params: Vec<&[f32]> = params.iter().map(|param| &param[..]).collect();
            let x = numbers(count(&shape), 0.0);
            let (mut y, mut expected) = (vec![f32::NAN; count(&output)], vec![0.0; count(&output)]);
            assert!(convolution(&conv, order, &params, &[(&shape, &x[..])], &output, &mut y));
            kernels::apply(&op, order, &params, &[(&shape, &x[..])], &output, &mut expected).unwrap();
            for (found, expected) in y.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-5, "{conv:?}: {found} {expected}");
            }
            compared += 1;
        }
        assert!(compared > 500, "{compared}");
    }

    #[test]
    fn rows_that_read_the_border_are_left_out() {
        assert_eq!((ceil(7, 2), ceil(-7, 2)), (4, -3));
        let axis = MappedAxis { transposed: false, stride: 2, dilation: 1, lo: 1 };
        let rows = axis.rows(0, 8, 4);
        // Output row 0 would read the border.
        assert_eq!((rows.count, rows.input, rows.output), (3, (1, 2), (1, 1)));
    }
}
