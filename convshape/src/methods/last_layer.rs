//! Warns of a last layer that the loss applies itself.

use std::collections::BTreeSet;
use std::eprintln;
use std::sync::{Mutex, PoisonError};

use convshape_arith::code;
use convshape_arith::op::Op;

use super::loss::{LastLayer, Loss};
use crate::model::parts::Linked;
use convshape_arith::program::{Action, Step};

/// Warns once on standard error if a chain ends with a layer that the loss applies itself. Such a chain can be trained,
/// but is hardly what was meant.
pub(crate) fn check(linked: Linked, loss: &impl Loss) {
    static TOLD: Mutex<BTreeSet<(&str, &str)>> = Mutex::new(BTreeSet::new());
    for output in 0..loss.outputs().min(linked.program.outputs.len()) {
        let Some(last) = loss.applies(output) else { continue };
        let Some(step) = source(linked, linked.program.outputs[output].value).filter(|step| is(step, last)) else {
            continue;
        };
        let (chain, layer) = (linked.program.name, step.name);
        if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert((chain, layer)) {
            eprintln!("warning: [{}] {}", code::LAST_LAYER.id, message(chain, layer, last));
        }
    }
}

fn message(chain: &str, layer: &str, last: LastLayer) -> alloc::string::String {
    let instead = match last {
        LastLayer::Softmax => "leave the layer out of the chain, and apply it where probabilities are wanted",
        LastLayer::Sigmoid => "leave the layer out of the chain, or take the loss `BinaryCrossEntropy`",
    };
    alloc::format!(
        "`{chain}` ends with `{layer}`, a {last:?}, and the loss applies a {last:?} itself: applied twice, it learns \
         slowly and never becomes sure; {instead}"
    )
}

fn is(step: &Step, last: LastLayer) -> bool {
    matches!(step.action, Action::Layer(op) if last.is(&op))
}

/// The layer that a value comes from, skipping layers that do not change its elements.
fn source(linked: Linked, value: usize) -> Option<&'static Step> {
    let program = linked.program;
    let outputs = |step: &Step| match step.action {
        Action::Layer(_) => 1,
        Action::Chain { index } => linked.chains[index].program.outputs.len(),
    };
    let step = program.steps.iter().find(|step| (step.output..step.output + outputs(step)).contains(&value))?;
    match step.action {
        Action::Layer(Op::Flatten { .. } | Op::Reshape { .. } | Op::Dropout { .. }) => source(linked, step.inputs[0]),
        Action::Layer(_) => Some(step),
        Action::Chain { index } => {
            let chain = linked.chains[index];
            source(chain, chain.program.outputs[value - step.output].value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_to_write() {
        let message = message("Net", "softmax1", LastLayer::Softmax);
        assert!(message.starts_with("`Net` ends with `softmax1`, a Softmax, and the loss applies a Softmax itself"));
    }
}
