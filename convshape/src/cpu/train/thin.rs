//! Layers with many weights and few positions, as products of matrices.
//!
//! If only few positions read the weights, packing them takes longer than the products, and so does bringing their
//! gradient back into the order of the parameter. Here the parameter itself is the matrix. Its rows are the channels of
//! the dense side, and its columns those of the spread side, once for each tap (im2col), or the other way round (the
//! two sides are those of [`super::weight_gradient`]). Weights are read, and gradients written, once and in order.

use std::vec;
use std::vec::Vec;

use convshape_arith::op::PerAxis;

use super::elements::Finish;
use super::permutation::zeros;
use super::weight_gradient::GradientOf;
use super::{Machine, SumViews};
use crate::cpu::buffer::View;
use crate::cpu::math::Epilogue;
use crate::cpu::simd::{Kernel, MOST_LANES, Simd};
use crate::cpu::taps::all_taps;
use crate::cpu::tuning::{COLUMN_VECTORS as BLOCK, DOT_COLUMNS, DOT_ROWS, UNPACKED_POSITIONS, UNPACKED_WEIGHTS};

/// Whether a layer has many weights. In tests, layers are small, and some are computed in each way.
fn has_many_weights(count: usize) -> bool {
    if cfg!(test) { count.is_multiple_of(2) } else { count >= UNPACKED_WEIGHTS }
}

/// A layer as a product of matrices.
pub(super) struct Thin {
    views: SumViews,
    samples: usize,
    /// The positions of the dense side of a sample.
    counts: PerAxis<usize>,
    /// The input and the output: one goes with the rows of the parameter, the other with its columns.
    rows: Side,
    columns: Side,
    /// Whether the input is the side of the rows.
    input_rows: bool,
    epilogue: Epilogue,
    /// The gathered sides, and a product before it is scattered.
    of_rows: Vec<f32>,
    of_columns: Vec<f32>,
    product: Vec<f32>,
}

/// One side of the layer: which of its elements each position of the dense side reads or adds to.
struct Side {
    /// The number of the parameter's rows or columns.
    count: usize,
    /// Rows of the side from one dense position to the next.
    steps: PerAxis<usize>,
    taps: Vec<Tap>,
}

struct Tap {
    /// The row that the first dense position reads.
    first: PerAxis<i64>,
    /// The row or column of the parameter of each channel.
    indices: Vec<usize>,
}

/// Where the element of a position and of a row or column is: in rows of `count` elements, in blocks of columns, or, for
/// a product, in rows of positions.
#[derive(Clone, Copy)]
enum Order {
    Rows {
        count: usize,
    },
    /// Of `1 << log` columns.
    Blocks {
        positions: usize,
        log: u32,
    },
    Positions {
        positions: usize,
    },
}

impl Order {
    #[inline(always)]
    fn at(self, position: usize, index: usize) -> usize {
        match self {
            Order::Rows { count } => position * count + index,
            Order::Blocks { positions, log } => {
                (((index >> log) * positions + position) << log) + (index & ((1 << log) - 1))
            }
            Order::Positions { positions } => index * positions + position,
        }
    }
}

