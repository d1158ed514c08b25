//! Vectors of `f32` on each instruction set.
//!
//! A kernel is written once over [`Simd`] and compiled for every instruction set; [`Level::run`] chooses at run time.
//! All `unsafe` code of the library is in this module, except for the sharing of work among threads.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod planar;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod portable;
mod product;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(feature = "train")]
mod weight_gradient;
mod wide;

use std::sync::OnceLock;

/// The vectors that every processor of the target has.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use self::portable::Portable as Baseline;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use self::wasm::Wasm as Baseline;

pub(crate) use self::planar::{PlanarTaps, planar, slide};
pub(crate) use self::product::{MOST_COLUMNS, Runs, depthwise, depthwise_any, dots, grouped, panel, products, store};
#[cfg(feature = "train")]
pub(crate) use self::weight_gradient::{Walk, outer};
pub(crate) use self::wide::Wide;

/// One instruction set. A value of such a type exists only where the processor has the instructions.
pub(crate) trait Simd: Copy + Send + Sync {
    /// A vector: [`Simd::LANES`] numbers and nothing else.
    type F: Copy;
    /// The number of lanes of a vector.
    const LANES: usize;
    /// The most positions of a tile of 1 to 4 vectors of channels for which its sums, a row of weights, an input and the
    /// address of each position stay in registers.
    const POSITIONS: [usize; 4];
    /// The most positions of a tile of 1, 2 and 4 vectors if its positions share an address.
    const ROWS: [usize; 3];
    /// The most vectors in a panel of channels. With this many, registers hold at least four positions.
    const PANEL: usize = match Self::POSITIONS {
        [_, _, _, rest] if rest >= 4 => 4,
        [_, _, rest, _] if rest >= 4 => 3,
        _ => 2,
    };

    fn splat(self, x: f32) -> Self::F;
    /// The first [`Simd::LANES`] elements.
    ///
    /// # Panics
    /// If there are fewer.
    fn load(self, from: &[f32]) -> Self::F;
    /// The inverse of [`Simd::load`].
    ///
    /// # Panics
    /// If there is too little space.
    fn store(self, x: Self::F, to: &mut [f32]);
    /// [`Simd::load`] without a check.
    ///
    /// # Safety
    /// `from` must be valid for reads of [`Simd::LANES`] elements.
    unsafe fn load_from(self, from: *const f32) -> Self::F;
    /// [`Simd::store`] without a check.
    ///
    /// # Safety
    /// `to` must be valid for writes of [`Simd::LANES`] elements.
    unsafe fn store_to(self, x: Self::F, to: *mut f32);
    /// Every second of `2 * LANES - 1` elements.
    ///
    /// # Safety
    /// `from` must be valid for reads of that many elements.
    #[inline(always)]
    unsafe fn load_even(self, from: *const f32) -> Self::F {
        let mut lanes = [0.0; MOST_LANES];
        for i in 0..Self::LANES {
            // SAFETY: the caller guarantees the elements up to `2 * LANES - 2`.
            lanes[i] = unsafe { from.add(2 * i).read() };
        }
        self.load(&lanes)
    }

    /// Prefetches the cache line at an address, which need not be valid: nothing is read.
    #[inline(always)]
    fn prefetch(self, _: *const f32) {}

    /// The lanes of `x` whose numbers are the bits of `index`.
    #[inline(always)]
    fn permute(self, x: Self::F, index: Self::F) -> Self::F {
        let mut lanes = [[0.0; MOST_LANES]; 2];
        self.store(x, &mut lanes[0]);
        self.store(index, &mut lanes[1]);
        let [from, index] = lanes;
        self.load(&index.map(|index| from[index.to_bits() as usize % Self::LANES]))
    }

