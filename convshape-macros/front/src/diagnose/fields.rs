//! Mistakes in the names of layers and fields, and in values.

use convshape_arith::code;
use convshape_arith::op::Dialect;
use proc_macro2::{Ident, Span};

use super::names::as_bool;
use super::{ForeignWord, Report};
use crate::fault::Slip;
use crate::fix::field_text;
use crate::graph::{Misfit, Spans, Writing};
use crate::syntax::Value;
use crate::words::{
    Dialects, FieldWords, Kind, LayerName, LayerWords, Neutral, Positional, Takes, Word, instead, instead_of_field,
    is_layer, list, with_rank,
};

/// The dialects that have a word: `flax, keras or onnx`.
fn names(dialects: Dialects) -> String {
    let names: Vec<&str> = dialects.iter().map(|dialect| dialect.name()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

pub(crate) fn unknown_layer(op: &Ident, nearest: Option<String>) -> Report {
    let report = Report::new(code::UNKNOWN_LAYER, op.span(), format!("there is no layer `{op}`")).once();
    let name = op.to_string();
    let like_a_block = name.starts_with(|first: char| first.is_ascii_uppercase());
    let only_spelled_otherwise = |nearest: &String| nearest.eq_ignore_ascii_case(&name.replace('_', ""));
    match nearest {
        nearest if !nearest.as_ref().is_some_and(only_spelled_otherwise) && instead(&name).is_some() => {
            instead(&name).into_iter().fold(report, Report::help)
        }
        None if like_a_block => report.help(format_args!(
            "if it is a piece of your own, write it as a block before `input`: `block {op}(c) {{ .. }}`"
        )),
        nearest => report.meant(nearest),
    }
}

/// A layer that only other dialects have. `label` is its name in the chain.
pub(crate) fn layer_elsewhere(
    op: &Ident,
    label: Option<&Ident>,
    found: &LayerName,
    dialects: Dialects,
    dialect: Dialect,
) -> Report {
    let message = format!("`{op}` is a layer of {}, this chain is in {}", names(dialects), dialect.name());
    let one_name = found.rank.is_some() || found.words.ranks.is_empty();
    let here = (one_name && found.words.dialects.contains(&dialect)).then(|| found.words.name(found.rank));
    let report = Report::new(code::DIALECT, op.span(), message).of_foreign_word(&op.to_string(), dialects, here);
    if !found.words.dialects.contains(&dialect) {
        // A single layer may have a different dialect than its chain. Whether it fits there is not tried.
        return match (label, dialects) {
            (Some(label), [of, ..]) => report.help(format_args!("in `{label}`, set `dialect: {}`", of.name())),
            (None, [of, ..]) => report.help(format_args!("write `{op}(.., dialect: {})`", of.name())),
            (_, []) => report,
        };
    }
    match (found.rank, found.words.ranks) {
        (None, ranks @ [_, ..]) => {
            let names: Vec<String> = ranks.iter().map(|rank| format!("`{}`", found.words.name(Some(*rank)))).collect();
            report.help(format_args!("here it is {}", names.join(", ")))
        }
        (rank, _) => report.help(format_args!("here it is `{}`", found.words.name(rank))),
    }
}

/// Words of one other framework, each once.
pub(crate) fn spoken(words: &[String], meant: Dialect, dialect: Dialect, span: Span) -> Report {
    let mut quoted: Vec<String> = Vec::new();
    for word in words.iter().map(|word| format!("`{word}`")) {
        if !quoted.contains(&word) {
            quoted.push(word);
        }
    }
    let are = if quoted.len() == 1 { "is a word" } else { "are words" };
    let message = format!("{} {are} of {}, this chain is in {}", listed(&quoted), meant.name(), dialect.name());
    Report::new(code::DIALECT, span, message)
}

/// Words of one other framework in several places.
pub(super) fn words_elsewhere(words: &[ForeignWord], meant: Dialect, dialect: Dialect, span: Span) -> Report {
    let mut seen: Vec<(&str, Option<&str>)> = Vec::new();
    for ForeignWord { word, here, .. } in words {
        if seen.iter().all(|(known, _)| known != word) {
            seen.push((word, here.as_deref()));
        }
    }
    let words: Vec<String> = seen.iter().map(|(word, _)| (*word).to_owned()).collect();
    let report = spoken(&words, meant, dialect, span)
        .help(format_args!("if it is a chain of {0}, write `dialect: {0};` before its `input`", meant.name()));
    let here: Option<Vec<String>> =
        seen.iter().map(|(word, here)| here.map(|here| format!("`{here}` for `{word}`"))).collect();
    match here {
        Some(here) => report.help(format_args!("or, in {}, write {}", dialect.name(), listed(&here))),
        None => report,
    }
}

/// `a, b and c`
fn listed(items: &[String]) -> String {
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

pub(crate) fn open_rank(op: &Ident) -> Report {
    let message = format!("`{op}` does not say for how many axes it is");
    Report::new(code::RANK, op.span(), message).help(format_args!("write `{op}1d`, `{op}2d` or `{op}3d`"))
}

pub(crate) fn unknown_field(
    name: &Ident,
    (kind, layer): (Kind, &str),
    nearest: Option<String>,
    known: &[&str],
) -> Report {
    let message = format!("`{layer}` has no field `{name}`");
    let report = Report::new(code::UNKNOWN_FIELD, name.span(), message).once();
    if let Some(help) = instead_of_field(kind, &name.to_string()) {
        return report.help(help);
    }
    match nearest {
        None if known.is_empty() => report.help("it takes no fields"),
        None => report.help(format_args!("its fields are {}", list(known))),
        nearest => report.meant(nearest),
    }
}

pub(crate) fn field_elsewhere(name: &Ident, field: &FieldWords, dialects: Dialects, dialect: Dialect) -> Report {
    let message = format!("`{name}` is a word of {}, this chain is in {}", names(dialects), dialect.name());
    let here = field.dialects.contains(&dialect).then(|| field.name.to_owned());
    let report = Report::new(code::DIALECT, name.span(), message).of_foreign_word(&name.to_string(), dialects, here);
    if field.dialects.contains(&dialect) && *name != field.name {
        return report.help(format_args!("here it is `{}`", field.name));
    }
    report
}

/// `earlier` is the word that set the field before; `None` if a positional value did.
pub(crate) fn repeated_field(name: &Ident, earlier: Option<&Ident>) -> Report {
    let message = match earlier {
        Some(earlier) if earlier == name => format!("`{name}` is given twice"),
        Some(earlier) => format!("`{earlier}` and `{name}` are the same field, which is given twice"),
        None => format!("`{name}` is given twice: the value in front is it already"),
    };
    Report::new(code::REPEATED_FIELD, name.span(), message).help("leave one of them out")
}

pub(crate) fn exclusive_fields(first: &str, second: &str, span: Span) -> Report {
    let message = format!("`{first}` and `{second}` say the same thing in two ways");
    Report::new(code::REPEATED_FIELD, span, message).help("leave one of them out")
}

/// `align` on a border given in rows.
pub(crate) fn align_without_like(span: Span) -> Report {
    Report::new(code::MISSING_FIELD, span, "`align` says where the layer of `like` is, and there is no `like`")
        .help("leave it out, or write `like` and a statement's name in place of the amount")
}

/// A sub-chain has its own outputs.
pub(crate) fn activation_of_a_chain(activation: &str, span: Span) -> Report {
    Report::new(code::VALUE, span, "a sub-chain takes no `activation`")
        .help(format_args!("write it as a statement of its own: `{activation};`"))
}

pub(crate) fn missing_field(op: &Ident, name: &str, layer: &LayerWords, needed: &[&'static str]) -> Report {
    let channels = needed == ["out_channels"];
    let what = if channels { "its channels".to_owned() } else { list(needed).replace(", ", " or ") };
    let report = Report::new(code::MISSING_FIELD, op.span(), format!("`{name}` needs {what}"));
    match layer.positional {
        Positional::Channels if channels => {
            let report = report.help(format_args!("write `{name}(in -> out, ..)`, or `{name}(out, ..)`"));
            report.of_needed("out_channels", true)
        }
        Positional::Field(field) if needed.contains(&field) => {
            report.help(format_args!("write `{name}({})`", example(layer, field))).of_needed(field, true)
        }
        _ => {
            let field = needed[0];
            report.help(format_args!("write `{name}(.., {field}: {})`", example(layer, field))).of_needed(field, false)
        }
    }
}

fn example(layer: &LayerWords, field: &str) -> &'static str {
    let takes = layer.fields.iter().find(|known| known.name == field).map(|known| known.takes);
    match takes {
        Some(Takes::Shape) => "[16, 4, 4]",
        Some(Takes::Range) => "0..16",
        Some(Takes::Axes) => "0",
        Some(Takes::Float) => "0.5",
        _ if field == "kernel" && layer.positional == Positional::Channels => "3",
        _ => "2",
    }
}

/// A number of pieces that only const evaluation knows: each piece is an output and needs a name.
pub(crate) fn unseen_pieces(value: &Value) -> Report {
    Report::new(
        code::NOT_FIXED,
        value.span(),
        format!("`{value}` is known only after the macro, which names each piece"),
    )
    .help("write the number of pieces")
}

pub(crate) fn one_leading_part(op: &str, span: Span) -> Report {
    Report::new(code::VALUE, span, format!("`{op}` takes one value without a name, and this is a second one"))
        .help("give it its field's name: `kernel: 3`")
}

pub(crate) fn no_leading_part(op: &str, value: &Value) -> Report {
    let report = |message: String| Report::new(code::VALUE, value.span(), message);
    match value {
        Value::Broken(_) => Report::silent(),
        Value::Arrow { .. } => report(format!("`{op}` has no channels, found `{value}`"))
            .help(format_args!("leave them out: `{op};`"))
            .help(format_args!("or write a layer that has them, such as `Linear({value})`")),
        _ => report(format!("`{op}` takes no value without a name")),
    }
}

/// Fields with values for the wrong number of axes. `meant` is the number of axes of the input.
pub(crate) fn field_ranks(
    op: &Ident,
    writing: &Writing,
    spans: &Spans,
    misfits: &[Misfit],
    axes: usize,
    meant: Option<usize>,
) -> Report {
    let name = match writing.row {
        Some(row) if !is_layer(&op.to_string()) => row.name(Some(axes)),
        _ => op.to_string(),
    };
    let has = if axes == 1 { "1 spatial axis".to_owned() } else { format!("{axes} spatial axes") };
    let given: Vec<String> = misfits.iter().map(|misfit| format!("`{}`", writing.word(misfit.field))).collect();
    let verb = if given.len() == 1 { "is" } else { "are" };
    let message = format!("`{name}` has {has}, {} {verb} given for {}", listed(&given), misfits[0].written);
    let report = Report::new(code::FIELD_RANK, misfits[0].span, message);
    let statement = &writing.statement;
    if let Some(meant) = meant {
        let other = with_rank(&op.to_string(), meant);
        return report.edit(format_args!("in `{statement}`, put `{other}` in place of `{op}`"));
    }
    let set = |misfit: &Misfit| match spans.positional.is_some()
        && writing.row.is_some_and(|row| row.positional == Positional::Field(misfit.field))
    {
        true => ("write", misfit.mended.to_string()),
        false => ("set", field_text(writing.word(misfit.field), &misfit.mended)),
    };
    match misfits {
        [only] => {
            let (verb, text) = set(only);
            report.edit(format_args!("in `{statement}`, {verb} `{text}`"))
        }
        _ => {
            let clauses: Vec<String> =
                misfits.iter().map(set).map(|(verb, text)| format!("{verb} `{text}` in `{statement}`")).collect();
            report.edit(clauses.join(" and "))
        }
    }
}

pub(crate) fn unknown_dialect(name: &str, nearest: Option<String>, span: Span) -> Report {
    let report = Report::new(code::DIALECT, span, format!("there is no dialect `{name}`"));
    match nearest {
        None => report.help(format_args!("the dialects are {}", list(crate::words::dialect_names()))),
        nearest => report.meant(nearest),
    }
}

pub(crate) fn wrong_value(word: &str, takes: Takes, value: &Value) -> Report {
    let wanted = match takes {
        Takes::Size => "a whole number",
        Takes::SizePerAxis | Takes::SizePerAxisOr(_) => "a whole number, or one per axis in brackets",
        Takes::Padding(_) => "a whole number, one per axis in brackets, `[(low, high), ..]`, or a word",
        Takes::Amount => "a whole number, one per axis in brackets, or `[(low, high), ..]`",
        Takes::Sides => "a whole number, or both sides of each axis in brackets, the last axis first",
        Takes::Pads(_) => "all low sides, then all high ones: `[1, 1, 1, 1]`",
        Takes::Float => "a number",
        Takes::FactorPerAxis => "a whole factor, or one per axis in brackets",
        Takes::FloatPerAxis => "a number, or one per axis in brackets",
        Takes::Bool => "`true` or `false`",
        Takes::Word(_) => "a word",
        Takes::Shape => "a shape such as `[16, 4, 4]`",
        Takes::Range => "a range such as `0..16`, `4..` or `..-3`",
        Takes::Pieces => "a number of equal pieces, or the sizes of all such as `[64, 80]`",
        Takes::Axes => "an axis such as `0`, `-1` or `channels`, or several",
        Takes::AxesWithBatch => "an axis such as `1`, `-1` or `channels`, or several",
        Takes::Array => "the path of a `const` or `static` array such as `tables::ANCHORS`",
        Takes::Init => "a number, `normal(0.02)` or `uniform(0.1)`",
        Takes::Name => "the name of a statement",
        Takes::Activation => "an activation such as `Relu`",
        Takes::Dialect => "the name of a dialect",
    };
    let report = Report::new(code::VALUE, value.span(), format!("`{word}` takes {wanted}, found `{value}`"));
    let known: &[&str] = match takes {
        Takes::Bool => &["true", "false"],
        Takes::Axes | Takes::AxesWithBatch => &["channels", "depth", "height", "width", "length"],
        _ => &[],
    };
    match value {
        Value::Word(found) => {
            report.meant(crate::words::nearest(&found.to_string(), known.iter().map(|word| (*word).to_owned())))
        }
        _ if matches!(takes, Takes::Bool) => report.meant(as_bool(value)),
        _ => report.meant(as_whole(value).filter(|_| wanted.starts_with("a whole number"))),
    }
}

/// A whole number in quotes or with decimals, as it is written here.
fn as_whole(value: &Value) -> Option<String> {
    let text = value.to_string();
    let bare = text.trim_matches('"');
    let whole = bare.strip_suffix(".0").unwrap_or(bare);
    let digits = !whole.is_empty() && whole.bytes().all(|digit| digit.is_ascii_digit());
    (digits && whole != text).then(|| whole.to_owned())
}

/// A word of the framework with a value that would make it a different layer.
pub(crate) fn not_neutral(name: &Ident, value: &Value, neutral: Neutral) -> Report {
    let wanted = match neutral {
        Neutral::Any | Neutral::Elsewhere(_) => "any value".to_owned(),
        Neutral::Bool(value) => format!("`{value}`"),
        Neutral::Int(value) => format!("`{value}`"),
        Neutral::Word(word) => format!("`\"{word}\"`"),
        Neutral::LastAxis => "the last axis, `-1`,".to_owned(),
        Neutral::FileName => "a string, the name in files".to_owned(),
    };
    Report::new(code::VALUE, value.span(), format!("`{name}` can only be {wanted} here, found `{value}`"))
}

/// An entry of a list of pairs that is not a pair.
pub(crate) fn no_pair(value: &Value) -> Report {
    Report::new(code::VALUE, value.span(), format!("expected `(low, high)`, found `{value}`"))
        .help("both sides of every axis are written: `[(0, 1), (1, 1)]`")
}

/// Python's batch axis in a field's shape.
pub(crate) fn batch_axis(found: &str, span: Span) -> Report {
    Report::new(code::PYTHON, span, Slip::Batch(found.to_owned()).message()).help("leave it out")
}

pub(crate) fn setting_not_taken(layer: &str, field: &str, value: &str, span: Span) -> Report {
    Report::new(code::VALUE, span, format!("`{layer}` does not take `{field}: {value}`"))
}

pub(crate) fn hole_not_allowed(field: &str, span: Span) -> Report {
    Report::new(code::VALUE, span, format!("`{field}` cannot be left open"))
        .help("`_` can stand for `kernel`, `padding`, `output_padding` and numbers of channels")
}

pub(crate) fn unknown_word(
    field: &str,
    word: &str,
    nearest: Option<String>,
    known: &'static [Word],
    dialect: Dialect,
    span: Span,
) -> Report {
    let report = Report::new(code::VALUE, span, format!("`{field}` has no word `{word}`"));
    match nearest {
        None => {
            let known = known.iter().filter(|word| word.dialects.contains(&dialect)).map(|word| word.name);
            report.help(format_args!("its words are {}", list(known)))
        }
        nearest => report.meant(nearest),
    }
}

pub(crate) fn word_elsewhere(field: &str, word: &str, dialects: Dialects, dialect: Dialect, span: Span) -> Report {
    let (there, here) = (names(dialects), dialect.name());
    Report::new(code::DIALECT, span, format!("`{field}: {word}` is a word of {there}, this chain is in {here}"))
}

pub(crate) fn not_an_activation(word: &str, nearest: Option<String>, span: Span) -> Report {
    let report = Report::new(code::VALUE, span, format!("`{word}` is not an activation"));
    match nearest {
        None => report.help("write for example `Relu` or `LeakyRelu(0.2)`; another layer is a statement of its own"),
        nearest => report.meant(nearest),
    }
}

pub(crate) fn activation_with_parameters(name: &str, span: Span) -> Report {
    Report::new(
        code::VALUE,
        span,
        format!("`{name}` is more than a function of one value: it cannot be an `activation`"),
    )
    .help(format_args!("write it as a statement of its own: `{name};`"))
}

pub(crate) fn kernel_hole_without_stride(span: Span) -> Report {
    Report::new(code::NO_TARGET, span, "the stride of a pooling layer is its kernel, which is left open")
        .help("write the stride too: `kernel: _, stride: 2`")
}
