//! Convolutions in both directions, and borders.

use convshape::Shape;
use convshape::graph::op::{Conv, Direction, PaddingMode, SeparableConv, WeightFrom};
use convshape::graph::{AxisOrder, Fault, Node, Scatter, Size, Window};

use super::writer::{FileValue, Writer, to_i64};
use super::{Export, ExportError, attribute};
use crate::proto::Attribute;

/// Spatial axes come after the channels.
const ORDER: AxisOrder = AxisOrder::ChannelsFirst;

impl Export<'_> {
    pub(super) fn conv(&mut self, node: &Node, conv: &Conv) -> Result<FileValue, ExportError> {
        let x = self.first(node.inputs[0]);
        let weight = match conv.weight {
            WeightFrom::Own | WeightFrom::Tied => self.kernel(node, 0, conv),
            WeightFrom::Input => self.kernel_of(node.inputs[1], conv)?,
        };
        let last = node.params.len().saturating_sub(1);
        let bias = conv.bias.then(|| self.param(node, last, &[conv.outputs]));
        match conv.direction {
            Direction::Forward => self.gather(conv, &x, &weight, bias.as_deref()),
            Direction::Transposed => self.scatter(conv, &x, &weight, bias.as_deref()),
        }
    }

    pub(super) fn separable(&mut self, node: &Node, conv: &SeparableConv) -> Result<FileValue, ExportError> {
        let x = self.first(node.inputs[0]);
        let weight = self.kernel(node, 0, &conv.depthwise);
        let middle = self.gather(&conv.depthwise, &x, &weight, None)?;
        let weight = self.kernel(node, 1, &conv.pointwise);
        let bias = conv.pointwise.bias.then(|| self.param(node, 2, &[conv.pointwise.outputs]));
        self.gather(&conv.pointwise, &middle, &weight, bias.as_deref())
    }

    fn gather(
        &mut self,
        conv: &Conv,
        x: &FileValue,
        weight: &str,
        bias: Option<&str>,
    ) -> Result<FileValue, ExportError> {
        let windows = conv.windows(&x.shape, ORDER).map_err(|fault| self.fault(fault))?;
        let windows = &windows[..conv.rank];
        let w = &mut self.writer;
        let spread = windows.iter().any(|window| window.input_dilation != 1);
        if spread && conv.border() != PaddingMode::Zeros {
            return Err(self.inexpressible("border with dilated inputs"));
        }
        let mut x = if spread { spread_rows(w, x, windows) } else { x.clone() };
        let sides = |positive: fn(i64) -> i64| {
            windows.iter().map(|window| (positive(window.lo), positive(window.hi))).collect()
        };
        let (crop, mut border): (Vec<_>, Vec<_>) = (sides(|rows| (-rows).max(0)), sides(|rows| rows.max(0)));
        if conv.border() != PaddingMode::Zeros {
            // The border has rows of the whole input.
            x = w.pad(&x, &border, conv.border(), 0.0);
            border.fill((0, 0));
        }
        x = w.crop(&x, &crop);
        let mut shape = x.shape.with(0, Size::Number(conv.outputs));
        for (axis, (window, &(lo, hi))) in windows.iter().zip(&border).enumerate() {
            let window = Window { lo, hi, input_dilation: 1, ..*window };
            let size = window.output(x.shape.size(axis + 1), x.shape.scope());
            shape = shape.with(axis + 1, size.map_err(|reason| self.fault(Fault::new(reason)))?);
        }
        let mut attributes = slide(windows.iter().map(|window| (window.kernel, window.stride, window.dilation)));
        attributes.push(pads(&border));
        attributes.push(attribute::int("group", conv.groups));
        let inputs: Vec<&str> = [x.name.as_str(), weight].into_iter().chain(bias).collect();
        Ok(self.writer.node("Conv", &inputs, attributes, shape))
    }

    fn scatter(
        &mut self,
        conv: &Conv,
        x: &FileValue,
        weight: &str,
        bias: Option<&str>,
    ) -> Result<FileValue, ExportError> {
        let scatters = conv.scatters(&x.shape, ORDER).map_err(|fault| self.fault(fault))?;
        let scatters = &scatters[..conv.rank];
        match conv.border() {
            PaddingMode::Zeros => {}
            PaddingMode::Circular => {
                let plain: Vec<Scatter> = scatters.iter().map(|scatter| Scatter { lo: 0, hi: 0, ..*scatter }).collect();
                let mut y = self.scattered(conv, x, weight, None, &plain, &[0; 3])?;
                for (axis, scatter) in scatters.iter().enumerate() {
                    y = self.folded(&y, axis, scatter, x.shape.size(axis + 1))?;
                }
                return Ok(self.biased(&y, bias));
            }
            PaddingMode::Reflect | PaddingMode::Replicate => {
                return Err(self.inexpressible("transposed convolution with such a border"));
            }
        }
        let more = |rows: i64| (-rows).max(0);
        // Rows at the end that no kernel reaches become an output padding, as far as engines allow it.
        let fits =
            scatters.iter().all(|scatter| scatter.lo >= 0 && more(scatter.hi) < scatter.stride.max(scatter.dilation));
        let cropped = |scatter: &Scatter| Scatter { lo: scatter.lo.max(0), hi: scatter.hi.max(0), ..*scatter };
        let inner: Vec<Scatter> = scatters.iter().map(cropped).collect();
        if fits {
            let mut output_padding = [0; 3];
            for (slot, scatter) in output_padding.iter_mut().zip(scatters) {
                *slot = more(scatter.hi);
            }
            return self.scattered(conv, x, weight, bias, &inner, &output_padding);
        }
        let y = self.scattered(conv, x, weight, None, &inner, &[0; 3])?;
        let border: Vec<(i64, i64)> = scatters.iter().map(|scatter| (more(scatter.lo), more(scatter.hi))).collect();
        let y = self.writer.pad(&y, &border, PaddingMode::Zeros, 0.0);
        Ok(self.biased(&y, bias))
    }

    fn scattered(
        &mut self,
        conv: &Conv,
        x: &FileValue,
        weight: &str,
        bias: Option<&str>,
        scatters: &[Scatter],
        output_padding: &[i64; 3],
    ) -> Result<FileValue, ExportError> {
        let mut shape = x.shape.with(0, Size::Number(conv.outputs));
        for (axis, scatter) in scatters.iter().enumerate() {
            let scatter = Scatter { hi: scatter.hi - output_padding[axis], ..*scatter };
            let size = scatter.output(x.shape.size(axis + 1), x.shape.scope());
            shape = shape.with(axis + 1, size.map_err(|reason| self.fault(Fault::new(reason)))?);
        }
        let mut attributes = slide(scatters.iter().map(|scatter| (scatter.kernel, scatter.stride, scatter.dilation)));
        let border: Vec<(i64, i64)> = scatters.iter().map(|scatter| (scatter.lo, scatter.hi)).collect();
        attributes.push(pads(&border));
        attributes.push(attribute::ints("output_padding", output_padding[..conv.rank].iter().copied()));
        attributes.push(attribute::int("group", conv.groups));
        let inputs: Vec<&str> = [x.name.as_str(), weight].into_iter().chain(bias).collect();
        Ok(self.writer.node("ConvTranspose", &inputs, attributes, shape))
    }

    /// Rows outside are added on the opposite side: rows of the full output that are a multiple of the size apart are
    /// the same row.
    fn folded(
        &mut self,
        full: &FileValue,
        axis: usize,
        scatter: &Scatter,
        input: Size,
    ) -> Result<FileValue, ExportError> {
        let (Some(rows), Some(input)) = (full.shape.size(axis + 1).number(), input.number()) else {
            return Err(self.symbol("a circular border", full));
        };
        let (turn, kept) = (input * scatter.stride, rows - scatter.lo - scatter.hi);
        let mut sum: Option<FileValue> = None;
        let first = (-scatter.lo - kept).div_euclid(turn);
        for piece in first..=(rows - scatter.lo).div_euclid(turn) {
            let start = scatter.lo + piece * turn;
            let (low, high) = (start.max(0), (start + kept).min(rows));
            if low >= high {
                continue;
            }
            let on_axis = |pair: (i64, i64)| {
                let mut pairs = vec![(0, 0); full.shape.rank() - 1];
                pairs[axis] = pair;
                pairs
            };
            let part = self.writer.crop(full, &on_axis((low, rows - high)));
            let part = self.writer.pad(&part, &on_axis((low - start, start + kept - high)), PaddingMode::Zeros, 0.0);
            sum = Some(match sum {
                Some(sum) => self.writer.same("Add", &sum, &[&part.name], Vec::new()),
                None => part,
            });
        }
        sum.ok_or_else(|| self.inexpressible("output that nothing reaches"))
    }

    fn biased(&mut self, y: &FileValue, bias: Option<&str>) -> FileValue {
        let Some(bias) = bias else { return y.clone() };
        let axes: Vec<i64> = (1..to_i64(y.shape.rank())).collect();
        let axes = self.writer.ints(&axes);
        let wide = self.writer.sizes("Unsqueeze", &[bias, &axes], Vec::new());
        self.writer.same("Add", y, &[&wide], Vec::new())
    }
}

