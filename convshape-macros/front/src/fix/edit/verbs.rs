//! Edits in words: what a `help:` line asks for, and where.

mod shortcut;

use convshape_arith::op::{Axes, Axis, Conv, Direction, Op, Padding, Pool, PoolKind, ResizeTo, Upsample};
use proc_macro2::Ident;

use super::{ArgumentPlace, Edit, Formula, counts, is_of_rows, keeping, shape_field};
use crate::check::Fitting;
use crate::fields::Setting;
use crate::graph::{Carried, Graph, Node, NodeId, Recipe, ValueId};
use crate::words::{self, Positional, Takes, with_rank};

/// A change of the program's text at one place.
pub(crate) enum Verb {
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
    pub(crate) fn verbs(&self, graph: &Graph) -> Vec<(Verb, String)> {
        match self {
            Edit::Channels { node, inputs, outputs } => {
                let node = &graph.nodes[*node];
                let verbs = channels_verbs(graph, node, *inputs, *outputs).into_iter();
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
            Edit::Output { output, shape } => {
                let place = match graph.outputs.as_slice() {
                    [_] => "output".to_owned(),
                    outputs => format!("output.{}", outputs[*output].name),
                };
                (Verb::Write(shape.to_string()), place)
            }
        }
    }

    /// What else the reader must know: how many uses of a block the edit changes.
    pub(crate) fn reach(&self, graph: &Graph) -> Option<String> {
        if let Edit::Free { .. } = self {
            return Some("its turns may then change the shape".to_owned());
        }
        let node = &graph.nodes[self.node()?];
        let block = node.writing.block.as_ref()?;
        let uses = graph.nodes.iter().filter(|other| other.origin == node.origin).count();
        (uses > 1).then(|| format!("`{block}` is used {uses} times"))
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

/// A similar name that no statement has.
pub(crate) fn free_name(graph: &Graph, name: &str) -> String {
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
pub(crate) fn can_remove(graph: &Graph, node: NodeId) -> bool {
    let there = &graph.nodes[node];
    let alone = there.spans.label.is_none() && there.comment.is_none() && there.restores.is_none();
    let own = matches!(there.recipe, Recipe::Given(_)) && !there.writing.statement.contains('.');
    alone && own && !there.writing.sourced && is_previous(graph, node, 0)
}

/// Whether such a statement can be inserted: both values have names, and the layer is not part of a block or repeat,
/// whose text has several uses.
pub(crate) fn can_fit(graph: &Graph, node: NodeId, operand: usize, fitting: Fitting) -> bool {
    let inside = graph.nodes[node].writing.statement.contains('.');
    !inside && matches!(fitted(graph, node, operand, fitting), Verb::Insert(..))
}

/// The operands of a statement with one of them renamed, and the statement to name if an operand was `_`.
pub(crate) fn operands_with(graph: &Graph, node: NodeId, operand: usize, name: &str) -> Option<(String, String)> {
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

/// Whether layers can be inserted before a layer: it reads the previous statement, or names the operand among its
/// arguments.
pub(crate) fn can_insert(graph: &Graph, node: NodeId, operand: usize) -> bool {
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
pub(crate) fn written(leading: String) -> Option<Box<Verb>> {
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
    let layers: Vec<String> = ops.iter().map(|op| in_own_word(graph, inserted(op))).collect();
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

/// A layer of one number in the word that the chain has for it elsewhere, such as `MaxPooling2D(2)`.
fn in_own_word(graph: &Graph, text: String) -> String {
    let Some(end) = text.find('(').filter(|_| !text.contains("->")) else { return text };
    let Some(known) = words::named_layer(&text[..end], graph.dialect) else { return text };
    let own = graph.nodes.iter().map(|node| node.spans.op.to_string()).find(|word| {
        words::named_layer(word, graph.dialect)
            .is_some_and(|own| own.words.snake == known.words.snake && (own.rank == known.rank || known.rank.is_none()))
    });
    own.map_or_else(|| text.clone(), |own| format!("{own}{}", &text[end..]))
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
        // Any other layer by its name.
        other => format!("{other:?}").chars().take_while(char::is_ascii_alphanumeric).collect(),
    }
}

/// A convolution that changes only the channels.
fn pointwise(conv: &Conv) -> String {
    format!("Conv{}d({} -> {}, kernel: 1)", conv.rank, conv.inputs.unwrap_or(conv.outputs), conv.outputs)
}

/// A convolution with equal numbers on every axis.
fn stage(conv: &Conv) -> String {
    let layer = if conv.direction == Direction::Transposed { "ConvTranspose" } else { "Conv" };
    let padding = match (conv.padding, conv.padding.word()) {
        (Padding::Symmetric(rows), _) if rows[0] > 0 => format!(", padding: {}", rows[0]),
        (_, Some(word)) => format!(", padding: {word}"),
        (_, None) => String::new(),
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

/// Whether a layer's name is that for a number of axes, or for any.
fn is_for(word: &Ident, rank: usize) -> bool {
    *word == with_rank(&word.to_string(), rank)
}

/// The channels as written: positional, or as fields.
fn channels_verbs(graph: &Graph, node: &Node, inputs: i64, outputs: i64) -> Vec<Verb> {
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
        let into = expression_above(graph, node, inputs).filter(|_| now.0 != Some(inputs)).unwrap_or(into);
        return vec![Verb::Write(if counted { out } else { format!("{into} -> {out}") })];
    }
    let into = into.filter(|_| now.0 != Some(inputs));
    let out = out.filter(|_| now.1 != outputs);
    into.into_iter().chain(out).collect()
}

/// The count as the layer above gives it, if that is an expression with names of the same block or repeat.
fn expression_above(graph: &Graph, node: &Node, inputs: i64) -> Option<String> {
    let above = &graph.nodes[graph.shaper(*node.inputs.first()?)?];
    let scope = |node: &Node| node.writing.statement.rsplit_once('.').map(|(scope, _)| scope.to_owned());
    let same = scope(node).is_some_and(|own| scope(above) == Some(own)) && counts(above).1 == inputs;
    above.writing.expression("out_channels").filter(|_| same).map(str::to_owned)
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
    // onnx has words for a padding in another field.
    if let (Setting::Word(padding @ ("same" | "valid")), "pads") = (setting, writing.word(field)) {
        let padding = if *padding == "same" { "same_upper" } else { padding };
        let text = format!("auto_pad: {padding}");
        let written = writing.words.iter().any(|(_, word)| word == "pads");
        return if written { Verb::Replace(text, "pads".to_owned()) } else { Verb::Set(text) };
    }
    // It lists both sides of every axis.
    let listed = match (setting, &node.recipe) {
        (
            Setting::Ints { values, axes: None },
            Recipe::Given(Op::Conv(Conv { rank, .. }) | Op::Pool(Pool { rank, .. })),
        ) if writing.word(field) == "pads" => Some(Setting::Ints { values: *values, axes: Some(*rank) }),
        _ => None,
    };
    let setting = listed.as_ref().unwrap_or(setting);
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
        Setting::Ints { values, axes: Some(axes) } if word == "pads" => {
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
    pub(crate) fn replaces(&self, graph: &Graph) -> bool {
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
