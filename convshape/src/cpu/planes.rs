//! Convolutions over planes, for a single layer between the caller's arrays, so that no layout is converted before or
//! after it.

use std::ops::Range;
use std::vec;
use std::vec::Vec;

use convshape_arith::op::PerAxis;

use super::buffer::{Grid, View};
use super::conv::TapSum;
use super::math::Epilogue;
use super::simd::{Kernel, Level, MOST_LANES, PlanarTaps, Sets, Simd, planar};
use super::taps::Axis;
use super::threads::{Spread, Threads};
use crate::model::workspace::Workspace;

/// A convolution, ready to run.
pub(super) struct Planes {
    level: Level,
    phases: Vec<PlanarPhase>,
    /// `[phase][panel][phase of the width][tap][channel of the panel]`
    weights: Workspace,
    /// `[panel][channel of the panel]`
    shift: Vec<f32>,
    /// Output channels of a panel, and the kernel width used for it, which is at least as large.
    panel: usize,
    wide: usize,
    channels: usize,
    x: PlaneStrides,
    y: PlaneStrides,
    /// Output channels of a group, and the stride from group to group in the input.
    group: usize,
    group_step: usize,
    epilogue: Epilogue,
    spread: Spread,
    /// Multiply-adds of a sample.
    pub(super) work: usize,
}

/// Strides between neighbouring outputs, in the input and in the output.
#[derive(Clone, Copy)]
struct PlaneStrides {
    sample: usize,
    channel: usize,
    steps: PerAxis<usize>,
}

/// The phases of depth and height, with all of the width.
struct PlanarPhase {
    /// Its first output in the first channel.
    y: usize,
    /// Planes, rows, and outputs per row of one phase of the width.
    count: PerAxis<usize>,
    /// The taps of each phase of the width.
    taps: Vec<PlanarTaps>,
    weights: usize,
}

/// The panel widths, in channels, that [`PlanarTile`] is compiled for.
const WIDTHS: [usize; 5] = [1, 2, 3, 4, 8];
/// Positions of a tile of two vectors on instruction sets with registers for 8 channels.
const WIDE: usize = 12;

/// Whether an output reads only its own position.
fn is_pointwise(axes: &[Axis; 3], from: PerAxis<usize>, to: PerAxis<usize>) -> bool {
    let alone = |axis: &Axis| axis.modulus == 1 && axis.phases.iter().all(|phase| matches!(phase.taps[..], [(_, 0)]));
    from == to && axes.iter().all(|axis| axis.step <= 1 && alone(axis))
}

/// Whether a planar kernel supports this layer and is cheaper than converting the layout twice.
pub(super) fn fits(axes: &[Axis; 3], from: &Grid, to: &Grid, groups: usize) -> bool {
    let width = &axes[2];
    let count = width.phases[0].count;
    let even = width.phases.len() == width.modulus && width.phases.iter().all(|phase| phase.count == count);
    let known = matches!((width.modulus, width.step), (1, 0..=2) | (2, 1));
    // Contiguous outputs: whole planes if an output reads only its own position.
    let length = if is_pointwise(axes, from.size, to.size) { to.positions() } else { count };
    if !even || !known || length < MOST_LANES {
        return false;
    }
    let taps = |axis: &Axis| axis.phases.iter().map(|phase| phase.count * phase.taps.len()).sum::<usize>();
    let work = axes.iter().map(taps).product::<usize>() * from.channels / groups * to.channels;
    // Converting an element there and back takes as long as a dozen multiply-adds.
    let way = 12 * (from.elements() + to.elements());
    // With few channels the channels-last kernel is faster, and threads share its work better.
    let few = groups == 1 && to.channels <= 3 && from.channels.is_multiple_of(MOST_LANES);
    // The last vector of a row overlaps the one before it and computes some outputs again.
    let again = length.next_multiple_of(MOST_LANES) - length;
    work / length * again <= way && !(few && work > 2 * way)
}

