//! The first stage of a training plan: facts about each value, and activations fused into the layers before them.

use std::string::String;
use std::vec::Vec;

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::graph::{Graph, GraphError, Node, Value};
use convshape_arith::op::{Activation, AxisOrder, DropTogether, Op, Reduction, Source, WeightFrom};
use convshape_arith::shape::Shape;

use super::elements::ByOutput;
use super::sum::SumAxes;
use crate::cpu::buffer::Grid;
use crate::cpu::order::{has_channels, is_move};
use crate::cpu::simd::Level;
use crate::model::error::BatchError;

/// What a plan is for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Key {
    /// The shapes of the inputs.
    pub(crate) inputs: Vec<Shape>,
    pub(crate) batch: usize,
    /// Whether layers run in training mode: batch statistics, dropout.
    pub(crate) training: bool,
    /// Whether the gradients of the inputs are wanted.
    pub(crate) inputs_too: bool,
    /// Whether every layer's output is kept, so that no activation is fused into the layer before it.
    pub(crate) every_layer: bool,
}

/// Facts about each value that the plan needs before it assigns memory.
pub(super) struct Facts {
    /// The order in which each value is stored: it says which axis is innermost.
    pub(super) orders: Vec<AxisOrder>,
    pub(super) grids: Vec<Grid>,
    /// How many nodes and outputs read each value.
    pub(super) readers: Vec<usize>,
    /// Whether the value's gradient contributes to that of a parameter, or of an input if those are wanted.
    pub(super) wanted: Vec<bool>,
    /// Whether an output depends on the value.
    pub(super) reached: Vec<bool>,
}

impl Facts {
    pub(super) fn new(graph: &Graph, key: &Key) -> Result<Facts, GraphError> {
        let values = graph.values();
        let mut facts = Facts {
            orders: orders(graph),
            grids: Vec::new(),
            readers: graph.readers(),
            wanted: std::vec![key.inputs_too; values.len()],
            reached: std::vec![false; values.len()],
        };
        for (Value { shape, node, .. }, order) in values.iter().zip(facts.orders.clone()) {
            let too_many = || {
                let layer = node.map_or_else(String::new, |node| graph.nodes()[node].name.clone());
                GraphError::Layer { layer, fault: Fault::new(Reason::TooManyElements { shape: *shape }) }
            };
            let grid = Grid::new(shape, order).ok_or_else(too_many)?;
            let count = shape.elements().ok().and_then(|count| usize::try_from(count.number()?).ok());
            count.and_then(|count| count.checked_mul(key.batch)).ok_or_else(too_many)?;
            facts.grids.push(grid);
        }
        for output in graph.outputs() {
            facts.reached[output.value] = true;
        }
        for node in graph.nodes() {
            let wanted = match node.op {
                Op::Source { of: Source::Parameter { trained, .. } | Source::Shared { trained, .. }, .. } => trained,
                Op::Source { of: Source::Arange | Source::Constant(_) | Source::OneHot(_), .. } => false,
                _ => !node.params.is_empty() || elements_read(node).any(|value| facts.wanted[value]),
            };
            node.outputs.iter().for_each(|&value| facts.wanted[value] = wanted);
        }
        for node in graph.nodes().iter().rev() {
            if node.outputs.iter().any(|&value| facts.reached[value]) {
                elements_read(node).for_each(|value| facts.reached[value] = true);
            }
        }
        Ok(facts)
    }
}

/// The inputs of a node whose elements its output depends on.
fn elements_read(node: &Node) -> impl Iterator<Item = usize> {
    let inputs = node.inputs.iter().enumerate();
    inputs.filter(|(index, _)| node.op.reads_elements(*index)).map(|(_, &value)| value)
}

impl Facts {
    /// Checks that each batch normalisation has the two values per channel that a variance needs.
    ///
    /// # Errors
    /// The first that has fewer.
    pub(super) fn check_statistics(&self, graph: &Graph, batch: usize) -> Result<(), BatchError> {
        for node in graph.nodes() {
            let values = batch * self.grids[node.inputs[0]].positions();
            if matches!(node.op, Op::BatchNorm { .. }) && values < 2 {
                return Err(BatchError::TooFewValues { layer: node.name.clone(), values });
            }
        }
        Ok(())
    }
}

