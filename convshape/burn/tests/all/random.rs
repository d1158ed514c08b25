//! Random graphs of every kind of layer, in every dialect, over odd sizes: outputs and gradients are those of the plain
//! kernels in `f64`.
#![expect(clippy::print_stdout, reason = "shown if burn panics")]

use std::collections::BTreeSet;

use convshape::Shape;
use convshape::graph::op::{Activation, Conv, Dialect, Direction, Padding, Reduction, Source, WeightFrom};
use convshape::graph::{Graph, Init, Op};
use convshape::ndarray::ArrayD;
use convshape_burn::{AnyTensor, BurnError, BurnGraph};

use crate::graphs::{Random, run};
use crate::support::{device, error, gradients_by_name, numbers, tensor};
use crate::tape;

/// How many random graphs are run.
const GRAPHS: u64 = 3000;
/// The largest error of an output or gradient, as a share of the largest one.
const OUTPUT: f64 = 5e-5;
const GRADIENT: f64 = 1e-4;
/// The largest error of a result that should be zero: a sum of numbers of about 1 that cancel.
const ZERO: f64 = 5e-6;
const GRADIENT_ZERO: f64 = 5e-5;
/// How much larger the error after a normalisation may be: it divides rounding errors of nearly equal elements by their
/// deviation, down to `sqrt(eps)`, which is 1/316.
const NORMALISED: f64 = 100.0;

#[test]
fn random_graphs_give_their_numbers_and_gradients() {
    let mut kinds = BTreeSet::new();
    let (mut compared, mut empty) = (0, 0);
    for seed in 0..GRAPHS {
        let mut random = Random::new(seed);
        let graph = random.graph();
        let params = random.params(&graph);
        let inputs: Vec<ArrayD<f32>> =
            graph.inputs().iter().map(|port| random.array(2, graph.shape(port.value))).collect();
        let outputs = run(&graph, &params, &inputs.iter().collect::<Vec<_>>());
        // The maximum of an empty window, or numbers beyond `f32`.
        if outputs.iter().flatten().any(|number| !number.is_finite() || number.abs() > 1e6) {
            empty += 1;
            continue;
        }
        let cotangents: Vec<ArrayD<f32>> =
            graph.outputs().iter().map(|port| random.array(2, graph.shape(port.value))).collect();
        if !compare(&seed.to_string(), &graph, &params, [&inputs, &outputs, &cotangents]) {
            continue;
        }
        compared += 1;
        for node in graph.nodes() {
            let debug = format!("{:?}", node.op);
            kinds.insert(debug.split(['(', ' ']).next().unwrap_or_default().to_owned());
        }
    }
    assert!(compared * 10 >= GRAPHS * 8, "{compared} were compared, {empty} have windows without an element");
    // Every kind of layer occurred.
    assert!(kinds.len() >= 24, "{kinds:?}");
}

/// Compares outputs and gradients, `data` being inputs, outputs and the outputs' gradients; `false` if burn lacks a layer, or
/// errors may multiply.
pub(crate) fn compare(name: &str, graph: &Graph, params: &[Vec<f32>], data: [&[ArrayD<f32>]; 3]) -> bool {
    let [inputs, outputs, cotangents] = data;
    let device = device();
    let module = match BurnGraph::new(graph, params, &device) {
        Ok(module) => module.with_training(false),
        Err(BurnError::Inexpressible { .. }) => return false,
        Err(error) => panic!("{name}: {error}"),
    };
    let tensors: Vec<AnyTensor> = inputs
        .iter()
        .map(|input| {
            let tensor = tensor(input, &device);
            let dims = tensor.dims().to_vec();
            AnyTensor::from_flat(tensor.into_flat().require_grad(), dims).expect("as many elements")
        })
        .collect();
    let text = || format!("{name}: {:?}", graph.nodes().iter().map(|node| node.op).collect::<Vec<_>>());
    // Otherwise burn may panic.
    println!("{}", text());
    let is_norm = |op: &Op| {
        matches!(
            op,
            Op::GroupNorm { .. }
                | Op::InstanceNorm { .. }
                | Op::LayerNorm { .. }
                | Op::RmsNorm { .. }
                | Op::LpNorm { .. }
        )
    };
    let more = match graph.nodes().iter().filter(|node| is_norm(&node.op)).count() {
        0 => 1.0,
        1 => NORMALISED,
        // A later layer may multiply the error of an earlier one.
        _ => return false,
    };
    let found: Vec<AnyTensor> = module.forward(tensors.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (found, expected) in found.iter().zip(outputs) {
        assert_eq!(found.dims(), expected.shape(), "{}", text());
        let (worst, _) = error(&numbers(found.clone()), expected.iter().map(|&x| f64::from(x)));
        let size = largest(expected.iter().map(|&x| f64::from(x)));
        assert!(worst <= OUTPUT * size + more * ZERO, "an output is off by {worst:e} of {size:e}\n{}", text());
    }
    let loss = found
        .into_iter()
        .zip(cotangents)
        .map(|(found, cotangent)| (found.into_flat() * tensor(cotangent, &device).into_flat()).sum())
        .reduce(|sum, loss| sum + loss)
        .expect("an output");
    let burns = loss.backward();
    let (dparams, dinputs) = tape::gradients(graph, params, inputs, cotangents);
    let size = largest(dparams.iter().chain(&dinputs).flatten().copied());
    let by_name = gradients_by_name(&module, &burns);
    for (spec, expected) in graph.params().iter().zip(&dparams) {
        if spec.role.is_statistic() {
            assert!(!by_name.contains_key(&spec.name), "{}", text());
            continue;
        }
        let zeros = vec![0.0; expected.len()];
        let (worst, rms) = error(by_name.get(&spec.name).unwrap_or(&zeros), expected.iter().copied());
        let allowed = GRADIENT * largest(expected.iter().copied()).max(1e-2 * size) + more * GRADIENT_ZERO;
        assert!(worst <= allowed, "`{}` is off by {worst:e} of {rms:e}\n{}", spec.name, text());
    }
    for (index, (input, expected)) in tensors.into_iter().zip(&dinputs).enumerate() {
        let zeros = vec![0.0; expected.len()];
        let gradient = input.into_flat().grad(&burns);
        let gradient = gradient.map_or(zeros, |gradient| gradient.try_into_vec_as().expect("numbers"));
        let (worst, rms) = error(&gradient, expected.iter().copied());
        let allowed = GRADIENT * largest(expected.iter().copied()).max(1e-2 * size) + more * GRADIENT_ZERO;
        assert!(worst <= allowed, "input {index} is off by {worst:e} of {rms:e}\n{}", text());
    }
    true
}

fn largest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, |largest, number| largest.max(number.abs()))
}

