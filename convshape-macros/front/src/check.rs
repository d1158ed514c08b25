//! From graph to shapes, using the arithmetic crate. What is rejected becomes a [`Problem`], and sizes that depend on
//! it become unknown, so that its consequences are not reported as well.

mod holes;
mod problem;
mod recover;
mod targets;
mod warnings;

use std::collections::{HashMap, HashSet};

use convshape_arith::fault::{Fault, Reason};
use convshape_arith::layer::representable;
use convshape_arith::op::{AxisOrder, Op, WeightFrom};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use convshape_arith::solve;

pub(crate) use self::holes::trials;
pub(crate) use self::problem::{Filling, Place, Problem, Spot};
pub(crate) use self::targets::reached_output;

use self::recover::{agreed, blind_rank, complete, reversed};
pub(crate) use self::recover::{blind_output, output_rank, recover, unseen_output};
use self::targets::Targets;
use crate::fields;
use crate::graph::{Graph, Inserted, Node, NodeId, Recipe, ValueId};
use crate::unseen::visible;

/// The shapes of a graph, and its problems.
#[derive(Clone)]
pub(crate) struct Checked {
    /// One per value; `None` if not even the number of axes is known.
    pub(crate) shapes: Vec<Option<Shape>>,
    /// One per node, with holes solved and channels bound; `None` if the layer was not readable.
    pub(crate) ops: Vec<Option<Op>>,
    /// For each node, whether one of its numbers is known only to const evaluation.
    pub(crate) unseen: Vec<bool>,
    /// For each body, whether one pass keeps its shape.
    turns: Vec<Turn>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

/// Whether one pass of a repeat keeps its shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    Kept,
    Broken,
    /// Not known, because an earlier pass failed.
    Open,
}

/// What is known about a node besides its shape.
pub(crate) struct KeptFacts {
    op: Option<Op>,
    unseen: bool,
    turns: Vec<(usize, Turn)>,
}

/// What the check of a graph looks up. It stays valid when fields change.
#[derive(Clone)]
pub(crate) struct Plan {
    targets: Targets,
    /// The bodies that end with each value, innermost first.
    turns: HashMap<ValueId, Vec<usize>>,
}

impl Plan {
    pub(crate) fn new(graph: &Graph) -> Plan {
        let mut turns: HashMap<ValueId, Vec<usize>> = HashMap::new();
        for (index, body) in graph.bodies.iter().enumerate() {
            turns.entry(body.output).or_default().push(index);
        }
        Plan { targets: Targets::new(graph), turns }
    }

    /// The bodies that end with a value.
    pub(crate) fn ends(&self, value: ValueId) -> &[usize] {
        self.turns.get(&value).map_or(&[], Vec::as_slice)
    }

    /// The layers with a hole that gets its target from a declared output.
    pub(crate) fn aimed_at<'a>(&'a self, graph: &'a Graph, output: usize) -> impl Iterator<Item = NodeId> + 'a {
        let aims =
            move |node: &NodeId| !graph.nodes[*node].holes.is_empty() && self.targets.reached(*node) == Some(output);
        (0..graph.nodes.len()).filter(aims)
    }
}

/// Computes every shape.
pub(crate) fn check(graph: &Graph) -> Checked {
    let plan = Plan::new(graph);
    let mut checked = Checked {
        shapes: vec![None; graph.inputs.len() + graph.nodes.len()],
        ops: vec![None; graph.nodes.len()],
        unseen: vec![false; graph.nodes.len()],
        turns: vec![Turn::Kept; graph.bodies.len()],
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    for input in 0..graph.inputs.len() {
        checked.input(graph, input);
    }
    for id in 0..graph.nodes.len() {
        checked.visit(graph, &plan, id);
    }
    for output in 0..graph.outputs.len() {
        checked.output(graph, output);
    }
    checked.warnings(graph);
    checked
}

/// The stride of the convolution with kernel 1 that turns one shape into the other.
pub(crate) fn projection(from: &Shape, to: &Shape, order: AxisOrder) -> Option<i64> {
    if from.rank() != to.rank() || !(2..=4).contains(&from.rank()) {
        return None;
    }
    let strides = (0..from.rank() - 1).map(|axis| {
        let place = order.spatial(axis);
        let (from, to) = (from.size(place), to.size(place));
        match (from.number(), to.number()) {
            _ if from.fits(to) => Some(1),
            (Some(from @ 1..), Some(to @ 1..)) => (2..=8).find(|stride| (from - 1) / stride + 1 == to && from > to),
            _ => None,
        }
    });
    let strides: Vec<i64> = strides.collect::<Option<_>>()?;
    strides.iter().all(|stride| *stride == strides[0]).then_some(strides[0])
}

/// A shape with the spatial sizes of another one: cropped if all are smaller, upsampled if all are whole multiples.
pub(crate) fn fitted(shape: &Shape, to: &Shape, order: AxisOrder) -> Option<(Shape, Fitting)> {
    if shape.rank() != to.rank() || shape.rank() < 2 {
        return None;
    }
    let places = || (0..shape.rank() - 1).map(|axis| order.spatial(axis));
    let sizes = |place: usize| Some((shape.size(place).number()?, to.size(place).number()?));
    let all = |fits: &dyn Fn(i64, i64) -> bool| places().all(|place| sizes(place).is_some_and(|(a, b)| fits(a, b)));
    let fitting = if all(&|from, rows| from >= rows) {
        Fitting::Crop
    } else if all(&|from, rows| from > 0 && rows % from == 0) {
        Fitting::Upsample
    } else {
        return None;
    };
    Some((places().fold(*shape, |fitted, place| fitted.with(place, to.size(place))), fitting))
}

/// How to give a value the spatial sizes of another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fitting {
    Crop,
    Upsample,
}

