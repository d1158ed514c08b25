//! Convolutions with many groups: depthwise, or with groups smaller than a vector.

use std::ops::Range;
use std::vec::Vec;

use super::super::buffer::View;
use super::super::simd::{Kernel, MOST_COLUMNS, MOST_LANES, Sets, Simd, depthwise, depthwise_any, dots, grouped};
use super::super::taps::Axis;
use super::{Conv, Cursor, Kind, Panel};

/// The window of a depthwise convolution with contiguous taps: the taps per row, the stride between the inputs of
/// neighbouring outputs, the offset of the first input, and the strides of kernel rows and positions.
pub(super) struct Window {
    taps: usize,
    step: usize,
    first: usize,
    rows: Vec<usize>,
    position: usize,
}

/// Outputs that are computed together: their sums, a row of weights and the inputs that they share fit in the
/// registers.
const fn width<S: Simd>() -> usize {
    if S::LANES >= MOST_LANES { 8 } else { 4 }
}

impl Window {
    /// `None` if there is no such window.
    pub(super) fn new(axes: &[Axis; 3], x: &View) -> Option<Window> {
        let [depth, height, width] = axes;
        let (taps_h, row) = height.neighbours()?;
        let (taps_w, column) = width.neighbours()?;
        let ordered = taps_h.is_sorted() && taps_w.is_sorted();
        let flat = depth.phases.len() == 1 && depth.phases[0].count == 1 && depth.phases[0].taps.len() == 1;
        if !ordered || !flat || taps_w.len() < 2 {
            return None;
        }
        let first = x.buffer.at_signed([depth.phases[0].taps[0].1, row, column]) + x.channel;
        let strides = x.buffer.strides();
        let rows = (0..taps_h.len()).map(|row| row * strides[1]).collect();
        Some(Window { taps: taps_w.len(), step: width.step, first, rows, position: strides[2] })
    }
}

/// All panels of a convolution over the positions of a block.
pub(super) struct Strip<'a> {
    pub(super) conv: &'a Conv,
    pub(super) panels: &'a [Panel],
    pub(super) x: &'a [f32],
    pub(super) y: &'a mut [f32],
    pub(super) cursor: Cursor,
}

impl Strip<'_> {
    /// Computes the next `count` positions, at most as many at a time as the registers hold.
    #[inline(always)]
    pub(super) fn run<S: Simd>(&mut self, simd: S, mut count: usize) {
        while count > 0 {
            let many = const { S::POSITIONS[0] > 8 };
            let tile = if many { 8 } else { 4 };
            match self.conv.kind {
                Kind::Grouped => simd.call(GroupTile { strip: self, count }),
                _ if many => simd.call(DepthTile::<8> { strip: self, count }),
                _ => simd.call(DepthTile::<4> { strip: self, count }),
            }
            count -= tile.min(count);
        }
    }

    /// The offsets of the next `R` positions. If fewer than `R` are left, one is repeated: computing a position twice
    /// takes no longer, since all `R` are computed at once.
    #[inline(always)]
    fn take<const R: usize>(&mut self, count: usize) -> ([usize; R], [usize; R]) {
        let (mut starts, mut places) = ([0; R], [0; R]);
        let count = count.min(R);
        self.cursor.fill(&mut starts[..count], &mut places[..count]);
        for r in count..R {
            (starts[r], places[r]) = (starts[0], places[0]);
        }
        (starts, places)
    }
}

/// At most `R` positions of each vector of channels.
struct DepthTile<'a, 'b, const R: usize> {
    strip: &'a mut Strip<'b>,
    count: usize,
}

impl<const R: usize> Kernel for DepthTile<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let DepthTile { strip, count } = self;
        let (starts, places) = strip.take::<R>(count);
        let (packed, epilogue) = (strip.conv.weights.get(), strip.conv.epilogue);
        for panel in strip.panels {
            let mut sums = [[simd.load(&packed[panel.shift..])]; R];
            dots(simd, strip.x, &starts, &panel.runs, &packed[panel.weights.clone()], &mut sums);
            for r in 0..R {
                let y = &mut strip.y[places[r] + panel.first..][..panel.channels];
                simd.store_some(epilogue.apply(simd, sums[r][0]), y, panel.channels);
            }
        }
        strip.finish(simd, &places[..R.min(count)]);
    }
}

/// One vector of groups after the other.
struct GroupTile<'a, 'b> {
    strip: &'a mut Strip<'b>,
    count: usize,
}

