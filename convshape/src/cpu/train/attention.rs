//! The backward pass of attention. It computes the weights again, for a few queries and a few hundred keys at a time,
//! from the logarithm that the forward pass stored for each query (Dao et al. 2022, "FlashAttention").

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::vec;
use std::vec::Vec;

use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::shape::Shape;

use super::Machine;
use crate::cpu::attention::{Attention, AttentionInputs, Drop, PackColumns, PackRows, TokenRows, exp2};
use crate::cpu::buffer::{Buffer, Grid, View};
use crate::cpu::simd::{Kernel, Level, Simd, panel};
use crate::cpu::tuning::{ATTENTION_VECTORS as VECTORS, KEYS, QUERIES};

/// An attention layer, and what the backward pass needs of a batch.
pub(super) struct Attend {
    layer: Attention,
    /// The views of queries, keys, values, the values added to the scores, and the output.
    views: Vec<View>,
    output: View,
    /// The dropout probability of a weight, and the draw of the last batch.
    p: f64,
    pub(super) drop: Option<Drop>,
    packed: Vec<f32>,
    logs: Vec<AtomicU32>,
}

impl Attend {
    /// `None` for other layers.
    pub(super) fn new(level: Level, op: &Op, shapes: &[Shape], output: &Shape) -> Option<Attend> {
        let Op::Attention(layer) = op else { return None };
        let view = |shape: &Shape| {
            let grid = Grid::new(shape, AxisOrder::ChannelsLast)?;
            Some(View {
                order: AxisOrder::ChannelsLast,
                buffer: Buffer::new(&grid),
                channel: 0,
                channels: grid.channels,
            })
        };
        let views = shapes.iter().map(view).collect::<Option<Vec<View>>>()?;
        let own = Attention::new(level, layer, shapes)?;
        let (packed, logs) = (Vec::new(), Vec::new());
        Some(Attend { layer: own, views, output: view(output)?, p: layer.dropout, drop: None, packed, logs })
    }

    /// The dropout probability; 0 without dropout.
    pub(super) fn p(&self) -> f64 {
        self.p
    }

    pub(super) fn work(&self) -> usize {
        self.layer.work()
    }

    pub(super) fn forward(&mut self, on: Machine, samples: usize, inputs: &[&[f32]], y: &mut [f32]) {
        let Attend { layer, views, output, drop, packed, logs, .. } = self;
        packed.resize(samples * layer.room(), 0.0);
        logs.resize_with(samples * layer.windows * layer.heads * layer.tokens, AtomicU32::default);
        for part in 0..2 {
            let from = (&views[1 + part], inputs[1 + part]);
            layer.pack((on.level, on.threads), samples, part, from, packed);
        }
        let added = views.get(3).zip(inputs.get(3).copied());
        let operands = AttentionInputs { q: (&views[0], inputs[0]), added, packed, drop: *drop, logs };
        layer.run((on.level, on.threads), samples, &operands, (output, y));
    }

    /// Adds the gradients of the inputs. An empty `dx` is not wanted.
    pub(super) fn backward(
        &self,
        on: Machine,
        samples: usize,
        inputs: &[&[f32]],
        ys: [&[f32]; 2],
        dx: &mut [Vec<f32>],
    ) {
        let heads = self.layer.heads;
        let (shared, added) = dx.split_at_mut(3);
        let mut added = added.first_mut().filter(|added| !added.is_empty());
        let shared = Mutex::new(shared);
        let one = |index: usize, added: Option<&mut Vec<f32>>| {
            let mut head = Head::new(self, index / heads, index % heads, inputs, ys);
            on.level.run(HeadGradient { head: &mut head, added });
            let mut shared = shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            head.add_to(&mut shared);
        };
        let all = 0..samples * self.layer.windows * heads;
        match &mut added {
            // Several heads may share the values added to the scores: in one order, their gradient is always the same.
            Some(added) => all.for_each(|index| one(index, Some(added))),
            None => on.threads.each(all, &|index| one(index, None)),
        }
    }
}

