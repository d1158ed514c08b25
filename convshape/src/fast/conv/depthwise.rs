//! Convolutions of many groups: of a channel each, or of less than a vector.

use std::ops::Range;

use super::super::buffer::View;
use super::super::simd::{Kernel, Sets, Simd, WINDOW, dots, grouped, window};
use super::super::taps::Axis;
use super::{Conv, Cursor, Kind, Panel};

/// A depthwise 3x3 convolution: its step, where the first input of the first output is, and how far
/// apart rows and positions are.
#[derive(Clone, Copy)]
pub(super) struct Window {
    step: usize,
    first: usize,
    row: usize,
    position: usize,
}

impl Window {
    pub(super) fn new(axes: &[Axis; 3], x: &View) -> Option<Window> {
        let [depth, height, width] = axes;
        let (taps_h, row) = height.three()?;
        let (taps_w, column) = width.three()?;
        let step = height.step;
        let ordered = taps_h.is_sorted() && taps_w.is_sorted();
        let flat = depth.phases.len() == 1 && depth.phases[0].count == 1 && depth.phases[0].taps.len() == 1;
        if !ordered || !flat || width.step != step || !(1..=2).contains(&step) {
            return None;
        }
        let first = x.buffer.at_signed([depth.phases[0].taps[0].1, row, column]) + x.channel;
        let strides = x.buffer.strides();
        Some(Window { step, first, row: strides[1], position: strides[2] })
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
    /// The next `count` positions, as many as there are registers for at a time.
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

    /// The places of the next `R` positions, of which there are `count` or more; what is missing is
    /// another one again: sums side by side take no longer than one after the other.
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

/// `R` positions of each vector of channels, or as many as there are.
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
        let (packed, finish) = (strip.conv.weights.get(), strip.conv.finish);
        for panel in strip.panels {
            let mut sums = [[simd.load(&packed[panel.shift..])]; R];
            dots(simd, strip.x, &starts, &panel.runs, &packed[panel.weights.clone()], &mut sums);
            for r in 0..R {
                let y = &mut strip.y[places[r] + panel.first..][..panel.channels];
                simd.store_some(finish.apply(simd, sums[r][0]), y, panel.channels);
            }
        }
        strip.finish(simd, &places[..R.min(count)]);
    }
}

/// A vector of groups after the other.
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
        let (packed, finish) = (strip.conv.weights.get(), strip.conv.finish);
        for panel in strip.panels {
            let weights = &packed[panel.weights.clone()];
            let mut sums = [simd.load(&packed[panel.shift..]); 8];
            grouped(simd, strip.x, &starts, &panel.runs, &panel.index, weights, &mut sums);
            for r in 0..8 {
                let y = &mut strip.y[places[r] + panel.first..][..panel.channels];
                simd.store_some(finish.apply(simd, sums[r]), y, panel.channels);
            }
        }
        strip.finish(simd, &places[..count.min(8)]);
    }
}

impl Strip<'_> {
    /// What is not done in registers.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, simd: S, places: &[usize]) {
        if let Some(last) = self.panels.last() {
            for place in places {
                self.conv.finish.rest(simd, &mut self.y[*place..][..last.first + last.channels]);
            }
        }
    }
}

/// All panels of a depthwise 3x3 convolution over whole rows.
pub(super) struct Rows<'a> {
    pub(super) conv: &'a Conv,
    pub(super) window: Window,
    pub(super) panels: &'a [Panel],
    pub(super) x: &'a [f32],
    pub(super) y: &'a mut [f32],
    /// Where a sample's first output is, and where `y` starts.
    pub(super) place: [usize; 2],
    pub(super) width: usize,
    pub(super) sample: usize,
    pub(super) rows: Range<usize>,
}

impl Kernel for Rows<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let (sample, rows) = (self.sample, self.rows.clone());
        let [height, width] = WINDOW[self.window.step - 1];
        let mut row = rows.start;
        while row < rows.end {
            // The last tiles go back over some outputs; what is lower or narrower than a tile is computed
            // output by output.
            if rows.end - rows.start >= height {
                row = row.min(rows.end - height);
            }
            let tall = height.min(rows.end - row);
            let (x, y) = (self.conv.x, self.conv.y);
            let x_row = sample * x.0[0] + row * x.0[2];
            let y_row = self.place[0] + sample * y.0[0] + row * y.0[2] - self.place[1];
            if tall == height && self.width >= width {
                let (x_at, y_at) = (self.window.first + x_row, y_row);
                match self.window.step {
                    1 => simd.call(WindowRows::<1> { rows: &mut self, x_at, y_at }),
                    _ => simd.call(WindowRows::<2> { rows: &mut self, x_at, y_at }),
                }
            } else {
                for row in 0..tall {
                    let cursor = Cursor {
                        index: [0; 4],
                        count: [1, 1, 1, self.width],
                        x: x_row + row * x.0[2],
                        y: y_row + row * y.0[2],
                        x_steps: x,
                        y_steps: y,
                    };
                    let (conv, panels, x) = (self.conv, self.panels, self.x);
                    let mut strip = Strip { conv, panels, x, y: &mut *self.y, cursor };
                    strip.run(simd, self.width);
                }
            }
            row += tall;
        }
    }
}

/// As many rows as a window has, over their whole width.
struct WindowRows<'a, 'b, const STEP: usize> {
    rows: &'a mut Rows<'b>,
    x_at: usize,
    y_at: usize,
}

impl<const STEP: usize> Kernel for WindowRows<'_, '_, STEP> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let WindowRows { rows, x_at, y_at } = self;
        let (packed, finish) = (rows.conv.weights.get(), rows.conv.finish);
        let [height, width] = WINDOW[STEP - 1];
        let Window { row, position, .. } = rows.window;
        let ([.., x_step], [_, _, y_row, y_step]) = (rows.conv.x.0, rows.conv.y.0);
        for panel in rows.panels {
            let mut weights = [simd.splat(0.0); 9];
            for tap in 0..9 {
                weights[tap] = simd.load(&packed[panel.weights.start + tap * S::LANES..]);
            }
            let shift = simd.load(&packed[panel.shift..]);
            for column in (0..rows.width).step_by(width) {
                let at = column.min(rows.width - width);
                let x = &rows.x[x_at + at * x_step + panel.first..];
                let mut sums = window::<S, STEP>(simd, x, row, position, &weights, shift);
                finish.apply_all(simd, &mut sums);
                for r in 0..height {
                    for c in 0..width {
                        let at = y_at + r * y_row + (at + c) * y_step + panel.first;
                        let y = &mut rows.y[at..][..panel.channels];
                        simd.store_some(sums[r][c], y, panel.channels);
                    }
                }
            }
        }
        if let Some(last) = rows.panels.last() {
            for r in 0..height {
                for column in 0..rows.width {
                    let at = y_at + r * y_row + column * y_step;
                    finish.rest(simd, &mut rows.y[at..][..last.first + last.channels]);
                }
            }
        }
    }
}
