//! Borders and resizing.

use convshape::graph::Op;
use convshape::graph::op::{Amount, Axis, Interpolation, PaddingMode, ResizeTo, Upsample};

use super::batch::Tensor;
use super::node::Node;
use super::sampling::Resample;
use super::{Import, Lowered};

impl Import {
    pub(super) fn pad(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let rank = self.sizes(x).len();
        let pads = node.ints("pads").or_else(|| self.constant(node, 1)?.ints()).ok_or("a border that is computed")?;
        let value = match node.input(2) {
            Some(_) => self
                .constant(node, 2)
                .and_then(|value| value.scalar())
                .map(f64::from)
                .ok_or("a value that is computed")?,
            None => node.float("value", 0.0),
        };
        let axes = match node.input(3) {
            Some(_) => self.constant(node, 3).and_then(|axes| axes.ints()).ok_or("axes that are computed")?,
            None => (0..rank as i64).collect(),
        };
        if pads.len() != 2 * axes.len() || pads.iter().any(|rows| !(-1 << 30..1 << 30).contains(rows)) {
            return Err("a border of another number of axes, or a huge one".to_owned());
        }
        let mut border = vec![(0, 0); rank];
        for (at, &axis) in axes.iter().enumerate() {
            border[self.index(axis, x)?] = (pads[at], pads[axes.len() + at]);
        }
        // A negative border cuts off.
        let mut x = x;
        for (axis, (lo, hi)) in border.iter_mut().enumerate() {
            let (start, end) = (-(*lo).min(0), self.sizes(x)[axis] + (*hi).min(0));
            x = self.part(node, x, axis, start, end)?;
            (*lo, *hi) = ((*lo).max(0), (*hi).max(0));
        }
        if x.batch.is_some_and(|batch| border.remove(batch) != (0, 0)) {
            return Err("a border of the batch".to_owned());
        }
        let y = self.bordered(node, x.value, border, value)?;
        Ok(Tensor { value: y, ..x })
    }

    /// A value with this border of each axis.
    fn bordered(&mut self, node: Node<'_>, x: usize, border: Vec<(i64, i64)>, value: f64) -> Result<usize, String> {
        if border.iter().all(|side| *side == (0, 0)) {
            return Ok(x);
        }
        if let Some((source, order)) = self.beneath(x) {
            let mut before = vec![(0, 0); order.len()];
            order.iter().zip(border).for_each(|(&axis, side)| before[axis] = side);
            let y = self.bordered(node, source, before, value)?;
            return self.turned(y, &order);
        }
        let mode = match node.text("mode", "constant").as_str() {
            "constant" => PaddingMode::Zeros,
            "reflect" => PaddingMode::Reflect,
            "edge" => PaddingMode::Replicate,
            "wrap" => PaddingMode::Circular,
            other => return Err(format!("mode `{other}`")),
        };
        let rank = border.len();
        if border[0] == (0, 0) && (2..=4).contains(&rank) {
            let mut pairs = [(0, 0); 3];
            pairs[..rank - 1].copy_from_slice(&border[1..]);
            let amount = Amount::Pairs { rank: Some(rank - 1), pairs };
            return self.push(self.path(node), Op::Pad { amount, mode, value, axis: None }, &[x]);
        }
        // One axis after another, each with the rows that the one before added.
        let mut y = x;
        for (at, sides) in border.into_iter().enumerate().filter(|(_, sides)| *sides != (0, 0)) {
            let amount = Amount::Pairs { rank: Some(1), pairs: [sides, (0, 0), (0, 0)] };
            let axis = Some(if at == 0 { Axis::Channels } else { Axis::At(at as i64) });
            y = self.push(self.path(node), Op::Pad { amount, mode, value, axis }, &[y])?;
        }
        Ok(y)
    }

    pub(super) fn resize(&mut self, node: Node<'_>) -> Lowered {
        self.on_channels(node, |import, x| import.resize_of(node, x))
    }

