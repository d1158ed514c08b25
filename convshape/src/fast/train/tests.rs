//! Gradients of a plan against those of the layers' definitions in `f64`, on every instruction set.

use std::vec;
use std::vec::Vec;

use convshape_arith::op::Op;
use convshape_arith::shape::Shape;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::plan::{Key, Plan};
use crate::fast::simd::Level;
use crate::kernels::gradient::Layer;
use crate::param::Param;
use crate::parts::Linked;
use convshape_arith::program::Action;

/// Of the largest number among all of a kind: before a normalisation by the batch's statistics, what is
/// large adds up to nothing.
const TOLERANCE: f64 = 5e-5;

/// Of a channel that is normalised.
const LEAST_VARIANCE: f64 = 0.05;

/// What comes of a step back.
#[derive(PartialEq)]
struct Found<T> {
    outputs: Vec<Vec<T>>,
    inputs: Vec<Vec<T>>,
    params: Vec<Vec<T>>,
}

/// Checks a chain of layers, whose parameters are all its own, on a batch of its one input.
pub(in crate::fast) fn check(linked: Linked, params: &[Param], input: Shape, x: &[f32], batch: usize) {
    let shapes = shapes(linked, input);
    let sizes: Vec<usize> = linked.program.outputs.iter().map(|port| elements(&shapes[port.value])).collect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(x.len() as u64);
    let cotangents: Vec<Vec<f32>> =
        sizes.iter().map(|size| (0..batch * size).map(|_| random.random_range(-1.0..1.0)).collect()).collect();
    let elements: Vec<&[f32]> = params.iter().map(Param::as_slice).collect();
    let stamps: Vec<u64> = params.iter().map(Param::stamp).collect();
    // What is dropped is not defined but drawn.
    let drops = linked.program.steps.iter().any(|step| matches!(step.action, Action::Layer(Op::Dropout { .. })));
    for training in [false, true].into_iter().filter(|training| !(*training && drops)) {
        let expected = by_definition(linked, &shapes, &elements, x, &cotangents, training);
        let Some(expected) = expected else { continue };
        for level in Level::all() {
            let key = Key { inputs: vec![input], batch, training, inputs_too: true, every_layer: false };
            let mut plan = Plan::new(linked, key, level).expect("shapes that fit");
            let mut run = || {
                let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
                plan.forward(&elements, &stamps, &[x], Some(&mut rng)).expect("shapes that fit");
                let outputs: Vec<Vec<f32>> = plan.outputs().map(|(_, y)| y.to_vec()).collect();
                let mut params: Vec<Vec<f32>> = vec![Vec::new(); params.len()];
                let cotangents: Vec<&[f32]> = cotangents.iter().map(|cotangent| &cotangent[..]).collect();
                let inputs = plan.backward(&elements, &cotangents, &mut params).expect("shapes that fit");
                params.iter_mut().zip(&elements).for_each(|(found, param)| found.resize(param.len(), 0.0));
                Found { outputs, inputs, params }
            };
            let found = run();
            let what = std::format!("{level:?}, training: {training}, {:?}", linked.program.steps);
            assert_close(&found.outputs, &expected.outputs, "outputs", &what);
            assert_close(&found.inputs, &expected.inputs, "gradients of inputs", &what);
            assert_close(&found.params, &expected.params, "gradients of parameters", &what);
            assert!(run() == found, "a plan repeats: {what}");
        }
    }
}

fn elements(shape: &Shape) -> usize {
    shape.numbers().expect("plain numbers").iter().product()
}

/// The shape of each value.
fn shapes(linked: Linked, input: Shape) -> Vec<Shape> {
    let mut shapes = vec![input];
    for step in linked.program.steps {
        let Action::Layer(op) = step.action else { unreachable!("no sub-chains here") };
        let read: Vec<Shape> = step.inputs.iter().map(|&value| shapes[value]).collect();
        shapes.push(op.output(&read, linked.program.order).expect("shapes that fit"));
    }
    shapes
}

