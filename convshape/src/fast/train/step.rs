//! One layer of a plan, and what becomes of its gradients.

use std::boxed::Box;
use std::string::String;
use std::vec::Vec;

use convshape_arith::graph::Node;
use convshape_arith::op::{Activation, AxisOrder, Op};
use convshape_arith::shape::Shape;

use super::definition::Definition;
use super::draft::Draft;
use super::norm::BatchNorm;
use super::plan::Key;
use super::rows::ByOutput;
use super::sum::{Ends, Sum};
use crate::fast::buffer::View;
use crate::fast::math::Finish;
use crate::fast::simd::Level;

/// An activation of a batch.
pub(super) struct Value {
    pub(super) shape: Shape,
    pub(super) y: View,
    pub(super) dy: View,
}

/// A layer.
pub(super) struct Step {
    pub(super) name: String,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
    /// The places of its parameters.
    pub(super) params: Vec<usize>,
    pub(super) job: Job,
    /// What is done with it.
    pub(super) activation: Option<(Activation, ByOutput)>,
    /// What becomes of the gradient of each input.
    pub(super) back: Vec<Back>,
    /// Whether an output depends on it, and it or what stands before it on what is trained.
    pub(super) is_differentiated: bool,
}

pub(super) enum Job {
    Sum(Box<Sum>),
    BatchNorm(BatchNorm),
    Activation(Activation),
    /// What each element is multiplied by in training; nothing outside.
    Dropout {
        p: f64,
        /// Whether all positions of a channel have one factor.
        channels: bool,
        factors: Option<Vec<f32>>,
    },
    /// A sum of values of one shape.
    Add,
    Definition(Box<Definition>),
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Back {
    /// Nobody wants it.
    Unwanted,
    /// It is the first of the value's gradients, or the only one.
    Write,
    Add,
}

/// The step that a draft becomes.
pub(super) fn step(
    level: Level,
    key: &Key,
    order: AxisOrder,
    values: &[Value],
    draft: Draft,
    back: Vec<Back>,
    is_differentiated: bool,
) -> Step {
    let Draft { node: Node { name, op, inputs, outputs, params, .. }, axes, activation } = draft;
    let output = outputs[0];
    let (from, to) = (&values[inputs[0]], &values[output]);
    let same = |value: usize| values[value].shape == to.shape;
    let job = match (op, axes) {
        (_, Some(axes)) => {
            let ends = Ends { x: from.y, y: to.y, dx: from.dy, dy: to.dy };
            let finish = activation.map_or(Finish::None, |(activation, _)| Finish::of(activation));
            let wanted = back[0] != Back::Unwanted;
            Job::Sum(Box::new(Sum::new(level, &op, &axes, &ends, finish, (key.batch, wanted))))
        }
        (Op::BatchNorm { dialect, eps, affine, momentum, .. }, None) => {
            let momentum = key.training.then_some(momentum);
            Job::BatchNorm(BatchNorm::new(eps, affine, momentum, dialect.has_unbiased_statistics()))
        }
        (Op::Activation(function), None) => Job::Activation(function),
        (Op::Dropout { p, channels }, None) => Job::Dropout { p, channels, factors: key.training.then(Vec::new) },
        (Op::Add, None) if inputs.iter().all(|&value| same(value)) => Job::Add,
        _ => {
            let shapes = inputs.iter().map(|&value| values[value].shape).collect();
            Job::Definition(Box::new(Definition::new(op, order, shapes, to.shape)))
        }
    };
    Step { name, inputs, output, params, job, activation, back, is_differentiated }
}
