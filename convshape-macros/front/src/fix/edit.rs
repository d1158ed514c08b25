//! Changes of what was written: how they change a graph, and how a `help:` line says them.

use convshape_arith::op::{Direction, Op, ResizeTo};
use convshape_arith::shape::Shape;

use super::trial::Touched;
use crate::check;
use crate::fields::{self, Setting};
use crate::graph::{Graph, Inserted, Node, NodeId, Recipe, Replaced, ValueId};
use crate::words::Positional;

/// One change of what was written.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Edit {
    /// `set FIELD: VALUE`
    Field { node: NodeId, field: &'static str, setting: Setting },
    /// `write A -> B`
    Channels { node: NodeId, inputs: i64, outputs: i64 },
    /// `write [..]` in a `Reshape`
    Reshape { node: NodeId, shape: Shape },
    /// An `Upsample` to the sizes of another value.
    Like { node: NodeId, value: ValueId },
    /// The transposed convolution in place of the convolution.
    Transposed { node: NodeId },
    /// A `Flatten` before a layer.
    Flatten { node: NodeId },
    /// A convolution with kernel 1 before an operand of a sum.
    Project { node: NodeId, operand: usize, from: Shape, to: Shape },
    /// `write [..]` in an input
    Input { input: usize, shape: Shape },
    /// `write 64, 32` or `set width: 32` in a use of a block: the chain is read again
    Argument { replaced: Replaced, statement: String, field: Option<String>, text: String },
    /// `write [..]` in an output
    Output { output: usize, shape: Shape },
}

/// What was there before an edit.
pub(super) enum Before {
    Node { node: NodeId, recipe: Recipe, inputs: Vec<ValueId>, inserted: Option<Inserted> },
    Input { input: usize, shape: Shape },
    Output { output: usize, shape: Shape },
}

impl Before {
    pub(super) fn restore(self, graph: &mut Graph) {
        match self {
            Before::Node { node, recipe, inputs, inserted } => {
                let node = &mut graph.nodes[node];
                (node.recipe, node.inputs, node.inserted) = (recipe, inputs, inserted);
            }
            Before::Input { input, shape } => graph.inputs[input].shape = shape,
            Before::Output { output, shape } => graph.outputs[output].shape = shape,
        }
    }
}

impl Edit {
    /// Makes the edit: in every turn of a repeat and every use of a block (`turns`), as the text has one statement.
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
            Edit::Argument { .. } => {}
            _ => {
                for turn in turns {
                    let node = &mut graph.nodes[*turn];
                    log.push(Before::Node {
                        node: *turn,
                        recipe: node.recipe.clone(),
                        inputs: node.inputs.clone(),
                        inserted: node.inserted,
                    });
                    touched.nodes.push(*turn);
                    self.change(node);
                }
            }
        }
    }

    fn change(&self, node: &mut Node) {
        match self {
            Edit::Field { field, setting, .. } => set(node, field, setting),
            Edit::Channels { inputs, outputs, .. } => {
                set(node, "in_channels", &Setting::Int(*inputs));
                set(node, "out_channels", &Setting::Int(*outputs));
            }
            Edit::Reshape { shape, .. } => set(node, "shape", &Setting::Shape(*shape)),
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
            Edit::Flatten { .. } => node.inserted = Some(Inserted::Flatten),
            Edit::Project { operand, .. } => node.inserted = Some(Inserted::Projection { operand: *operand }),
            Edit::Input { .. } | Edit::Output { .. } | Edit::Argument { .. } => {}
        }
    }

    /// The node that it changes.
    pub(crate) fn node(&self) -> Option<NodeId> {
        match self {
            Edit::Field { node, .. }
            | Edit::Channels { node, .. }
            | Edit::Reshape { node, .. }
            | Edit::Like { node, .. }
            | Edit::Transposed { node }
            | Edit::Flatten { node }
            | Edit::Project { node, .. } => Some(*node),
            Edit::Input { .. } | Edit::Output { .. } | Edit::Argument { .. } => None,
        }
    }

    /// The field that it changes, for the place of the message.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            Edit::Field { field, .. } => field,
            Edit::Channels { .. } | Edit::Reshape { .. } => "channels",
            Edit::Like { .. } => "scale",
            Edit::Transposed { .. }
            | Edit::Flatten { .. }
            | Edit::Project { .. }
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
            _ => match (self.node(), other.node()) {
                (Some(a), Some(b)) => graph.nodes[a].origin == graph.nodes[b].origin && self.field() == other.field(),
                _ => false,
            },
        }
    }
}

