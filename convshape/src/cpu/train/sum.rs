//! Convolutions and matrices: forward, and the gradients of their input, weight and bias.

use std::boxed::Box;
use std::vec::Vec;

use convshape_arith::op::{AxisOrder, Conv as ConvOp, Direction, Op, PaddingMode, PerAxis, WeightFrom};
use convshape_arith::shape::Shape;
use convshape_arith::weight::WeightMap;

use super::dense::DenseSum;
use super::depthwise::DepthwiseGradient;
use super::permutation::{NOTHING, Permutation, zeros};
use super::thin::Thin;
use super::weight_gradient::{GradientOf, WeightGradient};
use super::{Machine, SumViews, elements};
use crate::cpu::buffer::{Grid, View};
use crate::cpu::conv::{Conv, TapSum, Weights};
use crate::cpu::math::Epilogue;
use crate::cpu::simd::Level;
use crate::cpu::taps::{Axis, Line, Reach};
use crate::cpu::threads::Threads;
use crate::cpu::winograd::gradient::WinogradGradient;
use crate::cpu::winograd::{Tiling, Winograd};

/// The axes of a convolution: of the forward pass, of the gradient of its input, and from the dense to the spread side
/// for the weight gradient.
pub(super) struct SumAxes {
    forward: [Axis; 3],
    back: [Axis; 3],
    lines: [Line; 3],
    /// Whether the output is the dense side.
    dense_output: bool,
    /// How the forward pass and the gradient of the input are computed in tiles, if that is faster.
    tilings: [Option<Tiling>; 2],
}

impl SumAxes {
    /// The axes of a layer that is a sum over taps; `None` for any other.
    pub(super) fn new(
        (level, samples): (Level, usize),
        op: &Op,
        shape: &Shape,
        order: AxisOrder,
        [from, to]: [&Grid; 2],
    ) -> Option<SumAxes> {
        let single = || [Axis::single(), Axis::single(), Axis::single()];
        let mut axes = SumAxes {
            forward: single(),
            back: single(),
            lines: [Line::single(), Line::single(), Line::single()],
            dense_output: true,
            tilings: [None, None],
        };
        let mut set = |axis: usize, reach: Reach, dense_output: bool| {
            let (input, output) = (from.size[axis], to.size[axis]);
            axes.forward[axis] = Axis::new(reach, input, output)?;
            axes.back[axis] = Axis::new(reach.reversed(), output, input)?;
            axes.lines[axis] = match dense_output {
                true => Line::new(reach, input, output)?,
                false => Line::new(reach.reversed(), output, input)?,
            };
            axes.dense_output = dense_output;
            Some(())
        };
        match op {
            // A weight that is read may differ from sample to sample.
            Op::Conv(conv) if conv.border() == PaddingMode::Zeros && conv.weight != WeightFrom::Input => {
                let reach: PerAxis<Reach> = match conv.direction {
                    Direction::Forward => conv.windows(shape, order).ok()?.map(Into::into),
                    Direction::Transposed => conv.scatters(shape, order).ok()?.map(Into::into),
                };
                let reach = &reach[..conv.rank];
                // A convolution over a dilated input is a transposed one, if it has no stride of its own.
                let dense_output = conv.direction == Direction::Forward && reach.iter().all(|reach| reach.is_dense());
                for (axis, reach) in (3 - conv.rank..).zip(reach) {
                    set(axis, *reach, dense_output)?;
                }
            }
            // The last axis is that of the channels.
            Op::Linear { .. } | Op::Projection(_) if shape.rank() == 1 || order == AxisOrder::ChannelsLast => {
                for axis in 0..3 {
                    set(axis, convshape_arith::axis::Window::new(1).into(), true)?;
                }
            }
            _ => return None,
        }
        if let (Op::Conv(conv), false) = (op, level.is_portable()) {
            axes.set_tilings(usize::try_from(conv.groups).ok()?, [from.channels, to.channels], samples);
        }
        Some(axes)
    }

