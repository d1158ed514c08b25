//! Fixes as `help:` lines. Tools can apply the forms that the language reference lists.

use std::collections::HashSet;

use super::Edit;
use super::edit::Verb;
use crate::graph::{Graph, KeptLines};
use crate::syntax::Correction;

/// A fix in words.
pub(super) fn phrase(edits: &[Edit], graph: &Graph) -> String {
    match graph.kept {
        Some(KeptLines::InArguments) => plain(edits, graph),
        Some(KeptLines::Whole) => format!("with these lines corrected, {}", plain(edits, graph)),
        None if in_rewritten_lines(edits, graph) => format!("with that line corrected, {}", plain(edits, graph)),
        None => plain(edits, graph),
    }
}

/// Whether the words for some edits are of a form that a tool can apply.
pub(super) fn is_applicable(edits: &[Edit], graph: &Graph) -> bool {
    let as_written = match graph.kept {
        Some(KeptLines::InArguments) => true,
        Some(KeptLines::Whole) => false,
        None => !in_rewritten_lines(edits, graph),
    };
    as_written && edits.iter().flat_map(|edit| edit.verbs(graph)).all(|(verb, _)| !matches!(verb, Verb::Other(_)))
}

/// Whether the text has something else than what is edited.
fn in_rewritten_lines(edits: &[Edit], graph: &Graph) -> bool {
    edits.iter().filter_map(Edit::node).any(|node| graph.nodes[node].writing.rewritten)
}

fn plain(edits: &[Edit], graph: &Graph) -> String {
    let mut parts: Vec<(Verb, Vec<String>)> = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    for edit in edits {
        notes.extend(edit.reach(graph));
        for (verb, name) in edit.verbs(graph) {
            match parts.iter_mut().find(|(known, _)| same(known, &verb)) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => parts.push((verb, vec![name])),
            }
        }
    }
    notes.dedup();
    // What an insertion asks for in its place is one more thing to write.
    let mut statements: Vec<String> = Vec::new();
    let mut rest: Vec<(Verb, Vec<String>)> = Vec::new();
    for (verb, names) in parts {
        match verb {
            Verb::Insert(statement, there) => {
                statements.push(format!("insert `{statement}` before `{}`", names[0]));
                rest.extend(there.map(|verb| (*verb, names)));
            }
            Verb::Remove => statements.push(format!("remove `{}`", names[0])),
            Verb::Move(before) => statements.push(format!("move `{}` before `{before}`", names[0])),
            Verb::Swap(other) => statements.push(format!("swap `{}` and `{other}`", names[0])),
            verb => rest.push((verb, names)),
        }
    }
    let corrects = graph.kept == Some(KeptLines::InArguments);
    let parts = if corrects { with_corrections(rest, graph) } else { rest };
    if !statements.is_empty() {
        let written = (!parts.is_empty()).then(|| clauses(&parts).join(" and "));
        return statements.into_iter().chain(written).collect::<Vec<String>>().join(", and ");
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    if let [(verb, names)] = parts.as_slice()
        && let [name] = names.as_slice()
    {
        return match verb {
            Verb::Set(text) => format!("in `{name}`, set `{text}`{notes}"),
            Verb::Write(text) => format!("in `{name}`, write `{text}`{notes}"),
            Verb::Replace(text, old) => format!("in `{name}`, put `{text}` in place of `{old}`{notes}"),
            Verb::Read(source) => format!("in `{name}`, read `{source}`{notes}"),
            Verb::Insert(..) | Verb::Remove | Verb::Move(_) | Verb::Swap(_) => String::new(),
            Verb::Entry(text) | Verb::Other(text) => format!("{text}{notes}"),
        };
    }
    if let Some(text) = fields_of_one(&parts, edits, graph).filter(|_| !corrects) {
        return format!("in `{}`, set `{text}`{notes}", parts[0].1[0]);
    }
    format!("{}{notes}", clauses(&parts).join(" and "))
}

/// The changes, and the corrected arguments of every line in another language.
fn with_corrections(parts: Vec<(Verb, Vec<String>)>, graph: &Graph) -> Vec<(Verb, Vec<String>)> {
    let mut lines: Vec<(&str, Correction)> = Vec::new();
    let mut seen = HashSet::new();
    for node in &graph.nodes {
        let name = node.writing.statement.as_str();
        if let Some(correction) = &node.writing.correction
            && seen.insert(name)
        {
            lines.push((name, correction.clone()));
        }
    }
    let mut changed: Vec<(Verb, Vec<String>)> = Vec::new();
    for (verb, mut names) in parts {
        for (name, correction) in &mut lines {
            names.retain(|of| of != name || !change(correction, &verb));
        }
        if !names.is_empty() {
            changed.push((verb, names));
        }
    }
    let mut respelled: Vec<(Verb, Vec<String>)> = Vec::new();
    for (name, line) in lines {
        let set = line.respelled.iter().map(|(field, value)| Verb::Set(format!("{field}: {value}")));
        for verb in set {
            match changed.iter_mut().chain(&mut respelled).find(|(known, _)| same(known, &verb)) {
                Some((_, names)) => names.push(name.to_owned()),
                None => respelled.push((verb, vec![name.to_owned()])),
            }
        }
        changed.extend(line.front.map(|front| (Verb::Write(front.to_string()), vec![name.to_owned()])));
    }
    changed.extend(respelled);
    changed
}

