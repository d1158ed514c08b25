//! Changes of the text, and their effect on a graph.

mod verbs;

use std::fmt;

use convshape_arith::op::{Conv, Direction, MAX_SPATIAL, Op, ResizeTo};
use convshape_arith::shape::Shape;

pub(crate) use self::verbs::{Verb, can_fit, can_insert, can_remove, field_text, transposed};
use crate::check::Fitting;
use crate::fields::{self, Setting};
use crate::graph::{Graph, Inserted, Node, NodeId, Recipe, Replaced, ValueId};

/// One change of the text.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Edit {
    /// `set FIELD: VALUE`
    Field { node: NodeId, field: &'static str, setting: Setting },
    /// `write A -> B`
    Channels { node: NodeId, inputs: i64, outputs: i64 },
    /// `write B`: the input channels are left out, and follow from what comes in.
    Open { node: NodeId },
    /// `write A -> to`: a count that follows from a parameter of the block or a variable of the repeat.
    Formula { node: NodeId, field: &'static str, formula: Formula },
    /// `write [..]` in a `Reshape`
    Reshape { node: NodeId, shape: Shape },
    /// The border with which a convolution with stride 1 keeps the size, different in each pass of a repeat; for
    /// `causal`, all at the start.
    Keep { node: NodeId, causal: bool },
    /// An `Upsample` to the sizes of another value.
    Like { node: NodeId, value: ValueId },
    /// The transposed convolution in place of the convolution.
    Transposed { node: NodeId },
    /// `undo` of another layer.
    Undo { node: NodeId, of: NodeId },
    /// The same layer for a different number of axes: `BatchNorm3d` in place of `BatchNorm2d`.
    Renamed { node: NodeId, rank: usize },
    /// Layers with one input each, inserted before a layer on one of its operands.
    Insert { node: NodeId, operand: usize, ops: Vec<Op> },
    /// Reads another value.
    Operand { node: NodeId, operand: usize, value: ValueId },
    /// Removes a layer.
    Removed { node: NodeId },
    /// Moves the second of two layers before the first, or exchanges them.
    Order { first: NodeId, second: NodeId, swap: bool },
    /// A crop or an `Upsample` of an operand to the size of the other one.
    Fit { node: NodeId, operand: usize, fitting: Fitting },
    /// A convolution with kernel 1 before an operand of a sum.
    Project { node: NodeId, operand: usize, from: Shape, to: Shape },
    /// A repeat whose passes may change the shape.
    Free { body: usize },
    /// `write [..]` in an input
    Input { input: usize, shape: Shape },
    /// `write 64, 32` or `set width: 32` in a use of a block, or an entry in the list of a repeat. The chain is read
    /// again.
    Argument { replaced: Vec<Replaced>, statement: String, place: ArgumentPlace, text: String },
    /// `write [..]` in an output
    Output { output: usize, shape: Shape },
}

/// `offset + scale * variable`, or half of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Formula {
    pub(super) variable: String,
    pub(super) scale: i64,
    pub(super) offset: i64,
    pub(super) halved: bool,
}

impl Formula {
    /// What it comes to at a node.
    pub(super) fn number(&self, node: &Node) -> Option<i64> {
        let (_, value) = node.writing.variables.iter().find(|(name, _)| *name == self.variable)?;
        let whole = self.scale.checked_mul(*value)?.checked_add(self.offset)?;
        Some(if self.halved { whole / 2 } else { whole })
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Formula { variable, scale, offset, halved } = self;
        let product = if *scale == 1 { variable.clone() } else { format!("{scale} * {variable}") };
        match (offset, halved) {
            (0, false) => f.write_str(&product),
            (0, true) => write!(f, "{product} / 2"),
            (_, false) => write!(f, "{offset} + {product}"),
            (_, true) => write!(f, "({product} + {offset}) / 2"),
        }
    }
}

/// Whether a field counts rows and not channels.
pub(super) fn is_of_rows(field: &str) -> bool {
    matches!(field, "kernel" | "stride" | "padding" | "dilation" | "output_padding")
}

/// Where an argument is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ArgumentPlace {
    /// All positional arguments.
    Leading,
    /// By its parameter's name.
    Named(String),
    /// An entry of a list, from 0.
    Entry(usize),
}

/// The state that an edit changed.
#[derive(Default)]
pub(super) struct Touched {
    pub(super) inputs: Vec<usize>,
    pub(super) nodes: Vec<NodeId>,
    pub(super) outputs: Vec<usize>,
}