    fn set_tilings(&mut self, groups: usize, [inputs, outputs]: [usize; 2], samples: usize) {
        let [forward, back] = &mut self.tilings;
        for (tiling, axes, channels) in
            [(forward, &mut self.forward, [inputs, outputs]), (back, &mut self.back, [outputs, inputs])]
        {
            *tiling = Tiling::new(axes, groups, channels, (samples, true));
            if let Some(tiling) = tiling {
                tiling.widen(axes);
            }
        }
    }

    /// The border that the input and the gradient of the output need: rows before and after.
    pub(super) fn borders(&self) -> [[PerAxis<usize>; 2]; 2] {
        let of = |axes: &[Axis; 3]| [[0, 1, 2].map(|axis| axes[axis].low), [0, 1, 2].map(|axis| axes[axis].high)];
        let mut borders = [of(&self.forward), of(&self.back)];
        let spread = &mut borders[usize::from(!self.dense_output)];
        for (axis, line) in self.lines.iter().enumerate() {
            spread[0][axis] = spread[0][axis].max(line.low);
            spread[1][axis] = spread[1][axis].max(line.high);
        }
        borders
    }
}

/// A layer that is a sum over taps.
pub(super) struct TrainedSum {
    kernels: Kernels,
    /// The index of the layer's first bias, and the length of the bias parameter, if there is one.
    bias: Option<[usize; 2]>,
}

/// The kernels of a sum.
enum Kernels {
    /// With packed weights.
    Packed(Box<PackedSum>),
    Thin(Box<Thin>),
    Dense(DenseSum),
}

/// A sum over taps with packed weights.
struct PackedSum {
    forward: Repacked,
    back: Option<Repacked>,
    weight: GradientKernel,
    dense_output: bool,
    /// The layer, if its weight is masked.
    masked: Option<ConvOp>,
    /// The stamps of the parameters when they were packed.
    stamps: Vec<u64>,
}

/// The kernel of the weight gradient.
enum GradientKernel {
    WeightGradient(WeightGradient),
    Depthwise(DepthwiseGradient),
    Tiles(Box<TiledGradient>),
}

/// A weight gradient in tiles.
struct TiledGradient {
    kernel: WinogradGradient,
    taps: Vec<f32>,
    /// The permutation from the taps to the parameter.
    moves: Permutation,
    count: usize,
    /// Multiply-adds of a batch.
    work: usize,
}

impl GradientKernel {
    fn work(&self) -> usize {
        match self {
            GradientKernel::WeightGradient(outer) => outer.work(),
            GradientKernel::Depthwise(outer) => outer.work(),
            GradientKernel::Tiles(tiled) => tiled.work,
        }
    }

    fn run(&mut self, on: Machine, samples: usize, [x, dy]: [&[f32]; 2], dense_output: bool) {
        let (dense, spread) = if dense_output { (dy, x) } else { (x, dy) };
        match self {
            GradientKernel::WeightGradient(outer) => outer.run(on.threads, samples, dense, spread),
            GradientKernel::Depthwise(outer) => outer.run(on.threads, samples, dense, spread),
            GradientKernel::Tiles(tiled) => tiled.kernel.run(on.threads, samples, [x, dy], &mut tiled.taps),
        }
    }

    fn add_to(&self, level: Level, gradient: &mut Vec<f32>) {
        match self {
            GradientKernel::WeightGradient(outer) => outer.add_to(gradient),
            GradientKernel::Depthwise(outer) => outer.add_to(gradient),
            GradientKernel::Tiles(tiled) => {
                zeros(gradient, tiled.count);
                tiled.moves.push(level, &tiled.taps, gradient);
            }
        }
    }
}

