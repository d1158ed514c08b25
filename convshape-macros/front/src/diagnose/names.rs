//! Mistakes in the names of statements: in `from`, `undo` and `tied`, and in blocks and repeats.

use convshape_arith::code;
use convshape_arith::op::Direction;
use proc_macro2::{Ident, Span};

use super::Report;
use crate::check::ClashKind;
use crate::syntax::{Block, Comparison, Layer, Param, ParamKind, Repeat, Source, Text, Value};
use crate::words::{list, nearest};

/// `inside` is the block's use or the repeat that contains a statement of this name.
pub(crate) fn unknown_name(name: &Ident, nearest: Option<String>, inside: Option<&str>) -> Report {
    let report = no_statement(name);
    let Some(inside) = inside else { return report.meant(nearest) };
    let report = report.note(format_args!("`{inside}.{name}` is a name inside `{inside}`"));
    let first = |letter: char| letter.is_ascii_digit();
    if inside.rsplit('.').next().is_some_and(|last| last.starts_with(first)) {
        return report;
    }
    report.help(format_args!("give it at the end of that body, `output: {name};`, and read `{inside}.{name}`"))
}

/// A statement of the chain, read inside a block.
pub(crate) fn outside_name(name: &Ident, block: &str) -> Report {
    no_statement(name)
        .spelled().note(format_args!("a block does not see `{name}` of the chain around it")).help(format_args!(
        "let it read the value: `block {block}(..) reads x, {name} {{ .. }}`, and `from (.., {name})` where it is used"
    ))
}

/// An output of a body with the name of another.
pub(crate) fn repeated_output(name: &Ident) -> Report {
    repeated_name(name).spelled().help(format_args!("name one of the outputs: `output: {name}, other: {name};`"))
}

/// A name that messages give to an unnamed layer.
pub(crate) fn unnamed_layer(name: &Ident) -> Report {
    no_statement(name).help(format_args!("only given names can be referred to; name the layer: `{name}: ..;`"))
}

fn no_statement(name: &Ident) -> Report {
    Report::new(code::UNKNOWN_NAME, name.span(), format!("no statement before this is called `{name}`"))
}

/// The name of the very statement that reads it.
pub(crate) fn own_name(name: &Ident) -> Report {
    Report::new(code::UNKNOWN_NAME, name.span(), format!("`{name}` cannot read itself"))
        .help("a statement reads those above it")
}

pub(crate) fn later_name(name: &Ident) -> Report {
    no_statement(name)
        .note(format_args!("`{name}` is further down"))
        .help(format_args!("a statement reads those above it: move `{name}` up, or this one down"))
}

pub(crate) fn repeated_name(name: &Ident) -> Report {
    Report::new(code::REPEATED_NAME, name.span(), format!("the name `{name}` is given twice"))
}

/// An output of the chain with the name of another; `meant` is the only statement that nothing reads.
pub(crate) fn repeated_port(name: &Ident, meant: Option<String>) -> Report {
    match meant {
        Some(meant) => repeated_name(name).meant(Some(meant)),
        None => repeated_name(name).help("each output is another statement: name it here, or leave this one out"),
    }
}

/// A statement with the name of an earlier one. `free` is a name that nothing has yet.
pub(crate) fn repeated_label(name: &Ident, free: &str, read_below: bool) -> Report {
    let below = if read_below { ", also where it is read below" } else { "" };
    repeated_name(name).spelled().once().help(format_args!("write `{free}` instead of `{name}`{below}"))
}

/// A statement of a branch with the name of one before the `if`. What follows may mean either.
pub(crate) fn repeated_in_branch(name: &Ident, free: &str) -> Report {
    let report = repeated_name(name).spelled().once();
    report.help(format_args!("call one of them `{free}`, also where it is read"))
}

pub(crate) fn reserved_name(name: &Ident) -> Report {
    Report::new(code::REPEATED_NAME, name.span(), format!("`{name}` is what the chain's own ports are called"))
        .help("give the statement another name")
}

/// `repeat: Conv2d(..)`
pub(crate) fn name_of_the_grammar(name: &Ident) -> Report {
    Report::new(code::REPEATED_NAME, name.span(), format!("`{name}` is a word of the language and names no statement"))
        .help("give the statement another name")
}