/// The state before an edit.
pub(super) enum Before {
    Node { node: NodeId, before: Box<Node> },
    Input { input: usize, shape: Shape },
    Output { output: usize, shape: Shape },
    Free { body: usize },
}

impl Before {
    pub(super) fn restore(self, graph: &mut Graph) {
        match self {
            Before::Node { node, before } => graph.nodes[node] = *before,
            Before::Input { input, shape } => graph.inputs[input].shape = shape,
            Before::Output { output, shape } => graph.outputs[output].shape = shape,
            Before::Free { body } => graph.bodies[body].free = false,
        }
    }
}

impl Edit {
    /// Applies the edit in every pass of a repeat and every use of a block (`turns`), because the text has only one
    /// statement.
    pub(super) fn apply(&self, graph: &mut Graph, turns: &[NodeId], log: &mut Vec<Before>, touched: &mut Touched) {
        match self {
            Edit::Input { input, shape } => {
                log.push(Before::Input { input: *input, shape: graph.inputs[*input].shape });
                touched.inputs.push(*input);
                graph.inputs[*input].shape = *shape;
            }
            Edit::Output { output, shape } => {
                log.push(Before::Output { output: *output, shape: graph.outputs[*output].shape });
                touched.outputs.push(*output);
                graph.outputs[*output].shape = *shape;
            }
            Edit::Free { body } => {
                for turn in turns_of(graph, *body) {
                    log.push(Before::Free { body: turn });
                    touched.nodes.extend(graph.producer(graph.bodies[turn].output));
                    graph.bodies[turn].free = true;
                }
            }
            Edit::Argument { .. } => {}
            Edit::Order { first, second, swap } => {
                log.extend((*first..=*second).map(|node| before(graph, node)));
                touched.nodes.extend(*first..=*second);
                reorder(&mut graph.nodes[*first..=*second], *swap);
            }
            _ => {
                let took = match self {
                    Edit::Undo { of, .. } => graph.nodes[*of].inputs.first().copied(),
                    _ => None,
                };
                let counts = self.node().map_or((None, 0), |node| counts(&graph.nodes[node]));
                for turn in turns {
                    log.push(before(graph, *turn));
                    let node = &mut graph.nodes[*turn];
                    touched.nodes.push(*turn);
                    self.change(node, counts);
                    // The layer that undoes a pooling reads the positions that it recorded.
                    if let (Recipe::Unpool { .. }, Some(took)) = (&node.recipe, took) {
                        node.inputs.truncate(1);
                        node.inputs.push(took);
                    }
                }
            }
        }
    }

    /// `now` is the edited layer's number of channels. In other passes of a repeat, a number that the edit does not
    /// change may differ.
    fn change(&self, node: &mut Node, now: (Option<i64>, i64)) {
        match self {
            // What a normalisation says of its axis.
            Edit::Field { field: "axis", .. } if node.named_axes.is_some() => node.named_axes = None,
            Edit::Field { field, setting, .. } => {
                set(node, field, setting);
                node.holes.retain(|hole| hole.field() != *field);
            }
            Edit::Channels { inputs, outputs, .. } => {
                if now.0 != Some(*inputs) {
                    set(node, "in_channels", &Setting::Int(*inputs));
                }
                if now.1 != *outputs {
                    set(node, "out_channels", &Setting::Int(*outputs));
                }
            }
            Edit::Open { .. } => {
                if let Recipe::Given(Op::Conv(Conv { inputs, .. }) | Op::Linear { inputs, .. }) = &mut node.recipe {
                    *inputs = None;
                }
            }
            Edit::Formula { field, formula, .. } => {
                if let Some(number) = formula.number(node) {
                    let rows = Setting::Ints { values: [number; MAX_SPATIAL], axes: None };
                    set(node, field, &if is_of_rows(field) { rows } else { Setting::Int(number) });
                }
            }
            Edit::Reshape { shape, .. } => set(node, shape_field(node), &Setting::Shape(*shape)),
            Edit::Keep { causal, .. } => {
                if let Recipe::Given(Op::Conv(conv)) = &node.recipe {
                    let border = keeping(conv, *causal);
                    set(node, "padding", &border);
                }
            }
            Edit::Like { value, .. } => {
                node.inputs.truncate(1);
                node.inputs.push(*value);
                if let Recipe::Given(Op::Upsample(upsample)) = &mut node.recipe {
                    upsample.to = ResizeTo::Like;
                }
            }
            Edit::Transposed { .. } => {
                if let Recipe::Given(Op::Conv(conv)) = &mut node.recipe {
                    conv.direction = Direction::Transposed;
                }
            }
            Edit::Undo { of, .. } => {
                if let Recipe::Undo { of: now, .. } | Recipe::Unpool { of: now } = &mut node.recipe {
                    *now = *of;
                }
            }
            Edit::Renamed { rank, .. } => rename(node, *rank),
            // The outputs of a recurrent layer are nodes of their own that read the node of its run.
            Edit::Insert { .. } if reads_a_run(node) => {}
            Edit::Insert { operand, ops, .. } => {
                node.inserted = Some(Inserted::Layers { operand: *operand, ops: ops.clone() });
            }
            Edit::Operand { operand, value, .. } => {
                if let Some(read) = node.inputs.get_mut(*operand) {
                    *read = *value;
                }
            }
            Edit::Removed { .. } => node.recipe = Recipe::Given(Op::Identity),
            Edit::Fit { operand, .. } => node.inserted = Some(Inserted::Fit { operand: *operand }),
            Edit::Project { operand, .. } => node.inserted = Some(Inserted::Projection { operand: *operand }),
            Edit::Input { .. }
            | Edit::Output { .. }
            | Edit::Argument { .. }
            | Edit::Free { .. }
            | Edit::Order { .. } => {}
        }
    }

