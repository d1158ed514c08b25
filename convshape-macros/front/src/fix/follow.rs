//! One mistake in several places: if an edit moves the mistake to another layer, the same edit is tried there.

use convshape_arith::fault::Reason;
use convshape_arith::op::Op;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::arguments::counts;
use super::candidates::{Candidate, Candidates};
use super::goals::goals;
use super::inputs::follows;
use super::needs::needs;
use super::other_layers::renamed;
use super::trial::Trial;
use super::{Edit, OtherProblems, arguments, channels, formulas, layers, other_layers, refused, stages};
use crate::check::{Checked, Place, Problem};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId, Replaced};
use crate::unseen::visible;

/// A mistake in more places than this is not a slip.
const MOST_EDITS: usize = 6;

/// How many layers before the new place are looked at.
const MOST_LAYERS: usize = 12;

/// The candidate with the edits that must follow from it, if nothing is wrong then.
///
/// `others` are mistakes that show already. They count as this one only if they show the same numbers, or if the same
/// field fixes them. `counted` also lets numbers of features follow from sizes that were not known before.
pub(super) fn completed(
    trial: &mut Trial,
    candidate: &Candidate,
    target: &Problem,
    known: &OtherProblems,
    others: &[Place],
    counted: bool,
) -> Option<Candidate> {
    // A tool can do this in one place only.
    let renames = |edit: &Edit| matches!(edit, Edit::Renamed { .. });
    if candidate.edits.iter().any(|edit| edit.replaces(&trial.graph) && !renames(edit)) {
        return None;
    }
    let mut edits = candidate.edits.clone();
    let mut cost = candidate.cost;
    let mut replaced: Vec<(i64, i64)> = edits.iter().flat_map(|edit| numbers_replaced(edit, trial)).collect();
    let resized = candidate.edits.iter().find_map(|edit| match edit {
        Edit::Input { input, shape } => Some((trial.graph.inputs[*input].shape, *shape)),
        _ => None,
    });
    while edits.len() <= MOST_EDITS && !trial.is_spent() {
        let outcome = trial.run(&edits, &|problem| known.accepts(problem));
        let Some(problem) = outcome.left.into_iter().find(|left| !known.accepts(left)) else {
            let further = &edits[candidate.edits.len()..];
            // What is right by itself does not follow from the candidate.
            if further.is_empty() {
                return None;
            }
            let alone = trial.run(further, &|problem| known.accepts(problem)).left;
            return alone.iter().any(|left| !known.accepts(left)).then_some(Candidate { edits, cost });
        };
        if problem.place() == target.place() && !matches!(problem, Problem::Output { .. }) {
            return None;
        }
        let layers = trial.graph.nodes.len();
        let next = trial.seen(&edits, |graph, checked| {
            // Another argument may make other layers.
            let next = next(graph, checked, &problem, &edits, resized, target)?;
            (next.node().is_none() || graph.nodes.len() == layers).then_some(next)
        });
        let next = next.flatten()?;
        let same_mistake = match &next {
            Edit::Channels { .. } | Edit::Reshape { .. } | Edit::Argument { .. } => {
                let shown = others.contains(&problem.place());
                akin(target, &problem)
                    || replaced.iter().any(|pair| same_ratio(*pair, &problem, &trial.graph, shown))
                    || counted && was_unknown(trial, &problem)
            }
            Edit::Renamed { .. } => candidate.edits.iter().all(renames),
            Edit::Insert { .. } => true,
            Edit::Output { .. } => true,
            _ => !others.contains(&problem.place()) || edits.iter().any(|edit| same_kind(edit, &next)),
        };
        if !same_mistake {
            return None;
        }
        replaced.extend(numbers_replaced(&next, trial));
        // Another field of another layer is a second slip.
        let other = matches!(next, Edit::Field { .. }) && !edits.iter().any(|edit| same_kind(edit, &next));
        edits.push(next);
        cost += if other { 8 } else { 3 };
    }
    None
}

/// Whether a rejected number of features depends on sizes that were not known before the edits.
fn was_unknown(trial: &Trial, problem: &Problem) -> bool {
    let Problem::Layer { node, fault, .. } = problem else { return false };
    let counts = matches!(fault.reason, Reason::Features { .. } | Reason::Elements { .. });
    counts && trial.checked.shape(trial.graph.nodes[*node].inputs[0]).is_none_or(|shape| !shape.is_known())
}

