//! Changes of the text: their effect on a graph, and their wording in a `help:` line.

use convshape_arith::op::{Axes, Axis, Conv, Direction, MAX_SPATIAL, Op, Padding, PoolKind, ResizeTo, Upsample};
use convshape_arith::shape::Shape;
use proc_macro2::Ident;

use super::formulas::{Formula, is_of_rows};
use super::shortcut;
use super::trial::Touched;
use crate::check::Fitting;
use crate::fields::{self, Setting};
use crate::graph::{Carried, Graph, Inserted, Node, NodeId, Recipe, Replaced, ValueId};
use crate::words::{Positional, Takes};

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

/// A change of the text at one place.
pub(super) enum Verb {
    /// ``set `FIELD: VALUE` ``
    Set(String),
    /// ``write `TEXT` ``: the leading part of a layer, or the shape of a port
    Write(String),
    /// ``put `FIELD: VALUE` in place of `OTHER` ``, or a layer's word in place of another
    Replace(String, String),
    /// ``read `NAME` ``: what follows `from`
    Read(String),
    /// ``insert `STATEMENT;` before the place``, and what must change at that place
    Insert(String, Option<Box<Verb>>),
    /// ``remove `STATEMENT` ``
    Remove,
    /// ``move `STATEMENT` before `OTHER` ``
    Move(String),
    /// ``swap `STATEMENT` and `OTHER` ``
    Swap(String),
    /// ``in the list of `REPEAT`, let entry 2 be `VALUE` ``
    Entry(String),
    /// Something that only a person can do.
    Other(String),
}

impl Edit {
    /// The change and its place: the name of a statement or port.
    pub(super) fn verbs(&self, graph: &Graph) -> Vec<(Verb, String)> {
        match self {
            Edit::Channels { node, inputs, outputs } => {
                let node = &graph.nodes[*node];
                let verbs = channels_verbs(node, *inputs, *outputs).into_iter();
                verbs.map(|verb| (verb, node.writing.statement.clone())).collect()
            }
            // Its name says nothing about axes.
            Edit::Renamed { node, rank } if is_for(&graph.nodes[*node].spans.op, *rank) => Vec::new(),
            _ => vec![self.verb(graph)],
        }
    }

    fn verb(&self, graph: &Graph) -> (Verb, String) {
        let name = |node: NodeId| graph.nodes[node].writing.statement.clone();
        match self {
            Edit::Field { node, field, setting } => (field_verb(&graph.nodes[*node], field, setting), name(*node)),
            Edit::Channels { node, inputs, outputs } => (Verb::Write(format!("{inputs} -> {outputs}")), name(*node)),
            Edit::Open { node } => {
                let outputs = graph.nodes[*node].writing.expression("out_channels").unwrap_or("_");
                (Verb::Write(outputs.to_owned()), name(*node))
            }
            Edit::Formula { node, field, formula } => (formula_verb(&graph.nodes[*node], field, formula), name(*node)),
            Edit::Reshape { node, shape } => {
                let reshape = &graph.nodes[*node];
                (field_verb(reshape, shape_field(reshape), &Setting::Shape(*shape)), name(*node))
            }
            Edit::Keep { node, causal } => (keeping_verb(&graph.nodes[*node], *causal), name(*node)),
            Edit::Like { node, value } => {
                let like = format!("like: {}", graph.value_name(*value));
                (in_place_of_scale(&graph.nodes[*node], like), name(*node))
            }
            Edit::Transposed { node } => {
                let written = graph.nodes[*node].spans.op.to_string();
                (Verb::Replace(transposed(&written), written), name(*node))
            }
            Edit::Renamed { node, rank } => {
                let written = graph.nodes[*node].spans.op.to_string();
                (Verb::Replace(with_rank(&written, *rank), written), name(*node))
            }
            Edit::Undo { node, of } => (Verb::Write(format!("undo {}", graph.nodes[*of].name)), name(*node)),
            Edit::Insert { node, operand, ops } => (insertion(graph, *node, *operand, ops), name(*node)),
            Edit::Operand { node, operand, value } => (reading(graph, *node, *operand, *value), name(*node)),
            Edit::Removed { node } => (Verb::Remove, name(*node)),
            Edit::Order { first, second, swap: false } => (Verb::Move(name(*first)), name(*second)),
            Edit::Order { first, second, swap: true } => (Verb::Swap(name(*second)), name(*first)),
            Edit::Fit { node, operand, fitting } => (fitted(graph, *node, *operand, *fitting), name(*node)),
            Edit::Project { node, operand, from, to } => {
                (shortcut::projected(graph, *node, *operand, from, to), name(*node))
            }
            Edit::Free { body } => {
                let Carried { statement, count, .. } = &graph.bodies[*body];
                (Verb::Replace(format!("turn in 0..{count}"), count.clone()), statement.clone())
            }
            Edit::Argument { statement, place, text, .. } => {
                let verb = match place {
                    ArgumentPlace::Named(field) => Verb::Set(format!("{field}: {text}")),
                    ArgumentPlace::Leading => Verb::Write(text.clone()),
                    ArgumentPlace::Entry(turn) => {
                        let number = turn + 1;
                        Verb::Entry(format!("in the list of `{statement}`, let entry {number} be `{text}`"))
                    }
                };
                (verb, statement.clone())
            }
            Edit::Input { input, shape } => (Verb::Write(shape.to_string()), graph.inputs[*input].name.clone()),
            // A port may have the name of a statement.
            Edit::Output { output: 0, shape } => (Verb::Write(shape.to_string()), "output".to_owned()),
            Edit::Output { output, shape } => {
                (Verb::Write(shape.to_string()), format!("output.{}", graph.outputs[*output].name))
            }
        }
    }

