//! Winograd convolutions: fewer multiplications.
//!
//! Winograd's minimal filtering (Lavin and Gray 2015, <https://arxiv.org/abs/1509.09308>): with F(2x2, 3x3), four
//! neighbouring outputs take 16 multiplications per pair of channels instead of 36, with F(2x2, 2x2) 9 instead of 16.
//! Tiles of inputs are transformed by additions, multiplied as 16 or 9 matrices, and transformed back. Rounding errors
//! grow by a small factor. An infinite or NaN input turns all outputs of the tiles that read it into NaN: besides the
//! outputs that really depend on it, at most one more on each side.
//!
//! A strided convolution is a sum over parts of its inputs, each with stride 1. The phases of a transposed or dilated
//! convolution are such convolutions too.

use std::ops::Range;
use std::vec::Vec;

use super::buffer::View;
use super::conv::TapSum;
use super::math::Epilogue;
use super::scratch::with_scratch;
use super::simd::{Kernel, Level, MOST_LANES, Runs, Sets, Simd};
use super::taps::{Axis, Row};
use super::threads::{Spread, Threads};
use super::tile::{EACH, Products, Tile, UNLIMITED, rows};
use crate::model::workspace::Workspace;

/// Outputs of a tile per axis.
pub(super) const STEP: usize = 2;

/// A convolution in tiles.
#[derive(Clone, Debug)]
pub(super) struct Tiling {
    rows: Vec<Row>,
    columns: Vec<Row>,
}

impl Tiling {
    /// `None` unless each part has two or three taps along height and width and one along the depth, the channels fill
    /// vectors, there are enough outputs, and it is faster than the direct way.
    pub(super) fn new(axes: &[Axis; 3], groups: usize, inputs: usize, outputs: usize) -> Option<Tiling> {
        let [depth] = &axes[0].phases[..] else { return None };
        let full = |channels: usize| channels.is_multiple_of(MOST_LANES);
        if depth.taps.len() != 1 || groups != 1 || !full(inputs) || !full(outputs) {
            return None;
        }
        let (rows, columns) = (axes[1].rows()?, axes[2].rows()?);
        let taps = rows[0].parts[0].taps.len();
        let parts = rows[0].parts.len() * columns[0].parts.len();
        let tiling = Tiling { rows, columns };
        let even = tiling.axes().all(|row| row.parts.iter().all(|part| part.taps.len() == taps));
        let small = tiling.axes().any(|row| row.count <= STEP);
        let count = |rows: &[Row]| rows.iter().map(|row| row.count.div_ceil(STEP)).sum::<usize>() / rows.len();
        let tiles = depth.count * count(&tiling.rows) * count(&tiling.columns);
        // The matrices are large: with few tiles, reading them takes most of the time.
        let many = tiles >= LEAST_TILES;
        let (points, read) = ((taps + 1) * (taps + 1), parts * inputs);
        let direct = STEP * STEP * taps * taps * read * outputs;
        // A transformed element takes as long as half a dozen multiply-adds.
        let own = points * (read * outputs + 6 * (read + outputs));
        (matches!(taps, 2 | 3) && even && !small && many && direct > own + own / 8).then_some(tiling)
    }

    fn axes(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().chain(&self.columns)
    }

    /// Rows and columns of border after the input, which the last tile may read.
    pub(super) fn overhang(&self) -> [usize; 2] {
        [&self.rows, &self.columns].map(|rows| rows.iter().map(|row| row.count % STEP * row.step).max().unwrap_or(0))
    }
}

/// The least tiles of a phase for which matrices too large for the cache are worth reading.
const LEAST_TILES: usize = 16;

/// A convolution, ready to run.
pub(super) struct Winograd {
    level: Level,
    /// Elements of a transformed tile per axis: the taps plus one.
    edge: usize,
    /// Input channels of all parts together, and of each.
    read: usize,
    inputs: usize,
    outputs: usize,
    phases: Vec<WinogradPhase>,
    x_sample: usize,
    y_sample: usize,
    /// `[phase][point][panel][part][input channel][output channel of the panel]`
    weights: Workspace,
    shift: Vec<f32>,
    /// Whether the result is added to the old values of the output.
    onto: bool,
    epilogue: Epilogue,
    runs: Runs,
    /// Tiles that are computed together, whose transforms stay in the cache.
    together: usize,
    spread: Spread,
    /// Multiply-adds of a sample, as the direct way counts them.
    pub(super) work: usize,
}

/// Outputs that advance through the input with the same stride.
struct WinogradPhase {
    /// The offset of the first input of each part, and the strides of its planes, rows and columns.
    parts: Vec<usize>,
    x: [usize; 3],
    /// The same for the outputs, and their number.
    first: usize,
    y: [usize; 3],
    size: [usize; 3],
    weights: usize,
}

