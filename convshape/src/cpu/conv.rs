//! Convolutions and matrices: tiles of positions and output channels whose sums stay in registers.

mod cursor;
mod depthwise;
mod dots;
mod pack;
mod piece;

use std::ops::Range;
use std::vec::Vec;

use convshape_arith::op::PerAxis;
use convshape_arith::weight::WeightMap;

use self::cursor::Cursor;
use self::depthwise::{DepthwiseRows, Strip, Window};
use self::dots::{DotRow, Dots, beside};
use self::piece::Piece;
use super::buffer::{Buffer, View};
use super::math::Epilogue;
use super::simd::{Kernel, Level, Runs, Simd};
use super::taps::{Axis, AxisPhase};
use super::threads::{Spread, Threads};
use super::tuning::{CHUNK, DEPTHWISE_CHUNK, OFFSETS, PANEL_WEIGHTS, PARTIAL_STORE, RESIDENT_WEIGHTS};
use crate::model::workspace::{LINE, Workspace};

/// A sum over taps and the steps that are fused into it.
pub(super) struct TapSum<'a> {
    pub(super) axes: &'a [Axis; 3],
    pub(super) groups: usize,
    pub(super) weights: Weights<'a>,
    /// The scale and the shift of each output channel.
    pub(super) scale: &'a [f32],
    pub(super) shift: &'a [f32],
    /// Whether the result is added to the output's old values; see [`adds`].
    pub(super) onto: bool,
    pub(super) epilogue: Epilogue,
}

/// The weights of a layer.
#[derive(Clone, Copy)]
pub(super) enum Weights<'a> {
    /// The parameter itself, with its layout.
    Of(&'a [f32], &'a WeightMap),
    /// A function of output channel, input channel and tap.
    By(&'a dyn Fn(usize, usize, PerAxis<usize>) -> f32),
}

impl Weights<'_> {
    /// The weight of an output channel for an input channel of its group and a tap.
    #[inline]
    pub(super) fn at(&self, output: usize, input: usize, tap: PerAxis<usize>) -> f32 {
        match self {
            Weights::Of(numbers, map) => numbers[map.at(output, input, tap)],
            Weights::By(weight) => weight(output, input, tap),
        }
    }
}

/// A convolution, ready to run.
pub(super) struct Conv {
    level: Level,
    kind: Kind,
    x: Strides,
    y: Strides,
    phases: Vec<Phase>,
    panels: Vec<Panel>,
    weights: Workspace,
    onto: bool,
    /// The epilogue of each tile in registers, and that of the stored output.
    epilogue: Epilogue,
    last: Epilogue,
    split: WorkUnit,
    spread: Spread,
    /// Present for a depthwise convolution whose taps are contiguous.
    window: Option<Window>,
    /// How many phases of the width are computed together.
    beside: Option<usize>,
    /// Units to compute at a time, if that keeps the inputs in the cache.
    chunk: usize,
    /// Multiply-adds of a sample.
    pub(super) work: usize,
}

/// What the lanes of a vector hold.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// Output channels: each input is multiplied by the weights of all of them.
    Products,
    /// Input channels, whose products are added up at the end: for very few output channels.
    Dots,
    /// The channels of a depthwise convolution.
    Depthwise,
    /// Output channels of several groups.
    Grouped,
}

impl Kind {
    /// The choice for a layer with `groups` groups of `inputs` to `outputs` channels.
    fn new(level: Level, groups: usize, (inputs, outputs): (usize, usize), planar: bool) -> Kind {
        let lanes = level.lanes();
        if groups > 1 && inputs == 1 && outputs == 1 {
            Kind::Depthwise
        } else if level.is_portable() {
            Kind::Products
        } else if groups > 1 && inputs <= lanes && outputs < lanes {
            Kind::Grouped
        } else if groups == 1 && outputs <= 3 && inputs.is_multiple_of(lanes) && !planar {
            Kind::Dots
        } else {
            Kind::Products
        }
    }
}

/// Whether a convolution with these channels can add to its output's old values.
pub(super) fn adds(level: Level, groups: usize, inputs: usize, outputs: usize) -> bool {
    Kind::new(level, groups, (inputs / groups, outputs / groups), false) == Kind::Products
}

/// The unit in which the work is divided.
#[derive(Clone, Copy, PartialEq, Debug)]
enum WorkUnit {
    /// For each phase, a row along this axis.
    Rows(usize),
    /// A phase of this axis, which has one row.
    Phases(usize),
    /// This many output channels of the only position.
    Channels(usize),
}