pub(crate) fn repeated_file_name(name: &str, kind: ClashKind, span: Span) -> Report {
    let report =
        Report::new(code::REPEATED_NAME, span, format!("two layers keep their parameters as `{name}` in files"));
    match kind {
        ClashKind::Turns => report.help(
            "in a repeat, put its variable into the name, or `{#}`, the number of the turn: `#[name = \"blocks.{i}.conv\"]`",
        ),
        ClashKind::Uses => report.help(
            "two uses of a block need two names: give each its own `#[name = \"..\"]`, or put a parameter of the block \
             into the names inside it: `#[name = \"conv{i}\"]`",
        ),
        ClashKind::Statements => report.help("give one of them another `#[name = \"..\"]`"),
    }
}

/// `#[name(transparent)]` on a statement without a body.
pub(crate) fn transparent_layer(op: &Ident, span: Span) -> Report {
    Report::new(code::ATTRIBUTE, span, format!("`#[name(transparent)]` is for blocks and repeats, `{op}` is a layer"))
        .help("give it a name in files with `#[name = \"..\"]`")
}

pub(crate) fn no_file_name(span: Span) -> Report {
    Report::new(code::ATTRIBUTE, span, "a name in files has at least one letter")
}

pub(crate) fn brace_in_file_name(name: &str, span: Span) -> Report {
    Report::new(code::ATTRIBUTE, span, format!("`{name}` has a brace without its other one"))
}

pub(crate) fn not_in_file_name(inside: &str, span: Span) -> Report {
    let message = format!(
        "`{{{inside}}}` is no number here: a name in files takes variables of a repeat, parameters of a block and arithmetic on them"
    );
    Report::new(code::ATTRIBUTE, span, message).help("`{#}` is the turn of the repeat, counted from 0")
}

pub(crate) fn not_a_name(found: &str, span: Span) -> Report {
    Report::new(code::OPERANDS, span, format!("expected the name of a statement, found `{found}`"))
}

pub(crate) fn needs_operands(op: &Ident) -> Report {
    Report::new(code::OPERANDS, op.span(), format!("`{op}` joins two statements or more"))
        .help(format_args!("name them: `{op}(skip, _)`, where `_` is the statement before"))
}

pub(crate) fn operands_twice(op: &Ident) -> Report {
    Report::new(
        code::OPERANDS,
        op.span(),
        format!("`{op}` names what it joins twice: in its parentheses and after `from`"),
    )
}

pub(crate) fn one_input(op: &Ident, reads_weight: bool, span: Span) -> Report {
    let reads = if reads_weight { "one statement, or one and its weight" } else { "one statement" };
    Report::new(code::OPERANDS, span, format!("`{op}` reads {reads}, here are several"))
        .help("join them first: `Concat(a, b);`")
}

/// A linear layer with a weight that is read: a product of two values.
pub(crate) fn reads_matrix(op: &Ident, [x, weight]: [&Source; 2], transposed: bool, span: Span) -> Report {
    let message = format!("`{op}` has its own weight and reads one statement, here are several");
    let transposed = if transposed { ", transpose_b: true" } else { "" };
    Report::new(code::OPERANDS, span, message)
        .help(format_args!("write the product with a weight that is read: `MatMul({x}, {weight}{transposed});`"))
        .note("`MatMul` takes rows: a vector becomes one with `Reshape([1, _])`")
}

/// Something to read at a layer that reads nothing, such as `Parameter`.
pub(crate) fn reads_nothing(op: &Ident) -> Report {
    Report::new(code::OPERANDS, op.span(), format!("`{op}` reads nothing, here is something to read"))
        .help("leave out `from`")
}

pub(crate) fn nested_sources(span: Span) -> Report {
    Report::new(code::OPERANDS, span, "a list of statements is inside another")
}

/// A layer with one output. `conv.kernel`: one value, whose parameters have other names, or which has none.
pub(crate) fn no_such_param(name: &Ident, port: &Text, known: &[String]) -> Report {
    let text = port.value();
    let message = format!("`{name}` is one value, without an output or parameter `{text}`");
    let report = Report::new(code::UNKNOWN_NAME, port.span(), message);
    let all: Vec<String> = known.iter().map(|known| format!("{name}.{known}")).collect();
    match nearest(&text, known.iter().cloned()) {
        Some(nearest) => report.meant(Some(nearest)),
        None if all.is_empty() => report.help(format_args!("write `{name}`")),
        None => report.help(format_args!("write `{name}`, or one of its parameters: {}", list(all))),
    }
}

