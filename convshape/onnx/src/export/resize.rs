//! Resizing.

use convshape::graph::op::{Interpolation, ResizeTo, Upsample};
use convshape::graph::{AxisOrder, Node, Op, Size};

use super::writer::{FileValue, to_i64};
use super::{Export, ExportError, attribute};

impl Export<'_> {
    pub(super) fn upsample(&mut self, node: &Node, upsample: &Upsample) -> Result<FileValue, ExportError> {
        let inputs: Vec<FileValue> = node.inputs.iter().map(|&value| self.first(value)).collect();
        let (x, rank) = (inputs[0].clone(), inputs[0].shape.rank() - 1);
        let shapes: Vec<_> = inputs.iter().map(|input| input.shape).collect();
        let shape =
            Op::Upsample(*upsample).output(&shapes, AxisOrder::ChannelsFirst).map_err(|fault| self.fault(fault))?;
        let nearest = matches!(upsample.mode, Interpolation::Nearest | Interpolation::NearestExact);
        if nearest && let Some(y) = self.picked(upsample, &x) {
            return Ok(y);
        }
        let corners = if upsample.align_corners == Some(true) { "align_corners" } else { "half_pixel" };
        let (mode, coordinates) = match upsample.mode {
            Interpolation::Nearest => ("nearest", "asymmetric"),
            Interpolation::NearestExact => ("nearest", "half_pixel"),
            Interpolation::Bicubic => ("cubic", corners),
            Interpolation::Linear | Interpolation::Bilinear | Interpolation::Trilinear => ("linear", corners),
        };
        let mut attributes =
            vec![attribute::text("mode", mode), attribute::text("coordinate_transformation_mode", coordinates)];
        match upsample.mode {
            Interpolation::Nearest => attributes.push(attribute::text("nearest_mode", "floor")),
            Interpolation::NearestExact => attributes.push(attribute::text("nearest_mode", "round_prefer_ceil")),
            Interpolation::Bicubic => attributes.push(attribute::float("cubic_coeff_a", -0.75)),
            Interpolation::Linear | Interpolation::Bilinear | Interpolation::Trilinear => {}
        }
        if let ResizeTo::Scale(scale) = upsample.to
            && let Some(scales) = scales(&scale[..rank], &x, &shape.sizes()[1..])
        {
            let scales = self.writer.floats(&[to_i64(rank) + 2], &scales);
            return Ok(self.writer.node("Resize", &[&x.name, "", &scales], attributes, shape));
        }
        let start = self.writer.sizes("Shape", &[&x.name], vec![attribute::int("start", 0), attribute::int("end", 2)]);
        let space: Option<Vec<i64>> = shape.sizes()[1..].iter().map(|size| size.number()).collect();
        let space = match (space, inputs.get(1)) {
            (Some(space), _) => self.writer.ints(&space),
            (None, Some(like)) => self.writer.sizes("Shape", &[&like.name], vec![attribute::int("start", 2)]),
            (None, None) => return Err(self.symbol("such a scale", &x)),
        };
        let sizes = self.writer.sizes("Concat", &[&start, &space], vec![attribute::int("axis", 0)]);
        Ok(self.writer.node("Resize", &[&x.name, "", "", &sizes], attributes, shape))
    }

    /// Selects rows one by one if the scale is not an integer, because engines differ in how they round the position of
    /// a row.
    fn picked(&mut self, upsample: &Upsample, x: &FileValue) -> Option<FileValue> {
        let rank = x.shape.rank() - 1;
        let mut picks = Vec::new();
        for axis in 0..rank {
            let input = x.shape.size(axis + 1).number()?;
            let (output, ratio) = match upsample.to {
                ResizeTo::Scale(scale) if scale[axis].fract() == 0.0 => return None,
                #[expect(clippy::cast_possible_truncation, reason = "as the shape was worked out")]
                ResizeTo::Scale(scale) => ((input as f64 * scale[axis]) as i64, 1.0 / scale[axis]),
                ResizeTo::Size(size) => (size[axis], input as f64 / size[axis] as f64),
                ResizeTo::Like => return None,
            };
            picks.push((0..output).map(|row| nearest(upsample.mode, row, ratio, input)).collect::<Vec<i64>>());
        }
        let mut y = x.clone();
        for (axis, rows) in picks.iter().enumerate() {
            let shape = y.shape.with(axis + 1, Size::Number(to_i64(rows.len())));
            let rows = self.writer.ints(rows);
            y = self.writer.node("Gather", &[&y.name, &rows], vec![attribute::int("axis", to_i64(axis) + 2)], shape);
        }
        Some(y)
    }
}

/// The scale of each axis, batch and channels included, if an engine that computes in `f32` gets the
/// same sizes from them.
#[expect(clippy::cast_possible_truncation, reason = "floats of the format are of f32; sizes are small")]
fn scales(scale: &[f64], x: &FileValue, sizes: &[Size]) -> Option<Vec<f32>> {
    let mut scales = vec![1.0, 1.0];
    for (axis, &scale) in scale.iter().enumerate() {
        let fits = |scale: f32| match (x.shape.size(axis + 1).number(), sizes[axis].number()) {
            (Some(input), Some(output)) => (input as f32 * scale) as i64 == output,
            _ => scale.fract() == 0.0,
        };
        let rounded = scale as f32;
        scales.push([rounded, rounded.next_up()].into_iter().find(|&scale| fits(scale))?);
    }
    Some(scales)
}

/// The row that is nearest to an output row, as PyTorch's kernels for `f32` round.
#[expect(clippy::cast_possible_truncation, reason = "PyTorch rounds so")]
fn nearest(mode: Interpolation, row: i64, ratio: f64, input: i64) -> i64 {
    let ratio = f64::from(ratio as f32);
    let place = match mode {
        Interpolation::NearestExact => f64::from((((row as f64 + 0.5) * ratio - 0.5) as f32).max(0.0) + 0.5),
        _ => f64::from((row as f64 * ratio) as f32),
    };
    (place as i64).clamp(0, input - 1)
}
