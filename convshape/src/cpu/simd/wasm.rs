//! The 128-bit vectors of WebAssembly. A module that has them loads only where the engine has them, so they are
//! chosen by the target's features, at compile time. With relaxed SIMD, a multiply-add rounds once where the
//! processor has such an instruction.

use core::arch::wasm32::*;

use super::{Kernel, Simd};

/// The target feature `simd128`.
#[derive(Clone, Copy)]
pub(super) struct Wasm;

impl Simd for Wasm {
    type F = v128;
    const LANES: usize = 4;
    // Engines compile for at least the 16 registers of SSE, and keep one for themselves. The inner loop of 2 vectors has
    // 12 multiply-adds, 2 loads of weights, 6 of inputs, each to all lanes, and no other vector instruction; that of 4
    // vectors has 12, 4 and 3.
    const POSITIONS: [usize; 4] = [12, 6, 3, 3];
    const ROWS: [usize; 3] = [12, 6, 3];

    #[inline(always)]
    fn splat(self, x: f32) -> v128 {
        f32x4_splat(x)
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> v128 {
        let from: &[f32; 4] = from.first_chunk().expect("a whole vector");
        // SAFETY: an array of 4 elements is readable; the instruction asks for no alignment.
        unsafe { v128_load(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, x: v128, to: &mut [f32]) {
        let to: &mut [f32; 4] = to.first_chunk_mut().expect("room for a whole vector");
        // SAFETY: an array of 4 elements is writable; the instruction asks for no alignment.
        unsafe { v128_store(to.as_mut_ptr().cast(), x) }
    }

    #[inline(always)]
    unsafe fn load_from(self, from: *const f32) -> v128 {
        // SAFETY: the caller guarantees 4 elements; the instruction asks for no alignment.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store_to(self, x: v128, to: *mut f32) {
        // SAFETY: the caller guarantees 4 elements; the instruction asks for no alignment.
        unsafe { v128_store(to.cast(), x) }
    }

    #[inline(always)]
    unsafe fn load_even(self, from: *const f32) -> v128 {
        // The second vector begins one element early, so that it ends with the last element needed. SAFETY: the caller
        // guarantees 7 elements; the instruction asks for no alignment.
        let (low, high) = unsafe { (v128_load(from.cast()), v128_load(from.add(3).cast())) };
        i32x4_shuffle::<0, 2, 5, 7>(low, high)
    }

    #[inline(always)]
    fn permute(self, x: v128, index: v128) -> v128 {
        // A lane is 4 bytes: those from 4 times its index on.
        let lane = v128_and(index, i32x4_splat(3));
        let bytes = i32x4_add(i32x4_mul(lane, i32x4_splat(0x0404_0404)), i32x4_splat(0x0302_0100));
        i8x16_swizzle(x, bytes)
    }

    #[inline(always)]
    fn add(self, a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }

    #[inline(always)]
    fn sub(self, a: v128, b: v128) -> v128 {
        f32x4_sub(a, b)
    }

    #[inline(always)]
    fn mul(self, a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }

    #[inline(always)]
    fn div(self, a: v128, b: v128) -> v128 {
        f32x4_div(a, b)
    }

    #[inline(always)]
    fn mul_add(self, a: v128, b: v128, c: v128) -> v128 {
        #[cfg(target_feature = "relaxed-simd")]
        return f32x4_relaxed_madd(a, b, c);
        #[cfg(not(target_feature = "relaxed-simd"))]
        f32x4_add(f32x4_mul(a, b), c)
    }

    #[inline(always)]
    fn at_least(self, x: v128, low: v128) -> v128 {
        // The first operand is kept where one is NaN.
        f32x4_pmax(x, low)
    }

    #[inline(always)]
    fn at_most(self, x: v128, high: v128) -> v128 {
        f32x4_pmin(x, high)
    }

    #[inline(always)]
    fn larger(self, a: v128, b: v128) -> v128 {
        // NaN wins, as this instruction has it.
        f32x4_max(a, b)
    }

    #[inline(always)]
    fn select(self, x: v128, limit: v128, above: v128, below: v128) -> v128 {
        v128_bitselect(above, below, f32x4_gt(x, limit))
    }

    #[inline(always)]
    fn round(self, x: v128) -> v128 {
        f32x4_nearest(x)
    }

    #[inline(always)]
    fn exp2(self, n: v128) -> v128 {
        i32x4_shl(i32x4_add(i32x4_trunc_sat_f32x4(n), i32x4_splat(127)), 23)
    }

    #[inline(always)]
    fn sum(self, x: v128) -> f32 {
        let two = f32x4_add(x, i32x4_shuffle::<2, 3, 0, 1>(x, x));
        f32x4_extract_lane::<0>(two) + f32x4_extract_lane::<1>(two)
    }

    #[inline(always)]
    fn interleave(self, a: v128, b: v128) -> [v128; 2] {
        [i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b)]
    }

    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
}