    /// What else the reader must know: how many uses of a block the edit changes.
    pub(super) fn reach(&self, graph: &Graph) -> Option<String> {
        if let Edit::Free { .. } = self {
            return Some("its turns may then change the shape".to_owned());
        }
        let node = &graph.nodes[self.node()?];
        let block = node.writing.block.as_ref()?;
        let uses = graph.nodes.iter().filter(|other| other.origin == node.origin).count();
        (uses > 1).then(|| format!("`{block}` is used {uses} times"))
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

/// Another value for one operand.
fn reading(graph: &Graph, node: NodeId, operand: usize, value: ValueId) -> Verb {
    let other = graph.value_name(value);
    let written = &graph.nodes[node].writing;
    if graph.nodes[node].inputs.len() == 1 {
        return Verb::Read(other.to_owned());
    }
    let operands = written.operands.iter().enumerate();
    let names: Vec<&str> = operands.map(|(at, name)| if at == operand { other } else { name }).collect();
    let names = names.join(", ");
    if written.sourced { Verb::Read(format!("({names})")) } else { Verb::Write(names) }
}

/// The border with which a convolution with stride 1 keeps the size.
fn keeping(conv: &Conv, causal: bool) -> Setting {
    let rows = |axis: usize| conv.kernel[axis].saturating_sub(1).saturating_mul(conv.dilation[axis]);
    match causal {
        true => Setting::Pairs { values: std::array::from_fn(|axis| (rows(axis), 0)), axes: Some(conv.rank) },
        false => Setting::ints(std::array::from_fn(|axis| rows(axis) / 2), conv.rank),
    }
}

/// The border of [`keeping`] as text: `padding: d` if the dilation is a variable.
fn keeping_verb(node: &Node, causal: bool) -> Verb {
    let Recipe::Given(Op::Conv(conv)) = &node.recipe else { return Verb::Other(String::new()) };
    let word = node.writing.word("padding");
    let Some(dilation) = node.writing.expression("dilation") else {
        return field_verb(node, "padding", &keeping(conv, causal));
    };
    let taps = conv.kernel[0].saturating_sub(1);
    let dilation = if dilation.contains(' ') { format!("({dilation})") } else { dilation.to_owned() };
    let times = |taps: i64| if taps == 1 { dilation.clone() } else { format!("{taps} * {dilation}") };
    Verb::Set(match causal {
        true => format!("{word}: [{}]", vec![format!("({}, 0)", times(taps)); conv.rank].join(", ")),
        false => format!("{word}: {}", times(taps / 2)),
    })
}

/// All passes of the repeat that a node belongs to.
fn turns_of(graph: &Graph, body: usize) -> Vec<usize> {
    let place = graph.bodies[body].span.start();
    let same = |other: &usize| graph.bodies[*other].span.start() == place;
    (0..graph.bodies.len()).filter(same).collect()
}

/// A similar name that no statement has.
pub(super) fn free_name(graph: &Graph, name: &str) -> String {
    let taken = |name: &String| graph.nodes.iter().any(|node| node.name == *name);
    let numbered = (2..).map(|number| format!("{name}{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

/// What gives one of two operands the size of the other.
fn fitted(graph: &Graph, node: NodeId, operand: usize, fitting: Fitting) -> Verb {
    let (name, layer) = match fitting {
        Fitting::Crop => ("crop", "Crop"),
        Fitting::Upsample => ("up", "Upsample"),
    };
    let short = free_name(graph, name);
    let values = &graph.nodes[node].inputs;
    let other = values.iter().enumerate().find(|(index, _)| *index != operand).map(|(_, value)| *value);
    let changed = graph.reference(values[operand]);
    let like = other.and_then(|value| graph.reference(value));
    if let (None, Some(like)) = (changed, like)
        && comes_before(graph, values[operand], node)
    {
        // It is read as `_`, and so is the inserted layer.
        return Verb::Insert(format!("{layer}(like: {like});"), None);
    }
    match (operands_with(graph, node, operand, &short), changed, like) {
        (Some((front, operands)), Some(changed), like) => {
            let main = free_name(graph, "main");
            let like = like.unwrap_or(&main);
            Verb::Insert(format!("{front}{short}: {layer}(like: {like}) from {changed};"), written(operands))
        }
        _ => Verb::Other(format!("bring one of the two to the other's size where they meet (`{layer}(like: ..)`)")),
    }
}

/// Whether a statement can be left out of the text: what reads it then reads the one before it.
pub(super) fn can_remove(graph: &Graph, node: NodeId) -> bool {
    let there = &graph.nodes[node];
    let alone = there.spans.label.is_none() && there.comment.is_none() && there.restores.is_none();
    let own = matches!(there.recipe, Recipe::Given(_)) && !there.writing.statement.contains('.');
    alone && own && !there.writing.sourced && is_previous(graph, node, 0)
}

/// Whether such a statement can be inserted: both values have names, and the layer is not part of a block or repeat,
/// whose text has several uses.
pub(super) fn can_fit(graph: &Graph, node: NodeId, operand: usize, fitting: Fitting) -> bool {
    let inside = graph.nodes[node].writing.statement.contains('.');
    !inside && matches!(fitted(graph, node, operand, fitting), Verb::Insert(..))
}

/// The operands of a statement with one of them renamed, and the statement to name if an operand was `_`.
pub(super) fn operands_with(graph: &Graph, node: NodeId, operand: usize, name: &str) -> Option<(String, String)> {
    let mut front = String::new();
    let mut names = Vec::new();
    for (index, value) in graph.nodes[node].inputs.iter().enumerate() {
        match graph.reference(*value) {
            _ if index == operand => names.push(name.to_owned()),
            Some(name) => names.push(name.to_owned()),
            None if comes_before(graph, *value, node) => {
                let main = free_name(graph, "main");
                front = format!("{main}: Identity; ");
                names.push(main);
            }
            None => return None,
        }
    }
    Some((front, names.join(", ")))
}

/// Whether a node is an output of a layer with several, which it reads.
fn reads_a_run(node: &Node) -> bool {
    matches!(node.recipe, Recipe::Given(Op::RecurrentOutput { .. } | Op::CustomOutput { .. }))
}

/// Whether layers can be inserted before a layer: it reads the previous statement, or names the operand among its
/// arguments.
pub(super) fn can_insert(graph: &Graph, node: NodeId, operand: usize) -> bool {
    let written = &graph.nodes[node];
    let inside = written.writing.statement.contains('.');
    match is_previous(graph, node, operand) {
        // It can read the inserted layer by name.
        true => !written.writing.sourced || graph.reference(written.inputs[operand]).is_some(),
        false => !inside && !written.writing.sourced && operands_with(graph, node, operand, "").is_some(),
    }
}

/// Whether an operand is `_` or not written: it is the previous statement.
fn is_previous(graph: &Graph, node: NodeId, operand: usize) -> bool {
    let inputs = &graph.nodes[node].inputs;
    let open = graph.nodes[node].writing.operands.get(operand).is_some_and(|written| written == "_");
    let by_place = open || graph.reference(inputs[operand]).is_none();
    inputs.len() == 1 || by_place && comes_before(graph, inputs[operand], node)
}

/// Whether a value is that of the statement before a layer. Statements that read nothing, such as a parameter, are
/// skipped.
fn comes_before(graph: &Graph, value: ValueId, node: NodeId) -> bool {
    let counts = |before: &NodeId| !graph.is_source(graph.value(*before));
    let before = (0..node).rev().find(counts);
    before.is_some() && graph.producer(value) == before
}

/// Writes the text before a statement's layer, where another statement was inserted in front.
pub(super) fn written(leading: String) -> Option<Box<Verb>> {
    Some(Box::new(Verb::Write(leading)))
}

/// Layers as statements: the first reads a value, the last gets a name.
fn lines_from(layers: &[String], from: &str, name: &str) -> String {
    let last = layers.len() - 1;
    let line = |(at, layer): (usize, &String)| {
        let label = if at == last { format!("{name}: ") } else { String::new() };
        let source = if at == 0 { format!(" from {from}") } else { String::new() };
        format!("{label}{layer}{source};")
    };
    layers.iter().enumerate().map(line).collect::<Vec<String>>().join(" ")
}

/// Layers inserted before a layer.
fn insertion(graph: &Graph, node: NodeId, operand: usize, ops: &[Op]) -> Verb {
    let layers: Vec<String> = ops.iter().map(inserted).collect();
    let written = &graph.nodes[node].writing;
    if written.sourced
        && let Some(from) = graph.reference(graph.nodes[node].inputs[operand])
    {
        let name = free_name(graph, "same");
        let (lines, statement) = (lines_from(&layers, from, &name), &written.statement);
        return match graph.nodes[node].inputs.as_slice() {
            [_] => Verb::Insert(lines, Some(Box::new(Verb::Read(name)))),
            _ => Verb::Other(format!("write `{lines}` before `{statement}`, and let it read `{name}`")),
        };
    }
    if is_previous(graph, node, operand) {
        return Verb::Insert(format!("{};", layers.join("; ")), None);
    }
    let name = free_name(graph, "same");
    let value = graph.nodes[node].inputs[operand];
    match (operands_with(graph, node, operand, &name), graph.reference(value)) {
        (Some((front, operands)), Some(from)) => {
            Verb::Insert(format!("{front}{}", lines_from(&layers, from, &name)), self::written(operands))
        }
        _ => Verb::Other(format!("`{}` gets `{}` before it is read here", graph.value_name(value), layers.join("; "))),
    }
}

/// A layer that a fix inserts, as text.
fn inserted(op: &Op) -> String {
    match op {
        Op::GlobalPool { .. } => "GlobalAvgPool".to_owned(),
        Op::Permute { axes, .. } => format!("Permute({})", axes_text(axes)),
        Op::Conv(conv) if conv.kernel[..conv.rank].iter().all(|rows| *rows == 1) => pointwise(conv),
        Op::Conv(conv) => stage(conv),
        Op::PixelShuffle { factor } => format!("PixelShuffle({factor})"),
        Op::Pool(pool) => {
            let kind = if pool.kind == PoolKind::Avg { "Avg" } else { "Max" };
            let stride = match pool.with_default_stride().stride == pool.stride {
                true => String::new(),
                false => format!(", stride: {}", pool.stride[0]),
            };
            format!("{kind}Pool{}d({}{stride})", pool.rank, pool.kernel[0])
        }
        Op::Reshape { shape } => format!("Reshape({shape})"),
        Op::Linear { inputs: Some(inputs), outputs, .. } => format!("Linear({inputs} -> {outputs})"),
        Op::Upsample(Upsample { to: ResizeTo::Scale(scale), .. }) => format!("Upsample({})", scale[0]),
        Op::Slice { axis, start, end } => format!("Slice({}, axis: {})", Setting::Range(*start, *end), axis_text(axis)),
        Op::Flatten { from: Axis::At(0), to: Axis::At(-1) } => "Flatten".to_owned(),
        Op::Flatten { from, to: Axis::At(-1) } => format!("Flatten(from: {})", axis_text(from)),
        Op::Flatten { from, to } => format!("Flatten(from: {}, to: {})", axis_text(from), axis_text(to)),
        _ => "Flatten".to_owned(),
    }
}

/// A convolution that changes only the channels.
fn pointwise(conv: &Conv) -> String {
    format!("Conv{}d({} -> {}, kernel: 1)", conv.rank, conv.inputs.unwrap_or(conv.outputs), conv.outputs)
}

/// A convolution with equal numbers on every axis.
fn stage(conv: &Conv) -> String {
    let layer = if conv.direction == Direction::Transposed { "ConvTranspose" } else { "Conv" };
    let padding = match conv.padding {
        Padding::Symmetric(rows) if rows[0] > 0 => format!(", padding: {}", rows[0]),
        Padding::Same => ", padding: same".to_owned(),
        Padding::Valid => ", padding: valid".to_owned(),
        _ => String::new(),
    };
    let (rank, inputs, outputs) = (conv.rank, conv.inputs.unwrap_or(conv.outputs), conv.outputs);
    let (kernel, stride) = (conv.kernel[0], conv.stride[0]);
    let more = match conv.output_padding {
        Some(rows) if rows[0] > 0 => format!(", output_padding: {}", rows[0]),
        _ => String::new(),
    };
    format!("{layer}{rank}d({inputs} -> {outputs}, kernel: {kernel}, stride: {stride}{padding}{more})")
}

fn axis_text(axis: &Axis) -> String {
    match axis {
        Axis::At(at) => at.to_string(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// `1, 2, 0`
fn axes_text(axes: &Axes) -> String {
    axes.as_slice().iter().map(axis_text).collect::<Vec<String>>().join(", ")
}

/// The same axes as PyTorch counts them, for which the batch is axis 0.
fn with_the_batch(axes: &Axes) -> Axes {
    let counted = axes.list.map(|axis| match axis {
        Axis::At(at @ 0..) => Axis::At(at + 1),
        other => other,
    });
    Axes { list: counted, ..*axes }
}

/// The name of the transposed layer.
pub(crate) fn transposed(word: &str) -> String {
    match word.strip_suffix('D') {
        // keras: `Conv2D`.
        Some(_) => format!("{word}Transpose"),
        None => word.replacen("Conv", "ConvTranspose", 1),
    }
}

/// The name for a different number of axes.
pub(crate) fn with_rank(word: &str, rank: usize) -> String {
    word.replacen(|letter: char| letter.is_ascii_digit(), &rank.to_string(), 1)
}

/// Whether a layer's name is that for a number of axes, or for any.
fn is_for(word: &Ident, rank: usize) -> bool {
    *word == with_rank(&word.to_string(), rank)
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

/// The channels as written: positional, or as fields.
fn channels_verbs(node: &Node, inputs: i64, outputs: i64) -> Vec<Verb> {
    let now = counts(node);
    let field = |name: &str, value: i64| {
        let (_, word) = node.writing.words.iter().find(|(known, _)| *known == name)?;
        Some(Verb::Set(format!("{word}: {value}")))
    };
    let (into, out) = (field("in_channels", inputs), field("out_channels", outputs));
    if out.is_none() && into.is_none() {
        let counted = now.0.is_none() && now.1 != outputs;
        let text = |field: &str, now: Option<i64>, number: i64| match node.writing.expression(field) {
            Some(text) if now == Some(number) => text.to_owned(),
            _ => number.to_string(),
        };
        let (into, out) = (text("in_channels", now.0, inputs), text("out_channels", Some(now.1), outputs));
        return vec![Verb::Write(if counted { out } else { format!("{into} -> {out}") })];
    }
    let into = into.filter(|_| now.0 != Some(inputs));
    let out = out.filter(|_| now.1 != outputs);
    into.into_iter().chain(out).collect()
}

/// A count as an expression, as it is written: in the leading part, or as a field.
fn formula_verb(node: &Node, field: &'static str, formula: &Formula) -> Verb {
    let text = formula.to_string();
    if let Some((_, word)) = node.writing.words.iter().find(|(known, _)| *known == field) {
        return Verb::Set(format!("{word}: {text}"));
    }
    if is_of_rows(field) {
        return Verb::Set(format!("{}: {text}", node.writing.word(field)));
    }
    let (into, out) = counts(node);
    let side =
        |field: &str, number: i64| node.writing.expression(field).map_or_else(|| number.to_string(), str::to_owned);
    match (field, into) {
        ("in_channels", _) => Verb::Write(format!("{text} -> {}", side("out_channels", out))),
        ("out_channels", Some(into)) => Verb::Write(format!("{} -> {text}", side("in_channels", into))),
        _ => Verb::Write(text),
    }
}

/// A field with the user's word.
fn field_verb(node: &Node, field: &'static str, setting: &Setting) -> Verb {
    let writing = &node.writing;
    let word = node.spans.op.to_string();
    if let ("mode", Setting::Word("replicate"), true) = (field, setting, word.starts_with("ReflectionPad")) {
        // Its name says how the border is filled.
        return Verb::Replace(word.replacen("Reflection", "Replication", 1), word);
    }
    if field == "size" && is_scaled(node) {
        return in_place_of_scale(node, format!("size: {setting}"));
    }
    let leading = writing.row.filter(|_| node.spans.positional.is_some()).map(|row| row.positional);
    if let (Some(Positional::Axes), "axes", Setting::Axes(axes)) = (leading, field, setting) {
        return Verb::Write(axes_text(axes));
    }
    if let (Some(Positional::Two(..)), Recipe::Given(Op::Unflatten { axis, sizes })) = (leading, &node.recipe) {
        return Verb::Write(match field {
            "axis" => format!("{setting}, {sizes}"),
            _ => format!("{}, {setting}", axis_text(axis)),
        });
    }
    let leads = leading == Some(Positional::Field(field));
    let takes = writing.row.and_then(|row| row.all_fields().find(|words| words.name == field)).map(|words| words.takes);
    if let (Some(Takes::Sides), Some(text)) = (takes, sides_text(setting)) {
        return if leads { Verb::Write(text) } else { Verb::Set(format!("{}: {text}", writing.word(field))) };
    }
    let of_torch = ["dim", "start_dim", "end_dim"].into_iter().find(|word| *word == writing.word(field));
    if let (Setting::Axes(axes), Some(word)) = (setting, of_torch) {
        return Verb::Set(format!("{word}: {}", Setting::Axes(with_the_batch(axes))));
    }
    if leads { Verb::Write(setting.to_string()) } else { Verb::Set(field_text(writing.word(field), setting)) }
}

/// A field with its value. In onnx's `pads` all low sides come first, then all high ones.
pub(crate) fn field_text(word: &str, setting: &Setting) -> String {
    match setting {
        Setting::Pairs { values, axes: Some(axes) } if word == "pads" => {
            let (low, high) = (values[..*axes].iter().map(|pair| pair.0), values[..*axes].iter().map(|pair| pair.1));
            let sides: Vec<String> = low.chain(high).map(|rows| rows.to_string()).collect();
            format!("pads: [{}]", sides.join(", "))
        }
        Setting::Ints { values, axes: Some(axes) } if word == "pads" && *axes > 1 => {
            let sides = values[..*axes].iter().chain(&values[..*axes]).map(ToString::to_string);
            format!("pads: [{}]", sides.collect::<Vec<String>>().join(", "))
        }
        _ => format!("{word}: {setting}"),
    }
}

/// The rows of a padding layer as PyTorch writes them: both sides of each axis, the last axis first.
fn sides_text(setting: &Setting) -> Option<String> {
    let pairs: Vec<(i64, i64)> = match setting {
        Setting::Ints { values, axes: Some(axes) } if *axes > 1 => values[..*axes].iter().map(|v| (*v, *v)).collect(),
        Setting::Pairs { values, axes: Some(axes) } => values[..*axes].to_vec(),
        _ => return None,
    };
    let sides: Vec<String> = pairs.iter().rev().map(|(low, high)| format!("{low}, {high}")).collect();
    Some(format!("({})", sides.join(", ")))
}

impl Edit {
    /// Whether it replaces a field that is written by name.
    pub(super) fn replaces(&self, graph: &Graph) -> bool {
        self.node().is_some() && matches!(self.verb(graph), (Verb::Replace(..), _))
    }
}

/// Whether a layer has a `scale`, which excludes `size` and `like`.
fn is_scaled(node: &Node) -> bool {
    matches!(&node.recipe, Recipe::Given(Op::Upsample(upsample)) if matches!(upsample.to, ResizeTo::Scale(_)))
}

fn in_place_of_scale(node: &Node, text: String) -> Verb {
    match node.writing.words.iter().find(|(field, _)| *field == "scale") {
        // Positional, and nothing else has to be removed.
        None => Verb::Write(text),
        Some((_, word)) => Verb::Replace(text, word.clone()),
    }
}
