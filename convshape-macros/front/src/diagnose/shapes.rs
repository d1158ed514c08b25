//! Shapes that do not fit: the title, the formula with its numbers, the cause upstream, the fixes.

mod causes;
mod hints;

use convshape_arith::code;
use convshape_arith::explain;
use convshape_arith::fault::{Fault, Reason};
use convshape_arith::layer::axis_name;
use convshape_arith::op::{AxisOrder, Conv, Op, Padding};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::solve::{self, AxisField};
use convshape_arith::text::Text;
use proc_macro2::Span;

use super::Report;
use crate::check::{Checked, Problem};
use crate::fields::Setting;
use crate::fix::{ArgumentPlace, Edit, Fix, Found, ancestors, blamed};
use crate::graph::{Graph, NodeId, Recipe, Use};
use crate::unseen::visible;
use crate::words::with_rank;

/// Puts one problem into words.
pub(crate) fn describe(graph: &Graph, checked: &Checked, problem: &Problem, found: &Found) -> Report {
    let fixes = found.fixes.as_slice();
    let context = Context { graph, checked };
    let report = context.title(problem, fixes);
    let report = context.details(report, problem, found);
    let report = context.hints(report, problem, fixes);
    let report = match context.first_run(problem) {
        Some(note) => report.note(note),
        None => report,
    };
    let report = context.assumed(problem).into_iter().fold(report, Report::note);
    let report = in_more_uses(report, graph, problem, found.more);
    let report = found.notes.iter().fold(report, Report::note);
    let joint = context.at_the_joint(problem).filter(|_| fixes.is_empty());
    let report = joint.iter().fold(report, Report::note);
    let report = fixes.iter().fold(report, |report, fix| match fix.is_likely(graph) {
        true => report.edit(fix.words(graph)),
        false => report.help(fix.words(graph)),
    });
    let report = found.advice.iter().fold(report, Report::help);
    if let Some(used) = context.wrong_use(problem, found) {
        return context.at_use(report, problem, used);
    }
    match context.guilty(problem, fixes) {
        Some(span) => report.at(span),
        None => report,
    }
}

/// Says that other uses of a block, or other passes of a repeat, have the same mistake.
fn in_more_uses(report: Report, graph: &Graph, problem: &Problem, more: usize) -> Report {
    let block = problem.node().and_then(|node| graph.nodes[node].writing.block.as_deref());
    match (block, more) {
        (_, 0) => report,
        (Some(block), 1) => report.note(format_args!("the same in 1 more use of `{block}`")),
        (Some(block), _) => report.note(format_args!("the same in {more} more uses of `{block}`")),
        (None, 1) => report.note("the same in 1 more turn"),
        (None, _) => report.note(format_args!("the same in {more} more turns")),
    }
}

struct Context<'a> {
    graph: &'a Graph,
    checked: &'a Checked,
}