    /// Whether it changes an argument of a block, so that the chain is read again.
    pub(super) fn is_argument(&self) -> bool {
        matches!(self, Edit::Argument { .. })
    }

    /// The arguments that it changes.
    pub(super) fn replaced(&self) -> &[Replaced] {
        match self {
            Edit::Argument { replaced, .. } => replaced,
            _ => &[],
        }
    }

    /// The node that it changes.
    pub(crate) fn node(&self) -> Option<NodeId> {
        match self {
            Edit::Field { node, .. }
            | Edit::Channels { node, .. }
            | Edit::Open { node }
            | Edit::Formula { node, .. }
            | Edit::Reshape { node, .. }
            | Edit::Keep { node, .. }
            | Edit::Like { node, .. }
            | Edit::Transposed { node }
            | Edit::Renamed { node, .. }
            | Edit::Undo { node, .. }
            | Edit::Insert { node, .. }
            | Edit::Operand { node, .. }
            | Edit::Removed { node }
            | Edit::Order { second: node, .. }
            | Edit::Fit { node, .. }
            | Edit::Project { node, .. } => Some(*node),
            Edit::Input { .. } | Edit::Output { .. } | Edit::Argument { .. } | Edit::Free { .. } => None,
        }
    }

    /// Whether it writes a number where a block's parameter or a repeat's variable was.
    pub(super) fn overwrites_a_variable(&self, graph: &Graph) -> bool {
        let Some(node) = self.node().map(|node| &graph.nodes[node]) else { return false };
        let several = || graph.nodes.iter().filter(|other| other.origin == node.origin).count() > 1;
        let written = |field: &str| node.writing.expression(field).is_some();
        let overwrites = match self {
            Edit::Channels { inputs, outputs, .. } => {
                let now = counts(node);
                written("in_channels") && now.0 != Some(*inputs) || written("out_channels") && now.1 != *outputs
            }
            Edit::Field { field, .. } => written(field),
            _ => false,
        };
        overwrites && several()
    }

    /// The field that it changes, which is where the message points.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            Edit::Field { field, .. } => field,
            Edit::Formula { field, .. } if is_of_rows(field) => field,
            Edit::Channels { .. } | Edit::Open { .. } | Edit::Formula { .. } | Edit::Reshape { .. } => "channels",
            Edit::Like { .. } => "scale",
            Edit::Keep { .. } => "padding",
            Edit::Transposed { .. }
            | Edit::Renamed { .. }
            | Edit::Undo { .. }
            | Edit::Insert { .. }
            | Edit::Operand { .. }
            | Edit::Removed { .. }
            | Edit::Order { .. }
            | Edit::Fit { .. }
            | Edit::Project { .. }
            | Edit::Free { .. }
            | Edit::Input { .. }
            | Edit::Argument { .. }
            | Edit::Output { .. } => "",
        }
    }

    /// Whether two edits change the same thing.
    pub(super) fn overlaps(&self, other: &Edit, graph: &Graph) -> bool {
        match (self, other) {
            (Edit::Input { input: a, .. }, Edit::Input { input: b, .. }) => a == b,
            (Edit::Output { output: a, .. }, Edit::Output { output: b, .. }) => a == b,
            (Edit::Argument { statement: a, place, .. }, Edit::Argument { statement: b, place: there, .. }) => {
                a == b && place == there
            }
            _ => match (self.node(), other.node()) {
                (Some(a), Some(b)) => graph.nodes[a].origin == graph.nodes[b].origin && self.field() == other.field(),
                _ => false,
            },
        }
    }
}

