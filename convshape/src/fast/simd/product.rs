//! The inner loops in which nearly all time is spent.
//!
//! They add up products of inputs and weights. The inputs of a position lie in runs of neighbours,
//! at the same distances from every position's start; the weights lie in the order in which they
//! are read.

use std::boxed::Box;
use std::vec::Vec;

use super::Simd;

/// A run of inputs: where it starts, from the position's start, and how many it has.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Run {
    offset: usize,
    count: usize,
}

/// The runs of every position, in the order of their weights.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Runs {
    runs: Box<[Run]>,
    /// No run ends further from a position's start.
    reach: usize,
}

impl Runs {
    /// Runs of `count` inputs each at these offsets; those that touch are one if `merge`.
    pub(crate) fn new(offsets: impl Iterator<Item = usize>, count: usize, merge: bool) -> Runs {
        let mut runs: Vec<Run> = Vec::new();
        for offset in offsets {
            match runs.last_mut() {
                Some(last) if merge && last.offset + last.count == offset => last.count += count,
                _ => runs.push(Run { offset, count }),
            }
        }
        let reach = runs.iter().map(|run| run.offset + run.count).max().unwrap_or(0);
        Runs { runs: runs.into(), reach }
    }

    /// # Panics
    /// If a run of one of these positions reaches beyond `x`.
    #[inline(always)]
    fn check(&self, x: &[f32], starts: &[usize]) {
        let mut last = 0;
        for &start in starts {
            last = if start > last { start } else { last };
        }
        assert!(last <= x.len() && self.reach <= x.len() - last, "a run reaches beyond the input");
    }
}

/// Adds to the sums of `R` positions, `V` vectors of output channels each, every input times its
/// row of weights: `V * LANES` of them. In `turns`, every fourth input of a run is added to another
/// sum: a single position then does not wait for one, and is the same alone and among others.
///
/// # Panics
/// If a run reaches beyond `x`, or the rows beyond `w`.
#[inline(always)]
pub(crate) fn products<S: Simd, const R: usize, const V: usize>(
    simd: S,
    x: &[f32],
    starts: &[usize; R],
    runs: &Runs,
    w: &[f32],
    turns: bool,
    sums: &mut [[S::F; V]; R],
) {
    if !turns {
        return add::<S, R, V, 1, 1>(simd, x, starts, runs, w, 0, core::array::from_mut(sums));
    }
    let mut parts = [[[simd.splat(0.0); V]; R]; 4];
    if R * V <= 4 {
        add::<S, R, V, 4, 4>(simd, x, starts, runs, w, 0, &mut parts);
    } else {
        for i in 0..4 {
            add::<S, R, V, 1, 4>(simd, x, starts, runs, w, i, core::array::from_mut(&mut parts[i]));
        }
    }
    for part in parts {
        for r in 0..R {
            for v in 0..V {
                sums[r][v] = simd.add(sums[r][v], part[r][v]);
            }
        }
    }
}

/// Adds `Q` neighbouring inputs of each run, from `first` on and every `STEP` inputs, to a sum each.
#[inline(always)]
fn add<S: Simd, const R: usize, const V: usize, const Q: usize, const STEP: usize>(
    simd: S,
    x: &[f32],
    starts: &[usize; R],
    runs: &Runs,
    mut w: &[f32],
    first: usize,
    sums: &mut [[[S::F; V]; R]; Q],
) {
    runs.check(x, starts);
    let mut acc = *sums;
    for run in &runs.runs {
        let (rows, rest) = w.split_at(run.count * V * S::LANES);
        w = rest;
        macro_rules! add {
            ($q:expr, $i:expr) => {
                // SAFETY: `$i` is less than `run.count`. `rows` has as many rows of `V * LANES` elements,
                // and `check` made sure that from each start, `offset + count` elements are within `x`.
                unsafe {
                    let weights = rows.as_ptr().add($i * V * S::LANES);
                    let base = x.as_ptr().add(run.offset + $i);
                    let mut row = [simd.splat(0.0); V];
                    for v in 0..V {
                        row[v] = simd.load_from(weights.add(v * S::LANES));
                    }
                    for r in 0..R {
                        let input = simd.splat(*base.add(starts[r]));
                        for v in 0..V {
                            acc[$q][r][v] = simd.mul_add(input, row[v], acc[$q][r][v]);
                        }
                    }
                }
            };
        }
        let mut i = first;
        while i < run.count && run.count - i >= Q {
            for q in 0..Q {
                add!(q, i + q);
            }
            i += STEP;
        }
        if Q > 1 {
            for q in 0..Q {
                if i + q < run.count {
                    add!(q, i + q);
                }
            }
        }
    }
    *sums = acc;
}

