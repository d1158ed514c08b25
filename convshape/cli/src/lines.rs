//! Helps that write whole statements anew: ``write `c: Conv2d(1 -> 8, kernel: 3)` ``, ``on line 8, write `Relu` ``; and
//! those that replace a word: ``write `activation: Relu` instead of `Relu` ``, ``on line 8, write `c3` instead of `c` ``,
//! or add one: ``insert `;` after this``.

use std::ops::Range;

use convshape_arith::code;
use convshape_front::Finding;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use crate::source::{Chain, Edit};

/// How a help begins that gives another line than the one of its finding.
pub(crate) const ON_LINE: &str = "on line ";

/// Between the new words of a help and the old one: ``write `activation: Relu` instead of `Relu` ``.
const INSTEAD: &str = "` instead of `";

/// How such a help ends if it is about a name that statements below read.
const READ_BELOW: &str = "`, also where it is read below";

/// How a help begins that adds the end of a statement.
const END: &str = "insert `;` after this";

/// How a help begins that gives the line that is missing at the end of a chain.
const AT_THE_END: &str = "write the shape that comes out after the layers: `";

/// How a help begins that gives Python's comments the beginning that they have here.
const COMMENT: &str = "write `// ..`";

/// The codes of syntax errors, whose helps give whole lines.
const CODES: [&str; 2] = [code::SYNTAX.id, code::PYTHON.id];

/// The edits for all lines that a finding rewrites; none if it rewrites none, or if one of them is not found.
pub(crate) fn rewritten(chain: &Chain, finding: &Finding) -> Vec<Edit> {
    let of_syntax = CODES.contains(&finding.code);
    let of_undo = finding.code == code::UNDO.id;
    let place = finding.span.byte_range();
    let mut edits: Vec<Option<Edit>> = Vec::new();
    for help in finding.lines.iter().filter_map(|line| line.strip_prefix("help: ")) {
        let other = help.strip_prefix(ON_LINE).and_then(|rest| rest.split_once(", "));
        if let Some((text, old)) =
            other.map_or(help, |(_, help)| help).strip_prefix("write `").and_then(|rest| rest.split_once(INSTEAD))
        {
            let place = match other {
                Some((line, _)) => begins_with(&chain.tokens, line, old.split('`').next().unwrap_or(old)),
                None => Some(place.clone()),
            };
            let Some(place) = place else { return Vec::new() };
            let mut places = vec![place.clone()];
            if let Some(name) = old.strip_suffix(READ_BELOW) {
                read_below(&chain.tokens, &place, name, &mut places);
            }
            edits.extend(places.into_iter().map(|range| Some(Edit { range, text: text.to_owned() })));
        } else if help.starts_with(COMMENT) {
            comments(&chain.tokens, &mut edits);
        } else if help.starts_with(END) {
            edits.push(Some(Edit { range: place.end..place.end, text: ";".to_owned() }));
        } else if let Some(text) = help.strip_prefix(AT_THE_END).and_then(|rest| rest.strip_suffix('`')) {
            edits.push(at_the_end(&chain.tokens, text));
        } else if let Some(text) = quoted(help, "write ").filter(|text| of_syntax || of_undo && text.ends_with(';')) {
            let statement = around(&chain.tokens, &place).filter(|tokens| keeps_name(tokens, text));
            edits.push(statement.map(|tokens| edit(&tokens, text)));
        } else if let Some((line, text)) = other {
            let (Ok(line), Some(text)) = (line.parse(), quoted(text, "write ")) else { return Vec::new() };
            edits.push(in_line(&chain.tokens, line, text).map(|tokens| edit(&tokens, text)));
        }
    }
    edits.into_iter().collect::<Option<_>>().unwrap_or_default()
}

