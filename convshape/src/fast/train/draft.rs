//! What is known of a chain before memory is given to it.

use std::format;
use std::string::String;
use std::vec::Vec;

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{Activation, AxisOrder, Op};
use convshape_arith::shape::Shape;

use super::plan::Key;
use super::rows::ByOutput;
use super::sum::Axes;
use crate::error::{PlanError, RunError};
use crate::fast::buffer::Grid;
use crate::parts::Linked;
use convshape_arith::program::Action;

/// A layer of a program or of its sub-chains.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) op: Op,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
    pub(super) params: Vec<usize>,
}

/// The layers of a program and its sub-chains in a row.
pub(super) struct Flat {
    pub(super) nodes: Vec<Node>,
    pub(super) shapes: Vec<Shape>,
    pub(super) params: usize,
}

impl Flat {
    /// The values of the outputs.
    pub(super) fn flatten(&mut self, linked: Linked, prefix: &str, inputs: &[usize]) -> Result<Vec<usize>, RunError> {
        let program = linked.program;
        let mut values: Vec<usize> = inputs.to_vec();
        values.resize(program.values, usize::MAX);
        // The place of each step's first parameter.
        let mut first = Vec::new();
        for step in program.steps {
            first.push(self.params);
            let read: Vec<usize> = step.inputs.iter().map(|&value| values[value]).collect();
            let name = format!("{prefix}{}", step.name);
            match step.action {
                Action::Layer(op) => {
                    let shapes: Vec<Shape> = read.iter().map(|&value| self.shapes[value]).collect();
                    let op = op.bind(&shapes[0], program.order);
                    let shape = op.output(&shapes, program.order);
                    let shape = shape.map_err(|fault| RunError { layer: name.clone(), fault })?;
                    let own = self.params..self.params + op.params().len();
                    self.params = own.end;
                    let tied = step.tied.map(|of| first[of]);
                    values[step.output] = self.shapes.len();
                    let params = tied.into_iter().chain(own).collect();
                    self.nodes.push(Node { name, op, inputs: read, output: self.shapes.len(), params });
                    self.shapes.push(shape);
                }
                Action::Chain { index } => {
                    let outputs = self.flatten(linked.chains[index], &format!("{name}."), &read)?;
                    for (port, output) in outputs.into_iter().enumerate() {
                        values[step.output + port] = output;
                    }
                }
            }
        }
        Ok(program.outputs.iter().map(|port| values[port.value]).collect())
    }
}

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
    pub(super) fn new(flat: &Flat, outputs: &[usize], order: AxisOrder, key: &Key) -> Result<Facts, RunError> {
        let too_many = |value: usize| {
            let shape = flat.shapes[value];
            let layer =
                flat.nodes.iter().find(|node| node.output == value).map_or_else(String::new, |node| node.name.clone());
            RunError { layer, fault: Fault::new(Reason::TooManyElements { shape }) }
        };
        let mut facts = Facts {
            grids: Vec::new(),
            readers: std::vec![0; flat.shapes.len()],
            wanted: std::vec![key.inputs_too; flat.shapes.len()],
            reached: std::vec![false; flat.shapes.len()],
        };
        for (value, shape) in flat.shapes.iter().enumerate() {
            let grid = Grid::new(shape, order).ok_or_else(|| too_many(value))?;
            let count = shape.elements().ok().and_then(|count| usize::try_from(count.number()?).ok());
            count.and_then(|count| count.checked_mul(key.batch)).ok_or_else(|| too_many(value))?;
            facts.grids.push(grid);
        }
        for &output in outputs {
            facts.readers[output] += 1;
            facts.reached[output] = true;
        }
        for node in &flat.nodes {
            node.inputs.iter().for_each(|&value| facts.readers[value] += 1);
            facts.wanted[node.output] = !node.params.is_empty() || node.inputs.iter().any(|&value| facts.wanted[value]);
        }
        for node in flat.nodes.iter().rev() {
            if facts.reached[node.output] {
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
    pub(super) fn check_statistics(&self, flat: &Flat, batch: usize) -> Result<(), PlanError> {
        for node in &flat.nodes {
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
pub(super) fn drafts(flat: Flat, facts: &Facts, outputs: &[usize], order: AxisOrder, key: &Key) -> Vec<Draft> {
    let Flat { nodes, shapes, .. } = flat;
    let mut drafts: Vec<Draft> = Vec::new();
    for node in nodes {
        if let (Op::Activation(function), [input], false) = (node.op, &node.inputs[..], key.every_layer)
            && facts.readers[*input] == 1
            && !outputs.contains(input)
            && let Some(by_output) = ByOutput::of(function)
            && let Some(draft) = drafts.iter_mut().find(|draft| draft.node.output == *input)
            && (draft.axes.is_some() || matches!(draft.node.op, Op::BatchNorm { .. }))
            && draft.activation.is_none()
        {
            draft.node.output = node.output;
            draft.activation = Some((function, by_output));
            continue;
        }
        let (from, to) = (&facts.grids[node.inputs[0]], &facts.grids[node.output]);
        let axes = Axes::new(&node.op, &shapes[node.inputs[0]], order, from, to);
        drafts.push(Draft { node, axes, activation: None });
    }
    drafts
}
