//! Convolutions of both directions as sums over taps, without the taps that read only zeros.
//!
//! On an axis, tap `t` of output row `o` reads input row `(a o + b t + c) / e`, if that is an integer. Output rows that
//! are equal modulo `m` have the same taps and advance through the input with the same stride: they form a phase. A
//! stride-2 transposed convolution has two phases, each a convolution with half of the taps, so no inserted zero is
//! ever multiplied.

use std::vec::Vec;

use convshape_arith::axis::{Scatter, Window};
#[cfg(feature = "train")]
use convshape_arith::op::PerAxis;

/// `(a o + b t + c) / e`
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    a: i64,
    b: i64,
    c: i64,
    e: i64,
    taps: i64,
}

impl From<Window> for Reach {
    fn from(window: Window) -> Reach {
        let Window { kernel, stride, dilation, input_dilation, lo, .. } = window;
        Reach { a: stride, b: dilation, c: -lo, e: input_dilation, taps: kernel }
    }
}

impl From<Scatter> for Reach {
    fn from(scatter: Scatter) -> Reach {
        let Scatter { kernel, stride, dilation, lo, .. } = scatter;
        Reach { a: 1, b: -dilation, c: lo, e: stride, taps: kernel }
    }
}

impl Reach {
    /// The reach of output row `first` and those after it.
    pub(super) fn starting_at(self, first: usize) -> Reach {
        Reach { c: self.c + self.a * first as i64, ..self }
    }

    /// The reach in an input without its first `rows`.
    pub(super) fn without(self, rows: usize) -> Reach {
        Reach { c: self.c - self.e * rows as i64, ..self }
    }
}

#[cfg(feature = "train")]
impl Reach {
    /// Whether every tap of every output row reads an input row or the border.
    pub(super) fn is_dense(self) -> bool {
        self.e == 1
    }

    /// The reach in the other direction: the output row that an input row contributes to.
    pub(super) fn reversed(self) -> Reach {
        let Reach { a, b, c, e, taps } = self;
        Reach { a: e, b: -b, c: -c, e: a, taps }
    }
}

/// An axis on which each tap of each output row reads exactly one row, with stride `step` from one output row to the
/// next.
#[cfg(feature = "train")]
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) step: usize,
    /// The taps that read at least one input row, each with the row that it reads for the first output row.
    pub(super) taps: Vec<(usize, i64)>,
    /// Rows of border that are read before and after the input.
    pub(super) low: usize,
    pub(super) high: usize,
}

/// All combinations of the taps of three axes, in order.
#[cfg(feature = "train")]
pub(super) fn all_taps(lines: &[Line; 3]) -> impl Iterator<Item = PerAxis<(usize, i64)>> {
    let [depth, height, width] = lines;
    let planes = depth.taps.iter();
    planes.flat_map(move |d| height.taps.iter().flat_map(move |h| width.taps.iter().map(move |w| [*d, *h, *w])))
}

#[cfg(feature = "train")]
impl Line {
    /// An axis the layer does not have: size 1, one tap.
    pub(super) fn single() -> Line {
        Line { step: 0, taps: [(0, 0)].into(), low: 0, high: 0 }
    }

    /// `None` if some output rows have other taps.
    pub(super) fn new(reach: Reach, input: usize, output: usize) -> Option<Line> {
        let Reach { a, b, c, e, taps } = reach;
        if e != 1 {
            return None;
        }
        let (rows_in, rows_out) = (i64::try_from(input).ok()?, i64::try_from(output).ok()?);
        let mut line = Line { step: usize::try_from(a).ok()?, taps: Vec::new(), low: 0, high: 0 };
        for tap in 0..taps {
            let row = b * tap + c;
            let last = row + (rows_out - 1) * a;
            if (0..rows_out).any(|q| (0..rows_in).contains(&(row + q * a))) {
                line.taps.push((usize::try_from(tap).ok()?, row));
                line.low = line.low.max(usize::try_from(-row).unwrap_or(0));
                line.high = line.high.max(usize::try_from(last - (rows_in - 1)).unwrap_or(0));
            }
        }
        Some(line)
    }
}

