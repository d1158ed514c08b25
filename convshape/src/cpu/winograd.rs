//! Winograd convolutions: fewer multiplications.
//!
//! Winograd's minimal filtering (Lavin and Gray 2015, <https://arxiv.org/abs/1509.09308>): with F(2, 3), two
//! neighbouring outputs of a row take 4 multiplications per pair of channels instead of 6, with F(4, 3) four take 6
//! instead of 12; along two axes these numbers are squared. Tiles of inputs are transformed by a few additions,
//! multiplied as a matrix for each of their points, and transformed back. The points of F(4, 3) are 0, 1, -1, 1/2, -2
//! and infinity, with which rounding errors are two to four times those of the definition (Barabasz and others 2020,
//! <https://arxiv.org/abs/1803.10986>). An infinite or NaN input turns all outputs of the tiles that read it into NaN:
//! besides the outputs that really depend on it, at most three more on each side.
//!
//! More taps are a sum over parts of two or three, and so are the taps of a third axis. A strided convolution is a sum
//! over parts of its inputs, each with stride 1. The phases of a transposed or dilated convolution are such
//! convolutions too.

use std::ops::Range;
use std::vec::Vec;

use super::buffer::View;
use super::conv::TapSum;
use super::math::Epilogue;
use super::scratch::with_scratch;
use super::simd::{Kernel, Level, MOST_LANES, Runs, Sets, Simd};
use super::taps::{Axis, AxisPhase, Row, RowPart};
use super::threads::{Spread, Threads};
use super::tile::{EACH, Products, Tile, panels, rows};
use super::tuning::{SMALL_TILE, TRANSFORM, TRANSFORMED, TRANSFORMED_LOAD, TRANSFORMED_PACKING};
use crate::model::workspace::Workspace;

/// How an axis is computed: `step` outputs from `taps + step - 1` inputs at a time.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Form {
    taps: usize,
    step: usize,
}

impl Form {
    /// For an axis with one tap.
    const SINGLE: Form = Form { taps: 1, step: 1 };
    const ALL: [Form; 4] =
        [Form { taps: 2, step: 2 }, Form { taps: 3, step: 2 }, Form { taps: 2, step: 4 }, Form { taps: 3, step: 4 }];

    /// The form with this many elements of a transformed tile.
    const fn of_edge(edge: usize) -> Form {
        let step = match edge {
            1 => 1,
            3 | 4 => 2,
            _ => 4,
        };
        Form { taps: edge + 1 - step, step }
    }

    /// Elements of a transformed tile.
    const fn edge(self) -> usize {
        self.taps + self.step - 1
    }
}

/// A convolution in tiles.
#[derive(Clone, Debug)]
pub(super) struct Tiling {
    /// The axes of planes, rows and columns. Tiles cover columns, or rows and columns; the taps of planes are summed.
    order: [usize; 3],
    /// Those of rows and columns.
    forms: [Form; 2],
    rows: Vec<Row>,
    columns: Vec<Row>,
    /// Multiply-adds of a sample, as the direct way counts them.
    work: usize,
}

impl Tiling {
    /// The fastest tiling for a batch; `None` if the direct way is faster, or if the layer has no tiling: its channels
    /// must fill a vector. `packed_anew` is whether weights are packed for each batch.
    pub(super) fn new(
        axes: &[Axis; 3],
        groups: usize,
        [inputs, outputs]: [usize; 2],
        (samples, packed_anew): (usize, bool),
    ) -> Option<Tiling> {
        if groups != 1 || inputs.min(outputs) < MOST_LANES {
            return None;
        }
        let is_single = |axis: &usize| axes[*axis].phases.iter().all(|phase| phase.taps.len() == 1);
        let (single, several): (Vec<usize>, Vec<usize>) = (0..3).partition(is_single);
        let order = match (&single[..], &several[..]) {
            ([], _) => [0, 1, 2],
            (&[plane], &[row, column]) => [plane, row, column],
            (&[plane, row], &[column]) => [plane, row, column],
            _ => return None,
        };
        let plane = &axes[order[0]];
        let [AxisPhase { taps: planes, count: depth, .. }] = &plane.phases[..] else { return None };
        let (rows, columns) = (axes[order[1]].rows()?, axes[order[2]].rows()?);
        let taken = |rows: &[Row]| rows.iter().map(|row| row.count * row.taps()).sum::<usize>();
        let work = |outputs: usize| depth * taken(&rows) * taken(&columns) * planes.len() * inputs * outputs;
        let tilings = Form::ALL.iter().filter_map(|&form| {
            let forms = [if several.len() == 1 { Form::SINGLE } else { form }, form];
            let (rows, columns) = (split(&rows, forms[0])?, split(&columns, forms[1])?);
            let tiling = Tiling { order, forms, rows, columns, work: work(outputs) };
            let pack = if packed_anew { TRANSFORMED_PACKING } else { 0 };
            Some((tiling.cost(samples * depth, planes.len(), [inputs, outputs], pack), tiling))
        });
        let (cost, tiling) = tilings.min_by_key(|(cost, _)| *cost)?;
        // The direct way, too, computes whole vectors of output channels.
        (samples * work(outputs.next_multiple_of(MOST_LANES)) > cost + cost / 16).then_some(tiling)
    }

