//! Several vectors that are passed through a function together.

use super::{Kernel, Simd};

/// The number of vectors. An instruction has a latency of four cycles and two can start per cycle: with one vector,
/// each instruction would wait for the one before.
const N: usize = 4;

/// `N` vectors as one.
#[derive(Clone, Copy)]
pub(crate) struct Wide<S>(pub(crate) S);

/// An operation on each of the vectors.
macro_rules! each {
    ($simd:ident.$operation:ident($($x:ident),+)) => {{
        let mut y = [$simd.0.splat(0.0); N];
        for i in 0..N {
            y[i] = $simd.0.$operation($($x[i]),+);
        }
        y
    }};
}

macro_rules! operations {
    ($($operation:ident($($x:ident),+);)+) => {$(
        #[inline(always)]
        fn $operation(self, $($x: Self::F),+) -> Self::F {
            each!(self.$operation($($x),+))
        }
    )+};
}

impl<S: Simd> Simd for Wide<S> {
    type F = [S::F; N];
    const LANES: usize = N * S::LANES;
    /// Tiles of several wide vectors are not used.
    const POSITIONS: [usize; 4] = [1; 4];
    const ROWS: [usize; 3] = [1; 3];

    operations! {
        add(a, b);
        sub(a, b);
        mul(a, b);
        div(a, b);
        recip(x);
        mul_add(a, b, c);
        at_least(x, low);
        at_most(x, high);
        larger(a, b);
        select(x, limit, above, below);
        round(x);
        exp2(n);
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        [self.0.splat(x); N]
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::F {
        let from = &from[..Self::LANES];
        // SAFETY: the slice has as many elements.
        unsafe { self.load_from(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, x: Self::F, to: &mut [f32]) {
        let to = &mut to[..Self::LANES];
        // SAFETY: the slice has as many elements.
        unsafe { self.store_to(x, to.as_mut_ptr()) }
    }

    #[inline(always)]
    unsafe fn load_from(self, from: *const f32) -> Self::F {
        let mut x = self.splat(0.0);
        for i in 0..N {
            // SAFETY: the caller guarantees `N` vectors.
            x[i] = unsafe { self.0.load_from(from.add(i * S::LANES)) };
        }
        x
    }

    #[inline(always)]
    unsafe fn store_to(self, x: Self::F, to: *mut f32) {
        for i in 0..N {
            // SAFETY: the caller guarantees `N` vectors.
            unsafe { self.0.store_to(x[i], to.add(i * S::LANES)) };
        }
    }

    #[inline(always)]
    fn sum(self, x: Self::F) -> f32 {
        let mut sum = x[0];
        for i in 1..N {
            sum = self.0.add(sum, x[i]);
        }
        self.0.sum(sum)
    }

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        self.0.call(kernel)
    }
}
