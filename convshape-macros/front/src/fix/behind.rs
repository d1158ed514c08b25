//! Claims that are looked at only when one before them holds.

use super::Found;
use crate::check::{Checked, Problem, check, check_as_found};
use crate::graph::Graph;

/// What the next compile would show first of all: the claim behind one that does not hold (`problem`), which does
/// not hold either, whether that one is mended or taken back. The graph has it mended.
pub(crate) fn behind(
    graph: &Graph,
    checked: &Checked,
    problem: &Problem,
    found: &Found,
) -> Option<(Graph, Checked, Problem)> {
    let claimant = problem.claimant()?;
    // Where several changes help together they may be all that is wrong.
    let best = found.fixes.first().filter(|fix| found.joint.is_none() && fix.edit.node() == Some(claimant))?;
    let as_found = check_as_found(graph);
    let mended = best.edit.apply(graph);
    let after = check(&mended);
    let has =
        |checked: &Checked, problem: &Problem| checked.problems.iter().any(|other| other.place() == problem.place());
    let origin = |node: usize| graph.nodes[node].origin;
    let next = after.problems.iter().find(|next| {
        // A statement of a body is one mistake, however often it runs.
        let another = next.claimant().is_some_and(|node| origin(node) != origin(claimant));
        another && !has(checked, next) && has(&as_found, next)
    });
    let next = next?.clone();
    Some((mended, after, next))
}
