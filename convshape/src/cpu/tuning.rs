//! The numbers that were chosen for speed: what work costs, and how much a cache holds. The rest follows from shapes
//! and the instruction set.
//!
//! To choose another value, run the benchmark below the heading before and after, several times in turn, and for
//! training `cargo bench -p convshape --bench training`. Sizes are in elements of 4 bytes, costs in multiply-adds of one
//! element unless they say otherwise. Another value may change the order of sums, and so their last bits.

use core::ops::RangeInclusive;
#[cfg(feature = "rayon")]
use core::time::Duration;

use super::simd::MOST_LANES;

// Threads: `cargo bench -p convshape --bench speed -- mnist_ae dcgan`.

/// The fewest multiply-adds of a run per thread.
#[cfg(feature = "rayon")]
pub(super) const LEAST_RUN: usize = if cfg!(test) { 1 } else { 3 << 18 };
/// The fewest multiply-adds of a part of a step: handing it to another thread takes about as long.
pub(super) const LEAST_WORK: usize = 1 << 15;

/// How long a helper spins before it sleeps.
#[cfg(feature = "rayon")]
pub(super) const LINGER: Duration = Duration::from_micros(100);

// Costs: `cargo bench -p convshape --bench networks`.

/// An element that is moved to another place.
pub(super) const MOVE: usize = 8;
/// An element to which a few operations are applied.
#[cfg(feature = "train")]
pub(super) const OPERATIONS: usize = 4;
/// An element of a softmax.
#[cfg(feature = "train")]
pub(super) const SOFTMAX: usize = 16;
/// A packed weight: about 10 ns.
pub(super) const PACKING: usize = 500;
/// Storing part of a vector, in multiply-adds of vectors.
pub(super) const PARTIAL_STORE: usize = 8;
/// An element of a Winograd convolution that is transformed along an axis.
pub(super) const TRANSFORM: usize = 12;
/// A transformed weight that is read from a large cache.
pub(super) const TRANSFORMED_LOAD: usize = 8;
/// A transformed weight that is packed.
pub(super) const TRANSFORMED_PACKING: usize = 16;

// Registers: `cargo bench -p convshape --bench networks`, and `--bench training` for recurrent layers and attention.

/// Vectors that are reduced together: additions to a single one would wait for each other.
pub(super) const REDUCED_VECTORS: usize = 4;
/// Vectors that are interpolated together.
pub(super) const RESAMPLED_VECTORS: usize = 4;
/// Vectors of columns in a panel of a product of matrices.
pub(super) const MATRIX_VECTORS: usize = 2;
/// Vectors of keys or features in a panel of attention.
pub(super) const ATTENTION_VECTORS: usize = 2;
/// Vectors of weights in a panel of a recurrent layer.
pub(super) const RECURRENT_VECTORS: usize = 2;
/// The most vectors in a block of columns of a gradient.
#[cfg(feature = "train")]
pub(super) const COLUMN_VECTORS: usize = 4;
/// How much more scattered lanes cost than idle ones, as a factor.
#[cfg(feature = "train")]
pub(super) const IDLE_LANES: f64 = 1.1;
/// The least number of moves that are worth a transposition.
#[cfg(feature = "train")]
pub(super) const TRANSPOSED_MOVES: usize = 4;

// The first-level cache: `cargo bench -p convshape --bench speed -- l_`.

/// Channels to which operations are applied together.
pub(super) const CHANNELS: usize = 4 * MOST_LANES;
/// Channels whose means are computed together: sums of one channel would wait for each other.
pub(super) const MEANS: usize = 16;
/// The elements of a pattern of channels that is written out.
pub(super) const WRITTEN_OUT: usize = 128;
/// The weights of an output channel that are read at a time: four cache lines, which the processor prefetches.
pub(super) const READ_WEIGHTS: usize = 64;
/// The positions whose offsets are computed at a time, for all panels: those of 16 of the largest tiles.
pub(super) const OFFSETS: usize = 192;

/// The elements to which all operations are applied in turn, 8 KiB: with gradients and intermediate results they fit.
pub(super) const BLOCK: usize = 2 * 1024;
/// The elements of a unit of a normalisation: 16 KiB, half of the cache.
pub(super) const NORM: usize = 4 * 1024;
/// The elements of a row that are summed over in one go.
pub(super) const MATRIX_DEPTH: usize = if cfg!(test) { 40 } else { 256 };
/// The queries of a block of attention: a whole number of tiles on every instruction set.
pub(super) const QUERIES: usize = 24;
/// The keys of a block of attention. Its scores take `4 * QUERIES * KEYS` = 24 KiB.
pub(super) const KEYS: usize = 256;
/// The rows and columns of weights that are multiplied by all positions of a small batch: 16 KiB.
#[cfg(feature = "train")]
pub(super) const DOT_ROWS: usize = 8;
#[cfg(feature = "train")]
pub(super) const DOT_COLUMNS: usize = 512;

