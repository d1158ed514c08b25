//! AVX-512F.

use core::arch::x86_64::*;

use super::{Kernel, Simd};

/// Only [`run`] creates it.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

/// Runs a kernel as a function of its own.
///
/// # Safety
/// The processor must have AVX-512F.
#[inline(never)]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx512(()))
}

/// Calls an intrinsic that needs AVX-512F and nothing else.
macro_rules! avx512 {
    ($call:expr) => {
        // SAFETY: an `Avx512` exists only inside `run`, whose caller made sure of the instructions.
        unsafe { $call }
    };
}

impl Avx512 {
    /// The columns of a matrix with these rows.
    #[inline(always)]
    fn turned(self, mut a: [__m512; 16]) -> [__m512; 16] {
        let mut b = [self.splat(0.0); 16];
        // Pairs, then fours of neighbours, within each quarter of a vector ..
        for i in 0..8 {
            b[2 * i] = avx512!(_mm512_unpacklo_ps(a[2 * i], a[2 * i + 1]));
            b[2 * i + 1] = avx512!(_mm512_unpackhi_ps(a[2 * i], a[2 * i + 1]));
        }
        for i in 0..4 {
            let [p, q, r, s] = [b[4 * i], b[4 * i + 1], b[4 * i + 2], b[4 * i + 3]];
            a[4 * i] = avx512!(_mm512_shuffle_ps::<0x44>(p, r));
            a[4 * i + 1] = avx512!(_mm512_shuffle_ps::<0xee>(p, r));
            a[4 * i + 2] = avx512!(_mm512_shuffle_ps::<0x44>(q, s));
            a[4 * i + 3] = avx512!(_mm512_shuffle_ps::<0xee>(q, s));
        }
        // .. then the quarters.
        for i in 0..4 {
            let [p, q, r, s] = [a[i], a[4 + i], a[8 + i], a[12 + i]];
            let low = avx512!(_mm512_shuffle_f32x4::<0x88>(p, q));
            let high = avx512!(_mm512_shuffle_f32x4::<0xdd>(p, q));
            let low_2 = avx512!(_mm512_shuffle_f32x4::<0x88>(r, s));
            let high_2 = avx512!(_mm512_shuffle_f32x4::<0xdd>(r, s));
            b[i] = avx512!(_mm512_shuffle_f32x4::<0x88>(low, low_2));
            b[4 + i] = avx512!(_mm512_shuffle_f32x4::<0x88>(high, high_2));
            b[8 + i] = avx512!(_mm512_shuffle_f32x4::<0xdd>(low, low_2));
            b[12 + i] = avx512!(_mm512_shuffle_f32x4::<0xdd>(high, high_2));
        }
        b
    }
}

impl Simd for Avx512 {
    type F = __m512;
    const LANES: usize = 16;
    const POSITIONS: [usize; 4] = [12, 8, 8, 6];
    const ROWS: [usize; 3] = [12, 12, 6];

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        avx512!(_mm512_set1_ps(x))
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> __m512 {
        let from: &[f32; 16] = from.first_chunk().expect("a whole vector");
        // SAFETY: as in `avx512!`; an array of 16 elements is readable.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, x: __m512, to: &mut [f32]) {
        let to: &mut [f32; 16] = to.first_chunk_mut().expect("room for a whole vector");
        // SAFETY: as in `avx512!`; an array of 16 elements is writable.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), x) }
    }

    #[inline(always)]
    unsafe fn load_from(self, from: *const f32) -> __m512 {
        // SAFETY: as in `avx512!`; the caller guarantees 16 elements.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store_to(self, x: __m512, to: *mut f32) {
        // SAFETY: as in `avx512!`; the caller guarantees 16 elements.
        unsafe { _mm512_storeu_ps(to, x) }
    }