impl Planes {
    pub(super) fn new(level: Level, sum: &TapSum<'_>, x: View, y: View) -> Planes {
        let (inputs, group) = (x.channels / sum.groups, y.channels / sum.groups);
        let most = if level.rows()[1] >= WIDE { 8 } else { 4 };
        // As few panels as possible, of equal size. A panel does not cross groups.
        let panel = match sum.groups {
            1 => group.div_ceil(group.div_ceil(most)),
            _ => (1..=most).rev().find(|panel| group.is_multiple_of(*panel)).unwrap_or(1),
        };
        let wide = WIDTHS.into_iter().find(|wide| *wide >= panel).unwrap_or(8);
        let panels = y.channels.div_ceil(panel);
        let axes = sum.axes;
        let flat = is_pointwise(axes, x.buffer.size, y.buffer.size);
        let side = |view: &View, steps: PerAxis<usize>| {
            let strides = view.buffer.strides();
            let channel = view.buffer.channel_stride();
            PlaneStrides {
                sample: view.buffer.sample(),
                channel,
                steps: [0, 1, 2].map(|axis| strides[axis] * steps[axis]),
            }
        };
        let (x_side, y_side) =
            (side(&x, [0, 1, 2].map(|axis| axes[axis].step)), side(&y, [0, 1, 2].map(|axis| axes[axis].modulus)));
        let step = panel * y_side.channel;
        let mut planes = Planes {
            level,
            phases: Vec::new(),
            weights: Workspace::with_elements(0),
            shift: vec![0.0; panels * wide],
            panel,
            wide,
            channels: y.channels,
            x: x_side,
            y: y_side,
            group,
            group_step: inputs * x_side.channel,
            epilogue: sum.epilogue,
            spread: Spread { sample: y_side.sample, units: panels, origin: 0, step },
            work: 0,
        };
        for channel in 0..y.channels {
            planes.shift[channel / panel * wide + channel % panel] = sum.shift[channel];
        }
        let mut packed = Vec::new();
        for depth in &axes[0].phases {
            for height in &axes[1].phases {
                let taps = |width: &'_ super::taps::AxisPhase| -> Vec<(PerAxis<usize>, usize)> {
                    let mut taps = Vec::new();
                    for (d, plane) in &depth.taps {
                        for (h, row) in &height.taps {
                            for (w, column) in &width.taps {
                                taps.push(([*d, *h, *w], x.buffer.at_signed([*plane, *row, *column])));
                            }
                        }
                    }
                    taps
                };
                let widths: Vec<_> = axes[2].phases.iter().map(taps).collect();
                let weights = packed.len();
                for panel in 0..panels {
                    for taps in &widths {
                        for input in 0..inputs {
                            for &(tap, _) in taps {
                                for channel in 0..wide {
                                    let at = panel * planes.panel + channel;
                                    let real = channel < planes.panel && at < y.channels;
                                    let source = at / group * inputs + input;
                                    packed.push(if real {
                                        sum.weights.at(at, source, tap) * sum.scale[at]
                                    } else {
                                        0.0
                                    });
                                }
                            }
                        }
                    }
                }
                let mut count = [depth.count, height.count, axes[2].phases[0].count];
                if flat {
                    count = [1, 1, count.iter().product()];
                }
                planes.work +=
                    count.iter().product::<usize>() * inputs * y.channels * widths.iter().map(Vec::len).sum::<usize>();
                let taps = widths.iter().map(|taps| {
                    let channels = (0..inputs).map(|input| (x.channel + input) * x_side.channel);
                    PlanarTaps::new(channels.flat_map(|channel| taps.iter().map(move |(_, place)| place + channel)))
                });
                let first = y.at([depth.first, height.first, 0]);
                planes.phases.push(PlanarPhase { y: first, count, taps: taps.collect(), weights });
            }
        }
        planes.weights = Workspace::of(packed);
        planes
    }

    /// Runs all samples. `x` and `y` are the buffers.
    pub(super) fn run(&self, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        self.spread.run(threads, self.work, samples, y, &|y, base, samples, panels| {
            for sample in samples {
                let own = PanelShare { own: self, x, y: &mut *y, base, sample, panels: panels.clone() };
                self.level.run(own);
            }
        });
    }
}