    /// The lanes of `a` and `b` interleaved, as two vectors.
    #[inline(always)]
    fn interleave(self, a: Self::F, b: Self::F) -> [Self::F; 2] {
        let mut lanes = [[0.0; MOST_LANES]; 2];
        self.store(a, &mut lanes[0]);
        self.store(b, &mut lanes[1]);
        let mut turns = [0.0; 2 * MOST_LANES];
        for i in 0..Self::LANES {
            (turns[2 * i], turns[2 * i + 1]) = (lanes[0][i], lanes[1][i]);
        }
        [self.load(&turns), self.load(&turns[Self::LANES..])]
    }

    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `1 / x`, accurate to a few units in the last place, if `x` and its inverse are normal numbers.
    #[inline(always)]
    fn recip(self, x: Self::F) -> Self::F {
        self.div(self.splat(1.0), x)
    }
    /// `a * b + c`
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `max(x, low)`; propagates NaN.
    fn at_least(self, x: Self::F, low: Self::F) -> Self::F;
    /// `min(x, high)`; propagates NaN.
    fn at_most(self, x: Self::F, high: Self::F) -> Self::F;
    /// The larger of both; NaN if either is.
    fn larger(self, a: Self::F, b: Self::F) -> Self::F;
    /// `above` if `x > limit`, otherwise `below`.
    fn select(self, x: Self::F, limit: Self::F, above: Self::F, below: Self::F) -> Self::F;
    /// The nearest integer.
    fn round(self, x: Self::F) -> Self::F;
    /// `2^n` for integers from -126 to 127.
    fn exp2(self, n: Self::F) -> Self::F;
    /// The sum of all lanes.
    fn sum(self, x: Self::F) -> f32;

    /// The largest lane, in all lanes; NaN if one is.
    #[inline(always)]
    fn largest(self, x: Self::F) -> Self::F {
        let mut largest = x;
        let mut half = Self::LANES / 2;
        while half > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "less than the lanes of a vector")]
            let across: [f32; MOST_LANES] = core::array::from_fn(|lane| f32::from_bits((lane ^ half) as u32));
            largest = self.larger(largest, self.permute(largest, self.load(&across)));
            half /= 2;
        }
        largest
    }

    /// Vectors as their lanes.
    #[inline(always)]
    fn elements(x: &mut [Self::F]) -> &mut [f32] {
        const { assert!(size_of::<Self::F>() == Self::LANES * size_of::<f32>()) };
        // SAFETY: the size of a vector is that of its lanes, and every bit pattern is a number.
        unsafe { core::slice::from_raw_parts_mut(x.as_mut_ptr().cast(), x.len() * Self::LANES) }
    }

    /// Runs another kernel as a function that is not inlined, which keeps the code small.
    fn call<K: Kernel>(self, kernel: K) -> K::Output;

    /// Loads the first `count` elements, or a whole vector if that is smaller; the other lanes are arbitrary.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline(always)]
    fn load_some(self, from: &[f32], count: usize) -> Self::F {
        if from.len() >= Self::LANES {
            return self.load(from);
        }
        let mut lanes = [0.0; MOST_LANES];
        lanes[..count].copy_from_slice(&from[..count]);
        self.load(&lanes)
    }

    /// Stores the first `count` lanes, or all lanes if there are fewer.
    ///
    /// # Panics
    /// If there is too little space.
    #[inline(always)]
    fn store_some(self, x: Self::F, to: &mut [f32], count: usize) {
        if count >= Self::LANES {
            self.store(x, to);
        } else {
            let mut lanes = [0.0; MOST_LANES];
            self.store(x, &mut lanes);
            to[..count].copy_from_slice(&lanes[..count]);
        }
    }

    /// Transposes a block of at most 16 rows and columns. Each side is a slice with the stride of its rows.
    ///
    /// # Panics
    /// If a row extends past its side.
    #[inline(always)]
    fn transpose(self, x: &[f32], x_step: usize, y: &mut [f32], y_step: usize, [rows, columns]: [usize; 2]) {
        for row in (0..rows).step_by(Self::LANES) {
            for column in (0..columns).step_by(Self::LANES) {
                let counts = [Self::LANES.min(rows - row), Self::LANES.min(columns - column)];
                let mut a = [self.splat(0.0); MOST_LANES];
                for i in 0..counts[0] {
                    a[i] = self.load_some(&x[(row + i) * x_step + column..], counts[1]);
                }
                // Each perfect shuffle of all elements rotates the bits of their indices by one.
                for _ in 0..Self::LANES.ilog2() {
                    let halves = a;
                    for i in 0..Self::LANES / 2 {
                        [a[2 * i], a[2 * i + 1]] = self.interleave(halves[i], halves[i + Self::LANES / 2]);
                    }
                }
                for i in 0..counts[1] {
                    self.store_some(a[i], &mut y[(column + i) * y_step + row..], counts[0]);
                }
            }
        }
    }

    /// The sum of all lanes of each vector.
    #[inline(always)]
    fn sums(self, x: &[Self::F; MOST_LANES]) -> [f32; MOST_LANES] {
        let mut sums = [0.0; MOST_LANES];
        for i in 0..MOST_LANES {
            sums[i] = self.sum(x[i]);
        }
        sums
    }
}

