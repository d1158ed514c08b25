//! The backward pass of a plan, one step at a time.

use std::mem;
use std::string::ToString;
use std::vec::Vec;

use convshape_arith::graph::GraphError;

use super::step::{Back, StoredValue, TrainJob, TrainStep};
use super::{Machine, combine, elements, row_major};
use crate::cpu::buffer::View;
use crate::cpu::elementwise::Binary;
use crate::cpu::pool::PoolBack;
use crate::cpu::resample::PickBack;
use crate::model::workspace::Workspace;

/// What the forward pass has stored.
#[derive(Clone, Copy)]
pub(super) struct ForwardValues<'a> {
    pub(super) on: Machine,
    pub(super) samples: usize,
    pub(super) values: &'a [StoredValue],
    /// The memory of each value.
    pub(super) y: &'a [Workspace],
}

/// A backward pass with its scratch buffers.
pub(super) struct BackwardPass<'a> {
    pub(super) stored: ForwardValues<'a>,
    /// A gradient before it is added to another.
    pub(super) spare: &'a mut Workspace,
    /// Products of a gradient, before they are summed over the axes along which an operand was broadcast.
    pub(super) products: &'a mut Vec<f32>,
}

impl BackwardPass<'_> {
    /// Stores the gradients of a step's inputs in `dy`, and adds those of its parameters to `dparams`.
    pub(super) fn step(
        &mut self,
        step: &mut TrainStep,
        dy: &mut [Workspace],
        params: &[&[f32]],
        dparams: &mut [Vec<f32>],
    ) -> Result<(), GraphError> {
        let ForwardValues { on, samples, values, y } = self.stored;
        let (before, from) = dy.split_at_mut(step.output);
        let out = &values[step.output];
        if let Some(by_output) = step.by_output {
            let y = (&out.y, y[step.output].get());
            elements::multiply(on, samples, by_output, y, (&out.dy, from[0].get_mut()));
        }
        let dy = (&out.dy, from[0].get());
        let own: Vec<&[f32]> = step.params.iter().map(|&param| params[param]).collect();
        let mut sinks: Vec<Vec<f32>> = step.params.iter().map(|&param| mem::take(&mut dparams[param])).collect();
        self.inputs_at_once(step, before, dy, &own, &mut sinks)?;
        let heir = step.heir(values);
        for index in (0..step.inputs.len()).filter(|index| heir != Some(*index)) {
            self.input(step, index, before, dy, (&own, &mut sinks));
        }
        if let Some(index) = heir {
            mem::swap(&mut before[step.inputs[index]], &mut from[0]);
        }
        for (param, sink) in step.params.iter().zip(sinks) {
            dparams[*param] = sink;
        }
        Ok(())
    }

    /// The layers that compute the gradients of all inputs at once.
    fn inputs_at_once(
        &mut self,
        step: &mut TrainStep,
        before: &mut [Workspace],
        dy: (&View, &[f32]),
        own: &[&[f32]],
        sinks: &mut [Vec<f32>],
    ) -> Result<(), GraphError> {
        let ForwardValues { on, samples, values, y } = self.stored;
        match &mut step.job {
            TrainJob::Sum(sum) => {
                let value = step.inputs[0];
                let dx = target(step.back[0], before, self.spare, value);
                sum.backward(on, samples, own, (y[value].get(), dy.0, dy.1), sinks, dx);
            }
            TrainJob::RowMajor(layer) => {
                for (sink, param) in sinks.iter_mut().zip(own) {
                    sink.resize(param.len(), 0.0);
                }
                let wanted: Vec<bool> = step.back.iter().map(|back| *back != Back::Unwanted).collect();
                let inputs = step.inputs.iter().map(|&value| (&values[value].y, y[value].get()));
                let out = (&values[step.output].y, y[step.output].get());
                let read = (&inputs.collect::<Vec<_>>()[..], [out, dy]);
                let value = step.inputs[0];
                let target =
                    (step.back[0] == Back::Write && values[value].dy.is_array()).then(|| before[value].get_mut());
                let done = layer.backward(on, samples, own, read, sinks, (&wanted, target));
                done.map_err(|fault| GraphError::Layer { layer: step.name.to_string(), fault })?;
            }
            TrainJob::Norm(_)
            | TrainJob::Pool(_)
            | TrainJob::Resample(_)
            | TrainJob::Move(_)
            | TrainJob::Reduce { .. }
            | TrainJob::Activation(_)
            | TrainJob::Dropout { .. }
            | TrainJob::Scale(_)
            | TrainJob::Combine(_) => {}
        }
        Ok(())
    }

    /// The gradient of one input.
    fn input(
        &mut self,
        step: &mut TrainStep,
        index: usize,
        before: &mut [Workspace],
        dy: (&View, &[f32]),
        (own, sinks): (&[&[f32]], &mut [Vec<f32>]),
    ) {
        let ForwardValues { on, samples, values, y } = self.stored;
        let (value, back) = (step.inputs[index], step.back[index]);
        let (x, to) = ((&values[value].y, y[value].get()), &values[value].dy);
        // These add to a gradient themselves.
        match &mut step.job {
            TrainJob::Norm(norm) => {
                let dx = (back != Back::Unwanted).then(|| (to, before[value].get_mut(), back == Back::Add));
                return norm.backward(on, samples, (own, sinks), x, dy, dx);
            }
            TrainJob::Combine(Binary::Add) if to.grid() == dy.0.grid() => {
                return pass_on(on, samples, back, dy, (to, before[value].get_mut()));
            }
            TrainJob::RowMajor(layer) if back != Back::Unwanted && to.is_array() => {
                let written = index == 0 && back == Back::Write && layer.writes_itself();
                if !written {
                    let dx = (to, layer.gradient(samples, index, to));
                    pass_on(on, samples, back, dx, (to, before[value].get_mut()));
                }
                return;
            }
            _ => {}
        }
        if let Some(dx) = target(back, before, self.spare, value) {
            self.stored.write(step, index, dy, (to, dx), self.products);
        }
        if back == Back::Add {
            elements::add(on, samples, (to, self.spare.get()), (to, before[value].get_mut()));
        }
    }
}