/// The possible sizes; impossible ones become unknown.
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
    pub(crate) fn shape(&self, value: ValueId) -> Option<Shape> {
        self.shapes.get(value).copied().flatten()
    }

    /// Checks one input and records its shape, without impossible sizes.
    pub(crate) fn input(&mut self, graph: &Graph, input: usize) {
        let shape = visible(&graph.inputs[input].shape);
        self.shapes[input] = Some(match representable(&shape) {
            Ok(()) => shape,
            Err(fault) => {
                self.problems.push(Problem::Input { input, fault });
                only_known(&shape)
            }
        });
    }

    /// Checks one layer and the claims about it, and adds its problems. Returns whether anything changed that others
    /// depend on.
    pub(crate) fn visit(&mut self, graph: &Graph, plan: &Plan, id: NodeId) -> bool {
        let (node, value) = (&graph.nodes[id], graph.value(id));
        let unseen = self.unseen[id];
        let (op, shape) = self.node(graph, id, node, &plan.targets);
        self.activation(id, node, shape, graph.order());
        let mut changed = unseen != self.unseen[id] || op != self.ops[id];
        self.ops[id] = op;
        let mut shape = self.claims(id, node, shape);
        for body in plan.ends(value) {
            let turn = self.turns[*body];
            shape = self.turn(graph, *body, shape);
            changed |= turn != self.turns[*body];
        }
        changed |= shape != self.shapes[value];
        self.shapes[value] = shape;
        changed
    }

    /// What a visit changes besides the shape, so that it can be restored.
    pub(crate) fn keep(&self, node: NodeId, value: ValueId, plan: &Plan) -> KeptFacts {
        let turns = plan.ends(value).iter().map(|body| (*body, self.turns[*body])).collect();
        KeptFacts { op: self.ops[node], unseen: self.unseen[node], turns }
    }

    pub(crate) fn restore(&mut self, node: NodeId, kept: KeptFacts) {
        self.ops[node] = kept.op;
        self.unseen[node] = kept.unseen;
        for (body, turn) in kept.turns {
            self.turns[body] = turn;
        }
    }

    /// One layer: its op with everything filled in, and its outputs.
    fn node(&mut self, graph: &Graph, id: NodeId, node: &Node, targets: &Targets) -> (Option<Op>, Option<Shape>) {
        let order = graph.order();
        let Some((op, unseen)) = self.recipe(graph, node) else {
            self.unseen[id] = false;
            let same = matches!(node.recipe, Recipe::Same).then(|| self.shape(node.inputs[0]));
            return (None, same.flatten());
        };
        self.unseen[id] = unseen;
        let inputs = match self.inputs(id, node, &op, order) {
            Ok(inputs) => inputs,
            Err(refused) => {
                self.problems.extend(refused);
                return (Some(op), blind_output(&op, order));
            }
        };
        let op = op.bind(&inputs, order);
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
                // If it undoes a layer of a different kind than its input suggests, its shape says nothing about what
                // was meant.
                let shape = match node.recipe {
                    Recipe::Undo { .. } | Recipe::Unpool { .. } => Some(Shape::unknown(inputs[0].rank())),
                    _ => recover(&op, &inputs, Some(&fault), order),
                };
                self.problems.push(Problem::Layer { node: id, op, inputs, fault });
                (Some(op), shape)
            }
        }
    }

    /// The activation of the layer.
    fn activation(&mut self, id: NodeId, node: &Node, shape: Option<Shape>, order: AxisOrder) {
        let Some(op) = node.activation.filter(|op| !fields::unseen_reals(op)) else { return };
        let inputs = vec![shape.unwrap_or(Shape::unknown(1))];
        let checked = if shape.is_some() { op.output(&inputs, order).map(|_| ()) } else { op.check_numbers() };
        if let Err(fault) = checked {
            self.problems.push(Problem::Layer { node: id, op, inputs, fault });
        }
    }

    /// A node's layer, and whether const evaluation will know more about it.
    fn recipe(&self, graph: &Graph, node: &Node) -> Option<(Op, bool)> {
        match &node.recipe {
            Recipe::Given(op) => Some((*op, node.unseen)),
            // If its shape is unknown, const evaluation computes the layer's channels.
            Recipe::Param { of, param } => {
                let op = self.ops.get(*of)?.as_ref()?.shared_param(*param)?;
                let Op::Source { shape, .. } = op else { return None };
                Some((op, visible(&shape) != shape || !shape.is_known()))
            }
            Recipe::Again { of } => Some((*self.ops.get(*of)?.as_ref()?, self.unseen[*of])),
            // Only const evaluation knows what a sub-chain gives.
            Recipe::Chain { .. } | Recipe::Port { .. } | Recipe::Same | Recipe::Broken => None,
            Recipe::Unpool { of } => match self.ops.get(*of)?.as_ref()? {
                Op::Pool(pool) => Some((Op::MaxUnpool(*pool), self.unseen[*of])),
                _ => None,
            },
            Recipe::Undo { of, overrides } => {
                let Some(Some(Op::Conv(conv))) = self.ops.get(*of) else { return None };
                let input = self.shape(graph.nodes[*of].inputs[0]);
                // Only const evaluation knows the layers after a sub-chain.
                let unseen = self.unseen[*of] || input.is_none() && graph.deferred();
                let mut op = Op::Conv(if unseen {
                    reversed(conv)
                } else {
                    // If it fails, the layer itself was rejected already.
                    solve::undo(conv, &input?, graph.order()).ok()?
                });
                for (field, setting) in overrides {
                    fields::set(&mut op, field, setting);
                }
                let given = |field: &str| overrides.iter().any(|(name, _)| *name == field);
                if let Op::Conv(conv) = &mut op {
                    if reshapes_undo(overrides) && !given("output_padding") {
                        conv.output_padding = None;
                    }
                    if node.inputs.len() > 1 {
                        conv.weight = WeightFrom::Input;
                    }
                }
                Some((op, unseen || node.unseen))
            }
        }
    }

    /// The input shapes. For an unknown one, as much as the layer's own fields say about it.
    fn inputs(&self, id: NodeId, node: &Node, op: &Op, order: AxisOrder) -> Result<Vec<Shape>, Option<Problem>> {
        let blind = |operand: usize| blind_rank(op, operand).map(Shape::unknown);
        let operands = node.inputs.iter().enumerate();
        let shapes = operands.map(|(operand, value)| self.shape(*value).or_else(|| blind(operand)));
        let mut shapes = shapes.collect::<Option<Vec<Shape>>>().ok_or(None)?;
        match &node.inserted {
            None => {}
            Some(Inserted::Layers { operand, ops }) => {
                let shape = shapes.get_mut(*operand).ok_or(None)?;
                for op in ops {
                    let inputs = vec![*shape];
                    let refused = |fault| Some(Problem::Layer { node: id, op: *op, inputs: inputs.clone(), fault });
                    *shape = op.output(&inputs, order).map_err(refused)?;
                }
            }
            Some(Inserted::Fit { operand }) => {
                let operand = *operand;
                let target = *shapes.iter().enumerate().find(|(other, _)| *other != operand).ok_or(None)?.1;
                if let Some((fitted, _)) = fitted(&shapes[operand], &target, order) {
                    shapes[operand] = fitted;
                }
            }
            Some(Inserted::Projection { operand }) => {
                let operand = *operand;
                let target = *shapes.iter().enumerate().find(|(other, _)| *other != operand).ok_or(None)?.1;
                if projection(&shapes[operand], &target, order).is_some() {
                    shapes[operand] = target;
                }
            }
        }
        Ok(shapes)
    }

    /// Checks the shape that a statement declares for its own output. If it is wrong, checking continues with the sizes
    /// that both shapes share.
    fn claims(&mut self, id: NodeId, node: &Node, shape: Option<Shape>) -> Option<Shape> {
        let mut shape = shape;
        if let Some((written, _)) = node.comment {
            let written = visible(&written);
            shape = match shape {
                // Nothing else is known about the shape.
                None => Some(written),
                Some(found) if found.fits(&written) => Some(complete(&found, &written)),
                Some(found) => {
                    self.problems.push(Problem::Comment { node: id, found, written });
                    agreed(&found, &written)
                }
            };
        }
        if let (Some(restores), Some(found)) = (&node.restores, shape)
            && let Some(wanted) = self.shape(restores.input)
            && !found.fits(&wanted)
        {
            self.problems.push(Problem::Restores { node: id, found, wanted });
            shape = agreed(&found, &wanted);
        }
        shape
    }

    /// The end of a repeat's pass: its output must have the shape of its input. If not, later passes would all be
    /// rejected for the same reason, so their shapes are left unknown.
    fn turn(&mut self, graph: &Graph, body: usize, shape: Option<Shape>) -> Option<Shape> {
        self.turns[body] = Turn::Kept;
        if graph.bodies[body].free {
            return shape;
        }
        let (Some(input), Some(output)) = (self.shape(graph.bodies[body].input), shape) else { return shape };
        if graph.bodies[body].before.is_some_and(|before| self.turns[before] != Turn::Kept) {
            self.turns[body] = Turn::Open;
            return Some(input);
        }
        if input.fits(&output) {
            return shape;
        }
        self.turns[body] = Turn::Broken;
        self.problems.push(Problem::Body { body, input, output });
        agreed(&output, &input)
    }

    /// One declared output.
    pub(crate) fn output(&mut self, graph: &Graph, output: usize) {
        let declared = &graph.outputs[output];
        let Some(found) = declared.value.and_then(|value| self.shape(value)) else { return };
        if !found.fits(&visible(&declared.shape)) {
            self.problems.push(Problem::Output { output, found });
        }
    }
}

