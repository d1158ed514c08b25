//! Turns helps into edits of a text.

use std::ops::Range;

use convshape_front::{Finding, InspectedLayer, ListEntry};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use crate::help::{self, Change, What};
use crate::lines;
use crate::source::{Chain, Edit};

/// A fix: its message, and its edits.
#[derive(Debug)]
pub(crate) struct Fix {
    pub(crate) help: String,
    /// In the order of the text, without overlaps.
    pub(crate) edits: Vec<Edit>,
    /// Whether it rewrites statements that are not in the language. Other mistakes show only afterwards.
    pub(crate) rewrites: bool,
}

/// The fixes of a finding that a tool can apply, the most likely first.
pub(crate) fn fixes(chain: &Chain, finding: &Finding) -> Vec<Fix> {
    let helps = finding.lines.iter().filter_map(|line| line.strip_prefix("help: "));
    let lines = apart(lines::rewritten(chain, finding));
    if let Some(help) = helps.clone().next().filter(|_| !lines.is_empty()) {
        // The lines are in the words of the dialect that it names.
        let header = help.strip_prefix("in the words of ").and_then(|rest| rest.split_once(": "));
        let header = header.map_or_else(Vec::new, |(_, header)| edits(chain, finding, header));
        return vec![Fix { help: help.to_owned(), edits: apart([header, lines].concat()), rewrites: true }];
    }
    let fixes = helps.map(|help| Fix { help: help.to_owned(), edits: edits(chain, finding, help), rewrites: false });
    fixes.filter(|fix| !fix.edits.is_empty()).collect()
}

/// The text with the edits applied.
pub(crate) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edited = text.to_owned();
    for edit in edits.iter().rev() {
        edited.replace_range(edit.range.clone(), &edit.text);
    }
    edited
}

fn edits(chain: &Chain, finding: &Finding, help: &str) -> Vec<Edit> {
    let edits: Option<Vec<Edit>> = match (help::meant(help), help::changes(help)) {
        (Some(word), _) => instead(chain, finding.span, word).map(|edit| vec![edit]),
        (None, changes) => {
            let each = changes.iter().map(|change| changed(chain, change));
            each.collect::<Option<Vec<Vec<Edit>>>>().map(|edits| edits.concat())
        }
    };
    apart(edits.unwrap_or_default())
}

/// Edits in the order of the text; none if two of them overlap.
fn apart(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| edit.range.start);
    // Two uses of a block are one statement in the text.
    edits.dedup();
    let apart = edits.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start);
    if apart { edits } else { Vec::new() }
}

/// Another word in place of the one that a finding points at.
fn instead(chain: &Chain, span: Span, word: &str) -> Option<Edit> {
    let (tokens, at) = find(&chain.tokens, &span.byte_range())?;
    let (TokenTree::Ident(_) | TokenTree::Literal(_)) = &tokens[at] else { return None };
    Some(Edit { range: tokens[at].span().byte_range(), text: word.to_owned() })
}

fn changed(chain: &Chain, change: &Change<'_>) -> Option<Vec<Edit>> {
    match change.what {
        What::Move { before } => moved(chain, change.target, before),
        What::Swap { with } => swapped(chain, change.target, with),
        _ => edit(chain, change).map(|edit| vec![edit]),
    }
}

