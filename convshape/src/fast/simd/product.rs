//! The two inner loops in which nearly all time is spent.
//!
//! Both add up products of inputs and weights. The inputs of a position lie in runs of neighbours,
//! at the same distances from every position's start; the weights lie in the order in which they
//! are read.

use super::Simd;

/// A run of inputs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Run {
    /// Where it starts, from the position's start.
    pub(crate) offset: usize,
    /// How many inputs it has.
    pub(crate) count: usize,
}

/// Adds to the sums of `R` positions, `V` vectors of output channels each, every input times its
/// row of weights: `V * LANES` of them.
///
/// # Panics
/// If a run reaches beyond `x`, or the rows beyond `w`.
#[inline(always)]
pub(crate) fn products<S: Simd, const R: usize, const V: usize>(
    simd: S,
    x: &[f32],
    starts: &[usize; R],
    runs: &[Run],
    mut w: &[f32],
    sums: &mut [[S::F; V]; R],
) {
    let mut acc = *sums;
    for run in runs {
        let (rows, rest) = w.split_at(run.count * V * S::LANES);
        w = rest;
        let mut inputs = [x.as_ptr(); R];
        for r in 0..R {
            inputs[r] = x[starts[r]..][run.offset..][..run.count].as_ptr();
        }
        let mut weights = rows.as_ptr();
        for i in 0..run.count {
            // SAFETY: `rows` has `count` rows of `V * LANES` elements, of which this is row `i`; each
            // of `inputs` is the start of a slice of `count` elements.
            unsafe {
                let mut row = [simd.splat(0.0); V];
                for v in 0..V {
                    row[v] = simd.load_from(weights.add(v * S::LANES));
                }
                for r in 0..R {
                    let input = simd.splat(*inputs[r].add(i));
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
    runs: &[Run],
    mut w: &[f32],
    sums: &mut [[S::F; V]; R],
) {
    let mut acc = *sums;
    for run in runs {
        let vectors = run.count / S::LANES;
        let (rows, rest) = w.split_at(vectors * V * S::LANES);
        w = rest;
        let mut inputs = [x.as_ptr(); R];
        for r in 0..R {
            inputs[r] = x[starts[r]..][run.offset..][..run.count].as_ptr();
        }
        let mut weights = rows.as_ptr();
        for i in 0..vectors {
            // SAFETY: `rows` has `V` vectors for each of `vectors`, these are those of `i`; each of
            // `inputs` is the start of a slice of `count >= vectors * LANES` elements.
            unsafe {
                let mut row = [simd.splat(0.0); V];
                for v in 0..V {
                    row[v] = simd.load_from(weights.add(v * S::LANES));
                }
                for r in 0..R {
                    let input = simd.load_from(inputs[r].add(i * S::LANES));
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
