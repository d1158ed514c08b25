//! Gradients of a graph by the plain kernels, in `f64`.

use convshape::Shape;
use convshape::graph::Graph;
use convshape::kernels::gradient::BoundLayer;
use convshape::ndarray::ArrayD;

/// The gradients of the parameters and of the inputs, for a batch and the gradients of the outputs.
pub(crate) fn gradients(
    graph: &Graph,
    params: &[Vec<f32>],
    inputs: &[ArrayD<f32>],
    cotangents: &[ArrayD<f32>],
) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let batch = inputs[0].shape()[0];
    let params: Vec<Vec<f64>> = params.iter().map(|param| widened(param.iter())).collect();
    let mut values: Vec<Vec<f64>> = inputs.iter().map(|input| widened(input.iter())).collect();
    let layer = |node: usize| {
        let node = &graph.nodes()[node];
        let shapes: Vec<Shape> = node.inputs.iter().map(|&value| *graph.shape(value)).collect();
        let params: Vec<&[f64]> = node.params.iter().map(|&param| params[param].as_slice()).collect();
        (node, shapes, params, graph.shape(node.outputs[0]))
    };
    for index in 0..graph.nodes().len() {
        let (node, shapes, params, output) = layer(index);
        let mut y = vec![0.0; batch * elements(output)];
        let inputs: Vec<&[f64]> = node.inputs.iter().map(|&value| values[value].as_slice()).collect();
        let layer = BoundLayer { op: &node.op, order: graph.order(), params: &params, shapes: &shapes, output };
        layer.forward(&inputs, &mut y).expect("the shapes fit");
        values.push(y);
    }
    let mut dvalues: Vec<Vec<f64>> = values.iter().map(|value| vec![0.0; value.len()]).collect();
    for (port, cotangent) in graph.outputs().iter().zip(cotangents) {
        add(&mut dvalues[port.value], &widened(cotangent.iter()));
    }
    let mut dparams: Vec<Vec<f64>> = params.iter().map(|param| vec![0.0; param.len()]).collect();
    for index in (0..graph.nodes().len()).rev() {
        let (node, shapes, params, output) = layer(index);
        let inputs: Vec<&[f64]> = node.inputs.iter().map(|&value| values[value].as_slice()).collect();
        let mut own: Vec<Vec<f64>> = params.iter().map(|param| vec![0.0; param.len()]).collect();
        let mut dx: Vec<Vec<f64>> = inputs.iter().map(|input| vec![0.0; input.len()]).collect();
        let layer = BoundLayer { op: &node.op, order: graph.order(), params: &params, shapes: &shapes, output };
        let (y, dy) = (&values[node.outputs[0]], &dvalues[node.outputs[0]].clone());
        layer.backward(&inputs, y, dy, &mut own, &mut dx).expect("the shapes fit");
        for (&param, own) in node.params.iter().zip(&own) {
            add(&mut dparams[param], own);
        }
        for (&value, dx) in node.inputs.iter().zip(&dx) {
            add(&mut dvalues[value], dx);
        }
    }
    dvalues.truncate(inputs.len());
    (dparams, dvalues)
}

fn widened<'a>(numbers: impl Iterator<Item = &'a f32>) -> Vec<f64> {
    numbers.map(|&number| f64::from(number)).collect()
}

fn add(sum: &mut [f64], more: &[f64]) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

fn elements(shape: &Shape) -> usize {
    shape.numbers().expect("numbers")[..shape.rank()].iter().product()
}