/// Makes a change in arguments that are corrected anyway. Returns `false` if it belongs elsewhere.
fn change(line: &mut Correction, verb: &Verb) -> bool {
    if let Verb::Set(text) | Verb::Replace(text, _) = verb {
        // Its new value is written, not the old one in another spelling.
        line.respelled.retain(|(field, _)| text.split(':').next() != Some(field));
    }
    let Some(front) = &mut line.front else { return false };
    let (text, old) = match verb {
        Verb::Write(leading) => {
            front.leading.clone_from(leading);
            return true;
        }
        Verb::Set(text) => (text, text.split(':').next().unwrap_or_default()),
        Verb::Replace(text, old) => (text, old.as_str()),
        Verb::Insert(..)
        | Verb::Remove
        | Verb::Move(_)
        | Verb::Swap(_)
        | Verb::Read(_)
        | Verb::Entry(_)
        | Verb::Other(_) => return false,
    };
    let Some((field, value)) = text.split_once(": ").filter(|_| line.kept.iter().all(|kept| kept != old)) else {
        return false;
    };
    let changed = (field.to_owned(), value.to_owned());
    match front.fields.iter_mut().find(|(name, _)| name == old) {
        Some(known) => *known = changed,
        None => front.fields.push(changed),
    }
    true
}

/// Changes in several places, each with the names of its places.
fn clauses(parts: &[(Verb, Vec<String>)]) -> Vec<String> {
    let mut said = "";
    let clause = |(verb, names): &(Verb, Vec<String>)| {
        let (word, text) = match verb {
            Verb::Set(text) => ("set ", text),
            Verb::Write(text) => ("write ", text),
            Verb::Read(source) => ("read ", source),
            Verb::Replace(text, old) => return format!("put `{text}` in place of `{old}` in {}", all(names)),
            Verb::Insert(text, _) => return format!("insert `{text}` before {}", all(names)),
            Verb::Remove => return format!("remove {}", all(names)),
            Verb::Move(before) => return format!("move {} before `{before}`", all(names)),
            Verb::Swap(other) => return format!("swap {} and `{other}`", all(names)),
            Verb::Entry(text) | Verb::Other(text) => return text.clone(),
        };
        // One `write` introduces all that follow it.
        let word = if said == word { "" } else { word };
        said = if word.is_empty() { said } else { word };
        format!("{word}`{text}` in {}", all(names))
    };
    parts.iter().map(clause).collect()
}

/// Fields of one layer, at most one of them already written, are listed together.
fn fields_of_one(parts: &[(Verb, Vec<String>)], edits: &[Edit], graph: &Graph) -> Option<String> {
    let written = |edit: &&Edit| {
        let node = edit.node().map(|node| &graph.nodes[node]);
        node.is_some_and(|node| node.spans.fields.iter().any(|(field, _)| *field == edit.field()))
    };
    let one = parts.iter().all(|(_, names)| names.len() == 1 && *names == parts[0].1);
    if !one || edits.iter().filter(written).count() > 1 || edits.len() != parts.len() {
        return None;
    }
    // Replacements come first, additions follow.
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|index| !written(&&edits[*index]));
    let texts = order.into_iter().map(|index| match &parts[index].0 {
        Verb::Set(text) => Some(text.as_str()),
        Verb::Write(_)
        | Verb::Read(_)
        | Verb::Replace(..)
        | Verb::Insert(..)
        | Verb::Remove
        | Verb::Move(_)
        | Verb::Swap(_)
        | Verb::Entry(_)
        | Verb::Other(_) => None,
    });
    Some(texts.collect::<Option<Vec<&str>>>()?.join(", "))
}

fn same(a: &Verb, b: &Verb) -> bool {
    match (a, b) {
        (Verb::Set(a), Verb::Set(b)) => a == b,
        (Verb::Replace(a, of), Verb::Replace(b, other)) => a == b && of == other,
        // Each is worded separately: `[1, 64]` in `input` and `[1, 64]` in `output`.
        _ => false,
    }
}

/// `` `a`, `b` and `c` ``
fn all(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [before @ .., last] => {
            let before: Vec<String> = before.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", before.join(", "))
        }
    }
}
