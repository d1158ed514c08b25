//! Another argument of a block, or another entry in the list of a repeat. The chain is read again with it.

use convshape_arith::fault::Reason;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::candidates::{Candidate, ancestors, blamed};
use super::edit::{ArgumentPlace, Edit};
use crate::check::Problem;
use crate::graph::{Argument, Graph, Replaced, Use};
use crate::unseen::visible;

/// How many uses of blocks before a mistake are tried, and in how many layers they are looked for.
const MOST_USES: usize = 12;
const MOST_LAYERS: usize = 96;

/// The largest factor between a number and its replacement. A larger one is unlikely to be what was meant.
const MOST_TIMES: i64 = 16;

/// Each trial reads the whole chain again. As many are made as read this many layers in total, within these limits.
const LAYERS_READ: usize = 6_000;
const LEAST_TRIED: usize = 4;
const MOST_TRIED: usize = 48;

/// Other arguments for the uses of blocks near a mistake, the most likely first.
pub(super) fn candidates(graph: &Graph, problem: &Problem) -> Vec<Candidate> {
    if graph.uses.is_empty() {
        return Vec::new();
    }
    let near = ancestors(graph, &blamed(graph, problem), MOST_LAYERS);
    let distance = |used: &Use| {
        let inside = near.iter().filter(|(node, _)| used.nodes.contains(node));
        inside.map(|(_, distance)| *distance).min()
    };
    let mut uses: Vec<(u32, &Use)> = graph.uses.iter().filter_map(|used| Some((distance(used)?, used))).collect();
    uses.sort_by_key(|(distance, _)| *distance);
    let pair = counts(problem, graph);
    let mut found: Vec<Candidate> = Vec::new();
    for (distance, used) in uses.into_iter().take(MOST_USES) {
        if let Some(edit) = swapped(used) {
            found.push(Candidate { edits: vec![edit], cost: 9 + distance.min(10) });
        }
        for argument in &used.arguments {
            let Some(now) = argument.number else {
                found.extend(
                    of_variables(used, argument, pair)
                        .map(|one| Candidate { cost: one.cost + distance.min(10), ..one }),
                );
                continue;
            };
            for (number, cost) in numbers(graph, used, argument.index, now, pair) {
                let replaced = Replaced { origin: used.origin, index: argument.index, number, variable: None };
                let new = !found.iter().any(
                    |known| matches!(&known.edits[0], Edit::Argument { replaced: other, .. } if *other == [replaced]),
                );
                let near = number <= now.saturating_mul(MOST_TIMES) && now <= number.saturating_mul(MOST_TIMES);
                if number > 0 && number != now && new && near {
                    let edits = vec![edit(used, &[replaced])];
                    found.push(Candidate { edits, cost: cost + distance.min(10) });
                }
            }
        }
    }
    found.sort_by_key(|candidate| candidate.cost);
    found.truncate((LAYERS_READ / graph.nodes.len().max(1)).clamp(LEAST_TRIED, MOST_TRIED));
    found
}

/// Numbers that may have been meant for an argument, each with its cost.
fn numbers(graph: &Graph, used: &Use, index: usize, now: i64, pair: Option<(i64, i64)>) -> Vec<(i64, u32)> {
    let mut found = Vec::new();
    if let Some((a, b)) = pair {
        for (a, b) in [(a, b), (b, a)] {
            if now == a {
                found.push((b, 8));
            }
            found.push((now.saturating_add(b.saturating_sub(a)), 14));
            if a > 0 && now.checked_mul(b).is_some_and(|product| product % a == 0) {
                found.push((now.saturating_mul(b) / a, 12));
            }
        }
        return found;
    }
    let turn = |used: &Use| used.entry.map(|entry| entry.turn);
    let other = |other: &&Use| other.block == used.block && (other.origin, turn(other)) != (used.origin, turn(used));
    let column = used.arguments.iter().position(|argument| argument.index == index);
    let same = |other: &Use| match used.entry {
        Some(_) => other.arguments.get(column?)?.number,
        None => other.argument(index)?.number,
    };
    found.extend(graph.uses.iter().filter(other).filter_map(|other| Some((same(other)?, 16))));
    found.extend([now.saturating_add(1), now.saturating_sub(1)].map(|number| (number, 24)));
    found
}

