//! The gradient of the weights of a convolution in tiles.
//!
//! The output is linear in the weights, so its transposed steps give their gradient: with the transforms of [`super`],
//! `G^T [(A dy A^T) x (B^T d B)] G`, where the product of each point is summed over the tiles.

use std::vec::Vec;

use super::{Form, Gather, TileGroup, Tiling, Winograd};
use crate::cpu::buffer::View;
use crate::cpu::conv::TapSum;
use crate::cpu::scratch::with_scratch;
use crate::cpu::simd::{Kernel, Level, Sets, Simd, Walk, outer};
use crate::cpu::threads::Threads;
use crate::cpu::tile::panels;
use crate::cpu::tuning::{GRADIENT_SUMS, WINOGRAD_SHARES};
use crate::model::workspace::Workspace;

/// The weight gradient of a convolution, ready to run.
pub(in crate::cpu) struct WinogradGradient {
    /// The convolution, without weights; its output is the gradient.
    conv: Winograd,
    /// The sums of a share, in the order of the weights.
    size: usize,
    sums: Workspace,
}

impl WinogradGradient {
    /// For a batch of `samples`, with the number of taps that [`WinogradGradient::run`] computes gradients of. What the
    /// taps are packed of comes from `sum`.
    pub(in crate::cpu) fn new(
        level: Level,
        sum: &TapSum<'_>,
        tiling: &Tiling,
        [x, dy]: [View; 2],
        samples: usize,
    ) -> Option<(WinogradGradient, Vec<f32>)> {
        let (mut conv, taps) = Winograd::new(level, sum, tiling, x, dy)?;
        let size = conv.weights.get().len();
        conv.weights = Workspace::with_elements(0);
        let tiles: usize = conv.phases.iter().map(|phase| conv.tiles(phase).iter().product::<usize>()).sum();
        let enough = samples * tiles / (2 * conv.together);
        let shares = WINOGRAD_SHARES.min(samples).min(GRADIENT_SUMS / size.max(1)).min(enough).max(1);
        Some((WinogradGradient { conv, size, sums: Workspace::with_elements(shares * size) }, taps))
    }

    /// Multiply-adds of a sample, as the direct way counts them.
    pub(in crate::cpu) fn work(&self) -> usize {
        self.conv.work
    }

    /// Computes the gradients of the taps over a batch.
    pub(in crate::cpu) fn run(&mut self, threads: Threads, samples: usize, [x, dy]: [&[f32]; 2], taps: &mut [f32]) {
        let WinogradGradient { conv, size, sums } = self;
        let sums = sums.get_mut();
        let each = samples.div_ceil(sums.len() / *size);
        threads.share_chunks(sums, *size, &|share, sums| {
            conv.add_tiles(x, dy, (share * each).min(samples)..((share + 1) * each).min(samples), sums);
        });
        let (first, rest) = sums.split_at_mut(*size);
        for share in rest.chunks_exact(*size) {
            first.iter_mut().zip(share).for_each(|(sum, more)| *sum += more);
        }
        conv.level.run(UnpackWeights { edges: conv.edges, matrix: conv.read * conv.width, sums: first, taps });
    }
}

impl Winograd {
    /// Writes the sums of the products of some samples.
    fn add_tiles(&self, x: &[f32], dy: &[f32], samples: core::ops::Range<usize>, sums: &mut [f32]) {
        sums.fill(0.0);
        let (read, width) = (self.read, self.width);
        let points = self.edges[0] * self.edges[1];
        with_scratch(points * self.together * (read + width), |scratch| {
            let (inputs, gradients) = scratch.split_at_mut(points * self.together * read);
            for phases in self.sets() {
                let sums = &mut sums[phases[0].weights..][..points * read * width];
                let units = 0..self.spread.units;
                let mut place =
                    TileGroup { own: self, phases, first: (0, 0), count: 0, samples: samples.clone(), units };
                let tiles = phases.iter().map(|phase| place.tiles(phase)).sum();
                for first in (0..tiles).step_by(self.together) {
                    (place.first, place.count) = (place.after(place.count), self.together.min(tiles - first));
                    self.level.run(Gather { own: self, x, place: &place, points: inputs });
                    self.level.run(GatherGradients { own: self, dy, place: &place, points: gradients });
                    self.level.run(AddProducts { own: self, x: inputs, dy: gradients, count: place.count, sums });
                }
            }
        });
    }
}

/// `A dy A^T` of each tile and channel. Outputs beyond the last count as zeros.
struct GatherGradients<'a> {
    own: &'a Winograd,
    dy: &'a [f32],
    place: &'a TileGroup<'a>,
    points: &'a mut [f32],
}

