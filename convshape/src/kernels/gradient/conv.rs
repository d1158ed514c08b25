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

use convshape_arith::fault::Fault;
use convshape_arith::op::{Conv, Direction, MAX_SPATIAL, PerAxis};

use super::matrix::{Matrix, Panels, Real};
use super::{Layer, bias};
use crate::kernels::conv::Geometry;
use crate::kernels::layout::{Channels, Grid};

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
    /// The spread position that each dense position meets through each tap.
    met: Vec<u32>,
    /// Where the weight's elements stand, in the order group, dense channel, spread channel, tap;
    /// channels count within the group.
    weight_places: Vec<usize>,
}

impl Patches {
    pub(super) fn new<T: Real>(conv: &Conv, layer: &Layer<'_, T>) -> Result<Patches, Fault> {
        let Layer { order, shapes, output, .. } = *layer;
        let input = &shapes[0];
        let geometry = Geometry::new(conv, input, order)?;
        let (from, to) = (Channels::new(input, order), Channels::new(output, order));
        let (dense, spread) = match conv.direction {
            Direction::Forward => (to, from),
            Direction::Transposed => (from, to),
        };
        let kernel: PerAxis<usize> = geometry.weight.taps;
        let taps = kernel.iter().product();
        let mut met = vec![NOTHING; dense.positions * taps];
        let (from, to) = (Grid::new(input, order), Grid::new(output, order));
        for (output, position) in to.positions().enumerate() {
            geometry.for_each_tap(position, &from.sizes, |tap, source| {
                let (tap, input) = (flat(tap, &kernel), flat(source, &from.sizes));
                let (dense, spread) = match conv.direction {
                    Direction::Forward => (output, input),
                    Direction::Transposed => (input, output),
                };
                met[dense * taps + tap] = u32::try_from(spread).unwrap_or(NOTHING);
            });
        }
        let mut patches = Patches {
            direction: conv.direction,
            groups: geometry.groups,
            taps,
            dense,
            spread,
            met,
            weight_places: Vec::new(),
        };
        patches.weight_places = patches.weight_places(&geometry, kernel);
        Ok(patches)
    }

    fn weight_places(&self, geometry: &Geometry, kernel: PerAxis<usize>) -> Vec<usize> {
        let mut places = Vec::new();
        for group in 0..self.groups {
            for dense in group * self.dense_group()..(group + 1) * self.dense_group() {
                for spread in group * self.spread_group()..(group + 1) * self.spread_group() {
                    let (output, input) = match self.direction {
                        Direction::Forward => (dense, spread),
                        Direction::Transposed => (spread, dense),
                    };
                    let taps = (0..self.taps).map(|tap| unflat(tap, &kernel));
                    places.extend(taps.map(|tap| geometry.weight.at(output, input, tap)));
                }
            }
        }
        places
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

    /// The weight in the order of [`Patches::weight_places`].
    fn packed<T: Real>(&self, weight: &[T]) -> Vec<T> {
        self.weight_places.iter().map(|&place| weight[place]).collect()
    }

    /// The columns of all patches of a batch, in runs that the cache holds.
    fn runs(&self, batch: usize) -> impl Iterator<Item = core::ops::Range<usize>> + use<> {
        let columns = batch * self.dense.positions;
        let run = (PATCH_ELEMENTS / self.rows().max(1)).clamp(8, 4096);
        (0..columns).step_by(run).map(move |first| first..columns.min(first + run))
    }

    fn batch<T>(&self, dense: &[T]) -> usize {
        dense.len().checked_div(self.dense.count * self.dense.positions).unwrap_or(0)
    }

    /// Where the dense element of a channel and a column stands in its batch.
    fn dense_place(&self, channel: usize, column: usize) -> usize {
        let (sample, position) = (column / self.dense.positions, column % self.dense.positions);
        sample * self.dense.count * self.dense.positions + self.dense.at(channel, position)
    }

    /// The elements of the batch's spread side that a column of a group's patches takes, in the
    /// order of the rows; `None` where a tap meets nothing.
    fn patch(&self, group: usize, column: usize) -> impl Iterator<Item = Option<usize>> + '_ {
        let (sample, position) = (column / self.dense.positions, column % self.dense.positions);
        let sample = sample * self.spread.count * self.spread.positions;
        let met = &self.met[position * self.taps..(position + 1) * self.taps];
        let channels = group * self.spread_group()..(group + 1) * self.spread_group();
        channels.flat_map(move |channel| {
            met.iter().map(move |&met| (met != NOTHING).then(|| sample + self.spread.at(channel, met as usize)))
        })
    }