    fn resize_of(&mut self, node: Node<'_>, x: Tensor) -> Lowered {
        let rank = self.sample(x).len() - 1;
        if !(1..=3).contains(&rank) {
            return Err("a value without space".to_owned());
        }
        let upsample = node.op() == "Upsample";
        let scales = node.floats("scales").or_else(|| {
            let at = if upsample || self.opset < 11 { 1 } else { 2 };
            Some(self.constant(node, at)?.floats().iter().copied().collect())
        });
        let sizes = self.constant(node, 3).and_then(|sizes| sizes.ints());
        let channels = self.sample(x)[0];
        let to = match (scales.filter(|scales| !scales.is_empty()), sizes) {
            (_, Some(sizes))
                if sizes.len() == rank + 2 && (sizes[1] == channels || sizes[0] * sizes[1] == channels) =>
            {
                let mut to = [1; 3];
                to[..rank].copy_from_slice(&sizes[2..]);
                ResizeTo::Size(to)
            }
            (Some(scales), None) if scales.len() == rank + 2 && scales[..2] == [1.0, 1.0] => {
                let mut to = [1.0; 3];
                for (slot, scale) in to.iter_mut().zip(&scales[2..]) {
                    *slot = f64::from(*scale);
                }
                ResizeTo::Scale(to)
            }
            _ => return Err("sizes that are computed, or of other axes than space".to_owned()),
        };
        let to = if self.open.are_there() { as_factors(to, &self.sample(x)[1..]) } else { to };
        let coordinates = node.text(
            "coordinate_transformation_mode",
            if upsample || self.opset < 11 { "asymmetric" } else { "half_pixel" },
        );
        let nearest = node.text("nearest_mode", if upsample { "floor" } else { "round_prefer_floor" });
        let whole = matches!(to, ResizeTo::Scale(scale) if scale.iter().all(|scale| scale.fract() == 0.0));
        let linear = [Interpolation::Linear, Interpolation::Bilinear, Interpolation::Trilinear];
        let (mode, align_corners) = match (node.text("mode", "nearest").as_str(), coordinates.as_str()) {
            _ if node.int("antialias", 0) != 0 => return self.resampled(node, x, &axes_of(&to, &self.sample(x)[1..])),
            // With whole factors these pick the same rows.
            ("nearest", "asymmetric") if nearest == "floor" => (Interpolation::Nearest, None),
            ("nearest", "half_pixel") if whole && nearest.starts_with("round") => (Interpolation::Nearest, None),
            ("nearest", "half_pixel") if nearest == "round_prefer_ceil" => (Interpolation::NearestExact, None),
            ("linear" | "bilinear", "half_pixel" | "pytorch_half_pixel") if rank > 0 => (linear[rank - 1], Some(false)),
            ("linear" | "bilinear", "align_corners") if rank > 0 => (linear[rank - 1], Some(true)),
            ("cubic", "half_pixel" | "pytorch_half_pixel") if cubic(node) => (Interpolation::Bicubic, Some(false)),
            ("cubic", "align_corners") if cubic(node) => (Interpolation::Bicubic, Some(true)),
            _ => return self.resampled(node, x, &axes_of(&to, &self.sample(x)[1..])),
        };
        self.one(node, Op::Upsample(Upsample { rank: Some(rank), to, mode, align_corners }), x)
    }
}

/// Sizes as whole factors, if they are, which holds for any size.
#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
fn as_factors(to: ResizeTo, space: &[i64]) -> ResizeTo {
    let ResizeTo::Size(sizes) = to else { return to };
    let mut factors = [1.0; 3];
    for ((factor, &from), &to) in factors.iter_mut().zip(space).zip(&sizes) {
        if to % from != 0 {
            return ResizeTo::Size(sizes);
        }
        *factor = (to / from) as f64;
    }
    ResizeTo::Scale(factors)
}

/// How each axis of space is resampled.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "sizes are small")]
fn axes_of(to: &ResizeTo, space: &[i64]) -> Vec<Resample> {
    let axis = |(at, &from): (usize, &i64)| match to {
        ResizeTo::Size(sizes) => Resample { from, to: sizes[at], scale: sizes[at] as f64 / from as f64 },
        ResizeTo::Scale(scales) => Resample { from, to: (from as f64 * scales[at]).floor() as i64, scale: scales[at] },
        ResizeTo::Like => Resample { from, to: from, scale: 1.0 },
    };
    space.iter().enumerate().map(axis).collect()
}

fn cubic(node: Node<'_>) -> bool {
    (node.float("cubic_coeff_a", -0.75) + 0.75).abs() < 1e-6 && node.int("exclude_outside", 0) == 0
}