    /// How long a batch takes with this many planes, and taps along them, in multiply-adds. `pack` is the time of
    /// packing a weight.
    fn cost(&self, planes: usize, taps: usize, [inputs, outputs]: [usize; 2], pack: usize) -> usize {
        let points = self.points();
        let parts = taps * self.rows[0].parts.len() * self.columns[0].parts.len();
        let [read, transformed] = [inputs, inputs.next_multiple_of(MOST_LANES)].map(|inputs| inputs * parts);
        let outputs = outputs.next_multiple_of(MOST_LANES);
        let together = together(points, read, outputs);
        let mut sets: Vec<(&Row, &Row, usize)> = Vec::new();
        for (row, column) in self.phases() {
            let tiles = planes * row.count.div_ceil(self.forms[0].step) * column.count.div_ceil(self.forms[1].step);
            match sets.iter_mut().find(|(h, w, _)| h.has_taps_of(row) && w.has_taps_of(column)) {
                Some((.., all)) => *all += tiles,
                None => sets.push((row, column, tiles)),
            }
        }
        let set = |(.., tiles): (&Row, &Row, usize)| {
            let matrices = (tiles + TRANSFORMED_LOAD * tiles.div_ceil(together) + pack) * read * outputs;
            points * (matrices + transform(self.forms.map(Form::edge)) * tiles * (transformed + outputs))
        };
        sets.into_iter().map(set).sum()
    }

    fn phases(&self) -> impl Iterator<Item = (&Row, &Row)> {
        self.rows.iter().flat_map(|row| self.columns.iter().map(move |column| (row, column)))
    }

    fn points(&self) -> usize {
        self.forms[0].edge() * self.forms[1].edge()
    }

    /// Adds the border after the input that the last tiles may read.
    pub(super) fn widen(&self, axes: &mut [Axis; 3]) {
        for (role, rows) in [&self.rows, &self.columns].into_iter().enumerate() {
            let Form { taps, step } = self.forms[role];
            let beyond = |row: &Row| {
                let missing = row.parts.iter().map(|part| taps - part.taps.len()).max().unwrap_or(0);
                (row.count.next_multiple_of(step) - row.count + missing) * row.step
            };
            axes[self.order[1 + role]].high += rows.iter().map(beyond).max().unwrap_or(0);
        }
    }
}

/// What a transformed element of a tile with these edges costs, in multiply-adds.
fn transform(edges: [usize; 2]) -> usize {
    TRANSFORM * edges.into_iter().filter(|edge| *edge > 1).count()
}

/// How many tiles are computed together, so that their transforms stay in the cache.
fn together(points: usize, read: usize, outputs: usize) -> usize {
    let [small, large] = TRANSFORMED;
    if points * (read + outputs) <= SMALL_TILE { small } else { large }
}

/// Rows whose parts have at most as many taps as the form; `None` if some rows have more parts than others.
fn split(rows: &[Row], form: Form) -> Option<Vec<Row>> {
    let parts = |row: &Row| {
        let cut = |part: &RowPart| {
            let first = part.first;
            let taps = part.taps.chunks(form.taps).map(<[usize]>::to_vec).zip(0_i64..);
            let after = (form.taps * row.step) as i64;
            taps.map(move |(taps, turn)| RowPart { first: first + turn * after, taps }).collect::<Vec<_>>()
        };
        row.parts.iter().flat_map(cut).collect()
    };
    let rows: Vec<Row> = rows.iter().map(|row| Row { parts: parts(row), ..row.clone() }).collect();
    rows.iter().all(|row| row.parts.len() == rows[0].parts.len()).then_some(rows)
}

