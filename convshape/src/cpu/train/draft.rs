//! What is known of a chain before memory is given to it.

use std::string::String;
use std::vec::Vec;

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::graph::{Graph, GraphError, Node, Value};
use convshape_arith::op::{Activation, Op, Source};

use super::plan::Key;
use super::rows::ByOutput;
use super::sum::Axes;
use crate::cpu::buffer::Grid;
use crate::model::error::PlanError;

/// What is known of each value before memory is given to it.
pub(super) struct Facts {
    pub(super) grids: Vec<Grid>,
    /// How many nodes and outputs read it.
    pub(super) readers: Vec<usize>,
    /// Whether its gradient leads to a parameter, or to an input if those are wanted.
    pub(super) wanted: Vec<bool>,
    /// Whether an output depends on it.
    pub(super) reached: Vec<bool>,
}

impl Facts {
    pub(super) fn new(graph: &Graph, key: &Key) -> Result<Facts, GraphError> {
        let values = graph.values();
        let mut facts = Facts {
            grids: Vec::new(),
            readers: graph.readers(),
            wanted: std::vec![key.inputs_too; values.len()],
            reached: std::vec![false; values.len()],
        };
        for Value { shape, node, .. } in values {
            let too_many = || {
                let layer = node.map_or_else(String::new, |node| graph.nodes()[node].name.clone());
                GraphError::Layer { layer, fault: Fault::new(Reason::TooManyElements { shape: *shape }) }
            };
            let grid = Grid::new(shape, graph.order()).ok_or_else(too_many)?;
            let count = shape.elements().ok().and_then(|count| usize::try_from(count.number()?).ok());
            count.and_then(|count| count.checked_mul(key.batch)).ok_or_else(too_many)?;
            facts.grids.push(grid);
        }
        for output in graph.outputs() {
            facts.reached[output.value] = true;
        }
        for node in graph.nodes() {
            let wanted = match node.op {
                Op::Source { of: Source::Parameter { trained, .. }, .. } => trained,
                Op::Source { of: Source::Arange, .. } => false,
                _ => !node.params.is_empty() || node.inputs.iter().any(|&value| facts.wanted[value]),
            };
            node.outputs.iter().for_each(|&value| facts.wanted[value] = wanted);
        }
        for node in graph.nodes().iter().rev() {
            if node.outputs.iter().any(|&value| facts.reached[value]) {
                node.inputs.iter().for_each(|&value| facts.reached[value] = true);
            }
        }
        Ok(facts)
    }
}

impl Facts {
    /// Whether each normalisation has the two values of a channel that a variance needs.
    ///
    /// # Errors
    /// The first that has fewer.
    pub(super) fn check_statistics(&self, graph: &Graph, batch: usize) -> Result<(), PlanError> {
        for node in graph.nodes() {
            let values = batch * self.grids[node.inputs[0]].positions();
            if matches!(node.op, Op::BatchNorm { .. }) && values < 2 {
                return Err(PlanError::TooFewValues { layer: node.name.clone(), values });
            }
        }
        Ok(())
    }
}

/// A node on its way to a step.
pub(super) struct Draft {
    pub(super) node: Node,
    /// Where it is a sum over taps.
    pub(super) axes: Option<Axes>,
    pub(super) activation: Option<(Activation, ByOutput)>,
}

/// Joins activations with the layers before them.
pub(super) fn drafts(graph: &Graph, facts: &Facts, key: &Key) -> Vec<Draft> {
    let is_output = |value: usize| graph.outputs().iter().any(|port| port.value == value);
    let mut drafts: Vec<Draft> = Vec::new();
    for node in graph.nodes() {
        if let (Op::Activation(function), [input], false) = (node.op, &node.inputs[..], key.every_layer)
            && facts.readers[*input] == 1
            && !is_output(*input)
            && let Some(by_output) = ByOutput::of(function)
            && let Some(draft) = drafts.iter_mut().find(|draft| draft.node.outputs == [*input])
            && (draft.axes.is_some()
                || matches!(draft.node.op, Op::BatchNorm { .. } | Op::GroupNorm { .. } | Op::InstanceNorm { .. }))
            && draft.activation.is_none()
        {
            draft.node.outputs.clone_from(&node.outputs);
            draft.activation = Some((function, by_output));
            continue;
        }
        let (from, to) = (&facts.grids[node.inputs[0]], &facts.grids[node.outputs[0]]);
        let axes = Axes::new(&node.op, graph.shape(node.inputs[0]), graph.order(), from, to);
        drafts.push(Draft { node: node.clone(), axes, activation: None });
    }
    drafts
}
