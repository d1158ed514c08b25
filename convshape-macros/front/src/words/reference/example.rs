//! The example of a layer as a chain.

use convshape_arith::op::{AxisOrder, Dialect, Op};
use convshape_arith::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;

use super::super::rules::{ExampleInput, SPATIAL};
use super::super::{LayerWords, Positional};
use crate::diagnose::{self, Level, Report, Sink};
use crate::graph::Graph;
use crate::{check, fix, parse, resolve};

/// The example in a dialect, for a number of spatial axes. `changed` is a field with a new value, or with `None` to
/// leave it out.
pub(super) fn source(
    row: &LayerWords,
    name: &str,
    rank: usize,
    dialect: Dialect,
    changed: Option<(&str, Option<&str>)>,
) -> String {
    let example = row.rule.example;
    let input = input(example.input, rank, dialect);
    let fields = example.fields.iter().filter(|(field, _, of)| {
        let has = row.fields.iter().any(|known| known.name == *field && known.dialects.contains(&dialect));
        has && of.contains(&dialect) && changed.is_none_or(|(changed, _)| changed != *field)
    });
    let fields = fields.map(|(field, value, _)| format!("{field}: {value}"));
    let written = changed.and_then(|(field, value)| value.map(|value| format!("{field}: {value}")));
    // The positional part sets a field, which may be the one to change.
    let leads = match (row.positional, changed) {
        (Positional::Field(leading), Some((field, _))) => leading != field,
        _ => true,
    };
    let leading = Some(example.leading.to_owned()).filter(|text| leads && !text.is_empty());
    let arguments: Vec<String> = leading.into_iter().chain(fields).chain(written).collect();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let before = example.before.replace('#', &rank.to_string());
    let (claim, after) = (example.claim, example.after);
    format!(
        "struct Example {{ dialect: {}; lint: allow; input: {input}; {before} l: {name}{arguments} {claim}; {after} output: [_]; }}",
        dialect.name()
    )
}

fn input(input: ExampleInput, rank: usize, dialect: Dialect) -> String {
    let mut sizes = match input {
        ExampleInput::Plain(sizes) => return format!("{sizes:?}"),
        ExampleInput::Image(channels) => vec![channels],
    };
    sizes.extend(&SPATIAL[..rank]);
    if dialect.order() == AxisOrder::ChannelsLast {
        sizes.rotate_left(1);
    }
    format!("{sizes:?}")
}

/// A chain that was read.
pub(super) struct Read {
    /// Its problems, ignoring its output, because an example does not know its shape.
    pub(super) errors: Vec<String>,
    /// The layer `l`.
    pub(super) op: Option<Op>,
    /// Its inputs.
    pub(super) inputs: Vec<Shape>,
    /// Its output.
    pub(super) shape: Option<Shape>,
}

pub(super) fn read(source: &str) -> Read {
    let mut sink = Sink::default();
    let (chain, faults) = parse::parse(source.parse::<TokenStream>().expect("tokens"));
    for fault in &faults {
        sink.push(Report::from(fault));
    }
    let chain = chain.expect("a chain");
    let graph: Graph = resolve::resolve(&quote!(::convshape), &chain, &mut sink);
    let checked = check::check(&graph);
    for problem in checked.problems.iter().filter(|problem| !matches!(problem, check::Problem::Output { .. })) {
        sink.push(diagnose::describe(&graph, &checked, problem, &fix::Found::default()));
    }
    let findings = sink.into_findings().into_iter();
    let errors = findings.filter(|finding| finding.level == Level::Error).map(|finding| finding.message);
    let errors = errors.collect();
    let layer = graph.nodes.iter().position(|node| node.name == "l");
    let op = layer.and_then(|layer| checked.ops[layer]);
    let inputs = layer.into_iter().flat_map(|layer| &graph.nodes[layer].inputs);
    let inputs = inputs.filter_map(|value| checked.shapes[*value]).collect();
    Read { errors, op, inputs, shape: layer.and_then(|layer| checked.shapes[graph.value(layer)]) }
}

/// The layer of a row's example, with its numbers filled in.
pub(super) fn op(row: &LayerWords, dialect: Dialect) -> Option<Op> {
    let rank = if row.ranks.is_empty() || row.ranks.contains(&2) { 2 } else { row.ranks[0] };
    let name = row.name((!row.ranks.is_empty()).then_some(rank));
    read(&source(row, &name, rank, dialect, None)).op
}