/// The field for the shape that a layer gives to a value.
fn shape_field(node: &Node) -> &'static str {
    if matches!(node.recipe, Recipe::Given(Op::Unflatten { .. })) { "sizes" } else { "shape" }
}

/// Sets a field of one node.
fn set(node: &mut Node, field: &'static str, setting: &Setting) {
    match &mut node.recipe {
        Recipe::Given(op) => {
            // A pooling layer's stride follows its kernel unless it was written.
            let follows = field == "kernel" && !node.spans.fields.iter().any(|(name, _)| *name == "stride");
            fields::set(op, field, setting);
            if let (Op::Pool(pool), true) = (op, follows) {
                *pool = pool.with_default_stride();
            }
        }
        Recipe::Undo { overrides, .. } => {
            overrides.retain(|(name, _)| *name != field);
            overrides.push((field, setting.clone()));
        }
        // Another run of the layer follows the first.
        Recipe::Again { .. }
        | Recipe::Unpool { .. }
        | Recipe::Chain { .. }
        | Recipe::Port { .. }
        | Recipe::Param { .. }
        | Recipe::Same
        | Recipe::Broken => {}
    }
}

/// The state of a node.
fn before(graph: &Graph, node: NodeId) -> Before {
    Before::Node { node, before: Box::new(graph.nodes[node].clone()) }
}

/// Puts the last of some layers first, or exchanges both. Each reads what was read in its new place.
fn reorder(nodes: &mut [Node], swap: bool) {
    let inputs: Vec<Vec<ValueId>> = nodes.iter_mut().map(|node| std::mem::take(&mut node.inputs)).collect();
    match swap {
        true => nodes.swap(0, inputs.len() - 1),
        false => nodes.rotate_right(1),
    }
    for (node, inputs) in nodes.iter_mut().zip(inputs) {
        node.inputs = inputs;
    }
}

/// The border with which a convolution with stride 1 keeps the size.
fn keeping(conv: &Conv, causal: bool) -> Setting {
    let rows = |axis: usize| conv.kernel[axis].saturating_sub(1).saturating_mul(conv.dilation[axis]);
    match causal {
        true => Setting::Pairs { values: std::array::from_fn(|axis| (rows(axis), 0)), axes: Some(conv.rank) },
        false => Setting::ints(std::array::from_fn(|axis| rows(axis) / 2), conv.rank),
    }
}

/// All passes of the repeat that a node belongs to.
fn turns_of(graph: &Graph, body: usize) -> Vec<usize> {
    let place = graph.bodies[body].span.start();
    let same = |other: &usize| graph.bodies[*other].span.start() == place;
    (0..graph.bodies.len()).filter(same).collect()
}

/// Whether a node is an output of a layer with several, which it reads.
fn reads_a_run(node: &Node) -> bool {
    matches!(node.recipe, Recipe::Given(Op::RecurrentOutput { .. } | Op::CustomOutput { .. }))
}

/// Turns a node's layer into one for a different number of axes.
fn rename(node: &mut Node, rank: usize) {
    if let Recipe::Given(op) = &mut node.recipe {
        match op {
            Op::Conv(conv) => conv.rank = rank,
            Op::Pool(pool) => pool.rank = rank,
            Op::AdaptivePool { rank: now, .. } => *now = rank,
            _ => {}
        }
    }
    node.named_axes = node.named_axes.map(|_| if rank == 1 { (0, 1) } else { (rank, rank) });
}

/// The channels that a layer takes, if it says so, and gives.
pub(super) fn counts(node: &Node) -> (Option<i64>, i64) {
    match &node.recipe {
        Recipe::Given(Op::Conv(conv)) => (conv.inputs, conv.outputs),
        Recipe::Given(Op::SeparableConv(separable)) => (separable.depthwise.inputs, separable.pointwise.outputs),
        Recipe::Given(Op::Linear { inputs, outputs, .. }) => (*inputs, *outputs),
        Recipe::Given(Op::Recurrent(layer)) => (layer.inputs, layer.hidden),
        _ => (None, 0),
    }
}