impl WorkUnit {
    fn new(axes: &[Axis; 3], y: &View, channels: usize) -> WorkUnit {
        match (0..3).find(|&axis| y.buffer.size[axis] > 1) {
            Some(axis) if axes[axis].phases.iter().all(|phase| phase.count == 1) => WorkUnit::Phases(axis),
            Some(axis) => WorkUnit::Rows(axis),
            None => WorkUnit::Channels(channels),
        }
    }

    fn spread(self, axes: &[Axis; 3], y: &View) -> Spread {
        let strides = y.buffer.strides();
        let origin = |axis: usize| (0..=axis).map(|axis| y.buffer.low[axis] * strides[axis]).sum();
        let sample = y.buffer.sample();
        match self {
            WorkUnit::Rows(axis) => {
                let step = strides[axis] * axes[axis].modulus;
                Spread { sample, units: axes[axis].phases[0].count, origin: origin(axis), step }
            }
            WorkUnit::Phases(axis) => {
                Spread { sample, units: axes[axis].phases.len(), origin: origin(axis), step: strides[axis] }
            }
            WorkUnit::Channels(step) => Spread { sample, units: y.channels.div_ceil(step), origin: y.at([0; 3]), step },
        }
    }
}

/// The strides of sample, depth, height and width from one row of a phase to the next, in elements.
#[derive(Clone, Copy, Debug)]
struct Strides([usize; 4]);

struct Phase {
    /// Its index along the axis of [`WorkUnit::Phases`].
    along: usize,
    /// The offset of its first output, from the start of the sample.
    y: usize,
    count: PerAxis<usize>,
    panels: Range<usize>,
}

/// Some output channels of a phase, and all or some of their inputs.
struct Panel {
    runs: Runs,
    /// The ranges of its packed weights and constants.
    weights: Range<usize>,
    shift: usize,
    first: usize,
    channels: usize,
    vectors: usize,
    /// Whether a sample has a single position.
    alone: bool,
    /// Whether it has the first inputs, and the last: the sums in between are stored in the output.
    begins: bool,
    ends: bool,
    /// The input that each lane reads, as bits, for a panel of several groups.
    index: Vec<f32>,
}

/// Neighbouring outputs of a row as one position with the channels of all, if one has too few channels for a vector: it
/// reads the inputs of all, and a weight is zero where an output does not read an input.
struct Merged {
    /// How many outputs are one position.
    count: usize,
    axis: Axis,
    /// For each input of a position, the tap with which each of its outputs reads it.
    taps: Vec<Vec<Option<usize>>>,
}

impl Merged {
    fn new(level: Level, sum: &TapSum<'_>, x: &View, y: &View) -> Option<Merged> {
        let (width, outputs, lanes) = (&sum.axes[2], y.buffer.size[2], level.lanes());
        if sum.groups > 1 || outputs == 1 || y.buffer.planar || y.channels < y.buffer.width {
            return None;
        }
        // Each output of a row that reads a single input has a phase, and weights, of its own.
        if x.buffer.size[2] == 1 {
            return Some(Merged::of(width, outputs, outputs));
        }
        if Kind::new(level, 1, (x.channels, y.channels), x.buffer.planar) == Kind::Dots {
            return None;
        }
        let all = width.phases.iter().map(|phase| phase.taps.len()).sum::<usize>();
        let even = width.phases.len() == width.modulus
            && width.phases.iter().all(|phase| phase.count * width.modulus == outputs);
        let counts = (2..=lanes / y.channels.max(1)).filter(|count| count.is_multiple_of(width.modulus));
        let merged = counts.filter(|count| even && outputs.is_multiple_of(*count));
        let merged = merged.map(|count| Merged::of(width, outputs, count));
        let others = sum.axes[..2].iter().map(|axis| axis.phases[0].taps.len()).product::<usize>() * x.channels;
        let time = |taps: usize| others * taps + PARTIAL_STORE;
        let best = merged.min_by(|a, b| (time(a.taps.len()) * b.count).cmp(&(time(b.taps.len()) * a.count)))?;
        let alone = others * all + PARTIAL_STORE * width.modulus;
        (4 * alone * best.count >= 5 * time(best.taps.len()) * width.modulus).then_some(best)
    }