/// Spreads rows apart with zeros between them: a transposed convolution with a single tap of 1.
fn spread_rows(w: &mut Writer, x: &FileValue, windows: &[Window]) -> FileValue {
    let channels = x.shape.size(0).number().unwrap_or(1);
    let mut dims = vec![channels];
    dims.resize(windows.len() + 2, 1);
    let ones = vec![1.0; usize::try_from(channels).unwrap_or(0)];
    let weight = w.floats(&dims, &ones);
    let mut shape = x.shape;
    for (axis, window) in windows.iter().enumerate() {
        let bare = Window { lo: 0, hi: 0, ..*window };
        shape = shape.with(axis + 1, bare.padded(x.shape.size(axis + 1)).unwrap_or(Size::Unknown));
    }
    let mut attributes = slide(windows.iter().map(|window| (1, window.input_dilation, 1)));
    attributes.push(attribute::int("group", channels));
    w.node("ConvTranspose", &[&x.name, &weight], attributes, shape)
}

/// Kernel, stride and dilation of each axis.
fn slide(axes: impl Iterator<Item = (i64, i64, i64)> + Clone) -> Vec<Attribute> {
    vec![
        attribute::ints("kernel_shape", axes.clone().map(|axis| axis.0)),
        attribute::ints("strides", axes.clone().map(|axis| axis.1)),
        attribute::ints("dilations", axes.map(|axis| axis.2)),
    ]
}

