//! Bytes from 0 to 255 that are fed to a layer unscaled, or compared with an output from 0 to 1.

use convshape_arith::data::unscaled_reader;
use convshape_arith::op::{Activation, Op};
use convshape_data::Kind;

use super::{DataProblem, Paired, PortShape, port_name};
use crate::check::Checked;
use crate::graph::{Graph, NodeId, ValueId};

/// The finding about an array of bytes. `beyond` tells whether it has values other than 0 and 1.
pub(super) fn unscaled(
    graph: &Graph,
    checked: &Checked,
    paired: &Paired,
    is: &PortShape,
    beyond: impl FnOnce() -> bool,
) -> Option<DataProblem> {
    let dtype = &paired.array.dtype;
    if dtype.kind() != Kind::Unsigned || dtype.bytes() != 1 {
        return None;
    }
    let (name, port) = (paired.array.name.clone(), port_name(graph, paired.port).to_owned());
    let problem = match paired.port.checked_sub(graph.inputs.len()) {
        None => {
            let layer = reader(graph, checked, paired.port)?;
            DataProblem::Bytes { name, port, layer: graph.nodes[layer].name.clone() }
        }
        // Class indices and one-hot labels are not quantities.
        Some(_) if !is_map_of_bytes(paired, is) => return None,
        Some(output) => {
            let activation = bounded(graph, checked, graph.outputs[output].value?)?;
            DataProblem::ByteTargets { name, port, activation }
        }
    };
    beyond().then_some(problem)
}

/// Whether an output's bytes may be values of an image and not labels.
fn is_map_of_bytes(paired: &Paired, is: &PortShape) -> bool {
    let (dtype, shape) = (&paired.array.dtype, &paired.array.shape);
    let labels = is.port().classes() != Some(1) && is.port().takes_numbers(shape);
    dtype.kind() == Kind::Unsigned && dtype.bytes() == 1 && is.shape.rank() > 1 && !labels
}

/// Whether an output is a probability that is compared with labels of 0 and 1. A map of bytes may be an image instead.
pub(crate) fn is_probability(graph: &Graph, checked: &Checked, paired: &Paired, is: &PortShape) -> bool {
    let value = paired.port.checked_sub(graph.inputs.len()).and_then(|output| graph.outputs[output].value);
    value.is_some_and(|value| bounded(graph, checked, value) == Some("Sigmoid")) && !is_map_of_bytes(paired, is)
}

/// The first layer whose weights are applied to the unscaled values.
fn reader(graph: &Graph, checked: &Checked, value: ValueId) -> Option<NodeId> {
    unscaled_reader(value, &|value| {
        graph.nodes.iter().enumerate().filter(move |(_, node)| node.inputs.contains(&value)).filter_map(
            |(index, node)| {
                let op = checked.ops[index].as_ref()?;
                Some((index, op, node.activation.is_none().then(|| graph.value(index))))
            },
        )
    })
}

/// The activation that keeps a value between 0 and 1.
fn bounded(graph: &Graph, checked: &Checked, value: ValueId) -> Option<&'static str> {
    let node = graph.producer(value)?;
    let last = graph.nodes[node].activation.as_ref().or(checked.ops[node].as_ref())?;
    match last {
        Op::Activation(Activation::Sigmoid) => Some("Sigmoid"),
        Op::Softmax { log: false, .. } => Some("Softmax"),
        _ => None,
    }
}
