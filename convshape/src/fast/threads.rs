//! Several threads, where the work pays for them.

/// Multiply-adds that a thread should have at least: waking one takes microseconds.
#[cfg(feature = "rayon")]
const LEAST_WORK: usize = 1 << 20;

/// How many threads to spread that many multiply-adds over.
#[cfg(feature = "rayon")]
pub(super) fn tasks(work: usize) -> usize {
    if work < 2 * LEAST_WORK { 1 } else { rayon::current_num_threads().min(work / LEAST_WORK) }
}

#[cfg(not(feature = "rayon"))]
pub(super) fn tasks(_: usize) -> usize {
    1
}

/// Runs `f` on each chunk of `y`, and its number.
#[cfg(feature = "rayon")]
pub(super) fn chunks(y: &mut [f32], size: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
    split(y, size, 0, f);
}

/// Halves until one chunk is left; unlike an iterator's, this allocates nothing.
#[cfg(feature = "rayon")]
fn split(y: &mut [f32], size: usize, first: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
    let count = y.len().div_ceil(size);
    if count <= 1 {
        return f(first, y);
    }
    let half = count / 2;
    let (low, high) = y.split_at_mut(half * size);
    rayon::join(|| split(low, size, first, f), || split(high, size, first + half, f));
}

#[cfg(not(feature = "rayon"))]
pub(super) fn chunks(y: &mut [f32], size: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
    for (index, y) in y.chunks_mut(size).enumerate() {
        f(index, y);
    }
}
