//! Layers that run on batches in the order of the chain's axes: by a kernel of their own where there is one, otherwise
//! by the reference implementation.

use std::boxed::Box;
use std::vec::Vec;

use convshape_arith::fault::Fault;
use convshape_arith::op::{AxisOrder, Op, Recurrent, Trace};
use convshape_arith::shape::Shape;
use rand::Rng;

use super::attention::Attend;
use super::layer_norm::LayerNorm;
use super::matmul::MatMul;
use super::recurrent::RecurrentGradient;
use super::softmax::TrainedSoftmax;
use super::sum::{SumAxes, TrainedSum};
use super::weight_gradient::WeightGradient;
use super::{Machine, SumViews};
use crate::cpu::attention::Drop;
use crate::cpu::buffer::{Buffer, Grid, View};
use crate::cpu::math::Epilogue;
use crate::cpu::recurrent::{Packed, RecurrentBatch};
use crate::cpu::relayout::Relayout;
use crate::cpu::simd::Level;
use crate::reference::kernels::gradient::BoundLayer;

/// A layer, with buffers for a batch.
pub(super) struct RowMajor {
    pub(super) op: Op,
    pub(super) order: AxisOrder,
    /// The shapes of the inputs, and of the output.
    pub(super) shapes: Vec<Shape>,
    pub(super) output: Shape,
    method: RowMajorKernel,
    /// The factors of dropout between the layers of a recurrent one, drawn for each batch in training.
    factors: Vec<f32>,
    inputs: Vec<Vec<f32>>,
    y: Vec<f32>,
    dy: Vec<f32>,
    dx: Vec<Vec<f32>>,
}

/// How a layer is computed.
enum RowMajorKernel {
    /// A linear layer, with the view of its output's gradient. In the chain's order the last axis is innermost, as a
    /// matrix product needs it.
    Linear(Box<TrainedSum>, View),
    Norm(LayerNorm),
    Attend(Box<Attend>),
    MatMul(Box<MatMul>),
    Softmax(TrainedSoftmax),
    Recurrent(Recurrent),
    /// By the reference implementation.
    Reference,
}

impl RowMajorKernel {
    fn new(
        level: Level,
        op: &Op,
        order: AxisOrder,
        (shapes, output): (&[Shape], &Shape),
        batch: (usize, bool),
    ) -> RowMajorKernel {
        let elements = |shape: &Shape| shape.numbers().map(|sizes| sizes[..shape.rank()].iter().product());
        if let Op::LayerNorm { size, eps, .. } = *op {
            let last = || shapes[0].numbers().and_then(|sizes| sizes[..shapes[0].rank()].last().copied());
            let size = size.map_or_else(last, |size| elements(&size)).filter(|size| *size > 0);
            return size.map_or(RowMajorKernel::Reference, |size| RowMajorKernel::Norm(LayerNorm { size, eps }));
        }
        if let Op::Recurrent(layer) = *op {
            return RowMajorKernel::Recurrent(layer);
        }
        let linear =
            || linear(level, op, &shapes[0], output, batch).map(|(sum, view)| RowMajorKernel::Linear(sum, view));
        let attend = || Attend::new(level, op, shapes, output).map(|attend| RowMajorKernel::Attend(attend.into()));
        let product = || MatMul::new(op, shapes, output).map(|product| RowMajorKernel::MatMul(product.into()));
        let softmax = || TrainedSoftmax::new(op, &shapes[0], order).map(RowMajorKernel::Softmax);
        linear().or_else(attend).or_else(product).or_else(softmax).unwrap_or(RowMajorKernel::Reference)
    }
}

fn some(factors: &[f32]) -> Option<&[f32]> {
    if factors.is_empty() { None } else { Some(factors) }
}

/// The sequence length of a recurrent layer that reads values of these shapes.
fn steps(shapes: &[Shape]) -> usize {
    shapes[0].size(0).number().and_then(|length| usize::try_from(length).ok()).unwrap_or(0)
}

/// Converts a value from the plan's layout to the caller's order of axes.
pub(super) fn export(on: Machine, samples: usize, view: &View, x: &[f32], y: &mut [f32]) {
    Relayout { level: on.level, view: *view }.export(on.threads, samples, x, y);
}

pub(super) fn import(on: Machine, samples: usize, view: &View, x: &[f32], y: &mut [f32]) {
    Relayout { level: on.level, view: *view }.import(on.threads, samples, x, y);
}

/// Converts a value to the caller's order of axes, unless it is in that order.
fn converted(on: Machine, samples: usize, (view, x): (&View, &[f32]), to: &mut Vec<f32>, slack: usize) {
    if !view.is_array() {
        let count = samples * view.grid().elements();
        to.resize(count + slack, 0.0);
        export(on, samples, view, x, &mut to[..count]);
    }
}

/// A value in the caller's order of axes: itself, or what [`converted`] made of it.
fn array<'a>(samples: usize, (view, x): (&View, &'a [f32]), converted: &'a [f32], slack: usize) -> &'a [f32] {
    if view.is_array() { &x[..samples * view.grid().elements() + slack] } else { converted }
}