    fn of(width: &Axis, outputs: usize, count: usize) -> Merged {
        // The taps of each output, with the rows that they read.
        let reads = |output: usize| {
            let (phase, turn) = (&width.phases[output % width.modulus], output / width.modulus);
            phase.taps.iter().map(move |(tap, row)| (*tap, row + (turn * width.step) as i64))
        };
        let mut rows: Vec<i64> = (0..count).flat_map(|output| reads(output).map(|(_, row)| row)).collect();
        rows.sort_unstable();
        rows.dedup();
        let tap = |output: usize, row: i64| reads(output).find(|(_, own)| *own == row).map(|(tap, _)| tap);
        Merged {
            count,
            taps: rows.iter().map(|row| (0..count).map(|output| tap(output, *row)).collect()).collect(),
            axis: Axis {
                modulus: count,
                step: width.step * (count / width.modulus),
                phases: [AxisPhase { first: 0, count: outputs / count, taps: rows.into_iter().enumerate().collect() }]
                    .into(),
                ..*width
            },
        }
    }
}

impl Conv {
    pub(super) fn new(level: Level, sum: &TapSum<'_>, x: View, y: View) -> Conv {
        let Some(Merged { count, axis, taps }) = Merged::new(level, sum, &x, &y) else {
            return Conv::of(level, sum, x, y);
        };
        let TapSum { axes: [depth, height, _], weights, scale, shift, .. } = *sum;
        let channels = y.channels;
        let weight = |channel: usize, input: usize, [depth, height, width]: PerAxis<usize>| {
            taps[width][channel / channels]
                .map_or(0.0, |width| weights.at(channel % channels, input, [depth, height, width]))
        };
        let sum = TapSum {
            axes: &[depth.clone(), height.clone(), axis],
            weights: Weights::By(&weight),
            scale: &scale.repeat(count),
            shift: &shift.repeat(count),
            ..*sum
        };
        Conv::of(level, &sum, x, View { channels: channels * count, ..y })
    }

    fn of(level: Level, sum: &TapSum<'_>, x: View, y: View) -> Conv {
        let lanes = level.lanes();
        let (inputs, outputs) = (x.channels / sum.groups, y.channels / sum.groups);
        let kind = Kind::new(level, sum.groups, (inputs, outputs), x.buffer.planar);
        let axes = sum.axes;
        // Panels of one group start at whole numbers of four vectors.
        let split = WorkUnit::new(axes, &y, if sum.groups == 1 { 4 * lanes } else { y.channels });
        let strides = |buffer: &Buffer, steps: PerAxis<usize>| {
            let strides = buffer.strides();
            Strides([buffer.sample(), strides[0] * steps[0], strides[1] * steps[1], strides[2] * steps[2]])
        };
        // An epilogue outside of registers is faster on many elements at once.
        let whole = matches!(sum.epilogue, Epilogue::Other(_)) && y.is_whole();
        let mut conv = Conv {
            level,
            kind,
            x: strides(&x.buffer, [0, 1, 2].map(|axis| axes[axis].step)),
            y: strides(&y.buffer, [0, 1, 2].map(|axis| axes[axis].modulus)),
            phases: Vec::new(),
            panels: Vec::new(),
            weights: Workspace::with_elements(0),
            onto: sum.onto,
            epilogue: if whole { Epilogue::None } else { sum.epilogue },
            last: if whole { sum.epilogue } else { Epilogue::None },
            split,
            spread: split.spread(axes, &y),
            window: if kind == Kind::Depthwise && !level.is_portable() {
                Window::new(axes, &x).filter(|_| split == WorkUnit::Rows(1))
            } else {
                None
            },
            beside: if kind == Kind::Dots { beside(axes, split, &y) } else { None },
            chunk: 0,
            work: 0,
        };
        let mut packed = Vec::new();
        for depth in &axes[0].phases {
            for height in &axes[1].phases {
                for width in &axes[2].phases {
                    let first = conv.panels.len();
                    let phase = [depth, height, width];
                    let taps: Vec<(PerAxis<usize>, usize)> = depth
                        .taps
                        .iter()
                        .flat_map(|d| height.taps.iter().flat_map(move |h| width.taps.iter().map(move |w| [d, h, w])))
                        .map(|tap| {
                            let place = x.buffer.at_signed(tap.map(|(_, row)| *row)) + x.channel;
                            (tap.map(|(tap, _)| *tap), place)
                        })
                        .collect();
                    let count = phase.map(|phase| phase.count);
                    let positions: usize = count.iter().product();
                    conv.work += positions * taps.len() * inputs * y.channels;
                    // Reserve for the constants of the panels too: growing would copy all packed weights.
                    let rows = taps.len() * inputs;
                    let parts = 1 + 4 * lanes * rows / PANEL_WEIGHTS;
                    packed.reserve((rows + parts) * y.channels.next_multiple_of(4 * lanes) + LINE);
                    match kind {
                        Kind::Products => conv.pack_products(&mut packed, sum, &taps, (inputs, outputs), positions, &x),
                        Kind::Dots => conv.pack_dots(&mut packed, sum, &taps, inputs, outputs, &x),
                        Kind::Grouped => conv.pack_grouped(&mut packed, sum, &taps, inputs, outputs),
                        Kind::Depthwise => conv.pack_depthwise(&mut packed, sum, &taps, y.channels),
                    }
                    let y = y.at(phase.map(|phase| phase.first));
                    let along = if let WorkUnit::Phases(axis) = split { phase[axis].first } else { 0 };
                    conv.phases.push(Phase { along, y, count, panels: first..conv.panels.len() });
                }
            }
        }
        conv.weights = Workspace::of(packed);
        let unit = match split {
            WorkUnit::Rows(axis) => conv.x.0[1 + axis] + conv.y.0[1 + axis],
            WorkUnit::Phases(_) | WorkUnit::Channels(_) => {
                (x.buffer.sample() + y.buffer.sample()) / conv.spread.units.max(1)
            }
        };
        let resident = conv.weights.get().len() <= RESIDENT_WEIGHTS;
        let chunk = if kind == Kind::Depthwise { DEPTHWISE_CHUNK } else { CHUNK };
        conv.chunk = if resident { (chunk / unit.max(1)).max(1) } else { usize::MAX };
        conv
    }

