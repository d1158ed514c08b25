//! Candidate fixes. Their cost says how implausible they are, in tenths of "one plausible slip".

use super::Edit;
use super::goals::goals;
use super::needs::needs;
use super::{channels, formulas, inputs, joint, layers, operands, order, other_layers, refused, stages, unlike, words};
use crate::check::{Checked, Filling, Problem};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, ValueId};

/// How many layers before a mistake are looked at.
const MOST_LAYERS: usize = 48;

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

/// Everything that may fix a mistake without a look at the whole chain.
pub(super) fn candidates(graph: &Graph, checked: &Checked, problem: &Problem) -> Candidates {
    let mut found = Candidates::default();
    if let Problem::Layer { node, op, inputs, fault } = problem {
        refused::at_the_layer(graph, *node, op, inputs, fault, &mut found);
        words::at_the_layer(graph, *node, op, inputs, &fault.reason, &mut found);
    }
    if let Problem::Body { body, .. } = problem {
        found.push(vec![Edit::Free { body: *body }], 18);
    }
    // For a single hole the message lists the values anyway.
    if let Problem::Hole { node, solutions, .. } = problem
        && solutions.iter().all(|solution| solution.len() > 1)
    {
        fillings(*node, solutions, &mut found);
    }
    for (nth, goal) in goals(graph, checked, problem).iter().enumerate() {
        let needs = needs(graph, checked, goal);
        for need in needs.iter().take(MOST_LAYERS) {
            layers::edits(graph, checked, need, goal, &mut found);
        }
        for need in needs.iter().filter(|need| graph.producer(need.value).is_none()) {
            inputs::as_needed(graph, checked, problem, need, nth, &mut found);
        }
    }
    channels::edits(graph, checked, problem, &mut found);
    other_layers::edits(graph, checked, problem, &mut found);
    stages::edits(graph, checked, problem, &mut found);
    unlike::axes(graph, checked, problem, &mut found);
    inputs::impossible(graph, problem, &mut found);
    inputs::square(graph, checked, problem, &mut found);
    inputs::permuted(graph, problem, &mut found);
    inputs::channels_first(graph, problem, &mut found);
    inputs::of_other_rank(graph, problem, &mut found);
    inputs::declared_otherwise(graph, checked, problem, &mut found);
    joint::edits(graph, checked, problem, &mut found);
    formulas::edits(graph, &mut found);
    operands::edits(graph, checked, problem, &mut found);
    order::edits(graph, problem, &mut found);
    found
}

/// One of several solutions for a layer's holes: if a single field determines it, the others follow.
fn fillings(node: NodeId, solutions: &[Filling], found: &mut Candidates) {
    for (solution, nth) in solutions.iter().zip(0..) {
        let set = |(field, setting): &(&'static str, Setting)| Edit::Field { node, field, setting: setting.clone() };
        // A kernel of one row is rarely meant.
        let one = matches!(solution.first(), Some(("kernel", Setting::Ints { values, .. })) if values[0] == 1);
        let cost = 10 + nth + if one { 6 } else { 0 };
        for field in solution {
            found.push(vec![set(field)], cost);
        }
        found.push(solution.iter().map(set).collect(), cost + 8);
    }
}

/// What is tried if nothing else fixes it.
pub(super) fn guesses(graph: &Graph, checked: &Checked, problem: &Problem) -> Candidates {
    let mut found = Candidates::default();
    unlike::others(graph, checked, problem, &mut found);
    found
}

/// The values that a problem is about.
pub(super) fn blamed(graph: &Graph, problem: &Problem) -> Vec<ValueId> {
    match problem {
        Problem::Output { output, .. } => graph.outputs[*output].value.into_iter().collect(),
        Problem::Body { body, .. } => vec![graph.bodies[*body].output],
        _ => problem.node().map(|node| graph.value(node)).into_iter().collect(),
    }
}

/// The layers that given values come from, nearest first, with their distance.
pub(super) fn ancestors(graph: &Graph, values: &[usize], most: usize) -> Vec<(NodeId, u32)> {
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
