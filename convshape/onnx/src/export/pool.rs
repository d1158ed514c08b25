//! Pooling.

use convshape::Shape;
use convshape::graph::op::{MAX_SPATIAL, PaddingMode, Pool, PoolKind};
use convshape::graph::{AxisOrder, Fault, Size, Window};

use super::conv::pads;
use super::writer::{FileValue, to_i64};
use super::{Export, ExportError, attribute};
use crate::proto::Attribute;

/// Windows over a value.
struct Sliding {
    windows: Vec<Window>,
    /// Their output.
    shape: Shape,
    /// The border as written.
    written: Vec<(i64, i64)>,
    /// What the last windows need beyond the border.
    overhang: Vec<(i64, i64)>,
}

impl Sliding {
    fn together(&self) -> Vec<(i64, i64)> {
        self.written.iter().zip(&self.overhang).map(|(side, more)| (side.0, side.1 + more.1)).collect()
    }

    /// Whether a border is smaller than the window, as engines require.
    fn is_narrow(&self, border: &[(i64, i64)]) -> bool {
        border.iter().zip(&self.windows).all(|(side, window)| side.0.max(side.1) < window.kernel)
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![
            attribute::ints("kernel_shape", self.windows.iter().map(|window| window.kernel)),
            attribute::ints("strides", self.windows.iter().map(|window| window.stride)),
        ]
    }
}

