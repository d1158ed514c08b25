//! Finds a chain's statements and their parts in its text.

use std::collections::BTreeMap;
use std::ops::Range;

use super::token::{Token, closing, split_commas};
use super::words;

/// A statement, or a part of `input:` or `output:`.
#[derive(Debug)]
pub(crate) struct Statement<'a> {
    /// The name used in messages, prefixed with those of the `repeat`s and `block`s around it.
    pub(crate) path: Vec<String>,
    /// Where its text begins.
    pub(crate) start: usize,
    pub(crate) body: Body<'a>,
}

#[derive(Debug)]
pub(crate) enum Body<'a> {
    Layer(Layer<'a>),
    /// The position of a port's shape in the text.
    Port(Range<usize>),
    /// The positions of the entries in the list of a repeat.
    List(Vec<Range<usize>>),
    /// The position of how often a repeat runs.
    Count(Range<usize>),
}

/// `Op(args)`.
#[derive(Debug)]
pub(crate) struct Layer<'a> {
    pub(crate) op: Token<'a>,
    /// Where the parentheses open and close.
    pub(crate) parentheses: Option<(usize, usize)>,
    pub(crate) args: Vec<Arg<'a>>,
    /// The position of what follows `from`.
    pub(crate) from: Option<Range<usize>>,
}

/// `field: value`, or a positional part.
#[derive(Debug)]
pub(crate) struct Arg<'a> {
    pub(crate) field: Option<&'a str>,
    /// The position of the whole argument.
    pub(crate) whole: Range<usize>,
    /// The position of its value.
    pub(crate) span: Range<usize>,
}

/// Every statement inside the outermost braces, in the order written.
pub(crate) fn statements<'a>(tokens: &[Token<'a>]) -> Vec<Statement<'a>> {
    let mut found = Vec::new();
    collect(tokens, &[], &mut found);
    found
}

fn collect<'a>(tokens: &[Token<'a>], path: &[String], found: &mut Vec<Statement<'a>>) {
    let mut unnamed = Unnamed { labels: labels(tokens), counts: BTreeMap::new() };
    collect_counted(tokens, path, &mut unnamed, found);
}

fn collect_counted<'a>(
    tokens: &[Token<'a>],
    path: &[String],
    unnamed: &mut Unnamed<'a>,
    found: &mut Vec<Statement<'a>>,
) {
    let mut rest = tokens;
    while let Some(end) = statement_end(rest) {
        let (name, head) = labelled(without_attributes(&rest[..end]));
        if rest[end].text == "{" {
            let close = closing(rest, end).unwrap_or(rest.len() - 1);
            if let Some(branch) = branch(head) {
                // Only one branch is there, so that each counts on from before the `if`.
                let mut counted = Unnamed { labels: unnamed.labels.clone(), counts: unnamed.counts.clone() };
                let close = closing(rest, end).unwrap_or(rest.len() - 1);
                collect_counted(&rest[end + 1..close], &[path, &[branch.to_owned()]].concat(), &mut counted, found);
                rest = &rest[close + 1..];
                continue;
            }
            let inside = scope(path, name, head, unnamed);
            found.extend(list(head).or_else(|| count(head)).map(|body| Statement {
                path: inside.clone(),
                start: rest[0].span.start,
                body,
            }));
            collect(&rest[end + 1..close], &inside, found);
            rest = &rest[close + 1..];
            continue;
        }
        match name {
            Some("input" | "output") if !path.is_empty() => {}
            Some(name @ ("input" | "output")) => found.extend(ports(name, rest[0].span.start, head)),
            _ => found.extend(layer(head).map(|layer| {
                let start = rest[0].span.start;
                let name = name.map_or_else(|| unnamed.next(words::kind(layer.op.text)), str::to_owned);
                Statement { path: [path, &[name]].concat(), start, body: Body::Layer(layer) }
            })),
        }
        rest = &rest[end + 1..];
    }
}

/// The entries of `repeat (a, b) in [(3, 32), (32, 64)]`.
fn list<'a>(head: &[Token<'a>]) -> Option<Body<'a>> {
    let open = head.iter().position(|token| token.text == "[").filter(|_| head[0].text == "repeat")?;
    let entries = split_commas(&head[open + 1..closing(head, open)?]).into_iter();
    let span = |entry: &[Token<'a>]| Some(entry.first()?.span.start..entry.last()?.span.end);
    Some(Body::List(entries.filter_map(span).collect()))
}

/// The index of the `;` or `{` that ends the first statement's head.
fn statement_end(tokens: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0_usize;
    tokens.iter().position(|token| {
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(token.text, ";" | "{")
    })
}

fn without_attributes<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    match tokens {
        [hash, bracket, ..] if hash.text == "#" && bracket.text == "[" => match closing(tokens, 1) {
            Some(close) => without_attributes(&tokens[close + 1..]),
            None => &[],
        },
        _ => tokens,
    }
}

