//! Convolutions in both directions as products of matrices.
//!
//! A convolution and a transposed one are the same relation of two sides: each position of the
//! `dense` side meets, through each tap, at most one position of the `spread` side. A convolution
//! goes from spread to dense, a transposed one back. With `P` the patches of the spread side (a row
//! for each of its channels and taps, a column for each dense position) and `W` the weight:
//!
//! - spread to dense is `W P`, the forward pass of a convolution and the backward one of a
//!   transposed convolution;
//! - dense to spread adds the columns of `W^T D` up where their patches were taken;
//! - the gradient of the weight is `D P^T`, where one side holds an activation and the other a
//!   gradient.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use convshape_arith::fault::Fault;
use convshape_arith::op::{AxisOrder, Conv, Direction, MAX_SPATIAL, PerAxis};
use convshape_arith::shape::Shape;

use super::bias;
use super::matrix::{Matrix, Panels, Real};
use super::threads;
use crate::reference::kernels::conv::Geometry;
use crate::reference::kernels::layout::{Channels, Grid};

/// So many elements of patches are at hand at once: they stay in a core's own cache.
const PATCH_ELEMENTS: usize = 1 << 16;

/// A tap that meets nothing.
const NOTHING: u32 = u32::MAX;

/// A convolution in either direction over one input shape.
pub(super) struct Patches {
    direction: Direction,
    groups: usize,
    taps: usize,
    dense: Channels,
    spread: Channels,
    /// Where the spread element stands that each dense position meets through each tap, counted from
    /// the first one of its channel.
    met: Vec<u32>,
    /// Where the weight's elements stand, of each pair of a dense channel and a spread one of its
    /// group: the first of the pair's taps in memory.
    pairs: Vec<usize>,
    /// The taps of a pair, counted from there.
    tap_places: Vec<usize>,
}

impl Patches {
    pub(super) fn new(conv: &Conv, order: AxisOrder, input: &Shape, output: &Shape) -> Result<Patches, Fault> {
        let geometry = Geometry::new(conv, input, order)?;
        let (from, to) = (Channels::new(input, order), Channels::new(output, order));
        let (dense_side, spread_side) = match conv.direction {
            Direction::Forward => (to, from),
            Direction::Transposed => (from, to),
        };
        let kernel: PerAxis<usize> = geometry.weight.taps();
        let taps = kernel.iter().product();
        let mut met = vec![NOTHING; dense_side.positions * taps];
        let (from, to) = (Grid::new(input, order), Grid::new(output, order));
        for (output, position) in to.positions().enumerate() {
            geometry.for_each_tap(position, &from.sizes, |tap, source| {
                let (tap, input) = (flat(tap, &kernel), flat(source, &from.sizes));
                let (dense, spread) = match conv.direction {
                    Direction::Forward => (output, input),
                    Direction::Transposed => (input, output),
                };
                met[dense * taps + tap] = u32::try_from(spread_side.at(0, spread)).unwrap_or(NOTHING);
            });
        }
        let mut patches = Patches {
            direction: conv.direction,
            groups: geometry.groups,
            taps,
            dense: dense_side,
            spread: spread_side,
            met,
            pairs: Vec::new(),
            tap_places: Vec::new(),
        };
        let first = |output, input| {
            let ends = [0, taps - 1].map(|tap| geometry.weight.at(output, input, unflat(tap, &kernel)));
            ends[0].min(ends[1])
        };
        for dense in 0..patches.dense.count {
            let group = dense / patches.dense_group() * patches.spread_group();
            for spread in group..group + patches.spread_group() {
                patches.pairs.push(match conv.direction {
                    Direction::Forward => first(dense, spread),
                    Direction::Transposed => first(spread, dense),
                });
            }
        }
        let origin = first(0, 0);
        patches.tap_places = (0..taps).map(|tap| geometry.weight.at(0, 0, unflat(tap, &kernel)) - origin).collect();
        Ok(patches)
    }

    /// The dense channels of a group.
    fn dense_group(&self) -> usize {
        self.dense.count / self.groups
    }

    /// The spread channels of a group.
    fn spread_group(&self) -> usize {
        self.spread.count / self.groups
    }