/// The order in which each value is stored: that of the chain's channels for layers that have windows or channels; that
/// of an array, with the last axis innermost, for products of matrices and for layers without kernels of their own.
fn orders(graph: &Graph) -> Vec<AxisOrder> {
    let count = graph.values().len();
    let (mut array, mut channels) = (std::vec![false; count], std::vec![false; count]);
    let mut alike: Vec<usize> = (0..count).collect();
    for node in graph.nodes() {
        let values = || node.inputs.iter().chain(&node.outputs).copied();
        let shapes = || node.inputs.iter().map(|&value| graph.shape(value));
        let output = graph.shape(node.outputs[0]);
        match node.op {
            Op::Dropout { together: DropTogether::Channel, .. } => values().for_each(|value| channels[value] = true),
            Op::Activation(_) | Op::Scale { .. } | Op::Dropout { .. } => join(&mut alike, values()),
            Op::Add | Op::Mul if shapes().all(|shape| shape == output) => join(&mut alike, values()),
            Op::Add | Op::Mul if combines(&node.op, shapes(), output, graph.order()) => {
                values().for_each(|value| channels[value] = true);
            }
            // These take any order.
            Op::Reduce { kind: Reduction::Sum | Reduction::Mean, .. } | Op::Source { .. } => {}
            op if is_move(&op) => {}
            Op::Conv(conv) if conv.weight == WeightFrom::Input => values().for_each(|value| array[value] = true),
            op if has_channels(&op) => values().for_each(|value| channels[value] = true),
            _ => values().for_each(|value| array[value] = true),
        }
    }
    let any = |marked: &[bool]| {
        let mut any = std::vec![false; count];
        (0..count).for_each(|value| any[alike[value]] |= marked[value]);
        any
    };
    let (array, channels) = (any(&array), any(&channels));
    let order = |group: usize| if array[group] && !channels[group] { AxisOrder::ChannelsLast } else { graph.order() };
    alike.iter().map(|&group| order(group)).collect()
}

/// Puts values into one group. A group's name is the smallest of its values.
fn join(groups: &mut [usize], values: impl Iterator<Item = usize> + Clone) {
    let Some(least) = values.clone().map(|value| groups[value]).min() else { return };
    let joined: Vec<usize> = values.map(|value| groups[value]).collect();
    groups.iter_mut().filter(|group| joined.contains(group)).for_each(|group| *group = least);
}

/// A node before it becomes a step.
pub(super) struct Draft {
    pub(super) node: Node,
    /// Present for a sum over taps.
    pub(super) axes: Option<SumAxes>,
    pub(super) activation: Option<Activation>,
}

impl Draft {
    /// Whether an activation can be fused into it. A normalisation computes its values anew in the backward pass; other
    /// layers do not keep what the activation was applied to.
    fn can_end_with(&self, function: Activation, graph: &Graph) -> bool {
        let by_output = ByOutput::of(function).is_some();
        let shapes = self.node.inputs.iter().map(|&value| graph.shape(value));
        match self.node.op {
            _ if self.axes.is_some() => by_output,
            Op::BatchNorm { .. } | Op::GroupNorm { .. } | Op::InstanceNorm { .. } => true,
            op => by_output && combines(&op, shapes, graph.shape(self.node.outputs[0]), graph.order()),
        }
    }
}

/// Fuses activations into the layers before them.
pub(super) fn drafts(graph: &Graph, facts: &Facts, key: &Key, level: Level) -> Vec<Draft> {
    let is_output = |value: usize| graph.outputs().iter().any(|port| port.value == value);
    let mut drafts: Vec<Draft> = Vec::new();
    for node in graph.nodes() {
        if let (Op::Activation(function), [input], false) = (node.op, &node.inputs[..], key.every_layer)
            && facts.readers[*input] == 1
            && !is_output(*input)
            && let Some(draft) = drafts.iter_mut().find(|draft| draft.node.outputs == [*input])
            && draft.activation.is_none()
            && draft.can_end_with(function, graph)
        {
            draft.node.outputs.clone_from(&node.outputs);
            draft.activation = Some(function);
            continue;
        }
        let (from, to) = (&facts.grids[node.inputs[0]], &facts.grids[node.outputs[0]]);
        let orders = [node.inputs[0], node.outputs[0]].map(|value| facts.orders[value]);
        let order = if orders[0] == orders[1] { orders[0] } else { graph.order() };
        let axes = SumAxes::new((level, key.batch), &node.op, graph.shape(node.inputs[0]), order, [from, to]);
        drafts.push(Draft { node: node.clone(), axes, activation: None });
    }
    drafts
}

/// Whether the kernels of sums and products take operands of these shapes.
pub(super) fn combines<'a>(
    op: &Op,
    mut operands: impl Iterator<Item = &'a Shape> + Clone,
    output: &Shape,
    order: AxisOrder,
) -> bool {
    let has_axes = |shape: &Shape| shape.rank() == output.rank() || shape.is_over_channels(output, order);
    matches!(op, Op::Add | Op::Mul)
        && (output.rank() <= 4 && operands.clone().all(has_axes) || operands.all(|shape| shape == output))
}