/// A convolution, ready to run.
pub(super) struct Winograd {
    level: Level,
    /// Elements of a transformed tile along rows and columns.
    edges: [usize; 2],
    /// Input channels of all parts together, and of each.
    read: usize,
    inputs: usize,
    outputs: usize,
    /// The number of output channels, rounded up to whole vectors.
    width: usize,
    /// The phases, those with the same weights one after the other.
    phases: Vec<WinogradPhase>,
    x_sample: usize,
    y_sample: usize,
    /// `[taps of phases][point][panel][part][input channel][output channel of the panel]`
    weights: Workspace,
    shift: Vec<f32>,
    /// Whether the result is added to the old values of the output.
    onto: bool,
    epilogue: Epilogue,
    runs: Runs,
    /// Tiles that are computed together.
    together: usize,
    spread: Spread,
    /// Whether the units of [`Winograd::spread`] are planes, rows or columns of tiles.
    unit: usize,
    /// Multiply-adds of a sample, as the direct way counts them.
    pub(super) work: usize,
}

/// Outputs that advance through the input with the same stride. Lists are of planes, rows and columns.
struct WinogradPhase {
    /// The offset of the first input of each part, and the strides.
    parts: Vec<usize>,
    x: [usize; 3],
    /// The offset of the first output, the strides of the outputs, and their number.
    first: usize,
    y: [usize; 3],
    size: [usize; 3],
    weights: usize,
}

impl WinogradPhase {
    /// The number of tiles.
    fn tiles(&self, steps: [usize; 3]) -> [usize; 3] {
        core::array::from_fn(|role| self.size[role].div_ceil(steps[role]))
    }
}

impl Winograd {
    /// A convolution without weights, and the taps that [`Winograd::pack`] makes them of.
    pub(super) fn new(
        level: Level,
        sum: &TapSum<'_>,
        tiling: &Tiling,
        x: View,
        y: View,
    ) -> Option<(Winograd, Vec<f32>)> {
        let Tiling { order, forms, .. } = tiling;
        let plane = &sum.axes[order[0]];
        let depth = plane.phases.first()?;
        let (inputs, outputs) = (x.channels, y.channels);
        let width = outputs.next_multiple_of(level.lanes());
        let edges = forms.map(Form::edge);
        let points = tiling.points();
        let [x_strides, y_strides] = [x, y].map(|view| order.map(|axis| view.buffer.strides()[axis]));
        // A position, or a tap, from those of planes, rows and columns.
        fn placed<T: Copy + Default>(order: &[usize; 3], values: [T; 3]) -> [T; 3] {
            let mut placed = [T::default(); 3];
            order.iter().zip(values).for_each(|(axis, value)| placed[*axis] = value);
            placed
        }
        let read = depth.taps.len() * tiling.rows.first()?.parts.len() * tiling.columns.first()?.parts.len() * inputs;
        let [matrix, taps_of_phase] = [read * width, forms[0].taps * forms[1].taps * read * width];
        let mut taps = Vec::new();
        let mut packed: Vec<(&Row, &Row)> = Vec::new();
        let mut phases: Vec<WinogradPhase> = Vec::new();
        for (row, column) in tiling.phases() {
            let pairs = || row.parts.iter().flat_map(|h| column.parts.iter().map(move |w| (h, w)));
            let parts: Vec<_> = depth.taps.iter().flat_map(|d| pairs().map(move |(h, w)| (d, h, w))).collect();
            // The phases of a dilated convolution have the same weights.
            let known = packed.iter().position(|(h, w)| h.has_taps_of(row) && w.has_taps_of(column));
            let matrices = known.unwrap_or(packed.len());
            if known.is_none() {
                packed.push((row, column));
                taps.resize(packed.len() * taps_of_phase, 0.0);
                let own = &mut taps[matrices * taps_of_phase..];
                // Each output channel with the first of its panel and the width of that.
                let channels = || {
                    panels(width, level.lanes(), level.panel()).flat_map(|panel| {
                        let (first, width) = (panel.start, panel.len());
                        panel.take_while(|output| *output < outputs).map(move |output| (output, first, width))
                    })
                };
                for (part, ((tap_d, _), h, w)) in parts.iter().enumerate() {
                    for ((output, first, width), input) in
                        channels().flat_map(|own| (0..inputs).map(move |input| (own, input)))
                    {
                        let place = first * read + (part * inputs + input) * width + output - first;
                        // Taps that the part lacks stay 0.
                        for (i, j) in (0..h.taps.len()).flat_map(|i| (0..w.taps.len()).map(move |j| (i, j))) {
                            let tap = placed(order, [*tap_d, h.taps[i], w.taps[j]]);
                            let weight = sum.weights.at(output, input, tap) * sum.scale[output];
                            own[(i * forms[1].taps + j) * matrix + place] = weight;
                        }
                    }
                }
            }
            let start = |(d, h, w): &(&(usize, i64), &RowPart, &RowPart)| {
                x.buffer.at_signed(placed(order, [d.1, h.first, w.first])) + x.channel
            };
            phases.push(WinogradPhase {
                parts: parts.iter().map(start).collect(),
                x: [plane.step * x_strides[0], row.step * x_strides[1], column.step * x_strides[2]],
                first: y.at(placed(order, [depth.first, row.first, column.first])),
                y: [plane.modulus * y_strides[0], row.apart * y_strides[1], column.apart * y_strides[2]],
                size: [depth.count, row.count, column.count],
                weights: matrices * points * matrix,
            });
        }
        phases.sort_by_key(|phase| phase.weights);
        // Whole slices of the outermost axis with more than one output are next to each other in memory.
        let steps = [1, forms[0].step, forms[1].step];
        let axis = (0..2).find(|axis| y.buffer.size[*axis] > 1).unwrap_or(2);
        let unit = order.iter().position(|own| *own == axis)?;
        let spread = Spread {
            sample: y.buffer.sample(),
            units: phases.iter().map(|phase| phase.tiles(steps)[unit]).max()?,
            origin: (0..=axis).map(|axis| y.buffer.low[axis] * y.buffer.strides()[axis]).sum(),
            step: steps[unit] * phases[0].y[unit],
        };
        let own = Winograd {
            level,
            edges,
            read,
            inputs,
            outputs,
            width,
            x_sample: x.buffer.sample(),
            y_sample: y.buffer.sample(),
            weights: Workspace::with_elements(packed.len() * points * matrix),
            shift: sum.shift.iter().copied().chain(std::iter::repeat_n(0.0, width - outputs)).collect(),
            onto: sum.onto,
            epilogue: sum.epilogue,
            runs: Runs::new([0].into_iter(), read, false),
            together: together(points, read, width),
            spread,
            unit,
            work: tiling.work,
            phases,
        };
        Some((own, taps))
    }