/// The border of each axis: first all low sides, then all high ones.
pub(super) fn pads(border: &[(i64, i64)]) -> Attribute {
    attribute::ints("pads", border.iter().map(|side| side.0).chain(border.iter().map(|side| side.1)))
}

impl Writer {
    /// Rows removed on both sides of the spatial axes.
    pub(super) fn crop(&mut self, x: &FileValue, rows: &[(i64, i64)]) -> FileValue {
        let axes: Vec<usize> = (0..rows.len()).filter(|&axis| rows[axis] != (0, 0)).collect();
        if axes.is_empty() {
            return x.clone();
        }
        let shape = grown(&x.shape, 1, rows, -1);
        let starts = axes.iter().map(|&axis| rows[axis].0);
        // Counted from the end. The end of an axis that is kept is beyond every size.
        let ends = axes.iter().map(|&axis| if rows[axis].1 == 0 { i64::MAX } else { -rows[axis].1 });
        let places: Vec<usize> = axes.iter().map(|axis| axis + 1).collect();
        self.slice(x, &starts.collect::<Vec<_>>(), &ends.collect::<Vec<_>>(), &places, shape)
    }

    /// `starts..ends` of axes, counted without the batch.
    fn slice(&mut self, x: &FileValue, starts: &[i64], ends: &[i64], axes: &[usize], shape: Shape) -> FileValue {
        let axes: Vec<i64> = axes.iter().map(|&axis| to_i64(axis) + 1).collect();
        let (starts, ends, axes) = (self.ints(starts), self.ints(ends), self.ints(&axes));
        self.node("Slice", &[&x.name, &starts, &ends, &axes], Vec::new(), shape)
    }

