//! Convolutions in both directions. One spatial axis is run as two, because burn's weight gradient of a grouped
//! `conv1d` is wrong if the stride leaves rows over (see `tests/faults.rs`).

use burn::tensor::module::{conv_transpose2d, conv_transpose3d, conv2d, conv3d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Tensor, TensorData};
use convshape::Shape;
use convshape::graph::op::{Conv, Direction, PaddingMode, WeightFrom};
use convshape::graph::{Fault, GraphError, Node, Scatter, Window};

use super::axis::{along, bordered, cropped, padded, spread};
use super::{PerAxis, Run, per_axis, positions, sizes, to_i64, to_usize};
use crate::BurnError;

impl Run<'_> {
    pub(super) fn conv(&mut self, node: &Node, layer: &Conv) -> Result<Tensor<3>, BurnError> {
        let (shape, order) = (*self.graph.shape(node.inputs[0]), self.graph.order());
        let last = node.params.len().saturating_sub(1);
        let mut bias = layer.bias.then(|| self.param(node, last, [to_usize(layer.outputs)]));
        let mut x = self.spatial(node.inputs[0]);
        let (mut conv, batch) = (*layer, self.batch);
        let kernel = match conv.weight {
            WeightFrom::Own | WeightFrom::Tied => {
                let param = &self.graph.params()[node.params[0]];
                kernel(&conv, &param.shape, |dims| self.param(node, 0, dims))
            }
            WeightFrom::Input => {
                let weight = node.inputs[1];
                let (stored, is_constant) = (*self.graph.shape(weight), self.constants[weight]);
                let kernels = self.natural(weight);
                if is_constant {
                    kernel(&conv, &stored, |dims| kernels.narrow(0, 0, 1).reshape(dims))
                } else {
                    // Every sample becomes a group of one sample, in dialects without groups too.
                    let one =
                        |sample| kernel(&conv, &stored, |dims| kernels.clone().narrow(0, sample, 1).reshape(dims));
                    let all = Tensor::cat((0..batch).map(one).collect(), 0);
                    let [_, channels, depth, height, width] = x.dims();
                    x = x.reshape([1, batch * channels, depth, height, width]);
                    bias = bias.map(|bias| bias.repeat_dim(0, batch));
                    conv.groups *= to_i64(batch);
                    all
                }
            }
        };
        let conv = &conv;
        let refused = |fault: Fault| GraphError::Layer { layer: node.name.clone(), fault };
        let y = match conv.direction {
            Direction::Forward => {
                let windows = layer.windows(&shape, order).map_err(refused)?;
                gather(conv, per_axis(conv.rank, Window::new(1), |axis| windows[axis]), x, kernel, bias)
            }
            Direction::Transposed => {
                let scatters = layer.scatters(&shape, order).map_err(refused)?;
                let none = Scatter { kernel: 1, stride: 1, dilation: 1, lo: 0, hi: 0 };
                scatter(conv, per_axis(conv.rank, none, |axis| scatters[axis]), x, kernel, bias)
            }
        };
        let [_, _, depth, height, width] = y.dims();
        Ok(positions(y.reshape([batch, to_usize(conv.outputs), depth, height, width])))
    }
}

/// The kernel in burn's layout: `[outputs, inputs / groups, ..]`, transposed `[inputs, outputs / groups, ..]`. `read`
/// gives it as stored, in a shape with five axes.
fn kernel(conv: &Conv, shape: &Shape, read: impl FnOnce([usize; 5]) -> Tensor<5>) -> Tensor<5> {
    // A tied layer reads the array with swapped channels.
    let layout = conv.weight_layout();
    let channels = match (conv.direction, conv.depth_multiplier) {
        // The outputs of each input channel are adjacent.
        (Direction::Transposed, _) | (_, Some(_)) => [layout.in_axis, layout.out_axis],
        (Direction::Forward, None) => [layout.out_axis, layout.in_axis],
    };
    let stored = sizes(shape);
    // Pads the stored axes to five with axes of size 1, the taps of missing axes.
    let mut dims = [1; 5];
    dims[..stored.len()].copy_from_slice(&stored);
    let mut axes = [channels[0], channels[1], 0, 0, 0];
    let missing = stored.len()..5;
    let taps = missing.chain(layout.first_tap_axis..layout.first_tap_axis + conv.rank);
    for (slot, axis) in axes[2..].iter_mut().zip(taps) {
        *slot = axis;
    }
    let kernel = read(dims);
    let kernel = if conv.mask.is_some() {
        let mut mask = vec![1.0_f32; stored.iter().product()];
        conv.mask_weight(&mut mask);
        kernel.clone() * Tensor::from_data(TensorData::new(mask, dims), &kernel.device())
    } else {
        kernel
    };
    let kernel = if axes == [0, 1, 2, 3, 4] { kernel } else { kernel.permute(axes) };
    let kernel = if layout.flipped { kernel.flip([2, 3, 4]) } else { kernel };
    if conv.depth_multiplier.is_none() || conv.direction == Direction::Transposed {
        return kernel;
    }
    let [inputs, multiplier, depth, height, width] = kernel.dims();
    kernel.reshape([inputs * multiplier, 1, depth, height, width])
}

