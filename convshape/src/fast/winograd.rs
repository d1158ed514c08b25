//! 3x3 convolutions with fewer multiplications.
//!
//! Winograd's minimal filtering F(2x2, 3x3) (Lavin and Gray 2015, <https://arxiv.org/abs/1509.09308>):
//! four neighbouring outputs take 16 multiplications for each pair of channels and not 36. Tiles of
//! 4x4 inputs are transformed by additions, multiplied as 16 matrices, and transformed back. Rounding
//! errors grow by a small factor; an infinite input makes its tile's outputs not a number.

use std::cell::RefCell;
use std::ops::Range;
use std::vec::Vec;

use super::buffer::View;
use super::conv::Sum;
use super::math::Finish;
use super::simd::{Kernel, Level, MOST_LANES, Runs, Simd, products};
use super::taps::Axis;
use super::threads::{Spread, Threads};
use crate::workspace::Workspace;

/// Elements of a transformed tile.
const POINTS: usize = 16;
/// Outputs of a tile along an axis.
pub(super) const STEP: usize = 2;

/// Whether it is a 3x3 convolution with step 1, of channels that fill vectors, over enough outputs.
pub(super) fn fits(axes: &[Axis; 3], groups: usize, inputs: usize, outputs: usize) -> bool {
    let whole = |axis: &Axis| axis.modulus == 1 && axis.phases.len() == 1 && axis.phases[0].count > STEP;
    let three = |axis: &Axis| whole(axis) && axis.step == 1 && axis.three().is_some();
    let flat = axes[0].phases.len() == 1 && axes[0].phases[0].count == 1 && axes[0].phases[0].taps.len() == 1;
    let full = |channels: usize| channels.is_multiple_of(MOST_LANES);
    flat && three(&axes[1]) && three(&axes[2]) && groups == 1 && full(inputs) && full(outputs)
}

/// A convolution, ready to run.
pub(super) struct Winograd {
    level: Level,
    inputs: usize,
    outputs: usize,
    /// The place of the first input of a sample's first tile, and how far apart tiles and rows are.
    x: Side,
    y: Side,
    /// Output rows and columns.
    size: [usize; 2],
    /// `[point][panel][input channel][output channel of the panel]`
    weights: Workspace,
    shift: Vec<f32>,
    finish: Finish,
    runs: Runs,
    /// Tiles at a time, whose transforms stay in the cache.
    together: usize,
    spread: Spread,
    /// Multiply-adds of a sample, as they are counted elsewhere.
    pub(super) work: usize,
}

/// Where elements of input or output are.
#[derive(Clone, Copy)]
struct Side {
    first: usize,
    sample: usize,
    row: usize,
    position: usize,
}

impl Winograd {
    pub(super) fn new(level: Level, sum: &Sum<'_>, x: View, y: View) -> Option<Winograd> {
        let [depth, height, width] = sum.axes;
        let (taps_h, row) = height.three()?;
        let (taps_w, column) = width.three()?;
        let (tap_d, plane) = *depth.phases[0].taps.first()?;
        let (inputs, outputs) = (x.channels, y.channels);
        let lanes = level.lanes();
        let mut packed = Vec::with_capacity(POINTS * inputs * outputs);
        // Each pair of channels is transformed once, then put in the order of the panels.
        let transformed: Vec<[f32; POINTS]> = (0..outputs)
            .flat_map(|output| (0..inputs).map(move |input| (output, input)))
            .map(|(output, input)| {
                let tap = |i: usize, j: usize| {
                    f64::from((sum.weight)(output, input, [tap_d, taps_h[i], taps_w[j]])) * f64::from(sum.scale[output])
                };
                transform_weights(&tap)
            })
            .collect();
        for point in 0..POINTS {
            for panel in (0..outputs).step_by(2 * lanes) {
                for input in 0..inputs {
                    for output in panel..outputs.min(panel + 2 * lanes) {
                        packed.push(transformed[output * inputs + input][point]);
                    }
                }
            }
        }
        let mut weights = Workspace::with_elements(packed.len());
        weights.get_mut().copy_from_slice(&packed);
        let side = |view: &View, first: usize| {
            let strides = view.buffer.strides();
            Side { first, sample: view.buffer.sample(), row: strides[1], position: strides[2] }
        };
        let size = [height.phases[0].count, width.phases[0].count];
        let step = STEP * y.buffer.strides()[1];
        let origin = y.buffer.low[0] * y.buffer.strides()[0] + y.buffer.low[1] * y.buffer.strides()[1];
        let units = size[0].div_ceil(STEP);
        Some(Winograd {
            level,
            inputs,
            outputs,
            x: side(&x, x.buffer.at_signed([plane, row, column]) + x.channel),
            y: side(&y, y.at([0; 3])),
            size,
            weights,
            shift: sum.shift.to_vec(),
            finish: sum.finish,
            runs: Runs::new([0].into_iter(), inputs, false),
            together: if inputs + outputs <= 64 { 60 } else { 36 },
            spread: Spread { sample: y.buffer.sample(), units, origin, step },
            work: 9 * size[0] * size[1] * inputs * outputs,
        })
    }