/// Where a name is read below the place that gives it, up to the statement that gives it again.
fn read_below(tokens: &TokenStream, place: &Range<usize>, name: &str, found: &mut Vec<Range<usize>>) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let Some(at) = tokens.iter().position(|token| token.span().byte_range().end > place.start) else { return };
    match &tokens[at] {
        TokenTree::Group(group) => read_below(&group.stream(), place, name, found),
        _ => {
            // The statement itself reads the earlier one.
            let ends = |token: &TokenTree| match token {
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                token => is_end(token),
            };
            let below = tokens[at..].iter().position(ends).map_or(tokens.len(), |end| at + end + 1);
            reads(&tokens[below..], name, found);
        }
    }
}

/// Where some tokens read a name, up to the statement that gives it again.
fn reads(tokens: &[TokenTree], name: &str, found: &mut Vec<Range<usize>>) {
    let is = |at: Option<usize>, letter: char| {
        let token = at.and_then(|at| tokens.get(at));
        matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == letter)
    };
    let mut given_again = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == name && !is(at.checked_sub(1), '.') => {
                if is(Some(at + 1), ':') {
                    given_again = true;
                } else {
                    found.push(token.span().byte_range());
                }
            }
            TokenTree::Group(group) if matches!(group.delimiter(), Delimiter::Parenthesis | Delimiter::Brace) => {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                // A body's own names come first.
                let own = inside.windows(2).any(|pair| {
                    matches!(&pair[0], TokenTree::Ident(word) if word == name) && pair[1].to_string() == ":"
                });
                if !own || group.delimiter() == Delimiter::Parenthesis {
                    reads(&inside, name, found);
                }
            }
            token if is_end(token) && given_again => return,
            _ => {}
        }
    }
}

/// Adds a line to a chain, below its last one.
fn at_the_end(tokens: &TokenStream, text: &str) -> Option<Edit> {
    let body = tokens.clone().into_iter().filter_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
        _ => None,
    });
    let lines: Vec<TokenTree> = body.last()?.into_iter().collect();
    let (first, last) = (lines.first()?.span(), lines.last()?.span());
    let is_long = first.start().line < last.end().line;
    let between = if is_long { format!("\n{}", " ".repeat(first.start().column)) } else { " ".to_owned() };
    let end = last.byte_range().end;
    Some(Edit { range: end..end, text: between + text })
}

/// What is quoted after a word, if nothing follows it.
fn quoted<'a>(help: &'a str, word: &str) -> Option<&'a str> {
    let text = help.strip_prefix(word)?.strip_prefix('`')?.strip_suffix('`')?;
    (!text.contains('`')).then_some(text)
}

/// A statement's tokens, and its `;` if it has one.
type StatementTokens = Vec<TokenTree>;

/// Whether a statement's name is that of a statement in the new line.
fn keeps_name(statement: &[TokenTree], text: &str) -> bool {
    match statement {
        [TokenTree::Ident(name), TokenTree::Punct(colon), ..]
            if colon.as_char() == ':' && colon.spacing() == Spacing::Alone =>
        {
            text.split(';').any(|new| new.split(':').next().is_some_and(|first| name == first.trim()))
        }
        _ => true,
    }
}

fn edit(statement: &[TokenTree], text: &str) -> Edit {
    let has_end = statement.last().is_some_and(is_end);
    let text = match (has_end, text.ends_with(';')) {
        (true, false) => format!("{text};"),
        _ => text.to_owned(),
    };
    // Each statement is on a line of its own.
    let indent = " ".repeat(statement.first().map_or(0, |first| first.span().start().column));
    Edit { range: range(statement), text: text.replace("; ", &format!(";\n{indent}")) }
}

fn range(tokens: &[TokenTree]) -> Range<usize> {
    let start = tokens.first().map_or(0, |token| token.span().byte_range().start);
    start..tokens.last().map_or(start, |token| token.span().byte_range().end)
}