fn assert_close(found: &[Vec<f32>], expected: &[Vec<f64>], which: &str, what: &str) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().flatten().fold(1.0_f64, |largest, x| largest.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len(), "{which}: {what}");
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            let error = (f64::from(*found) - expected).abs();
            assert!(error <= TOLERANCE * largest, "{which}: {index} is {found}, not {expected}: {what}");
        }
    }
}

/// `None` where a channel hardly varies: to normalise it makes roundings large.
fn by_definition(
    linked: Linked,
    shapes: &[Shape],
    params: &[&[f32]],
    x: &[f32],
    cotangents: &[Vec<f32>],
    training: bool,
) -> Option<Found<f64>> {
    let double = |numbers: &[f32]| numbers.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let program = linked.program;
    let batch = x.len() / elements(&shapes[0]).max(1);
    let params: Vec<Vec<f64>> = params.iter().map(|param| double(param)).collect();
    let mut values = vec![double(x)];
    let mut first = vec![0];
    for (index, step) in program.steps.iter().enumerate() {
        let Action::Layer(op) = step.action else { unreachable!("no sub-chains here") };
        let own = first[index]..first[index] + op.params().len();
        first.push(own.end);
        let read: Vec<Shape> = step.inputs.iter().map(|&value| shapes[value]).collect();
        let own: Vec<&[f64]> = params[own].iter().map(|param| &param[..]).collect();
        let output = &shapes[step.output];
        let layer = Layer { op: &op, order: program.order, params: &own, shapes: &read, output };
        let mut y = vec![0.0; batch * elements(output)];
        let inputs: Vec<&[f64]> = step.inputs.iter().map(|&value| &values[value][..]).collect();
        match op {
            Op::BatchNorm { eps, .. } if training => {
                let statistics = layer.batch_norm(eps, inputs[0], &mut y);
                if !statistics.iter().all(|[_, variance]| *variance > LEAST_VARIANCE) {
                    return None;
                }
            }
            _ => layer.forward(&inputs, &mut y).expect("shapes that fit"),
        }
        values.push(y);
    }
    let mut gradients: Vec<Vec<f64>> = values.iter().map(|value| vec![0.0; value.len()]).collect();
    for (port, cotangent) in program.outputs.iter().zip(cotangents) {
        gradients[port.value].iter_mut().zip(cotangent).for_each(|(sum, more)| *sum += f64::from(*more));
    }
    let mut dparams: Vec<Vec<f64>> = params.iter().map(|param| vec![0.0; param.len()]).collect();
    for (step, first) in program.steps.iter().zip(first).rev() {
        let Action::Layer(op) = step.action else { unreachable!("no sub-chains here") };
        let own = first..first + op.params().len();
        let read: Vec<Shape> = step.inputs.iter().map(|&value| shapes[value]).collect();
        let weights: Vec<&[f64]> = params[own.clone()].iter().map(|param| &param[..]).collect();
        let layer =
            Layer { op: &op, order: program.order, params: &weights, shapes: &read, output: &shapes[step.output] };
        let inputs: Vec<&[f64]> = step.inputs.iter().map(|&value| &values[value][..]).collect();
        let mut dx: Vec<Vec<f64>> = inputs.iter().map(|input| vec![0.0; input.len()]).collect();
        let dy = &gradients[step.output];
        match op {
            Op::BatchNorm { eps, .. } if training => {
                layer.batch_norm_backward(eps, inputs[0], dy, &mut dparams[own], &mut dx[0]);
            }
            _ => {
                let y = &values[step.output];
                layer.backward(&inputs, y, dy, &mut dparams[own], &mut dx).expect("shapes that fit");
            }
        }
        for (&value, dx) in step.inputs.iter().zip(dx) {
            gradients[value].iter_mut().zip(dx).for_each(|(sum, more)| *sum += more);
        }
    }
    let outputs = program.outputs.iter().map(|port| values[port.value].clone()).collect();
    Some(Found { outputs, inputs: vec![gradients[0].clone()], params: dparams })
}