    /// The rows of the patches of a group.
    fn rows(&self) -> usize {
        self.spread_group() * self.taps
    }

    /// `y` of a layer without its activation.
    pub(super) fn forward<T: Real>(&self, params: &[&[T]], x: &[T], y: &mut [T]) {
        let weight = self.packed(params[0]);
        match self.direction {
            Direction::Forward => self.to_dense(&weight, x, y),
            Direction::Transposed => self.to_spread(&weight, x, y),
        }
        if let Some(values) = params.get(1) {
            bias::add(self.output(), values, y);
        }
    }

    /// Adds the gradients of the parameters and of the input.
    pub(super) fn backward<T: Real>(&self, params: &[&[T]], x: &[T], dy: &[T], dparams: &mut [Vec<T>], dx: &mut [T]) {
        let weight = self.packed(params[0]);
        let (dense, spread) = match self.direction {
            Direction::Forward => (dy, x),
            Direction::Transposed => (x, dy),
        };
        match self.direction {
            _ if dx.is_empty() => {}
            Direction::Forward => self.to_spread(&weight, dy, dx),
            Direction::Transposed => self.to_dense(&weight, dy, dx),
        }
        self.weight_gradient(dense, spread, &mut dparams[0]);
        if let Some(dbias) = dparams.get_mut(1) {
            bias::gradient(self.output(), dy, dbias);
        }
    }

    fn output(&self) -> &Channels {
        match self.direction {
            Direction::Forward => &self.dense,
            Direction::Transposed => &self.spread,
        }
    }

    /// The places of the weight's elements in the order dense channel, spread channel of the group,
    /// tap.
    fn weight_places(&self) -> impl Iterator<Item = usize> {
        self.pairs.iter().flat_map(|pair| self.tap_places.iter().map(move |tap| pair + tap))
    }

    /// The weight in that order.
    fn packed<T: Real>(&self, weight: &[T]) -> Vec<T> {
        let mut packed = Vec::with_capacity(weight.len());
        packed.extend(self.weight_places().map(|place| weight[place]));
        packed
    }

    /// The columns of all patches of a batch, in runs that the cache holds.
    fn runs(&self, batch: usize) -> impl Iterator<Item = Run> + use<> {
        let positions = self.dense.positions;
        let columns = batch * positions;
        let size = (PATCH_ELEMENTS / self.rows().max(1)).clamp(8, 4096);
        (0..columns).step_by(size).map(move |first| Run { first, size: size.min(columns - first), positions })
    }

    fn batch<T>(&self, dense: &[T]) -> usize {
        dense.len().checked_div(self.dense.count * self.dense.positions).unwrap_or(0)
    }

    /// The multiply-adds of a batch.
    fn work(&self, batch: usize) -> usize {
        batch * self.dense.positions * self.pairs.len() * self.taps
    }

    /// The first element of a channel of a group, in a sample of a side.
    fn base(side: &Channels, sample: usize, channel: usize) -> usize {
        sample * side.count * side.positions + side.at(channel, 0)
    }

    /// One column of a group's patches.
    fn take_patch<T: Real>(&self, group: usize, sample: usize, position: usize, spread: &[T], patch: &mut [T]) {
        let met = &self.met[position * self.taps..(position + 1) * self.taps];
        for (channel, patch) in patch.chunks_exact_mut(self.taps).enumerate() {
            let channel = &spread[Patches::base(&self.spread, sample, group * self.spread_group() + channel)..];
            for (element, &met) in patch.iter_mut().zip(met) {
                *element = if met == NOTHING { T::default() } else { channel[met as usize] };
            }
        }
    }

    /// The reverse of [`Patches::take_patch`], adding.
    fn add_patch<T: Real>(&self, group: usize, sample: usize, position: usize, patch: &[T], spread: &mut [T]) {
        let met = &self.met[position * self.taps..(position + 1) * self.taps];
        for (channel, patch) in patch.chunks_exact(self.taps).enumerate() {
            let channel = &mut spread[Patches::base(&self.spread, sample, group * self.spread_group() + channel)..];
            for (element, &met) in patch.iter().zip(met) {
                if met != NOTHING {
                    channel[met as usize] += *element;
                }
            }
        }
    }