impl Winograd {
    pub(super) fn new(level: Level, sum: &TapSum<'_>, tiling: &Tiling, x: View, y: View) -> Option<Winograd> {
        let depth = &sum.axes[0].phases[0];
        let (tap_d, plane) = *depth.taps.first()?;
        let (inputs, outputs) = (x.channels, y.channels);
        let edge = tiling.rows[0].parts[0].taps.len() + 1;
        let (x_strides, y_strides) = (x.buffer.strides(), y.buffer.strides());
        let panel = 2 * level.lanes();
        let points = edge * edge;
        let parts = tiling.rows.iter().map(|row| row.parts.len()).sum::<usize>()
            * tiling.columns.iter().map(|column| column.parts.len()).sum::<usize>();
        let mut weights = Workspace::with_elements(points * parts * inputs * outputs);
        let mut phases: Vec<WinogradPhase> = Vec::new();
        let mut packed = 0;
        for row in &tiling.rows {
            for column in &tiling.columns {
                let pairs = || row.parts.iter().flat_map(|h| column.parts.iter().map(move |w| (h, w)));
                let read = pairs().count() * inputs;
                let own = &mut weights.get_mut()[packed..][..points * read * outputs];
                for ((part, (h, w)), first) in
                    pairs().enumerate().flat_map(|part| (0..outputs).step_by(panel).map(move |first| (part, first)))
                {
                    let width = panel.min(outputs - first);
                    for input in 0..inputs {
                        let place = first * read + (part * inputs + input) * width;
                        for output in first..first + width {
                            let transformed = transform_weights(edge, &|i, j| {
                                let weight = sum.weights.at(output, input, [tap_d, h.taps[i], w.taps[j]]);
                                f64::from(weight) * f64::from(sum.scale[output])
                            });
                            for (point, weight) in transformed[..points].iter().enumerate() {
                                own[point * read * outputs + place + output - first] = *weight;
                            }
                        }
                    }
                }
                phases.push(WinogradPhase {
                    parts: pairs().map(|(h, w)| x.buffer.at_signed([plane, h.first, w.first]) + x.channel).collect(),
                    x: [sum.axes[0].step * x_strides[0], row.step * x_strides[1], column.step * x_strides[2]],
                    first: y.at([depth.first, row.first, column.first]),
                    y: [sum.axes[0].modulus * y_strides[0], row.apart * y_strides[1], column.apart * y_strides[2]],
                    size: [depth.count, row.count, column.count],
                    weights: packed,
                });
                packed += points * read * outputs;
            }
        }
        let read = phases[0].parts.len() * inputs;
        let positions: usize = phases.iter().map(|phase| phase.size.iter().product::<usize>()).sum();
        Some(Winograd {
            level,
            edge,
            read,
            inputs,
            outputs,
            x_sample: x.buffer.sample(),
            y_sample: y.buffer.sample(),
            weights,
            shift: sum.shift.to_vec(),
            onto: sum.onto,
            epilogue: sum.epilogue,
            runs: Runs::new([0].into_iter(), read, false),
            together: if edge * edge * (read + outputs) <= 1024 { 60 } else { 36 },
            spread: if depth.count > 1 {
                let step = sum.axes[0].modulus * y_strides[0];
                Spread { sample: y.buffer.sample(), units: depth.count, origin: y.buffer.low[0] * y_strides[0], step }
            } else {
                Spread {
                    sample: y.buffer.sample(),
                    units: tiling.rows.iter().map(|row| row.count.div_ceil(STEP)).max()?,
                    origin: y.buffer.low[0] * y_strides[0] + y.buffer.low[1] * y_strides[1],
                    step: STEP * tiling.rows[0].apart * y_strides[1],
                }
            },
            work: (edge - 1) * (edge - 1) * positions * read * outputs,
            phases,
        })
    }

    /// Runs all samples. `x` and `y` are the buffers.
    pub(super) fn run(&self, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        self.spread.run(threads, self.work, samples, y, &|y, base, samples, units| {
            let needed = self.edge * self.edge * self.together * (self.read + self.outputs);
            with_scratch(needed, |scratch| {
                self.level.run(TileShare { own: self, x, y, base, samples, units, scratch });
            });
        });
    }
}

/// A transformed tile of 16 elements; smaller ones use the first elements.
type Points = [f32; 16];