    #[inline(always)]
    unsafe fn load_even(self, from: *const f32) -> __m512 {
        // The second vector starts one element early, so that it ends with the last element needed. SAFETY: as in
        // `avx512!`; the caller guarantees 31 elements.
        unsafe {
            let (low, high) = (_mm512_loadu_ps(from), _mm512_loadu_ps(from.add(15)));
            let lanes = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31);
            _mm512_permutex2var_ps(low, lanes, high)
        }
    }

    #[inline(always)]
    fn permute(self, x: __m512, index: __m512) -> __m512 {
        avx512!(_mm512_permutexvar_ps(_mm512_castps_si512(index), x))
    }

    #[inline(always)]
    fn interleave(self, a: __m512, b: __m512) -> [__m512; 2] {
        avx512!({
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            [_mm512_permutex2var_ps(a, low, b), _mm512_permutex2var_ps(a, high, b)]
        })
    }

    #[inline(always)]
    fn prefetch(self, line: *const f32) {
        avx512!(_mm_prefetch::<_MM_HINT_T1>(line.cast()))
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn recip(self, x: __m512) -> __m512 {
        // 14 bits, doubled by a step of Newton's method; a division takes as long as eight multiplications.
        avx512!({
            let guess = _mm512_rcp14_ps(x);
            _mm512_fmadd_ps(guess, _mm512_fnmadd_ps(x, guess, _mm512_set1_ps(1.0)), guess)
        })
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        avx512!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn at_least(self, x: __m512, low: __m512) -> __m512 {
        // If one operand is NaN, the second operand wins.
        avx512!(_mm512_max_ps(low, x))
    }

    #[inline(always)]
    fn at_most(self, x: __m512, high: __m512) -> __m512 {
        avx512!(_mm512_min_ps(high, x))
    }

    #[inline(always)]
    fn larger(self, a: __m512, b: __m512) -> __m512 {
        avx512!(_mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a), _mm512_max_ps(a, b), a))
    }

    #[inline(always)]
    fn select(self, x: __m512, limit: __m512, above: __m512, below: __m512) -> __m512 {
        avx512!(_mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, limit), below, above))
    }

    #[inline(always)]
    fn round(self, x: __m512) -> __m512 {
        avx512!(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x))
    }

    #[inline(always)]
    fn exp2(self, n: __m512) -> __m512 {
        avx512!(_mm512_scalef_ps(_mm512_set1_ps(1.0), n))
    }

    #[inline(always)]
    fn sum(self, x: __m512) -> f32 {
        avx512!(_mm512_reduce_add_ps(x))
    }

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        avx512!(run(kernel))
    }

    #[inline(always)]
    fn store_some(self, x: __m512, to: &mut [f32], count: usize) {
        if count >= 16 {
            return self.store(x, to);
        }
        let to = &mut to[..count];
        // SAFETY: as in `avx512!`; the lanes that the mask leaves out are not written, the others are
        // the elements of `to`.
        unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), (1 << count) - 1, x) }
    }

    #[inline(always)]
    fn load_some(self, from: &[f32], count: usize) -> __m512 {
        if from.len() >= 16 {
            return self.load(from);
        }
        let from = &from[..count];
        // SAFETY: as in `avx512!`; the lanes that the mask leaves out are not read, the others are the
        // elements of `from`.
        unsafe { _mm512_maskz_loadu_ps((1 << count) - 1, from.as_ptr()) }
    }

    #[inline(always)]
    fn transpose(self, x: &[f32], x_step: usize, y: &mut [f32], y_step: usize, [rows, columns]: [usize; 2]) {
        let (rows, columns) = (rows.min(16), columns.min(16));
        if rows == 0 || columns == 0 {
            return;
        }
        let (x, y) = (&x[..(rows - 1) * x_step + columns], &mut y[..(columns - 1) * y_step + rows]);
        let (row, column) = (u16::MAX >> (16 - columns), u16::MAX >> (16 - rows));
        let mut a = [self.splat(0.0); 16];
        for i in 0..16 {
            // A row that is not there is read as the last one, and no column is stored beyond the rows.
            let at = i.min(rows - 1) * x_step;
            // SAFETY: as in `avx512!`; the mask leaves out what is after the first `columns` elements, and those of row
            // `rows - 1` are the last ones of `x`.
            a[i] = unsafe { _mm512_maskz_loadu_ps(row, x.as_ptr().add(at)) };
        }
        let b = self.turned(a);
        for i in 0..16 {
            if i < columns {
                // SAFETY: as in `avx512!`; the mask leaves out what is after the first `rows` elements, and those of
                // column `columns - 1` are the last ones of `y`.
                unsafe { _mm512_mask_storeu_ps(y.as_mut_ptr().add(i * y_step), column, b[i]) };
            }
        }
    }

    #[inline(always)]
    fn sums(self, x: &[__m512; 16]) -> [f32; 16] {
        // Each step adds lanes of one sum and merges two vectors into one.
        let mut two = [self.splat(0.0); 8];
        for i in 0..8 {
            let (a, b) = (x[2 * i], x[2 * i + 1]);
            two[i] = avx512!(_mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b)));
        }
        let mut four = [self.splat(0.0); 4];
        for i in 0..4 {
            let (a, b) = (two[2 * i], two[2 * i + 1]);
            four[i] = avx512!(_mm512_add_ps(_mm512_shuffle_ps::<0x44>(a, b), _mm512_shuffle_ps::<0xee>(a, b)));
        }
        let mut eight = [self.splat(0.0); 2];
        for i in 0..2 {
            let (a, b) = (four[2 * i], four[2 * i + 1]);
            eight[i] = avx512!(_mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b)));
        }
        let [a, b] = eight;
        let all = avx512!(_mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b)));
        let mut sums = [0.0; 16];
        self.store(all, &mut sums);
        sums
    }
}