pub(crate) fn unknown_output(name: &Ident, port: &Text, known: &[String]) -> Report {
    let text = port.value();
    let report = Report::new(code::UNKNOWN_NAME, port.span(), format!("`{name}` has no output `{text}`"));
    match (nearest(&text, known.iter().cloned()), known) {
        (Some(nearest), _) => report.meant(Some(nearest)),
        (None, []) => report.help(format_args!("it gives one value: write `{name}`")),
        (None, known) => report.help(format_args!("its outputs are {}", list(known))),
    }
}

/// keras: a recurrent layer with an activation other than `tanh`.
pub(crate) fn activation_of_a_step(op: &Ident, span: Span) -> Report {
    let report = Report::new(code::VALUE, span, format!("`{op}` has the activation `tanh` in each step, and no other"));
    report.help("leave out `activation`; what follows the layer is a statement of its own")
}

/// A recurrent layer reads either its input alone, or also all initial states.
pub(crate) fn first_states(op: &Ident, states: &[&str], found: usize, span: Span) -> Report {
    let states = states.join(", ");
    Report::new(code::OPERANDS, span, format!("`{op}` reads its input, or `(x, {states})`, here are {found} values"))
        .help(format_args!("write `from (x, {states})`"))
}

/// Attention with too few or too many inputs. `joins` says whether they are in parentheses.
pub(crate) fn queries_keys_values(op: &Ident, joins: bool, found: usize, span: Span) -> Report {
    let values = if found == 1 { "value" } else { "values" };
    if joins {
        let takes = "reads queries, keys and values, and perhaps what is added to the scores";
        return Report::new(code::OPERANDS, span, format!("`{op}` {takes}, here are {found} {values}"))
            .help(format_args!("name them: `{op}(q, k, v)`, of one value `{op}(_, _, _)`"));
    }
    let takes = "reads one value, or queries, keys and values";
    Report::new(code::OPERANDS, span, format!("`{op}` {takes}, here are {found} {values}"))
        .help("write `from (q, k, v)`")
}

/// An output that a layer does not have.
pub(crate) fn no_such_port(name: &Ident, port: &Text, known: &[String]) -> Report {
    let text = port.value();
    let all: Vec<String> = known.iter().map(|known| format!("{name}.{known}")).collect();
    let report = Report::new(code::PORT, port.span(), format!("`{name}` has no output `{text}`"));
    report.help(format_args!("its outputs are {}", list(all)))
}

pub(crate) fn not_a_type(found: &str, span: Span) -> Report {
    Report::new(code::VALUE, span, format!("`Chain` takes the type of another chain, found `{found}`"))
        .help("write `Chain(Encoder)` or `Chain(models::Encoder<28>)`")
}

pub(crate) fn missing_type(op: &Ident) -> Report {
    if op == "Custom" {
        return Report::new(code::MISSING_FIELD, op.span(), "`Custom` needs the type of a layer")
            .help("write `Custom(Quantiser) -> [16, 14, 14]`");
    }
    Report::new(code::MISSING_FIELD, op.span(), "`Chain` needs the type of another chain")
        .help("write `Chain(Encoder)`")
}

pub(crate) fn custom_without_shape(op: &Ident, path: &str) -> Report {
    Report::new(code::MISSING_FIELD, op.span(), "`Custom` does not say which shape it gives").help(format_args!(
        "write it after the type: `Custom({path}) -> [16, 14, 14]`, or `-> z [16, 14, 14], loss [1]`"
    ))
}

pub(crate) fn chain_in_itself(span: Span, name: &Ident) -> Report {
    Report::new(code::VALUE, span, format!("`{name}` cannot be a layer of itself: it would have no end"))
        .help("write what comes several times as a block, or in a `repeat`")
}

// Undo.

pub(crate) fn cannot_undo(name: &Ident, op: Option<&str>) -> Report {
    let message = match op {
        Some(op) => format!("`{name}` is `{op}`: only convolutions and transposed convolutions can be undone"),
        None => format!("`{name}` is not a single layer: only convolutions and transposed convolutions can be undone"),
    };
    Report::new(code::UNDO, name.span(), message)
}

pub(crate) fn cannot_unpool(name: &Ident, op: Option<&str>) -> Report {
    let message = match op {
        Some(op) => format!("`{name}` is `{op}`: only a max pooling has places to put values back to"),
        None => format!("`{name}` is not a single layer: only a max pooling has places to put values back to"),
    };
    Report::new(code::UNDO, name.span(), message)
}

