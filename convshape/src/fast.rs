//! The fast path: a chain as a plan, with weights packed for the processor's vectors.
//!
//! [`plan`] lays out what runs and where values lie; [`engine`] packs the weights and runs it;
//! [`conv`] and [`each`] are the kernels, written once over [`simd`]. Layers without a fast kernel
//! run by their definition, in the same plan.

mod buffer;
mod cache;
mod conv;
mod each;
mod engine;
mod math;
mod peak;
mod plan;
pub(crate) mod simd;
mod taps;
#[cfg(test)]
mod tests;
mod threads;

pub use self::cache::Cache;
pub use self::peak::peak_flops;