    /// The dense elements of a run, a row for each channel of a group.
    fn dense_rows<T: Real>(&self, group: usize, run: Run, dense: &[T]) -> Vec<T> {
        let mut rows = vec![T::default(); self.dense_group() * run.size];
        let stride = self.dense.at(0, 1) - self.dense.at(0, 0);
        for (channel, row) in rows.chunks_exact_mut(run.size).enumerate() {
            for (sample, positions, first) in run.samples() {
                let base = Patches::base(&self.dense, sample, group * self.dense_group() + channel);
                let row = &mut row[first..first + positions.len()];
                let elements = &dense[base + positions.start * stride..];
                if stride == 1 {
                    row.copy_from_slice(&elements[..row.len()]);
                } else {
                    row.iter_mut().zip(elements.iter().step_by(stride)).for_each(|(row, element)| *row = *element);
                }
            }
        }
        rows
    }

    /// Adds to the dense elements of a run; `columns` has those of one position after the other.
    fn add_dense<T: Real>(&self, group: usize, run: Run, columns: &[T], dense: &mut [T]) {
        let stride = self.dense.at(0, 1) - self.dense.at(0, 0);
        for channel in 0..self.dense_group() {
            for (sample, positions, first) in run.samples() {
                let base = Patches::base(&self.dense, sample, group * self.dense_group() + channel);
                let elements = dense[base + positions.start * stride..].iter_mut().step_by(stride);
                let columns = columns[first * self.dense_group() + channel..].iter().step_by(self.dense_group());
                elements.zip(columns).take(positions.len()).for_each(|(element, column)| *element += *column);
            }
        }
    }

    /// The rows of `weight` of a group, a row for each dense channel.
    fn group_weight<'a, T: Real>(&self, weight: &'a [T], group: usize) -> Matrix<'a, T> {
        let size = self.dense_group() * self.rows();
        Matrix::new(&weight[group * size..(group + 1) * size], self.rows())
    }

    /// `dense += W P`
    fn to_dense<T: Real>(&self, weight: &[T], spread: &[T], dense: &mut [T]) {
        // Computed transposed, so that a column of the patches lies in one piece.
        let groups: Vec<Panels<T>> = (0..self.groups)
            .map(|group| Panels::of(self.rows(), self.dense_group(), self.group_weight(weight, group).transposed()))
            .collect();
        let samples = samples_a_task(self.batch(dense));
        let size = samples * self.dense.count * self.dense.positions;
        threads::chunks(dense, size, self.work(self.batch(dense)), |task, dense| {
            let spread = &spread[task * samples * self.spread.count * self.spread.positions..];
            let (mut patches, mut columns) = (Vec::new(), Vec::new());
            for run in self.runs(self.batch(dense)) {
                for (group, weight) in groups.iter().enumerate() {
                    patches.resize(run.size * self.rows(), T::default());
                    for ((_, sample, position), patch) in run.columns().zip(patches.chunks_exact_mut(self.rows())) {
                        self.take_patch(group, sample, position, spread, patch);
                    }
                    columns.clear();
                    columns.resize(run.size * self.dense_group(), T::default());
                    let patches = &patches[..run.size * self.rows()];
                    weight.add_product(run.size, Matrix::new(patches, self.rows()), &mut columns);
                    self.add_dense(group, run, &columns, dense);
                }
            }
        });
    }

    /// `W^T D`, each column added up where its patch was taken.
    fn to_spread<T: Real>(&self, weight: &[T], dense: &[T], spread: &mut [T]) {
        let groups: Vec<Panels<T>> = (0..self.groups)
            .map(|group| Panels::of(self.dense_group(), self.rows(), self.group_weight(weight, group)))
            .collect();
        let batch = self.batch(dense);
        let samples = samples_a_task(batch);
        let size = samples * self.spread.count * self.spread.positions;
        threads::chunks(spread, size, self.work(batch), |task, spread| {
            let first = task * samples;
            let size = self.dense.count * self.dense.positions;
            let dense = &dense[first * size..batch.min(first + samples) * size];
            let mut patches = Vec::new();
            for run in self.runs(self.batch(dense)) {
                for (group, weight) in groups.iter().enumerate() {
                    let rows = self.dense_rows(group, run, dense);
                    patches.clear();
                    patches.resize(self.rows() * run.size, T::default());
                    weight.add_product(run.size, Matrix::new(&rows, run.size).transposed(), &mut patches);
                    for ((_, sample, position), patch) in run.columns().zip(patches.chunks_exact(self.rows())) {
                        self.add_patch(group, sample, position, patch, spread);
                    }
                }
            }
        });
    }

    /// `dW += D P^T`
    fn weight_gradient<T: Real>(&self, dense: &[T], spread: &[T], dweight: &mut [T]) {
        let batch = self.batch(dense);
        // Each task has a gradient of its own: where positions are few, fewer tasks.
        let tasks = (batch * self.dense.positions / COLUMNS_A_TASK).clamp(1, 8);
        let samples = batch.div_ceil(tasks).max(1);
        let count = self.pairs.len() * self.taps;
        let mut tasks = vec![T::default(); batch.div_ceil(samples) * count];
        threads::chunks(&mut tasks, count, self.work(batch), |task, sums| {
            let first = task * samples;
            let size = self.dense.count * self.dense.positions;
            let dense = &dense[first * size..batch.min(first + samples) * size];
            let spread = &spread[first * self.spread.count * self.spread.positions..];
            self.task_weight_gradient(dense, spread, sums);
        });
        // In the order of the tasks, whoever was first.
        for sums in tasks.chunks_exact(count) {
            for (place, sum) in self.weight_places().zip(sums) {
                dweight[place] += *sum;
            }
        }
    }

    fn task_weight_gradient<T: Real>(&self, dense: &[T], spread: &[T], sums: &mut [T]) {
        let size = self.dense_group() * self.rows();
        let mut patch = vec![T::default(); self.rows()];
        let mut transposed = Panels::zeros(0, 0);
        for run in self.runs(self.batch(dense)) {
            for group in 0..self.groups {
                transposed.resize(run.size, self.rows());
                for (column, sample, position) in run.columns() {
                    self.take_patch(group, sample, position, spread, &mut patch);
                    transposed.set_row(column, &patch);
                }
                let rows = self.dense_rows(group, run, dense);
                let sums = &mut sums[group * size..(group + 1) * size];
                transposed.add_product(self.dense_group(), Matrix::new(&rows, run.size), sums);
            }
        }
    }
}