/// One head of one window, with its inputs and gradients as contiguous matrices.
struct Head<'a> {
    layer: &'a Attention,
    drop: Option<Drop>,
    /// Counted over the windows of all samples.
    window: usize,
    head: usize,
    /// The values added to the scores (a mask or a bias), and the index of those of the first query.
    added: Option<&'a [f32]>,
    added_start: usize,
    /// Queries, gradients of the output, keys and values, one row per token.
    q: Vec<f32>,
    dy: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    /// For each query, the logarithm of its sum of exponentials, and the weighted mean of the gradients of its weights.
    logs: Vec<f32>,
    means: Vec<f32>,
    /// The gradients of queries, keys and values.
    dq: Vec<f32>,
    dk: Vec<f32>,
    dv: Vec<f32>,
}

impl<'a> Head<'a> {
    fn new(attend: &'a Attend, window: usize, head: usize, inputs: &[&'a [f32]], [y, dy]: [&[f32]; 2]) -> Head<'a> {
        let layer = &attend.layer;
        let Attention { tokens, keys, width, values, heads, .. } = *layer;
        let rows = |x: &[f32], count: usize, width: usize| {
            let mut own = Vec::with_capacity(count * width);
            for row in 0..count {
                own.extend_from_slice(&x[((window * count + row) * heads + head) * width..][..width]);
            }
            own
        };
        let (y, dy) = (rows(y, tokens, values), rows(dy, tokens, values));
        let means = y.chunks_exact(values.max(1)).zip(dy.chunks_exact(values.max(1)));
        let means = means.map(|(y, dy)| y.iter().zip(dy).map(|(y, dy)| y * dy).sum()).collect();
        let place = (window * heads + head) * tokens;
        let logs = attend.logs[place..place + tokens].iter().map(|log| f32::from_bits(log.load(Ordering::Relaxed)));
        let (sample, own) = (window / layer.windows, window % layer.windows);
        let of_sample = attend.views.get(3).map_or(0, |view| view.buffer.sample());
        let added_start = sample * of_sample + layer.added_row(own, head) * keys;
        Head {
            layer,
            drop: attend.drop,
            window,
            head,
            added: inputs.get(3).copied(),
            added_start,
            q: rows(inputs[0], tokens, width),
            dy,
            k: rows(inputs[1], keys, width),
            v: rows(inputs[2], keys, values),
            logs: logs.collect(),
            means,
            dq: vec![0.0; tokens * width],
            dk: vec![0.0; keys * width],
            dv: vec![0.0; keys * values],
        }
    }

    /// Adds the gradients to those of all heads.
    fn add_to(&self, dx: &mut [Vec<f32>]) {
        let Attention { heads, width, values, .. } = *self.layer;
        for (dx, (own, width)) in dx.iter_mut().zip([(&self.dq, width), (&self.dk, width), (&self.dv, values)]) {
            if dx.is_empty() {
                continue;
            }
            let start = self.window * (own.len() / width.max(1)) * heads;
            for (row, own) in own.chunks_exact(width.max(1)).enumerate() {
                let to = &mut dx[(start + row * heads + self.head) * width..][..width];
                to.iter_mut().zip(own).for_each(|(to, own)| *to += own);
            }
        }
    }
}

struct HeadGradient<'a, 'b> {
    head: &'a mut Head<'b>,
    added: Option<&'a mut Vec<f32>>,
}

impl Kernel for HeadGradient<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        by_size!(S::ROWS[VECTORS - 1], |R| self.head.blocks::<S, R>(simd, self.added));
    }
}

/// A matrix in panels of a few columns, see [`PackRows`].
struct PackedRows {
    all: Vec<f32>,
    rows: usize,
    columns: usize,
}

impl PackedRows {
    /// Packs a matrix with rows of `columns` elements, or its transpose.
    #[inline(always)]
    fn new<S: Simd>(simd: S, x: &[f32], columns: usize, transposed: bool) -> PackedRows {
        let count = x.len() / columns.max(1);
        let grid = Grid { channels: columns, size: [1, 1, count] };
        let view = View { order: AxisOrder::ChannelsLast, buffer: Buffer::new(&grid), channel: 0, channels: columns };
        let rows = TokenRows { view: &view, x, sample: 0, first: 0, feature: 0, count, width: columns };
        let whole = if transposed { count } else { columns }.next_multiple_of(S::LANES);
        let mut all = vec![0.0; whole * if transposed { columns } else { count }];
        if transposed {
            PackColumns { rows, y: &mut all }.run(simd);
            return PackedRows { all, rows: columns, columns: count };
        }
        PackRows { rows, y: &mut all }.run(simd);
        PackedRows { all, rows: count, columns }
    }