impl Thin {
    /// `None` if packed weights are faster, or if the parameter is not such a matrix.
    pub(super) fn new(
        weight: &GradientOf<'_>,
        views: &SumViews,
        dense_output: bool,
        epilogue: Epilogue,
        samples: usize,
    ) -> Option<Thin> {
        let views = *views;
        let (dense, spread) = if dense_output { (views.y, views.x) } else { (views.x, views.y) };
        let positions = samples * dense.grid().positions();
        let (channels, place) = (dense.channels, weight.place);
        if weight.groups != 1
            || positions > UNPACKED_POSITIONS
            || !has_many_weights(weight.count)
            || !weight.count.is_multiple_of(channels)
        {
            return None;
        }
        let others = weight.count / channels;
        let dense_rows = channels == 1 || place(1, 0, [0; 3]) == place(0, 0, [0; 3]) + others;
        let (step, unit) = if dense_rows { (others, 1) } else { (1, channels) };
        let mut taps = Vec::new();
        for tap in all_taps(weight.lines) {
            let (number, first) = (tap.map(|(tap, _)| tap), tap.map(|(_, row)| row));
            let mut indices = Vec::with_capacity(spread.channels);
            for channel in 0..spread.channels {
                let index = place(0, channel, number) / unit;
                let is_there = |own: usize| place(own, channel, number) == own * step + index * unit;
                if index >= others || !is_there(0) || !is_there(channels - 1) {
                    return None;
                }
                indices.push(index);
            }
            taps.push(Tap { first, indices });
        }
        let dense_side = Side {
            count: channels,
            steps: [1; 3],
            taps: vec![Tap { first: [0; 3], indices: (0..channels).collect() }],
        };
        let steps = [0, 1, 2].map(|axis| weight.lines[axis].step);
        let spread_side = Side { count: others, steps, taps };
        let (rows, columns) = if dense_rows { (dense_side, spread_side) } else { (spread_side, dense_side) };
        let (of_rows, of_columns, product) = (Vec::new(), Vec::new(), Vec::new());
        let (counts, input_rows) = (dense.buffer.size, dense_rows != dense_output);
        Some(Thin { views, samples, counts, rows, columns, input_rows, epilogue, of_rows, of_columns, product })
    }

    fn positions(&self) -> usize {
        self.samples * self.counts.iter().product::<usize>()
    }

    /// Multiply-adds of a batch.
    pub(super) fn work(&self) -> usize {
        self.positions() * self.rows.count * self.columns.count
    }

    /// `bias` is empty, or has an element for each channel of the output.
    pub(super) fn forward(&mut self, on: Machine, weight: &[f32], bias: &[f32], x: &[f32], y: &mut [f32]) {
        let view = self.views.x;
        self.gather(on, self.input_rows, &view, x);
        self.multiply(on, self.input_rows, weight);
        let view = self.views.y;
        self.scatter(on, !self.input_rows, &view, y);
        for row in 0..self.samples * view.buffer.size[0] * view.buffer.size[1] {
            let y = &mut y[view.row(row)..][..view.buffer.size[2] * view.buffer.width];
            on.level.run(Finish { bias, width: view.buffer.width, epilogue: self.epilogue, y });
        }
    }

    /// Adds the gradient of the weight, and writes that of the input.
    pub(super) fn backward(
        &mut self,
        on: Machine,
        weight: &[f32],
        dy: &[f32],
        dweight: &mut Vec<f32>,
        dx: Option<&mut [f32]>,
    ) {
        let view = self.views.dy;
        self.gather(on, !self.input_rows, &view, dy);
        let (positions, columns) = (self.positions(), self.columns.count);
        let is_first = dweight.is_empty();
        zeros(dweight, weight.len());
        let share = on.level.lanes() * columns;
        on.threads.pieces(dweight, self.work(), &|at| at / share * share, &|first, weight| {
            let (rows, row) = (self.rows.count, first / columns);
            let (a, b) = (&self.of_rows[row..], &self.of_columns);
            on.level.run(RowsByColumns { rows, columns, positions, a, b, is_first, weight });
        });
        if let Some(dx) = dx {
            self.multiply(on, !self.input_rows, weight);
            let view = self.views.dx;
            self.scatter(on, self.input_rows, &view, dx);
        }
    }

    /// The order in which a side is gathered.
    fn order(&self, on: Machine, rows: bool) -> Order {
        match rows {
            true => Order::Rows { count: self.rows.count },
            false => Order::Blocks { positions: self.positions(), log: (BLOCK * on.level.lanes()).ilog2() },
        }
    }