    /// The rows of `weight` of a group, a row for each dense channel.
    fn group_weight<'a, T: Real>(&self, weight: &'a [T], group: usize) -> Matrix<'a, T> {
        let size = self.dense_group() * self.rows();
        Matrix::new(&weight[group * size..(group + 1) * size], self.rows())
    }

    /// `dense += W P`
    fn to_dense<T: Real>(&self, weight: &[T], spread: &[T], dense: &mut [T]) {
        for run in self.runs(self.batch(dense)) {
            for group in 0..self.groups {
                let mut patches = Panels::zeros(self.rows(), run.len());
                for (index, column) in run.clone().enumerate() {
                    for (element, place) in patches.column(index).zip(self.patch(group, column)) {
                        if let Some(place) = place {
                            *element = spread[place];
                        }
                    }
                }
                let mut product = vec![T::default(); self.dense_group() * run.len()];
                patches.add_product(self.dense_group(), self.group_weight(weight, group), &mut product);
                for (channel, row) in product.chunks_exact(run.len()).enumerate() {
                    for (column, sum) in run.clone().zip(row) {
                        dense[self.dense_place(group * self.dense_group() + channel, column)] += *sum;
                    }
                }
            }
        }
    }

    /// `W^T D`, each column added up where its patch was taken.
    fn to_spread<T: Real>(&self, weight: &[T], dense: &[T], spread: &mut [T]) {
        for run in self.runs(self.batch(dense)) {
            for group in 0..self.groups {
                let mut columns = Panels::zeros(self.dense_group(), run.len());
                for (index, column) in run.clone().enumerate() {
                    for (channel, element) in columns.column(index).enumerate() {
                        *element = dense[self.dense_place(group * self.dense_group() + channel, column)];
                    }
                }
                let mut patches = vec![T::default(); self.rows() * run.len()];
                columns.add_product(self.rows(), self.group_weight(weight, group).transposed(), &mut patches);
                for (index, column) in run.clone().enumerate() {
                    for (row, place) in self.patch(group, column).enumerate() {
                        if let Some(place) = place {
                            spread[place] += patches[row * run.len() + index];
                        }
                    }
                }
            }
        }
    }

    /// `dW += D P^T`
    fn weight_gradient<T: Real>(&self, dense: &[T], spread: &[T], dweight: &mut [T]) {
        let size = self.dense_group() * self.rows();
        let mut sums = vec![T::default(); self.weight_places.len()];
        for run in self.runs(self.batch(dense)) {
            for group in 0..self.groups {
                let mut transposed = Panels::zeros(run.len(), self.rows());
                for (index, column) in run.clone().enumerate() {
                    for (row, place) in self.patch(group, column).enumerate() {
                        if let Some(place) = place {
                            transposed.set(index, row, spread[place]);
                        }
                    }
                }
                let mut rows = vec![T::default(); self.dense_group() * run.len()];
                for (channel, row) in rows.chunks_exact_mut(run.len()).enumerate() {
                    for (column, element) in run.clone().zip(row) {
                        *element = dense[self.dense_place(group * self.dense_group() + channel, column)];
                    }
                }
                let sums = &mut sums[group * size..(group + 1) * size];
                transposed.add_product(self.dense_group(), Matrix::new(&rows, run.len()), sums);
            }
        }
        for (place, sum) in self.weight_places.iter().zip(sums) {
            dweight[*place] += sum;
        }
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