    /// Transforms the weights from taps: `[taps of phases][tap]`, then as the weights.
    pub(super) fn pack(&mut self, taps: &[f32]) {
        let weights = self.weights.get_mut();
        self.level.run(PackWeights { edges: self.edges, matrix: self.read * self.width, taps, weights });
    }

    /// What is added to each output channel.
    #[cfg(feature = "train")]
    pub(super) fn shift(&mut self) -> &mut [f32] {
        &mut self.shift
    }

    /// Runs all samples. `x` and `y` are the buffers.
    pub(super) fn run(&self, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        if self.divides_points(threads.count(), samples) {
            return self.share(threads, x, y, 0, 0..samples, 0..self.spread.units);
        }
        self.spread.run(threads, self.work, samples, y, &|y, base, samples, units| {
            self.share(Threads::ONE, x, y, base, samples, units);
        });
    }

    /// The phases with the same weights.
    fn sets(&self) -> impl Iterator<Item = &[WinogradPhase]> {
        self.phases.chunk_by(|a, b| a.weights == b.weights)
    }

    /// Whether the threads divide the points of each group of tiles, so that each reads a part of the weights. The
    /// transforms then run on one thread. Otherwise the threads divide the tiles, and each reads all weights.
    fn divides_points(&self, threads: usize, samples: usize) -> bool {
        let units = if samples < 2 * threads { self.spread.units } else { samples };
        let tiles = |phases: &[WinogradPhase]| -> usize {
            phases.iter().map(|phase| self.tiles(phase).iter().product::<usize>()).sum()
        };
        let tiles = samples * self.sets().map(tiles).max().unwrap_or(0);
        let own = tiles * units.div_ceil(threads) / units;
        let weights = self.read * self.width;
        let transforms = transform(self.edges) * (self.read + self.width);
        let products = |tiles: usize| (tiles + TRANSFORMED_LOAD * tiles.div_ceil(self.together)) * weights;
        products(tiles).div_ceil(threads) + tiles * transforms < products(own) + own * transforms
    }

    /// The numbers of tiles along planes, rows and columns.
    fn tiles(&self, phase: &WinogradPhase) -> [usize; 3] {
        let [rows, columns] = self.edges.map(|edge| Form::of_edge(edge).step);
        phase.tiles([1, rows, columns])
    }

    /// The offset of the first output of a tile, given its sample, plane, row and column; and how many rows and columns
    /// of outputs there are.
    #[inline(always)]
    fn outputs_of(
        &self,
        phase: &WinogradPhase,
        [sample, plane, row, column]: [usize; 4],
        steps: [usize; 2],
    ) -> (usize, [usize; 2]) {
        let ([plane_step, row_step, column_step], [_, rows, columns]) = (phase.y, phase.size);
        let (row, column) = (steps[0] * row, steps[1] * column);
        let start = phase.first + sample * self.y_sample + plane * plane_step + row * row_step + column * column_step;
        (start, [steps[0].min(rows - row), steps[1].min(columns - column)])
    }