impl Context<'_> {
    /// The input of a layer's first run.
    fn first_run(&self, problem: &Problem) -> Option<String> {
        let Problem::Layer { node, .. } = problem else { return None };
        let first = self.graph.nodes[*node].first_run?;
        let took = self.checked.shapes.get(self.graph.nodes[first].inputs[0]).copied().flatten()?;
        let (name, first) = (self.name(*node), self.name(first));
        Some(format!("`{name}` runs `{first}` again, with its parameters: `{first}` took {}", visible(&took)))
    }

    /// The misspelt words that the message takes as others.
    fn assumed(&self, problem: &Problem) -> Vec<String> {
        let graph = self.graph;
        let mut notes: Vec<String> = Vec::new();
        for (node, _) in ancestors(graph, &blamed(graph, problem), graph.nodes.len()) {
            let Some((word, read)) = &graph.nodes[node].writing.misspelt else { continue };
            let note = format!("`{word}` on line {} is taken as `{read}` here", word.span().start().line);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes
    }

    fn name(&self, node: NodeId) -> &str {
        &self.graph.nodes[node].name
    }

    fn title(&self, problem: &Problem, fixes: &[Fix]) -> Report {
        let graph = self.graph;
        let mut text = Text::new();
        match problem {
            Problem::Input { input, fault } => {
                let port = &graph.inputs[*input];
                explain::input(&mut text, &visible(&port.shape), fault);
                Report::new(explain::input_code(fault), port.span, text.as_str())
            }
            Problem::Layer { node, op, inputs, fault } => {
                let names: Vec<&str> = graph.nodes[*node].inputs.iter().map(|value| graph.value_name(*value)).collect();
                explain::title(&mut text, self.name(*node), fault, inputs, graph.order(), &names);
                // The activation is a field of the layer.
                let follows = graph.nodes[*node].activation == Some(*op);
                let field = if follows { Some("activation") } else { fault.reason.field() };
                let span = graph.nodes[*node].spans.of(field);
                Report::new(fault.reason.code(op), span, text.as_str())
            }
            Problem::Restores { node, found, wanted } => {
                let restores = graph.nodes[*node].restores.as_ref();
                let (name, span) = restores.map_or(("", Span::call_site()), |of| (&of.name, of.span));
                explain::restores(&mut text, self.name(*node), name, found, wanted);
                Report::new(code::RESTORES, span, text.as_str())
            }
            Problem::Comment { node, found, written } => {
                let span = graph.nodes[*node].comment.map_or(Span::call_site(), |(_, span)| span);
                explain::comment(&mut text, self.name(*node), found, written);
                Report::new(code::COMMENT, span, text.as_str())
            }
            Problem::Output { output, found } => {
                let declared = &graph.outputs[*output];
                let gives = |node: &NodeId| self.checked.shapes[graph.value(*node)] == Some(*found);
                let value = self.to_change(fixes).filter(gives).map(|node| graph.value(node)).or(declared.value);
                let giver = value.map_or("the chain", |value| graph.value_name(value));
                explain::output(&mut text, giver, found, &declared.name, &visible(&declared.shape));
                Report::new(code::OUTPUT, declared.span, text.as_str())
            }
            Problem::Body { body, input, output } => {
                let body = &graph.bodies[*body];
                explain::body(&mut text, &body.name, input, output);
                Report::new(code::REPEAT_SHAPE, body.span, text.as_str())
            }
            Problem::NoTarget { node } => Report::new(
                code::NO_TARGET,
                self.hole_span(*node),
                format!("nothing says what `{}` must give", self.name(*node)),
            )
            .help("write its output shape after it (`-> [16, 14, 14]`), or `restores` and a layer's name"),
            Problem::Hole { node, target, solutions } => {
                let span = self.hole_span(*node);
                let name = self.name(*node);
                explain::hole(&mut text, name, target, solutions.len());
                if solutions.is_empty() {
                    return self.nothing_fills(Report::new(code::NO_SOLUTION, span, text.as_str()), *node, target);
                }
                let report = Report::new(code::AMBIGUOUS, span, text.as_str());
                solutions.iter().fold(report, |report, filling| {
                    let fields: Vec<String> =
                        filling.iter().map(|(field, value)| format!("{field}: {value}")).collect();
                    match filling.as_slice() {
                        [(field, value)] => report.edit(format_args!("in `{name}`, set `{field}: {value}`")),
                        _ => report.note(format_args!("`{}`", fields.join(", "))),
                    }
                })
            }
            Problem::Lossy { node, axis, rows, input } => {
                let spatial = input.rank().saturating_sub(1);
                let rows = if *rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
                let message =
                    format!("`{}` drops {rows} on {} that nothing reads", self.name(*node), axis_name(*axis, spatial));
                Report::new(code::LOSSY, graph.nodes[*node].spans.of(Some("stride")), message)
            }
            Problem::Unread { node } => {
                let message = format!("nothing reads `{}`", self.name(*node));
                let report = Report::new(code::UNREAD, graph.nodes[*node].spans.op.span(), message);
                match &graph.nodes[*node].recipe {
                    // It is easily taken for the previous statement.
                    Recipe::Given(Op::Source { .. }) => report.help(format_args!(
                        "a statement that reads nothing is not the previous one: read it by name, `.. from {}`",
                        self.name(*node)
                    )),
                    _ => report,
                }
            }
        }
    }

    /// The first `_` of a layer.
    fn hole_span(&self, node: NodeId) -> Span {
        let node = &self.graph.nodes[node];
        node.spans.of(node.holes.first().map(|hole| hole.field()))
    }

    /// The nearest sizes that the hole can give, and the uneven padding that would work.
    fn nothing_fills(&self, report: Report, node: NodeId, target: &Shape) -> Report {
        let (name, order) = (self.name(node), self.graph.order());
        let input = self.checked.shapes.get(self.graph.nodes[node].inputs[0]).copied().flatten();
        let (Some(Some(op)), Some(input)) = (self.checked.ops.get(node), input) else { return report };
        let open = self.graph.nodes[node].open();
        let mut text = Text::new();
        explain::nearest_fillings(&mut text, op, &open, &input, target, order);
        let report = text.as_str().lines().filter(|line| !line.is_empty()).fold(report, Report::line);
        let padded =
            (open == [AxisField::Padding]).then(|| solve::suggested_padding(op, &input, order, target)).flatten();
        match padded {
            Some(Op::Conv(Conv { padding: Padding::Pairs(values), rank, .. })) => {
                let setting = Setting::Pairs { values, axes: Some(rank) };
                report.edit(format_args!("in `{name}`, set `padding: {setting}`"))
            }
            _ => report,
        }
    }

    /// The formula, and the layer that lost the rows.
    fn details(&self, report: Report, problem: &Problem, found: &Found) -> Report {
        // A stride is the cause if a different input, or adding rows back, fixes it.
        let lost = found.fixes.is_empty() || found.fixes.iter().any(Fix::restores_rows);
        // If one layer must change in another way, a layer above it is not the cause.
        let first = found.fixes.first().filter(|fix| !fix.restores_rows());
        let changed = first.and_then(Fix::only).and_then(Edit::node);
        let advised = !found.fixes.is_empty() || !found.advice.is_empty();
        match problem {
            Problem::Input { input, fault } => {
                let mut text = Text::new();
                explain::input_lines(&mut text, fault, self.graph.inputs[*input].shape.scope());
                lines(report, &text, advised)
            }
            Problem::Layer { node, op, inputs, .. } => {
                let report = self.refusal(report, problem, lost, advised);
                let restored = self.graph.nodes[*node].restores.as_ref();
                let wanted = restored.and_then(|of| *self.checked.shapes.get(of.input)?);
                self.in_words_of_the_dialect(report, op, &inputs[0], wanted.as_ref())
            }
            Problem::Restores { node, found, wanted } => {
                let restored = self.graph.nodes[*node].restores.as_ref().and_then(|of| of.node);
                let report = self.arithmetic(report, self.graph.value(*node), found, wanted);
                match restored.and_then(|of| self.lost_by(of, found, wanted, None)).filter(|_| lost) {
                    Some(note) => report.note(note),
                    None => report,
                }
            }
            Problem::Comment { node, found, written } => {
                let value = self.graph.value(*node);
                let report = self.arithmetic(report, value, found, written);
                if lost { self.lost_above(report, &[value], found, written, changed) } else { report }
            }
            Problem::Output { output, found: gives } => {
                let declared = &self.graph.outputs[*output];
                let Some(value) = declared.value else { return report };
                let report = self.arithmetic(report, value, gives, &declared.shape);
                let changed = self.to_change(&found.fixes).or(changed);
                if lost { self.lost_above(report, &[value], gives, &declared.shape, changed) } else { report }
            }
            Problem::Lossy { node, axis, input, .. } => self.formula(report, *node, input, *axis).0,
            Problem::Body { .. } | Problem::NoTarget { .. } | Problem::Hole { .. } | Problem::Unread { .. } => report,
        }
    }

    fn refusal(&self, report: Report, problem: &Problem, lost: bool, advised: bool) -> Report {
        let Problem::Layer { node, op, inputs, fault } = problem else { return report };
        let node = *node;
        let graph = self.graph;
        match fault.reason {
            Reason::KernelTooLarge { .. } | Reason::EmptyOutput { .. } => {
                let mut text = Text::new();
                explain::refusal(&mut text, op, fault, inputs, graph.order());
                lines(report, &text, advised)
            }
            Reason::Join { first, other, axis, .. } => self.joined(report, node, axis, &first, &other, lost),
            Reason::Rank { found, .. } if !advised => {
                let name = graph.nodes[node].spans.op.to_string();
                let there = with_rank(&name, found.rank().saturating_sub(1));
                if !(2..=4).contains(&found.rank()) || there == name {
                    return report;
                }
                report.help(format_args!("for {found} it is `{there}`"))
            }
            Reason::Tokens { found, .. } | Reason::TokenFeatures { found, .. }
                if found.rank() >= 3 && is_map(fault, advised, graph.order()) =>
            {
                let flat = match graph.order() {
                    AxisOrder::ChannelsFirst => "`Flatten(from: 1);` and `Permute(1, 0);`",
                    AxisOrder::ChannelsLast => "`Flatten(from: 0, to: -2);`",
                };
                report.help(format_args!("positions become tokens with {flat} before it"))
            }
            Reason::NamedRank { found, .. } if !advised => {
                let name = graph.nodes[node].spans.op.to_string();
                let axes = found.rank().saturating_sub(1);
                let there = with_rank(&name, axes);
                if !(1..=3).contains(&axes) || there == name {
                    return report;
                }
                report.help(format_args!("for {found} it is `{there}`"))
            }
            Reason::Features { found, expected } => self.features(report, node, &found, expected),
            Reason::Weight { expected, found } if found.rank() != expected.rank() && !advised => {
                report.help("a second value is read as the weight: to read both, join them first with `Concat(a, b);`")
            }
            _ => report,
        }
    }

    /// The axis on which two operands differ, and the layers that lost the rows.
    fn joined(
        &self,
        report: Report,
        node: NodeId,
        axis: Option<usize>,
        first: &Shape,
        other: &Shape,
        lost: bool,
    ) -> Report {
        let order = self.graph.order();
        let report = match axis {
            Some(place) if place != order.channel(first.rank()) => {
                let spatial = (0..first.rank()).find(|spatial| order.spatial(*spatial) == place);
                let mut text = Text::new();
                text.str(axis_name(spatial.unwrap_or(0), first.rank().saturating_sub(1)))
                    .str(": ")
                    .size(first.size(place), first.scope())
                    .str(" meets ")
                    .size(other.size(place), other.scope());
                report.line(text.as_str())
            }
            _ => report,
        };
        if !lost {
            return report;
        }
        // The smaller of the two has lost rows.
        let less = axis.is_some_and(|place| first.size(place).number() < other.size(place).number());
        let (small, large) = if less { (first, other) } else { (other, first) };
        self.lost_above(report, &self.graph.nodes[node].inputs, small, large, None)
    }

    /// Where the features of a linear layer come from: the sizes that were flattened, or should be.
    fn features(&self, report: Report, node: NodeId, found: &Shape, expected: i64) -> Report {
        let graph = self.graph;
        let Some(flatten) = graph.nodes[node].inputs.first().and_then(|value| graph.producer(*value)) else {
            return report;
        };
        if let (Some(Some(Op::FLATTEN)), Some(Some(before))) =
            (self.checked.ops.get(flatten), self.checked.shapes.get(graph.nodes[flatten].inputs[0]))
            && let Some(features) = found.size(0).number()
        {
            return report.line(format!("{} = {features}, not {expected}", product(before)));
        }
        match found.elements() {
            Ok(Size::Number(elements)) if elements == expected && found.rank() > 1 => {
                report.note(format_args!("{} = {expected}: all axes together are what it takes", product(found)))
            }
            _ => report,
        }
    }

    /// The layer that must change, if every fix changes a field of that one.
    fn to_change(&self, fixes: &[Fix]) -> Option<NodeId> {
        let node = fixes.first()?.only()?.node()?;
        fixes.iter().all(|fix| fix.only().is_some_and(|edit| edit.node() == Some(node))).then_some(node)
    }

    /// The use of a block that must change: the best fix changes its arguments, or the block's other uses are right and
    /// no fix changes the block.
    fn wrong_use(&self, problem: &Problem, found: &Found) -> Option<&Use> {
        let graph = self.graph;
        let node = problem.node()?;
        graph.nodes[node].writing.block.as_ref()?;
        let around = || graph.uses.iter().filter(|used| used.entry.is_none() && used.nodes.contains(&node));
        match found.fixes.first() {
            Some(fix) => match fix.only()? {
                Edit::Argument { replaced, place: ArgumentPlace::Leading | ArgumentPlace::Named(_), .. } => {
                    around().find(|used| replaced.iter().any(|replaced| replaced.origin == used.origin))
                }
                _ => None,
            },
            None => {
                let runs = graph.nodes.iter().filter(|other| other.origin == graph.nodes[node].origin).count();
                around().min_by_key(|used| used.nodes.len()).filter(|_| found.more + 1 < runs)
            }
        }
    }

    /// The message at a block's use, with the line of the block that is rejected there.
    fn at_use(&self, report: Report, problem: &Problem, used: &Use) -> Report {
        let layer = problem.node().map(|node| &self.graph.nodes[node]);
        let noted = layer.map(|layer| {
            let line = layer.spans.op.span().start().line;
            format!("`{}` is on line {line}, in the block `{}`", layer.name, used.block)
        });
        noted.into_iter().fold(report, Report::note_first).at(used.span)
    }

    /// The token that must change: the one that the best fix changes, if it belongs to the failing layer.
    fn guilty(&self, problem: &Problem, fixes: &[Fix]) -> Option<Span> {
        let edit = fixes.first()?.only()?;
        if let Edit::Argument { replaced, place: ArgumentPlace::Entry(turn), .. } = edit {
            let of = |used: &&Use| replaced.iter().any(|replaced| replaced.origin == used.origin);
            let entries = self.graph.uses.iter().filter(of).filter_map(|used| used.entry);
            return entries.filter(|entry| entry.turn == *turn).map(|entry| entry.span).next();
        }
        let node = edit.node()?;
        let own = match problem {
            Problem::Layer { node, .. } | Problem::Restores { node, .. } => *node,
            Problem::Output { .. } => self.to_change(fixes)?,
            _ => return None,
        };
        let field = match (problem, edit) {
            (Problem::Output { .. }, Edit::Channels { .. }) => "out_channels",
            _ => edit.field(),
        };
        (own == node && !field.is_empty()).then(|| self.graph.nodes[node].spans.of(Some(field)))
    }
}

/// The product of a shape's sizes as it would be written: `64 * 7 * 7`.
fn product(shape: &Shape) -> String {
    let sizes = shape.sizes().iter().map(|size| size.number().map_or("_".to_owned(), |n| n.to_string()));
    sizes.collect::<Vec<_>>().join(" * ")
}

/// The lines of a text. Fixes that were tried come instead of another range.
fn lines(report: Report, text: &Text, advised: bool) -> Report {
    let shown = |line: &&str| !line.is_empty() && (!advised || !line.starts_with("help: "));
    text.as_str().lines().filter(shown).fold(report, Report::line)
}

/// Whether attention may have been meant for the positions of a map: its channels have the number of features, where
/// the layer says one.
fn is_map(fault: &Fault, advised: bool, order: AxisOrder) -> bool {
    match fault.reason {
        Reason::Tokens { .. } => !advised,
        Reason::TokenFeatures { expected, found, .. } => {
            found.size(order.channel(found.rank())).same(Size::Number(expected))
        }
        _ => false,
    }
}