/// So many columns of patches are worth a gradient of their own.
const COLUMNS_A_TASK: usize = 256;

/// How many samples a task takes: a share of the batch, whatever the number of threads, so that sums
/// over samples are taken in one order.
fn samples_a_task(batch: usize) -> usize {
    batch.div_ceil(8).max(1)
}

/// Some columns of the patches of a batch, which run over its samples and their positions.
#[derive(Clone, Copy)]
struct Run {
    first: usize,
    size: usize,
    /// The positions of a sample.
    positions: usize,
}

impl Run {
    /// Each sample it touches, the positions there, and the first one's column counted from the
    /// start of the run.
    fn samples(self) -> impl Iterator<Item = (usize, Range<usize>, usize)> {
        let Run { first, size, positions } = self;
        let end = first + size;
        (first / positions..end.div_ceil(positions)).map(move |sample| {
            let start = sample * positions;
            let (from, to) = (first.max(start), end.min(start + positions));
            (sample, from - start..to - start, from - first)
        })
    }

    /// Each column, counted from the start of the run, with its sample and position.
    fn columns(self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.samples().flat_map(|(sample, positions, first)| {
            let start = positions.start;
            positions.map(move |position| (first + position - start, sample, position))
        })
    }
}

/// A position as one number, row by row.
fn flat(position: PerAxis<usize>, sizes: &PerAxis<usize>) -> usize {
    (position[0] * sizes[1] + position[1]) * sizes[2] + position[2]
}

/// The reverse of [`flat`].
fn unflat(position: usize, sizes: &PerAxis<usize>) -> PerAxis<usize> {
    const { assert!(MAX_SPATIAL == 3) };
    [position / (sizes[1] * sizes[2]), position / sizes[2] % sizes[1], position % sizes[2]]
}
