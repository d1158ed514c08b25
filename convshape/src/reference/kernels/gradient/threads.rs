//! Several threads, where the library was built with them and the work pays for them.

/// Multiply-adds below which no other thread is woken: that takes microseconds.
const LEAST_WORK: usize = 1 << 20;

/// Runs `f` on each chunk of `size` elements, and its number. Chunks do not depend on the threads.
pub(super) fn chunks<T: Send>(y: &mut [T], size: usize, work: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    let chunks = y.chunks_mut(size.max(1)).enumerate();
    if work < LEAST_WORK {
        chunks.for_each(|(index, y)| f(index, y));
    } else {
        crate::cpu::for_each(work, chunks, &|(index, y)| f(index, y));
    }
}