/// Whether two rejections show the same numbers.
fn akin(a: &Problem, b: &Problem) -> bool {
    match (a, b) {
        (Problem::Layer { fault: a, .. }, Problem::Layer { fault: b, .. }) => a.reason == b.reason,
        _ => false,
    }
}

/// The counts that an edit replaces, each with its replacement.
fn numbers_replaced(edit: &Edit, trial: &Trial) -> Vec<(i64, i64)> {
    let op = edit.node().and_then(|node| trial.checked.ops[node]);
    let given = |replaced: &Replaced| {
        let used = trial.graph.uses.iter().find(|used| used.origin == replaced.origin)?;
        Some((used.argument(replaced.index)?.number?, replaced.number)).filter(|_| replaced.variable.is_none())
    };
    let pairs = match (edit, op) {
        (Edit::Argument { replaced, .. }, _) => replaced.iter().filter_map(given).collect(),
        (Edit::Channels { inputs, outputs, .. }, Some(Op::Conv(conv))) => {
            vec![(conv.inputs.unwrap_or(*inputs), *inputs), (conv.outputs, *outputs)]
        }
        (Edit::Channels { inputs, outputs, .. }, Some(Op::Linear { inputs: now, outputs: gives, .. })) => {
            vec![(now.unwrap_or(*inputs), *inputs), (gives, *outputs)]
        }
        (Edit::Reshape { shape: new, .. }, Some(Op::Reshape { shape: now })) => {
            let count = |shape: &Shape| shape.elements().ok().and_then(Size::number);
            count(&now).zip(count(new)).into_iter().collect()
        }
        _ => Vec::new(),
    };
    pairs.into_iter().filter(|(old, new)| old != new).collect()
}

/// Whether the numbers in a problem are a count and its replacement, or as many times them both. What is wrong without
/// the edit too (`shown`) has the ratio of a layer's counts, or it is chance.
fn same_ratio((old, new): (i64, i64), problem: &Problem, graph: &Graph, shown: bool) -> bool {
    let joint = matches!(problem, Problem::Layer { fault, .. } if matches!(fault.reason, Reason::Join { .. }));
    let Some((a, b)) = counts(problem, graph).filter(|_| !joint) else { return false };
    let equal = |a: i64, b: i64| a.checked_mul(new).zip(b.checked_mul(old)).is_some_and(|(a, b)| a == b);
    let numbers = a.min(b) == old.min(new);
    let of_layer = matches!(problem, Problem::Layer { .. });
    if shown && !numbers { of_layer && equal(a, b) } else { equal(a, b) || equal(b, a) }
}

/// Whether two edits set the same field of a layer, or one implies the other.
fn same_kind(a: &Edit, b: &Edit) -> bool {
    match (a, b) {
        (Edit::Field { field: a, .. }, Edit::Field { field: b, .. }) => a == b || *b == "channels",
        (Edit::Formula { field: a, formula, .. }, Edit::Formula { field: b, formula: other, .. }) => {
            a == b && formula == other
        }
        (Edit::Input { .. }, Edit::Output { .. }) => true,
        _ => false,
    }
}

