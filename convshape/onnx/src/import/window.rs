//! Convolutions and pooling.

use convshape::graph::Op;
use convshape::graph::op::{Activation, Conv, Dialect, Direction, Padding, PerAxis, Pool, PoolKind};

use convshape::ndarray::{ArrayD, Axis};

use super::batch::Tensor;
use super::frames::with_front_axis;
use super::lower::conv_of;
use super::node::Node;
use super::{Import, Lowered, TORCH};

/// Kernel, stride and dilation of each axis, and both sides of the border.
struct Window {
    stride: PerAxis<i64>,
    dilation: PerAxis<i64>,
    border: Vec<(i64, i64)>,
}

impl Import {
    pub(super) fn conv(&mut self, node: Node<'_>) -> Lowered {
        let (x, has_frames) = self.with_frames(node)?;
        let space = self.space(x, has_frames);
        let (weight, rank) = self.kernel(node, &space)?;
        let window = self.window(node, &space, rank, &weight.shape()[2..])?;
        let groups = node.int("group", 1).clamp(0, 1 << 20);
        let conv = Conv {
            inputs: Some(weight.shape()[1] as i64 * groups),
            outputs: weight.shape()[0] as i64,
            kernel: per_axis(&weight.shape()[2..].iter().map(|&size| size as i64).collect::<Vec<_>>()),
            stride: window.stride,
            dilation: window.dilation,
            groups,
            padding: padding(&window.border),
            bias: node.input(2).is_some(),
            ..conv_of(Direction::Forward, rank)
        };
        self.with_kernel(node, x, has_frames, conv, weight)
    }

    pub(super) fn conv_transpose(&mut self, node: Node<'_>) -> Lowered {
        let (x, has_frames) = self.with_frames(node)?;
        let space = self.space(x, has_frames);
        let (weight, rank) = self.kernel(node, &space)?;
        let kernel: Vec<i64> = weight.shape()[2..].iter().map(|&size| size as i64).collect();
        let auto = node.text("auto_pad", "NOTSET");
        let mut output_padding = node.ints("output_padding").unwrap_or_else(|| vec![0; rank]);
        let mut window = self.window(node, &space, rank, &weight.shape()[2..])?;
        let wanted = match (node.ints("output_shape"), auto.as_str()) {
            (Some(sizes), _) => Some(sizes[sizes.len().saturating_sub(rank)..].to_vec()),
            (None, "SAME_UPPER" | "SAME_LOWER") => {
                Some((0..rank).map(|axis| space[axis] * window.stride[axis]).collect())
            }
            _ => None,
        };
        if output_padding.len() != rank || wanted.as_ref().is_some_and(|sizes| sizes.len() != rank) {
            return Err("attributes of another number of axes".to_owned());
        }
        if let Some(wanted) = wanted {
            for axis in 0..rank {
                let full = (space[axis] - 1) * window.stride[axis] + window.dilation[axis] * (kernel[axis] - 1) + 1;
                let crop = full.saturating_add(output_padding[axis]).saturating_sub(wanted[axis]);
                let half = crop.div_euclid(2);
                window.border[axis] = if auto == "SAME_UPPER" { (half, crop - half) } else { (crop - half, half) };
            }
        }
        // Less cut off at the end than at the start is PyTorch's `output_padding`.
        let extra: Vec<i64> =
            window.border.iter().zip(&output_padding).map(|((lo, hi), extra)| extra.saturating_add(lo - hi)).collect();
        let fits = |axis: usize| {
            window.border[axis].0 >= 0 && (0..window.stride[axis].max(window.dilation[axis])).contains(&extra[axis])
        };
        if (0..rank).all(fits) {
            window.border.iter_mut().for_each(|(lo, hi)| *hi = *lo);
            output_padding = extra;
        }
        let groups = node.int("group", 1).clamp(0, 1 << 20);
        let conv = Conv {
            inputs: Some(weight.shape()[0] as i64),
            outputs: weight.shape()[1] as i64 * groups,
            kernel: per_axis(&kernel),
            stride: window.stride,
            dilation: window.dilation,
            groups,
            padding: padding(&window.border),
            output_padding: output_padding.iter().any(|&rows| rows != 0).then(|| per_axis(&output_padding)),
            bias: node.input(2).is_some(),
            ..conv_of(Direction::Transposed, rank)
        };
        self.with_kernel(node, x, has_frames, conv, weight)
    }

    /// The sizes of a value's space, without frames.
    fn space(&self, x: Tensor, has_frames: bool) -> Vec<i64> {
        self.sample(x).split_off(if has_frames { 2 } else { 1 })
    }