/// Another name, or twice one, for an argument that is written with names: a block inside another block.
fn of_variables<'a>(
    used: &'a Use,
    argument: &'a Argument,
    pair: Option<(i64, i64)>,
) -> impl Iterator<Item = Candidate> + 'a {
    let times = used
        .variables
        .iter()
        .enumerate()
        .flat_map(|(index, variable)| [1, 2].map(|number| (index, number, variable.1.saturating_mul(number))));
    times.filter_map(move |(variable, number, size)| {
        let replaced = Replaced { origin: used.origin, index: argument.index, number, variable: Some(variable) };
        let comes = pair.is_some_and(|(_, comes)| comes == size);
        let cost = if comes { 8 } else { 14 } + if number == 1 { 0 } else { 4 };
        (text(used, &replaced) != argument.text).then(|| Candidate { edits: vec![edit(used, &[replaced])], cost })
    })
}

/// What is written for an argument.
fn text(used: &Use, replaced: &Replaced) -> String {
    match replaced.variable.and_then(|index| used.variables.get(index)) {
        None => replaced.number.to_string(),
        Some((name, _)) if replaced.number == 1 => name.clone(),
        Some((name, _)) => format!("{} * {name}", replaced.number),
    }
}

/// Two positional numbers, swapped.
fn swapped(used: &Use) -> Option<Edit> {
    let mut given = used.arguments.iter().filter(|argument| argument.name.is_none());
    let (a, b) = (given.next()?, given.next()?);
    let (first, second) = (a.number?, b.number?);
    let replaced = |index, number| Replaced { origin: used.origin, index, number, variable: None };
    (first != second).then(|| edit(used, &[replaced(a.index, second), replaced(b.index, first)]))
}

/// Other numbers for arguments: for one of them, or for some of the positional ones.
fn edit(used: &Use, replaced: &[Replaced]) -> Edit {
    let named = replaced.iter().find_map(|replaced| used.argument(replaced.index)?.name.as_ref());
    let written = |argument: &Argument| match replaced.iter().find(|replaced| replaced.index == argument.index) {
        Some(replaced) => text(used, replaced),
        None => argument.text.clone(),
    };
    let positional = used.arguments.iter().filter(|argument| argument.name.is_none()).map(written);
    let (place, text) = match (named, &used.entry) {
        (Some(name), _) => {
            let text = replaced.first().map_or_else(String::new, |one| text(used, one));
            (ArgumentPlace::Named(name.clone()), text)
        }
        (None, entry) => {
            let texts: Vec<String> = positional.collect();
            let text = texts.join(", ");
            match entry {
                Some(entry) if texts.len() > 1 => (ArgumentPlace::Entry(entry.turn), format!("({text})")),
                Some(entry) => (ArgumentPlace::Entry(entry.turn), text),
                None => (ArgumentPlace::Leading, text),
            }
        }
    };
    Edit::Argument { replaced: replaced.to_vec(), statement: used.statement.clone(), place, text }
}

/// The counts in a problem: the expected one and the actual one.
pub(super) fn counts(problem: &Problem, graph: &Graph) -> Option<(i64, i64)> {
    let last = |shape: &Shape| shape.size(shape.rank().saturating_sub(1)).number();
    let channel = |shape: &Shape| shape.size(graph.order().channel(shape.rank())).number();
    let pair = match problem {
        Problem::Layer { fault, .. } => match fault.reason {
            Reason::Channels { expected, found } => found.number().map(|found| (expected, found)),
            Reason::Features { expected, found } => last(&found).map(|found| (expected, found)),
            Reason::Elements { from, to } => {
                let count = |shape: &Shape| shape.elements().ok().and_then(Size::number);
                count(&to).zip(count(&from))
            }
            Reason::Join { first, other, .. } => channel(&first).zip(channel(&other)),
            _ => None,
        },
        Problem::Output { output, found } => channel(&visible(&graph.outputs[*output].shape)).zip(channel(found)),
        Problem::Restores { found, wanted, .. } => channel(wanted).zip(channel(found)),
        Problem::Comment { found, written, .. } => channel(written).zip(channel(found)),
        Problem::Body { input, output, .. } => channel(input).zip(channel(output)),
        _ => None,
    };
    pair.filter(|(wanted, there)| wanted != there)
}