/// Checks that the layer's name allows the number of axes of its input.
fn other_rank(node: &Node, input: &Shape) -> Option<Fault> {
    let (least, most) = node.named_axes?;
    let axes = input.rank().checked_sub(1)?;
    let reason = Reason::NamedRank { least: least + 1, most: most + 1, found: *input };
    (!(least..=most).contains(&axes)).then(|| Fault::new(reason))
}

/// Whether fields after `undo` make the derived output padding wrong.
pub(crate) fn reshapes_undo(overrides: &[(&'static str, fields::Setting)]) -> bool {
    let shaping = |field: &str| matches!(field, "padding" | "kernel" | "stride" | "dilation" | "output_size");
    overrides.iter().any(|(field, _)| shaping(field))
}

/// A layer whose parameters have the same name in files as those of an earlier one.
pub(crate) struct Clash {
    pub(crate) node: NodeId,
    pub(crate) kind: ClashKind,
}

/// How two layers with one name in files differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ClashKind {
    /// They are in two turns of a repeat.
    Turns,
    /// They are in two uses of a block.
    Uses,
    /// They are two statements.
    Statements,
}

/// Layers whose parameters have the same name in files. Of several in the same statement of a repeat, or in the same two
/// uses of a block, the first.
pub(crate) fn clashes(graph: &Graph, checked: &Checked) -> Vec<Clash> {
    let (mut names, mut reported) = (HashMap::new(), HashSet::new());
    let has_params = |id: &NodeId| checked.ops[*id].is_some_and(|op| !op.params().is_empty());
    let mut clashes = Vec::new();
    for node in (0..graph.nodes.len()).filter(|id| has_params(id) && graph.nodes[*id].first_run.is_none()) {
        let Node { name, file_name, .. } = &graph.nodes[node];
        let Some(other) = names.insert(file_name, node) else { continue };
        let parts = |node: NodeId| graph.nodes[node].name.split('.').collect::<Vec<&str>>();
        let (mine, others) = (parts(node), parts(other));
        // If the names in the chain are equal too, that was reported already.
        let Some(at) = mine.iter().zip(&others).position(|(mine, other)| mine != other) else { continue };
        let is_turn = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let kind = match (is_turn(mine[at]), graph.nodes[node].origin == graph.nodes[other].origin) {
            (true, _) => ClashKind::Turns,
            (false, true) => ClashKind::Uses,
            (false, false) => ClashKind::Statements,
        };
        let cause = match kind {
            ClashKind::Turns => format!("{}.{}", mine[..at].join("."), mine.get(at + 1).unwrap_or(&"")),
            ClashKind::Uses => mine[..=at].join("."),
            ClashKind::Statements => name.clone(),
        };
        if reported.insert((kind, cause)) {
            clashes.push(Clash { node, kind });
        }
    }
    clashes
}