impl Kernel for GatherGradients<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        by_edges!(self.own.edges, simd, GatherGradientTiles(self));
    }
}

struct GatherGradientTiles<'a, const H: usize, const W: usize>(GatherGradients<'a>);

impl<const H: usize, const W: usize> Kernel for GatherGradientTiles<'_, H, W> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let GatherGradients { own, dy, place, points } = self.0;
        let steps = [Form::of_edge(H).step, Form::of_edge(W).step];
        let zero = simd.splat(0.0);
        for (tile, (phase, at)) in place.places().enumerate() {
            let (start, [rows, columns]) = own.outputs_of(phase, at, steps);
            let [_, row_step, column_step] = phase.y;
            for channel in (0..own.outputs).step_by(S::LANES) {
                let mut t = [[zero; 4]; H];
                for j in 0..columns {
                    let mut d = [zero; 4];
                    for i in 0..rows {
                        let dy = &dy[start + i * row_step + j * column_step + channel..];
                        d[i] = simd.load_some(dy, own.outputs - channel);
                    }
                    let column: [S::F; H] = powers(simd, d);
                    for i in 0..H {
                        t[i][j] = column[i];
                    }
                }
                for i in 0..H {
                    let row: [S::F; W] = powers(simd, t[i]);
                    for j in 0..W {
                        let at = ((W * i + j) * place.count + tile) * own.width + channel;
                        simd.store(row[j], &mut points[at..]);
                    }
                }
            }
        }
    }
}

/// `A y`: the transpose of [`super::sums`].
#[inline(always)]
fn powers<S: Simd, const EDGE: usize>(simd: S, y: [S::F; 4]) -> [S::F; EDGE] {
    let add = |factor: f32, x: S::F, sum: S::F| simd.mul_add(simd.splat(factor), x, sum);
    let mut m = [y[0]; EDGE];
    match EDGE {
        1 => {}
        3 => {
            m[1] = simd.add(y[0], y[1]);
            m[2] = y[1];
        }
        4 => {
            m[1] = simd.add(y[0], y[1]);
            m[2] = simd.sub(y[0], y[1]);
            m[3] = simd.sub(simd.splat(0.0), y[1]);
        }
        _ => {
            let (even, odd) = (simd.add(y[0], y[2]), simd.add(y[1], y[3]));
            m[1] = simd.add(even, odd);
            m[2] = simd.sub(even, odd);
            if EDGE == 5 {
                m[3] = add(8.0, y[3], add(4.0, y[2], add(2.0, y[1], y[0])));
            } else {
                m[3] = add(0.125, y[3], add(0.25, y[2], add(0.5, y[1], y[0])));
                m[4] = add(-8.0, y[3], add(4.0, y[2], add(-2.0, y[1], y[0])));
            }
            m[EDGE - 1] = y[3];
        }
    }
    m
}

/// Adds the products of each point, `[input channel][tile]` by `[tile][output channel]`, to sums in the order of the
/// weights.
struct AddProducts<'a> {
    own: &'a Winograd,
    x: &'a [f32],
    dy: &'a [f32],
    count: usize,
    sums: &'a mut [f32],
}

impl Kernel for AddProducts<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let AddProducts { own, x, dy, count, sums } = self;
        let (read, outputs) = (own.read, own.width);
        let points = x.chunks_exact(count * read).zip(dy.chunks_exact(count * outputs));
        for ((x, dy), mut sums) in points.zip(sums.chunks_exact_mut(read * outputs)) {
            let walk = Walk { counts: [1, 1, 1, count], rows: [0, 0, 0, read], columns: [0, 0, 0, outputs] };
            for channels in panels(outputs, S::LANES, S::PANEL) {
                let width = channels.len();
                let (panel, rest) = sums.split_at_mut(read * width);
                sums = rest;
                let most = S::POSITIONS[width / S::LANES - 1];
                let groups = read.div_ceil(most);
                for group in 0..groups {
                    let (first, end) = (group * read / groups, (group + 1) * read / groups);
                    let sums = &mut panel[first * width..end * width];
                    let mut tile = SumsTile { walk: &walk, x: &x[first..], dy: &dy[channels.start..], sums };
                    let rows = end - first;
                    match width / S::LANES {
                        1 => by_count!(rows, S::POSITIONS[0], |R| simd.call(AddTile::<R, 1>(&mut tile))),
                        2 => by_count!(rows, S::POSITIONS[1], |R| simd.call(AddTile::<R, 2>(&mut tile))),
                        3 => by_count!(rows, S::POSITIONS[2], |R| simd.call(AddTile::<R, 3>(&mut tile))),
                        _ => by_count!(rows, S::POSITIONS[3], |R| simd.call(AddTile::<R, 4>(&mut tile))),
                    }
                }
            }
        }
    }
}