/// Convolutions whose weight is a parameter times a number of the sample.
#[test]
fn every_sample_has_its_own_weight() {
    for (seed, direction) in [(1, Direction::Forward), (2, Direction::Transposed)] {
        for (dialect, shape) in [(Dialect::Torch, [4, 5, 6]), (Dialect::Flax, [5, 6, 4])] {
            let mut graph = Graph::new("Dynamic", dialect.order());
            let x = graph.input("x", Shape::of(&shape));
            let groups = if dialect == Dialect::Torch { 2 } else { 1 };
            let conv =
                Conv { inputs: Some(4), outputs: 6, kernel: [3, 2, 1], groups, ..Conv::new(dialect, direction, 2) };
            let conv = Conv { weight: WeightFrom::Input, padding: Padding::Valid, ..conv };
            let conv = Conv { padding: if groups == 2 { Padding::Symmetric([1; 3]) } else { conv.padding }, ..conv };
            let of = Source::Parameter { init: Init::Constant(0.0), trained: true };
            let shape = conv.weight_shape().expect("its inputs are known");
            let mut push = |op, inputs: &[usize]| graph.push("layer", op, inputs).expect("fits");
            let parameter = push(Op::Source { of, shape }, &[x]);
            let number = push(Op::Reduce { kind: Reduction::Sum, axes: None, keep: false }, &[x]);
            let number = push(Op::Activation(Activation::Tanh), &[number]);
            let weight = push(Op::Mul, &[parameter, number]);
            let y = push(Op::Conv(conv), &[x, weight]);
            graph.output("y", y).expect("a value");
            let mut random = Random::new(seed);
            let params = random.params(&graph);
            let inputs = [random.array(3, graph.shape(x))];
            let outputs = run(&graph, &params, &inputs.iter().collect::<Vec<_>>());
            let cotangents = [random.array(3, graph.shape(y))];
            assert!(compare("dynamic", &graph, &params, [&inputs, &outputs, &cotangents]));
        }
    }
}

/// PyTorch's functions that stop at a bound have the gradient 0 there.
#[test]
fn activations_have_no_gradient_at_their_bounds() {
    let numbers = vec![-3.0, -2.5, -1.0, 0.0, 1.0, 2.5, 3.0, 6.0];
    for function in [
        Activation::Relu6,
        Activation::Hardtanh { min: -1.0, max: 1.0 },
        Activation::Hardsigmoid { alpha: 0.2 },
        Activation::Hardswish,
    ] {
        let mut graph = Graph::new("Bounds", Dialect::Torch.order());
        let x = graph.input("x", Shape::of(&[8]));
        let y = graph.push("bound", Op::Activation(function), &[x]).expect("fits");
        graph.output("y", y).expect("a value");
        let x = [ArrayD::from_shape_vec(vec![1, 8], numbers.clone()).expect("eight numbers")];
        let y = run(&graph, &[], &[&x[0]]);
        assert!(compare("bounds", &graph, &[], [&x, &y, &[ArrayD::ones(vec![1, 8])]]));
    }
}