/// Some panels of a sample. `y` starts at `base`.
struct PanelShare<'a> {
    own: &'a Planes,
    x: &'a [f32],
    y: &'a mut [f32],
    base: usize,
    sample: usize,
    panels: Range<usize>,
}

impl Kernel for PanelShare<'_> {
    type Output = ();
    const SETS: Sets = Sets::NotPortable;

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let own = self.own;
        let mut sums = [0.0; 2 * MOST_SUMS];
        for phase in &own.phases {
            self.phase(simd, phase, &mut sums);
        }
        let first = self.panels.start * own.panel;
        let last = own.channels.min(self.panels.end * own.panel);
        let start = self.sample * own.y.sample + first * own.y.channel - self.base;
        own.epilogue.rest(simd, &mut self.y[start..][..(last - first) * own.y.channel]);
    }
}

/// The vectors per tile that fill the registers.
const fn vectors(wide: usize) -> usize {
    if wide >= 4 { 3 } else { 4 }
}

/// The largest tile, in elements.
const MOST_SUMS: usize = 24 * MOST_LANES;

impl PanelShare<'_> {
    /// Computes all contiguous runs of a phase. `sums` is scratch space for a tile of each phase of the width.
    #[inline(always)]
    fn phase<S: Simd>(&mut self, simd: S, phase: &PlanarPhase, sums: &mut [f32; 2 * MOST_SUMS]) {
        let own = self.own;
        let [depth, height, width] = phase.count;
        // The vectors of a row; the last one ends with the row.
        let pieces = width.div_ceil(S::LANES);
        let total = depth * height * pieces;
        let (mut row, mut piece) = (0, 0);
        let mut done = 0;
        let most = vectors(own.wide);
        while done < total {
            // A remainder smaller than a tile is computed one by one, or again together with the positions before it.
            let count = if total - done >= most || own.wide < 8 { most } else { 1 };
            let (mut starts, mut places) = ([0; 4], [0; 4]);
            for v in 0..count {
                if done + v < total {
                    let column = (piece * S::LANES).min(width - S::LANES);
                    let at = [row / height, row % height, column];
                    let place = |side: PlaneStrides| (0..3).map(|axis| at[axis] * side.steps[axis]).sum::<usize>();
                    starts[v] = self.sample * own.x.sample + place(own.x);
                    places[v] = self.sample * own.y.sample + phase.y + place(own.y);
                    piece += 1;
                    if piece == pieces {
                        (row, piece) = (row + 1, 0);
                    }
                } else {
                    (starts[v], places[v]) = (starts[v - 1], places[v - 1]);
                }
            }
            for panel in self.panels.clone() {
                self.tile(simd, phase, panel, &starts[..count], places, sums);
            }
            done += count;
        }
    }

    /// Computes a panel over some contiguous runs.
    #[inline(always)]
    fn tile<S: Simd>(
        &mut self,
        simd: S,
        phase: &PlanarPhase,
        panel: usize,
        starts: &[usize],
        mut places: [usize; 4],
        sums: &mut [f32; 2 * MOST_SUMS],
    ) {
        let own = self.own;
        let first = panel * own.panel;
        let channels = own.panel.min(own.channels - first);
        let (x, y) = (&self.x[first / own.group * own.group_step..], &mut *self.y);
        let count = starts.len();
        for v in 0..count {
            places[v] = places[v] + first * own.y.channel - self.base;
        }
        let size = phase.taps.iter().map(|taps| taps.len() * own.wide).sum::<usize>();
        let mut weights = &own.weights.get()[phase.weights + panel * size..][..size];
        let shift = &own.shift[panel * own.wide..][..own.wide];
        let whole = phase.taps.len() == 1;
        let rows = [0, 1, 2, 3].map(|v| v * S::LANES);
        for (taps, sums) in phase.taps.iter().zip(sums.chunks_exact_mut(MOST_SUMS)) {
            let (now, rest) = weights.split_at(taps.len() * own.wide);
            weights = rest;
            let mut tile = PlanarTile {
                x,
                starts,
                step: own.x.steps[2],
                taps,
                weights: now,
                shift,
                epilogue: own.epilogue,
                y: sums,
                places: &rows[..count],
                channels: own.wide,
                channel: count * S::LANES,
            };
            if whole {
                tile = PlanarTile { y: &mut *y, places: &places[..count], channels, channel: own.y.channel, ..tile };
            }
            simd.call(tile);
        }
        if whole {
            return;
        }
        for r in 0..channels {
            for v in 0..count {
                let y = &mut y[places[v] + r * own.y.channel..];
                let at = (r * count + v) * S::LANES;
                let [low, high] = simd.interleave(simd.load(&sums[at..]), simd.load(&sums[MOST_SUMS + at..]));
                simd.store(low, y);
                simd.store(high, &mut y[S::LANES..]);
            }
        }
    }
}

