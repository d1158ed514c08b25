//! Hints about the likely mistake, and remedies other than changing a field.

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::op::{AxisOrder, Op, PerAxis, PoolKind};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

use super::{Context, Report};
use crate::check::Problem;
use crate::fix::{Edit, Fix};
use crate::graph::{NodeId, Recipe};

impl Context<'_> {
    fn is_product(&self, problem: &Problem) -> bool {
        problem.node().is_some_and(|node| matches!(self.checked.ops.get(node), Some(Some(Op::MatMul { .. }))))
    }

    /// The likely mistake.
    pub(super) fn hints(&self, report: Report, problem: &Problem, fixes: &[Fix]) -> Report {
        let report = self.another_is_restored(report, problem);
        let report = self.looks_mistaken(report, problem, fixes);
        let report = self.unpooled_shapes(report, problem);
        let report = self.norm_wants_channels_last(report, problem, fixes);
        if let Problem::Layer { node, inputs, .. } = problem
            && let Some((of, last)) = self.undone_too_early(*node, &inputs[0])
        {
            return report
                .note(format_args!("`{of}` gave something else: what comes in is what `{last}` gave"))
                .help_unless(
                    !fixes.is_empty(),
                    format_args!("undo the last layer first: `undo {last}` here, `undo {of}` after it"),
                );
        }
        self.lacks_a_skip(report, problem, fixes)
    }

    /// The layer that took what this one gives, where another should be restored.
    fn another_is_restored(&self, report: Report, problem: &Problem) -> Report {
        if let Problem::Restores { node, found, .. } = problem
            && let Some(other) = self.restored_instead(*node, found)
        {
            let restores = self.graph.nodes[*node].restores.as_ref().map(|restores| restores.span);
            let report = restores.into_iter().fold(report, Report::at);
            return report.note(format_args!("`{other}` took {found}")).meant(Some(other.to_owned()));
        }
        report
    }

    /// Numbers that the fixes show to be swapped, turned or given twice.
    fn looks_mistaken(&self, mut report: Report, problem: &Problem, fixes: &[Fix]) -> Report {
        if let Some(node) = fixes.first().and_then(|fix| swaps(&fix.edits)) {
            report = report.note(format_args!("the kernel and the stride of `{}` look swapped", self.name(node)));
        }
        let first = fixes.first().and_then(|fix| fix.edits.first());
        let joint = fixes.first().filter(|fix| fix.edits.len() == 2).and_then(|fix| fix.edits.first());
        let turned = joint.filter(|edit| matches!(edit, Edit::Input { .. }));
        // An input that is turned is the first edit of a joint fix, too.
        let only = fixes.iter().filter_map(Fix::only).filter(|edit| turned != Some(*edit));
        for edit in only.chain(turned) {
            match edit {
                // A product's help says which matrix to transpose.
                Edit::Input { input, shape }
                    if first == Some(edit)
                        && rotated(&self.graph.inputs[*input].shape, shape)
                        && !self.is_product(problem) =>
                {
                    let place = match self.graph.order() {
                        AxisOrder::ChannelsFirst => "first",
                        AxisOrder::ChannelsLast => "last",
                    };
                    report = report
                        .note(format_args!("the axes of the input look permuted: here the channels come {place}"));
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
                        && conv.stride[..conv.rank].iter().any(|stride| *stride > 1)
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
        report
    }

    /// What the pooling took and gave that an unpooling does not fit.
    fn unpooled_shapes(&self, report: Report, problem: &Problem) -> Report {
        if let Problem::Layer { node, inputs, fault: Fault { reason: Reason::Unpooled { given, .. }, .. }, .. } =
            problem
            && let Recipe::Unpool { of } = self.graph.nodes[*node].recipe
        {
            let (pool, taken) = (self.name(of), inputs[1]);
            return report.note(format_args!("`{pool}` made {given} of {taken}"));
        }
        report
    }

    /// A `LayerNorm` over channels that come first.
    fn norm_wants_channels_last(&self, report: Report, problem: &Problem, fixes: &[Fix]) -> Report {
        if let Problem::Layer {
            op: Op::LayerNorm { .. },
            fault: Fault { reason: Reason::NormShape { expected, found }, .. },
            ..
        } = problem
            && self.graph.order() == AxisOrder::ChannelsFirst
            && let (1, rank @ (2 | 3)) = (expected.rank(), found.rank())
            && expected.size(0).fits(found.size(0))
        {
            let (before, after) = if rank == 2 { ("1, 0", "1, 0") } else { ("1, 2, 0", "2, 0, 1") };
            return match fixes {
                [] => report.help(format_args!(
                    "a `LayerNorm` over the channels needs them last: `Permute({before})` before it, `Permute({after})` \
                     after it where they are to be first again",
                )),
                _ => report.note("a `LayerNorm` over the channels needs them last"),
            };
        }
        report
    }

    /// A convolution that takes twice the channels, as after a skip connection.
    fn lacks_a_skip(&self, report: Report, problem: &Problem, fixes: &[Fix]) -> Report {
        if let Problem::Layer {
            node,
            op: Op::Conv(conv),
            fault: Fault { reason: Reason::Channels { expected, found: Size::Number(found) }, .. },
            ..
        } = problem
            && found.checked_mul(2) == Some(*expected)
            && !fixes.first().is_some_and(|fix| {
                fix.edits.iter().any(|edit| edit.field() == "axis" || matches!(edit, Edit::Order { .. }))
            })
            && self.graph.nodes[*node].inputs.iter().any(|value| self.graph.producer(*value).is_some())
            && !fixes.iter().any(|fix| match fix.only() {
                Some(Edit::Channels { node: at, outputs, .. }) => at == node && *outputs != conv.outputs,
                edit => matches!(edit, Some(Edit::Open { .. })),
            })
        {
            return report.note(format_args!(
                "{expected} is twice {found}: if a skip connection belongs here, join it before `{}` (`Concat(skip, _);`)",
                self.name(*node)
            ));
        }
        report
    }

    /// The layer that a layer undoes, and the later one whose output it reads.
    pub(super) fn undone_too_early(&self, node: NodeId, input: &Shape) -> Option<(&str, &str)> {
        let (Recipe::Undo { of, .. } | Recipe::Unpool { of }) = self.graph.nodes[node].recipe else { return None };
        let unpools = matches!(self.graph.nodes[node].recipe, Recipe::Unpool { .. });
        let undoable = |op: &Option<Op>| match op {
            Some(Op::Pool(pool)) => unpools && pool.kind == PoolKind::Max,
            op => !unpools && matches!(op, Some(Op::Conv(_))),
        };
        let gave = |other: NodeId| self.checked.shapes.get(self.graph.value(other)).copied().flatten();
        let last = (of + 1..node).find(|other| {
            undoable(&self.checked.ops[*other])
                && self.graph.nodes[*other].spans.label.is_some()
                && gave(*other).is_some_and(|shape| shape.is_known() && shape.fits(input))
        })?;
        Some((self.name(of), self.name(last)))
    }

    /// The layer whose input a layer gives back, though its `restores` names a different one.
    pub(super) fn restored_instead(&self, node: NodeId, found: &Shape) -> Option<&str> {
        let fits = |other: &NodeId| {
            let input = self.graph.nodes[*other].inputs.first().and_then(|value| self.checked.shapes.get(*value));
            found.is_known()
                && self.graph.nodes[*other].spans.label.is_some()
                && self.checked.ops[*other].is_some_and(|op| !op.keeps_shape())
                && input.copied().flatten().is_some_and(|input| input.is_known() && input.fits(found))
        };
        (0..node).find(fits).map(|other| self.name(other))
    }

    /// Two sides that differ can be resized where they are joined.
    pub(super) fn at_the_joint(&self, problem: &Problem) -> Option<String> {
        let Problem::Layer {
            node,
            fault: Fault { reason: Reason::Join { axis: Some(place), operand, first, other }, .. },
            ..
        } = problem
        else {
            return None;
        };
        let graph = self.graph;
        // Names from outside have no meaning inside a block or repeat.
        if graph.nodes[*node].writing.statement.contains('.') {
            return None;
        }
        let values = &graph.nodes[*node].inputs;
        let leader = (0..values.len()).find(|index| index != operand)?;
        // The shape of a parameter or constant is changed where it is declared, not by a layer.
        if values.iter().any(|&value| graph.is_source(value)) {
            return None;
        }
        let (left, right) = (first.size(*place).number()?, other.size(*place).number()?);
        if *place == graph.order().channel(first.rank()) {
            let (a, b) = (graph.value_name(values[leader]), graph.value_name(values[*operand]));
            // A vector has no places for a convolution.
            return match (first.rank(), other.rank()) {
                (1, 1) => {
                    Some(format!("a `Linear` in its branch brings `{b}` to {left} features, or `{a}` to {right}"))
                }
                (2.., 2..) => Some(format!(
                    "a convolution of kernel 1 in its branch brings `{b}` to {left} channels, or `{a}` to {right}"
                )),
                _ => None,
            };
        }
        let (a, b) = (values[leader], values[*operand]);
        let (large, small) = if left > right { (a, b) } else { (b, a) };
        let unnamed = graph.value_name(small);
        let (Some(large), Some(small)) = (graph.reference(large), graph.reference(small)) else {
            if let Some(large) = graph.reference(large) {
                return Some(format!(
                    "with a name for `{unnamed}` (`up: ..;`), `{large}` can be cropped to it (`Crop(like: up) from {large};`)"
                ));
            }
            return Some(
                "one of the two can be cropped where they meet (`Crop(like: ..)`), or the other padded (`Pad(like: ..)`)"
                    .to_owned(),
            );
        };
        Some(format!(
            "`{large}` can be cropped where they meet (`Crop(like: {small}) from {large};`), or `{small}` padded (`Pad(like: {large}) from {small};`)"
        ))
    }
}

/// The layer whose kernel and stride are swapped.
fn swaps(edits: &[Edit]) -> Option<NodeId> {
    match edits {
        [
            Edit::Field { node, field: "kernel", setting: kernel },
            Edit::Field { node: again, field: "stride", setting: stride },
        ] => (node == again && kernel != stride).then_some(*node),
        _ => None,
    }
}

/// Whether one shape has the axes of the other in a different order.
fn rotated(from: &Shape, to: &Shape) -> bool {
    let rank = from.rank();
    from != to
        && rank == to.rank()
        && (1..rank).any(|by| (0..rank).all(|axis| from.size((axis + by) % rank).same(to.size(axis))))
}
