//! The fast path: a chain as a plan, with weights packed for the processor's vectors.
//!
//! [`plan`] turns a graph into steps and gives every value its memory, [`job`] packs the weights, [`engine`] runs the
//! steps. [`conv`], [`winograd`], [`planes`], [`slide`], [`matmul`] and [`elementwise`] are the kernels, written once over
//! [`simd`]. A layer without a fast kernel is a step of the same plan and runs by the reference implementation.

#![expect(
    clippy::needless_range_loop,
    reason = "loops over registers are unrolled, and have no iterators to be inlined"
)]

/// Runs `$code` with the constant `$name` equal to `$count`, which is from 1 to `$most`, a constant of at most 12.
/// Counts above `$most`, for which there are no registers, are not compiled.
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

/// Runs `$code` with the constant `$name` equal to `$count`, one of the sizes of [`simd::Simd`].
macro_rules! by_size {
    ($count:expr, |$name:ident| $code:expr) => {
        match const { $count } {
            12 => {
                const $name: usize = 12;
                $code
            }
            8 => {
                const $name: usize = 8;
                $code
            }
            6 => {
                const $name: usize = 6;
                $code
            }
            _ => {
                const $name: usize = 4;
                $code
            }
        }
    };
}

mod attention;
mod buffer;
mod cache;
mod clock;
mod conv;
mod elementwise;
mod engine;
mod job;
mod math;
mod matmul;
mod memory;
mod norm;
mod order;
mod peak;
mod plan;
mod planes;
mod pool;
mod rearrange;
mod recurrent;
mod reduce;
mod relayout;
mod resample;
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
mod tuning;
mod winograd;

pub(crate) use self::cache::Engines;
#[cfg(feature = "ndarray")]
pub(crate) use self::clock::{Clock, HAS_CLOCK};
pub(crate) use self::engine::Engine;
#[cfg(feature = "ndarray")]
pub(crate) use self::engine::Spares;
pub use self::peak::peak_flops;
#[cfg(feature = "ndarray")]
pub(crate) use self::simd::Level;