impl ForwardValues<'_> {
    /// Writes the gradient of one input.
    fn write(
        self,
        step: &mut TrainStep,
        index: usize,
        dy: (&View, &[f32]),
        (to, dx): (&View, &mut [f32]),
        products: &mut Vec<f32>,
    ) {
        let ForwardValues { on, samples, values, y } = self;
        let of = |value: usize| (&values[value].y, y[value].get());
        let x = of(step.inputs[index]);
        match &mut step.job {
            // These have done so themselves.
            TrainJob::Sum(_) | TrainJob::Norm(_) => {}
            TrainJob::Pool(windows) => {
                let y = of(step.output);
                elements::samples(on, (to, dx), samples, &|dx, samples, first| {
                    let [x, y, dy] = [x, y, dy].map(|(view, x)| (view, &x[first * view.buffer.sample()..]));
                    on.level.run(PoolBack { windows, samples, x, y, dy, dx: (to, dx) });
                });
            }
            TrainJob::Resample(rows) => {
                elements::samples(on, (to, dx), samples, &|dx, samples, first| {
                    let dy = (dy.0, &dy.1[first * dy.0.buffer.sample()..]);
                    on.level.run(PickBack { rows, samples, dy, dx: (to, dx) });
                });
            }
            TrainJob::Move(moves) => {
                if !moves[index].reads_all {
                    dx[..samples * to.buffer.sample()].fill(0.0);
                }
                moves[index].back.run(on.level, on.threads, samples, dy.1, dx);
            }
            TrainJob::Reduce { back, factor, .. } => {
                products.clear();
                products.extend(dy.1.iter().map(|dy| dy * *factor));
                back.run(on.level, on.threads, samples, products, dx);
            }
            TrainJob::Activation(function) => elements::differentiate(on, samples, *function, x, dy, (to, dx)),
            TrainJob::Dropout { factors, .. } => {
                elements::copy(on, samples, dy, (to, &mut *dx));
                if let Some(factors) = factors {
                    elements::multiply_by(samples, factors, (to, dx));
                }
            }
            TrainJob::Scale(by) => elements::scale(on, samples, *by, dy, (to, dx)),
            TrainJob::Combine(by) => {
                let factors = step.inputs.iter().enumerate().filter(|_| *by == Binary::Mul);
                let others = factors.filter(|(other, _)| *other != index);
                let others: Vec<(&View, &[f32])> = others.map(|(_, &value)| of(value)).collect();
                combine::backward(on, samples, dy, &others, (to, dx), products);
            }
            TrainJob::RowMajor(layer) => {
                row_major::import(on, samples, to, layer.gradient(samples, index, to), dx);
            }
        }
    }
}

/// The memory to which the gradient of an input is written.
fn target<'a>(back: Back, dy: &'a mut [Workspace], spare: &'a mut Workspace, value: usize) -> Option<&'a mut [f32]> {
    match back {
        Back::Unwanted => None,
        Back::Write => Some(dy[value].get_mut()),
        Back::Add => Some(spare.get_mut()),
    }
}

/// Copies the gradient of an output to that of an input, or adds it.
fn pass_on(on: Machine, samples: usize, back: Back, dy: (&View, &[f32]), to: (&View, &mut [f32])) {
    match back {
        Back::Unwanted => {}
        Back::Write => elements::copy(on, samples, dy, to),
        Back::Add => elements::add(on, samples, dy, to),
    }
}