/// How messages tell the branches of an `if` from each other.
fn branch(head: &[Token<'_>]) -> Option<&'static str> {
    match head {
        [first, ..] if first.text == "if" => Some("if"),
        [first, second, ..] if first.text == "else" && second.text == "if" => Some("else_if"),
        [first, ..] if first.text == "else" => Some("else"),
        _ => None,
    }
}

/// The path inside braces: `repeat` and `block` add a name, the struct does not.
fn scope(path: &[String], name: Option<&str>, head: &[Token<'_>], unnamed: &mut Unnamed<'_>) -> Vec<String> {
    let inner = match head {
        [first, ..] if first.text == "repeat" => Some(name.map_or_else(|| unnamed.next("repeat"), str::to_owned)),
        [first, block, ..] if first.text == "block" => Some(block.text.to_owned()),
        _ => None,
    };
    path.iter().cloned().chain(inner).collect()
}

/// The names of unnamed statements.
struct Unnamed<'a> {
    /// Names that are taken.
    labels: Vec<&'a str>,
    counts: BTreeMap<String, u32>,
}

impl Unnamed<'_> {
    /// `kind` + number, counting the unnamed statements of that kind.
    fn next(&mut self, kind: &str) -> String {
        let kind = words::snake(kind);
        loop {
            let count = self.counts.entry(kind.clone()).or_default();
            *count += 1;
            let name = format!("{kind}{count}");
            if !self.labels.contains(&name.as_str()) {
                return name;
            }
        }
    }
}

/// The names that statements have.
fn labels<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = tokens;
    while let Some(end) = statement_end(rest) {
        found.extend(labelled(without_attributes(&rest[..end])).0);
        let close = if rest[end].text == "{" { closing(rest, end) } else { None };
        rest = &rest[close.unwrap_or(end) + 1..];
    }
    found
}

/// A statement's name, and the rest.
fn labelled<'t, 'a>(head: &'t [Token<'a>]) -> (Option<&'a str>, &'t [Token<'a>]) {
    match head {
        [name, colon, tail @ ..] if name.is_word() && colon.text == ":" => (Some(name.text), tail),
        _ => (None, head),
    }
}

/// The shapes of `input:` or `output:`. The first is called that, a named one by its name as well.
fn ports<'a>(word: &str, start: usize, tokens: &[Token<'a>]) -> Vec<Statement<'a>> {
    let mut found = Vec::new();
    for (i, port) in split_commas(tokens).into_iter().enumerate() {
        let (name, shape) = match port {
            [name, shape @ ..] if name.is_word() => (Some(name.text), shape),
            _ => (None, port),
        };
        let ([first, ..], [.., last]) = (shape, shape) else { continue };
        let alone = (i == 0).then(|| vec![word.to_owned()]);
        let named = name.into_iter().flat_map(|name| [vec![name.to_owned()], vec![word.to_owned(), name.to_owned()]]);
        found.extend(alone.into_iter().chain(named).map(|path| Statement {
            path,
            start,
            body: Body::Port(first.span.start..last.span.end),
        }));
    }
    found
}

/// The count of `repeat 3 reads a from b`.
fn count<'a>(head: &[Token<'a>]) -> Option<Body<'a>> {
    let [_, rest @ ..] = head.first().filter(|first| first.text == "repeat").map(|_| head)? else { return None };
    let counts = rest.split(|token| matches!(token.text, "reads" | "from")).next()?;
    Some(Body::Count(counts.first()?.span.start..counts.last()?.span.end))
}

fn layer<'a>(tokens: &[Token<'a>]) -> Option<Layer<'a>> {
    let op = tokens.first().filter(|token| token.is_word())?.clone();
    let close = tokens.get(1).filter(|token| token.text == "(").and_then(|_| closing(tokens, 1));
    let args =
        close.map_or_else(Vec::new, |close| split_commas(&tokens[2..close]).into_iter().filter_map(arg).collect());
    let rest = &tokens[close.map_or(1, |close| close + 1)..];
    let from = match rest {
        [from, source @ ..] if from.text == "from" => {
            let end = source.iter().position(|token| matches!(token.text, "->" | "restores")).unwrap_or(source.len());
            source[..end].first().map(|first| first.span.start..source[end - 1].span.end)
        }
        _ => None,
    };
    Some(Layer { op, from, parentheses: close.map(|close| (tokens[1].span.end, tokens[close].span.start)), args })
}

fn arg<'a>(tokens: &[Token<'a>]) -> Option<Arg<'a>> {
    let (field, value) = match tokens {
        [field, colon, value @ ..] if field.is_word() && colon.text == ":" => (Some(field.text), value),
        _ => (None, tokens),
    };
    let (start, end) = (value.first()?.span.start, value.last()?.span.end);
    Some(Arg { field, whole: tokens.first()?.span.start..end, span: start..end })
}
