//! Warns of bytes that a model is trained on unscaled.

use alloc::format;
use alloc::string::String;
use std::eprintln;

use convshape_arith::code;
use convshape_arith::data::{UNSCALED, unscaled_reader};
use convshape_arith::graph::Graph;
use ndarray::ArrayD;

use super::{Batch, Train};

/// Bytes are told from other whole numbers by values from here on: digits and counts are smaller.
const BRIGHT: f32 = 128.0;

/// Warns on standard error if an input of a batch holds bytes and nothing scales them. The macro says the same of files.
pub(super) fn check<M: Train>(batch: &Batch) {
    for message in unscaled(&Graph::of::<M>(), batch) {
        eprintln!("warning: [{}] {message}", code::DATA_BYTES.id);
    }
}

/// A message for each input that holds bytes.
fn unscaled(graph: &Graph, batch: &Batch) -> impl Iterator<Item = String> {
    let readers = |value: usize| {
        let nodes = graph.nodes().iter().enumerate().filter(move |(_, node)| node.inputs.contains(&value));
        nodes.map(|(index, node)| (index, &node.op, node.outputs.first().copied()))
    };
    graph.inputs().iter().zip(&batch.inputs).filter(|(_, array)| are_bytes(array)).filter_map(move |(port, _)| {
        let layer = &graph.nodes()[unscaled_reader(port.value, &readers)?].name;
        let (chain, input) = (graph.name(), &port.name);
        Some(format!(
            "`{chain}`: `{input}` holds bytes, 0 to 255, and nothing scales them before `{layer}`; {UNSCALED}; read \
             `{input}` through a scale first: `Scale(1/255);`"
        ))
    })
}

fn are_bytes(array: &ArrayD<f32>) -> bool {
    array.iter().any(|x| *x >= BRIGHT) && array.iter().all(|x| (0.0..=255.0).contains(x) && x.trunc() == *x)
}