    /// Rows added on both sides of the spatial axes.
    pub(super) fn pad(&mut self, x: &FileValue, rows: &[(i64, i64)], mode: PaddingMode, value: f64) -> FileValue {
        self.pad_from(1, x, rows, mode, value)
    }

    /// A border of the axes from `first` on.
    pub(super) fn pad_from(
        &mut self,
        first: usize,
        x: &FileValue,
        rows: &[(i64, i64)],
        mode: PaddingMode,
        value: f64,
    ) -> FileValue {
        if rows.iter().all(|&pair| pair == (0, 0)) {
            return x.clone();
        }
        // Engines reflect only once, and not at all if an axis has a single row, even if nothing is added to it.
        let reflects = |(axis, &(lo, hi)): (usize, &(i64, i64))| match x.shape.size(axis + first).number() {
            Some(size) => size > 1 && lo.max(hi) < size,
            None => true,
        };
        let reflects = rows.iter().enumerate().all(reflects);
        let mode = match mode {
            PaddingMode::Zeros => "constant",
            PaddingMode::Reflect if reflects => "reflect",
            PaddingMode::Replicate => "edge",
            PaddingMode::Reflect | PaddingMode::Circular => return self.picked(first, x, rows, mode),
        };
        // The batch is in front.
        let after = x.shape.rank() - first - rows.len();
        let side = |side: fn(&(i64, i64)) -> i64| {
            let zeros = |count| std::iter::repeat_n(0, count);
            zeros(first + 1).chain(rows.iter().map(side)).chain(zeros(after))
        };
        let pads: Vec<i64> = side(|pair| pair.0).chain(side(|pair| pair.1)).collect();
        let pads = self.ints(&pads);
        let value = (mode == "constant").then(|| self.scalar(value));
        let inputs: Vec<&str> = [x.name.as_str(), &pads].into_iter().chain(value.as_deref()).collect();
        self.node("Pad", &inputs, vec![attribute::text("mode", mode)], grown(&x.shape, first, rows, 1))
    }

    /// A border of rows of the input: mirrored, or from the opposite side.
    fn picked(&mut self, first: usize, x: &FileValue, rows: &[(i64, i64)], mode: PaddingMode) -> FileValue {
        let mut x = x.clone();
        for (axis, &(lo, hi)) in rows.iter().enumerate().filter(|(_, pair)| **pair != (0, 0)) {
            let at = first + axis;
            let shape = grown(&x.shape, at, &[(lo, hi)], 1);
            let along = || vec![attribute::int("axis", to_i64(at) + 1)];
            x = match x.shape.size(at) {
                Size::Number(size) => {
                    let last = size - 1;
                    let source = |row: i64| match mode {
                        PaddingMode::Reflect if last == 0 => 0,
                        PaddingMode::Reflect => last - (row.rem_euclid(2 * last) - last).abs(),
                        _ => row.rem_euclid(size),
                    };
                    let sources = self.ints(&(-lo..size + hi).map(source).collect::<Vec<i64>>());
                    self.node("Gather", &[&x.name, &sources], along(), shape)
                }
                _ => {
                    // A circular border repeats rows of the other end; the check allows at most all of them.
                    let sized = |rows: i64| x.shape.with(at, Size::Number(rows));
                    let front = (lo > 0).then(|| self.slice(&x, &[-lo], &[i64::MAX], &[at], sized(lo)).name);
                    let back = (hi > 0).then(|| self.slice(&x, &[0], &[hi], &[at], sized(hi)).name);
                    let names: Vec<&str> = front.iter().chain([&x.name]).chain(&back).map(String::as_str).collect();
                    self.node("Concat", &names, along(), shape)
                }
            };
        }
        x
    }
}

/// A shape with rows more (or, with -1, fewer) on each axis from `first` on.
fn grown(shape: &Shape, first: usize, rows: &[(i64, i64)], sign: i64) -> Shape {
    rows.iter().zip(first..).fold(*shape, |grown, (&(lo, hi), at)| {
        let size = shape.size(at).plus(sign * (lo + hi)).unwrap_or(Size::Unknown);
        grown.with(at, size)
    })
}