fn edit(chain: &Chain, change: &Change<'_>) -> Option<Edit> {
    if let What::Entry { number, text } = &change.what {
        let wanted = |entry: &&ListEntry| entry.repeat == change.target && entry.turn + 1 == *number;
        let entry = chain.inspection.entries.iter().find(wanted)?;
        return Some(Edit { range: entry.span.byte_range(), text: (*text).to_owned() });
    }
    if let What::Rename { word, replaces } = &change.what
        && let Some((range, written)) = count(&chain.tokens, change.target.rsplit('.').next()?)
        && written == *replaces
    {
        return Some(Edit { range, text: (*word).to_owned() });
    }
    // A port may have the name of a statement.
    let is_port = ["input", "output"].contains(&change.target) || change.target.starts_with("output.");
    match (statement(chain, change.target).filter(|_| !is_port), &change.what) {
        (Some(layer), What::Set { field, value, replaces: None }) => set(chain, &layer, field, value),
        (Some(layer), What::Set { field, value, replaces: Some(old) }) => {
            let call = Call::of(chain, &layer)?;
            let range = call.given(&layer, old)?.whole.clone();
            Some(Edit { range, text: format!("{field}: {value}") })
        }
        (Some(layer), What::Write(text)) => write(chain, &layer, text),
        (Some(layer), What::Read(text)) => read(chain, &layer, text),
        (Some(layer), What::Rename { word, replaces }) => {
            instead(chain, layer.span, word).filter(|_| layer.span.source_text().is_none_or(|text| text == *replaces))
        }
        (Some(layer), What::Insert(text)) => before(chain, layer.span, text),
        (Some(layer), What::Remove) => Some(Edit { range: removable(chain, layer.span)?, text: String::new() }),
        (None, What::Write(text)) => port(chain, change.target, text),
        (None, What::Insert(text)) => {
            let block = change.target.strip_prefix("block ").and_then(|block| block_span(chain, block));
            before(chain, block.or_else(|| port_span(chain, change.target))?, text)
        }
        (None, What::Set { .. } | What::Read(_) | What::Rename { .. } | What::Remove)
        | (_, What::Entry { .. } | What::Move { .. } | What::Swap { .. }) => None,
    }
}

/// A statement before the one that a token belongs to.
fn before(chain: &Chain, span: Span, text: &str) -> Option<Edit> {
    let span = statement_at(chain, span)?.first()?.span();
    let (place, indent) = (span.byte_range().start, span.start().column);
    Some(Edit { range: place..place, text: format!("{text}\n{}", " ".repeat(indent)) })
}

/// The statement that a token belongs to, with the empty line that it would leave, but not with a comment.
fn removable(chain: &Chain, span: Span) -> Option<Range<usize>> {
    let tokens = statement_at(chain, span)?;
    let mut range = tokens.first()?.span().byte_range().start..tokens.last()?.span().byte_range().end;
    let (around, at) = find(&chain.tokens, &tokens.first()?.span().byte_range())?;
    if let Some(end) = at.checked_sub(1).map(|earlier| around[earlier].span()) {
        let both = end.join(tokens.first()?.span()).and_then(|span| span.source_text())?;
        let between = both.strip_prefix(&end.source_text()?)?.strip_suffix(&tokens.first()?.span().source_text()?)?;
        if between.trim().is_empty() {
            range.start = end.byte_range().end;
        }
    }
    Some(range)
}

/// A statement moved before another.
fn moved(chain: &Chain, name: &str, other: &str) -> Option<Vec<Edit>> {
    let place = |name: &str| {
        let block = name.strip_prefix("block ").map(|block| block_span(chain, block));
        block.unwrap_or_else(|| port_span(chain, name).or_else(|| Some(statement(chain, name)?.span)))
    };
    let span = place(name)?;
    let (range, (_, text)) = (removable(chain, span)?, written(chain, span)?);
    let inserted = before(chain, place(other)?, &text)?;
    Some(vec![inserted, Edit { range, text: String::new() }])
}

/// Two statements in each other's places.
fn swapped(chain: &Chain, name: &str, other: &str) -> Option<Vec<Edit>> {
    let (one, text) = written(chain, statement(chain, name)?.span)?;
    let (another, there) = written(chain, statement(chain, other)?.span)?;
    Some(vec![Edit { range: one, text: there }, Edit { range: another, text }])
}

/// The statement that a token belongs to: where it is, and its text.
fn written(chain: &Chain, span: Span) -> Option<(Range<usize>, String)> {
    let tokens = statement_at(chain, span)?;
    let (first, last) = (tokens.first()?.span(), tokens.last()?.span());
    let words = || tokens.iter().map(|token| token.span().source_text()).collect::<Option<Vec<String>>>();
    let text = match first.join(last).and_then(|span| span.source_text()) {
        Some(text) => text,
        None => words()?.join(" "),
    };
    Some((first.byte_range().start..last.byte_range().end, text))
}

