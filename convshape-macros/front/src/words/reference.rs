//! The tables of the reference as Markdown: every layer with its fields, shapes and parameters.

mod example;
#[cfg(test)]
mod formulas;
mod parameters;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use convshape_arith::op::Dialect;

use super::ALL;
use super::defaults::{Unwritten, unwritten};
use super::markers::{takes, value_words};
use super::rules::Definition;
use super::{Alias, Dialects, FieldWords, Group, LayerWords, Positional, layers};

const GROUPS: [(Group, &str); 6] = [
    (Group::Convolution, "Convolution"),
    (Group::Pooling, "Pooling"),
    (Group::Resizing, "Resizing"),
    (Group::Dense, "Dense layers, sequences, shapes and values"),
    (Group::Normalisation, "Normalisation"),
    (Group::Activation, "Activation and dropout"),
];

/// The tables, under second-level headings.
pub(crate) fn tables() -> String {
    let mut page =
        "<!-- Generated from the table of words by the test `reference` of convshape-front. -->\n".to_owned();
    for (group, title) in GROUPS {
        page += &format!("\n## {title}\n\n");
        page += "| layer | fields | shapes | parameters in files |\n|---|---|---|---|\n";
        for row in layers().filter(|row| row.group == group) {
            page += &layer(row);
        }
    }
    page + &field_table() + &word_table()
}

/// One layer.
fn layer(row: &LayerWords) -> String {
    let rule = row.rule;
    let (names, source) = (names(row), source(rule.source));
    let cells = [
        format!("{names}{}: {}", only(row.dialects, ALL), row.doc),
        layer_fields(row),
        format!("{}{source}", rule.shapes),
        parameters::cell(row),
    ];
    format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
}

/// The layer's own names, then the frameworks'.
fn names(row: &LayerWords) -> String {
    let own: Vec<String> = match row.ranks {
        [] => vec![format!("`{}`", row.name(None))],
        ranks => ranks.iter().map(|rank| format!("`{}`", row.name(Some(*rank)))).collect(),
    };
    let aliases: Vec<String> = row.aliases.iter().map(other_name).collect();
    let also = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
    own.join(" ") + &also
}

/// `` keras `Conv2D` ``
fn other_name(alias: &Alias) -> String {
    let name = alias.name.replace("#d", "2d").replace("#D", "2D");
    format!("{} `{name}`", dialects(alias.dialects))
}

/// The address of the framework's page.
fn source(source: Definition) -> String {
    let (name, address) = match source {
        Definition::Torch(name) => (name, format!("https://docs.pytorch.org/docs/stable/generated/{name}.html")),
        Definition::Jax(name) => (name, format!("https://docs.jax.dev/en/latest/_autosummary/{name}.html")),
        Definition::Onnx(name) => (name, format!("https://onnx.ai/onnx/operators/onnx__{name}.html")),
        Definition::Keras(name, page) => (name, format!("https://keras.io/api/layers/{page}/")),
        Definition::Page(name, address) => (name, address.to_owned()),
        Definition::Own => return String::new(),
    };
    format!(" ([{name}]({address}))")
}

/// `` `in -> out`, `kernel`, `stride: 1` ``
fn layer_fields(row: &LayerWords) -> String {
    let leading = match row.positional {
        Positional::Channels => Some("`in -> out`".to_owned()),
        Positional::Undo => Some("`undo NAME`".to_owned()),
        Positional::Names => Some("names of statements".to_owned()),
        Positional::Path => Some("the path of a type".to_owned()),
        Positional::Axes | Positional::Two(..) | Positional::Field(_) | Positional::None => None,
    };
    let leading_fields: &[&str] = match row.positional {
        Positional::Channels => &["in_channels", "out_channels"],
        _ => &[],
    };
    let fields = row.fields.iter().filter(|field| !leading_fields.contains(&field.name));
    let (either, rest): (Vec<&FieldWords>, Vec<&FieldWords>) =
        fields.partition(|field| alternatives(row).contains(&field.name));
    // One of these is required.
    let either = either.into_iter().map(|field| layer_field(row, field)).collect::<Vec<_>>().join(" or ");
    let rest = rest.into_iter().map(|field| layer_field(row, field));
    let parts = leading.into_iter().chain(Some(either).filter(|text| !text.is_empty())).chain(rest);
    parts.collect::<Vec<_>>().join(", ")
}

/// The fields of which one is required.
fn alternatives(row: &LayerWords) -> &'static [&'static str] {
    row.required(row.dialects[0]).find(|names| names.len() > 1).unwrap_or_default()
}

/// One field with its default, listed by dialect if it differs.
fn layer_field(row: &LayerWords, field: &FieldWords) -> String {
    let known = row.dialects.iter().copied().filter(|dialect| field.dialects.contains(dialect));
    let alike = alike(known.map(|dialect| (dialect, unwritten(row, field, dialect))));
    let show = |unwritten: &Unwritten| match unwritten {
        Unwritten::Refused => format!("**`{}`**", field.name),
        Unwritten::Is(value) => format!("`{}: {value}`", field.name),
        Unwritten::Follows => format!("`{}`", field.name),
    };
    let shared = |of: &[Dialect]| row.dialects.iter().all(|dialect| of.contains(dialect));
    let parts =
        alike.iter().map(
            |(of, unwritten)| {
                if shared(of) { show(unwritten) } else { format!("{} ({})", show(unwritten), dialects(of)) }
            },
        );
    parts.collect::<Vec<_>>().join(" ")
}

/// Groups dialects with equal text.
fn alike<T: PartialEq>(each: impl Iterator<Item = (Dialect, T)>) -> Vec<(Vec<Dialect>, T)> {
    let mut groups: Vec<(Vec<Dialect>, T)> = Vec::new();
    for (dialect, value) in each {
        match groups.iter_mut().find(|(_, known)| *known == value) {
            Some((of, _)) => of.push(dialect),
            None => groups.push((vec![dialect], value)),
        }
    }
    groups
}

/// `, only in keras`, or nothing for all dialects.
fn only(of: Dialects, all: Dialects) -> String {
    if all.iter().all(|dialect| of.contains(dialect)) { String::new() } else { format!(", only in {}", dialects(of)) }
}

fn dialects(of: &[Dialect]) -> String {
    of.iter().map(|dialect| dialect.name()).collect::<Vec<_>>().join(", ")
}

/// Each field once, with the frameworks' words for it.
fn field_table() -> String {
    let mut page =
        "\n## Fields\n\n| field | takes | meaning | in a framework's words |\n|---|---|---|---|\n".to_owned();
    let mut seen = BTreeSet::new();
    let every = layers().flat_map(LayerWords::all_fields);
    let mut every: Vec<&FieldWords> = every.filter(|field| seen.insert((field.name, field.doc))).collect();
    every.sort_by_key(|field| field.name);
    for field in every {
        let words: Vec<String> = field.aliases.iter().map(other_name).collect();
        let hole = if field.hole { "; `_` lets the compiler find it" } else { "" };
        let (name, doc, takes) = (field.name, field.doc, takes(field.takes));
        page += &format!("| `{name}` | `{takes}` | {doc}{hole} | {} |\n", words.join(", "));
    }
    page
}

/// Every word that can be a field's value, once.
fn word_table() -> String {
    let mut page = "\n## Words\n\n| word | meaning |\n|---|---|\n".to_owned();
    for word in value_words() {
        page += &format!("| `{}` | {} |\n", word.name, word.doc);
    }
    page
}