    /// Runs all samples. `x` and `y` are the buffers.
    pub(super) fn run(&self, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        self.spread.run(threads, self.work, samples, y, &|y, base, samples, units| {
            SCRATCH.with_borrow_mut(|scratch| {
                let needed = POINTS * self.together * (self.inputs + self.outputs);
                if scratch.get().len() < needed {
                    *scratch = Workspace::with_elements(needed);
                }
                let scratch = scratch.get_mut();
                self.level.run(Block { own: self, x, y, base, samples, units, scratch });
            });
        });
    }
}

std::thread_local! {
    /// The transformed tiles of a thread, kept from run to run.
    static SCRATCH: RefCell<Workspace> = RefCell::new(Workspace::with_elements(0));
}

/// `G g G^T`
fn transform_weights(tap: &dyn Fn(usize, usize) -> f64) -> [f32; POINTS] {
    let spread = |a: f64, b: f64, c: f64| [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c];
    let columns = [0, 1, 2].map(|j| spread(tap(0, j), tap(1, j), tap(2, j)));
    let mut points = [0.0; POINTS];
    for i in 0..4 {
        let row = spread(columns[0][i], columns[1][i], columns[2][i]);
        for j in 0..4 {
            #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
            let point = row[j] as f32;
            points[4 * i + j] = point;
        }
    }
    points
}

/// Some rows of tiles.
struct Block<'a> {
    own: &'a Winograd,
    x: &'a [f32],
    y: &'a mut [f32],
    base: usize,
    samples: Range<usize>,
    units: Range<usize>,
    scratch: &'a mut [f32],
}

impl Kernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Block { own, x, y, base, samples, units, scratch } = self;
        let columns = own.size[1].div_ceil(STEP);
        let tiles = samples.len() * units.len() * columns;
        let (inputs, products) = scratch.split_at_mut(POINTS * own.together * own.inputs);
        for first in (0..tiles).step_by(own.together) {
            let count = own.together.min(tiles - first);
            let place = Tiles { first, count, samples: samples.start, units: units.clone(), columns };
            simd.call(Gather { own, x, place: &place, points: inputs });
            for point in 0..POINTS {
                let x = &inputs[point * count * own.inputs..][..count * own.inputs];
                let y = &mut products[point * count * own.outputs..][..count * own.outputs];
                let mut w = &own.weights.get()[point * own.inputs * own.outputs..][..own.inputs * own.outputs];
                let mut output = 0;
                while output < own.outputs {
                    let wide = own.outputs - output >= 2 * S::LANES;
                    let (panel, rest) = w.split_at(own.inputs * S::LANES * if wide { 2 } else { 1 });
                    w = rest;
                    let most = S::POSITIONS[1];
                    let groups = count.div_ceil(most);
                    for group in 0..groups {
                        let (from, to) = (group * count / groups, (group + 1) * count / groups);
                        let mut tile = Product { own, x, y: &mut *y, w: panel, first: from, output };
                        if wide {
                            by_count!(to - from, [1 2 3 4 5 6 7 8 9 10 11 12], |R| {
                                simd.call(ProductTile::<R, 2>(&mut tile));
                            });
                        } else {
                            by_count!(to - from, [1 2 3 4 5 6 7 8 9 10 11 12], |R| {
                                simd.call(ProductTile::<R, 1>(&mut tile));
                            });
                        }
                    }
                    output += S::LANES * if wide { 2 } else { 1 };
                }
            }
            simd.call(Scatter { own, y: &mut *y, base, place: &place, points: products });
        }
    }
}

/// Some tiles of a block.
struct Tiles {
    first: usize,
    count: usize,
    samples: usize,
    units: Range<usize>,
    columns: usize,
}

impl Tiles {
    /// Sample, row and column of a tile.
    #[inline(always)]
    fn at(&self, tile: usize) -> [usize; 3] {
        let tile = self.first + tile;
        let (row, column) = (tile / self.columns, tile % self.columns);
        [self.samples + row / self.units.len(), self.units.start + row % self.units.len(), column]
    }
}