impl RowMajor {
    /// For a batch of `samples`; `input_wanted` says whether the gradient of the first input is needed.
    pub(super) fn new(
        level: Level,
        op: Op,
        order: AxisOrder,
        (shapes, output): (Vec<Shape>, Shape),
        (samples, input_wanted): (usize, bool),
    ) -> RowMajor {
        let method = RowMajorKernel::new(level, &op, order, (&shapes, &output), (samples, input_wanted));
        let (inputs, y, dy, dx) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        RowMajor { op, order, shapes, output, method, factors: Vec::new(), inputs, y, dy, dx }
    }

    /// The dropout between the layers of a recurrent one: its probability, the number of factors per sample, and the
    /// factors.
    pub(super) fn drops(&mut self) -> Option<(f64, usize, &mut Vec<f32>)> {
        let Op::Recurrent(layer) = self.op else { return None };
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        let numbers = count(layer.layers.saturating_sub(1)) * steps(&self.shapes) * count(layer.width());
        (layer.dropout > 0.0 && numbers > 0).then_some((layer.dropout, numbers, &mut self.factors))
    }

    /// Draws which weights of attention dropout sets to zero.
    pub(super) fn reseed(&mut self, rng: &mut dyn Rng) {
        if let RowMajorKernel::Attend(attend) = &mut self.method
            && attend.p() > 0.0
        {
            attend.drop = Some(Drop { seed: rng.next_u64(), p: attend.p() });
        }
    }

    /// Multiply-adds of a batch; 0 for layers that are not counted.
    pub(super) fn work(&self, samples: usize) -> usize {
        match &self.method {
            RowMajorKernel::Linear(sum, _) => sum.work(),
            RowMajorKernel::Attend(attend) => samples * attend.work(),
            RowMajorKernel::MatMul(product) => samples * product.work(),
            RowMajorKernel::Norm(_)
            | RowMajorKernel::Softmax(_)
            | RowMajorKernel::Recurrent(_)
            | RowMajorKernel::Reference => 0,
        }
    }

    pub(super) fn forward(
        &mut self,
        on: Machine,
        samples: usize,
        (params, stamps): (&[&[f32]], &[u64]),
        inputs: &[(&View, &[f32])],
        (to, y): (&View, &mut [f32]),
    ) -> Result<(), Fault> {
        let slack = self.slack();
        self.inputs.resize_with(inputs.len(), Vec::new);
        for (own, value) in self.inputs.iter_mut().zip(inputs) {
            converted(on, samples, *value, own, slack);
        }
        let count = samples * to.grid().elements();
        let part = self.part(to);
        let in_place = self.is_in_place(to);
        let RowMajor { op, order, shapes, output, method, factors, inputs: converted, y: own, .. } = self;
        let x: Vec<&[f32]> =
            inputs.iter().zip(converted).map(|(value, own)| array(samples, *value, own, slack)).collect();
        if !in_place {
            own.resize(count + slack, 0.0);
        }
        let room = if in_place { &mut y[..count + slack] } else { &mut own[..] };
        match method {
            RowMajorKernel::Linear(sum, _) => {
                sum.forward(on, samples, (params, stamps), x[0], room);
            }
            RowMajorKernel::Norm(norm) => norm.forward(on, params, x[0], room),
            RowMajorKernel::Attend(attend) => attend.forward(on, samples, &x, room),
            RowMajorKernel::MatMul(product) => product.forward(on, samples, &x, room),
            RowMajorKernel::Softmax(softmax) => softmax.forward(on, x[0], room),
            RowMajorKernel::Recurrent(layer) => {
                let length = steps(shapes);
                let features = x[0].len() / (samples * length).max(1);
                let first = [x.get(1).copied(), x.get(2).copied()];
                let packed = Packed::new(on.level, layer, features, params);
                packed.run(
                    on.threads,
                    RecurrentBatch { length, x: x[0], first, factors: some(factors), y: room, keep: true },
                );
            }
            RowMajorKernel::Reference => {
                room.fill(0.0);
                BoundLayer { op, order: *order, params, shapes, output }.forward(&x, room)?;
            }
        }
        if in_place {
            return Ok(());
        }
        let (elements, sample) = (to.grid().elements(), to.buffer.sample());
        if part == *to {
            import(on, samples, to, &own[..count], y);
            return Ok(());
        }
        for index in 0..samples {
            import(on, 1, &part, &own[index * elements..], &mut y[index * sample..]);
        }
        Ok(())
    }

