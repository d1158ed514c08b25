//! One run of a program over a batch, forward and backward.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::Op;
use convshape_arith::shape::Shape;
use rand::RngExt;

use super::Mode;
use crate::error::RunError;
use crate::kernels::gradient::Layer;
use crate::param::Param;
use crate::parts::Linked;
use crate::program::{Action, Program, Step};

/// The shape of a sample, and the samples of a batch one after the other.
type Value = (Shape, Vec<f32>);

/// A program with its parameters: a model, or a sub-chain of one.
pub(super) struct Piece<'a> {
    pub(super) linked: Linked,
    /// Its parameters in order, those of sub-chains at the place of the step.
    pub(super) params: &'a [&'a [f32]],
    /// The place of its first parameter among those of the model.
    pub(super) first: usize,
}

/// What a run leaves for the way back.
pub(super) struct Tape {
    /// All values of the program; an output of a sub-chain that nothing reads is there too.
    values: Vec<Value>,
    /// A record for each step.
    records: Vec<Record>,
    batch: usize,
}

struct Record {
    /// The step's parameters among those of the piece.
    params: Range<usize>,
    kept: Kept,
}

/// What a step leaves beside its output.
enum Kept {
    /// A layer that runs in training as it always does, with its channel counts filled in.
    Plain(Op),
    /// A normalisation by the statistics of the batch.
    BatchNorm {
        op: Op,
        eps: f64,
    },
    /// What each element was multiplied by.
    Dropout(Vec<f32>),
    Chain(Tape),
}

impl Tape {
    pub(super) fn value(&self, value: usize) -> (&Shape, &[f32]) {
        let (shape, elements) = &self.values[value];
        (shape, elements)
    }

    /// The shapes and elements that a step reads.
    fn inputs(&self, step: &Step) -> (Vec<Shape>, Vec<&[f32]>) {
        let values = step.inputs.iter().map(|&value| self.value(value));
        values.map(|(shape, elements)| (*shape, elements)).unzip()
    }
}

/// New statistics of one normalisation.
pub(crate) struct Update {
    /// The place of its running mean among the model's parameters; the variance follows.
    mean: usize,
    momentum: f64,
    /// Mean and variance of each channel.
    statistics: Vec<[f64; 2]>,
}

impl Update {
    /// Moves a running statistic towards that of the batch, if `index` is its place.
    pub(super) fn apply(&self, index: usize, param: &mut Param) {
        let Some(which @ (0 | 1)) = index.checked_sub(self.mean) else { return };
        for (running, new) in param.as_mut_slice().iter_mut().zip(&self.statistics) {
            let moved = (1.0 - self.momentum) * f64::from(*running) + self.momentum * new[which];
            #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
            let moved = moved as f32;
            *running = moved;
        }
    }
}