    fn gather(&mut self, on: Machine, rows: bool, view: &View, x: &[f32]) {
        let order = self.order(on, rows);
        let padded = self.columns.count.next_multiple_of(BLOCK * on.level.lanes());
        let elements = self.positions() * if rows { self.rows.count } else { padded };
        let (side, to) = if rows { (&self.rows, &mut self.of_rows) } else { (&self.columns, &mut self.of_columns) };
        // What no position reads stays zero.
        to.resize(elements, 0.0);
        side.each(self.samples, self.counts, view, |position, tap, at| {
            for (index, x) in tap.indices.iter().zip(&x[at..]) {
                to[order.at(position, *index)] = *x;
            }
        });
    }

    /// Multiplies what was gathered of the rows, or of the columns, by the weights.
    fn multiply(&mut self, on: Machine, rows: bool, weight: &[f32]) {
        let (positions, work, columns) = (self.positions(), self.work(), self.columns.count);
        let block = BLOCK * on.level.lanes();
        let Thin { of_rows, of_columns, product, .. } = self;
        if rows {
            product.resize(positions * columns.next_multiple_of(block), 0.0);
            let share = positions * block;
            on.threads.pieces(product, work, &|at| at / share * share, &|first, y| {
                let weight = &weight[first / positions..];
                on.level.run(ByRows { columns, first: first / positions, positions, x: of_rows, weight, y });
            });
        } else {
            product.resize(positions * self.rows.count, 0.0);
            let share = positions * DOT_ROWS;
            on.threads.pieces(product, work, &|at| at / share * share, &|first, y| {
                let weight = &weight[first / positions * columns..];
                on.level.run(ByColumns { columns, positions, x: of_columns, weight, y });
            });
        }
    }

    /// Writes a product to the view of the side of the rows, or of the columns.
    fn scatter(&mut self, on: Machine, rows: bool, view: &View, y: &mut [f32]) {
        let order = if rows { Order::Positions { positions: self.positions() } } else { self.order(on, false) };
        let (side, product) = (if rows { &self.rows } else { &self.columns }, &self.product);
        y[..self.samples * view.buffer.sample()].fill(0.0);
        side.each(self.samples, self.counts, view, |position, tap, at| {
            for (index, y) in tap.indices.iter().zip(&mut y[at..]) {
                *y += product[order.at(position, *index)];
            }
        });
    }
}

impl Side {
    /// Calls `f` for each position and tap that meets a row of the side, with the offset of the row's first channel.
    fn each(&self, samples: usize, counts: PerAxis<usize>, view: &View, mut f: impl FnMut(usize, &Tap, usize)) {
        let [depth, height, width] = counts;
        for position in 0..samples * depth * height * width {
            let (sample, within) = (position / (depth * height * width), position % (depth * height * width));
            let own = [within / width / height, within / width % height, within % width];
            for tap in &self.taps {
                let row = [0, 1, 2].map(|axis| {
                    let row = tap.first[axis] + (own[axis] * self.steps[axis]) as i64;
                    usize::try_from(row).ok().filter(|row| *row < view.buffer.size[axis])
                });
                if let [Some(d), Some(h), Some(w)] = row {
                    f(position, tap, sample * view.buffer.sample() + view.at([d, h, w]));
                }
            }
        }
    }
}

/// The products of rows of weights with the columns of each position.
struct ByColumns<'a> {
    columns: usize,
    positions: usize,
    /// In blocks.
    x: &'a [f32],
    weight: &'a [f32],
    /// For each row, the products of all positions.
    y: &'a mut [f32],
}

