//! Threads that help a run, and stay awake for a moment after it.
//!
//! A step of a run takes a few microseconds, about as long as waking a thread. So the helpers, which are the threads of
//! a separate pool, spin during a run and a little longer. A few atomic operations divide a step: the leader publishes
//! the number of parts, leader and helpers take one part after the other, and the leader goes on when all are done. A
//! helper that comes too late finds no part left; the leader does not wait for it.

use std::env;
use std::hint::spin_loop;
use std::num::NonZero;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::thread::{self, Thread};
use std::time::Instant;
use std::vec::Vec;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::cpu::tuning::LINGER;

/// The work of a round: a function that is called with the index of each part.
struct PartTask<'a>(&'a (dyn Fn(usize) + Sync));

/// The state that the leader publishes and the helpers read.
struct Team {
    /// Whether a run is currently the leader.
    led: AtomicBool,
    /// The range of parts that are not taken yet, and the round in the high bits.
    open: AtomicU64,
    /// The work of this round: valid for a thread that has taken a part, until it has reported the part as done.
    task: AtomicPtr<PartTask<'static>>,
    /// How many parts are done, and whether one panicked.
    done: AtomicUsize,
    failed: AtomicBool,
    /// One less than [`most_threads`].
    helpers: Vec<Helper>,
    /// The pool of the helpers, which never end. Without it the leader does all parts.
    pool: OnceLock<Option<ThreadPool>>,
}

#[derive(Default)]
struct Helper {
    thread: OnceLock<Thread>,
    asleep: AtomicBool,
}

/// The range of parts that are not taken yet; start and end are 16 bits of [`Team::open`] each.
fn parts(open: u64) -> Range<usize> {
    let [last @ .., _, _, _, _, _, _] = open.to_le_bytes();
    let [_, _, first @ .., _, _, _, _] = open.to_le_bytes();
    u16::from_le_bytes(first).into()..u16::from_le_bytes(last).into()
}

/// Added to [`Team::open`], these take a part from the start or from the end of the range.
const FIRST: u64 = 1 << 16;
const LAST: u64 = 1_u64.wrapping_neg();

/// The number of hardware threads, or fewer if `RAYON_NUM_THREADS` says so.
fn most_threads() -> usize {
    let available = thread::available_parallelism().map_or(1, NonZero::get);
    let wanted = env::var("RAYON_NUM_THREADS").ok().and_then(|count| count.parse().ok()).filter(|count| *count > 0);
    wanted.map_or(available, |wanted: usize| wanted.min(available))
}

static TEAM: LazyLock<Team> = LazyLock::new(|| {
    let helpers = most_threads() - 1;
    Team {
        led: AtomicBool::new(false),
        open: AtomicU64::new(0),
        task: AtomicPtr::new(ptr::null_mut()),
        done: AtomicUsize::new(0),
        failed: AtomicBool::new(false),
        helpers: (0..helpers).map(|_| Helper::default()).collect(),
        pool: OnceLock::new(),
    }
});

/// The team of the process.
fn team() -> &'static Team {
    let team = &*TEAM;
    team.pool.get_or_init(|| {
        let count = NonZero::new(team.helpers.len())?.get();
        let named = ThreadPoolBuilder::new().num_threads(count).thread_name(|_| "convshape".into());
        let pool = named.build().ok()?;
        pool.spawn_broadcast(|thread| team.help(&team.helpers[thread.index()]));
        Some(pool)
    });
    team
}

/// How many threads there are: the helpers and the one that leads them.
pub(super) fn threads() -> usize {
    TEAM.helpers.len() + 1
}

/// Wakes the helpers for a run on `threads` threads, before there is work for them.
pub(super) fn wake(threads: usize) {
    team().wake(threads);
}

/// Calls `f` with every number below `parts`, each once, on at most `threads` threads.
pub(super) fn share(threads: usize, parts: usize, f: &(dyn Fn(usize) + Sync)) {
    let team = team();
    // Another run has the helpers, or this is one of its parts.
    if parts > u16::MAX.into() || team.led.swap(true, Ordering::Acquire) {
        return (0..parts).for_each(f);
    }
    team.lead(threads, parts, f);
}

impl Team {
    fn wake(&self, threads: usize) {
        for helper in self.helpers.iter().take(threads.saturating_sub(1)) {
            if helper.asleep.load(Ordering::SeqCst) && helper.asleep.swap(false, Ordering::SeqCst) {
                helper.thread.get().into_iter().for_each(Thread::unpark);
            }
        }
    }

    fn lead(&self, threads: usize, parts: usize, f: &(dyn Fn(usize) + Sync)) {
        /// Waits for the helpers, even if the leader's own part panics.
        struct Round<'a>(&'a Team, usize);