/// An unpooling that does not name its pooling; `pool` is the last one before it.
pub(crate) fn unpools_nothing(label: Option<&Ident>, op: &Ident, from: Option<&Source>, pool: Option<&str>) -> Report {
    let report = Report::new(code::UNDO, op.span(), format!("`{op}` does not say which max pooling it undoes")).note(
        "its kernel, stride and padding, the sizes that it gives and the places of its values are those of that layer",
    );
    match pool {
        Some(pool) => {
            let label = label.map_or_else(String::new, |label| format!("{label}: "));
            let from = from.map_or_else(String::new, |from| format!(" from {from}"));
            report.help(format_args!("write `{label}{op}(undo {pool}){from};`"))
        }
        None => report.help(format_args!("name the max pooling (`pool: MaxPool2d(2);`) and write `{op}(undo pool)`")),
    }
}

pub(crate) fn undo_direction(name: &Ident, op: &str, of: &str, wanted: &str) -> Report {
    Report::new(code::UNDO, name.span(), format!("`{op}` cannot undo `{name}`, which is `{of}`"))
        .help(format_args!("write `{wanted}(undo {name})`"))
}

pub(crate) fn tied_to_nothing(span: Span) -> Report {
    Report::new(code::TIED, span, "a tied layer uses the weight of the layer that it undoes, and this one undoes none")
        .help("write `undo` and the layer's name in front: `ConvTranspose2d(undo enc1, tied: true)`")
}

/// The layer that it undoes reads its weight.
pub(crate) fn tied_to_a_value(name: &Ident, span: Span) -> Report {
    Report::new(code::TIED, span, format!("`{name}` has no weight of its own to share: it reads one"))
        .help("leave out `tied` and read the same value as the weight: `from (x, w)`")
}

/// A layer with `tied: true` that also reads a weight.
pub(crate) fn tied_and_given(name: &str, span: Span) -> Report {
    let message = format!("`{name}` has two weights: that of the layer that it undoes, and the second value it reads");
    Report::new(code::TIED, span, message).help("leave out `tied`, or the second value")
}

pub(crate) fn tied_to_another_shape(field: &str, name: &Ident, span: Span) -> Report {
    let message = format!("`{field}` changes the shape of the weight, which is that of `{name}`");
    Report::new(code::TIED, span, message).help("leave it out, or `tied`")
}

pub(crate) fn tied_to_another_layout(layer: &str, name: &Ident, direction: Direction, span: Span) -> Report {
    let report =
        Report::new(code::TIED, span, format!("`{layer}` cannot use the weight of `{name}`, which has another layout"));
    match direction {
        // The flipped kernel of jax and flax.
        Direction::Transposed => report.edit(format_args!("in `{name}`, set `transpose_kernel: true`")),
        Direction::Forward => report,
    }
}

// Blocks and repeats.

pub(crate) fn block_hides_layer(name: &Ident) -> Report {
    Report::new(code::BLOCK, name.span(), format!("`{name}` is a layer already: the block needs another name"))
}

pub(crate) fn recursive_block(name: &Ident) -> Report {
    Report::new(code::BLOCK, name.span(), format!("the block `{name}` uses itself"))
}

/// `Res(from, to, act: activation = Relu)`
fn signature(block: &Block) -> String {
    let params: Vec<String> = block.params.iter().map(ToString::to_string).collect();
    format!("{}({})", block.name, params.join(", "))
}

pub(crate) fn too_many_arguments(layer: &Layer, block: &Block) -> Report {
    let (name, count) = (&block.name, block.params.len());
    let message = match count {
        0 => format!("the block `{name}` takes no arguments"),
        1 => format!("the block `{name}` takes 1 argument, and this is a second one"),
        count => format!("the block `{name}` takes {count} arguments, and this is one more"),
    };
    let given = &layer.args.positional;
    let report =
        Report::new(code::BLOCK, given[count].span(), message).note(format_args!("it is `{}`", signature(block)));
    let text = |values: &[Value]| values.iter().map(ToString::to_string).collect::<Vec<String>>();
    // The extra argument is most likely the last one.
    let left = (0..=count).rev().map(|kept| [&given[..kept], &given[kept + given.len() - count..]].concat());
    match text(&given[..count]).join(", ") {
        none if none.is_empty() => report.help(format_args!("write `{name}`")),
        first => report.help(format_args!("write `{name}({first})`")),
    }
    .of_leading(left.map(|values| text(&values).into_iter().map(Some).collect()).collect())
}