impl TrainedSum {
    /// For a batch of `samples`.
    pub(super) fn new(
        level: Level,
        op: &Op,
        axes: &SumAxes,
        ends: &SumViews,
        epilogue: Epilogue,
        (samples, input_wanted): (usize, bool),
    ) -> TrainedSum {
        let (groups, biased, rank) = match op {
            Op::Conv(ConvOp { groups, bias, rank, .. }) => (usize::try_from(*groups).unwrap_or(1), *bias, *rank),
            Op::Linear { bias, .. } => (1, *bias, 0),
            Op::Projection(part) => (1, part.bias.is_some(), 0),
            _ => (1, false, 0),
        };
        let places = WeightMap::of(op).expect("a layer with taps has a weight").on_last_axes(rank);
        let count = places.len();
        let to = |output: usize, input: usize, tap| places.at(output, input, tap);
        let back = |input: usize, output: usize, tap| places.at(output, input, tap);
        let bias = match op {
            Op::Projection(part) => {
                part.bias.map(|place| <[i64; 2]>::from(place).map(|n| usize::try_from(n).unwrap_or(0)))
            }
            _ => biased.then_some([0, ends.y.channels]),
        };
        let of_dense = |dense: usize, spread: usize, tap| match axes.dense_output {
            true => places.at(dense, spread, tap),
            false => places.at(spread, dense, tap),
        };
        let weight = GradientOf { groups, count, place: &of_dense, lines: &axes.lines };
        let masked = match op {
            Op::Conv(conv) if conv.mask.is_some() => Some(*conv),
            _ => None,
        };
        if masked.is_none() {
            if let Some(thin) = Thin::new(&weight, ends, axes.dense_output, epilogue, samples) {
                return TrainedSum { kernels: Kernels::Thin(thin.into()), bias };
            }
            if let Some(dense) = DenseSum::new(&weight, ends, axes.dense_output, epilogue, samples) {
                return TrainedSum { kernels: Kernels::Dense(dense), bias };
            }
        }
        let first = bias.map(|[first, _]| first);
        let [forward_tiling, back_tiling] = &axes.tilings;
        let forward = (&axes.forward, forward_tiling);
        let forward = Repacked::new(level, forward, groups, (count, &to), first, epilogue, (ends.x, ends.y));
        let back = || {
            let axes = (&axes.back, back_tiling);
            Repacked::new(level, axes, groups, (count, &back), None, Epilogue::None, (ends.dy, ends.dx))
        };
        let back = input_wanted.then(back);
        let (dense, spread) = if axes.dense_output { (&ends.dy, &ends.x) } else { (&ends.x, &ends.dy) };
        let tiled = forward_tiling.as_ref().and_then(|tiling| {
            let number = |output, input, tap| number(to(output, input, tap));
            let (scale, shift) = (std::vec![1.0; ends.y.channels], std::vec![0.0; ends.y.channels]);
            let sum = TapSum {
                axes: &axes.forward,
                groups,
                weights: Weights::By(&number),
                scale: &scale,
                shift: &shift,
                onto: false,
                epilogue: Epilogue::None,
            };
            let (kernel, taps) = WinogradGradient::new(level, &sum, tiling, [ends.x, ends.dy], samples)?;
            let places: Vec<u32> = taps.iter().map(|place| index(*place).unwrap_or(NOTHING)).collect();
            let (moves, work) = (Permutation::new(&places), samples * kernel.work());
            Some(GradientKernel::Tiles(Box::new(TiledGradient { kernel, taps, moves, count, work })))
        });
        let weight = tiled.unwrap_or_else(|| match DepthwiseGradient::new(level, &weight, dense, spread, samples) {
            Some(outer) => GradientKernel::Depthwise(outer),
            None => GradientKernel::WeightGradient(WeightGradient::new(level, &weight, dense, spread, samples)),
        });
        let (dense_output, stamps) = (axes.dense_output, Vec::new());
        let packed = PackedSum { forward, back, weight, dense_output, masked, stamps };
        TrainedSum { kernels: Kernels::Packed(packed.into()), bias }
    }

