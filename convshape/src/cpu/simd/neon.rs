//! NEON.

use core::arch::aarch64::*;

use super::{Kernel, Simd};

/// Only [`run`] creates it.
#[derive(Clone, Copy)]
pub(super) struct Neon(());

/// Runs a kernel as a function of its own.
///
/// # Safety
/// The processor must have NEON.
#[inline(never)]
#[target_feature(enable = "neon")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Neon(()))
}

/// Calls an intrinsic that needs NEON and nothing else.
macro_rules! neon {
    ($call:expr) => {
        // SAFETY: a `Neon` exists only inside `run`, whose caller made sure of the instructions.
        unsafe { $call }
    };
}

impl Simd for Neon {
    type F = float32x4_t;
    const LANES: usize = 4;
    // The inner loop of 2 vectors is 42 instructions: 24 multiply-adds, which take a lane of the input as it is, 2 loads of
    // weights, 12 of inputs, and none of sums. Those of 3 and 4 vectors are 39 and 37, with 24 multiply-adds as well.
    const POSITIONS: [usize; 4] = [12, 12, 8, 6];
    const ROWS: [usize; 3] = [12, 12, 6];

    #[inline(always)]
    fn splat(self, x: f32) -> float32x4_t {
        neon!(vdupq_n_f32(x))
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> float32x4_t {
        let from: &[f32; 4] = from.first_chunk().expect("a whole vector");
        // SAFETY: as in `neon!`; an array of 4 elements is readable.
        unsafe { vld1q_f32(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, x: float32x4_t, to: &mut [f32]) {
        let to: &mut [f32; 4] = to.first_chunk_mut().expect("room for a whole vector");
        // SAFETY: as in `neon!`; an array of 4 elements is writable.
        unsafe { vst1q_f32(to.as_mut_ptr(), x) }
    }

    #[inline(always)]
    unsafe fn load_from(self, from: *const f32) -> float32x4_t {
        // SAFETY: as in `neon!`; the caller guarantees 4 elements.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn store_to(self, x: float32x4_t, to: *mut f32) {
        // SAFETY: as in `neon!`; the caller guarantees 4 elements.
        unsafe { vst1q_f32(to, x) }
    }

    #[inline(always)]
    unsafe fn load_even(self, from: *const f32) -> float32x4_t {
        // The second vector begins one element early, so that it ends with the last element needed. SAFETY: as in
        // `neon!`; the caller guarantees 7 elements.
        let (low, high) = unsafe { (vld1q_f32(from), vld1q_f32(from.add(3))) };
        // 0 2 of the first, 1 3 of the second. Halves taken from one vector alone become loads of pairs of registers, for
        // which the sums around them are copied and stored.
        neon!(vuzp1q_f32(low, vextq_f32::<1>(high, high)))
    }

    #[inline(always)]
    fn permute(self, x: float32x4_t, index: float32x4_t) -> float32x4_t {
        neon!({
            // A lane is 4 bytes: those from 4 times its index on.
            let lane = vandq_u32(vreinterpretq_u32_f32(index), vdupq_n_u32(3));
            let bytes = vmlaq_n_u32(vdupq_n_u32(0x0302_0100), lane, 0x0404_0404);
            vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(x), vreinterpretq_u8_u32(bytes)))
        })
    }

    #[inline(always)]
    fn interleave(self, a: float32x4_t, b: float32x4_t) -> [float32x4_t; 2] {
        neon!([vzip1q_f32(a, b), vzip2q_f32(a, b)])
    }

    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        neon!(vaddq_f32(a, b))
    }

    #[inline(always)]
    fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        neon!(vsubq_f32(a, b))
    }

    #[inline(always)]
    fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        neon!(vmulq_f32(a, b))
    }

    #[inline(always)]
    fn div(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        neon!(vdivq_f32(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        neon!(vfmaq_f32(c, a, b))
    }

    #[inline(always)]
    fn at_least(self, x: float32x4_t, low: float32x4_t) -> float32x4_t {
        // NaN wins.
        neon!(vmaxq_f32(x, low))
    }

    #[inline(always)]
    fn at_most(self, x: float32x4_t, high: float32x4_t) -> float32x4_t {
        neon!(vminq_f32(x, high))
    }

    #[inline(always)]
    fn larger(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        neon!(vmaxq_f32(a, b))
    }

    #[inline(always)]
    fn select(self, x: float32x4_t, limit: float32x4_t, above: float32x4_t, below: float32x4_t) -> float32x4_t {
        neon!(vbslq_f32(vcgtq_f32(x, limit), above, below))
    }

    #[inline(always)]
    fn round(self, x: float32x4_t) -> float32x4_t {
        neon!(vrndnq_f32(x))
    }

    #[inline(always)]
    fn exp2(self, n: float32x4_t) -> float32x4_t {
        neon!(vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)))))
    }

    #[inline(always)]
    fn sum(self, x: float32x4_t) -> f32 {
        neon!(vaddvq_f32(x))
    }

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        neon!(run(kernel))
    }
}