impl Kernel for ByColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let ByColumns { columns, positions, x, weight, y } = self;
        let mut packed = [0.0; DOT_ROWS * DOT_COLUMNS];
        for (weight, y) in weight.chunks(DOT_ROWS * columns).zip(y.chunks_mut(DOT_ROWS * positions)) {
            y.fill(0.0);
            for first in (0..columns).step_by(DOT_COLUMNS) {
                let count = DOT_COLUMNS.min(columns - first);
                let packed = &mut packed[..DOT_ROWS * count.next_multiple_of(S::LANES)];
                pack(simd, &weight[first..], columns, count, packed);
                for position in (0..positions).step_by(2) {
                    let pair = [position, (position + 1).min(positions - 1)];
                    let sums = dots(simd, packed, &x[first * positions..], positions, pair);
                    for (sums, y) in sums.chunks_exact(2).zip(y.chunks_exact_mut(positions)) {
                        y[pair[0]] += sums[0];
                        if pair[0] != pair[1] {
                            y[pair[1]] += sums[1];
                        }
                    }
                }
            }
        }
    }
}

/// Packs `count` columns of some rows: a vector of each row, then the next one of each. In the parameter the rows may be
/// far apart, and a first-level cache would hold few of them.
#[inline(always)]
fn pack<S: Simd>(simd: S, weight: &[f32], columns: usize, count: usize, packed: &mut [f32]) {
    for (row, weight) in weight.chunks(columns).take(DOT_ROWS).enumerate() {
        for (x, y) in weight[..count].chunks(S::LANES).zip(packed.chunks_exact_mut(DOT_ROWS * S::LANES)) {
            let vector = if x.len() < S::LANES { some(simd, x) } else { simd.load(x) };
            simd.store(vector, &mut y[row * S::LANES..]);
        }
    }
}

/// The products of packed rows with the columns of two positions.
#[inline(always)]
fn dots<S: Simd>(simd: S, packed: &[f32], x: &[f32], positions: usize, pair: [usize; 2]) -> [f32; MOST_LANES] {
    let mut sums = [simd.splat(0.0); MOST_LANES];
    let block = BLOCK * S::LANES;
    for (index, packed) in packed.chunks(DOT_ROWS * block).enumerate() {
        let x = &x[index * block * positions..];
        let [x, other] = pair.map(|position| &x[position * block..][..block]);
        let vectors = x.chunks_exact(S::LANES).zip(other.chunks_exact(S::LANES));
        for ((x, other), packed) in vectors.zip(packed.chunks_exact(DOT_ROWS * S::LANES)) {
            let [x, other] = [simd.load(x), simd.load(other)];
            for row in 0..DOT_ROWS {
                let weight = simd.load(&packed[row * S::LANES..]);
                sums[2 * row] = simd.mul_add(weight, x, sums[2 * row]);
                sums[2 * row + 1] = simd.mul_add(weight, other, sums[2 * row + 1]);
            }
        }
    }
    simd.sums(&sums)
}

/// Fewer elements than a vector has lanes; the others are zero.
#[inline(always)]
fn some<S: Simd>(simd: S, from: &[f32]) -> S::F {
    let mut lanes = [0.0; MOST_LANES];
    lanes[..from.len()].copy_from_slice(from);
    simd.load(&lanes)
}

/// `R` of `rows` rows of all positions, from `row` on: in `x` those of one position are far from those of the next, and a
/// cache would hold few of them.
#[inline(always)]
fn tile<const R: usize>(x: &[f32], positions: usize, [rows, row]: [usize; 2]) -> [[f32; R]; UNPACKED_POSITIONS] {
    let mut tile = [[0.0; R]; UNPACKED_POSITIONS];
    for (position, tile) in tile.iter_mut().enumerate().take(positions) {
        *tile = *x[position * rows + row..].first_chunk().expect("as many as there are rows");
    }
    tile
}

/// The sums of the rows of weights, each times an element of the position.
struct ByRows<'a> {
    columns: usize,
    /// The first column of this part.
    first: usize,
    positions: usize,
    /// In rows.
    x: &'a [f32],
    /// From the first column on.
    weight: &'a [f32],
    /// In blocks.
    y: &'a mut [f32],
}

