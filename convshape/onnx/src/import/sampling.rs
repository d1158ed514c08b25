//! Values between positions, and windows that are put together again.

use convshape::Shape;
use convshape::graph::Op;
use convshape::graph::op::{Activation, Conv, Direction, Padding};
use convshape::ndarray::Array2;

use super::batch::Tensor;
use super::lower::conv_of;
use super::node::Node;
use super::window::per_axis;
use super::{Import, Lowered};

/// How one axis is resampled.
pub(super) struct Resample {
    /// The positions before and after.
    pub(super) from: i64,
    pub(super) to: i64,
    /// Positions after for one before.
    pub(super) scale: f64,
}

impl Import {
    /// `Resize` in a mode that no layer has: a matrix of weights along each axis.
    pub(super) fn resampled(&mut self, node: Node<'_>, x: Tensor, axes: &[Resample]) -> Lowered {
        let mut y = x;
        for (at, axis) in axes.iter().enumerate() {
            if axis.from == axis.to && (axis.scale - 1.0).abs() < 1e-9 {
                continue;
            }
            let weights = weights(node, axis)?;
            y = self.along(node, y, at + 2, &weights)?;
        }
        Ok(y)
    }

    /// `GridSample`: each element is weighed by how near its row and column are, `relu(1 - distance)`.
    pub(super) fn grid_sample(&mut self, node: Node<'_>) -> Lowered {
        let x = self.batch_first(node)?;
        let grid = self.operand(node, 1, 3)?;
        let grid = if grid.batch.is_some() { self.in_front(grid)? } else { grid };
        let (sizes, places) = (self.sample(x), self.sample(grid));
        let (&[channels, height, width], &[rows, columns, 2]) = (sizes.as_slice(), places.as_slice()) else {
            return Err("a grid of more than two axes".to_owned());
        };
        let mode = node.text("mode", "linear");
        let border = node.text("padding_mode", "zeros");
        if !matches!(mode.as_str(), "linear" | "bilinear") || !matches!(border.as_str(), "zeros" | "border") {
            return Err(format!("mode `{mode}` with border `{border}`"));
        }
        if rows.checked_mul(columns).and_then(|all| all.checked_mul(height * width)).is_none_or(|all| all >= 1 << 24) {
            return Err("a table larger than memory".to_owned());
        }
        let path = self.path(node);
        let flat = self.placed(Tensor { batch: None, ..grid }, &[rows * columns, 2], None)?;
        let mut near = Vec::new();
        for (axis, size) in [width, height].into_iter().enumerate() {
            let own = self.part(node, flat, 1, axis as i64, axis as i64 + 1)?;
            let own = self.placed(own, &[rows * columns], None)?;
            // From -1 .. 1 to positions.
            #[expect(clippy::cast_precision_loss, reason = "a size")]
            let (last, size) = ((size - 1) as f64, size as f64);
            let factor = if node.int("align_corners", 0) != 0 { last / 2.0 } else { size / 2.0 };
            let mut value = self.push(path.clone(), Op::Scale { by: factor }, &[own.value])?;
            let middle = Op::Activation(Activation::AddScalar { by: last / 2.0 });
            value = self.push(path.clone(), middle, &[value])?;
            if border == "border" {
                value = self.push(path.clone(), Op::Activation(Activation::Clamp { min: 0.0, max: last }), &[value])?;
            }
            let count = usize::try_from([width, height][axis]).unwrap_or(0);
            near.push(self.hat(node, Tensor { value, batch: None }, count)?);
        }
        let points = rows * columns;
        let across = self.placed(near[0], &[points, 1, width], None)?;
        let down = self.placed(near[1], &[points, height, 1], None)?;
        let weights = self.push(path.clone(), Op::Mul, &[down.value, across.value])?;
        let weights = self.placed(Tensor { value: weights, batch: None }, &[points, height * width], None)?;
        let cells = self.placed(Tensor { batch: None, ..x }, &[channels, height * width], None)?;
        let op = Op::MatMul { transpose_a: false, transpose_b: true };
        let value = self.push(path, op, &[cells.value, weights.value])?;
        self.placed(Tensor { value, batch: None }, &[self.batch, channels, rows, columns], Some(0))
    }

