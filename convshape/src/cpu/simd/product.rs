//! The inner loops, in which nearly all time is spent.
//!
//! They add up products of inputs and weights. The inputs of a position are contiguous runs, at the same offsets from
//! the start of every position. The weights are stored in the order in which they are read.

use std::boxed::Box;
use std::vec::Vec;

use super::Simd;

/// A contiguous run of inputs: its offset from the start of the position, and its length.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Run {
    offset: usize,
    count: usize,
}

/// The runs of every position, in the order of their weights.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Runs {
    runs: Box<[Run]>,
    /// The largest end of a run, from the start of the position.
    reach: usize,
    /// The inputs of all runs.
    inputs: usize,
}

impl Runs {
    /// Runs of `count` inputs at these offsets. With `merge`, adjacent runs become one.
    pub(crate) fn new(offsets: impl Iterator<Item = usize>, count: usize, merge: bool) -> Runs {
        let mut runs: Vec<Run> = Vec::new();
        for offset in offsets {
            match runs.last_mut() {
                Some(last) if merge && last.offset + last.count == offset => last.count += count,
                _ => runs.push(Run { offset, count }),
            }
        }
        let reach = runs.iter().map(|run| run.offset + run.count).max().unwrap_or(0);
        let inputs = runs.iter().map(|run| run.count).sum();
        Runs { runs: runs.into(), reach, inputs }
    }

    /// # Panics
    /// If a run of one of these positions reaches beyond `x`.
    #[inline(always)]
    fn check(&self, x: &[f32], starts: &[usize]) {
        let last = largest(starts);
        assert!(last <= x.len() && self.reach <= x.len() - last, "a run reaches beyond the input");
    }
}

/// Adds inputs times weights to the sums of `R` positions with `V` vectors of output channels. An input has a row of `V
/// * LANES` weights. Of each run it reads `Q` contiguous inputs at `first` and after every `every` inputs, and adds
/// each of them to its own partial sum. It also prefetches the weights `ahead`, which are needed next.
///
/// # Panics
/// If a run reaches beyond `x`, or the rows beyond `w`.
#[inline(always)]
pub(crate) fn products<S: Simd, const R: usize, const V: usize, const Q: usize>(
    simd: S,
    x: &[f32],
    starts: &[usize; R],
    runs: &Runs,
    [w, ahead]: [&[f32]; 2],
    [first, every]: [usize; 2],
    sums: &mut [[[S::F; V]; R]; Q],
) {
    runs.check(x, starts);
    let row = V * S::LANES;
    assert!(runs.inputs <= w.len() / row, "a row for each input");
    let mut places = [x.as_ptr(); R];
    for r in 0..R {
        // SAFETY: `check` made sure that a position starts within `x`.
        places[r] = unsafe { x.as_ptr().add(starts[r]) };
    }
    let mut acc = *sums;
    let mut rows = w.as_ptr();
    let (mut line, line_step) = (ahead.as_ptr(), ahead.len() / runs.inputs.max(1));
    for run in &runs.runs {
        let end = run.offset + run.count;
        let mut at = run.offset + first;
        let mut weights = rows.wrapping_add(first * row);
        macro_rules! add {
            ($q:expr) => {
                // SAFETY: `at + $q` is less than `offset + count`, of which `check` made sure that from each
                // start, as many elements are within `x`. `weights` is as many rows behind the run's first
                // as `at` is behind `offset`, and no run's last is beyond `inputs`.
                unsafe {
                    let weights = weights.add($q * row);
                    let mut vectors = [simd.splat(0.0); V];
                    for v in 0..V {
                        vectors[v] = simd.load_from(weights.add(v * S::LANES));
                    }
                    for r in 0..R {
                        let input = simd.splat(*places[r].add(at + $q));
                        for v in 0..V {
                            acc[$q][r][v] = simd.mul_add(input, vectors[v], acc[$q][r][v]);
                        }
                    }
                }
            };
        }
        while at + Q <= end {
            simd.prefetch(line);
            if V > 2 {
                // A wide row of weights is several lines.
                simd.prefetch(line.wrapping_add(line_step / 2));
            }
            line = line.wrapping_add(line_step);
            for q in 0..Q {
                add!(q);
            }
            at += every;
            weights = weights.wrapping_add(every * row);
        }
        if Q > 1 {
            for q in 0..Q {
                if at + q < end {
                    add!(q);
                }
            }
        }
        rows = rows.wrapping_add(run.count * row);
    }
    *sums = acc;
}