    /// Computes some planes, rows of tiles or columns of tiles; the threads divide the points of each group of tiles.
    /// `y` starts at `base`.
    fn share(
        &self,
        threads: Threads,
        x: &[f32],
        y: &mut [f32],
        base: usize,
        samples: Range<usize>,
        units: Range<usize>,
    ) {
        let (read, width, edges) = (self.read, self.width, self.edges);
        let points = edges[0] * edges[1];
        with_scratch(points * self.together * (read + width), |scratch| {
            let (inputs, products) = scratch.split_at_mut(points * self.together * read);
            for phases in self.sets() {
                let mut place = TileGroup {
                    own: self,
                    phases,
                    first: (0, 0),
                    count: 0,
                    samples: samples.clone(),
                    units: units.clone(),
                };
                let tiles = phases.iter().map(|phase| place.tiles(phase)).sum();
                for first in (0..tiles).step_by(self.together) {
                    (place.first, place.count) = (place.after(place.count), self.together.min(tiles - first));
                    let (place, count) = (&place, place.count);
                    self.level.run(Gather { own: self, x, place, points: inputs });
                    let inputs = &inputs[..points * count * read];
                    let products = &mut products[..points * count * width];
                    let part = points.div_ceil(threads.count());
                    threads.share_chunks(products, part * count * width, &|index, products| {
                        let x = &inputs[index * part * count * read..];
                        let weights = &self.weights.get()[phases[0].weights + index * part * read * width..];
                        self.level.run(PointProducts { own: self, x, weights, y: products, count });
                    });
                    self.level.run(Scatter { own: self, y: &mut *y, base, place, points: products });
                }
            }
        });
    }
}

/// Calls a kernel for the edges of tiles along rows and columns.
macro_rules! by_edges {
    ($edges:expr, $simd:expr, $kernel:ident($own:expr)) => {
        match $edges {
            [3, 3] => $simd.call($kernel::<3, 3>($own)),
            [4, 4] => $simd.call($kernel::<4, 4>($own)),
            [5, 5] => $simd.call($kernel::<5, 5>($own)),
            [6, 6] => $simd.call($kernel::<6, 6>($own)),
            [_, 3] => $simd.call($kernel::<1, 3>($own)),
            [_, 4] => $simd.call($kernel::<1, 4>($own)),
            [_, 5] => $simd.call($kernel::<1, 5>($own)),
            _ => $simd.call($kernel::<1, 6>($own)),
        }
    };
}

#[cfg(feature = "train")]
pub(super) mod gradient;

/// `G g G^T` of all weights, with `G` of rows on the left and of columns on the right.
struct PackWeights<'a> {
    edges: [usize; 2],
    /// Elements of a matrix.
    matrix: usize,
    taps: &'a [f32],
    weights: &'a mut [f32],
}

impl Kernel for PackWeights<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        by_edges!(self.edges, simd, Pack(self));
    }
}

struct Pack<'a, const H: usize, const W: usize>(PackWeights<'a>);

impl<const H: usize, const W: usize> Kernel for Pack<'_, H, W> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let PackWeights { matrix, taps, weights, .. } = self.0;
        let [rows, columns] = [Form::of_edge(H).taps, Form::of_edge(W).taps];
        let zero = simd.splat(0.0);
        for (taps, weights) in taps.chunks_exact(rows * columns * matrix).zip(weights.chunks_exact_mut(H * W * matrix))
        {
            for at in (0..matrix).step_by(S::LANES) {
                let mut t = [[zero; 3]; H];
                for j in 0..columns {
                    let mut g = [zero; 3];
                    for i in 0..rows {
                        g[i] = simd.load(&taps[(columns * i + j) * matrix + at..]);
                    }
                    let column: [S::F; H] = spread(simd, g);
                    for i in 0..H {
                        t[i][j] = column[i];
                    }
                }
                for i in 0..H {
                    let row: [S::F; W] = spread(simd, t[i]);
                    for j in 0..W {
                        simd.store(row[j], &mut weights[(W * i + j) * matrix + at..]);
                    }
                }
            }
        }
    }
}

