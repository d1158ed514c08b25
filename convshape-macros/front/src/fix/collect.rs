//! Collects everything that may fix a mistake.

use super::Edit;
use super::candidates::Candidates;
use super::goals::goals;
use super::needs::needs;
use super::{channels, formulas, inputs, joint, layers, operands, order, other_layers, refused, stages, unlike, words};
use crate::check::{Checked, Filling, Problem};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId};

/// How many layers before a mistake are looked at.
const MOST_LAYERS: usize = 48;

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
    unlike::missing(graph, checked, problem, &mut found);
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
