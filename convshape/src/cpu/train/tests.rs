//! Gradients of a plan against those of the layers' definitions in `f64`, on every instruction set.

use std::vec;
use std::vec::Vec;

use convshape_arith::graph::Graph;
use convshape_arith::op::Op;
use convshape_arith::shape::Shape;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::draft::Key;
use super::plan::TrainPlan;
use crate::cpu::simd::Level;
use crate::model::param::Param;
use crate::reference::kernels::gradient::BoundLayer;

/// The least variance of a normalised channel: below it, rounding errors are multiplied too much to be compared.
const LEAST_VARIANCE: f64 = 0.05;

/// The result of one backward step.
#[derive(PartialEq)]
struct Found<T> {
    outputs: Vec<Vec<T>>,
    inputs: Vec<Vec<T>>,
    params: Vec<Vec<T>>,
}

/// Checks a chain of layers, whose parameters are all its own, on a batch of its one input. `tolerance` is of the
/// largest number among all of a kind: before a normalisation by the batch's statistics, what is large adds up to
/// nothing.
pub(in crate::cpu) fn check(tolerance: f64, graph: &Graph, params: &[Param], x: &[f32], batch: usize) {
    let sizes: Vec<usize> = graph.outputs().iter().map(|port| elements(graph.shape(port.value))).collect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(x.len() as u64);
    let cotangents: Vec<Vec<f32>> =
        sizes.iter().map(|size| (0..batch * size).map(|_| random.random_range(-1.0..1.0)).collect()).collect();
    let elements: Vec<&[f32]> = params.iter().map(Param::as_slice).collect();
    let stamps: Vec<u64> = params.iter().map(Param::stamp).collect();
    // What is dropped is not defined but drawn.
    let drops = graph.nodes().iter().any(|node| matches!(node.op, Op::Dropout { .. }));
    // Attention between linear layers is defined by its parts.
    let is_whole = graph.nodes().iter().any(|node| matches!(node.op, Op::MultiHead(_)));
    let defined = if is_whole { graph.lowered().expect("shapes that fit") } else { graph.clone() };
    for training in [false, true].into_iter().filter(|training| !(*training && drops)) {
        let expected = by_definition(&defined, &elements, x, &cotangents, training);
        let Some(expected) = expected else { continue };
        for level in Level::all() {
            let inputs = vec![*graph.shape(0)];
            let key = Key { inputs, batch, training, inputs_too: true, every_layer: false };
            let mut plan = TrainPlan::new(graph, key, level).expect("shapes that fit");
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
            let what = std::format!("{level:?}, training: {training}, {:?}", graph.nodes());
            assert_close(tolerance, &found.outputs, &expected.outputs, "outputs", &what);
            assert_close(tolerance, &found.inputs, &expected.inputs, "gradients of inputs", &what);
            assert_close(tolerance, &found.params, &expected.params, "gradients of parameters", &what);
            assert!(run() == found, "a plan repeats: {what}");
        }
    }
}

fn elements(shape: &Shape) -> usize {
    shape.numbers().expect("plain numbers").iter().product()
}

fn assert_close(tolerance: f64, found: &[Vec<f32>], expected: &[Vec<f64>], which: &str, what: &str) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().flatten().fold(1.0_f64, |largest, x| largest.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len(), "{which}: {what}");
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            let error = (f64::from(*found) - expected).abs();
            assert!(error <= tolerance * largest, "{which}: {index} is {found}, not {expected}: {what}");
        }
    }
}

/// `None` where a channel hardly varies: to normalise it makes roundings large.
fn by_definition(
    graph: &Graph,
    params: &[&[f32]],
    x: &[f32],
    cotangents: &[Vec<f32>],
    training: bool,
) -> Option<Found<f64>> {
    let double = |numbers: &[f32]| numbers.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let batch = x.len() / elements(graph.shape(0)).max(1);
    let params: Vec<Vec<f64>> = params.iter().map(|param| double(param)).collect();
    let mut values = vec![double(x)];
    for node in graph.nodes() {
        let read: Vec<Shape> = node.inputs.iter().map(|&value| *graph.shape(value)).collect();
        let own: Vec<&[f64]> = node.params.iter().map(|&param| &params[param][..]).collect();
        let output = graph.shape(node.outputs[0]);
        let layer = BoundLayer { op: &node.op, order: graph.order(), params: &own, shapes: &read, output };
        let mut y = vec![0.0; batch * elements(output)];
        let inputs: Vec<&[f64]> = node.inputs.iter().map(|&value| &values[value][..]).collect();
        match node.op {
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
    for (port, cotangent) in graph.outputs().iter().zip(cotangents) {
        gradients[port.value].iter_mut().zip(cotangent).for_each(|(sum, more)| *sum += f64::from(*more));
    }
    let mut dparams: Vec<Vec<f64>> = params.iter().map(|param| vec![0.0; param.len()]).collect();
    for node in graph.nodes().iter().rev() {
        let read: Vec<Shape> = node.inputs.iter().map(|&value| *graph.shape(value)).collect();
        let weights: Vec<&[f64]> = node.params.iter().map(|&param| &params[param][..]).collect();
        let output = node.outputs[0];
        let layer = BoundLayer {
            op: &node.op,
            order: graph.order(),
            params: &weights,
            shapes: &read,
            output: graph.shape(output),
        };
        let inputs: Vec<&[f64]> = node.inputs.iter().map(|&value| &values[value][..]).collect();
        let mut dx: Vec<Vec<f64>> = inputs.iter().map(|input| vec![0.0; input.len()]).collect();
        let dy = &gradients[output];
        let mut own: Vec<Vec<f64>> = node.params.iter().map(|&param| dparams[param].clone()).collect();
        match node.op {
            Op::BatchNorm { eps, .. } if training => {
                layer.batch_norm_backward(eps, inputs[0], dy, &mut own, &mut dx[0]);
            }
            _ => layer.backward(&inputs, &values[output], dy, &mut own, &mut dx).expect("shapes that fit"),
        }
        node.params.iter().zip(own).for_each(|(&param, gradient)| dparams[param] = gradient);
        for (&value, dx) in node.inputs.iter().zip(dx) {
            gradients[value].iter_mut().zip(dx).for_each(|(sum, more)| *sum += more);
        }
    }
    let outputs = graph.outputs().iter().map(|port| values[port.value].clone()).collect();
    Some(Found { outputs, inputs: vec![gradients[0].clone()], params: dparams })
}
