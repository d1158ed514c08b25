//! Warns of a last layer that the loss applies itself.

use alloc::string::String;
use std::collections::BTreeSet;
use std::eprintln;
use std::sync::{Mutex, PoisonError};

use convshape_arith::code;
use convshape_arith::graph::{Graph, Node};
use convshape_arith::op::Op;

use super::loss::{LastLayer, Loss};

/// Warns once on standard error if a chain ends with a layer that the loss applies itself. Such a chain can be trained,
/// but is hardly what was meant.
pub(crate) fn check(graph: &Graph, loss: &impl Loss) {
    static TOLD: Mutex<BTreeSet<[String; 2]>> = Mutex::new(BTreeSet::new());
    for (output, port) in graph.outputs().iter().take(loss.outputs()).enumerate() {
        let Some(last) = loss.applies(output) else { continue };
        let Some(node) = source(graph, port.value).filter(|node| last.is(&node.op)) else { continue };
        let names = [graph.name(), &node.name[..]];
        if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(names.map(String::from)) {
            eprintln!("warning: [{}] {}", code::LAST_LAYER.id, message(names, last));
        }
    }
}

fn message([chain, layer]: [&str; 2], last: LastLayer) -> String {
    let instead = match last {
        LastLayer::Softmax => "leave the layer out of the chain, and apply it where probabilities are wanted",
        LastLayer::Sigmoid => "leave the layer out of the chain, or take the loss `BinaryCrossEntropy`",
    };
    alloc::format!(
        "`{chain}` ends with `{layer}`, a {last:?}, and the loss applies a {last:?} itself: applied twice, it learns \
         slowly and never becomes sure; {instead}"
    )
}

/// The layer that a value comes from, skipping layers that do not change its elements.
fn source(graph: &Graph, value: usize) -> Option<&Node> {
    let node = &graph.nodes()[graph.values()[value].node?];
    match node.op {
        Op::Flatten { .. } | Op::Reshape { .. } | Op::Dropout { .. } => source(graph, node.inputs[0]),
        _ => Some(node),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_to_write() {
        let message = message(["Net", "softmax1"], LastLayer::Softmax);
        assert!(message.starts_with("`Net` ends with `softmax1`, a Softmax, and the loss applies a Softmax itself"));
    }
}