fn is_end(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

/// The statement at a position.
fn around(tokens: &TokenStream, place: &Range<usize>) -> Option<StatementTokens> {
    let has = |statement: &StatementTokens| {
        let range = range(statement);
        range.start <= place.start && place.end <= range.end
    };
    statements(tokens).into_iter().find(has)
}

/// The statement that begins on a line and becomes `text`; of several, the one with the same layer.
fn in_line(tokens: &TokenStream, line: usize, text: &str) -> Option<StatementTokens> {
    let begins = |statement: &StatementTokens| statement.first().is_some_and(|token| token.span().start().line == line);
    let mut found: Vec<StatementTokens> = statements(tokens).into_iter().filter(begins).collect();
    if found.len() > 1 {
        let layer = text.split(['(', ';']).next().unwrap_or(text).rsplit(' ').next().unwrap_or(text).to_lowercase();
        let same =
            |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word.to_string().to_lowercase() == layer);
        found.retain(|statement| statement.iter().any(same));
    }
    if found.len() == 1 { found.pop() } else { None }
}

/// Each `#` that begins a comment as `//`.
fn comments(tokens: &TokenStream, edits: &mut Vec<Option<Edit>>) {
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Group(group) => comments(&group.stream(), edits),
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let attribute = |next: &TokenTree| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
                if tokens.peek().is_some_and(attribute) {
                    continue;
                }
                let (line, range) = (token.span().start().line, token.span().byte_range());
                edits.push(Some(Edit { range, text: "//".to_owned() }));
                while tokens.next_if(|token| token.span().start().line == line).is_some() {}
            }
            _ => {}
        }
    }
}

/// Where a name is given on a line.
fn begins_with(tokens: &TokenStream, line: &str, name: &str) -> Option<Range<usize>> {
    let given = |statement: StatementTokens| {
        let first = statement.first().filter(|first| first.to_string() == name)?.span();
        (first.start().line.to_string() == line).then(|| first.byte_range())
    };
    statements(tokens).into_iter().find_map(given)
}

/// The statements of a chain and of its bodies, without attributes.
fn statements(tokens: &TokenStream) -> Vec<StatementTokens> {
    let mut found = Vec::new();
    for token in tokens.clone() {
        if let TokenTree::Group(group) = token
            && group.delimiter() == Delimiter::Brace
        {
            body(&group.stream(), &mut found);
        }
    }
    found
}

fn body(tokens: &TokenStream, found: &mut Vec<StatementTokens>) {
    let mut open: StatementTokens = Vec::new();
    for token in tokens.clone() {
        // In Python a line ends a statement.
        let next_line = open.last().is_some_and(|last| last.span().end().line < token.span().start().line);
        if next_line && !continues(&open, &token) {
            found.push(without_attributes(std::mem::take(&mut open)));
        }
        let inner = match &token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
            _ => None,
        };
        let end = is_end(&token);
        open.push(token);
        if let Some(inner) = inner {
            open.clear();
            body(&inner, found);
        } else if end {
            found.push(without_attributes(std::mem::take(&mut open)));
        }
    }
    if !open.is_empty() {
        found.push(without_attributes(open));
    }
}

/// Whether a line continues the statement above: that one ends with an attribute, a name or an operator, or the line
/// starts with `->`, `from` or `restores`.
fn continues(open: &[TokenTree], next: &TokenTree) -> bool {
    let tail = match next {
        TokenTree::Ident(word) => word == "from" || word == "restores",
        TokenTree::Punct(punct) => punct.as_char() == '-' && punct.spacing() == Spacing::Joint,
        TokenTree::Group(_) | TokenTree::Literal(_) => false,
    };
    let statement = without_attributes(open.to_vec());
    let word = |token: &TokenTree, words: &[&str]| words.iter().any(|word| token.to_string() == *word);
    // A list of ports or of names, and not the lines of `nn.Sequential(..)`.
    let listed = statement.first().is_some_and(|first| word(first, &["input", "output"]))
        || statement.iter().any(|token| word(token, &["from"]));
    tail || statement.is_empty()
        || matches!(open.last(), Some(TokenTree::Punct(punct)) if ":=>.".contains(punct.as_char()))
        || listed && matches!(open.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == ',')
}

fn without_attributes(mut statement: StatementTokens) -> StatementTokens {
    while matches!(statement.first(), Some(TokenTree::Punct(punct)) if punct.as_char() == '#') && statement.len() > 1 {
        statement.drain(..2);
    }
    statement
}