// The second-level cache: `cargo bench -p convshape --bench networks`.

/// The most workspace of the samples that run together, or the size of the weights if that is larger.
pub(super) const WORKSPACE: usize = 192 * 1024;
/// The most weights that stay while the positions pass. Larger ones pass through the cache once, and all positions use
/// each panel.
pub(super) const RESIDENT_WEIGHTS: usize = 128 * 1024;
/// The most elements of a small tile of a Winograd convolution, with its inputs and outputs transformed.
pub(super) const SMALL_TILE: usize = 16 * 1024;
/// Tiles that are transformed together: small ones, and larger ones.
pub(super) const TRANSFORMED: [usize; 2] = [60, 36];
/// The most weights of a panel, 256 KiB: the cache holds them for all tiles while those of the next one arrive. In
/// one panel, a 3 x 3 convolution of 1,024 to 1,280 channels on 4 x 4 positions takes 2.4 times as long.
pub(super) const PANEL_WEIGHTS: usize = if cfg!(test) { 1024 } else { 64 * 1024 };
/// The most input and output of a chunk of positions or samples.
pub(super) const CHUNK: usize = 32 * 1024;
/// The most elements of a chunk in a depthwise convolution, which reads them once per vector of channels: 1 MiB.
pub(super) const DEPTHWISE_CHUNK: usize = 256 * 1024;
/// The rows of a block of a product's first matrix: 256 KiB, with `MATRIX_DEPTH` elements each.
pub(super) const MATRIX_ROWS: usize = if cfg!(test) { 24 } else { 256 };
/// The fewest elements between two layers for which it is faster to run both row by row: 1 MiB.
pub(super) const INTERLEAVED: usize = if cfg!(test) { 1 } else { 256 * 1024 };
/// The elements of a block of such rows per thread: 256 KiB.
pub(super) const INTERLEAVED_BLOCK: usize = if cfg!(test) { 256 } else { 64 * 1024 };
/// The fewest output rows of such layers that a thread computes: some rows at both ends are computed twice.
pub(super) const INTERLEAVED_ROWS: usize = 4;
/// The fewest weights of a matrix that is packed block by block in each product of a step.
#[cfg(feature = "train")]
pub(super) const BLOCKWISE_WEIGHTS: usize = if cfg!(test) { 64 } else { 16 * 1024 };
/// The fewest weights that a small batch uses unpacked: fewer stay in the cache while they are packed.
#[cfg(feature = "train")]
pub(super) const UNPACKED_WEIGHTS: usize = 64 * 1024;
/// The most positions of a batch whose weights are not packed. A step of a network of `Linear` on 136 positions
/// takes 1.4 times as long unpacked, one on 64 takes 0.8 times as long.
#[cfg(feature = "train")]
pub(super) const UNPACKED_POSITIONS: usize = 64;

// Memory: `cargo bench -p convshape --bench training`.

/// The most packed weights that are kept for earlier input shapes, 64 MiB. A small model can keep many shapes.
pub(super) const KEPT_WEIGHTS: usize = 16 << 20;
/// The smallest and the largest number of input shapes that are kept. A plan takes a few kilobytes.
pub(super) const KEPT_SHAPES: RangeInclusive<usize> = 4..=256;
/// The most plans for training that are kept: for whole batches, for the smaller last batch, and for one other use.
#[cfg(feature = "train")]
pub(super) const KEPT_PLANS: usize = 3;
/// The most sums of the weight gradient of a Winograd convolution, of all shares together: 4 MiB.
#[cfg(feature = "train")]
pub(super) const GRADIENT_SUMS: usize = 1024 * 1024;

// Shares of a gradient. They do not depend on the number of threads, so neither do the sums.

/// The most shares of a batch in the weight gradient of a Winograd convolution.
#[cfg(feature = "train")]
pub(super) const WINOGRAD_SHARES: usize = 4;
/// The shares of a batch in the weight gradient of a depthwise convolution.
#[cfg(feature = "train")]
pub(super) const DEPTHWISE_SHARES: usize = 8;
/// The fewest tasks of any other weight gradient. With fewer tiles, the samples are divided too.
#[cfg(feature = "train")]
pub(super) const GRADIENT_TASKS: usize = 8;
/// The elements of a unit in the gradient of a layer normalisation.
#[cfg(feature = "train")]
pub(super) const LAYER_NORM: usize = if cfg!(test) { 64 } else { 16 * 1024 };