/// `G g`: the polynomial with these coefficients at the form's points, divided by the product of the point's distances
/// to the others. The last point is infinity.
#[inline(always)]
fn spread<S: Simd, const EDGE: usize>(simd: S, [a, b, c]: [S::F; 3]) -> [S::F; EDGE] {
    let scale = |factor: f32, x: S::F| simd.mul(simd.splat(factor), x);
    let add = |factor: f32, x: S::F, sum: S::F| simd.mul_add(simd.splat(factor), x, sum);
    let mut g = [a; EDGE];
    match EDGE {
        1 => {}
        // 0, 1
        3 => {
            g[1] = simd.add(a, b);
            g[2] = b;
        }
        // 0, 1, -1
        4 => {
            let even = simd.add(a, c);
            g[1] = scale(0.5, simd.add(even, b));
            g[2] = scale(0.5, simd.sub(even, b));
            g[3] = c;
        }
        // 0, 1, -1, 2
        5 => {
            g[0] = scale(0.5, a);
            g[1] = scale(-0.5, simd.add(a, b));
            g[2] = scale(1.0 / 6.0, simd.sub(b, a));
            g[3] = scale(1.0 / 6.0, add(2.0, b, a));
            g[4] = b;
        }
        // 0, 1, -1, 1/2, -2
        _ => {
            let even = simd.add(a, c);
            g[1] = scale(1.0 / 3.0, simd.add(even, b));
            g[2] = scale(1.0 / 3.0, simd.sub(b, even));
            g[3] = scale(-4.0 / 15.0, add(4.0, a, add(2.0, b, c)));
            g[4] = scale(1.0 / 15.0, add(4.0, c, add(-2.0, b, a)));
            g[5] = c;
        }
    }
    g
}

/// Some tiles of the phases with the same weights.
struct TileGroup<'a> {
    own: &'a Winograd,
    phases: &'a [WinogradPhase],
    /// The phase of the first tile, and its place among that phase's tiles.
    first: (usize, usize),
    count: usize,
    samples: Range<usize>,
    units: Range<usize>,
}

impl<'a> TileGroup<'a> {
    /// The planes, rows and columns of tiles of a phase.
    fn ranges(&self, phase: &WinogradPhase) -> [Range<usize>; 3] {
        let mut ranges = self.own.tiles(phase).map(|count| 0..count);
        let range = &mut ranges[self.own.unit];
        *range = self.units.start.min(range.end)..self.units.end.min(range.end);
        ranges
    }

    /// The number of tiles of a phase.
    fn tiles(&self, phase: &WinogradPhase) -> usize {
        self.samples.len() * self.ranges(phase).iter().map(ExactSizeIterator::len).product::<usize>()
    }

    /// The tile that is `count` tiles after the first.
    fn after(&self, mut count: usize) -> (usize, usize) {
        let (mut phase, mut tile) = self.first;
        while let Some(next) = self.phases.get(phase) {
            let rest = self.tiles(next) - tile;
            if count < rest {
                break;
            }
            (phase, tile, count) = (phase + 1, 0, count - rest);
        }
        (phase, tile + count)
    }

    /// The places of the tiles, of which there is at least one, in order.
    fn places(&self) -> TilePlaces<'_> {
        let (phase, tile) = self.first;
        let mut places = TilePlaces { group: self, phase, ranges: [const { 0..0 }; 3], at: [0; 4], rest: self.count };
        places.enter();
        let mut rest = tile;
        for (axis, range) in (0..3).zip(&places.ranges).rev() {
            places.at[axis + 1] += rest % range.len();
            rest /= range.len();
        }
        places.at[0] += rest;
        places
    }
}

/// The phase of each tile of a group, and its sample, plane, row and column.
struct TilePlaces<'a> {
    group: &'a TileGroup<'a>,
    phase: usize,
    /// The phase's planes, rows and columns.
    ranges: [Range<usize>; 3],
    at: [usize; 4],
    /// The tiles that are left.
    rest: usize,
}

impl TilePlaces<'_> {
    /// Goes to the first tile of this phase, or of the next one that has any.
    fn enter(&mut self) {
        while let Some(phase) = self.group.phases.get(self.phase) {
            self.ranges = self.group.ranges(phase);
            if self.ranges.iter().all(|range| !range.is_empty()) {
                break;
            }
            self.phase += 1;
        }
        let [planes, rows, columns] = &self.ranges;
        self.at = [self.group.samples.start, planes.start, rows.start, columns.start];
    }

    /// Goes from the end of a row of tiles to the next one.
    #[inline(never)]
    fn carry(&mut self) {
        let [planes, rows, columns] = &self.ranges;
        self.at[3] = columns.start;
        self.at[2] += 1;
        if self.at[2] == rows.end {
            self.at[2] = rows.start;
            self.at[1] += 1;
        }
        if self.at[1] == planes.end {
            self.at[1] = planes.start;
            self.at[0] += 1;
        }
        if self.at[0] == self.group.samples.end {
            self.phase += 1;
            self.enter();
        }
    }
}

