//! Counts inside a block or a repeat that follow from its parameters or variables: `to` where a number would be right
//! in one use alone.

use super::Edit;
use super::candidates::Candidates;
use super::edit::{Formula, counts, is_of_rows};
use crate::fields::Setting;
use crate::graph::{Graph, NodeId};

/// The largest factor of a parameter in a suggested formula.
const MOST_TIMES: i64 = 8;

/// How much cheaper a parameter with the field's own name is: `stride: stride`.
const NAMED_SO: u32 = 18;

/// For each candidate that writes one number into a statement of a block or repeat, those that write what it follows
/// from.
pub(super) fn edits(graph: &Graph, found: &mut Candidates) {
    let numbers: Vec<(NodeId, &'static str, i64, u32)> = found
        .single()
        .filter_map(|(edit, cost)| {
            let (node, field, number) = written(graph, edit)?;
            (!graph.nodes[node].writing.variables.is_empty()).then_some((node, field, number, cost))
        })
        .collect();
    for (node, field, number, cost) in numbers {
        for (formula, more) in formulas(graph, node, field, number) {
            let now = graph.nodes[node].writing.expression(field);
            let text = formula.to_string();
            if now != Some(text.as_str()) {
                // A parameter that is called like the field is meant for it.
                let less = if text == field { NAMED_SO } else { 1 };
                found.push(vec![Edit::Formula { node, field, formula }], cost.saturating_sub(less) + more);
            }
        }
    }
}

/// The field that an edit changes, and the number that it gets.
fn written(graph: &Graph, edit: &Edit) -> Option<(NodeId, &'static str, i64)> {
    match edit {
        Edit::Channels { node, inputs, outputs } => {
            let now = counts(&graph.nodes[*node]);
            match (now.0 == Some(*inputs), now.1 == *outputs) {
                (false, true) => Some((*node, "in_channels", *inputs)),
                (true, false) | (false, false) if now.0.is_none() => Some((*node, "out_channels", *outputs)),
                (true, false) => Some((*node, "out_channels", *outputs)),
                _ => None,
            }
        }
        Edit::Field { node, field: "channels", setting: Setting::Int(number) } => Some((*node, "channels", *number)),
        Edit::Field { node, field, setting: Setting::Ints { values, axes } } => {
            let even = values[..axes.unwrap_or(1).max(1)].iter().all(|value| *value == values[0]);
            even.then_some((*node, *field, values[0]))
        }
        _ => None,
    }
}

/// What gives a number at a node, each with what it costs more.
fn formulas(graph: &Graph, node: NodeId, field: &str, number: i64) -> Vec<(Formula, u32)> {
    let mut found = Vec::new();
    for (variable, value) in &graph.nodes[node].writing.variables {
        let offer = |found: &mut Vec<(Formula, u32)>, scale: i64, offset: i64, more: u32| {
            found.push((Formula { variable: variable.clone(), scale, offset, halved: false }, more));
        };
        let rows = is_of_rows(field);
        if *value > 0 && number % value == 0 && number / value <= if rows { 1 } else { MOST_TIMES } {
            offer(&mut found, number / value, 0, if number == *value { 0 } else { 3 });
        }
        // Half a kernel or stride keeps what it divides.
        for offset in (0..2).filter(|offset| field == "padding" && number > 0 && (value + offset) / 2 == number) {
            let halved = Formula { variable: variable.clone(), scale: 1, offset, halved: true };
            found.push((halved, 1 + u32::from(offset > 0)));
        }
        // An earlier turn, in which the number was right.
        let origin = graph.nodes[node].origin;
        let first = (0..node).find(|other| graph.nodes[*other].origin == origin);
        let Some((before, there)) = first.and_then(|first| at(graph, first, variable, field)) else { continue };
        let (Some(rise), Some(run)) = (number.checked_sub(there), value.checked_sub(before)) else { continue };
        if run > 0 && rise > 0 && rise % run == 0 {
            let scale = rise / run;
            if let Some(offset) = scale.checked_mul(before).and_then(|part| there.checked_sub(part)).filter(|o| *o > 0)
            {
                offer(&mut found, scale, offset, 0);
            }
        }
    }
    found
}

/// The value of a variable at a node, and the count that the node has there.
fn at(graph: &Graph, node: NodeId, variable: &str, field: &str) -> Option<(i64, i64)> {
    let node = &graph.nodes[node];
    let (_, value) = node.writing.variables.iter().find(|(name, _)| name == variable)?;
    let (into, out) = counts(node);
    let count = match field {
        "in_channels" => into?,
        "out_channels" => out,
        _ => return None,
    };
    Some((*value, count))
}
