//! Other input sizes: the axes in another order, or the nearest sizes that work.

use convshape_arith::op::MAX_SPATIAL;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::candidates::{REACH, wrongness};
use super::{Edit, Search};
use crate::check::{Problem, check};
use crate::unseen::visible;

/// Other input sizes: the axes in another order, or the nearest sizes that work.
pub(super) fn input_sizes(search: &mut Search<'_>) {
    for input in 0..search.graph.inputs.len() {
        let shape = search.graph.inputs[input].shape;
        if visible(&shape) != shape {
            // What it comes to is known to const evaluation only.
            continue;
        }
        permutations(search, input);
        nearest_sizes(search, input);
        other_forms(search, input);
    }
}

/// Sizes `a*h + b` with another remainder, or with a multiple of `a`.
fn other_forms(search: &mut Search<'_>, input: usize) {
    const MULTIPLES: [i64; 12] = [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64];
    let shape = search.graph.inputs[input].shape;
    let order = search.graph.order();
    let mut best = shape;
    for axis in 0..shape.rank().saturating_sub(1) {
        let place = order.spatial(axis);
        let Size::Symbolic { scale, symbol, offset } = shape.size(place) else { continue };
        let forms = MULTIPLES.iter().flat_map(|multiple| {
            let scale = scale.saturating_mul(*multiple);
            let remainders = [offset].into_iter().chain((0..scale.min(REACH)).filter(move |other| *other != offset));
            remainders.map(move |offset| Size::Symbolic { scale, symbol, offset })
        });
        // The simplest form that leaves the fewest things wrong.
        let mut fewest = check(&Edit::Input { input, shape: best }.apply(search.graph)).problems.len();
        let start = best;
        for form in forms {
            let candidate = start.with(place, form);
            let wrong = check(&Edit::Input { input, shape: candidate }.apply(search.graph)).problems.len();
            if wrong < fewest {
                (best, fewest) = (candidate, wrong);
            }
            if wrong == 0 {
                break;
            }
        }
    }
    if best != shape {
        search.offer(Edit::Input { input, shape: best }, 20);
    }
}

fn permutations(search: &mut Search<'_>, input: usize) {
    let shape = search.graph.inputs[input].shape;
    let rank = shape.rank();
    if rank < 2 {
        return;
    }
    // Channels last read as channels first, and the reverse.
    let rotated = |by: usize| {
        let sizes: Vec<Size> = (0..rank).map(|axis| shape.size((axis + by) % rank)).collect();
        Shape::new(&sizes, shape.scope())
    };
    for permuted in [rotated(rank - 1), rotated(1)] {
        if permuted != shape {
            search.offer(Edit::Input { input, shape: permuted }, 4);
        }
    }
}

fn nearest_sizes(search: &mut Search<'_>, input: usize) {
    let graph = search.graph;
    let order = graph.order();
    let shape = graph.inputs[input].shape;
    let rank = shape.rank().saturating_sub(1);
    // The sizes that stand elsewhere in the chain are likely ones.
    let mut known: Vec<i64> = Vec::new();
    for declared in
        graph.outputs.iter().map(|output| &output.shape).chain(graph.inputs.iter().map(|input| &input.shape))
    {
        known.extend(declared.sizes().iter().filter_map(|size| size.number()).filter(|size| *size > 0));
    }
    let mut best = shape;
    let mut left = Some(search.problem.clone());
    for axis in 0..rank.min(MAX_SPATIAL) {
        let place = order.spatial(axis);
        let Size::Number(now) = shape.size(place) else { return };
        // An axis that fits is left alone, where it is known which ones do not.
        if left.as_ref().is_none_or(|problem| wrongness(search, problem, axis) == Some(0)) {
            continue;
        }
        let mut tries: Vec<i64> = (1..=REACH)
            .flat_map(|step| [now.saturating_add(step), now.saturating_sub(step)])
            .chain(known.clone())
            .collect();
        tries.retain(|size| *size > 0 && *size != now);
        // Of the sizes that mend this axis the one that leaves the least wrong, the nearest first.
        let mut found: Option<(usize, Shape, Option<Problem>)> = None;
        for size in tries {
            let candidate = best.with(place, Size::Number(size));
            let (problem, after) = search.left_by(&Edit::Input { input, shape: candidate });
            if problem.as_ref().is_some_and(|problem| !better(search, problem, axis)) {
                continue;
            }
            let wrong = after.problems.len();
            if found.as_ref().is_none_or(|(fewest, ..)| wrong < *fewest) {
                found = Some((wrong, candidate, problem));
            }
            if wrong == 0 {
                break;
            }
        }
        if let Some((_, candidate, problem)) = found {
            best = candidate;
            left = problem;
        }
    }
    if best != shape {
        let cost = farthest(&best, &shape);
        search.offer(Edit::Input { input, shape: best }, 28 + cost);
        sizes_that_work(search, input, &best);
    }
    // Sizes that only count together: a square stays one.
    let Some(now) = shape.size(order.spatial(0)).number() else { return };
    if rank == 0 || (1..rank).any(|axis| !shape.size(order.spatial(axis)).same(Size::Number(now))) {
        return;
    }
    for size in (1..=REACH)
        .flat_map(|step| [now.saturating_add(step), now.saturating_sub(step)])
        .chain(known)
        .filter(|size| *size > 0)
    {
        let mut square = shape;
        for axis in 0..rank {
            square = square.with(order.spatial(axis), Size::Number(size));
        }
        let cost = farthest(&square, &shape);
        if search.offer(Edit::Input { input, shape: square }, 28 + cost) {
            break;
        }
    }
}

/// The nearest sizes on both sides of the one written that work as well as the best one found.
fn sizes_that_work(search: &mut Search<'_>, input: usize, best: &Shape) {
    let order = search.graph.order();
    let shape = search.graph.inputs[input].shape;
    // Nothing may be wrong then that has another cause.
    let right = |search: &Search<'_>, candidate: Shape| {
        let after = check(&Edit::Input { input, shape: candidate }.apply(search.graph));
        after.problems.iter().all(|problem| search.others.contains(&problem.place()))
    };
    for axis in 0..shape.rank().saturating_sub(1) {
        let place = order.spatial(axis);
        let (Some(now), Some(mended)) = (shape.size(place).number(), best.size(place).number()) else { continue };
        if now == mended {
            continue;
        }
        let works = |size: &i64| *size > 0 && right(search, best.with(place, Size::Number(*size)));
        let below = (1..=REACH).map(|step| now.saturating_sub(step)).find(works);
        let above = (1..=REACH).map(|step| now.saturating_add(step)).find(works);
        if let (Some(below), Some(above)) = (below, above) {
            let name = convshape_arith::layer::axis_name(axis, shape.rank() - 1);
            search.notes.push(format!("the nearest {name}s that work are {below} and {above}"));
        }
    }
}

/// Whether a problem that is left is right on an axis on which it was wrong.
fn better(search: &Search<'_>, left: &Problem, axis: usize) -> bool {
    let before = wrongness(search, search.problem, axis);
    before != Some(0) && before.is_some() && wrongness(search, left, axis) == Some(0)
}

fn farthest(a: &Shape, b: &Shape) -> u32 {
    let steps = a.sizes().iter().zip(b.sizes()).filter_map(|(a, b)| Some(a.number()?.abs_diff(b.number()?)));
    u32::try_from(steps.max().unwrap_or(0)).unwrap_or(u32::MAX).min(200) / 4
}