impl<'a> Iterator for TilePlaces<'a> {
    type Item = (&'a WinogradPhase, [usize; 4]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        self.rest = self.rest.checked_sub(1)?;
        let place = (&self.group.phases[self.phase], self.at);
        self.at[3] += 1;
        if self.at[3] == self.ranges[2].end {
            self.carry();
        }
        Some(place)
    }
}

/// `B^T d B` of each tile and channel.
struct Gather<'a> {
    own: &'a Winograd,
    x: &'a [f32],
    place: &'a TileGroup<'a>,
    points: &'a mut [f32],
}

impl Kernel for Gather<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        by_edges!(self.own.edges, simd, GatherTiles(self));
    }
}

struct GatherTiles<'a, const H: usize, const W: usize>(Gather<'a>);

impl<const H: usize, const W: usize> Kernel for GatherTiles<'_, H, W> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Gather { own, x, place, points } = self.0;
        for (tile, (phase, [sample, plane, row, column])) in place.places().enumerate() {
            let [plane_step, row_step, column_step] = phase.x;
            let (down, right) = (Form::of_edge(H).step * row_step, Form::of_edge(W).step * column_step);
            let start = sample * own.x_sample + plane * plane_step + row * down + column * right;
            for (part, first) in phase.parts.iter().enumerate() {
                for channel in (0..own.inputs).step_by(S::LANES) {
                    // The last vector overlaps the one before it.
                    let channel = channel.min(own.inputs - S::LANES);
                    let zero = simd.splat(0.0);
                    let mut t = [[zero; W]; H];
                    for j in 0..W {
                        let mut d = [zero; H];
                        for i in 0..H {
                            d[i] = simd.load(&x[first + start + i * row_step + j * column_step + channel..]);
                        }
                        let column = differences(simd, d);
                        for i in 0..H {
                            t[i][j] = column[i];
                        }
                    }
                    for i in 0..H {
                        let row = differences(simd, t[i]);
                        for j in 0..W {
                            let at = ((W * i + j) * place.count + tile) * own.read + part * own.inputs + channel;
                            simd.store(row[j], &mut points[at..]);
                        }
                    }
                }
            }
        }
    }
}

/// `B^T d`: the coefficients of the polynomials that vanish at all points but one.
#[inline(always)]
fn differences<S: Simd, const EDGE: usize>(simd: S, d: [S::F; EDGE]) -> [S::F; EDGE] {
    let add = |factor: f32, x: S::F, sum: S::F| simd.mul_add(simd.splat(factor), x, sum);
    let mut t = d;
    match EDGE {
        1 => {}
        3 => {
            t[0] = simd.sub(d[0], d[1]);
            t[2] = simd.sub(d[2], d[1]);
        }
        4 => {
            t[0] = simd.sub(d[0], d[2]);
            t[1] = simd.add(d[1], d[2]);
            t[2] = simd.sub(d[2], d[1]);
            t[3] = simd.sub(d[1], d[3]);
        }
        5 => {
            let odd = simd.sub(d[3], d[1]);
            t[0] = add(2.0, simd.sub(d[0], d[2]), odd);
            t[1] = add(-2.0, d[1], simd.sub(d[3], d[2]));
            t[2] = add(2.0, d[1], add(-3.0, d[2], d[3]));
            t[3] = odd;
            t[4] = add(-2.0, odd, simd.sub(d[4], d[2]));
        }
        _ => {
            let (odd, even) = (simd.sub(d[3], d[1]), simd.sub(d[4], d[2]));
            t[0] = add(1.5, odd, add(-2.0, d[2], simd.add(d[0], d[4])));
            t[1] = add(2.5, d[3], add(0.5, d[2], simd.sub(d[4], d[1])));
            t[2] = add(0.5, d[3], add(-2.5, d[2], simd.add(d[4], d[1])));
            t[3] = add(2.0, odd, even);
            t[4] = add(-0.5, odd, even);
            t[5] = add(1.5, even, add(-2.0, d[3], simd.add(d[1], d[5])));
        }
    }
    t
}