/// Adds to the sums of `R` positions and `V` output channels, a vector each, the products of
/// [`Simd::LANES`] neighbouring inputs with as many weights; the weights of `V` channels follow
/// one another. Runs are whole numbers of vectors long.
///
/// # Panics
/// If a run reaches beyond `x`, or the weights beyond `w`.
#[inline(always)]
pub(crate) fn dots<S: Simd, const R: usize, const V: usize>(
    simd: S,
    x: &[f32],
    starts: &[usize; R],
    runs: &Runs,
    mut w: &[f32],
    sums: &mut [[S::F; V]; R],
) {
    runs.check(x, starts);
    let mut acc = *sums;
    for run in &runs.runs {
        let vectors = run.count / S::LANES;
        let (rows, rest) = w.split_at(vectors * V * S::LANES);
        w = rest;
        let mut weights = rows.as_ptr();
        // SAFETY: `check` made sure that a run starts within `x`.
        let base = unsafe { x.as_ptr().add(run.offset) };
        for i in 0..vectors {
            // SAFETY: `rows` has `V` vectors for each of `vectors`, these are those of `i`; `check`
            // made sure that from each start, `offset + count` elements are within `x`, and
            // `count >= vectors * LANES`.
            unsafe {
                let mut row = [simd.splat(0.0); V];
                for v in 0..V {
                    row[v] = simd.load_from(weights.add(v * S::LANES));
                }
                for r in 0..R {
                    let input = simd.load_from(base.add(starts[r] + i * S::LANES));
                    for v in 0..V {
                        acc[r][v] = simd.mul_add(input, row[v], acc[r][v]);
                    }
                }
                weights = weights.add(V * S::LANES);
            }
        }
    }
    *sums = acc;
}

/// Adds to the sums of `R` positions the products of each of a group's inputs: a vector holds the
/// inputs of several groups, of which the rows of `index` take one for each lane. The weights are a
/// row for each run and row of `index`.
///
/// # Panics
/// If a run, a vector long, reaches beyond `x`, or the weights beyond `w`.
#[inline(always)]
pub(crate) fn grouped<S: Simd, const R: usize>(
    simd: S,
    x: &[f32],
    starts: &[usize; R],
    runs: &Runs,
    index: &[f32],
    mut w: &[f32],
    sums: &mut [S::F; R],
) {
    runs.check(x, starts);
    let mut acc = *sums;
    for run in &runs.runs {
        assert!(run.count >= S::LANES, "a run is a vector long");
        let mut inputs = *sums;
        for r in 0..R {
            // SAFETY: `check` made sure that from each start, `offset + count` elements are within `x`,
            // and a run has a vector of them.
            inputs[r] = unsafe { simd.load_from(x.as_ptr().add(run.offset + starts[r])) };
        }
        let (rows, rest) = w.split_at(index.len());
        w = rest;
        for (index, weights) in index.chunks_exact(S::LANES).zip(rows.chunks_exact(S::LANES)) {
            let (index, weights) = (simd.load(index), simd.load(weights));
            for r in 0..R {
                acc[r] = simd.mul_add(simd.permute(inputs[r], index), weights, acc[r]);
            }
        }
    }
    *sums = acc;
}

/// Outputs of a depthwise convolution along each axis that [`window`] computes at once, with step 1
/// and 2.
pub(crate) const WINDOW: [[usize; 2]; 2] = [[2, 4], [1, 4]];

/// A vector of channels of neighbouring outputs of a depthwise 3x3 convolution with step `STEP`:
/// inputs that outputs share are read once. With step 2, the second row is not computed.
///
/// # Panics
/// If an input is beyond `x`.
#[inline(always)]
pub(crate) fn window<S: Simd, const STEP: usize>(
    simd: S,
    x: &[f32],
    row: usize,
    position: usize,
    weights: &[S::F; 9],
    shift: S::F,
) -> [[S::F; 4]; 2] {
    let rows = if STEP == 1 { 4 } else { 3 };
    let columns = 3 * STEP + 3;
    let last = (rows - 1) * row + (columns - 1) * position;
    assert!(last < x.len() && S::LANES <= x.len() - last, "a window reaches beyond the input");
    let mut sums = [[shift; 4]; 2];
    macro_rules! row {
        ($row:literal: $($output:literal by $tap:literal),+) => {{
            let mut inputs = [shift; 9];
            for j in 0..columns {
                // SAFETY: the last row and column were checked, and no other is further.
                inputs[j] = unsafe { simd.load_from(x.as_ptr().add($row * row + j * position)) };
            }
            $(for c in 0..4 {
                for tap in 0..3 {
                    sums[$output][c] = simd.mul_add(inputs[c * STEP + tap], weights[3 * $tap + tap], sums[$output][c]);
                }
            })+
        }};
    }
    if STEP == 1 {
        row!(0: 0 by 0);
        row!(1: 0 by 1, 1 by 0);
        row!(2: 0 by 2, 1 by 1);
        row!(3: 1 by 2);
    } else {
        row!(0: 0 by 0);
        row!(1: 0 by 1);
        row!(2: 0 by 2);
    }
    sums
}