/// The edit that fixes the next mistake in the same way as the previous ones.
fn next(
    graph: &Graph,
    checked: &Checked,
    problem: &Problem,
    done: &[Edit],
    resized: Option<(Shape, Shape)>,
    target: &Problem,
) -> Option<Edit> {
    match problem {
        Problem::Output { output, found } if declares_too(graph, *output, found, resized, target) => {
            return Some(Edit::Output { output: *output, shape: *found });
        }
        Problem::Layer { node, fault, .. } => match fault.reason {
            Reason::Rank { found: comes, .. } | Reason::NamedRank { found: comes, .. }
                if done.iter().all(|edit| matches!(edit, Edit::Renamed { .. })) =>
            {
                return renamed(graph, *node, &comes);
            }
            _ => {}
        },
        _ => {}
    }
    let found = candidates(graph, checked, problem, done);
    let refused = refused_by_a_framework(target);
    let fields: Vec<(&'static str, &Setting)> = done
        .iter()
        .filter_map(|edit| match edit {
            Edit::Field { field, setting, .. } => Some((*field, setting)),
            _ => None,
        })
        .collect();
    let fits = |edit: &Edit| {
        let again = done.iter().any(|known| known.overlaps(edit, graph));
        let alike = match edit {
            Edit::Field { node, field: "output_padding" | "amount", .. } => {
                refused == Some(*node) || fields.iter().any(|(known, _)| matches!(*known, "output_padding" | "amount"))
            }
            Edit::Field { node, field, setting } => {
                refused == Some(*node) || fields.contains(&(*field, setting)) || matches!(*field, "channels" | "size")
            }
            Edit::Channels { .. } | Edit::Reshape { .. } => fields.is_empty(),
            Edit::Insert { .. } => done.iter().all(is_insert),
            Edit::Formula { .. } => done.iter().all(|known| same_kind(known, edit)),
            Edit::Argument { replaced, .. } => !done
                .iter()
                .flat_map(Edit::replaced)
                .any(|one| replaced.iter().any(|other| (other.origin, other.index) == (one.origin, one.index))),
            _ => false,
        };
        !again && alike && !edit.replaces(graph) && !edit.overwrites_a_variable(graph)
    };
    let single = found.sorted().into_iter().filter(|candidate| candidate.edits.len() == 1);
    single.map(|candidate| candidate.edits[0].clone()).find(fits)
}

/// Whether an output's declared shape changes with what was changed before it.
fn declares_too(
    graph: &Graph,
    output: usize,
    gives: &Shape,
    resized: Option<(Shape, Shape)>,
    target: &Problem,
) -> bool {
    let declared = &graph.outputs[output].shape;
    let strictly = matches!(target, Problem::Output { .. });
    if let Some((old, new)) = resized
        && follows(graph.order(), &old, &new, &visible(declared), gives, strictly)
    {
        return true;
    }
    // Passes that keep their channels give no others.
    let channel = graph.order().channel(gives.rank());
    let others = gives.rank() == declared.rank()
        && (0..gives.rank()).all(|axis| axis == channel || gives.size(axis).fits(declared.size(axis)));
    matches!(target, Problem::Body { .. }) && others && gives.is_known()
}

/// The layer with a field that a framework rejects, which may have been meant as a different one.
fn refused_by_a_framework(target: &Problem) -> Option<NodeId> {
    let Problem::Layer { node, fault, .. } = target else { return None };
    match fault.reason {
        Reason::OutputPadding { .. }
        | Reason::OutputPaddingStride { .. }
        | Reason::Negative { .. }
        | Reason::Exclusive { .. }
        | Reason::NotInDialect { .. } => Some(*node),
        _ => None,
    }
}

/// Edits of the kinds that were done before.
fn candidates(graph: &Graph, checked: &Checked, problem: &Problem, done: &[Edit]) -> Candidates {
    let mut found = Candidates::default();
    if let Problem::Layer { node, op, inputs, fault } = problem
        && let Reason::Channels { .. } | Reason::Features { .. } | Reason::Elements { .. } | Reason::NormShape { .. } =
            fault.reason
    {
        refused::at_the_layer(graph, *node, op, inputs, fault, &mut found);
    }
    if done.iter().all(|edit| matches!(edit, Edit::Formula { .. })) {
        formulas::edits(graph, &mut found);
    }
    if done.iter().any(Edit::is_argument) {
        arguments::candidates(graph, problem).into_iter().for_each(|one| found.push(one.edits, one.cost));
    }
    if done.iter().all(is_insert) {
        other_layers::edits(graph, checked, problem, &mut found);
        stages::edits(graph, checked, problem, &mut found);
    }
    if done.iter().all(|edit| matches!(edit, Edit::Channels { .. })) {
        channels::edits(graph, checked, problem, &mut found);
    }
    if !done.iter().any(|edit| matches!(edit, Edit::Input { .. })) {
        for goal in goals(graph, checked, problem) {
            for need in needs(graph, checked, &goal).iter().take(MOST_LAYERS) {
                layers::edits(graph, checked, need, &goal, &mut found);
            }
        }
    }
    found
}

fn is_insert(edit: &Edit) -> bool {
    matches!(edit, Edit::Insert { .. })
}