struct SumsTile<'a> {
    walk: &'a Walk,
    x: &'a [f32],
    dy: &'a [f32],
    sums: &'a mut [f32],
}

/// Adds to the sums of some input channels and some vectors of output channels.
struct AddTile<'a, 'b, const R: usize, const V: usize>(&'a mut SumsTile<'b>);

impl<const R: usize, const V: usize> Kernel for AddTile<'_, '_, R, V> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let SumsTile { walk, x, dy, sums } = self.0;
        let mut own = [[[simd.splat(0.0); V]; R]];
        outer(simd, x, &[0], dy, walk, &mut own);
        for (sums, own) in sums.chunks_exact_mut(V * S::LANES).zip(own[0]) {
            for (sums, own) in sums.chunks_exact_mut(S::LANES).zip(own) {
                simd.store(simd.add(simd.load(sums), own), sums);
            }
        }
    }
}

/// `G^T s G` of all sums, the transpose of [`super::PackWeights`].
struct UnpackWeights<'a> {
    edges: [usize; 2],
    /// Elements of a matrix.
    matrix: usize,
    sums: &'a [f32],
    taps: &'a mut [f32],
}

impl Kernel for UnpackWeights<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        by_edges!(self.edges, simd, Unpack(self));
    }
}

struct Unpack<'a, const H: usize, const W: usize>(UnpackWeights<'a>);

impl<const H: usize, const W: usize> Kernel for Unpack<'_, H, W> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let UnpackWeights { matrix, sums, taps, .. } = self.0;
        let [rows, columns] = [Form::of_edge(H).taps, Form::of_edge(W).taps];
        let zero = simd.splat(0.0);
        for (taps, sums) in taps.chunks_exact_mut(rows * columns * matrix).zip(sums.chunks_exact(H * W * matrix)) {
            for at in (0..matrix).step_by(S::LANES) {
                let mut t = [[zero; W]; 3];
                for j in 0..W {
                    let mut s = [zero; H];
                    for i in 0..H {
                        s[i] = simd.load(&sums[(W * i + j) * matrix + at..]);
                    }
                    let column = collect(simd, s);
                    for i in 0..3 {
                        t[i][j] = column[i];
                    }
                }
                for (i, t) in t.into_iter().enumerate().take(rows) {
                    for (j, tap) in collect(simd, t).into_iter().enumerate().take(columns) {
                        simd.store(tap, &mut taps[(columns * i + j) * matrix + at..]);
                    }
                }
            }
        }
    }
}

/// `G^T s`: the transpose of [`super::spread`]. Results beyond the form's taps are unused.
#[inline(always)]
fn collect<S: Simd, const EDGE: usize>(simd: S, s: [S::F; EDGE]) -> [S::F; 3] {
    let scale = |factor: f32, x: S::F| simd.mul(simd.splat(factor), x);
    let add = |factor: f32, x: S::F, sum: S::F| simd.mul_add(simd.splat(factor), x, sum);
    let mut g = [s[0]; 3];
    match EDGE {
        1 => {}
        3 => {
            g[0] = simd.add(s[0], s[1]);
            g[1] = simd.add(s[1], s[2]);
        }
        4 => {
            let even = simd.add(s[1], s[2]);
            g[0] = add(0.5, even, s[0]);
            g[1] = scale(0.5, simd.sub(s[1], s[2]));
            g[2] = add(0.5, even, s[3]);
        }
        5 => {
            let sixth = scale(1.0 / 6.0, s[2]);
            g[0] = add(1.0 / 6.0, s[3], simd.sub(scale(0.5, simd.sub(s[0], s[1])), sixth));
            g[1] = add(1.0 / 3.0, s[3], add(-0.5, s[1], simd.add(sixth, s[4])));
        }
        _ => {
            let odd = scale(1.0 / 3.0, simd.sub(s[1], s[2]));
            g[0] = add(1.0 / 15.0, s[4], add(-16.0 / 15.0, s[3], simd.add(s[0], odd)));
            g[1] = add(-2.0 / 15.0, s[4], add(-8.0 / 15.0, s[3], scale(1.0 / 3.0, simd.add(s[1], s[2]))));
            g[2] = add(4.0 / 15.0, simd.sub(s[4], s[3]), simd.add(odd, s[EDGE - 1]));
        }
    }
    g
}