    /// Adds to rows of `y`, with stride `step`, the products of rows of `x` with the rows `first..first + count`, for
    /// the columns `from..to`. `from` is the start of a panel.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "a matrix product")]
    fn add<S: Simd, const R: usize>(
        &self,
        simd: S,
        (x, strides): (&[f32], [usize; 2]),
        rows: usize,
        [first, count]: [usize; 2],
        [from, to]: [usize; 2],
        factor: f32,
        y: &mut [f32],
        step: usize,
    ) {
        let panel = VECTORS * S::LANES;
        for column in (from..to).step_by(panel) {
            let all = &self.all[column * self.rows..];
            let lanes = (all.len() / self.rows).min(panel);
            let w = &all[first * lanes..(first + count) * lanes];
            let mut row = 0;
            while row < rows {
                let (x, y) = (&x[row * strides[0]..], &mut y[row * step + column - from..]);
                let product = PackedTile { x, strides, count, w, columns: self.columns - column, factor, step };
                match (rows - row >= R, lanes == panel) {
                    (true, true) => product.add::<S, R, VECTORS>(simd, y),
                    (true, false) => product.add::<S, R, 1>(simd, y),
                    (false, true) => product.add::<S, 1, VECTORS>(simd, y),
                    (false, false) => product.add::<S, 1, 1>(simd, y),
                }
                row += if rows - row >= R { R } else { 1 };
            }
        }
    }
}

/// A tile of a product.
struct PackedTile<'a> {
    x: &'a [f32],
    strides: [usize; 2],
    count: usize,
    w: &'a [f32],
    /// Columns from the tile's first one to the end.
    columns: usize,
    factor: f32,
    step: usize,
}

impl PackedTile<'_> {
    #[inline(always)]
    fn add<S: Simd, const R: usize, const V: usize>(&self, simd: S, y: &mut [f32]) {
        let mut sums = [[simd.splat(0.0); V]; R];
        panel::<S, R, V>(simd, self.x, self.strides, self.count, self.w, &mut sums);
        let factor = simd.splat(self.factor);
        for r in 0..R {
            for v in 0..V {
                let left = S::LANES.min(self.columns - (v * S::LANES).min(self.columns));
                if left > 0 {
                    let y = &mut y[r * self.step + v * S::LANES..];
                    let sum = simd.mul_add(sums[r][v], factor, simd.load_some(y, left));
                    simd.store_some(sum, y, left);
                }
            }
        }
    }
}