impl Kernel for GroupTile<'_, '_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let GroupTile { strip, count } = self;
        let (starts, places) = strip.take::<8>(count);
        let (packed, epilogue) = (strip.conv.weights.get(), strip.conv.epilogue);
        for panel in strip.panels {
            let weights = &packed[panel.weights.clone()];
            let mut sums = [simd.load(&packed[panel.shift..]); 8];
            grouped(simd, strip.x, &starts, &panel.runs, &panel.index, weights, &mut sums);
            for r in 0..8 {
                let y = &mut strip.y[places[r] + panel.first..][..panel.channels];
                simd.store_some(epilogue.apply(simd, sums[r]), y, panel.channels);
            }
        }
        strip.finish(simd, &places[..count.min(8)]);
    }
}

impl Strip<'_> {
    /// Applies the part of the epilogue that is not done in registers.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, simd: S, places: &[usize]) {
        if let Some(last) = self.panels.last() {
            let channels = last.first + last.channels;
            self.conv.epilogue.rest_at(simd, self.y, places.iter().copied(), channels);
        }
    }
}

/// All panels of a depthwise convolution over whole rows: one panel after the other, so that the first-level cache
/// holds the inputs that rows share.
pub(super) struct DepthwiseRows<'a> {
    pub(super) conv: &'a Conv,
    pub(super) window: &'a Window,
    pub(super) panels: &'a [Panel],
    pub(super) x: &'a [f32],
    pub(super) y: &'a mut [f32],
    /// The offsets of a sample's first output and of the start of `y`.
    pub(super) place: [usize; 2],
    pub(super) width: usize,
    pub(super) sample: usize,
    pub(super) rows: Range<usize>,
}

impl Kernel for DepthwiseRows<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        macro_rules! lines {
            ($taps:literal, $step:literal) => {
                match const { width::<S>() } {
                    8 => simd.call(RowLines::<8, $taps, $step>(&mut self)),
                    _ => simd.call(RowLines::<4, $taps, $step>(&mut self)),
                }
            };
        }
        match (self.window.taps, self.window.step) {
            (3, 1) => lines!(3, 1),
            (3, 2) => lines!(3, 2),
            (5, 1) => lines!(5, 1),
            (5, 2) => lines!(5, 2),
            (7, 1) => lines!(7, 1),
            (7, 2) => lines!(7, 2),
            _ => lines!(0, 0),
        }
    }
}

/// Kernels with `K` taps per row and stride `STEP`, or of any size if these are 0.
struct RowLines<'a, 'b, const W: usize, const K: usize, const STEP: usize>(&'a mut DepthwiseRows<'b>);

impl<const W: usize, const K: usize, const STEP: usize> Kernel for RowLines<'_, '_, W, K, STEP> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let DepthwiseRows { conv, window, panels, x, y, place, width, sample, rows } = self.0;
        let (packed, epilogue, width) = (conv.weights.get(), conv.epilogue, *width);
        // In a shorter row the last inputs are read again, for sums that are not stored.
        let count = W.min(width);
        let mut columns = [0; MOST_COLUMNS];
        for column in 0..(W - 1) * STEP + K {
            columns[column] = column.min((count - 1) * STEP + K - 1) * window.position;
        }
        let starts = core::array::from_fn(|o| o.min(count - 1) * window.step * window.position);
        let ([x_sample, _, x_row, x_step], [y_sample, _, y_row, y_step]) = (conv.x.0, conv.y.0);
        let x_start = window.first + *sample * x_sample;
        // The given rows start at `place[1]`, which may be after the first output.
        let y_start = place[0] + *sample * y_sample;
        for panel in *panels {
            let weights = &packed[panel.weights.clone()];
            let shift = simd.load(&packed[panel.shift..]);
            for row in rows.clone() {
                for column in (0..width).step_by(W) {
                    // The last tile of a row overlaps the one before it.
                    let column = column.min(width - count);
                    let x = &x[x_start + row * x_row + column * x_step + panel.first..];
                    let mut sums = [[shift; W]];
                    if K == 0 {
                        let along = [window.taps, window.position];
                        depthwise_any::<S, W>(simd, x, &window.rows, &starts, along, weights, &mut sums[0]);
                    } else {
                        depthwise::<S, W, K, STEP>(simd, x, &window.rows, &columns, weights, &mut sums[0]);
                    }
                    epilogue.apply_all(simd, &mut sums);
                    for o in 0..W {
                        if o < count {
                            let at = y_start + row * y_row + (column + o) * y_step + panel.first - place[1];
                            simd.store_some(sums[0][o], &mut y[at..][..panel.channels], panel.channels);
                        }
                    }
                }
            }
        }
        if let Some(last) = panels.last() {
            let base = place[1];
            let places =
                rows.clone().flat_map(|row| (0..width).map(move |w| y_start + row * y_row + w * y_step - base));
            epilogue.rest_at(simd, y, places, last.first + last.channels);
        }
    }
}