/// The tokens of the statement that a token belongs to, with its end.
fn statement_at(chain: &Chain, span: Span) -> Option<Vec<TokenTree>> {
    let (tokens, at) = find(&chain.tokens, &span.byte_range())?;
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(token, ';'),
    };
    let first = tokens[..at].iter().rposition(ends).map_or(0, |end| end + 1);
    let last = tokens[at..].iter().position(ends).map_or(tokens.len(), |end| at + end + 1);
    Some(tokens[first..last].to_vec())
}

/// A layer, or a use of a block: its word, and the fields that are written.
struct Statement<'a> {
    span: Span,
    fields: &'a [(&'static str, Span)],
}

/// The statement with this name. Messages may leave out the numbers of a repeat's passes.
fn statement<'a>(chain: &'a Chain, name: &str) -> Option<Statement<'a>> {
    let layers = &chain.inspection.layers;
    let without_turns =
        |name: &str| name.split('.').filter(|part| part.parse::<usize>().is_err()).collect::<Vec<_>>().join(".");
    let layer = layers.iter().find(|layer| layer.name == name);
    let layer = layer.or_else(|| layers.iter().find(|layer| layer.statement == name));
    let layer = layer.or_else(|| layers.iter().find(|layer| without_turns(&layer.name) == name));
    if let Some(InspectedLayer { span, fields, .. }) = layer {
        return Some(Statement { span: *span, fields });
    }
    let used = chain.inspection.uses.iter().find(|used| used.statement == name).map(|used| used.span);
    Some(Statement { span: used.or_else(|| labelled(&chain.tokens, name.rsplit('.').next()?))?, fields: &[] })
}

/// The word after a statement's name, such as a block's.
fn labelled(tokens: &TokenStream, name: &str) -> Option<Span> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let here = tokens.windows(3).find_map(|three| match three {
        [label, colon, word @ TokenTree::Ident(_)] if is_word(label, name) && is_punct(colon, ':') => Some(word.span()),
        _ => None,
    });
    let inside = || {
        tokens.iter().find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => labelled(&group.stream(), name),
            _ => None,
        })
    };
    here.or_else(inside)
}

/// How often the repeat with this name runs: where it is written, and its text.
fn count(tokens: &TokenStream, name: &str) -> Option<(Range<usize>, String)> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let body = |token: &TokenTree| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
        _ => None,
    };
    let mut unnamed = 0;
    for (at, token) in tokens.iter().enumerate() {
        if let Some(found) = body(token).and_then(|inside| count(&inside, name)) {
            return Some(found);
        }
        if !is_word(token, "repeat") {
            continue;
        }
        let label = match &tokens[..at] {
            [.., label, colon] if is_punct(colon, ':') => label.to_string(),
            _ => {
                unnamed += 1;
                format!("repeat{unnamed}")
            }
        };
        let ends = |token: &TokenTree| is_word(token, "reads") || is_word(token, "from") || body(token).is_some();
        if label == name
            && let Some(written) = tokens[at + 1..].split(ends).next()
            && let (Some(first), Some(last)) = (written.first(), written.last())
        {
            let text = first.span().join(last.span()).and_then(|span| span.source_text());
            let range = first.span().byte_range().start..last.span().byte_range().end;
            return Some((range, text.unwrap_or_else(|| first.to_string())));
        }
    }
    None
}

/// Where the block with this name is written.
fn block_span(chain: &Chain, name: &str) -> Option<Span> {
    let Some(TokenTree::Group(body)) = chain.tokens.clone().into_iter().last() else { return None };
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    let named = tokens.windows(2).find(|pair| is_word(&pair[0], "block") && is_word(&pair[1], name));
    named.map(|pair| pair[0].span())
}