impl Head<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const R: usize>(&mut self, simd: S, mut added: Option<&mut Vec<f32>>) {
        let Attention { tokens, width, values, log_scale, .. } = *self.layer;
        let scale = log_scale * core::f32::consts::LN_2;
        let columns = [PackedRows::new(simd, &self.k, width, true), PackedRows::new(simd, &self.v, values, true)];
        let rows = [
            PackedRows::new(simd, &self.k, width, false),
            PackedRows::new(simd, &self.q, width, false),
            PackedRows::new(simd, &self.dy, values, false),
        ];
        // The weights of a block and their gradients, and the transposes of both.
        let (mut weights, mut dweights) = (vec![0.0; QUERIES * KEYS], vec![0.0; QUERIES * KEYS]);
        let mut turned = vec![0.0; KEYS * QUERIES];
        for first in (0..tokens).step_by(QUERIES) {
            let count = QUERIES.min(tokens - first);
            let last = self.layer.seen(first + count - 1);
            for start in (0..last).step_by(KEYS) {
                let seen = KEYS.min(last - start);
                weights.fill(0.0);
                dweights.fill(0.0);
                let block = [start, start + seen];
                let x = (&self.q[first * width..], [width, 1]);
                columns[0].add::<S, R>(simd, x, count, [0, width], block, 1.0, &mut weights, KEYS);
                let x = (&self.dy[first * values..], [values, 1]);
                columns[1].add::<S, R>(simd, x, count, [0, values], block, 1.0, &mut dweights, KEYS);
                for row in 0..count {
                    let own = self.layer.seen(first + row).saturating_sub(start).min(seen);
                    let (weights, dweights) = (&mut weights[row * KEYS..][..KEYS], &mut dweights[row * KEYS..][..KEYS]);
                    self.weigh(simd, [first + row, start, own], weights, dweights);
                    if let Some(added) = &mut added {
                        let place = self.place(first + row, start);
                        added[place..place + own].iter_mut().zip(&*dweights).for_each(|(to, own)| *to += own);
                    }
                }
                let x = (&dweights[..], [KEYS, 1]);
                let dq = &mut self.dq[first * width..];
                rows[0].add::<S, R>(simd, x, count, [start, seen], [0, width], scale, dq, width);
                turn(simd, &dweights, &mut turned, [count, seen]);
                let x = (&turned[..], [QUERIES, 1]);
                let dk = &mut self.dk[start * width..];
                rows[1].add::<S, R>(simd, x, seen, [first, count], [0, width], scale, dk, width);
                turn(simd, &weights, &mut turned, [count, seen]);
                let x = (&turned[..], [QUERIES, 1]);
                let dv = &mut self.dv[start * values..];
                rows[2].add::<S, R>(simd, x, seen, [first, count], [0, values], 1.0, dv, values);
            }
        }
    }

    /// The offset of the values added to the scores of a query, from a key on.
    #[inline(always)]
    fn place(&self, token: usize, key: usize) -> usize {
        self.added_start + token * self.layer.keys + key
    }

    /// Turns the products of a query with keys into weights, and those of its output's gradient with values into the
    /// gradients of the scores.
    #[inline(always)]
    fn weigh<S: Simd>(&self, simd: S, [token, start, own]: [usize; 3], weights: &mut [f32], dweights: &mut [f32]) {
        let log = self.logs[token];
        if log == f32::NEG_INFINITY {
            weights.fill(0.0);
            dweights.fill(0.0);
            return;
        }
        let mut scale = self.layer.log_scale;
        if let Some(added) = self.added {
            let place = self.place(token, start);
            for (weight, added) in weights.iter_mut().zip(&added[place..place + own]) {
                *weight = *weight * scale + added * core::f32::consts::LOG2_E;
            }
            scale = 1.0;
        }
        let scale = simd.splat(scale);
        let (log, mean) = (simd.splat(-log), simd.splat(self.means[token]));
        for at in (0..own.next_multiple_of(S::LANES).min(KEYS)).step_by(S::LANES) {
            let weight = exp2(simd, simd.mul_add(simd.load(&weights[at..]), scale, log));
            simd.store(weight, &mut weights[at..]);
            if self.drop.is_none() {
                let dweight = simd.mul(weight, simd.sub(simd.load(&dweights[at..]), mean));
                simd.store(dweight, &mut dweights[at..]);
            }
        }
        if let Some(drop) = self.drop {
            let layer = self.layer;
            let first = ((self.window * layer.heads + self.head) * layer.tokens + token) * layer.keys + start;
            for key in 0..own {
                let factor = drop.factor(first + key);
                dweights[key] = weights[key] * (dweights[key] * factor - self.means[token]);
                weights[key] *= factor;
            }
        }
        weights[own..].fill(0.0);
        dweights[own..].fill(0.0);
    }
}

/// The transpose of a block of weights: one row per key.
#[inline(always)]
fn turn<S: Simd>(simd: S, x: &[f32], y: &mut [f32], [rows, columns]: [usize; 2]) {
    for row in (0..rows).step_by(S::LANES) {
        for column in (0..columns).step_by(S::LANES) {
            let size = [S::LANES.min(rows - row), S::LANES.min(columns - column)];
            simd.transpose(&x[row * KEYS + column..], KEYS, &mut y[column * QUERIES + row..], QUERIES, size);
        }
    }
}