    /// Adds the gradients of the parameters, and stores those of the inputs. With the output goes its gradient;
    /// `target` is the memory of the first input's gradient, for the layers that write it themselves.
    pub(super) fn backward(
        &mut self,
        on: Machine,
        samples: usize,
        params: &[&[f32]],
        (inputs, [(to, y), (from, dy)]): (&[(&View, &[f32])], [(&View, &[f32]); 2]),
        dparams: &mut [Vec<f32>],
        (wanted, target): (&[bool], Option<&mut [f32]>),
    ) -> Result<(), Fault> {
        let slack = self.slack();
        let count = samples * from.grid().elements();
        let (part, elements, sample) = (self.part(from), from.grid().elements(), from.buffer.sample());
        if part == *from {
            converted(on, samples, (from, dy), &mut self.dy, slack);
        } else {
            self.dy.resize(count, 0.0);
            for (index, to) in self.dy.chunks_exact_mut(elements.max(1)).enumerate() {
                export(on, 1, &part, &dy[index * sample..], &mut to[..part.grid().elements()]);
            }
        }
        let whole = part == *from && from.is_array();
        let in_place = self.is_in_place(to);
        let writes_itself = target.is_some() && self.writes_itself();
        let RowMajor { op, order, shapes, output, method, factors, inputs: own, y: own_y, .. } = self;
        let x: Vec<&[f32]> = inputs.iter().zip(own).map(|(value, own)| array(samples, *value, own, slack)).collect();
        let y = if in_place { &y[..count] } else { &own_y[..count] };
        let dy = if whole { &dy[..count + slack] } else { &self.dy[..] };
        let dx = &mut self.dx;
        dx.resize_with(x.len(), Vec::new);
        for ((dx, x), wanted) in dx.iter_mut().zip(&x).zip(wanted) {
            dx.clear();
            dx.resize(if *wanted && !writes_itself { x.len() } else { 0 }, 0.0);
        }
        let first = match target {
            Some(target) if writes_itself => &mut target[..x[0].len()],
            _ => &mut dx[0][..],
        };
        match method {
            RowMajorKernel::Linear(sum, view) => {
                sum.backward(on, samples, params, (x[0], view, dy), dparams, wanted[0].then_some(first));
            }
            RowMajorKernel::Norm(norm) => norm.backward(on, params, [x[0], dy], dparams, first),
            RowMajorKernel::Attend(attend) => attend.backward(on, samples, &x, [y, dy], dx),
            RowMajorKernel::MatMul(product) => product.backward(on, samples, &x, dy, dx),
            RowMajorKernel::Softmax(softmax) => softmax.backward(on, [y, dy], first),
            RowMajorKernel::Recurrent(layer) if RecurrentGradient::fits(layer) => {
                let length = steps(shapes);
                let first = [x.get(1).copied(), x.get(2).copied()];
                RecurrentGradient { on, layer, length, params, x: x[0], first, factors: some(factors), y, dy }
                    .backward(dparams, dx);
            }
            RowMajorKernel::Recurrent(_) | RowMajorKernel::Reference => {
                return BoundLayer { op, order: *order, params, shapes, output }.backward(&x, y, dy, dparams, dx);
            }
        }
        Ok(())
    }

    /// Whether it can write the gradient of its one input to any array.
    pub(super) fn writes_itself(&self) -> bool {
        match self.method {
            RowMajorKernel::Linear(..) | RowMajorKernel::Norm(_) | RowMajorKernel::Softmax(_) => true,
            RowMajorKernel::Attend(_)
            | RowMajorKernel::MatMul(_)
            | RowMajorKernel::Recurrent(_)
            | RowMajorKernel::Reference => false,
        }
    }

    /// Whether the output is an array that the layer can write.
    fn is_in_place(&self, view: &View) -> bool {
        view.is_array() && self.part(view) == *view
    }

    /// The part of the output that other layers read. Of a recurrent layer's run they read the first rows, the last
    /// states and the outputs; what the backward pass needs stays here.
    fn part(&self, view: &View) -> View {
        match self.op {
            Op::Recurrent(layer) if view.order == AxisOrder::ChannelsFirst => {
                let trace = Trace::new(&layer, steps(&self.shapes));
                let end = trace.outputs(trace.layers - 1) / trace.width().max(1) + trace.length;
                View { channels: end.min(view.channels), ..*view }
            }
            _ => *view,
        }
    }

    /// The gradient of an input, after [`RowMajor::backward`].
    pub(super) fn gradient(&self, samples: usize, input: usize, view: &View) -> &[f32] {
        &self.dx[input][..samples * view.grid().elements()]
    }

    /// Elements after the last one that a kernel may read.
    fn slack(&self) -> usize {
        if matches!(self.method, RowMajorKernel::Linear(..)) { WeightGradient::SLACK } else { 0 }
    }
}

/// A linear layer over values with the last axis innermost, and the view of its output; `None` for other layers.
fn linear(
    level: Level,
    op: &Op,
    input: &Shape,
    output: &Shape,
    (samples, input_wanted): (usize, bool),
) -> Option<(Box<TrainedSum>, View)> {
    if !matches!(op, Op::Linear { .. } | Op::Projection(_)) {
        return None;
    }
    let order = AxisOrder::ChannelsLast;
    let (from, to) = (Grid::new(input, order)?, Grid::new(output, order)?);
    let axes = SumAxes::new((level, samples), op, input, order, [&from, &to])?;
    let view = |grid: &Grid| View { order, buffer: Buffer::new(grid), channel: 0, channels: grid.channels };
    let ends = SumViews { x: view(&from), y: view(&to), dx: view(&from), dy: view(&to) };
    Some((Box::new(TrainedSum::new(level, op, &axes, &ends, Epilogue::None, (samples, input_wanted))), ends.dy))
}