/// Sets a field of one node.
fn set(node: &mut Node, field: &'static str, setting: &Setting) {
    match &mut node.recipe {
        Recipe::Given(op) => {
            // A pooling layer's stride follows its kernel where it was not written.
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
        // Another run follows the first.
        Recipe::Again { .. }
        | Recipe::Unpool { .. }
        | Recipe::Chain { .. }
        | Recipe::Port { .. }
        | Recipe::Param { .. }
        | Recipe::Same
        | Recipe::Broken => {}
    }
}

/// What is done to a place in the text.
pub(super) enum Verb {
    /// ``set `FIELD: VALUE` ``
    Set(String),
    /// ``write `TEXT` ``: the leading part of a layer, or the shape of a port
    Write(String),
    /// ``put `FIELD: VALUE` in place of `OTHER` ``
    Replace(String, String),
    /// Something that only a reader can do.
    Other(String),
}

impl Edit {
    /// What the edit does, and where: the name of a statement or port.
    pub(super) fn verbs(&self, graph: &Graph) -> Vec<(Verb, String)> {
        match self {
            Edit::Channels { node, inputs, outputs } => {
                let node = &graph.nodes[*node];
                let verbs = channels_verbs(node, *inputs, *outputs).into_iter();
                verbs.map(|verb| (verb, node.writing.statement.clone())).collect()
            }
            _ => vec![self.verb(graph)],
        }
    }

    fn verb(&self, graph: &Graph) -> (Verb, String) {
        let name = |node: NodeId| graph.nodes[node].writing.statement.clone();
        match self {
            Edit::Field { node, field, setting } => (field_verb(&graph.nodes[*node], field, setting), name(*node)),
            Edit::Channels { node, inputs, outputs } => (Verb::Write(format!("{inputs} -> {outputs}")), name(*node)),
            Edit::Reshape { node, shape } => (Verb::Write(shape.to_string()), name(*node)),
            Edit::Like { node, value } => {
                let like = format!("like: {}", graph.value_name(*value));
                (in_place_of_scale(&graph.nodes[*node], like), name(*node))
            }
            Edit::Transposed { node } => {
                let transposed = graph.nodes[*node].op_name.replace("Conv", "ConvTranspose");
                (Verb::Other(format!("or was `{transposed}` meant for `{}`?", name(*node))), name(*node))
            }
            Edit::Flatten { node } => (Verb::Other(format!("insert `Flatten;` before `{}`", name(*node))), name(*node)),
            Edit::Project { node, operand, from, to } => {
                (Verb::Other(projected(graph, *node, *operand, from, to)), name(*node))
            }
            Edit::Argument { statement, field, text, .. } => {
                let verb = match field {
                    Some(field) => Verb::Set(format!("{field}: {text}")),
                    None => Verb::Write(text.clone()),
                };
                (verb, statement.clone())
            }
            Edit::Input { input, shape } => (Verb::Write(shape.to_string()), graph.inputs[*input].name.clone()),
            Edit::Output { output, shape } => (Verb::Write(shape.to_string()), graph.outputs[*output].name.clone()),
        }
    }

    /// What else a reader must know: how many uses of a block the edit changes.
    pub(super) fn reach(&self, graph: &Graph) -> Option<String> {
        let node = &graph.nodes[self.node()?];
        let block = node.writing.block.as_ref()?;
        let uses = graph.nodes.iter().filter(|other| other.origin == node.origin).count();
        (uses > 1).then(|| format!("`{block}` is used {uses} times"))
    }
}

/// A name for a shortcut that no statement has.
fn free_name(graph: &Graph) -> String {
    let taken = |name: &String| graph.nodes.iter().any(|node| node.name == *name);
    let numbered = (2..).map(|number| format!("short{number}"));
    std::iter::once("short".to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

/// A convolution with kernel 1 that a shortcut needs.
fn projected(graph: &Graph, node: NodeId, operand: usize, from: &Shape, to: &Shape) -> String {
    let order = graph.order();
    let channels = |shape: &Shape| shape.size(order.channel(shape.rank()));
    let stride = match check::projection(from, to, order) {
        Some(stride @ 2..) => format!(", stride: {stride}"),
        _ => String::new(),
    };
    let (rank, values) = (from.rank() - 1, &graph.nodes[node].inputs);
    let (ins, outs) = (channels(from).number().unwrap_or(0), channels(to).number().unwrap_or(0));
    let conv = format!("Conv{rank}d({ins} -> {outs}, kernel: 1{stride})");
    let shortcut = graph.value_name(values[operand]);
    let short = free_name(graph);
    let writing = &graph.nodes[node].writing;
    if let Some(block) = &writing.block {
        let used = graph.nodes[node].name.strip_suffix(&writing.statement[block.len()..]).unwrap_or("");
        return format!("in `{block}`, add a projection of the shortcut instead: in `{used}` it is `{conv}`");
    }
    let operands: Option<Vec<&str>> = (0..values.len())
        .map(|index| if index == operand { Some(short.as_str()) } else { graph.reference(values[index]) })
        .collect();
    let name = &writing.statement;
    match (operands, graph.reference(values[operand])) {
        (Some(operands), Some(shortcut)) => {
            let operands = operands.join(", ");
            format!("insert `{short}: {conv} from {shortcut};` before `{name}`, and write `{operands}` in `{name}`")
        }
        _ => format!("add a projection of `{shortcut}` instead: `{short}: {conv} from {shortcut};`"),
    }
}

/// The channels as they are written: as the leading part, or as fields.
fn channels_verbs(node: &Node, inputs: i64, outputs: i64) -> Vec<Verb> {
    let now = match &node.recipe {
        Recipe::Given(Op::Conv(conv)) => (conv.inputs, conv.outputs),
        Recipe::Given(Op::SeparableConv(separable)) => (separable.depthwise.inputs, separable.pointwise.outputs),
        Recipe::Given(Op::Linear { inputs, outputs, .. }) => (*inputs, *outputs),
        Recipe::Given(Op::Recurrent(layer)) => (layer.inputs, layer.hidden),
        _ => (Some(inputs), outputs),
    };
    let field = |name: &str, value: i64| {
        let (_, word) = node.writing.words.iter().find(|(known, _)| *known == name)?;
        Some(Verb::Set(format!("{word}: {value}")))
    };
    let (into, out) = (field("in_channels", inputs), field("out_channels", outputs));
    if out.is_none() && into.is_none() {
        let counted = now.0.is_none() && now.1 != outputs;
        return vec![Verb::Write(if counted { outputs.to_string() } else { format!("{inputs} -> {outputs}") })];
    }
    let into = into.filter(|_| now.0 != Some(inputs));
    let out = out.filter(|_| now.1 != outputs);
    into.into_iter().chain(out).collect()
}

/// A field in the user's words.
fn field_verb(node: &Node, field: &'static str, setting: &Setting) -> Verb {
    let writing = &node.writing;
    if field == "size" && is_scaled(node) {
        return in_place_of_scale(node, format!("size: {setting}"));
    }
    let leads =
        node.spans.positional.is_some() && writing.row.is_some_and(|row| row.positional == Positional::Field(field));
    if leads { Verb::Write(setting.to_string()) } else { Verb::Set(format!("{}: {setting}", writing.word(field))) }
}

impl Edit {
    /// Whether it takes the place of a field that is written by its name.
    pub(super) fn replaces(&self, graph: &Graph) -> bool {
        self.node().is_some() && matches!(self.verb(graph), (Verb::Replace(..), _))
    }
}

/// Whether a layer has a `scale`, which `size` and `like` exclude.
fn is_scaled(node: &Node) -> bool {
    matches!(&node.recipe, Recipe::Given(Op::Upsample(upsample)) if matches!(upsample.to, ResizeTo::Scale(_)))
}

fn in_place_of_scale(node: &Node, text: String) -> Verb {
    match node.writing.words.iter().find(|(field, _)| *field == "scale") {
        // In front, and nothing else has to go.
        None => Verb::Write(text),
        Some((_, word)) => Verb::Replace(text, word.clone()),
    }
}