/// The most lanes of any set.
pub(crate) const MOST_LANES: usize = 16;

/// The instruction sets that a kernel is compiled for. If a set gains little, less code is better.
#[derive(PartialEq)]
#[cfg_attr(target_arch = "wasm32", allow(dead_code, reason = "with `simd128` there is one set, which has all kernels"))]
pub(crate) enum Sets {
    All,
    /// All but the portable set, which runs a more general kernel instead: see [`Level::is_portable`].
    NotPortable,
    /// All except AVX-512, which runs AVX2's code: the kernel rarely takes much of a chain's time.
    NotAvx512,
}

/// Code that is compiled for each instruction set.
pub(crate) trait Kernel {
    type Output;
    #[cfg_attr(target_arch = "wasm32", allow(dead_code, reason = "as of `Sets`"))]
    const SETS: Sets = Sets::All;
    /// Must be `#[inline(always)]`, like every function with vectors that it calls: otherwise it is not compiled for
    /// the set.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// An instruction set that this processor has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Level(Set);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Baseline,
}

impl Level {
    /// All levels that this processor supports, the best first.
    pub(crate) fn all() -> impl Iterator<Item = Level> {
        #[cfg(target_arch = "x86_64")]
        let avx2 = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
        let sets = [
            #[cfg(target_arch = "x86_64")]
            (avx2 && std::is_x86_feature_detected!("avx512f")).then_some(Set::Avx512),
            #[cfg(target_arch = "x86_64")]
            avx2.then_some(Set::Avx2),
            #[cfg(target_arch = "aarch64")]
            std::arch::is_aarch64_feature_detected!("neon").then_some(Set::Neon),
            Some(Set::Baseline),
        ];
        sets.into_iter().flatten().map(Level)
    }

    /// The best level. For measurements, the environment variable `CONVSHAPE_SIMD` limits it to `avx2` or `portable`.
    pub(crate) fn best() -> Level {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| {
            let most = std::env::var("CONVSHAPE_SIMD").unwrap_or_default();
            let allowed = |level: &Level| match &most[..] {
                #[cfg(target_arch = "x86_64")]
                "avx2" => level.0 != Set::Avx512,
                "portable" => level.0 == Set::Baseline,
                _ => true,
            };
            Level::all().find(allowed).unwrap_or(Level(Set::Baseline))
        })
    }

    /// Runs a kernel with this instruction set.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            // SAFETY: a level with AVX-512 comes from `all` alone, which detected AVX2 too.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 if const { matches!(K::SETS, Sets::NotAvx512) } => unsafe { avx2::run(kernel) },
            // SAFETY: such a level comes from `all` alone, which detected the instructions.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512::run(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { avx2::run(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Set::Neon => unsafe { neon::run(kernel) },
            Set::Baseline => Baseline.call(kernel),
        }
    }

    /// Whether [`Sets::NotPortable`] kernels are not compiled for it.
    pub(crate) fn is_portable(self) -> bool {
        let baseline_is_portable = cfg!(not(all(target_arch = "wasm32", target_feature = "simd128")));
        baseline_is_portable && self.0 == Set::Baseline
    }

    /// [`Simd::LANES`].
    pub(crate) fn lanes(self) -> usize {
        self.run(Lanes)
    }

    /// [`Simd::POSITIONS`].
    pub(crate) fn positions(self) -> [usize; 4] {
        self.run(VectorSizes).0
    }

    /// [`Simd::ROWS`].
    pub(crate) fn rows(self) -> [usize; 3] {
        self.run(VectorSizes).1
    }

    /// [`Simd::PANEL`].
    pub(crate) fn panel(self) -> usize {
        self.run(VectorSizes).2
    }
}

struct Lanes;

impl Kernel for Lanes {
    type Output = usize;
    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> usize {
        S::LANES
    }
}

struct VectorSizes;

impl Kernel for VectorSizes {
    type Output = ([usize; 4], [usize; 3], usize);
    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> Self::Output {
        (S::POSITIONS, S::ROWS, S::PANEL)
    }
}
