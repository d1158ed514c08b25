//! Several threads, where the work pays for them.
//!
//! A run that is long enough moves to the pool as a whole, once, and keeps the pool's other threads
//! awake until it is done: its steps are then shared out within a microsecond. A batch is shared out
//! by samples, before it runs.

use std::ops::Range;

/// How many threads a run may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Threads(usize);

impl Threads {
    pub(super) const ONE: Threads = Threads(1);

    pub(super) fn count(self) -> usize {
        self.0
    }
}

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
    /// Whole samples alone.
    pub(super) fn samples(sample: usize) -> Spread {
        Spread { sample, units: 1, origin: 0, step: sample }
    }

    /// Computes all samples, `work` multiply-adds each, on as many threads as pay.
    pub(super) fn run(&self, threads: Threads, work: usize, samples: usize, y: &mut [f32], part: &Part<'_>) {
        let tasks = threads.0.min(work * samples / LEAST_WORK);
        if tasks > 1 && samples >= 2 * tasks {
            let share = samples.div_ceil(tasks);
            split(y, share * self.sample, 0, &|index, y| {
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
                split(&mut y[base..end], share * self.step, 0, &|index, y| {
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

/// Multiply-adds that a task should have at least, a few microseconds.
const LEAST_WORK: usize = 1 << 17;

/// Multiply-adds that a run should have at least for each thread: moving it to the pool, and waking
/// threads, takes ten microseconds and more.
#[cfg(feature = "rayon")]
const LEAST_RUN: usize = 3 << 18;

/// How many threads to spread that many multiply-adds over.
#[cfg(feature = "rayon")]
pub(super) fn threads(work: usize) -> Threads {
    if work < 2 * LEAST_RUN { Threads::ONE } else { Threads(rayon::current_num_threads().min(work / LEAST_RUN)) }
}

#[cfg(not(feature = "rayon"))]
pub(super) fn threads(_: usize) -> Threads {
    Threads::ONE
}

/// Runs `f` on each chunk of `y`, and its number. Halves until one chunk is left; unlike an
/// iterator's, this allocates nothing.
fn split(y: &mut [f32], size: usize, first: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
    let count = y.len().div_ceil(size);
    if count <= 1 {
        return f(first, y);
    }
    let half = count / 2;
    let (low, high) = y.split_at_mut(half * size);
    join(|| split(low, size, first, f), || split(high, size, first + half, f));
}

/// Both, on two threads if there are.
#[cfg(feature = "rayon")]
pub(super) fn join<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    rayon::join(a, b)
}

#[cfg(not(feature = "rayon"))]
pub(super) fn join<A, B>(a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
    (a(), b())
}

/// Runs `f` in the pool, whose other threads stay awake for what it shares out.
#[cfg(feature = "rayon")]
pub(super) fn together<R: Send>(threads: Threads, f: impl FnOnce() -> R + Send) -> R {
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Says that it is done, even if it panics.
    struct Done<'a>(&'a AtomicBool);

    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }

    fn help(threads: usize, done: &AtomicBool) {
        if threads > 1 {
            rayon::join(|| help(threads - 1, done), || help(1, done));
            return;
        }
        let mut idle = 0_u32;
        while !done.load(Ordering::Acquire) {
            if rayon::yield_now() == Some(rayon::Yield::Executed) {
                idle = 0;
            } else {
                idle += 1;
                // Long without work: another program may have some.
                if idle.is_multiple_of(1024) { std::thread::yield_now() } else { std::hint::spin_loop() }
            }
        }
    }

    if threads == Threads::ONE {
        return f();
    }
    let done = AtomicBool::new(false);
    let run = || {
        let _done = Done(&done);
        f()
    };
    rayon::join(run, || help(threads.0 - 1, &done)).0
}

#[cfg(not(feature = "rayon"))]
pub(super) fn together<R>(_: Threads, f: impl FnOnce() -> R) -> R {
    f()
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
    cut(y, 0, threads(work).count(), boundary, f);
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
    if threads(2 * work).count() > 1 {
        rayon::join(a, b);
        return;
    }
    let _ = work;
    a();
    b();
}
