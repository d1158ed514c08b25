//! Plain arrays, for any processor: the compiler turns them into the target's vectors.

use super::{Kernel, Sets, Simd};

#[derive(Clone, Copy)]
pub(super) struct Portable;

const LANES: usize = 4;

/// `1.5 * 2^23`, whose last bit counts units.
const BIG: f32 = 12_582_912.0;

#[inline(always)]
fn map(f: impl Fn(usize) -> f32) -> [f32; LANES] {
    [f(0), f(1), f(2), f(3)]
}

impl Simd for Portable {
    type F = [f32; LANES];
    const LANES: usize = LANES;
    const POSITIONS: [usize; 4] = [4, 4, 2, 2];
    const ROWS: [usize; 3] = [4, 4, 2];

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        [x; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::F {
        *from.first_chunk().expect("a whole vector")
    }

    #[inline(always)]
    fn store(self, x: Self::F, to: &mut [f32]) {
        *to.first_chunk_mut().expect("room for a whole vector") = x;
    }

    #[inline(always)]
    unsafe fn load_from(self, from: *const f32) -> Self::F {
        // SAFETY: the caller guarantees the elements; the type needs no larger alignment.
        unsafe { from.cast::<[f32; LANES]>().read() }
    }

    #[inline(always)]
    unsafe fn store_to(self, x: Self::F, to: *mut f32) {
        // SAFETY: as above.
        unsafe { to.cast::<[f32; LANES]>().write(x) }
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        map(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        map(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        map(|i| a[i] * b[i])
    }

    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        map(|i| a[i] / b[i])
    }

    // Not fused: without the instruction, a fused multiply-add is a slow function call.
    #[inline(always)]
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        map(|i| a[i] * b[i] + c[i])
    }

    #[inline(always)]
    fn at_least(self, x: Self::F, low: Self::F) -> Self::F {
        map(|i| if x[i] < low[i] { low[i] } else { x[i] })
    }

    #[inline(always)]
    fn at_most(self, x: Self::F, high: Self::F) -> Self::F {
        map(|i| if x[i] > high[i] { high[i] } else { x[i] })
    }

    #[inline(always)]
    fn larger(self, a: Self::F, b: Self::F) -> Self::F {
        map(|i| if a[i] > b[i] || a[i].is_nan() { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn select(self, x: Self::F, limit: Self::F, above: Self::F, below: Self::F) -> Self::F {
        map(|i| if x[i] > limit[i] { above[i] } else { below[i] })
    }

    #[inline(always)]
    fn round(self, x: Self::F) -> Self::F {
        // The sum has no bits for a fraction, so it is rounded. The arguments are small.
        map(|i| (x[i] + BIG) - BIG)
    }

    #[inline(always)]
    fn exp2(self, n: Self::F) -> Self::F {
        // Its last bits are the exponent's.
        map(|i| f32::from_bits((n[i] + (BIG + 127.0)).to_bits() << 23))
    }

    #[inline(always)]
    fn sum(self, x: Self::F) -> f32 {
        (x[0] + x[1]) + (x[2] + x[3])
    }

    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        if const { matches!(K::SETS, Sets::NotPortable) } {
            unreachable!("whoever chooses a kernel asks for the set");
        }
        kernel.run(self)
    }
}