/// Stores the sums of each of `R` positions at its offset.
///
/// # Panics
/// If there is too little space.
#[inline(always)]
pub(crate) fn store<S: Simd, const R: usize, const V: usize>(
    simd: S,
    sums: &[[S::F; V]; R],
    y: &mut [f32],
    places: &[usize; R],
) {
    let room = y.len().checked_sub(V * S::LANES).expect("room for a position");
    for r in 0..R {
        // One load per element: they were just stored one by one, and a wider load would have to wait for all of them.
        assert!(places[r] <= room, "room for all positions");
        for v in 0..V {
            // SAFETY: from a place up to `room` there are `V` vectors left.
            unsafe { simd.store_to(sums[r][v], y.as_mut_ptr().add(places[r] + v * S::LANES)) };
        }
    }
}

#[inline(always)]
fn largest(places: &[usize]) -> usize {
    let mut last = 0;
    for &place in places {
        last = if place > last { place } else { last };
    }
    last
}

/// Adds to the sums of `R` positions and `V` output channels, one vector each, the products of [`Simd::LANES`]
/// contiguous inputs and their weights. The weights of the `V` channels follow one another. Every run is a whole number
/// of vectors.
///
/// # Panics
/// If a run reaches beyond `x`, or the weights beyond `w`.
#[inline(always)]
pub(crate) fn dots<S: Simd, const R: usize, const V: usize>(
    simd: S,
    x: &[f32],
    starts: &[usize; R],
    runs: &Runs,
    w: &[f32],
    sums: &mut [[S::F; V]; R],
) {
    runs.check(x, starts);
    let row = V * S::LANES;
    assert!(runs.inputs / S::LANES <= w.len() / row, "weights for each input");
    let mut places = [x.as_ptr(); R];
    for r in 0..R {
        // SAFETY: `check` made sure that a position starts within `x`.
        places[r] = unsafe { x.as_ptr().add(starts[r]) };
    }
    let mut acc = *sums;
    let mut weights = w.as_ptr();
    for run in &runs.runs {
        let mut at = run.offset;
        while at + S::LANES <= run.offset + run.count {
            // SAFETY: from each start, `offset + count` elements are within `x`, as `check` made sure. No
            // more vectors of inputs are read than `inputs` has, each with a row of weights.
            unsafe {
                let mut vectors = [simd.splat(0.0); V];
                for v in 0..V {
                    vectors[v] = simd.load_from(weights.add(v * S::LANES));
                }
                for r in 0..R {
                    let input = simd.load_from(places[r].add(at));
                    for v in 0..V {
                        acc[r][v] = simd.mul_add(input, vectors[v], acc[r][v]);
                    }
                }
                weights = weights.add(row);
            }
            at += S::LANES;
        }
    }
    *sums = acc;
}

/// Adds to the sums of `R` positions the products of the inputs of several groups. A vector holds the inputs of these
/// groups; each row of `index` selects one input for each lane. There is a row of weights for each run and each row of
/// `index`.
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

/// The most input columns that [`depthwise`] reads: 8 outputs with step 2 and 7 taps.
pub(crate) const MOST_COLUMNS: usize = 21;

