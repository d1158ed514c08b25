//! Several threads, where the work pays for them.

use std::ops::Range;

/// How the outputs of a step can be shared out: whole samples, or units of one sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    /// Elements of a sample.
    pub(super) sample: usize,
    /// How many units a sample has, where the first starts and how far apart they are.
    pub(super) units: usize,
    pub(super) origin: usize,
    pub(super) step: usize,
}

/// Computes some samples, or some units of one; the outputs given to it start at the second argument.
type Part<'a> = dyn Fn(&mut [f32], usize, Range<usize>, Range<usize>) + Sync + 'a;

impl Spread {
    /// Computes all samples, `work` multiply-adds each, on as many threads as pay.
    pub(super) fn run(&self, work: usize, samples: usize, y: &mut [f32], part: &Part<'_>) {
        let tasks = tasks(work * samples);
        if tasks > 1 && samples >= 2 * tasks {
            let share = samples.div_ceil(tasks);
            chunks(y, share * self.sample, &|index, y| {
                let first = index * share;
                if first < samples {
                    part(y, first * self.sample, first..samples.min(first + share), 0..self.units);
                }
            });
        } else if tasks > 1 && self.units > 1 {
            let share = self.units.div_ceil(tasks);
            for sample in 0..samples {
                let base = sample * self.sample + self.origin;
                let end = ((sample + 1) * self.sample).min(y.len());
                chunks(&mut y[base..end], share * self.step, &|index, y| {
                    let units = index * share..self.units.min((index + 1) * share);
                    if !units.is_empty() {
                        part(y, base + index * share * self.step, sample..sample + 1, units);
                    }
                });
            }
        } else {
            part(y, 0, 0..samples, 0..self.units);
        }
    }
}

/// Multiply-adds that a thread should have at least: waking one takes microseconds.
#[cfg(feature = "rayon")]
const LEAST_WORK: usize = 1 << 20;

/// How many threads to spread that many multiply-adds over.
#[cfg(feature = "rayon")]
fn tasks(work: usize) -> usize {
    if work < 2 * LEAST_WORK { 1 } else { rayon::current_num_threads().min(work / LEAST_WORK) }
}

#[cfg(not(feature = "rayon"))]
fn tasks(_: usize) -> usize {
    1
}

/// Runs `f` on each chunk of `y`, and its number.
#[cfg(feature = "rayon")]
fn chunks(y: &mut [f32], size: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
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
fn chunks(y: &mut [f32], size: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
    for (index, y) in y.chunks_mut(size).enumerate() {
        f(index, y);
    }
}

/// Runs `f` on pieces of `y` and the place of each, as many as threads pay for that many
/// multiply-adds. `boundary` moves a place to where `y` may be cut.
#[cfg(feature = "train")]
pub(super) fn pieces(
    y: &mut [f32],
    work: usize,
    boundary: &(dyn Fn(usize) -> usize + Sync),
    f: &(dyn Fn(usize, &mut [f32]) + Sync),
) {
    cut(y, 0, tasks(work), boundary, f);
}

#[cfg(all(feature = "train", feature = "rayon"))]
fn cut(
    y: &mut [f32],
    first: usize,
    pieces: usize,
    boundary: &(dyn Fn(usize) -> usize + Sync),
    f: &(dyn Fn(usize, &mut [f32]) + Sync),
) {
    let half = pieces / 2;
    let middle = if pieces > 1 { boundary(first + y.len() * half / pieces) } else { first };
    if middle <= first || middle >= first + y.len() {
        return f(first, y);
    }
    let (low, high) = y.split_at_mut(middle - first);
    rayon::join(|| cut(low, first, half, boundary, f), || cut(high, middle, pieces - half, boundary, f));
}

#[cfg(all(feature = "train", not(feature = "rayon")))]
fn cut(
    y: &mut [f32],
    first: usize,
    _: usize,
    _: &(dyn Fn(usize) -> usize + Sync),
    f: &(dyn Fn(usize, &mut [f32]) + Sync),
) {
    f(first, y);
}

/// Does two things of so much work each, side by side if that pays.
#[cfg(feature = "train")]
pub(super) fn both(work: usize, a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    #[cfg(feature = "rayon")]
    if tasks(2 * work) > 1 {
        rayon::join(a, b);
        return;
    }
    let _ = work;
    a();
    b();
}
