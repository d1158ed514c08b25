//! The inner loop of weight gradients.

use super::Simd;

/// The positions over which products are summed: their counts along four axes, and the strides on either side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    pub(crate) counts: [usize; 4],
    pub(crate) rows: [usize; 4],
    pub(crate) columns: [usize; 4],
}

impl Walk {
    /// The offset of the last position from the first.
    fn last(&self, steps: &[usize; 4]) -> usize {
        (0..4).map(|axis| (self.counts[axis] - 1) * steps[axis]).sum()
    }
}

/// Adds to each sum, over all positions, an element of `a` times [`Simd::LANES`] contiguous elements of `b`. At each
/// position there are `L` contiguous elements at each of `G` offsets of `a`, and `V` contiguous vectors of `b`. Offsets
/// are relative to the first position, where `a` and `b` start.
///
/// # Panics
/// If an element is beyond `a` or `b`.
#[inline(always)]
pub(crate) fn outer<S: Simd, const G: usize, const L: usize, const V: usize>(
    simd: S,
    a: &[f32],
    places: &[usize; G],
    b: &[f32],
    walk: &Walk,
    sums: &mut [[[S::F; V]; L]; G],
) {
    if walk.counts.contains(&0) {
        return;
    }
    let furthest = places.iter().fold(0, |furthest, place| if *place > furthest { *place } else { furthest });
    let (a_reach, b_reach) = (walk.last(&walk.rows) + furthest + L, walk.last(&walk.columns) + V * S::LANES);
    assert!(a_reach <= a.len() && b_reach <= b.len(), "a position is beyond its side");
    let mut acc = *sums;
    let [samples, depth, height, width] = walk.counts;
    for n in 0..samples {
        for d in 0..depth {
            for h in 0..height {
                let a_row = n * walk.rows[0] + d * walk.rows[1] + h * walk.rows[2];
                let b_row = n * walk.columns[0] + d * walk.columns[1] + h * walk.columns[2];
                for w in 0..width {
                    // SAFETY: no index is larger than that of the last position, of which the assertion
                    // made sure that its furthest element, and its last vector, are within the slices.
                    unsafe {
                        let from = b.as_ptr().add(b_row + w * walk.columns[3]);
                        let mut vectors = [simd.splat(0.0); V];
                        for v in 0..V {
                            vectors[v] = simd.load_from(from.add(v * S::LANES));
                        }
                        let from = a.as_ptr().add(a_row + w * walk.rows[3]);
                        for g in 0..G {
                            let from = from.add(places[g]);
                            for l in 0..L {
                                let element = simd.splat(*from.add(l));
                                for v in 0..V {
                                    acc[g][l][v] = simd.mul_add(element, vectors[v], acc[g][l][v]);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    *sums = acc;
}
