//! The inner loops of convolutions over planes: a vector holds contiguous positions of one channel.

use std::boxed::Box;

use super::Simd;

/// The offsets that the taps of a sum read, from the start of each run.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct PlanarTaps {
    offsets: Box<[usize]>,
    /// The largest offset.
    reach: usize,
}

impl PlanarTaps {
    pub(crate) fn new(offsets: impl Iterator<Item = usize>) -> PlanarTaps {
        let offsets: Box<[usize]> = offsets.collect();
        let reach = offsets.iter().copied().max().unwrap_or(0);
        PlanarTaps { offsets, reach }
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }
}

/// Adds to the sums of `R` output channels over `V` vectors of positions the inputs of every tap times its `R`
/// contiguous weights. `STEP`, 1 or 2, is the stride between the inputs of neighbouring outputs.
///
/// # Panics
/// If a run extends past `x`, or the weights past `w`.
#[inline(always)]
pub(crate) fn planar<S: Simd, const R: usize, const V: usize, const STEP: usize>(
    simd: S,
    x: &[f32],
    starts: &[usize; V],
    taps: &PlanarTaps,
    w: &[f32],
    sums: &mut [[S::F; V]; R],
) {
    let mut last = 0;
    for v in 0..V {
        last = if starts[v] > last { starts[v] } else { last };
    }
    let reach = taps.reach + STEP * (S::LANES - 1) + 1;
    assert!(last <= x.len() && reach <= x.len() - last, "a stretch reaches beyond the input");
    let mut weights = w[..taps.offsets.len() * R].as_ptr();
    let mut acc = *sums;
    for &offset in &taps.offsets {
        // SAFETY: `weights` passes over `R` of `len * R` elements for each tap. No start is larger than
        // `last`, no offset than `reach`, and with `STEP * (LANES - 1) + 1` elements from there on all
        // are within `x`, as was checked.
        unsafe {
            let base = x.as_ptr().add(offset);
            let mut inputs = [simd.splat(0.0); V];
            for v in 0..V {
                let from = base.add(starts[v]);
                inputs[v] = if STEP == 1 { simd.load_from(from) } else { simd.load_even(from) };
            }
            for r in 0..R {
                let weight = simd.splat(*weights.add(r));
                for v in 0..V {
                    acc[r][v] = simd.mul_add(weight, inputs[v], acc[r][v]);
                }
            }
            weights = weights.add(R);
        }
    }
    *sums = acc;
}

/// Computes a vector of each of `R` neighbouring output rows of a 3x3 convolution of one channel; `shift` is the
/// initial sum. Input rows that outputs share are read once. The inputs start at `start`, and `row` is the stride of
/// the rows.
///
/// # Panics
/// If an input is past `x`.
#[inline(always)]
pub(crate) fn slide<S: Simd, const R: usize>(
    simd: S,
    x: &[f32],
    start: usize,
    row: usize,
    weights: &[S::F; 9],
    shift: S::F,
) -> [S::F; R] {
    let reach = (R + 1) * row + 2 + S::LANES;
    assert!(start <= x.len() && reach <= x.len() - start, "a row reaches beyond the input");
    let mut sums = [shift; R];
    for i in 0..R + 2 {
        for j in 0..3 {
            // SAFETY: the last row's last vector ends at `start + reach`, which was checked.
            let input = unsafe { simd.load_from(x.as_ptr().add(start + i * row + j)) };
            for r in 0..R {
                if r <= i && i < r + 3 {
                    sums[r] = simd.mul_add(input, weights[3 * (i - r) + j], sums[r]);
                }
            }
        }
    }
    sums
}