/// One axis.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// The stride in the output from one row of a phase to the next.
    pub(super) modulus: usize,
    /// The stride in the input from one row of a phase to the next.
    pub(super) step: usize,
    pub(super) phases: Vec<AxisPhase>,
    /// Rows of border that are read before and after the input.
    pub(super) low: usize,
    pub(super) high: usize,
}

/// The output rows `first`, `first + modulus`, ..
#[derive(Clone, Debug)]
pub(super) struct AxisPhase {
    pub(super) first: usize,
    pub(super) count: usize,
    /// A tap, and the input row that it reads for the first output row.
    pub(super) taps: Vec<(usize, i64)>,
}

impl Axis {
    /// An axis the layer does not have: size 1, one tap.
    pub(super) fn single() -> Axis {
        let phase = AxisPhase { first: 0, count: 1, taps: [(0, 0)].into() };
        Axis { modulus: 1, step: 0, phases: [phase].into(), low: 0, high: 0 }
    }

    pub(super) fn new(reach: Reach, input: usize, output: usize) -> Option<Axis> {
        let Reach { a, b, c, e, taps } = reach;
        let (rows_in, rows_out) = (i64::try_from(input).ok()?, i64::try_from(output).ok()?);
        // If the input is a single row, each output row uses other taps: every phase is one row, and no border is
        // needed.
        let modulus = if input == 1 { rows_out } else { e / gcd(e, a) };
        let step = a * modulus / e;
        let mut axis = Axis {
            modulus: usize::try_from(modulus).ok()?,
            step: usize::try_from(step).ok()?,
            phases: Vec::new(),
            low: 0,
            high: 0,
        };
        for first in 0..modulus.min(rows_out) {
            let count = (rows_out - first + modulus - 1) / modulus;
            let mut phase = AxisPhase {
                first: usize::try_from(first).ok()?,
                count: usize::try_from(count).ok()?,
                taps: Vec::new(),
            };
            for tap in 0..taps {
                let position = a * first + b * tap + c;
                let (row, last) = (position / e, position / e + (count - 1) * step);
                // A tap that reads only border is left out.
                let inside = (0..count).any(|q| (0..rows_in).contains(&(row + q * step)));
                if position.rem_euclid(e) == 0 && inside {
                    phase.taps.push((usize::try_from(tap).ok()?, row));
                    axis.low = axis.low.max(usize::try_from(-row).unwrap_or(0));
                    axis.high = axis.high.max(usize::try_from(last - (rows_in - 1)).unwrap_or(0));
                }
            }
            if phase.taps.is_empty() {
                // Nothing is read, but the offset of the first row must be inside the buffer.
                let last = (count - 1) * step;
                axis.high = axis.high.max(usize::try_from(last - (rows_in - 1)).unwrap_or(0));
            }
            axis.phases.push(phase);
        }
        Some(axis)
    }

    /// If all output rows have the same three taps and these read three consecutive rows: the taps in the order of the
    /// rows, and the first row that is read.
    pub(super) fn three(&self) -> Option<([usize; 3], i64)> {
        let (taps, row) = self.neighbours()?;
        Some((taps.try_into().ok()?, row))
    }

    /// If all output rows have the same taps and these read consecutive rows: the taps in the order of the rows, and the
    /// first row that is read.
    pub(super) fn neighbours(&self) -> Option<(Vec<usize>, i64)> {
        let [AxisPhase { taps, .. }] = &self.phases[..] else { return None };
        let taps = by_row(taps);
        let (_, first) = *taps.first()?;
        let together = taps.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1);
        together.then(|| (taps.iter().map(|(tap, _)| *tap).collect(), first))
    }
}