/// The sums of some channels over some contiguous runs. They stay in registers until they are complete.
struct PlanarTile<'a> {
    x: &'a [f32],
    starts: &'a [usize],
    /// The stride between the inputs of neighbouring outputs.
    step: usize,
    taps: &'a PlanarTaps,
    weights: &'a [f32],
    /// The initial sums of each channel.
    shift: &'a [f32],
    epilogue: Epilogue,
    /// The output from the first channel on, the number of channels to store, and the stride between them.
    y: &'a mut [f32],
    places: &'a [usize],
    channels: usize,
    channel: usize,
}

impl Kernel for PlanarTile<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        macro_rules! by_width {
            ($($width:literal),+) => {
                match (self.shift.len(), self.starts.len(), self.step) {
                    $(($width, _, 2) => simd.call(PlanarSums::<$width, { vectors($width) }, 2>(self)),
                    ($width, ..) => simd.call(PlanarSums::<$width, { vectors($width) }, 1>(self)),)+
                    _ if const { S::ROWS[1] < WIDE } => unreachable!("a panel has a width that there is code for"),
                    (_, 1, 2) => simd.call(PlanarSums::<8, 1, 2>(self)),
                    (_, 1, _) => simd.call(PlanarSums::<8, 1, 1>(self)),
                    (.., 2) => simd.call(PlanarSums::<8, { vectors(8) }, 2>(self)),
                    _ => simd.call(PlanarSums::<8, { vectors(8) }, 1>(self)),
                }
            };
        }
        by_width!(1, 2, 3, 4);
    }
}

struct PlanarSums<'a, const R: usize, const V: usize, const STEP: usize>(PlanarTile<'a>);

impl<const R: usize, const V: usize, const STEP: usize> Kernel for PlanarSums<'_, R, V, STEP> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let PlanarTile { x, starts, taps, weights, shift, epilogue, y, places, channels, channel, .. } = self.0;
        let mut sums = [[simd.splat(0.0); V]; R];
        for r in 0..R {
            sums[r] = [simd.splat(shift[r]); V];
        }
        let starts = starts.first_chunk().expect("a start for each stretch");
        planar::<S, R, V, STEP>(simd, x, starts, taps, weights, &mut sums);
        epilogue.apply_all(simd, &mut sums);
        let places: &[usize; V] = places.first_chunk().expect("a place for each stretch");
        for r in 0..R {
            if r < channels {
                for v in 0..V {
                    simd.store(sums[r][v], &mut y[places[v] + r * channel..]);
                }
            }
        }
    }
}