/// `G g G^T`
fn transform_weights(edge: usize, tap: &dyn Fn(usize, usize) -> f64) -> Points {
    let spread = |a: f64, b: f64, c: f64| match edge {
        3 => [a, a + b, b, 0.0],
        _ => [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c],
    };
    let tap = |i: usize, j: usize| if i + 1 < edge && j + 1 < edge { tap(i, j) } else { 0.0 };
    let columns = [0, 1, 2].map(|j| spread(tap(0, j), tap(1, j), tap(2, j)));
    let mut points = [0.0; 16];
    for i in 0..edge {
        let row = spread(columns[0][i], columns[1][i], columns[2][i]);
        for j in 0..edge {
            #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
            let point = row[j] as f32;
            points[edge * i + j] = point;
        }
    }
    points
}

/// Some planes, or some rows of tiles.
struct TileShare<'a> {
    own: &'a Winograd,
    x: &'a [f32],
    y: &'a mut [f32],
    base: usize,
    samples: Range<usize>,
    units: Range<usize>,
    scratch: &'a mut [f32],
}

impl Kernel for TileShare<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let TileShare { own, x, y, base, samples, units, scratch } = self;
        let (read, outputs, edge) = (own.read, own.outputs, own.edge);
        let (inputs, products) = scratch.split_at_mut(edge * edge * own.together * read);
        for phase in &own.phases {
            let [depth, rows, columns] = [phase.size[0], phase.size[1].div_ceil(STEP), phase.size[2].div_ceil(STEP)];
            let (planes, rows) =
                if depth > 1 { (units.clone(), 0..rows) } else { (0..1, units.start..units.end.min(rows)) };
            let tiles = samples.len() * planes.len() * rows.len() * columns;
            for first in (0..tiles).step_by(own.together) {
                let count = own.together.min(tiles - first);
                let (planes, rows) = (planes.clone(), rows.clone());
                let place = Tiles { phase, first, count, samples: samples.start, planes, rows, columns };
                match edge {
                    3 => simd.call(Gather::<3> { own, x, place: &place, points: inputs }),
                    _ => simd.call(Gather::<4> { own, x, place: &place, points: inputs }),
                }
                for point in 0..edge * edge {
                    let x = &inputs[point * count * read..][..count * read];
                    let y = &mut products[point * count * outputs..][..count * outputs];
                    let weights = &own.weights.get()[phase.weights + point * read * outputs..][..read * outputs];
                    Matrix { own, x, y, count }.multiply(simd, weights);
                }
                match edge {
                    3 => simd.call(Scatter::<3> { own, y: &mut *y, base, place: &place, points: products }),
                    _ => simd.call(Scatter::<4> { own, y: &mut *y, base, place: &place, points: products }),
                }
            }
        }
    }
}

/// Some tiles of a phase.
struct Tiles<'a> {
    phase: &'a WinogradPhase,
    first: usize,
    count: usize,
    samples: usize,
    planes: Range<usize>,
    rows: Range<usize>,
    columns: usize,
}

impl Tiles<'_> {
    /// Sample, plane, row and column of a tile.
    #[inline(always)]
    fn at(&self, tile: usize) -> [usize; 4] {
        let tile = self.first + tile;
        let (row, column) = (tile / self.columns, tile % self.columns);
        let (plane, row) = (row / self.rows.len(), row % self.rows.len());
        let (sample, plane) = (plane / self.planes.len(), plane % self.planes.len());
        [self.samples + sample, self.planes.start + plane, self.rows.start + row, column]
    }
}

/// `B^T d B` of each tile and channel.
struct Gather<'a, const EDGE: usize> {
    own: &'a Winograd,
    x: &'a [f32],
    place: &'a Tiles<'a>,
    points: &'a mut [f32],
}

impl<const EDGE: usize> Kernel for Gather<'_, EDGE> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Gather { own, x, place, points } = self;
        let [plane_step, row_step, column_step] = place.phase.x;
        for tile in 0..place.count {
            let [sample, plane, row, column] = place.at(tile);
            let start = sample * own.x_sample + plane * plane_step + STEP * (row * row_step + column * column_step);
            for (part, first) in place.phase.parts.iter().enumerate() {
                for channel in (0..own.inputs).step_by(S::LANES) {
                    let zero = simd.splat(0.0);
                    let mut d = [[zero; EDGE]; EDGE];
                    for i in 0..EDGE {
                        for j in 0..EDGE {
                            d[j][i] = simd.load(&x[first + start + i * row_step + j * column_step + channel..]);
                        }
                    }
                    let mut t = [[zero; EDGE]; EDGE];
                    for j in 0..EDGE {
                        let column = differences(simd, d[j]);
                        for i in 0..EDGE {
                            t[i][j] = column[i];
                        }
                    }
                    for i in 0..EDGE {
                        let row = differences(simd, t[i]);
                        for j in 0..EDGE {
                            let at = ((EDGE * i + j) * place.count + tile) * own.read + part * own.inputs + channel;
                            simd.store(row[j], &mut points[at..]);
                        }
                    }
                }
            }
        }
    }
}

