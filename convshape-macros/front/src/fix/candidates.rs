//! Candidate fixes. Their cost says how implausible they are, in tenths of "one plausible slip".

use convshape_arith::op::{Conv, Direction, Op};
use convshape_arith::shape::Shape;

use super::Edit;
use crate::check::{Checked, Problem};
use crate::graph::{Graph, NodeId, ValueId};

/// Edits that may fix a mistake together.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) edits: Vec<Edit>,
    pub(super) cost: u32,
}

/// Candidates without duplicates.
#[derive(Default)]
pub(super) struct Candidates(Vec<Candidate>);

impl Candidates {
    pub(super) fn push(&mut self, edits: Vec<Edit>, cost: u32) {
        match self.0.iter_mut().find(|known| known.edits == edits) {
            Some(known) => known.cost = known.cost.min(cost),
            None => self.0.push(Candidate { edits, cost }),
        }
    }

    /// Those that are one edit.
    pub(super) fn single(&self) -> impl Iterator<Item = (&Edit, u32)> {
        self.0.iter().filter_map(|candidate| match candidate.edits.as_slice() {
            [edit] => Some((edit, candidate.cost)),
            _ => None,
        })
    }

    /// Removes candidates with another's edit.
    pub(super) fn keep(&mut self, wanted: impl Fn(&Edit) -> bool) {
        self.0.retain(|candidate| candidate.edits.iter().all(&wanted));
    }

    /// The cheapest first.
    pub(super) fn sorted(mut self) -> Vec<Candidate> {
        self.0.sort_by_key(|candidate| candidate.cost);
        self.0
    }
}

/// The values that a problem is about.
pub(crate) fn blamed(graph: &Graph, problem: &Problem) -> Vec<ValueId> {
    match problem {
        Problem::Output { output, .. } => graph.outputs[*output].value.into_iter().collect(),
        Problem::Body { body, .. } => vec![graph.bodies[*body].output],
        _ => problem.node().map(|node| graph.value(node)).into_iter().collect(),
    }
}

/// The kernel and the output of a transposed convolution that unfolds a single position.
pub(super) fn unfolds(graph: &Graph, checked: &Checked, node: NodeId) -> Option<(i64, Shape)> {
    let Some(Op::Conv(Conv { direction: Direction::Transposed, kernel, .. })) = checked.ops[node] else { return None };
    let (input, output) = (checked.shape(graph.nodes[node].inputs[0])?, checked.shape(graph.value(node))?);
    let mut axes = (0..input.rank() - 1).map(|axis| graph.order().spatial(axis));
    axes.all(|place| input.size(place).number() == Some(1)).then_some((kernel[0], output))
}

/// The layers that given values come from, nearest first, with their distance.
pub(crate) fn ancestors(graph: &Graph, values: &[usize], most: usize) -> Vec<(NodeId, u32)> {
    let mut found: Vec<(NodeId, u32)> = Vec::new();
    let mut front: Vec<usize> = values.to_vec();
    let mut distance = 0;
    while !front.is_empty() && found.len() < most {
        let mut next = Vec::new();
        for node in front.iter().filter_map(|value| graph.producer(*value)) {
            if found.iter().any(|(known, _)| *known == node) {
                continue;
            }
            found.push((node, distance));
            next.extend(&graph.nodes[node].inputs);
        }
        front = next;
        distance += 1;
    }
    found.truncate(most);
    found
}