/// A use of a block that lacks arguments; `given` has a value for each of its parameters, or none.
pub(crate) fn missing_arguments(layer: &Layer, block: &Block, given: &[Option<&Value>]) -> Report {
    let params = block.params.iter().zip(given);
    let missing: Vec<&Param> =
        params.filter(|(param, value)| value.is_none() && param.default.is_none()).map(|(param, _)| param).collect();
    let names: Vec<String> = missing.iter().map(|param| format!("`{}`", param.name)).collect();
    let message = format!("the block `{}` needs {}", block.name, names.join(" and "));
    let positional = || layer.args.positional.iter().map(ToString::to_string);
    let added = missing.iter().map(|param| format!("{}: {}", param.name, example(param.kind)));
    let args: Vec<String> =
        positional().chain(layer.args.fields.iter().map(ToString::to_string)).chain(added).collect();
    let report = Report::new(code::BLOCK, layer.op.span(), message)
        .note(format_args!("it is `{}`", signature(block)))
        .help(format_args!("write for example `{}({})`", layer.op, args.join(", ")));
    if missing.iter().any(|param| param.kind != ParamKind::Size) {
        return report;
    }
    let leading: Vec<Option<String>> = positional().map(Some).chain(missing.iter().map(|_| None)).collect();
    let follow =
        missing.iter().zip(&block.params[layer.args.positional.len()..]).all(|(one, two)| one.name == two.name);
    match missing.as_slice() {
        _ if follow => report.of_leading(vec![leading]),
        [only] => report.of_needed(only.name.to_string(), false),
        _ => report,
    }
}

/// `Res(16 -> 32, 3)`: channels as a layer takes them.
pub(crate) fn arrow_of_a_layer(block: &Block, [from, to]: [&Value; 2], others: &[Value]) -> Report {
    let message = format!("a block's arguments are separated by commas, found `{from} -> {to}`");
    let values: Vec<String> = [from, to].into_iter().chain(others).map(ToString::to_string).collect();
    Report::new(code::BLOCK, from.span(), message)
        .note(format_args!("it is `{}`", signature(block)))
        .help(format_args!("write `{}({})`", block.name, values.join(", ")))
        .of_leading(vec![values.into_iter().map(Some).collect()])
}

pub(crate) fn repeated_argument(name: &Ident) -> Report {
    Report::new(code::REPEATED_FIELD, name.span(), format!("`{name}` is given twice")).help("leave one of them out")
}

pub(crate) fn unknown_argument(name: &Ident, block: &Block, nearest: Option<String>) -> Report {
    let report = Report::new(code::BLOCK, name.span(), format!("the block `{}` has no parameter `{name}`", block.name))
        .note(format_args!("it is `{}`", signature(block)));
    report.meant(nearest)
}

/// An example of a value of each kind.
fn example(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Size => "16",
        ParamKind::Bool => "true",
        ParamKind::Real => "0.5",
        ParamKind::Activation => "Relu",
    }
}

pub(crate) fn wrong_argument(param: &Param, value: &Value) -> Report {
    let kind = match param.kind {
        ParamKind::Size => "a size, or one per axis in parentheses",
        ParamKind::Bool => "a bool: `true` or `false`",
        ParamKind::Real => "a real number",
        ParamKind::Activation => "an activation such as `Relu`",
    };
    // A parameter that is taken for another kind is one mistake, however often its block is used.
    let report = Report::new(code::BLOCK, value.span(), format!("`{}` is {kind}, found `{value}`", param.name))
        .once_as(format!("{} {:?}", param.name, param.name.span().start()));
    match param.kind {
        ParamKind::Activation => report.help("write for example `Relu`, or `Identity` for none"),
        ParamKind::Bool => report.meant(as_bool(value)),
        ParamKind::Size | ParamKind::Real => report,
    }
}

/// What a number means as a bool.
pub(super) fn as_bool(value: &Value) -> Option<String> {
    match value.to_string().as_str() {
        "0" => Some("false".to_owned()),
        "1" => Some("true".to_owned()),
        _ => None,
    }
}