    /// The multiply-adds of a forward and backward pass.
    pub(super) fn work(&self) -> usize {
        3 * match &self.kernels {
            Kernels::Packed(packed) => packed.weight.work(),
            Kernels::Thin(thin) => thin.work(),
            Kernels::Dense(dense) => dense.work(),
        }
    }

    pub(super) fn forward(
        &mut self,
        on: Machine,
        samples: usize,
        (params, stamps): (&[&[f32]], &[u64]),
        x: &[f32],
        y: &mut [f32],
    ) {
        let bias = self.bias.map_or(&[][..], |[first, _]| &params[1][first..]);
        match &mut self.kernels {
            Kernels::Packed(packed) => {
                packed.pack(on, params, stamps);
                packed.forward.run(on.threads, samples, x, y);
            }
            Kernels::Thin(thin) => thin.forward(on, params[0], bias, x, y),
            Kernels::Dense(dense) => dense.forward(on, params[0], bias, x, y),
        }
    }

    /// Adds the gradients of weight and bias, and writes that of the input.
    pub(super) fn backward(
        &mut self,
        on: Machine,
        samples: usize,
        params: &[&[f32]],
        (x, view, dy): (&[f32], &View, &[f32]),
        dparams: &mut [Vec<f32>],
        dx: Option<&mut [f32]>,
    ) {
        let Some((dweight, others)) = dparams.split_first_mut() else { return };
        let bias = self.bias.zip(others.first_mut());
        let bias = || {
            if let Some(([first, all], dbias)) = bias {
                dbias.resize(all, 0.0);
                elements::add_sums(&elements::sums(on, samples, view, dy), &mut dbias[first..]);
            }
        };
        match &mut self.kernels {
            Kernels::Packed(packed) => packed.backward(on, samples, [x, dy], (dweight, bias), dx),
            Kernels::Thin(thin) => {
                thin.backward(on, params[0], dy, dweight, dx);
                bias();
            }
            Kernels::Dense(dense) => {
                dense.backward(on, params[0], [x, dy], dweight, dx);
                bias();
            }
        }
    }
}

impl PackedSum {
    /// Packs the weights, unless they are those that were packed last.
    fn pack(&mut self, on: Machine, params: &[&[f32]], stamps: &[u64]) {
        if self.stamps == stamps {
            return;
        }
        self.stamps.clear();
        self.stamps.extend(stamps);
        let PackedSum { forward, back, masked, .. } = self;
        let mut params = params.to_vec();
        let mut weight = Vec::new();
        if let Some(conv) = masked {
            weight.extend(params[0]);
            conv.mask_weight(&mut weight);
            params[0] = &weight;
        }
        let params = &params[..];
        let back = || back.iter_mut().for_each(|back| back.pack(on.level, params));
        on.threads.both(16 * params[0].len(), || forward.pack(on.level, params), back);
    }

    /// Adds the gradient of the weight, calls `bias` for that of the bias, and writes the gradient of the input.
    fn backward(
        &mut self,
        on: Machine,
        samples: usize,
        [x, dy]: [&[f32]; 2],
        (dweight, bias): (&mut Vec<f32>, impl FnOnce() + Send),
        dx: Option<&mut [f32]>,
    ) {
        let PackedSum { back, weight, dense_output, masked, .. } = self;
        let work = weight.work();
        let gradients = || {
            weight.run(on, samples, [x, dy], *dense_output);
            match masked {
                None => weight.add_to(on.level, dweight),
                // The gradient may already have contributions of other layers that share the weight.
                Some(conv) => {
                    let mut own = Vec::new();
                    weight.add_to(on.level, &mut own);
                    conv.mask_weight(&mut own);
                    zeros(dweight, own.len());
                    dweight.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
                }
            }
            bias();
        };
        match (back, dx) {
            (Some(back), Some(dx)) => on.threads.both(work, gradients, || back.run(on.threads, samples, dy, dx)),
            _ => gradients(),
        }
    }
}

