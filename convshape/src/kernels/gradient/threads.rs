//! Several threads, where the library was built with them and the work pays for them.

/// Multiply-adds below which no other thread is woken: that takes microseconds.
#[cfg(feature = "rayon")]
const LEAST_WORK: usize = 1 << 20;

/// Runs `f` on each chunk of `size` elements, and its number. Chunks do not depend on the threads.
#[cfg(feature = "rayon")]
pub(super) fn chunks<T: Send>(y: &mut [T], size: usize, work: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    use rayon::prelude::*;

    if work < LEAST_WORK {
        y.chunks_mut(size.max(1)).enumerate().for_each(|(index, y)| f(index, y));
    } else {
        y.par_chunks_mut(size.max(1)).enumerate().for_each(|(index, y)| f(index, y));
    }
}

#[cfg(not(feature = "rayon"))]
pub(super) fn chunks<T>(y: &mut [T], size: usize, _: usize, f: impl Fn(usize, &mut [T])) {
    y.chunks_mut(size.max(1)).enumerate().for_each(|(index, y)| f(index, y));
}
