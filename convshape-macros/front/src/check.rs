//! Graph to shapes. Everything goes through the arithmetic crate; what is refused is collected as a
//! [`Problem`], and sizes that follow from a refusal are unknown, so that nothing that merely
//! follows from it is refused too.

mod holes;
mod problem;
mod recover;
mod targets;
mod warnings;

use std::collections::HashMap;

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::layer::representable;
use convshape_arith::op::Op;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::solve;

pub(crate) use self::problem::{Filling, Place, Problem};
pub(crate) use self::targets::reached_output;

pub(crate) use self::recover::output_rank;
use self::recover::{agreed, blind_output, blind_rank, complete, recover, reversed, unseen_output};
use self::targets::Targets;
use crate::fields;
use crate::graph::{Graph, Node, NodeId, Recipe, ValueId};
use crate::unseen::visible;

/// The shapes of a graph, and what is wrong with it.
#[derive(Clone)]
pub(crate) struct Checked {
    /// Per value; `None` where not even the number of axes is known.
    pub(crate) shapes: Vec<Option<Shape>>,
    /// Per node, with holes filled and channels bound; `None` where it was not readable.
    pub(crate) ops: Vec<Option<Op>>,
    /// Per node, whether one of its numbers is known to const evaluation only.
    pub(crate) unseen: Vec<bool>,
    /// Turns of a repeat after one that does not keep its shape.
    open_turns: Vec<usize>,
    /// Whether claims that do not hold change nothing.
    as_found: bool,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

/// Works out every shape.
pub(crate) fn check(graph: &Graph) -> Checked {
    walk(graph, false)
}

/// The same, as if no claim had been made where one does not hold.
pub(crate) fn check_as_found(graph: &Graph) -> Checked {
    walk(graph, true)
}

fn walk(graph: &Graph, as_found: bool) -> Checked {
    let mut checked = Checked {
        shapes: graph.inputs.iter().map(|input| Some(visible(&input.shape))).collect(),
        ops: Vec::new(),
        unseen: Vec::new(),
        open_turns: Vec::new(),
        as_found,
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    for (index, input) in graph.inputs.iter().enumerate() {
        let shape = visible(&input.shape);
        if let Err(fault) = representable(&shape) {
            checked.problems.push(Problem::Input { input: index, fault });
            checked.shapes[index] = Some(only_known(&shape));
        }
    }
    let targets = Targets::new(graph);
    let mut turns: HashMap<ValueId, Vec<usize>> = HashMap::new();
    for (index, body) in graph.bodies.iter().enumerate() {
        turns.entry(body.output).or_default().push(index);
    }
    for (id, node) in graph.nodes.iter().enumerate() {
        let (op, shape) = checked.node(graph, id, node, &targets);
        checked.activation(id, node, shape);
        checked.ops.push(op);
        let shape = checked.claims(id, node, shape);
        let bodies = turns.get(&graph.value(id)).map_or(&[][..], Vec::as_slice);
        let shape = bodies.iter().fold(shape, |shape, body| checked.turn(graph, *body, shape));
        checked.shapes.push(shape);
    }
    checked.outputs(graph);
    checked.warnings(graph);
    checked
}

/// The sizes that are possible at all.
fn only_known(shape: &Shape) -> Shape {
    let mut known = *shape;
    for axis in 0..shape.rank() {
        let possible = representable(&Shape::new(&[shape.size(axis)], shape.scope())).is_ok();
        if !possible {
            known = known.with(axis, Size::Unknown);
        }
    }
    if representable(&known).is_err() { Shape::unknown(shape.rank()) } else { known }
}

impl Checked {
    fn shape(&self, value: ValueId) -> Option<Shape> {
        self.shapes.get(value).copied().flatten()
    }

    /// One layer: its op with everything filled in, and what it gives.
    fn node(&mut self, graph: &Graph, id: NodeId, node: &Node, targets: &Targets) -> (Option<Op>, Option<Shape>) {
        let order = graph.order();
        let Some((op, unseen)) = self.recipe(graph, node) else {
            self.unseen.push(false);
            let same = matches!(node.recipe, Recipe::Same).then(|| self.shape(node.inputs[0]));
            return (None, same.flatten());
        };
        self.unseen.push(unseen);
        let Some(inputs) = self.inputs(node, &op) else { return (Some(op), blind_output(&op, order)) };
        let op = op.bind(&inputs[0], order);
        if let Some(fault) = other_rank(node, &inputs[0]) {
            let shape = recover(&op, &inputs, Some(&fault), order);
            self.problems.push(Problem::Layer { node: id, op, inputs, fault });
            return (Some(op), shape);
        }
        if unseen {
            return (Some(op), unseen_output(&op, &inputs, order));
        }
        let (op, filled) = self.fill(graph, id, node, op, &inputs[0], targets);
        if !filled {
            return (Some(op), recover(&op, &inputs, None, order));
        }
        match op.output(&inputs, order) {
            Ok(shape) => (Some(op), Some(shape)),
            Err(fault) => {
                // What undoes another layer than the one whose output comes in says nothing of what was meant.
                let shape = match node.recipe {
                    Recipe::Undo { .. } => Some(Shape::unknown(inputs[0].rank())),
                    _ => recover(&op, &inputs, Some(&fault), order),
                };
                self.problems.push(Problem::Layer { node: id, op, inputs, fault });
                (Some(op), shape)
            }
        }
    }

    /// The numbers of the activation that follows a layer.
    fn activation(&mut self, id: NodeId, node: &Node, shape: Option<Shape>) {
        let Some(op) = node.activation.filter(|op| !fields::unseen_activation(op)) else { return };
        if let Err(fault) = op.check_numbers() {
            let inputs = vec![shape.unwrap_or(Shape::unknown(1))];
            self.problems.push(Problem::Layer { node: id, op, inputs, fault });
        }
    }

    /// A node's layer, and whether const evaluation will know more of it.
    fn recipe(&self, graph: &Graph, node: &Node) -> Option<(Op, bool)> {
        match &node.recipe {
            Recipe::Given(op) => Some((*op, node.unseen)),
            Recipe::Again { of } => Some((*self.ops.get(*of)?.as_ref()?, self.unseen[*of])),
            // What a sub-chain gives is known to const evaluation.
            Recipe::Chain { .. } | Recipe::Port { .. } | Recipe::Same | Recipe::Broken => None,
            Recipe::Undo { of, overrides } => {
                let Some(Some(Op::Conv(conv))) = self.ops.get(*of) else { return None };
                let input = self.shape(graph.nodes[*of].inputs[0]);
                // What stands behind a sub-chain is known to const evaluation.
                let unseen = self.unseen[*of] || input.is_none() && graph.deferred();
                let mut op = Op::Conv(if unseen {
                    reversed(conv)
                } else {
                    // Where it fails the layer itself is refused already.
                    solve::undo(conv, &input?, graph.order()).ok()?
                });
                for (field, setting) in overrides {
                    fields::set(&mut op, field, setting);
                }
                let given = |field: &str| overrides.iter().any(|(name, _)| *name == field);
                if let Op::Conv(conv) = &mut op
                    && reshapes_undo(overrides)
                    && !given("output_padding")
                {
                    conv.output_padding = None;
                }
                Some((op, unseen || node.unseen))
            }
        }
    }

    /// The shapes that come in; where one is not known, as much as the layer itself says of it.
    fn inputs(&self, node: &Node, op: &Op) -> Option<Vec<Shape>> {
        let blind = blind_rank(op);
        node.inputs.iter().map(|value| self.shape(*value).or(blind.map(Shape::unknown))).collect()
    }

    /// What a statement claims of its own output. Where that does not hold, it goes on with what both have in
    /// common.
    fn claims(&mut self, id: NodeId, node: &Node, shape: Option<Shape>) -> Option<Shape> {
        let mut shape = shape;
        if let Some((written, _)) = node.comment {
            let written = visible(&written);
            shape = match shape {
                // Nothing better is known.
                None => Some(written),
                Some(found) if found.fits(&written) => Some(complete(&found, &written)),
                Some(found) => {
                    self.problems.push(Problem::Comment { node: id, found, written });
                    self.onward(&found, &written)
                }
            };
        }
        if let (Some(restores), Some(found)) = (&node.restores, shape)
            && let Some(wanted) = self.shape(restores.input)
            && !found.fits(&wanted)
        {
            self.problems.push(Problem::Restores { node: id, found, wanted });
            shape = self.onward(&found, &wanted);
        }
        shape
    }

    fn onward(&self, found: &Shape, claimed: &Shape) -> Option<Shape> {
        if self.as_found { Some(*found) } else { agreed(found, claimed) }
    }

    /// The end of a repeat's turn: what comes out must be what went in. Where it is not, the turns
    /// after it would be refused for that alone, and are left open.
    fn turn(&mut self, graph: &Graph, body: usize, shape: Option<Shape>) -> Option<Shape> {
        let (Some(input), Some(output)) = (self.shape(graph.bodies[body].input), shape) else { return shape };
        let before = graph.bodies[body].before;
        let broken = |body: usize| self.problems.iter().any(|problem| problem.place() == Place::Body(body));
        if before.is_some_and(|before| self.open_turns.contains(&before) || broken(before)) {
            self.open_turns.push(body);
            return Some(input);
        }
        if input.fits(&output) {
            return shape;
        }
        self.problems.push(Problem::Body { body, input, output });
        agreed(&output, &input)
    }

    fn outputs(&mut self, graph: &Graph) {
        for (index, output) in graph.outputs.iter().enumerate() {
            let Some(found) = output.value.and_then(|value| self.shape(value)) else { continue };
            if !found.fits(&visible(&output.shape)) {
                self.problems.push(Problem::Output { output: index, found });
            }
        }
    }
}

/// That a layer's name says another number of axes than come in.
fn other_rank(node: &Node, input: &Shape) -> Option<Fault> {
    let (least, most) = node.named_axes?;
    let axes = input.rank().checked_sub(1)?;
    let reason = Reason::NamedRank { least: least + 1, most: most + 1, found: *input };
    (!(least..=most).contains(&axes)).then(|| Fault::new(reason))
}

/// Whether fields given after `undo` make the output padding that was derived meaningless.
pub(crate) fn reshapes_undo(overrides: &[(&'static str, fields::Setting)]) -> bool {
    let shaping = |field: &str| matches!(field, "padding" | "kernel" | "stride" | "dilation" | "output_size");
    overrides.iter().any(|(field, _)| shaping(field))
}

/// Layers whose parameters have a name in files that another's have.
pub(crate) fn clashes(graph: &Graph, checked: &Checked) -> Vec<NodeId> {
    let mut names = HashMap::new();
    (0..graph.nodes.len())
        .filter(|id| checked.ops[*id].is_some_and(|op| !op.params().is_empty()) && graph.nodes[*id].first_run.is_none())
        .filter(|id| {
            let node = &graph.nodes[*id];
            // Where the names are the same too, that is what was reported.
            names.insert(&node.file_name, &node.name).is_some_and(|other| *other != node.name)
        })
        .collect()
}
