//! AVX2 with fused multiply-add.

use core::arch::x86_64::*;

use super::{Kernel, Simd};

/// Only [`run`] creates it.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

/// Runs a kernel as a function of its own.
///
/// # Safety
/// The processor must have AVX2 and FMA.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx2(()))
}

/// Calls an intrinsic that needs AVX2 or FMA and nothing else.
macro_rules! avx2 {
    ($call:expr) => {
        // SAFETY: an `Avx2` exists only inside `run`, whose caller made sure of the instructions.
        unsafe { $call }
    };
}

impl Simd for Avx2 {
    type F = __m256;
    const LANES: usize = 8;
    const POSITIONS: [usize; 4] = [12, 6, 4, 3];
    const ROWS: [usize; 3] = [12, 6, 3];

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        avx2!(_mm256_set1_ps(x))
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> __m256 {
        let from: &[f32; 8] = from.first_chunk().expect("a whole vector");
        // SAFETY: as in `avx2!`; an array of 8 elements is readable.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, x: __m256, to: &mut [f32]) {
        let to: &mut [f32; 8] = to.first_chunk_mut().expect("room for a whole vector");
        // SAFETY: as in `avx2!`; an array of 8 elements is writable.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), x) }
    }

    #[inline(always)]
    unsafe fn load_from(self, from: *const f32) -> __m256 {
        // SAFETY: as in `avx2!`; the caller guarantees 8 elements.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store_to(self, x: __m256, to: *mut f32) {
        // SAFETY: as in `avx2!`; the caller guarantees 8 elements.
        unsafe { _mm256_storeu_ps(to, x) }
    }

    #[inline(always)]
    unsafe fn load_even(self, from: *const f32) -> __m256 {
        // The second vector starts one element early, so that it ends with the last element needed. SAFETY: as in
        // `avx2!`; the caller guarantees 15 elements.
        unsafe {
            let (low, high) = (_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(7)));
            // 0 2 of each half of the first, 1 3 of each half of the second.
            let pairs = _mm256_castps_pd(_mm256_shuffle_ps::<0b11_01_10_00>(low, high));
            _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(pairs))
        }
    }

    #[inline(always)]
    fn permute(self, x: __m256, index: __m256) -> __m256 {
        avx2!(_mm256_permutevar8x32_ps(x, _mm256_castps_si256(index)))
    }

    #[inline(always)]
    fn interleave(self, a: __m256, b: __m256) -> [__m256; 2] {
        avx2!({
            let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            [_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high)]
        })
    }

    #[inline(always)]
    fn prefetch(self, line: *const f32) {
        avx2!(_mm_prefetch::<_MM_HINT_T1>(line.cast()))
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        avx2!(_mm256_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        avx2!(_mm256_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        avx2!(_mm256_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        avx2!(_mm256_div_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        avx2!(_mm256_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn at_least(self, x: __m256, low: __m256) -> __m256 {
        // If one operand is NaN, the second operand wins.
        avx2!(_mm256_max_ps(low, x))
    }

    #[inline(always)]
    fn at_most(self, x: __m256, high: __m256) -> __m256 {
        avx2!(_mm256_min_ps(high, x))
    }

    #[inline(always)]
    fn larger(self, a: __m256, b: __m256) -> __m256 {
        avx2!(_mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps::<_CMP_UNORD_Q>(a, a)))
    }

    #[inline(always)]
    fn select(self, x: __m256, limit: __m256, above: __m256, below: __m256) -> __m256 {
        avx2!(_mm256_blendv_ps(below, above, _mm256_cmp_ps::<_CMP_GT_OQ>(x, limit)))
    }

    #[inline(always)]
    fn round(self, x: __m256) -> __m256 {
        avx2!(_mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x))
    }

    #[inline(always)]
    fn exp2(self, n: __m256) -> __m256 {
        avx2!({
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
        })
    }

    #[inline(always)]
    fn sum(self, x: __m256) -> f32 {
        avx2!({
            let four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        })
    }

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        avx2!(run(kernel))
    }
}