        impl Drop for Round<'_> {
            fn drop(&mut self) {
                let Round(team, parts) = *self;
                // If the leader panicked, the remaining parts are never done.
                let mut left = 0;
                while team.take(FIRST).is_some() {
                    left += 1;
                }
                let mut idle = 0_u32;
                while team.done.load(Ordering::Acquire) + left < parts {
                    idle += 1;
                    // A helper that is not running needs the processor to start.
                    if idle.is_multiple_of(1024) { thread::yield_now() } else { spin_loop() }
                }
                team.led.store(false, Ordering::Release);
            }
        }

        let mut task = PartTask(f);
        self.task.store((&raw mut task).cast(), Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        self.failed.store(false, Ordering::Relaxed);
        let round = (self.open.load(Ordering::Relaxed) >> 32).wrapping_add(1) << 32;
        // From here on helpers take parts. With the order of all such accesses, a helper either sees
        // this when it is about to sleep, or is seen to sleep.
        self.open.store(round + parts as u64, Ordering::SeqCst);
        let waiting = Round(self, parts);
        self.wake(threads);
        while let Some(part) = self.take(FIRST) {
            let _done = Done(self);
            f(part);
        }
        drop(waiting);
        assert!(!self.failed.load(Ordering::Relaxed), "a part of a step panicked");
    }

    /// Takes a part from one end. The leader takes the first ones and the helpers the last, so that in the next step
    /// each reads what it wrote in this one.
    fn take(&self, end: u64) -> Option<usize> {
        let mut open = self.open.load(Ordering::SeqCst);
        while !parts(open).is_empty() {
            let less = open.wrapping_add(end);
            match self.open.compare_exchange_weak(open, less, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(if end == FIRST { parts(open).start } else { parts(open).end - 1 }),
                Err(now) => open = now,
            }
        }
        None
    }

    /// The loop of a helper, which never ends.
    fn help(&self, own: &Helper) {
        own.thread.get_or_init(thread::current);
        let mut since = Instant::now();
        let mut idle = 0_u32;
        loop {
            while let Some(part) = self.take(LAST) {
                // SAFETY: the leader wrote the pointer before it opened the round of which this is a
                // part, and neither ends its function nor opens another round before `done` below
                // has counted the part: the task and what it borrows live until then.
                let task = unsafe { &*self.task.load(Ordering::Relaxed) };
                let done = Done(self);
                if catch_unwind(AssertUnwindSafe(|| task.0(part))).is_err() {
                    self.failed.store(true, Ordering::Relaxed);
                }
                drop(done);
                (since, idle) = (Instant::now(), 0);
            }
            spin_loop();
            idle += 1;
            if !idle.is_multiple_of(64) {
                continue;
            }
            // Other threads that wait for this processor go first.
            thread::yield_now();
            if since.elapsed() > LINGER {
                own.asleep.store(true, Ordering::SeqCst);
                if parts(self.open.load(Ordering::SeqCst)).is_empty() {
                    while own.asleep.load(Ordering::SeqCst) {
                        thread::park();
                    }
                }
                own.asleep.store(false, Ordering::SeqCst);
                (since, idle) = (Instant::now(), 0);
            }
        }
    }
}

/// Counts a part as done, even one that panics.
struct Done<'a>(&'a Team);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.done.fetch_add(1, Ordering::Release);
    }
}

/// Calls `f` with each chunk of `size` elements of `y` and its index, on at most `threads` threads.
pub(super) fn share_chunks(threads: usize, y: &mut [f32], size: usize, f: &(dyn Fn(usize, &mut [f32]) + Sync)) {
    let (count, y) = (y.len(), SharedElements(y.as_mut_ptr()));
    share(threads, count.div_ceil(size), &|part| {
        let first = part * size;
        // SAFETY: `share` gives each number below `count.div_ceil(size)` once: a chunk is within `y`,
        // overlaps no other, and `y` is borrowed until `share` has ended.
        let chunk = unsafe { std::slice::from_raw_parts_mut(y.at(first), size.min(count - first)) };
        f(part, chunk);
    });
}

/// The elements that are divided among the parts.
struct SharedElements(*mut f32);

// SAFETY: only an address is shared; whoever makes a reference from it must prove that its elements are not shared.
unsafe impl Sync for SharedElements {}

impl SharedElements {
    fn at(&self, index: usize) -> *mut f32 {
        self.0.wrapping_add(index)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::vec;

    use super::*;

    /// Miri is slow.
    const ROUNDS: usize = if cfg!(miri) { 10 } else { 200 };

    #[test]
    fn every_part_is_done_once() {
        for round in 0..ROUNDS {
            let mut y = vec![0.0; 5 * round + 3];
            share_chunks(3, &mut y, 4, &|part, chunk| chunk.iter_mut().for_each(|y| *y += part as f32 + 1.0));
            assert!(y.iter().enumerate().all(|(at, y)| *y == (at / 4 + 1) as f32), "{y:?}");
        }
    }

    #[test]
    fn sleepers_wake() {
        for _ in 0..3 {
            thread::sleep(3 * LINGER);
            let seen = Mutex::new(0);
            share(2, 4, &|_| *seen.lock().unwrap() += 1);
            assert_eq!(seen.into_inner().unwrap(), 4);
        }
    }

    #[test]
    fn leaders_do_not_wait_for_each_other() {
        thread::scope(|scope| {
            for leader in 0..4 {
                scope.spawn(move || {
                    for round in 1..ROUNDS / 4 {
                        let mut y = vec![0.0; 64];
                        share_chunks(2, &mut y, 8, &|part, chunk| {
                            // A part that itself divides work.
                            share_chunks(2, chunk, 2, &|_, chunk| chunk.fill((part + leader * round) as f32));
                        });
                        assert!(y.iter().enumerate().all(|(at, y)| *y == (at / 8 + leader * round) as f32));
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_leader() {
        let panics = catch_unwind(|| share(2, 8, &|part| assert!(part != 5, "as wanted")));
        assert!(panics.is_err());
        let seen = Mutex::new(0);
        share(2, 8, &|_| *seen.lock().unwrap() += 1);
        assert_eq!(seen.into_inner().unwrap(), 8);
    }
}
