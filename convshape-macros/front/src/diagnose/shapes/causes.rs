//! The formula with its numbers, and the layers upstream that lost rows.

use convshape_arith::explain;
use convshape_arith::layer::{AxisMap, axis_name};
use convshape_arith::op::Op;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::text::Text;

use super::{Context, Report};
use crate::graph::{NodeId, ValueId};

/// A stride drops fewer rows than this.
const MOST_ROWS: usize = 256;

/// How many of the layers that lost rows are named.
const MOST_CAUSES: usize = 2;

impl Context<'_> {
    /// The formulas for the axes on which a value is wrong, from the layer that gave it its size. Axes with equal
    /// numbers are shown once.
    pub(super) fn arithmetic(&self, mut report: Report, value: ValueId, found: &Shape, wanted: &Shape) -> Report {
        let graph = self.graph;
        let order = graph.order();
        let Some((node, input)) = self.shaper(value) else { return report };
        let mut shown: Vec<String> = Vec::new();
        for axis in 0..found.rank().saturating_sub(1) {
            let place = order.spatial(axis);
            if found.rank() == wanted.rank() && found.size(place).fits(wanted.size(place)) {
                continue;
            }
            let (next, text) = self.formula(report.clone(), node, &input, axis);
            let Some(text) = text else { continue };
            let numbers = text.split_once(": ").map_or(text.clone(), |(_, numbers)| numbers.to_owned());
            if !shown.contains(&numbers) {
                shown.push(numbers);
                report = next;
            }
        }
        match self.checked.ops.get(node) {
            Some(Some(op)) => self.in_words_of_the_dialect(report, op, &input, Some(wanted)),
            _ => report,
        }
    }

    /// Adds a note if the fields mean something else in another framework and that explains the error.
    pub(super) fn in_words_of_the_dialect(
        &self,
        report: Report,
        op: &Op,
        input: &Shape,
        wanted: Option<&Shape>,
    ) -> Report {
        let mut text = Text::new();
        if explain::dialect_note(&mut text, op, input, wanted, self.graph.order()) {
            report.note(text.as_str())
        } else {
            report
        }
    }

    /// The layer that last changed the sizes of a value, and its input.
    pub(super) fn shaper(&self, value: ValueId) -> Option<(NodeId, Shape)> {
        let mut node = self.graph.producer(value)?;
        loop {
            let op = self.checked.ops.get(node)?.as_ref()?;
            let input_value = *self.graph.nodes[node].inputs.first()?;
            let input = (*self.checked.shapes.get(input_value)?)?;
            if !op.keeps_shape() {
                return Some((node, input));
            }
            node = self.graph.producer(input_value)?;
        }
    }

    pub(super) fn formula(&self, report: Report, node: NodeId, input: &Shape, axis: usize) -> (Report, Option<String>) {
        match self.checked.ops.get(node) {
            Some(Some(op)) => self.formula_of(report, op, input, axis),
            _ => (report, None),
        }
    }

    pub(super) fn formula_of(&self, report: Report, op: &Op, input: &Shape, axis: usize) -> (Report, Option<String>) {
        let mut text = Text::new();
        if explain::arithmetic(&mut text, op, input, self.graph.order(), axis) {
            (report.line(text.as_str()), Some(text.as_str().to_owned()))
        } else {
            (report, None)
        }
    }

    /// Names the layers upstream whose rounding gave different sizes the same result. If one layer must change, these
    /// are the layers that took its size.
    pub(super) fn lost_above(
        &self,
        report: Report,
        values: &[ValueId],
        found: &Shape,
        wanted: &Shape,
        changed: Option<NodeId>,
    ) -> Report {
        let mut seen: Vec<NodeId> = Vec::new();
        let mut front: Vec<ValueId> = values.to_vec();
        while let Some(value) = front.pop() {
            let Some(node) = self.graph.producer(value) else { continue };
            if seen.contains(&node) || seen.len() > 200 {
                continue;
            }
            seen.push(node);
            front.extend(&self.graph.nodes[node].inputs);
        }
        seen.retain(|node| Some(*node) != changed);
        // The first one that lost rows, in the order of the chain.
        seen.sort_unstable();
        let notes = |given: Option<&Shape>| -> Vec<String> {
            seen.iter().filter_map(|node| self.lost_by(*node, found, wanted, given)).take(MOST_CAUSES).collect()
        };
        let given = changed.and_then(|node| self.checked.shapes[self.graph.value(node)]);
        let undone = given.map(|given| notes(Some(&given))).filter(|notes| !notes.is_empty());
        undone.unwrap_or_else(|| notes(None)).into_iter().fold(report, Report::note)
    }

    /// `with stride 2, heights 27 and 28 both become 12 in enc1`, if that holds on an axis on which two shapes differ,
    /// and if a size that is `given` is one of them.
    pub(super) fn lost_by(&self, node: NodeId, found: &Shape, wanted: &Shape, given: Option<&Shape>) -> Option<String> {
        let order = self.graph.order();
        let op = self.checked.ops.get(node)?.as_ref()?;
        let input = (*self.checked.shapes.get(*self.graph.nodes[node].inputs.first()?)?)?;
        let spatial = input.rank().saturating_sub(1);
        (0..spatial).find_map(|axis| {
            let place = order.spatial(axis);
            if found.rank() == wanted.rank() && found.size(place).fits(wanted.size(place)) {
                return None;
            }
            let AxisMap::Window(window) = op.axis_map(&input, order, axis).ok()?? else { return None };
            let rows = input.size(place).number()?;
            // Borders may depend on the size, as those of `same` do.
            let gives = |rows: i64| {
                let shape = op.output(&[input.with(place, Size::Number(rows))], order).ok()?;
                shape.size(place).number()
            };
            let output = gives(rows)?;
            let same = |rows: &i64| gives(*rows) == Some(output);
            let low = (1..=rows).rev().take(MOST_ROWS).take_while(same).last()?;
            let high = (rows..).take(MOST_ROWS).take_while(same).last()?;
            let same_rank = given.filter(|given| given.rank() == input.rank());
            let size = same_rank.and_then(|given| given.size(place).number());
            if size.is_some_and(|size| !(low..=high).contains(&size)) {
                return None;
            }
            // A value that is too small lost rows here; one that is too large got rows that were never there. Sizes
            // that are far apart differ for another reason.
            let (found, wanted) = match found.rank() == wanted.rank() {
                true => (found.size(place).number()?, wanted.size(place).number()?),
                false => (0, 1),
            };
            let blameless = if found < wanted { rows == low } else { rows == high };
            let apart = found.abs_diff(wanted) > 1
                && found.abs_diff(wanted).saturating_mul(2) >= found.max(wanted).unsigned_abs();
            if window.ceil || blameless || low == high || apart {
                return None;
            }
            let range = if high == low + 1 { format!("{low} and {high} both") } else { format!("{low} to {high} all") };
            Some(format!(
                "with stride {}, {}s {range} become {output} in `{}`",
                window.stride,
                axis_name(axis, spatial),
                self.name(node),
            ))
        })
    }
}