    /// The packed weights, each panel's followed by its constants, to overwrite them.
    #[cfg(feature = "train")]
    pub(super) fn packed_mut(&mut self) -> &mut [f32] {
        self.weights.get_mut()
    }

    /// Runs all samples. `x` and `y` are the buffers.
    pub(super) fn run(&self, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        self.spread.run(threads, self.work, samples, y, &|y, base, samples, units| {
            self.block(x, y, base, samples, units);
        });
    }

    /// The units of a sample: output rows, for a two-dimensional convolution with one phase.
    pub(super) fn units(&self) -> usize {
        self.spread.units
    }

    /// The strides of input and output from one output row to the next, for such a convolution.
    pub(super) fn row_steps(&self) -> [usize; 2] {
        [self.x, self.y].map(|strides| strides.0[2])
    }

    /// The elements of all output rows, from the start of a sample.
    pub(super) fn output_rows(&self) -> Range<usize> {
        let Spread { origin, units, step, .. } = self.spread;
        origin..origin + units * step
    }

    /// Runs some rows of one sample. `x` begins so far before the first of them as before the first row of a sample;
    /// `y` begins `base` elements after that.
    pub(super) fn run_rows(&self, threads: Threads, rows: usize, x: &[f32], (y, base): (&mut [f32], usize)) {
        self.spread.run_some(threads, self.work, rows, (y, base), &|y, base, samples, units| {
            self.block(x, y, base, samples, units);
        });
    }

    /// Some samples, or some units of one. `y` starts at `base`.
    fn block(&self, x: &[f32], y: &mut [f32], base: usize, samples: Range<usize>, units: Range<usize>) {
        let mut task = Task { conv: self, x, y, base, samples: samples.clone(), units: units.clone() };
        if self.chunk >= units.len() {
            let share = if self.chunk == usize::MAX { samples.len() } else { self.chunk / units.len() };
            for first in samples.clone().step_by(share.max(1)) {
                task.samples = first..samples.end.min(first + share.max(1));
                self.level.run(&mut task);
                self.end(&mut task);
            }
        } else {
            for sample in samples {
                for first in units.clone().step_by(self.chunk) {
                    task.samples = sample..sample + 1;
                    task.units = first..units.end.min(first + self.chunk);
                    self.level.run(&mut task);
                    self.end(&mut task);
                }
            }
        }
    }
}