/// Taps in the order of the rows that they read. Insertion sort: there are few, and a general sort is much code.
fn by_row(taps: &[(usize, i64)]) -> Vec<(usize, i64)> {
    let mut ordered = Vec::new();
    for &tap in taps {
        ordered.insert(ordered.partition_point(|&(_, row)| row <= tap.1), tap);
    }
    ordered
}

/// Output rows `first`, `first + apart`, .. as sums over parts of the input.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) first: usize,
    pub(super) apart: usize,
    pub(super) count: usize,
    /// The stride in the input from one output row to the next, and from one tap to the next.
    pub(super) step: usize,
    pub(super) parts: Vec<RowPart>,
}

/// Taps that read rows with stride [`Row::step`], and the first of those rows.
#[derive(Clone, Debug)]
pub(super) struct RowPart {
    pub(super) first: i64,
    pub(super) taps: Vec<usize>,
}

impl Row {
    /// The number of taps.
    pub(super) fn taps(&self) -> usize {
        self.parts.iter().map(|part| part.taps.len()).sum()
    }

    /// Whether the parts have the same taps as those of another row.
    pub(super) fn has_taps_of(&self, row: &Row) -> bool {
        self.parts.iter().map(|part| &part.taps).eq(row.parts.iter().map(|part| &part.taps))
    }
}

impl Axis {
    /// The axis as convolutions with stride 1, if it can be written so: a strided convolution is a sum over parts of
    /// the input, and a dilated one is one convolution for each residue of the output row modulo the dilation.
    pub(super) fn rows(&self) -> Option<Vec<Row>> {
        let mut rows = Vec::new();
        for phase in &self.phases {
            let taps = by_row(&phase.taps);
            let apart = |pair: &[(usize, i64)]| usize::try_from(pair[1].1 - pair[0].1).unwrap_or(0);
            let distance = if taps.is_empty() { return None } else { taps.windows(2).map(apart).next().unwrap_or(1) };
            // A dilated convolution has its dilation as the stride.
            let times = if self.step == 1 { distance } else { 1 };
            let step = self.step * times;
            for skip in 0..times.min(phase.count) {
                let mut parts: Vec<RowPart> = Vec::new();
                for &(tap, row) in &taps {
                    let next = |part: &RowPart| part.first + (part.taps.len() * step) as i64 == row;
                    match parts.iter_mut().find(|part| next(part)) {
                        Some(part) => part.taps.push(tap),
                        None => parts.push(RowPart { first: row, taps: [tap].into() }),
                    }
                }
                for part in &mut parts {
                    part.first += (skip * self.step) as i64;
                }
                let count = (phase.count - skip).div_ceil(times);
                rows.push(Row {
                    first: phase.first + skip * self.modulus,
                    apart: self.modulus * times,
                    count,
                    step,
                    parts,
                });
            }
        }
        let alike = |row: &Row| row.apart == rows[0].apart;
        (!rows.is_empty() && rows.iter().all(alike)).then_some(rows)
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strided_transposed_convolution_has_phases() {
        let axis = Axis::new(Scatter { kernel: 4, stride: 2, dilation: 1, lo: 1, hi: 1 }.into(), 4, 8).unwrap();
        assert_eq!((axis.modulus, axis.step, axis.low, axis.high), (2, 1, 1, 1));
        assert_eq!(axis.phases[0].taps, [(1, 0), (3, -1)]);
        assert_eq!(axis.phases[1].taps, [(0, 1), (2, 0)]);
    }

    #[test]
    fn one_input_row_needs_no_border() {
        let axis = Axis::new(Scatter { kernel: 7, stride: 1, dilation: 1, lo: 0, hi: 0 }.into(), 1, 7).unwrap();
        assert_eq!((axis.phases.len(), axis.low, axis.high), (7, 0, 0));
        assert_eq!(axis.phases[3].taps, [(3, 0)]);
        let window = Window { lo: 1, hi: 1, ..Window::new(3) };
        assert_eq!(Axis::new(window.into(), 1, 1).unwrap().phases[0].taps, [(1, 0)]);
    }
}