/// `B^T d B` of each tile and channel.
struct Gather<'a> {
    own: &'a Winograd,
    x: &'a [f32],
    place: &'a Tiles,
    points: &'a mut [f32],
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Gather { own, x, place, points } = self;
        for tile in 0..place.count {
            let [sample, row, column] = place.at(tile);
            let side = own.x;
            let start = side.first + sample * side.sample + STEP * (row * side.row + column * side.position);
            for channel in (0..own.inputs).step_by(S::LANES) {
                let zero = simd.splat(0.0);
                let mut d = [[zero; 4]; 4];
                for i in 0..4 {
                    for j in 0..4 {
                        d[i][j] = simd.load(&x[start + i * side.row + j * side.position + channel..]);
                    }
                }
                let mut t = [[zero; 4]; 4];
                for j in 0..4 {
                    t[0][j] = simd.sub(d[0][j], d[2][j]);
                    t[1][j] = simd.add(d[1][j], d[2][j]);
                    t[2][j] = simd.sub(d[2][j], d[1][j]);
                    t[3][j] = simd.sub(d[1][j], d[3][j]);
                }
                for i in 0..4 {
                    let row = [
                        simd.sub(t[i][0], t[i][2]),
                        simd.add(t[i][1], t[i][2]),
                        simd.sub(t[i][2], t[i][1]),
                        simd.sub(t[i][1], t[i][3]),
                    ];
                    for j in 0..4 {
                        let at = ((4 * i + j) * place.count + tile) * own.inputs + channel;
                        simd.store(row[j], &mut points[at..]);
                    }
                }
            }
        }
    }
}

/// `A^T m A` of each tile and channel, and what is folded into the sum.
struct Scatter<'a> {
    own: &'a Winograd,
    y: &'a mut [f32],
    base: usize,
    place: &'a Tiles,
    points: &'a [f32],
}

impl Kernel for Scatter<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Scatter { own, y, base, place, points } = self;
        for tile in 0..place.count {
            let [sample, row, column] = place.at(tile);
            let (side, size) = (own.y, own.size);
            let (row, column) = (STEP * row, STEP * column);
            let start = side.first + sample * side.sample + row * side.row + column * side.position - base;
            for channel in (0..own.outputs).step_by(S::LANES) {
                let zero = simd.splat(0.0);
                let mut t = [[zero; 4]; 2];
                for j in 0..4 {
                    let mut m = [zero; 4];
                    for i in 0..4 {
                        m[i] = simd.load(&points[((4 * i + j) * place.count + tile) * own.outputs + channel..]);
                    }
                    t[0][j] = simd.add(simd.add(m[0], m[1]), m[2]);
                    t[1][j] = simd.sub(simd.sub(m[1], m[2]), m[3]);
                }
                let shift = simd.load(&own.shift[channel..]);
                for i in 0..STEP.min(size[0] - row) {
                    let pair = [
                        simd.add(simd.add(t[i][0], t[i][1]), simd.add(t[i][2], shift)),
                        simd.add(simd.sub(t[i][1], t[i][2]), simd.sub(shift, t[i][3])),
                    ];
                    for j in 0..STEP {
                        if column + j < size[1] {
                            let at = start + i * side.row + j * side.position + channel;
                            let y = &mut y[at..][..S::LANES];
                            simd.store(own.finish.apply(simd, pair[j]), y);
                            own.finish.rest(simd, y);
                        }
                    }
                }
            }
        }
    }
}

/// A product of matrices: tiles by output channels.
struct Product<'a> {
    own: &'a Winograd,
    x: &'a [f32],
    y: &'a mut [f32],
    w: &'a [f32],
    first: usize,
    output: usize,
}

struct ProductTile<'a, 'b, const R: usize, const V: usize>(&'a mut Product<'b>);

impl<const R: usize, const V: usize> Kernel for ProductTile<'_, '_, R, V> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Product { own, x, y, w, first, output } = self.0;
        let mut starts = [0; R];
        for r in 0..R {
            starts[r] = (*first + r) * own.inputs;
        }
        let mut sums = [[simd.splat(0.0); V]; R];
        products(simd, x, &starts, &own.runs, w, &mut sums);
        for r in 0..R {
            for v in 0..V {
                simd.store(sums[r][v], &mut y[(*first + r) * own.outputs + *output + v * S::LANES..]);
            }
        }
    }
}