impl Export<'_> {
    pub(super) fn pool(&mut self, pool: &Pool, x: &FileValue) -> Result<FileValue, ExportError> {
        let sliding = self.sliding(pool, x)?;
        if pool.kind == PoolKind::Max {
            let (x, attributes) = self.maxima(&sliding, x);
            return Ok(self.writer.node("MaxPool", &[&x.name], attributes, sliding.shape));
        }
        let Sliding { windows, shape, written, overhang } = &sliding;
        let (together, no_border) = (sliding.together(), vec![(0, 0); pool.rank]);
        // The border counts in the mean, but rows beyond it never do.
        let counts = pool.count_include_pad && *written != no_border;
        let alone = *overhang == no_border && sliding.is_narrow(written);
        if !counts && !sliding.is_narrow(&together) {
            return self.wide_average(windows, x, &together, *shape);
        }
        let (x, border) = match counts && !alone {
            true => (self.writer.pad(x, written, PaddingMode::Zeros, 0.0), overhang),
            false => (x.clone(), &together),
        };
        let mut attributes = sliding.attributes();
        attributes.push(attribute::int("count_include_pad", i64::from(counts && alone)));
        attributes.push(pads(border));
        Ok(self.writer.node("AveragePool", &[&x.name], attributes, *shape))
    }

    /// Puts `x` back where a max pooling found its maxima in `taken`.
    pub(super) fn unpool(&mut self, pool: &Pool, x: &FileValue, taken: &FileValue) -> Result<FileValue, ExportError> {
        let sliding = self.sliding(pool, taken)?;
        let (source, attributes) = self.maxima(&sliding, taken);
        let places = self.writer.second("MaxPool", &[&source.name], attributes, sliding.shape);
        let sizes = self.writer.sizes("Shape", &[&source.name], Vec::new());
        let border = if source.name == taken.name { sliding.together() } else { vec![(0, 0); pool.rank] };
        let mut attributes = sliding.attributes();
        attributes.push(pads(&border));
        let inputs = [x.name.as_str(), &places, &sizes];
        let y = self.writer.node("MaxUnpool", &inputs, attributes, source.shape);
        Ok(if source.name == taken.name { y } else { self.writer.crop(&y, &sliding.together()) })
    }

    /// The windows over a value.
    fn sliding(&self, pool: &Pool, x: &FileValue) -> Result<Sliding, ExportError> {
        let windows = pool.windows(&x.shape, AxisOrder::ChannelsFirst).map_err(|fault| self.fault(fault))?;
        let windows = windows[..pool.rank].to_vec();
        let mut shape = x.shape;
        // The rows that a last window needs beyond the end are padded explicitly, because engines disagree on rounding
        // up.
        let mut overhang = vec![(0, 0); pool.rank];
        for (axis, window) in windows.iter().enumerate() {
            let input = x.shape.size(axis + 1);
            let output = window.output(input, x.shape.scope()).map_err(|reason| self.fault(Fault::new(reason)))?;
            shape = shape.with(axis + 1, output);
            let Some(rows) = rows_beyond(window, input, output) else { return Err(self.symbol("rounding up", x)) };
            overhang[axis].1 = rows;
        }
        let written = windows.iter().map(|window| (window.lo, window.hi)).collect();
        Ok(Sliding { windows, shape, written, overhang })
    }

    /// The input of a `MaxPool`, with a border added that engines do not support as an attribute, and its attributes.
    fn maxima(&mut self, sliding: &Sliding, x: &FileValue) -> (FileValue, Vec<Attribute>) {
        let together = sliding.together();
        let (x, border) = match sliding.is_narrow(&together) {
            true => (x.clone(), together),
            false => {
                let padded = self.writer.pad(x, &together, PaddingMode::Zeros, f64::NEG_INFINITY);
                (padded, vec![(0, 0); together.len()])
            }
        };
        let mut attributes = sliding.attributes();
        attributes.push(attribute::ints("dilations", sliding.windows.iter().map(|window| window.dilation)));
        attributes.push(pads(&border));
        (x, attributes)
    }

    /// Means that do not count the border, which can be as large as a window: the sum of a window divided by the number
    /// of its rows inside.
    fn wide_average(
        &mut self,
        windows: &[Window],
        x: &FileValue,
        border: &[(i64, i64)],
        shape: Shape,
    ) -> Result<FileValue, ExportError> {
        let mut shares: Vec<f32> = vec![1.0];
        let mut dims = vec![1, 1];
        for (axis, window) in windows.iter().enumerate() {
            let sizes = (x.shape.size(axis + 1).number(), shape.size(axis + 1).number());
            let (Some(input), Some(output)) = sizes else { return Err(self.symbol("so wide a border", x)) };
            let share = |row: i64| {
                let first = row * window.stride - window.lo;
                let inside = (first + window.kernel).min(input) - first.max(0);
                if inside > 0 { window.kernel as f32 / inside as f32 } else { 0.0 }
            };
            let by_row: Vec<f32> = (0..output).map(share).collect();
            shares = shares.iter().flat_map(|whole| by_row.iter().map(move |share| whole * share)).collect();
            dims.push(output);
        }
        let padded = self.writer.pad(x, border, PaddingMode::Zeros, 0.0);
        let attributes = vec![
            attribute::ints("kernel_shape", windows.iter().map(|window| window.kernel)),
            attribute::ints("strides", windows.iter().map(|window| window.stride)),
        ];
        let mean = self.writer.node("AveragePool", &[&padded.name], attributes, shape);
        let shares = self.writer.floats(&dims, &shares);
        Ok(self.writer.same("Mul", &mean, &[&shares], Vec::new()))
    }

    /// Windows that divide the input, overlapping if the sizes do not divide.
    pub(super) fn adaptive(
        &mut self,
        kind: PoolKind,
        size: &[i64; MAX_SPATIAL],
        x: &FileValue,
    ) -> Result<FileValue, ExportError> {
        let rank = x.shape.rank() - 1;
        let all_ones = size[..rank].iter().all(|&size| size == 1);
        if all_ones {
            let shape = (0..rank).fold(x.shape, |shape, axis| shape.with(axis + 1, Size::Number(1)));
            let op = if kind == PoolKind::Max { "GlobalMaxPool" } else { "GlobalAveragePool" };
            return Ok(self.writer.node(op, &[&x.name], Vec::new(), shape));
        }
        let mut y = x.clone();
        // The mean of a window is the mean of its rows' means; likewise for the maximum.
        for (axis, &shares) in size[..rank].iter().enumerate() {
            let Some(rows) = y.shape.size(axis + 1).number() else { return Err(self.symbol("adaptive pooling", x)) };
            if rows != shares {
                y = self.shared_out(kind, &y, axis, rows, shares);
            }
        }
        Ok(y)
    }

    /// One axis of an adaptive pooling.
    fn shared_out(&mut self, kind: PoolKind, x: &FileValue, axis: usize, rows: i64, shares: i64) -> FileValue {
        let (op, reduce) = match kind {
            PoolKind::Max => ("MaxPool", "ReduceMax"),
            PoolKind::Avg => ("AveragePool", "ReduceMean"),
        };
        let shape = x.shape.with(axis + 1, Size::Number(shares));
        if rows % shares == 0 {
            let along = |number: i64| {
                let mut numbers = vec![1; x.shape.rank() - 1];
                numbers[axis] = number;
                numbers
            };
            let window = rows / shares;
            let attributes =
                vec![attribute::ints("kernel_shape", along(window)), attribute::ints("strides", along(window))];
            return self.writer.node(op, &[&x.name], attributes, shape);
        }
        let one = x.shape.with(axis + 1, Size::Number(1));
        let pieces = (0..shares).map(|share| {
            let (start, end) = (share * rows / shares, ((share + 1) * rows + shares - 1) / shares);
            let mut pairs = vec![(0, 0); axis + 1];
            pairs[axis] = (start, rows - end);
            let piece = self.writer.crop(x, &pairs);
            let attributes = vec![attribute::ints("axes", [to_i64(axis) + 2]), attribute::int("keepdims", 1)];
            self.writer.node(reduce, &[&piece.name], attributes, one).name
        });
        let pieces: Vec<String> = pieces.collect();
        let names: Vec<&str> = pieces.iter().map(String::as_str).collect();
        self.writer.node("Concat", &names, vec![attribute::int("axis", to_i64(axis) + 2)], shape)
    }
}

/// How far the last window extends past the border at the end; `None` if that is not a number.
fn rows_beyond(window: &Window, input: Size, output: Size) -> Option<i64> {
    let start = output.plus(-1).ok()?.times(window.stride).ok()?;
    let end = start.plus(window.dilation.checked_mul(window.kernel - 1)?.checked_add(1)?).ok()?;
    let beyond = end.sub(window.padded(input).ok()?).ok()?;
    Some(beyond.number()?.max(0))
}
