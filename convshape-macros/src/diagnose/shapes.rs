//! Shapes that do not fit: the title, the arithmetic with its numbers, the cause further up, the
//! fixes.

use convshape_arith::code;
use convshape_arith::explain;
use convshape_arith::fault::{Fault, Reason};
use convshape_arith::layer::{AxisMap, axis_name};
use convshape_arith::op::{Conv, Op, Padding, PerAxis};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::solve::{self, AxisField};
use convshape_arith::text::Text;
use proc_macro2::Span;

use super::Report;
use crate::check::{Checked, Problem, keeps_shape};
use crate::fields::Setting;
use crate::fix::{Edit, Fix, Found};
use crate::graph::{Graph, NodeId, Recipe, ValueId};
use crate::unseen::visible;

/// How many layers of a failing chain are searched for the one that lost the rows.
const MOST_CAUSES: usize = 2;

/// One problem in words.
pub(crate) fn describe(graph: &Graph, checked: &Checked, problem: &Problem, found: &Found) -> Report {
    let fixes = found.fixes.as_slice();
    let context = Context { graph, checked };
    let report = context.title(problem);
    let report = context.details(report, problem);
    let report = context.hints(report, problem, fixes);
    let report = found.notes.iter().fold(report, Report::note);
    let crop = context.at_the_joint(problem);
    let (before, after) = if context.forgot_a_crop(problem) { (crop, None) } else { (None, crop) };
    let report = before.iter().fold(report, Report::help);
    let report = found.joint.iter().fold(report, Report::help);
    let report = fixes.iter().fold(report, |report, fix| report.help(fix.edit.words(graph)));
    let alone = fixes.is_empty() && found.joint.is_none();
    let report = after.iter().fold(report, |report, crop| match alone {
        true => report.help(crop),
        false => report.help(format_args!("or {crop}")),
    });
    match context.guilty(problem, fixes) {
        Some(span) => report.at(span),
        None => report,
    }
}

struct Context<'a> {
    graph: &'a Graph,
    checked: &'a Checked,
}

