//! Several threads, for large enough work.
//!
//! A step is divided into parts whose results do not depend on the thread that computes them. A batch is divided by
//! samples before it runs.

#[cfg(feature = "rayon")]
mod team;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::vec::Vec;

#[cfg(feature = "rayon")]
use super::tuning::LEAST_RUN;
use super::tuning::LEAST_WORK;

/// How many threads a run may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Threads(usize);

/// The threads for `work` multiply-adds: those of the pool that the caller runs in, or the library's own helpers.
/// Outside of a pool rayon is not asked, as that would start its global pool, which is the program's to configure.
#[cfg(feature = "rayon")]
pub(super) fn threads(work: usize) -> Threads {
    if work < 2 * LEAST_RUN {
        return Threads::ONE;
    }
    let available =
        if rayon::current_thread_index().is_some() { rayon::current_num_threads() } else { team::threads() };
    Threads(available.min(work / LEAST_RUN))
}

#[cfg(not(feature = "rayon"))]
pub(super) fn threads(_: usize) -> Threads {
    Threads::ONE
}

impl Threads {
    pub(super) const ONE: Threads = Threads(1);

    pub(super) fn count(self) -> usize {
        self.0
    }

    /// Wakes the threads before a run has work for them.
    pub(super) fn wake(self) {
        #[cfg(feature = "rayon")]
        if self != Threads::ONE && rayon::current_thread_index().is_none() {
            team::wake(self.0);
        }
    }

    /// Calls `f` with every number below `parts`.
    pub(super) fn share(self, parts: usize, f: &(dyn Fn(usize) + Sync)) {
        #[cfg(feature = "rayon")]
        if self != Threads::ONE && parts > 1 {
            return match rayon::current_thread_index() {
                // In the caller's pool, its idle threads help.
                Some(_) => halve(0..parts, f),
                None => team::share(self.0, parts, f),
            };
        }
        (0..parts).for_each(f);
    }

    /// Calls `f` with each chunk of `size` elements of `y` and its index. Does not allocate.
    pub(super) fn share_chunks(self, y: &mut [f32], size: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        #[cfg(feature = "rayon")]
        if self != Threads::ONE && size < y.len() {
            return match rayon::current_thread_index() {
                Some(_) => halve_chunks(y, size, 0, f),
                None => team::share_chunks(self.0, y, size, f),
            };
        }
        y.chunks_mut(size).enumerate().for_each(|(index, y)| f(index, y));
    }

    /// Calls `f` with each item.
    pub(super) fn each<T: Send>(self, things: impl Iterator<Item = T>, f: &(dyn Fn(T) + Sync)) {
        let things: Vec<Mutex<Option<T>>> = things.map(|thing| Mutex::new(Some(thing))).collect();
        self.share(things.len(), &|part| take(&things[part]).into_iter().for_each(f));
    }
}

/// Takes an item that no thread has taken yet.
pub(super) fn take<T>(thing: &Mutex<Option<T>>) -> Option<T> {
    thing.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(feature = "rayon")]
fn halve(parts: Range<usize>, f: &(dyn Fn(usize) + Sync)) {
    if parts.len() == 1 {
        return f(parts.start);
    }
    let middle = parts.start + parts.len() / 2;
    rayon::join(|| halve(parts.start..middle, f), || halve(middle..parts.end, f));
}

/// Unlike an iterator's halves, these allocate nothing.
#[cfg(feature = "rayon")]
fn halve_chunks(y: &mut [f32], size: usize, first: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
    let count = y.len().div_ceil(size);
    if count <= 1 {
        return f(first, y);
    }
    let half = count / 2;
    let (low, high) = y.split_at_mut(half * size);
    rayon::join(|| halve_chunks(low, size, first, f), || halve_chunks(high, size, first + half, f));
}

/// How the outputs of a step can be divided: into whole samples, or units of one sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    /// Elements of a sample.
    pub(super) sample: usize,
    /// The number of units of a sample, the offset of the first, and the stride between them.
    pub(super) units: usize,
    pub(super) origin: usize,
    pub(super) step: usize,
}

/// Computes some samples, or some units of one. The second argument is the offset of the given outputs.
type Part<'a> = dyn Fn(&mut [f32], usize, Range<usize>, Range<usize>) + Sync + 'a;

impl Spread {
    /// Whole samples only.
    pub(super) fn samples(sample: usize) -> Spread {
        Spread { sample, units: 1, origin: 0, step: sample }
    }

    /// Computes the first `units` units of one sample on as many threads as are worth waking; all units together are
    /// `work` multiply-adds. `y` begins `base` elements after the sample.
    pub(super) fn run_some(
        &self,
        threads: Threads,
        work: usize,
        units: usize,
        (y, base): (&mut [f32], usize),
        part: &Part<'_>,
    ) {
        let tasks = threads.0.min(work * units / self.units.max(1) / LEAST_WORK);
        if tasks < 2 || units < 2 {
            return part(y, base, 0..1, 0..units);
        }
        let share = units.div_ceil(tasks);
        let end = y.len().min(self.origin + units * self.step - base);
        threads.share_chunks(&mut y[self.origin - base..end], share * self.step, &|index, y| {
            let first = index * share;
            let own = first..units.min(first + share);
            if !own.is_empty() {
                part(y, self.origin + first * self.step, 0..1, own);
            }
        });
    }

    /// Computes all samples, `work` multiply-adds each, on as many threads as are worth waking.
    pub(super) fn run(&self, threads: Threads, work: usize, samples: usize, y: &mut [f32], part: &Part<'_>) {
        let tasks = threads.0.min(work * samples / LEAST_WORK);
        if tasks > 1 && samples >= 2 * tasks {
            let share = samples.div_ceil(tasks);
            threads.share_chunks(y, share * self.sample, &|index, y| {
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
                threads.share_chunks(&mut y[base..end], share * self.step, &|index, y| {
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

impl Threads {
    /// Runs two functions of `work` multiply-adds each, in parallel if that is faster.
    #[cfg(feature = "train")]
    pub(super) fn both(self, work: usize, a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
        // With more than two threads, each function divides its own work instead.
        if self.0 != 2 || work < LEAST_WORK {
            a();
            b();
            return;
        }
        let (a, b) = (Mutex::new(Some(a)), Mutex::new(Some(b)));
        self.share(2, &|part| match part {
            0 => take(&a).into_iter().for_each(|a| a()),
            _ => take(&b).into_iter().for_each(|b| b()),
        });
    }

    /// Calls `f` with parts of `y` and their offsets: one part per thread that is worth waking for `work`
    /// multiply-adds. `boundary` moves an offset to where `y` may be divided.
    #[cfg(feature = "train")]
    pub(super) fn pieces(
        self,
        mut y: &mut [f32],
        work: usize,
        boundary: &(dyn Fn(usize) -> usize + Sync),
        f: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) {
        let (count, pieces) = (y.len(), self.0.min(work / LEAST_WORK).max(1));
        let mut first = 0;
        let pieces = (1..=pieces).map(|piece| {
            let end = if piece == pieces { count } else { boundary(count * piece / pieces).clamp(first, count) };
            let (own, rest) = std::mem::take(&mut y).split_at_mut(end - first);
            y = rest;
            (std::mem::replace(&mut first, end), own)
        });
        self.each(pieces.filter(|(_, y)| !y.is_empty()), &|(first, y)| f(first, y));
    }
}