/// A parameter that was meant to have another kind.
pub(crate) fn declared(name: &Ident, kind: ParamKind) -> String {
    let word = kind.word();
    format!("for a parameter of kind `{word}`, declare `{name}: {word}` in the block")
}

pub(crate) fn wrong_row(vars: &[Ident], value: &Value) -> Report {
    let vars: Vec<String> = vars.iter().map(Ident::to_string).collect();
    let message = format!("each turn needs {} values, `({})`, found `{value}`", vars.len(), vars.join(", "));
    Report::new(code::BLOCK, value.span(), message)
}

/// A block or repeat that is given the wrong number of inputs.
pub(crate) fn piece_inputs(piece: &str, reads: &[Ident], given: usize, from: bool, span: Span) -> Report {
    let count = |count: usize| if count == 1 { "1 value".to_owned() } else { format!("{count} values") };
    let names = list(reads);
    let wanted = match reads {
        [] => "1 value, `input`".to_owned(),
        reads => format!("{} ({names})", count(reads.len())),
    };
    let found = match (given, from) {
        (1, false) => "without `from` it reads the statement before alone".to_owned(),
        (given, _) => format!("`from` gives {given}"),
    };
    let report = Report::new(code::PIECE_INPUTS, span, format!("`{piece}` reads {wanted}: {found}"));
    match reads {
        [] if piece == "repeat" => report.help("name what it carries: `repeat 3 reads a, b from (x, y) { .. }`"),
        [] => report.help(format_args!("name its inputs: `block {piece}(..) reads a, b {{ .. }}`")),
        [_] => report.help("write one name after `from`"),
        reads => {
            let first = if from { &reads[0].to_string() } else { "_" };
            let others: Vec<String> = reads[1..].iter().map(ToString::to_string).collect();
            let example = format!("{first}, {}", others.join(", "));
            report.help(format_args!("give a statement for each, in this order: `from ({example})`"))
        }
    }
}

/// A repeat whose number of outputs differs from the number that its next pass reads.
pub(crate) fn carried_values(repeat: &Repeat, reads: usize, gives: usize) -> Report {
    let count = |count: usize| if count == 1 { "1 value".to_owned() } else { format!("{count} values") };
    let span = repeat.body.outputs.first().map_or(repeat.span, |output| output.span);
    let (reads_count, gives_count) = (count(reads), count(gives));
    let message =
        format!("a turn reads {reads_count} and gives {gives_count}, which the next turn reads in their order");
    let report = Report::new(code::PIECE_INPUTS, span, message);
    let names: Vec<String> = repeat.body.reads.iter().map(ToString::to_string).collect();
    match (reads < gives, names.as_slice()) {
        (true, _) => report.help("name an input for each: `repeat 3 reads a, b from (x, y) { .. }`"),
        (false, [_, ..]) => report
            .help(format_args!("give as many at the end of the body: `output: {};`", alphabet(reads)))
            .help("a name around the repeat is seen inside it: `reads` is for what changes from turn to turn"),
        (false, []) => report,
    }
}

/// A field whose type would differ between uses of a block.
pub(crate) fn two_types(name: &Ident) -> Report {
    let message = format!("`{name}` names different things in different branches: all uses of a block share one type");
    Report::new(code::BLOCK, name.span(), message).help("give them different names")
}

/// Names that show how many are needed: `a, b, c`.
fn alphabet(count: usize) -> String {
    ('a'..='z').take(count).map(String::from).collect::<Vec<_>>().join(", ")
}

pub(crate) fn unnamed_output(span: Span) -> Report {
    Report::new(code::PIECE_INPUTS, span, "one of several outputs has no name").help("write `output: y: _, z;`")
}

/// A name that exists only in a branch that is not taken.
pub(crate) fn untaken_name(name: &Ident, because: &[String]) -> Report {
    let message = format!("`{name}` is not there: the branch of the `if` that gives it is not taken");
    let report = Report::new(code::UNTAKEN, name.span(), message);
    because
        .iter()
        .fold(report, |report, line| report.line(line))
        .help(format_args!("give `{name}` in every branch, or read it inside the `if`"))
}

/// A condition with a number that only const evaluation knows.
pub(crate) fn unseen_condition(text: &str, span: Span) -> Report {
    let message = format!("`{text}` is a constant, which a macro cannot see: an `if` needs numbers that it can");
    Report::new(code::CONDITION, span, message).help("write the number itself, or pass it as a parameter of a block")
}