/// Where a port is written: its name, or else its shape.
fn port_span(chain: &Chain, name: &str) -> Option<Span> {
    let (inputs, outputs) = (&chain.inspection.inputs, &chain.inspection.outputs);
    let first = match name {
        "input" => inputs.first(),
        "output" => outputs.first(),
        _ => None,
    };
    let named = match name.strip_prefix("output.") {
        Some(output) => outputs.iter().find(|port| port.name == output),
        None => inputs.iter().chain(outputs).find(|port| port.name == name),
    };
    Some(named.or(first)?.span)
}

/// The shape of a port.
fn port(chain: &Chain, name: &str, text: &str) -> Option<Edit> {
    let shape = port_span(chain, name).and_then(|span| find(&chain.tokens, &span.byte_range()));
    let shape = shape.and_then(|(tokens, at)| {
        tokens[at..].iter().take(2).find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some(group.span().byte_range()),
            _ => None,
        })
    });
    match shape {
        Some(range) => Some(Edit { range, text: text.to_owned() }),
        None => unread_port(&chain.tokens, name, text),
    }
}

/// Writes a shape after `input:` or `output:` that has no brackets, as in `input: 784;`.
fn unread_port(tokens: &TokenStream, name: &str, text: &str) -> Option<Edit> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let inside = || {
        tokens.iter().find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                unread_port(&group.stream(), name, text)
            }
            _ => None,
        })
    };
    let Some(at) = tokens.windows(2).position(|pair| is_word(&pair[0], name) && is_punct(&pair[1], ':')) else {
        return inside();
    };
    let written = tokens[at + 2..].split(|token| is_punct(token, ';')).next()?;
    let range = written.first()?.span().byte_range().start..written.last()?.span().byte_range().end;
    Some(Edit { range, text: text.to_owned() })
}

/// A layer's positional part.
fn write(chain: &Chain, layer: &Statement<'_>, text: &str) -> Option<Edit> {
    let call = Call::of(chain, layer)?;
    let leading: Vec<&Argument> = call.arguments.iter().take_while(|argument| argument.field.is_none()).collect();
    Some(match (leading.as_slice(), call.open) {
        ([first, ..], _) => {
            let end = leading.last().map_or(first.whole.end, |last| last.whole.end);
            Edit { range: first.whole.start..end, text: text.to_owned() }
        }
        ([], Some(open)) if call.arguments.is_empty() => Edit { range: open..open, text: text.to_owned() },
        ([], Some(open)) => Edit { range: open..open, text: format!("{text}, ") },
        ([], None) => Edit { range: call.end..call.end, text: format!("({text})") },
    })
}

/// What follows a layer's `from`, which is added if there is none.
fn read(chain: &Chain, layer: &Statement<'_>, text: &str) -> Option<Edit> {
    let (tokens, at) = find(&chain.tokens, &layer.span.byte_range())?;
    let ends = |token: &TokenTree| is_punct(token, ';') || is_punct(token, '-') || is_word(token, "restores");
    let statement = tokens[at..].split(ends).next()?;
    let Some(from) = statement.iter().position(|token| is_word(token, "from")) else {
        let end = statement.last()?.span().byte_range().end;
        return Some(Edit { range: end..end, text: format!(" from {text}") });
    };
    let (first, last) = (statement.get(from + 1)?, statement.last()?);
    Some(Edit { range: first.span().byte_range().start..last.span().byte_range().end, text: text.to_owned() })
}

/// A layer's field.
fn set(chain: &Chain, layer: &Statement<'_>, field: &str, value: &str) -> Option<Edit> {
    let call = Call::of(chain, layer)?;
    let given = call.given(layer, field);
    let added = format!("{field}: {value}");
    Some(match (given, call.arguments.last(), call.open) {
        // The list in `pads` is not what the message shows, so all of it is replaced.
        (Some(given), ..) if given.field.as_deref() == Some("pads") && field != "pads" => {
            Edit { range: given.whole.clone(), text: added }
        }
        (Some(given), ..) => Edit { range: given.part(field), text: value.to_owned() },
        (None, Some(last), _) => Edit { range: last.whole.end..last.whole.end, text: format!(", {added}") },
        (None, None, Some(open)) => Edit { range: open..open, text: added },
        (None, None, None) => Edit { range: call.end..call.end, text: format!("({added})") },
    })
}