/// `B^T d`
#[inline(always)]
fn differences<S: Simd, const EDGE: usize>(simd: S, d: [S::F; EDGE]) -> [S::F; EDGE] {
    let mut t = d;
    if EDGE == 3 {
        t[0] = simd.sub(d[0], d[1]);
        t[2] = simd.sub(d[2], d[1]);
    } else {
        t[0] = simd.sub(d[0], d[2]);
        t[1] = simd.add(d[1], d[2]);
        t[2] = simd.sub(d[2], d[1]);
        t[EDGE - 1] = simd.sub(d[1], d[EDGE - 1]);
    }
    t
}

/// `A^T m`
#[inline(always)]
fn pair<S: Simd, const EDGE: usize>(simd: S, m: [S::F; EDGE]) -> [S::F; 2] {
    if EDGE == 3 {
        [simd.add(m[0], m[1]), simd.add(m[1], m[2])]
    } else {
        [simd.add(simd.add(m[0], m[1]), m[2]), simd.sub(simd.sub(m[1], m[2]), m[EDGE - 1])]
    }
}

/// `A^T m A` of each tile and channel, and the epilogue.
struct Scatter<'a, const EDGE: usize> {
    own: &'a Winograd,
    y: &'a mut [f32],
    base: usize,
    place: &'a Tiles<'a>,
    points: &'a [f32],
}

impl<const EDGE: usize> Kernel for Scatter<'_, EDGE> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Scatter { own, y, base, place, points } = self;
        let ([plane_step, row_step, column_step], [_, size @ ..]) = (place.phase.y, place.phase.size);
        for tile in 0..place.count {
            let [sample, plane, row, column] = place.at(tile);
            let (row, column) = (STEP * row, STEP * column);
            let start = place.phase.first + sample * own.y_sample + plane * plane_step;
            let start = start + row * row_step + column * column_step - base;
            for channel in (0..own.outputs).step_by(S::LANES) {
                let zero = simd.splat(0.0);
                let mut t = [[zero; EDGE]; 2];
                for j in 0..EDGE {
                    let mut m = [zero; EDGE];
                    for i in 0..EDGE {
                        m[i] = simd.load(&points[((EDGE * i + j) * place.count + tile) * own.outputs + channel..]);
                    }
                    [t[0][j], t[1][j]] = pair(simd, m);
                }
                let shift = simd.load(&own.shift[channel..]);
                for i in 0..STEP.min(size[0] - row) {
                    let pair = pair(simd, t[i]);
                    for j in 0..STEP {
                        if column + j < size[1] {
                            let at = start + i * row_step + j * column_step + channel;
                            let y = &mut y[at..][..S::LANES];
                            let mut sum = simd.add(pair[j], shift);
                            if own.onto {
                                sum = simd.add(sum, simd.load(y));
                            }
                            simd.store(own.epilogue.apply(simd, sum), y);
                        }
                    }
                }
            }
            for i in 0..STEP.min(size[0] - row) {
                for j in 0..STEP.min(size[1] - column) {
                    let at = start + i * row_step + j * column_step;
                    own.epilogue.rest(simd, &mut y[at..][..own.outputs]);
                }
            }
        }
    }
}

/// A product of matrices: `count` tiles by output channels.
struct Matrix<'a> {
    own: &'a Winograd,
    x: &'a [f32],
    y: &'a mut [f32],
    count: usize,
}

impl Matrix<'_> {
    #[inline(always)]
    fn multiply<S: Simd>(self, simd: S, mut weights: &[f32]) {
        let Matrix { own, x, y, count } = self;
        let (starts, places) = (rows(own.read), rows(own.outputs));
        let mut output = 0;
        while output < own.outputs {
            let wide = own.outputs - output >= 2 * S::LANES;
            let (panel, rest) = weights.split_at(own.read * S::LANES * if wide { 2 } else { 1 });
            weights = rest;
            let vectors = if wide { 2 } else { 1 };
            let most = S::POSITIONS[1];
            let groups = count.div_ceil(most);
            for group in 0..groups {
                let (first, end) = (group * count / groups, (group + 1) * count / groups);
                let ahead = [group, group + 1].map(|group| group * panel.len().min(rest.len()) / groups);
                let (starts, places) = (&starts[..end - first], &places[..end - first]);
                simd.call(Products {
                    tile: Tile {
                        x: &x[first * own.read..],
                        starts,
                        runs: &own.runs,
                        weights: panel,
                        ahead: &rest[ahead[0]..ahead[1]],
                    },
                    vectors,
                    shift: &[0.0; 2 * MOST_LANES],
                    inputs: EACH,
                    onto: false,
                    limits: UNLIMITED,
                    y: &mut y[first * own.outputs + output..],
                    places,
                });
            }
            output += vectors * S::LANES;
        }
    }
}