impl Context<'_> {
    fn name(&self, node: NodeId) -> &str {
        &self.graph.nodes[node].name
    }

    fn title(&self, problem: &Problem) -> Report {
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
                explain::title(&mut text, self.name(*node), fault, inputs, &names);
                let span = graph.nodes[*node].spans.of(fault.reason.field());
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
                let giver = declared.value.map_or("the chain", |value| graph.value_name(value));
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
            .help("write its output shape behind it (`-> [16, 14, 14]`), or `restores` and a layer's name"),
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
                        [(field, value)] => report.help(format_args!("in `{name}`, set `{field}: {value}`")),
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
                Report::new(code::UNREAD, graph.nodes[*node].spans.op.span(), message)
            }
        }
    }

    /// The first `_` of a layer.
    fn hole_span(&self, node: NodeId) -> Span {
        let node = &self.graph.nodes[node];
        node.spans.of(node.holes.first().map(|hole| hole.field()))
    }

    /// How near a hole's values come, and the uneven padding that would do.
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
                report.help(format_args!("in `{name}`, set `padding: {setting}`"))
            }
            _ => report,
        }
    }

    /// The arithmetic, and the layer that lost the rows.
    fn details(&self, report: Report, problem: &Problem) -> Report {
        match problem {
            Problem::Layer { node, op, inputs, fault } => {
                let report = self.refusal(report, *node, op, inputs, fault);
                let restored = self.graph.nodes[*node].restores.as_ref();
                let wanted = restored.and_then(|of| *self.checked.shapes.get(of.input)?);
                self.in_words_of_the_dialect(report, op, &inputs[0], wanted.as_ref())
            }
            Problem::Restores { node, found, wanted } => {
                let restored = self.graph.nodes[*node].restores.as_ref().and_then(|of| of.node);
                let report = self.arithmetic(report, self.graph.value(*node), found, wanted);
                match restored.and_then(|of| self.lost_by(of, found, wanted)) {
                    Some(note) => report.note(note),
                    None => report,
                }
            }
            Problem::Comment { node, found, written } => {
                let value = self.graph.value(*node);
                self.lost_above(self.arithmetic(report, value, found, written), &[value], found, written)
            }
            Problem::Output { output, found } => {
                let declared = &self.graph.outputs[*output];
                let Some(value) = declared.value else { return report };
                self.lost_above(
                    self.arithmetic(report, value, found, &declared.shape),
                    &[value],
                    found,
                    &declared.shape,
                )
            }
            Problem::Lossy { node, axis, input, .. } => self.formula(report, *node, input, *axis).0,
            _ => report,
        }
    }

    fn refusal(&self, report: Report, node: NodeId, op: &Op, inputs: &[Shape], fault: &Fault) -> Report {
        let graph = self.graph;
        match fault.reason {
            Reason::KernelTooLarge { .. } | Reason::EmptyOutput { .. } => {
                let mut text = Text::new();
                explain::refusal(&mut text, op, fault, inputs, graph.order());
                text.as_str().lines().filter(|line| !line.is_empty()).fold(report, Report::line)
            }
            Reason::Join { operand, first, other, axis } => {
                let values = graph.nodes[node].inputs.clone();
                let report = match axis {
                    Some(place) if place != graph.order().channel(first.rank()) => {
                        let name = axis_name(
                            (0..first.rank()).find(|spatial| graph.order().spatial(*spatial) == place).unwrap_or(0),
                            first.rank().saturating_sub(1),
                        );
                        let mut text = Text::new();
                        text.str(name)
                            .str(": ")
                            .size(first.size(place), first.scope())
                            .str(" meets ")
                            .size(other.size(place), other.scope());
                        report.line(text.as_str())
                    }
                    _ => report,
                };
                let _ = operand;
                // The smaller of the two has lost rows.
                let less = axis.is_some_and(|place| first.size(place).number() < other.size(place).number());
                let (small, large) = if less { (&first, &other) } else { (&other, &first) };
                self.lost_above(report, &values, small, large)
            }
            Reason::Rank { expected, found } => {
                let name = &graph.nodes[node].op_name;
                let (written, there) = (format!("{}d", expected - 1), format!("{}d", found.rank() - 1));
                if !(2..=4).contains(&found.rank()) || !name.ends_with(&written) {
                    return report;
                }
                report.help(format_args!("for {found} it is `{}`", name.replace(&written, &there)))
            }
            Reason::Features { found, expected } => {
                let Some(value) = graph.nodes[node].inputs.first() else { return report };
                let Some(flatten) = graph.producer(*value) else { return report };
                if let (Some(Some(Op::Flatten)), Some(Some(before))) =
                    (self.checked.ops.get(flatten), self.checked.shapes.get(graph.nodes[flatten].inputs[0]))
                {
                    let product: Vec<String> = before
                        .sizes()
                        .iter()
                        .map(|size| size.number().map_or("_".to_owned(), |n| n.to_string()))
                        .collect();
                    if let Some(features) = found.size(0).number() {
                        return report.line(format!("{} = {features}, not {expected}", product.join(" * ")));
                    }
                }
                if let Ok(Size::Number(elements)) = found.elements()
                    && elements == expected
                    && found.rank() > 1
                {
                    let product: Vec<String> = found
                        .sizes()
                        .iter()
                        .map(|size| size.number().map_or("_".to_owned(), |n| n.to_string()))
                        .collect();
                    return report
                        .note(format_args!("{} = {expected}: all axes together are what it takes", product.join(" * ")))
                        .help(format_args!("insert `Flatten;` before `{}`", self.name(node)));
                }
                report
            }
            _ => report,
        }
    }

    /// The formulas of the axes on which a value is not what is wanted, of the layer that gave it
    /// its size. Axes with the same numbers are shown once.
    fn arithmetic(&self, mut report: Report, value: ValueId, found: &Shape, wanted: &Shape) -> Report {
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

    /// Says so where the same words mean something else in another framework, and that explains it.
    fn in_words_of_the_dialect(&self, report: Report, op: &Op, input: &Shape, wanted: Option<&Shape>) -> Report {
        let mut text = Text::new();
        if explain::dialect_note(&mut text, op, input, wanted, self.graph.order()) {
            report.note(text.as_str())
        } else {
            report
        }
    }

    /// The layer that last changed the sizes of a value, and what came into it.
    fn shaper(&self, value: ValueId) -> Option<(NodeId, Shape)> {
        let mut node = self.graph.producer(value)?;
        loop {
            let op = self.checked.ops.get(node)?.as_ref()?;
            let input_value = *self.graph.nodes[node].inputs.first()?;
            let input = (*self.checked.shapes.get(input_value)?)?;
            if !keeps_shape(op) {
                return Some((node, input));
            }
            node = self.graph.producer(input_value)?;
        }
    }

    fn formula(&self, report: Report, node: NodeId, input: &Shape, axis: usize) -> (Report, Option<String>) {
        match self.checked.ops.get(node) {
            Some(Some(op)) => self.formula_of(report, op, input, axis),
            _ => (report, None),
        }
    }

    fn formula_of(&self, report: Report, op: &Op, input: &Shape, axis: usize) -> (Report, Option<String>) {
        let mut text = Text::new();
        if explain::arithmetic(&mut text, op, input, self.graph.order(), axis) {
            (report.line(text.as_str()), Some(text.as_str().to_owned()))
        } else {
            (report, None)
        }
    }

    /// Names the layers above whose floor made sizes alike that are not.
    fn lost_above(&self, mut report: Report, values: &[ValueId], found: &Shape, wanted: &Shape) -> Report {
        let mut seen: Vec<NodeId> = Vec::new();
        let mut front: Vec<ValueId> = values.to_vec();
        let mut causes = 0;
        while let Some(value) = front.pop() {
            let Some(node) = self.graph.producer(value) else { continue };
            if seen.contains(&node) || seen.len() > 200 {
                continue;
            }
            seen.push(node);
            front.extend(&self.graph.nodes[node].inputs);
        }
        // The first that lost something, in the order of the chain.
        seen.sort_unstable();
        for node in seen {
            if causes == MOST_CAUSES {
                break;
            }
            if let Some(note) = self.lost_by(node, found, wanted) {
                report = report.note(note);
                causes += 1;
            }
        }
        report
    }

    /// `with stride 2, heights 27 and 28 both become 12 in enc1`, if that is so on an axis on which
    /// two shapes differ.
    fn lost_by(&self, node: NodeId, found: &Shape, wanted: &Shape) -> Option<String> {
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
            let output = window.output(Size::Number(rows), &[]).ok()?.number()?;
            let (low, high) = window.inputs_for(output)?;
            // What is too small lost rows here, what is too large got some that were never there; sizes that are
            // far apart differ for another reason.
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

    /// What it looks like.
    fn hints(&self, report: Report, problem: &Problem, fixes: &[Fix]) -> Report {
        let mut report = report;
        if let Problem::Restores { node, found, .. } = problem
            && let Some(other) = self.restored_instead(*node, found)
        {
            report = report.help(format_args!("did you mean `restores {other}`? {found} is what `{other}` took"));
        }
        for fix in fixes {
            match &fix.edit {
                Edit::Input { input, shape } if rotated(&self.graph.inputs[*input].shape, shape) => {
                    report = report.note("the axes of the input look permuted: here the channels come first");
                }
                Edit::Channels { node, inputs, outputs } => {
                    if let Some(Some(Op::Conv(conv))) = self.checked.ops.get(*node)
                        && conv.inputs == Some(*outputs)
                        && conv.outputs == *inputs
                        && inputs != outputs
                    {
                        report = report
                            .note(format_args!("the input and output channels of `{}` look swapped", self.name(*node)));
                    }
                }
                Edit::Field { node, field: "stride", .. } => {
                    let equal =
                        |stride: &PerAxis<i64>, kernel: &PerAxis<i64>, rank: usize| stride[..rank] == kernel[..rank];
                    if let Some(Some(Op::Conv(conv))) = self.checked.ops.get(*node)
                        && equal(&conv.stride, &conv.kernel, conv.rank)
                    {
                        report = report.note(format_args!(
                            "the stride of `{}` is its kernel: it looks given twice",
                            self.name(*node)
                        ));
                    }
                }
                _ => {}
            }
        }
        if let Problem::Layer { node, inputs, .. } = problem
            && let Some((of, last)) = self.undone_too_early(*node, &inputs[0])
        {
            return report
                .note(format_args!("`{of}` gave something else: what comes in is what `{last}` gave"))
                .help(format_args!("undo the last layer first: `undo {last}` here, `undo {of}` after it"));
        }
        if let Problem::Layer {
            node,
            op: Op::Conv(conv),
            fault: Fault { reason: Reason::Channels { expected, found: Size::Number(found) }, .. },
            ..
        } = problem
            && found.checked_mul(2) == Some(*expected)
            && self.graph.nodes[*node].inputs.iter().any(|value| self.graph.producer(*value).is_some())
            && !fixes.iter().any(|fix| matches!(fix.edit, Edit::Channels { outputs, .. } if outputs != conv.outputs))
        {
            report = report.note(format_args!(
                "{expected} is twice {found}: if a skip connection belongs here, join it before `{}` (`Concat(skip, _);`)",
                self.name(*node)
            ));
        }
        report
    }

    /// Whether a skip's rows were to be cropped: its other side lost several in convolutions without a border.
    fn forgot_a_crop(&self, problem: &Problem) -> bool {
        match problem {
            Problem::Layer {
                op: Op::Concat,
                fault: Fault { reason: Reason::Join { axis: Some(place), first, other, .. }, .. },
                ..
            } if *place != self.graph.order().channel(first.rank()) => {
                let sides = first.size(*place).number().zip(other.size(*place).number());
                sides.is_some_and(|(a, b)| a.abs_diff(b) > 1)
            }
            _ => false,
        }
    }

    /// The layer that a layer undoes, and the later one that gave what comes in.
    fn undone_too_early(&self, node: NodeId, input: &Shape) -> Option<(&str, &str)> {
        let Recipe::Undo { of, .. } = self.graph.nodes[node].recipe else { return None };
        let gave = |other: NodeId| self.checked.shapes.get(self.graph.value(other)).copied().flatten();
        let last = (of + 1..node).find(|other| {
            matches!(self.checked.ops[*other], Some(Op::Conv(_)))
                && self.graph.nodes[*other].spans.label.is_some()
                && gave(*other).is_some_and(|shape| shape.is_known() && shape.fits(input))
        })?;
        Some((self.name(of), self.name(last)))
    }

    /// The layer whose input a layer gives back, though it names another in `restores`.
    fn restored_instead(&self, node: NodeId, found: &Shape) -> Option<&str> {
        let fits = |other: &NodeId| {
            let input = self.graph.nodes[*other].inputs.first().and_then(|value| self.checked.shapes.get(*value));
            found.is_known()
                && self.graph.nodes[*other].spans.label.is_some()
                && self.checked.ops[*other].is_some_and(|op| !keeps_shape(&op))
                && input.copied().flatten().is_some_and(|input| input.is_known() && input.fits(found))
        };
        (0..node).find(fits).map(|other| self.name(other))
    }

    /// Two sides that differ can be made to fit where they meet.
    fn at_the_joint(&self, problem: &Problem) -> Option<String> {
        let Problem::Layer {
            node,
            fault: Fault { reason: Reason::Join { axis: Some(place), operand, first, other }, .. },
            ..
        } = problem
        else {
            return None;
        };
        let graph = self.graph;
        let values = &graph.nodes[*node].inputs;
        let leader = (0..values.len()).find(|index| index != operand)?;
        let (left, right) = (first.size(*place).number()?, other.size(*place).number()?);
        if *place == graph.order().channel(first.rank()) {
            let (a, b) = (graph.value_name(values[leader]), graph.value_name(values[*operand]));
            return Some(format!(
                "bring `{b}` to {left} channels, or `{a}` to {right}, with a convolution of kernel 1 in that branch"
            ));
        }
        let (a, b) = (values[leader], values[*operand]);
        let (large, small) = if left > right { (a, b) } else { (b, a) };
        let unnamed = graph.value_name(small);
        let (Some(large), Some(small)) = (graph.reference(large), graph.reference(small)) else {
            if let Some(large) = graph.reference(large) {
                return Some(format!(
                    "name `{unnamed}` (`up: ..;`) and crop `{large}` to it (`Crop(like: up) from {large};`)"
                ));
            }
            return Some(
                "crop one of the two where they meet (`Crop(like: ..)`), or pad the other (`Pad(like: ..)`)".to_owned(),
            );
        };
        Some(format!(
            "crop `{large}` where they meet (`Crop(like: {small}) from {large};`), or pad `{small}` (`Pad(like: {large}) from {small};`)"
        ))
    }

    /// The token that must change: what the best fix changes, if it is in the layer that fails.
    fn guilty(&self, problem: &Problem, fixes: &[Fix]) -> Option<Span> {
        let fix = fixes.first()?;
        let node = fix.edit.node()?;
        let own = match problem {
            Problem::Layer { node, .. } | Problem::Restores { node, .. } => *node,
            _ => return None,
        };
        let field = match fix.edit.field() {
            "shape" => "channels",
            field => field,
        };
        (own == node).then(|| self.graph.nodes[node].spans.of(Some(field)))
    }
}

/// Whether one shape is the other with its axes in another order.
fn rotated(from: &Shape, to: &Shape) -> bool {
    let rank = from.rank();
    from != to
        && rank == to.rank()
        && (1..rank).any(|by| (0..rank).all(|axis| from.size((axis + by) % rank).same(to.size(axis))))
}