    fn kernel(&self, node: Node<'_>, space: &[i64]) -> Result<(ArrayD<f32>, usize), String> {
        let weight = self.constant(node, 1).ok_or("a kernel that is computed")?.floats();
        let rank = weight.ndim().saturating_sub(2);
        match (1..=3).contains(&rank) && space.len() == rank {
            true => Ok((weight, rank)),
            false => Err(format!("a kernel of {rank} spatial axes on such a value")),
        }
    }

    fn with_kernel(&mut self, node: Node<'_>, x: Tensor, has_frames: bool, conv: Conv, weight: ArrayD<f32>) -> Lowered {
        let bias = match node.input(2) {
            Some(_) => Some(self.constant(node, 2).ok_or("a bias that is computed")?.floats()),
            None => None,
        };
        if bias.as_ref().is_some_and(|bias| bias.len() as i64 != conv.outputs) {
            return Err("a bias of another size".to_owned());
        }
        let (conv, weight) = match has_frames {
            true if conv.rank == 3 => return self.with_groups_of_frames(node, x, conv, weight, bias),
            true => (with_front_axis(conv), weight.insert_axis(Axis(2))),
            false => (conv, weight),
        };
        if let Some(y) = (!has_frames).then(|| self.with_read_kernel(node, x, conv)).flatten() {
            return y;
        }
        let y = self.one(node, Op::Conv(conv), x)?;
        self.give(y.value, "weight", weight.shape().to_vec(), weight.iter().copied().collect());
        if let Some(bias) = bias {
            self.give(y.value, "bias", vec![bias.len()], bias.iter().copied().collect());
        }
        self.without_frames(y, has_frames)
    }

    /// A convolution that takes the channels of each frame as a group; no axis is left for the frames.
    fn with_groups_of_frames(
        &mut self,
        node: Node<'_>,
        x: Tensor,
        conv: Conv,
        weight: ArrayD<f32>,
        bias: Option<ArrayD<f32>>,
    ) -> Lowered {
        let x = self.without_frames(x, true)?;
        let mut sizes = self.sample(x);
        let frames = sizes.remove(0);
        sizes[0] *= frames;
        let x = self.placed(x, &sizes, None)?;
        let times = usize::try_from(frames).unwrap_or(1);
        if weight.len().checked_mul(times).is_none_or(|count| count >= 1 << 24) {
            return Err(format!("a kernel for each of {frames} frames"));
        }
        let repeated = |array: &ArrayD<f32>| -> Vec<f32> {
            std::iter::repeat_n(array, times).flat_map(|array| array.iter().copied()).collect()
        };
        let conv = Conv {
            inputs: conv.inputs.map(|inputs| inputs * frames),
            outputs: conv.outputs * frames,
            groups: conv.groups * frames,
            ..conv
        };
        let y = self.one(node, Op::Conv(conv), Tensor::batched(x.value))?;
        let mut shape = weight.shape().to_vec();
        shape[0] *= times;
        self.give(y.value, "weight", shape, repeated(&weight));
        if let Some(bias) = bias {
            self.give(y.value, "bias", vec![bias.len() * times], repeated(&bias));
        }
        let mut sizes = self.sample(y);
        sizes[0] /= frames;
        sizes.insert(0, frames);
        self.placed(Tensor { batch: None, ..y }, &sizes, None)
    }

    fn window(&self, node: Node<'_>, space: &[i64], rank: usize, kernel: &[usize]) -> Result<Window, String> {
        let list = |name: &str| match node.ints(name) {
            None => Ok(vec![1; rank]),
            Some(list) if list.len() == rank && list.iter().all(|number| (1..1 << 20).contains(number)) => Ok(list),
            Some(_) => Err(format!("`{name}` of another number of axes")),
        };
        let (stride, dilation) = (list("strides")?, list("dilations")?);
        if space.len() != rank || kernel.len() != rank {
            return Err("a value of another number of axes".to_owned());
        }
        let auto = node.text("auto_pad", "NOTSET");
        let border = match auto.as_str() {
            "NOTSET" => {
                let pads = node.ints("pads").unwrap_or_else(|| vec![0; 2 * rank]);
                if pads.len() != 2 * rank {
                    return Err("`pads` of another number of axes".to_owned());
                }
                if pads.iter().any(|rows| !(-1 << 30..1 << 30).contains(rows)) {
                    return Err("a huge border".to_owned());
                }
                (0..rank).map(|axis| (pads[axis], pads[rank + axis])).collect()
            }
            "SAME_UPPER" | "SAME_LOWER" => (0..rank)
                .map(|axis| {
                    let windows = (space[axis] + stride[axis] - 1) / stride[axis];
                    let extent = dilation[axis] * (kernel[axis] as i64 - 1) + 1;
                    let rows = ((windows - 1) * stride[axis] + extent - space[axis]).max(0);
                    if auto == "SAME_UPPER" { (rows / 2, rows - rows / 2) } else { (rows - rows / 2, rows / 2) }
                })
                .collect(),
            _ => vec![(0, 0); rank],
        };
        Ok(Window { stride: per_axis(&stride), dilation: per_axis(&dilation), border })
    }