impl<'a> Piece<'a> {
    fn program(&self) -> &'static Program {
        self.linked.program
    }

    /// The sub-chain of a step.
    fn chain(&self, index: usize, params: Range<usize>) -> Piece<'a> {
        let first = self.first + params.start;
        Piece { linked: self.linked.chains[index], params: &self.params[params], first }
    }

    /// Runs a batch and keeps every value.
    pub(super) fn forward(
        &self,
        inputs: Vec<Value>,
        batch: usize,
        mode: &mut Mode<'_>,
        updates: &mut Vec<Update>,
    ) -> Result<Tape, RunError> {
        let mut tape = Tape { values: inputs, records: Vec::new(), batch };
        let mut used = 0;
        for step in self.program().steps {
            debug_assert_eq!(tape.values.len(), step.output);
            let record = match step.action {
                Action::Layer(op) => {
                    let (shapes, _) = tape.inputs(step);
                    let op = op.bind(&shapes[0], self.program().order);
                    let params = used..used + op.params().len();
                    let (value, kept) = self
                        .layer(step, op, params.clone(), &tape, mode, updates)
                        .map_err(|fault| RunError { layer: step.name.to_string(), fault })?;
                    tape.values.push(value);
                    Record { params, kept }
                }
                Action::Chain { index } => {
                    let params = used..used + param_count(self.linked.chains[index]);
                    let chain = self.chain(index, params.clone());
                    let (shapes, elements) = tape.inputs(step);
                    let inputs = shapes.into_iter().zip(elements.into_iter().map(<[f32]>::to_vec)).collect();
                    let inner = chain.forward(inputs, batch, mode, updates).map_err(|error| error.within(step.name))?;
                    for port in chain.program().outputs {
                        let (shape, elements) = inner.value(port.value);
                        tape.values.push((*shape, elements.to_vec()));
                    }
                    Record { params, kept: Kept::Chain(inner) }
                }
            };
            used = record.params.end;
            tape.records.push(record);
        }
        Ok(tape)
    }

    fn layer(
        &self,
        step: &Step,
        op: Op,
        params: Range<usize>,
        tape: &Tape,
        mode: &mut Mode<'_>,
        updates: &mut Vec<Update>,
    ) -> Result<(Value, Kept), Fault> {
        let order = self.program().order;
        let (shapes, inputs) = tape.inputs(step);
        let output = op.output(&shapes, order)?;
        let count = output.elements().ok().and_then(|count| usize::try_from(count.number()?).ok());
        let count = count.and_then(|count| count.checked_mul(tape.batch));
        let mut y = vec![0.0; count.ok_or(Fault::new(Reason::TooManyElements { shape: output }))?];
        let mean = self.first + params.end;
        let layer = Layer { op: &op, order, params: &self.params[params], shapes: &shapes, output: &output };
        let kept = match (op, mode) {
            (Op::BatchNorm { eps, momentum, .. }, Mode::Training(_)) => {
                let statistics = layer.batch_norm(eps, inputs[0], &mut y);
                updates.push(Update { mean: mean - 2, momentum, statistics });
                Kept::BatchNorm { op, eps }
            }
            (Op::Dropout { p }, Mode::Training(rng)) => {
                #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
                let scale = if p < 1.0 { (1.0 / (1.0 - p)) as f32 } else { 0.0 };
                let factors: Vec<f32> =
                    inputs[0].iter().map(|_| if rng.random::<f64>() < p { 0.0 } else { scale }).collect();
                for ((y, x), factor) in y.iter_mut().zip(inputs[0]).zip(&factors) {
                    *y = x * factor;
                }
                Kept::Dropout(factors)
            }
            _ => {
                layer.forward(&inputs, &mut y)?;
                Kept::Plain(op)
            }
        };
        Ok(((output, y), kept))
    }

    /// The gradients of the inputs, given those of the outputs, which are as many as there are
    /// ports. Those of the parameters are added to `dparams`. Without `inputs_too` the gradients of
    /// the inputs are zeros.
    pub(super) fn backward(
        &self,
        tape: &Tape,
        cotangents: Vec<Vec<f32>>,
        inputs_too: bool,
        dparams: &mut [Vec<f32>],
    ) -> Result<Vec<Vec<f32>>, RunError> {
        let program = self.program();
        let wanted = self.wanted(tape, inputs_too);
        let mut gradients: Vec<Option<Vec<f32>>> = tape.values.iter().map(|_| None).collect();
        for (port, cotangent) in program.outputs.iter().zip(cotangents) {
            add(&mut gradients[port.value], cotangent);
        }
        for (step, record) in program.steps.iter().zip(&tape.records).rev() {
            let dparams = &mut dparams[record.params.clone()];
            let fault = |fault| RunError { layer: step.name.to_string(), fault };
            let (shapes, inputs) = tape.inputs(step);
            let dx = match &record.kept {
                Kept::Chain(inner) => {
                    let Action::Chain { index } = step.action else { continue };
                    let chain = self.chain(index, record.params.clone());
                    let ports = chain.program().outputs.len();
                    let outputs = step.output..step.output + ports;
                    if outputs.clone().all(|value| gradients[value].is_none()) {
                        continue;
                    }
                    let cotangents = outputs.map(|value| {
                        let zeros = || vec![0.0; tape.values[value].1.len()];
                        gradients[value].take().unwrap_or_else(zeros)
                    });
                    let inputs_too = step.inputs.iter().any(|&value| wanted[value]);
                    chain
                        .backward(inner, cotangents.collect(), inputs_too, dparams)
                        .map_err(|error| error.within(step.name))?
                }
                kept => {
                    // Nothing that the outputs depend on.
                    let Some(dy) = gradients[step.output].take() else { continue };
                    let room = |(&value, x): (&usize, &&[f32])| vec![0.0; if wanted[value] { x.len() } else { 0 }];
                    let mut dx: Vec<Vec<f32>> = step.inputs.iter().zip(&inputs).map(room).collect();
                    let (output, y) = tape.value(step.output);
                    let params = &self.params[record.params.clone()];
                    let order = program.order;
                    match kept {
                        Kept::Plain(op) => Layer { op, order, params, shapes: &shapes, output }
                            .backward(&inputs, y, &dy, dparams, &mut dx)
                            .map_err(fault)?,
                        Kept::BatchNorm { op, eps } => {
                            dx[0].resize(inputs[0].len(), 0.0);
                            Layer { op, order, params, shapes: &shapes, output }
                                .batch_norm_backward(*eps, inputs[0], &dy, dparams, &mut dx[0]);
                        }
                        Kept::Dropout(factors) => {
                            dx[0] = dy.iter().zip(factors).map(|(dy, factor)| dy * factor).collect();
                        }
                        Kept::Chain(_) => {}
                    }
                    dx
                }
            };
            for (&value, dx) in step.inputs.iter().zip(dx) {
                if wanted[value] {
                    add(&mut gradients[value], dx);
                }
            }
        }
        let inputs = gradients.into_iter().zip(&tape.values).take(program.inputs.len());
        Ok(inputs.map(|(gradient, (_, x))| gradient.unwrap_or_else(|| vec![0.0; x.len()])).collect())
    }

    /// The values whose gradients lead to a parameter, or to an input if those are wanted.
    fn wanted(&self, tape: &Tape, inputs_too: bool) -> Vec<bool> {
        let mut wanted = vec![inputs_too; self.program().inputs.len()];
        for (step, record) in self.program().steps.iter().zip(&tape.records) {
            let from_inputs = step.inputs.iter().any(|&value| wanted[value]);
            let ports = match &record.kept {
                Kept::Chain(_) => match step.action {
                    Action::Chain { index } => self.linked.chains[index].program.outputs.len(),
                    Action::Layer(_) => 1,
                },
                _ => 1,
            };
            wanted.resize(wanted.len() + ports, from_inputs || !record.params.is_empty());
        }
        wanted
    }

    /// The first layer whose output, or parameter, is infinite or no number.
    pub(super) fn first_not_finite(&self, tape: &Tape) -> Option<String> {
        let bad = |elements: &[f32]| elements.iter().any(|element| !element.is_finite());
        self.program().steps.iter().zip(&tape.records).find_map(|(step, record)| match &record.kept {
            Kept::Chain(inner) => {
                let Action::Chain { index } = step.action else { return None };
                let chain = self.chain(index, record.params.clone());
                Some(format!("{}.{}", step.name, chain.first_not_finite(inner)?))
            }
            _ => {
                let params = &self.params[record.params.clone()];
                let here = bad(tape.value(step.output).1) || params.iter().any(|param| bad(param));
                here.then(|| step.name.to_string())
            }
        })
    }
}

/// How many parameters a program has, sub-chains included.
fn param_count(linked: Linked) -> usize {
    linked.specs().count()
}

/// Adds a gradient to those of the same value.
fn add(gradient: &mut Option<Vec<f32>>, more: Vec<f32>) {
    match gradient {
        None => *gradient = Some(more),
        Some(sum) => sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more),
    }
}