/// Adds to the sums of `W` neighbouring outputs of a row, a vector of channels each, the products of a depthwise
/// convolution with `K` taps per kernel row and stride `STEP`. An input that several outputs share is read once. `rows`
/// has the offset of each kernel row, `columns` that of each input along it; the weights are `[row][tap][lane]`.
///
/// # Panics
/// If an input is beyond `x`, or the weights beyond `w`.
#[inline(always)]
pub(crate) fn depthwise<S: Simd, const W: usize, const K: usize, const STEP: usize>(
    simd: S,
    x: &[f32],
    rows: &[usize],
    columns: &[usize; MOST_COLUMNS],
    w: &[f32],
    sums: &mut [S::F; W],
) {
    const { assert!((W - 1) * STEP + K <= MOST_COLUMNS) };
    let reach = largest(rows) + largest(columns);
    assert!(reach <= x.len() && S::LANES <= x.len() - reach, "an input is beyond the slice");
    let w = &w[..rows.len() * K * S::LANES];
    let mut acc = *sums;
    for (i, row) in rows.iter().enumerate() {
        let mut weights = [acc[0]; K];
        for j in 0..K {
            // SAFETY: the slice has `K` vectors for each row.
            weights[j] = unsafe { simd.load_from(w.as_ptr().add((i * K + j) * S::LANES)) };
        }
        for o in 0..W {
            for j in 0..K {
                // SAFETY: neither offset is larger than the largest, behind the sum of which there is a
                // vector within `x`.
                let input = unsafe { simd.load_from(x.as_ptr().add(row + columns[o * STEP + j])) };
                acc[o] = simd.mul_add(input, weights[j], acc[o]);
            }
        }
    }
    *sums = acc;
}

/// Like [`depthwise`], for any number of taps and any stride: an input that several outputs share is read for each.
/// `starts` has the offset of each output's first input; `along` is the number of taps per kernel row and the stride
/// between their inputs.
///
/// # Panics
/// If an input is beyond `x`, or the weights beyond `w`.
#[inline(always)]
pub(crate) fn depthwise_any<S: Simd, const W: usize>(
    simd: S,
    x: &[f32],
    rows: &[usize],
    starts: &[usize; W],
    [taps, step]: [usize; 2],
    w: &[f32],
    sums: &mut [S::F; W],
) {
    let reach = largest(rows) + largest(starts) + (taps - 1) * step;
    assert!(reach <= x.len() && S::LANES <= x.len() - reach, "an input is beyond the slice");
    assert!(rows.len() * taps <= w.len() / S::LANES, "weights for each tap");
    let mut acc = *sums;
    let mut weights = w.as_ptr();
    for row in rows {
        let mut places = [x.as_ptr(); W];
        for o in 0..W {
            // SAFETY: at most the reach, which is within `x`.
            places[o] = unsafe { x.as_ptr().add(row + starts[o]) };
        }
        for tap in 0..taps {
            // SAFETY: no input is further than the reach, behind which there is a vector within `x`. `weights` is at the
            // vector of this row and tap, of which the assertion made sure.
            unsafe {
                let weight = simd.load_from(weights);
                for o in 0..W {
                    acc[o] = simd.mul_add(simd.load_from(places[o].add(tap * step)), weight, acc[o]);
                }
            }
            weights = weights.wrapping_add(S::LANES);
        }
    }
    *sums = acc;
}

/// Adds a matrix product to the sums of `R` rows of `x` and `V` vectors of columns: `count` elements of each row of `x`
/// times `count` rows of `w` with `V * LANES` elements each. `across` is the stride of the rows of `x`, `along` that of
/// its elements.
///
/// # Panics
/// If an element is beyond `x`, or a row beyond `w`.
#[inline(always)]
pub(crate) fn panel<S: Simd, const R: usize, const V: usize>(
    simd: S,
    x: &[f32],
    [across, along]: [usize; 2],
    count: usize,
    w: &[f32],
    sums: &mut [[S::F; V]; R],
) {
    let row = V * S::LANES;
    if count == 0 {
        return;
    }
    assert!((R - 1) * across + (count - 1) * along < x.len(), "an element is beyond the rows");
    assert!(count <= w.len() / row, "a row for each element");
    let mut acc = *sums;
    let (mut from, mut weights) = (x.as_ptr(), w.as_ptr());
    for _ in 0..count {
        // SAFETY: of turn `i`, counted from 0, `from` is `i * along` elements after the first of `x` and `weights` is
        // `i` rows after the first of `w`: the assertions made sure that the furthest element and the row are there.
        unsafe {
            let mut vectors = [simd.splat(0.0); V];
            for v in 0..V {
                vectors[v] = simd.load_from(weights.add(v * S::LANES));
            }
            for r in 0..R {
                let input = simd.splat(*from.add(r * across));
                for v in 0..V {
                    acc[r][v] = simd.mul_add(input, vectors[v], acc[r][v]);
                }
            }
        }
        from = from.wrapping_add(along);
        weights = weights.wrapping_add(row);
    }
    *sums = acc;
}
