//! Convolutions to very few output channels: the lanes of a vector are input channels, whose products are added up at
//! the end.

use super::super::buffer::View;
use super::super::simd::{Kernel, MOST_LANES, Sets, Simd, dots};
use super::super::taps::Axis;
use super::{Conv, Cursor, Panel, Piece, WorkUnit};

/// How many phases of the width can be computed together, so that a tile has neighbouring outputs.
pub(super) fn beside(axes: &[Axis; 3], split: WorkUnit, y: &View) -> Option<usize> {
    let width = &axes[2];
    let even = width.phases.iter().all(|phase| phase.count == width.phases[0].count);
    let whole = width.phases.len() == width.modulus && y.buffer.strides()[2] == y.channels;
    (even && whole && width.modulus <= 2 && matches!(split, WorkUnit::Rows(_))).then_some(width.modulus)
}

/// All outputs of a row, for all phases of the width.
pub(super) struct DotRow<'a> {
    pub(super) conv: &'a Conv,
    /// The panel of each phase.
    pub(super) panels: &'a [Panel],
    pub(super) x: &'a [f32],
    pub(super) y: &'a mut [f32],
    /// The positions of the first phase.
    pub(super) cursor: Cursor,
}

/// The number of neighbouring outputs with `channels` channels that are computed together. Their sums fit in the
/// registers.
const fn length<S: Simd>(channels: usize) -> usize {
    match (channels, S::ROWS[1]) {
        (1, 12..) => 16,
        (1, _) | (_, 12..) => 8,
        _ => 4,
    }
}

impl DotRow<'_> {
    /// Whether rows of `count` outputs are long enough.
    #[inline(always)]
    pub(super) fn fit<S: Simd>(channels: usize, width: usize) -> bool {
        width >= length::<S>(channels)
    }
}

impl Kernel for DotRow<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let [samples, depth, height, _] = self.cursor.count;
        let (x, y) = (self.cursor.x, self.cursor.y);
        for row in 0..samples * depth * height {
            let index = [row / height / depth, row / height % depth, row % height];
            let along = |steps: [usize; 4]| (0..3).map(|axis| index[axis] * steps[axis]).sum::<usize>();
            (self.cursor.x, self.cursor.y) = (x + along(self.cursor.x_steps.0), y + along(self.cursor.y_steps.0));
            match (self.panels[0].channels, self.panels.len(), length::<S>(1)) {
                (1, 1, 16) => simd.call(DotLine::<16, 1, 1>(&mut self)),
                (1, 1, _) => simd.call(DotLine::<8, 1, 1>(&mut self)),
                (1, _, 16) => simd.call(DotLine::<8, 1, 2>(&mut self)),
                (1, ..) => simd.call(DotLine::<4, 1, 2>(&mut self)),
                (2, 1, 16) => simd.call(DotLine::<8, 2, 1>(&mut self)),
                (2, 1, _) => simd.call(DotLine::<4, 2, 1>(&mut self)),
                (2, _, 16) => simd.call(DotLine::<4, 2, 2>(&mut self)),
                (2, ..) => simd.call(DotLine::<2, 2, 2>(&mut self)),
                (_, 1, 16) => simd.call(DotLine::<8, 3, 1>(&mut self)),
                (_, 1, _) => simd.call(DotLine::<4, 3, 1>(&mut self)),
                (_, _, 16) => simd.call(DotLine::<4, 3, 2>(&mut self)),
                _ => simd.call(DotLine::<2, 3, 2>(&mut self)),
            }
        }
    }
}

/// A row: `R` positions of each of `M` phases are computed together, with `V` output channels.
struct DotLine<'a, 'b, const R: usize, const V: usize, const M: usize>(&'a mut DotRow<'b>);