impl Conv {
    /// Applies the epilogue to all outputs of a block while the cache holds them.
    fn end(&self, task: &mut Task<'_>) {
        let Spread { sample, units, origin, step } = self.spread;
        let y = if task.units.len() == units {
            let first = (task.samples.start * sample).saturating_sub(task.base);
            let end = (task.samples.end * sample - task.base).min(task.y.len());
            &mut task.y[first..end]
        } else {
            // The output is a whole buffer, and the units of a sample are contiguous.
            let first = task.samples.start * sample + origin + task.units.start * step - task.base;
            let end = (first + task.units.len() * step).min((task.samples.start + 1) * sample - task.base);
            let end = end.min(task.y.len());
            &mut task.y[first..end]
        };
        self.last.over(self.level, y);
    }
}

/// A block of positions.
struct Task<'a> {
    conv: &'a Conv,
    x: &'a [f32],
    y: &'a mut [f32],
    base: usize,
    samples: Range<usize>,
    units: Range<usize>,
}

impl Kernel for &mut Task<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let conv = self.conv;
        for (index, phase) in conv.phases.iter().enumerate() {
            let mut first = [self.samples.start, 0, 0, 0];
            let mut count = [self.samples.len(), phase.count[0], phase.count[1], phase.count[2]];
            match conv.split {
                WorkUnit::Rows(axis) => {
                    let rows = &mut count[1 + axis];
                    first[1 + axis] = self.units.start;
                    *rows = self.units.end.min(*rows).saturating_sub(self.units.start);
                }
                WorkUnit::Phases(_) if !self.units.contains(&phase.along) => continue,
                WorkUnit::Phases(_) | WorkUnit::Channels(_) => {}
            }
            let positions = count.iter().product::<usize>();
            let along = |strides: Strides| (0..4).map(|axis| first[axis] * strides.0[axis]).sum::<usize>();
            let start = Cursor {
                index: [0; 4],
                count,
                x: along(conv.x),
                y: along(conv.y) + phase.y,
                x_steps: conv.x,
                y_steps: conv.y,
            };
            if positions == 0 {
                continue;
            }
            let panels = &conv.panels[phase.panels.clone()];
            if let Some(window) = &conv.window {
                let place = [phase.y, self.base];
                for sample in self.samples.clone() {
                    let (width, rows) = (count[3], first[2]..first[2] + count[2]);
                    let y = &mut *self.y;
                    simd.call(DepthwiseRows { conv, window, panels, x: self.x, y, place, width, sample, rows });
                }
                continue;
            }
            if let Some(beside) = conv.beside
                && DotRow::fit::<S>(panels[0].channels, beside * count[3])
            {
                if index % beside == 0 {
                    let panels = &conv.panels[phase.panels.start..][..beside];
                    let cursor = Cursor { y: start.y - self.base, ..start };
                    simd.call(DotRow { conv, panels, x: self.x, y: &mut *self.y, cursor });
                }
                continue;
            }
            if let Kind::Depthwise | Kind::Grouped = conv.kind {
                let cursor = Cursor { y: start.y - self.base, ..start };
                Strip { conv, panels, x: self.x, y: &mut *self.y, cursor }.run(simd, positions);
                continue;
            }
            let panels = match conv.split {
                WorkUnit::Channels(step) => {
                    let place = |unit: usize| panels.partition_point(|panel| panel.first / step < unit);
                    &panels[place(self.units.start)..place(self.units.end)]
                }
                WorkUnit::Rows(_) | WorkUnit::Phases(_) => panels,
            };
            let (mut starts, mut places) = ([0; OFFSETS], [0; OFFSETS]);
            // Weights too large for the cache pass through it once, panel by panel.
            let together = if conv.chunk == usize::MAX { 1 } else { panels.len().max(1) };
            for (turn, own) in panels.chunks(together).enumerate() {
                let first = own[0].first;
                let mut cursor = Cursor { y: start.y + first - self.base, ..start };
                let mut rest = positions;
                while rest > 0 {
                    let count = rest.min(OFFSETS);
                    let (starts, places) = (&mut starts[..count], &mut places[..count]);
                    cursor.fill(starts, places);
                    for (index, panel) in own.iter().enumerate() {
                        let y = &mut self.y[panel.first - first..];
                        // Only the first positions read weights that are not in the cache yet.
                        let next = panels.get(turn * together + index + 1).filter(|_| rest == positions);
                        let ahead = next.map_or(&[][..], |next| &conv.weights.get()[next.weights.clone()]);
                        let piece = Piece { conv, panel, x: self.x, y, starts, places, ahead };
                        match conv.kind {
                            Kind::Dots => simd.call(Dots(piece)),
                            _ => piece.products(simd),
                        }
                    }
                    rest -= count;
                }
            }
        }
    }
}