fn gather(
    conv: &Conv,
    windows: PerAxis<Window>,
    x: Tensor<5>,
    kernel: Tensor<5>,
    bias: Option<Tensor<1>>,
) -> Tensor<5> {
    let x = (0..3).fold(x, |x, axis| spread(x, axis, to_usize(windows[axis].input_dilation)));
    let border = windows.map(|window| (window.lo, window.hi));
    // burn pads both sides equally.
    let alike = border.iter().all(|(lo, hi)| lo == hi && *lo >= 0);
    let padding = border.map(|(lo, _)| if alike { to_usize(lo) } else { 0 });
    let x = if alike { x } else { bordered(x, border, PaddingMode::Zeros, 0.0) };
    let stride = windows.map(|window| to_usize(window.stride));
    let dilation = windows.map(|window| to_usize(window.dilation));
    let groups = to_usize(conv.groups);
    if conv.rank == 3 {
        return conv3d(x, kernel, bias, ConvOptions::new(stride, padding, dilation, groups));
    }
    let options = ConvOptions::new(last_two(stride), last_two(padding), last_two(dilation), groups);
    planar(conv2d(image(x), image(kernel), bias, options))
}

fn scatter(
    conv: &Conv,
    scatters: PerAxis<Scatter>,
    x: Tensor<5>,
    kernel: Tensor<5>,
    bias: Option<Tensor<1>>,
) -> Tensor<5> {
    if conv.border() == PaddingMode::Circular {
        let [_, _, inputs @ ..] = x.dims();
        let plain = scatters.map(|scatter| Scatter { lo: 0, hi: 0, ..scatter });
        let y = stamped(conv, &plain, [0; 3], [0; 3], x, kernel, None);
        let y = (0..3).fold(y, |y, axis| folded(y, axis, &scatters[axis], inputs[axis]));
        return biased(y, bias);
    }
    // The part cropped on both sides is burn's padding; if less is cropped at the end, the difference is its output
    // padding, as far as that goes.
    let fits = |scatter: &Scatter| {
        let more = scatter.lo.saturating_sub(scatter.hi);
        scatter.lo >= 0 && more >= 0 && more < scatter.stride.max(scatter.dilation)
    };
    let crop = scatters.map(|s| if fits(&s) { s.lo } else { s.lo.min(s.hi).max(0) });
    let more = scatters.map(|s| if fits(&s) { s.lo - s.hi } else { 0 });
    let padding = crop.map(to_usize);
    if scatters.iter().all(fits) {
        return stamped(conv, &scatters, padding, more.map(to_usize), x, kernel, bias);
    }
    let y = stamped(conv, &scatters, padding, more.map(to_usize), x, kernel, None);
    let rest = [0, 1, 2].map(|axis| {
        let Scatter { lo, hi, .. } = scatters[axis];
        (lo - crop[axis], hi - crop[axis] + more[axis])
    });
    // Rows beyond the full output contain only the bias.
    biased(cropped(padded(y, rest.map(|(lo, hi)| (-lo, -hi)), 0.0), rest), bias)
}

/// The transposed convolution of burn.
fn stamped(
    conv: &Conv,
    scatters: &PerAxis<Scatter>,
    padding: PerAxis<usize>,
    more: PerAxis<usize>,
    x: Tensor<5>,
    kernel: Tensor<5>,
    bias: Option<Tensor<1>>,
) -> Tensor<5> {
    let stride = scatters.map(|scatter| to_usize(scatter.stride));
    let dilation = scatters.map(|scatter| to_usize(scatter.dilation));
    let groups = to_usize(conv.groups);
    if conv.rank == 3 {
        let options = ConvTransposeOptions::new(stride, padding, more, dilation, groups);
        return conv_transpose3d(x, kernel, bias, options);
    }
    let [padding, more] = [padding, more].map(last_two);
    let options = ConvTransposeOptions::new(last_two(stride), padding, more, last_two(dilation), groups);
    planar(conv_transpose2d(image(x), image(kernel), bias, options))
}

/// Rows of the full output that are a multiple of the size apart are the same row: what falls outside is added on the
/// other side.
fn folded(full: Tensor<5>, axis: usize, scatter: &Scatter, input: usize) -> Tensor<5> {
    let rows = to_i64(full.dims()[axis + 2]);
    let (turn, kept) = (to_i64(input) * scatter.stride, rows - scatter.lo - scatter.hi);
    let first = (-scatter.lo - kept).div_euclid(turn);
    let pieces = (first..=(rows - scatter.lo).div_euclid(turn)).filter_map(|piece| {
        let start = scatter.lo + piece * turn;
        let (low, high) = (start.max(0), (start + kept).min(rows));
        if low >= high {
            return None;
        }
        let rows = along(full.clone(), axis, |full| full.narrow(1, to_usize(low), to_usize(high - low)));
        let mut border = [(0, 0); 3];
        border[axis] = (low - start, start + kept - high);
        Some(padded(rows, border, 0.0))
    });
    pieces.reduce(|sum, piece| sum + piece).unwrap_or(full)
}

fn biased(y: Tensor<5>, bias: Option<Tensor<1>>) -> Tensor<5> {
    let Some(bias) = bias else { return y };
    let channels = bias.dims()[0];
    y + bias.reshape([1, channels, 1, 1, 1])
}

fn last_two<T: Copy>([_, height, width]: PerAxis<T>) -> [T; 2] {
    [height, width]
}

/// Removes the depth, which is 1.
fn image(x: Tensor<5>) -> Tensor<4> {
    let [batch, channels, _, height, width] = x.dims();
    x.reshape([batch, channels, height, width])
}

fn planar(x: Tensor<4>) -> Tensor<5> {
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, 1, height, width])
}
