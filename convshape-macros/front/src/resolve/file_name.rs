//! Names in files: `#[name = "blocks.{i}.conv"]`.

use crate::diagnose::{self, Report};
use crate::numbers::Numbers;
use crate::parse;
use crate::syntax::Text;

/// A given name with its braces filled in: sizes, or the index of the pass for `{#}`.
pub(super) fn fill_in(given: &Text, numbers: &Numbers, turn: Option<usize>) -> Result<String, Report> {
    let (name, span) = (given.value(), given.span());
    if name.is_empty() {
        return Err(diagnose::no_file_name(span));
    }
    let mut text = String::new();
    let mut rest = name.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let inside = rest[at..].strip_prefix('{').and_then(|open| open.split_once('}'));
        let Some((inside, after)) = inside else { return Err(diagnose::brace_in_file_name(&name, span)) };
        text.push_str(&value(inside.trim(), numbers, turn).ok_or_else(|| diagnose::not_in_file_name(inside, span))?);
        rest = after;
    }
    Ok(text + rest)
}

/// The text for the content of two braces.
fn value(inside: &str, numbers: &Numbers, turn: Option<usize>) -> Option<String> {
    if inside == "#" {
        return turn.map(|turn| turn.to_string());
    }
    let number = numbers.int(&parse::size_of(inside)?).ok()?;
    numbers.is_seen(number).then(|| number.to_string())
}