/// A layer as written.
struct Call {
    /// After the layer's word.
    end: usize,
    /// After the opening parenthesis.
    open: Option<usize>,
    arguments: Vec<Argument>,
}

struct Argument {
    field: Option<String>,
    whole: Range<usize>,
    value: Range<usize>,
    /// In `a -> b`, where `a` ends and where `b` begins.
    arrow: Option<(usize, usize)>,
}

impl Call {
    fn of(chain: &Chain, layer: &Statement<'_>) -> Option<Call> {
        let (tokens, at) = find(&chain.tokens, &layer.span.byte_range())?;
        let end = tokens[at].span().byte_range().end;
        let Some(TokenTree::Group(group)) = tokens.get(at + 1) else {
            return Some(Call { end, open: None, arguments: Vec::new() });
        };
        if group.delimiter() != Delimiter::Parenthesis {
            return Some(Call { end, open: None, arguments: Vec::new() });
        }
        let inside: Vec<TokenTree> = group.stream().into_iter().collect();
        let arguments = inside.split(|token| is_punct(token, ',')).filter_map(Argument::of).collect();
        Some(Call { end, open: Some(group.span_open().byte_range().end), arguments })
    }
}

impl Call {
    /// The argument that sets a field, by the name used in messages, which may be the word that is written.
    fn given(&self, layer: &Statement<'_>, field: &str) -> Option<&Argument> {
        let at = layer.fields.iter().find(|(name, _)| *name == field).map(|(_, span)| span.byte_range().start);
        let known = at.and_then(|at| self.arguments.iter().find(|argument| argument.whole.contains(&at)));
        known.or_else(|| self.arguments.iter().find(|argument| argument.field.as_deref() == Some(field)))
    }
}

impl Argument {
    fn of(tokens: &[TokenTree]) -> Option<Argument> {
        let range = |tokens: &[TokenTree]| {
            Some(tokens.first()?.span().byte_range().start..tokens.last()?.span().byte_range().end)
        };
        let (field, value) = match tokens {
            [TokenTree::Ident(field), colon, value @ ..]
                if is_punct(colon, ':') && !value.first().is_some_and(|next| is_punct(next, ':')) =>
            {
                (Some(field.to_string()), value)
            }
            _ => (None, tokens),
        };
        let arrow = value.windows(2).position(|pair| is_punct(&pair[0], '-') && is_punct(&pair[1], '>'));
        let arrow = arrow.and_then(|at| Some((range(&value[..at])?.end, range(&value[at + 2..])?.start)));
        Some(Argument { field, whole: range(tokens)?, value: range(value)?, arrow })
    }

    /// The position of a field's value; for channels, of one side.
    fn part(&self, field: &str) -> Range<usize> {
        match (field, self.arrow) {
            ("in_channels", Some((end, _))) => self.value.start..end,
            ("out_channels", Some((_, start))) => start..self.value.end,
            _ => self.value.clone(),
        }
    }
}

fn is_word(token: &TokenTree, text: &str) -> bool {
    matches!(token, TokenTree::Ident(word) if word == text)
}

fn is_punct(token: &TokenTree, letter: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == letter)
}

/// The token at a position, with its neighbours.
fn find(tokens: &TokenStream, place: &Range<usize>) -> Option<(Vec<TokenTree>, usize)> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let around = |token: &TokenTree| {
        let range = token.span().byte_range();
        range.start <= place.start && place.end <= range.end
    };
    let at = tokens.iter().position(around)?;
    match &tokens[at] {
        TokenTree::Group(group) if group.span().byte_range() != *place => find(&group.stream(), place),
        _ => Some((tokens, at)),
    }
}
