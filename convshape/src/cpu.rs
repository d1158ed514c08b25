//! The fast path: a chain as a plan, with weights packed for the processor's vectors.
//!
//! [`plan`] lays out what runs and where values lie, [`job`] packs the weights, [`engine`] runs it;
//! [`conv`], [`winograd`], [`planes`], [`slide`] and [`each`] are the kernels, written once over
//! [`simd`]. Layers without a fast kernel run by their definition, in the same plan.

#![expect(
    clippy::needless_range_loop,
    reason = "loops over registers are unrolled, and have no iterators to be inlined"
)]

/// `$code` with `$name` as a constant that is `$count`, from 1 to `$most`, which is a constant of at most
/// 12. What there are no registers for is not compiled.
macro_rules! by_count {
    ($count:expr, $most:expr, |$name:ident| $code:expr) => {
        by_count!($count, $most, [1 2 3 4 5 6 7 8 9 10 11 12], |$name| $code)
    };
    ($count:expr, $most:expr, [$($n:literal)*], |$name:ident| $code:expr) => {
        match $count {
            $($n => {
                const $name: usize = $n;
                if const { $n <= $most } { $code } else { unreachable!("a tile has no more positions") }
            })*
            _ => unreachable!("a tile has no more positions"),
        }
    };
}

mod attention;
mod buffer;
mod cache;
mod clock;
mod conv;
mod each;
mod engine;
mod interleave;
mod job;
mod math;
mod memory;
mod norm;
mod peak;
mod plan;
mod planes;
mod pool;
mod recurrent;
mod relayout;
mod rows;
mod scratch;
pub(crate) mod simd;
mod slide;
mod taps;
#[cfg(test)]
mod tests;
mod threads;
mod tile;
#[cfg(feature = "train")]
pub(crate) mod train;
mod winograd;

pub(crate) use self::cache::Engines;
#[cfg(feature = "ndarray")]
pub(crate) use self::clock::{Clock, HAS_CLOCK};
pub use self::peak::peak_flops;