impl Kernel for ByRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        self.y.fill(0.0);
        let rows = self.x.len() / self.positions.max(1);
        let mut row = 0;
        while row < rows {
            row += match rows - row {
                16.. if S::LANES == 16 => self.add::<S, 16>(simd, rows, row),
                8.. => self.add::<S, 8>(simd, rows, row),
                _ => self.add::<S, 1>(simd, rows, row),
            };
        }
    }
}

impl ByRows<'_> {
    /// Adds `R` rows from `row` of `rows` on. Returns `R`.
    #[inline(always)]
    fn add<S: Simd, const R: usize>(&mut self, simd: S, rows: usize, row: usize) -> usize {
        let block = BLOCK * S::LANES;
        let weight = &self.weight[row * self.columns..];
        let x = tile::<R>(self.x, self.positions, [rows, row]);
        for (index, y) in self.y.chunks_exact_mut(block * self.positions).enumerate() {
            let left = (self.columns - self.first).saturating_sub(index * block).min(block);
            for at in (0..left).step_by(S::LANES) {
                let mut vectors = [simd.splat(0.0); R];
                for (r, vector) in vectors.iter_mut().enumerate() {
                    let weight = &weight[r * self.columns + index * block + at..];
                    *vector = match left - at {
                        some_left if some_left < S::LANES => some(simd, &weight[..some_left]),
                        _ => simd.load(weight),
                    };
                }
                for (x, y) in x.iter().zip(y.chunks_exact_mut(block)) {
                    let mut sum = simd.load(&y[at..]);
                    for r in 0..R {
                        sum = simd.mul_add(vectors[r], simd.splat(x[r]), sum);
                    }
                    simd.store(sum, &mut y[at..]);
                }
            }
        }
        R
    }
}

/// The weight gradient: over all positions, the sums of the products of each row with each column.
struct RowsByColumns<'a> {
    rows: usize,
    columns: usize,
    positions: usize,
    /// In rows, from the first row of this part on.
    a: &'a [f32],
    /// In blocks.
    b: &'a [f32],
    /// Whether the gradient is overwritten.
    is_first: bool,
    /// Some rows of the gradient.
    weight: &'a mut [f32],
}

impl Kernel for RowsByColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let rows = self.weight.len() / self.columns.max(1);
        let mut row = 0;
        while row < rows {
            row += match rows - row {
                6.. if S::LANES == 16 => self.tiles::<S, 6>(simd, row),
                3.. => self.tiles::<S, 3>(simd, row),
                _ => self.tiles::<S, 1>(simd, row),
            };
        }
    }
}

impl RowsByColumns<'_> {
    /// All columns of `R` rows. Returns `R`.
    #[inline(always)]
    fn tiles<S: Simd, const R: usize>(&mut self, simd: S, row: usize) -> usize {
        let block = BLOCK * S::LANES;
        let a = tile::<R>(self.a, self.positions, [self.rows, row]);
        for first in (0..self.columns).step_by(block) {
            let b = &self.b[first * self.positions..];
            let mut sums = [[simd.splat(0.0); BLOCK]; R];
            for (a, b) in a.iter().zip(b.chunks_exact(block)).take(self.positions) {
                let mut vectors = [simd.splat(0.0); BLOCK];
                for v in 0..BLOCK {
                    vectors[v] = simd.load(&b[v * S::LANES..]);
                }
                for r in 0..R {
                    let a = simd.splat(a[r]);
                    for v in 0..BLOCK {
                        sums[r][v] = simd.mul_add(a, vectors[v], sums[r][v]);
                    }
                }
            }
            for r in 0..R {
                let to = &mut self.weight[(row + r) * self.columns + first..];
                let left = block.min(self.columns - first);
                for v in 0..BLOCK {
                    let at = v * S::LANES;
                    if at < left {
                        let count = S::LANES.min(left - at);
                        let mut sum = sums[r][v];
                        if !self.is_first {
                            sum = simd.add(sum, simd.load_some(&to[at..], count));
                        }
                        simd.store_some(sum, &mut to[at..], count);
                    }
                }
            }
        }
        R
    }
}