pub(crate) fn symbolic_condition(text: &str, span: Span) -> Report {
    let message = format!("`{text}` is known only at run time: an `if` is decided while the code compiles");
    Report::new(code::CONDITION, span, message)
}

pub(crate) fn activation_in_a_condition(name: &Ident) -> Report {
    Report::new(
        code::CONDITION,
        name.span(),
        format!("`{name}` is an activation: an `if` compares sizes, numbers and bools"),
    )
}

pub(crate) fn no_operand(value: &Value) -> Report {
    Report::new(code::CONDITION, value.span(), format!("an `if` compares sizes, numbers and bools, found `{value}`"))
}

/// A number used as a bool.
pub(crate) fn not_a_condition(value: &Value, number: &str) -> Report {
    let written = value.to_string();
    let is = if written == number { String::new() } else { format!(", which is {number}") };
    Report::new(code::CONDITION, value.span(), format!("a condition is a bool or a comparison, found `{written}`{is}"))
        .help(format_args!("write for example `{written} > 0`"))
}

pub(crate) fn not_comparable(
    left: &Value,
    comparison: Comparison,
    right: &Value,
    kinds: (&str, &str),
    span: Span,
) -> Report {
    let (a, b) = kinds;
    let message = if a == b {
        format!("{a} cannot be compared by `{comparison}`")
    } else {
        format!("`{left}` is {a} and `{right}` is {b}: they cannot be compared")
    };
    Report::new(code::CONDITION, span, message)
}

// Values of parameters and variables.

pub(crate) fn not_a_size(name: &Ident, kind: &str) -> Report {
    Report::new(code::VALUE, name.span(), format!("`{name}` is {kind} here, where one size is needed"))
}

/// A parameter used where it hides a word of the language.
pub(crate) fn bound_as_word(field: &str, name: &Ident, kind: &str) -> Report {
    let message = format!("`{name}` is {kind} here, `{field}` takes a word");
    Report::new(code::VALUE, name.span(), message)
        .note(format_args!("a parameter hides the word `{name}`: call the parameter something else"))
}

pub(crate) fn bound_as_activation(name: &Ident, kind: &str) -> Report {
    Report::new(code::VALUE, name.span(), format!("`{name}` is {kind} here, not an activation"))
        .help(format_args!("declare the parameter with its kind: `{name}: activation`"))
}

pub(crate) fn bound_with_arguments(name: &Ident) -> Report {
    Report::new(code::VALUE, name.span(), format!("`{name}` is an activation with its fields filled in"))
        .help(format_args!("write `{name};`, and give the fields where the block is used"))
}

// Reuse.

pub(crate) fn not_reusable(name: &Ident) -> Report {
    Report::new(code::REUSE, name.span(), format!("`{name}` is an input: only a statement can run again"))
}

/// `reuse Res`, where `Res` is a block; `used` is the first use of it that has a name.
pub(crate) fn reused_block(name: &Ident, used: Option<&str>) -> Report {
    let report = Report::new(code::REUSE, name.span(), format!("`{name}` is a block: `reuse` runs a statement again"));
    match used {
        Some(used) => report.meant(Some(used.to_owned())),
        None => report.help(format_args!("name the first use (`a: {name}(..);`) and write `reuse a`")),
    }
}

/// A layer that runs again on a different number of values.
pub(crate) fn operands_again(name: &Ident, wanted: usize, given: usize, span: Span) -> Report {
    let count = |count: usize| if count == 1 { "1 value".to_owned() } else { format!("{count} values") };
    let report = Report::new(code::REUSE, span, format!("`{name}` reads {}, here it gets {given}", count(wanted)));
    match wanted {
        1 => report.help(format_args!("write `reuse {name} from a;`")),
        _ => report.help(format_args!("write `reuse {name} from ({});`", alphabet(wanted))),
    }
}

pub(crate) fn no_turns(turns: i64, span: Span) -> Report {
    Report::new(code::BLOCK, span, format!("a body is repeated at least once, here {turns} times"))
}

pub(crate) fn open_repeat(var: &Ident) -> Report {
    Report::new(code::BLOCK, var.span(), "a repeat needs an end: `repeat i in 0..3 { .. }`")
}

pub(crate) fn too_many_layers(most: usize, span: Span) -> Report {
    Report::new(code::BLOCK, span, format!("the chain has more than {most} layers"))
}