    /// `Col2Im`: a transposed convolution whose kernel puts each element of a window at its place.
    pub(super) fn col2im(&mut self, node: Node<'_>) -> Lowered {
        let x = self.batch_first(node)?;
        let list = |at: usize| self.constant(node, at).and_then(|list| list.ints()).ok_or("sizes that are computed");
        let (image, block) = (list(1)?, list(2)?);
        let rank = image.len();
        let given = |name: &str, default: i64, count: usize| node.ints(name).unwrap_or_else(|| vec![default; count]);
        let (strides, dilations, pads) =
            (given("strides", 1, rank), given("dilations", 1, rank), given("pads", 0, 2 * rank));
        let &[batch, features, windows] = self.sizes(x).as_slice() else { return Err("no windows".to_owned()) };
        let taps = block.iter().try_fold(1_i64, |taps, &size| taps.checked_mul(size)).filter(|taps| *taps > 0);
        let fits = (1..=2).contains(&rank) && [&block, &strides, &dilations].iter().all(|list| list.len() == rank);
        let (Some(taps), true, true) = (taps, fits, pads.len() == 2 * rank) else {
            return Err("windows of another number of axes".to_owned());
        };
        let mut counts = Vec::new();
        let mut rest = [0; 3];
        for axis in 0..rank {
            let full = image[axis] + pads[axis] + pads[rank + axis] - dilations[axis] * (block[axis] - 1) - 1;
            counts.push(
                full.checked_div(strides[axis]).filter(|_| full >= 0).ok_or("a window larger than the image")? + 1,
            );
            rest[axis] = full % strides[axis];
        }
        if features % taps != 0 || counts.iter().product::<i64>() != windows || taps > 1 << 12 {
            return Err("windows of another size".to_owned());
        }
        let channels = features / taps;
        let x = self.placed(x, &[&[batch, features], counts.as_slice()].concat(), Some(0))?;
        let pairs = [0, 1, 2].map(|axis| if axis < rank { (pads[axis], pads[rank + axis]) } else { (0, 0) });
        let conv = Conv {
            inputs: Some(features),
            outputs: channels,
            groups: channels,
            kernel: per_axis(&block),
            stride: per_axis(&strides),
            dilation: per_axis(&dilations),
            padding: match pairs.iter().all(|(lo, hi)| lo == hi) {
                true => Padding::Symmetric(pairs.map(|side| side.0)),
                false => Padding::Pairs(pairs),
            },
            output_padding: rest.iter().any(|&rows| rows != 0).then_some(rest),
            ..conv_of(Direction::Transposed, rank)
        };
        let y = self.one(node, Op::Conv(conv), x)?;
        let (count, each) = (usize::try_from(features).unwrap_or(0), usize::try_from(taps).unwrap_or(1));
        let numbers: Vec<f32> =
            (0..count * each).map(|at| if at / each % each == at % each { 1.0 } else { 0.0 }).collect();
        let sizes: Vec<usize> =
            [features, 1].iter().chain(&block).map(|&size| usize::try_from(size).unwrap_or(0)).collect();
        self.give(y.value, "weight", sizes, numbers);
        match self.shapes[y.value] == Shape::of(&[&[channels], image.as_slice()].concat()) {
            true => Ok(y),
            false => Err("an image of another size".to_owned()),
        }
    }
}

/// The weight of each position before in each position after.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "positions are small; f32 is stored")]
fn weights(node: Node<'_>, axis: &Resample) -> Result<Array2<f32>, String> {
    let (from, to, scale) = (axis.from, axis.to, axis.scale);
    let mode = node.text("mode", "nearest");
    let coordinates =
        node.text("coordinate_transformation_mode", if node.op() == "Upsample" { "asymmetric" } else { "half_pixel" });
    let rounding = node.text("nearest_mode", if node.op() == "Upsample" { "floor" } else { "round_prefer_floor" });
    let position = |at: f64| -> Option<f64> {
        Some(match coordinates.as_str() {
            "half_pixel" => (at + 0.5) / scale - 0.5,
            "pytorch_half_pixel" if to > 1 => (at + 0.5) / scale - 0.5,
            "pytorch_half_pixel" => 0.0,
            "asymmetric" => at / scale,
            "align_corners" if to > 1 => at * (from - 1) as f64 / (to - 1) as f64,
            "align_corners" => 0.0,
            "tf_half_pixel_for_nn" => (at + 0.5) / scale,
            _ => return None,
        })
    };
    let a = node.float("cubic_coeff_a", -0.75);
    let kernel = |x: f64| -> f64 {
        let x = x.abs();
        match mode.as_str() {
            "cubic" if x <= 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
            "cubic" if x < 2.0 => ((x - 5.0) * x + 8.0) * x * a - 4.0 * a,
            "cubic" => 0.0,
            _ => (1.0 - x).max(0.0),
        }
    };
    let narrow = if node.int("antialias", 0) != 0 { scale.min(1.0) } else { 1.0 };
    let exclude = node.int("exclude_outside", 0) != 0;
    let reach = if mode == "cubic" { 2.0 } else { 1.0 } / narrow;
    let count = |size: i64| usize::try_from(size).unwrap_or(0);
    if from < 1
        || to < 1
        || count(from).checked_mul(count(to)).is_none_or(|all| all >= 1 << 24)
        || !(1e-6..1e6).contains(&scale)
    {
        return Err("sizes that are larger than memory".to_owned());
    }
    let mut weights = Array2::zeros((count(to), count(from)));
    for row in 0..to {
        let x = position(row as f64).ok_or_else(|| format!("coordinates `{coordinates}`"))?;
        let mut taps: Vec<(i64, f64)> = Vec::new();
        match mode.as_str() {
            "nearest" => {
                let nearest = match rounding.as_str() {
                    "round_prefer_floor" => (x - 0.5).ceil(),
                    "round_prefer_ceil" => (x + 0.5).floor(),
                    "floor" => x.floor(),
                    _ => x.ceil(),
                };
                taps.push((nearest as i64, 1.0));
            }
            _ => {
                let (first, last) = ((x - reach).floor() as i64, (x + reach).ceil() as i64);
                taps.extend((first..=last).map(|tap| (tap, kernel((tap as f64 - x) * narrow))));
                if exclude {
                    taps.retain(|(tap, _)| (0..from).contains(tap));
                }
                let sum: f64 = taps.iter().map(|(_, weight)| weight).sum();
                taps.iter_mut().for_each(|(_, weight)| *weight /= sum);
            }
        }
        for (tap, weight) in taps {
            weights[[count(row), count(tap.clamp(0, from - 1))]] += weight as f32;
        }
    }
    Ok(weights)
}