impl<const R: usize, const V: usize, const M: usize> Kernel for DotLine<'_, '_, R, V, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let DotRow { conv, panels, x, y, cursor } = self.0;
        let panels: &[Panel; M] = panels.first_chunk().expect("a panel of each phase");
        let (step, count) = (cursor.x_steps.0[3], cursor.count[3]);
        let packed = conv.weights.get();
        let shift: [f32; V] = *packed[panels[0].shift..].first_chunk().expect("a constant for each channel");
        for first in (0..count).step_by(R) {
            // The last tile overlaps the one before it.
            let first = first.min(count - R);
            let mut starts = [0; R];
            for r in 0..R {
                starts[r] = cursor.x + (first + r) * step;
            }
            let mut all = [[[simd.splat(0.0); V]; M]; R];
            for m in 0..M {
                let mut sums = [[simd.splat(0.0); V]; R];
                dots(simd, x, &starts, &panels[m].runs, &packed[panels[m].weights.clone()], &mut sums);
                for r in 0..R {
                    all[r][m] = sums[r];
                }
            }
            let y = &mut y[cursor.y + first * M * V..][..R * M * V];
            finish_sums(simd, all.as_flattened().as_flattened(), &shift, y);
        }
        conv.epilogue.all(simd, &mut y[cursor.y..][..count * M * V]);
    }
}

/// Adds up the lanes of each sum and the shift of its channel.
#[inline(always)]
fn finish_sums<S: Simd>(simd: S, sums: &[S::F], shift: &[f32], y: &mut [f32]) {
    for (sums, y) in sums.chunks(MOST_LANES).zip(y.chunks_mut(MOST_LANES)) {
        let mut some = [simd.splat(0.0); MOST_LANES];
        some[..sums.len()].copy_from_slice(sums);
        let some = simd.sums(&some);
        y.copy_from_slice(&some[..y.len()]);
    }
    for y in y.chunks_exact_mut(shift.len()) {
        for (y, shift) in y.iter_mut().zip(shift) {
            *y += shift;
        }
    }
}

/// Positions that are not in rows, or in rows that are too short.
pub(super) struct Dots<'a>(pub(super) Piece<'a>);

impl Kernel for Dots<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Dots(mut piece) = self;
        let mut first = 0;
        while first < piece.starts.len() {
            let many = piece.starts.len() - first >= 4;
            match (piece.panel.channels, many) {
                (1, true) => simd.call(DotTile::<4, 1>(&mut piece, first)),
                (1, _) => simd.call(DotTile::<1, 1>(&mut piece, first)),
                (2, true) => simd.call(DotTile::<4, 2>(&mut piece, first)),
                (2, _) => simd.call(DotTile::<1, 2>(&mut piece, first)),
                (_, true) => simd.call(DotTile::<4, 3>(&mut piece, first)),
                _ => simd.call(DotTile::<1, 3>(&mut piece, first)),
            }
            first += if many { 4 } else { 1 };
        }
    }
}

/// `R` positions from the given index on, `V` output channels.
struct DotTile<'a, 'b, const R: usize, const V: usize>(&'a mut Piece<'b>, usize);

impl<const R: usize, const V: usize> Kernel for DotTile<'_, '_, R, V> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let DotTile(piece, first) = self;
        let starts: &[usize; R] = piece.starts[first..].first_chunk().expect("as many positions");
        let places = &piece.places[first..];
        let mut sums = [[simd.splat(0.0); V]; R];
        let (panel, packed) = (piece.panel, piece.conv.weights.get());
        dots(simd, piece.x, starts, &panel.runs, &packed[panel.weights.clone()], &mut sums);
        let mut y = [[0.0; V]; R];
        let shift: [f32; V] = *packed[panel.shift..].first_chunk().expect("a constant for each channel");
        finish_sums(simd, sums.as_flattened(), &shift, y.as_flattened_mut());
        piece.conv.epilogue.all(simd, y.as_flattened_mut());
        for r in 0..R {
            piece.y[places[r]..][..V].copy_from_slice(&y[r]);
        }
    }
}
