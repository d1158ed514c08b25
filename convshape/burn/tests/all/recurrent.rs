//! Recurrent layers of every kind: all outputs and gradients are those of the plain kernels in `f64`.

use convshape::Shape;
use convshape::graph::op::{Cell, Dialect, Recurrent, RecurrentOutput};
use convshape::graph::{Graph, Op};
use convshape::ndarray::ArrayD;

use crate::graphs::{Random, run};
use crate::random::compare;

#[test]
fn recurrent_layers_give_their_numbers_and_gradients() {
    let dialects = [Dialect::Torch, Dialect::Keras];
    let mut seed = 5000;
    for (cell, dialect) in Cell::ALL.into_iter().flat_map(|cell| dialects.map(|dialect| (cell, dialect))) {
        for (deep, bias) in [(false, true), (true, true), (true, false)] {
            // In Keras every layer is a layer of its own.
            let layers = if deep && dialect == Dialect::Torch { 2 } else { 1 };
            let layer = Recurrent { hidden: 4, layers, bidirectional: deep, bias, ..Recurrent::new(dialect, cell) };
            let mut graph = Graph::new("Recurrent", dialect.order());
            let x = graph.input("x", Shape::of(&[5, 3]));
            let states = Shape::of(&[layers * layer.directions(), 4]);
            let first = (0..cell.states()).map(|state| graph.input(&format!("s{state}"), states));
            let inputs: Vec<usize> = if deep { std::iter::once(x).chain(first).collect() } else { vec![x] };
            let run_of = graph.push("run", Op::Recurrent(layer), &inputs).expect("fits");
            let mut kinds = vec![RecurrentOutput::Sequence, RecurrentOutput::Last, RecurrentOutput::Hidden];
            kinds.extend((cell == Cell::Lstm).then_some(RecurrentOutput::Cell));
            for output in kinds {
                let name = format!("{output:?}");
                let value = graph.push(&name, Op::RecurrentOutput { layer, output }, &[run_of]).expect("fits");
                graph.output(&name, value).expect("is there");
            }
            seed += 1;
            let mut random = Random::new(seed);
            let params = random.params(&graph);
            let mut arrays = |ports: &[convshape::graph::Port]| -> Vec<ArrayD<f32>> {
                ports.iter().map(|port| random.array(2, graph.shape(port.value))).collect()
            };
            let (inputs, cotangents) = (arrays(graph.inputs()), arrays(graph.outputs()));
            let outputs = run(&graph, &params, &inputs.iter().collect::<Vec<_>>());
            assert!(compare(&format!("{layer:?}"), &graph, &params, [&inputs, &outputs, &cotangents]));
        }
    }
}