    pub(super) fn pool(&mut self, node: Node<'_>, kind: PoolKind) -> Lowered {
        if node.0.output.len() > 1 && !node.0.output[1].is_empty() {
            return Err("the places of the maxima".to_owned());
        }
        self.on_channels(node, |import, x| import.pool_of(node, kind, x))
    }

    /// `LpPool`: the `p`-th root of the sum of powers.
    pub(super) fn power_pool(&mut self, node: Node<'_>) -> Lowered {
        let p = node.int("p", 2);
        let kernel = node.ints("kernel_shape").ok_or("no `kernel_shape`")?;
        let count = kernel.iter().try_fold(1_i64, |count, &size| count.checked_mul(size)).ok_or("a huge window")?;
        if p < 1 || node.int("ceil_mode", 0) != 0 {
            return Err(format!("with `p` {p}, or windows that end outside"));
        }
        self.on_channels(node, |import, x| {
            let mut y = import.one(node, Op::Activation(Activation::Abs), x)?;
            if p > 1 {
                y = import.one(node, Op::Activation(Activation::Pow { exponent: p as f64 }), y)?;
            }
            y = import.pool_of(node, PoolKind::Avg, y)?;
            y = import.one(node, Op::Scale { by: count as f64 }, y)?;
            match p {
                1 => Ok(y),
                p => import.one(node, Op::Activation(Activation::Pow { exponent: 1.0 / p as f64 }), y),
            }
        })
    }

    fn pool_of(&mut self, node: Node<'_>, kind: PoolKind, x: Tensor) -> Lowered {
        let kernel = node.ints("kernel_shape").ok_or("no `kernel_shape`")?;
        let rank = kernel.len();
        if !(1..=3).contains(&rank) || kernel.iter().any(|size| !(1..1 << 20).contains(size)) {
            return Err("a window of such a size".to_owned());
        }
        let sizes: Vec<usize> = kernel.iter().map(|&size| usize::try_from(size).unwrap_or(1)).collect();
        let window = self.window(node, &self.space(x, false), rank, &sizes)?;
        if kind == PoolKind::Avg && window.dilation != [1; 3] {
            return Err("a mean with dilation".to_owned());
        }
        let pool = |dialect| Pool {
            kernel: per_axis(&kernel),
            stride: window.stride,
            dilation: window.dilation,
            padding: padding(&window.border),
            ceil_mode: node.int("ceil_mode", 0) != 0,
            count_include_pad: node.op() == "LpPool"
                || node.int("count_include_pad", 0) != 0
                || window.border.iter().all(|side| *side == (0, 0)),
            ..Pool::new(dialect, kind, rank)
        };
        // PyTorch takes the same border on both sides, half a window at most.
        let shape = self.shapes[x.value];
        let dialects = [TORCH, Dialect::Onnx];
        let fits = |dialect: &Dialect| Op::Pool(pool(*dialect)).output(&[shape], super::ORDER).is_ok();
        let dialect = dialects.into_iter().find(fits).unwrap_or(Dialect::Onnx);
        self.one(node, Op::Pool(pool(dialect)), x)
    }
}

/// One value an axis; 1 beyond.
pub(super) fn per_axis(values: &[i64]) -> PerAxis<i64> {
    let mut axes = [1; 3];
    for (slot, value) in axes.iter_mut().zip(values) {
        *slot = *value;
    }
    axes
}

/// A border as it is written.
fn padding(border: &[(i64, i64)]) -> Padding {
    let side = |axis: usize| border.get(axis).copied().unwrap_or_default();
    match border.iter().all(|&(lo, hi)| lo == hi) {
        true => Padding::Symmetric([0, 1, 2].map(|axis| side(axis).0)),
        false => Padding::Pairs([0, 1, 2].map(side)),
    }
}