/// An index that is packed instead of a weight, as the bits of a number that is only moved. 0 marks padding.
fn number(place: usize) -> f32 {
    f32::from_bits(u32::try_from(place + 1).unwrap_or(0))
}

/// The index, or `None` for padding.
fn index(number: f32) -> Option<u32> {
    number.to_bits().checked_sub(1)
}

/// A convolution whose weights are packed again after every change.
struct Repacked {
    method: SumKernel,
    weights: Permutation,
    /// The packed index and the bias index of each shift.
    constants: Vec<(u32, u32)>,
}

/// How it is computed.
enum SumKernel {
    Direct(Conv),
    /// With the taps that its weights are packed of.
    Tiles(Box<Winograd>, Vec<f32>),
}

impl SumKernel {
    /// Where the weights and the shifts are packed.
    fn packed(&mut self) -> [&mut [f32]; 2] {
        match self {
            SumKernel::Direct(conv) => [conv.packed_mut(), &mut []],
            SumKernel::Tiles(winograd, taps) => [taps, winograd.shift()],
        }
    }
}

impl Repacked {
    /// `place` gives the index of each of the `count` weights. The shifts are the bias from its element `bias` on, if
    /// there is one.
    fn new(
        level: Level,
        (axes, tiling): (&[Axis; 3], &Option<Tiling>),
        groups: usize,
        (count, place): (usize, &dyn Fn(usize, usize, PerAxis<usize>) -> usize),
        bias: Option<usize>,
        epilogue: Epilogue,
        (x, y): (View, View),
    ) -> Repacked {
        let shift: Vec<f32> =
            (0..y.channels).map(|channel| bias.map_or(0.0, |first| number(count + first + channel))).collect();
        let weight = |output, input, tap| number(place(output, input, tap));
        let scale = std::vec![1.0; y.channels];
        let sum =
            TapSum { axes, groups, weights: Weights::By(&weight), scale: &scale, shift: &shift, onto: false, epilogue };
        let tiles = tiling.as_ref().and_then(|tiling| Winograd::new(level, &sum, tiling, x, y));
        let mut method = match tiles {
            Some((winograd, taps)) => SumKernel::Tiles(winograd.into(), taps),
            None => SumKernel::Direct(Conv::new(level, &sum, x, y)),
        };
        let places: Vec<Option<u32>> =
            method.packed().iter().flat_map(|part| part.iter().map(|number| index(*number))).collect();
        method.packed().iter_mut().for_each(|part| part.fill(0.0));
        let (mut weights, mut constants) = (std::vec![NOTHING; method.packed()[0].len()], Vec::new());
        for (packed, place) in (0..).zip(places) {
            match place {
                None => {}
                Some(place) if (place as usize) < count => weights[packed as usize] = place,
                Some(place) => constants.push((packed, u32::try_from(place as usize - count).unwrap_or(NOTHING))),
            }
        }
        Repacked { method, weights: Permutation::new(&weights), constants }
    }

    fn pack(&mut self, level: Level, params: &[&[f32]]) {
        let [weights, shifts] = self.method.packed();
        self.weights.pull(level, weights, params[0]);
        for (at, place) in &self.constants {
            let (at, shift) = (*at as usize, params[1][*place as usize]);
            match at.checked_sub(weights.len()) {
                None => weights[at] = shift,
                Some(at) => shifts[at] = shift,
            }
        }
        if let SumKernel::Tiles(winograd, taps) = &mut self.method {
            winograd.pack(taps);
        }
    }

    fn run(&self, threads: Threads, samples: usize, x: &[f32], y: &mut [f32]) {
        match &self.method {
            SumKernel::Direct(conv) => conv.run(threads, samples, x, y),
            SumKernel::Tiles(winograd, _) => winograd.run(threads, samples, x, y),
        }
    }
}