/// `A^T m`: the sums of the points' powers. There are as many as the form's step.
#[inline(always)]
fn sums<S: Simd, const EDGE: usize>(simd: S, m: [S::F; EDGE]) -> [S::F; 4] {
    let add = |factor: f32, x: S::F, sum: S::F| simd.mul_add(simd.splat(factor), x, sum);
    let mut y = [m[0]; 4];
    match EDGE {
        1 => {}
        3 => {
            y[0] = simd.add(m[0], m[1]);
            y[1] = simd.add(m[1], m[2]);
        }
        4 => {
            y[0] = simd.add(simd.add(m[0], m[1]), m[2]);
            y[1] = simd.sub(simd.sub(m[1], m[2]), m[3]);
        }
        _ => {
            let (even, odd) = (simd.add(m[1], m[2]), simd.sub(m[1], m[2]));
            y[0] = simd.add(simd.add(m[0], even), m[3]);
            if EDGE == 5 {
                y[1] = add(2.0, m[3], odd);
                y[2] = add(4.0, m[3], even);
                y[3] = add(8.0, m[3], simd.add(odd, m[4]));
            } else {
                y[0] = simd.add(y[0], m[4]);
                y[1] = add(0.5, m[3], add(-2.0, m[4], odd));
                y[2] = add(0.25, m[3], add(4.0, m[4], even));
                y[3] = add(0.125, m[3], add(-8.0, m[4], simd.add(odd, m[EDGE - 1])));
            }
        }
    }
    y
}

/// `A^T m A` of each tile and channel, and the epilogue.
struct Scatter<'a> {
    own: &'a Winograd,
    y: &'a mut [f32],
    base: usize,
    place: &'a TileGroup<'a>,
    points: &'a [f32],
}

impl Kernel for Scatter<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        by_edges!(self.own.edges, simd, ScatterTiles(self));
    }
}

struct ScatterTiles<'a, const H: usize, const W: usize>(Scatter<'a>);

impl<const H: usize, const W: usize> Kernel for ScatterTiles<'_, H, W> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Scatter { own, y, base, place, points } = self.0;
        let steps = [Form::of_edge(H).step, Form::of_edge(W).step];
        for (tile, (phase, at)) in place.places().enumerate() {
            let (start, [rows, columns]) = own.outputs_of(phase, at, steps);
            let (start, [_, row_step, column_step]) = (start - base, phase.y);
            for channel in (0..own.outputs).step_by(S::LANES) {
                let zero = simd.splat(0.0);
                let mut t = [[zero; W]; 4];
                for j in 0..W {
                    let mut m = [zero; H];
                    for i in 0..H {
                        m[i] = simd.load(&points[((W * i + j) * place.count + tile) * own.width + channel..]);
                    }
                    let column = sums(simd, m);
                    for i in 0..steps[0] {
                        t[i][j] = column[i];
                    }
                }
                let shift = simd.load(&own.shift[channel..]);
                for (i, t) in t.into_iter().enumerate().take(rows) {
                    let row = sums(simd, t);
                    for (j, sum) in row.into_iter().enumerate().take(columns) {
                        let at = start + i * row_step + j * column_step + channel;
                        let count = S::LANES.min(own.outputs - channel);
                        let y = &mut y[at..][..count];
                        let mut sum = simd.add(sum, shift);
                        if own.onto {
                            sum = simd.add(sum, simd.load_some(y, count));
                        }
                        simd.store_some(own.epilogue.apply(simd, sum), y, count);
                    }
                }
            }
            for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                let at = start + i * row_step + j * column_step;
                own.epilogue.rest(simd, &mut y[at..][..own.outputs]);
            }
        }
    }
}

/// Multiplies the transformed input by the transformed weights at some points; each product has `count` tiles by
/// output channels.
struct PointProducts<'a> {
    own: &'a Winograd,
    x: &'a [f32],
    weights: &'a [f32],
    y: &'a mut [f32],
    count: usize,
}

impl Kernel for PointProducts<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let PointProducts { own, x, weights, y, count } = self;
        let (x, weights) = (x.chunks_exact(count * own.read), weights.chunks_exact(own.read * own.width));
        for ((x, weights), y) in x.zip(weights).zip(y.chunks_exact_mut(count * own.width)) {
            Matrix { own, x, y, count }.multiply(simd, weights);
        }
    }
}

/// The product of one point.
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
        let (starts, places) = (rows(own.read), rows(own.width));
        for channels in panels(own.width, S::LANES, S::PANEL) {
            let (panel, rest) = weights.split_at(own.read * channels.len());
            weights = rest;
            let vectors = channels.len() / S::LANES;
            let most = S::POSITIONS[vectors - 1];
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
                    shift: &[0.0; 4 * MOST_LANES],
                    inputs: EACH,
                    onto: false,
                    epilogue: Epilogue::None,
                    y: &mut y[first * own.width + channels.start..],
                    places,
                    channels: channels.len(),
                });
            }
        }
    }
}
