//! Loops of other languages as `repeat`.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use super::cursor::{Cursor, plain};
use super::{Parsed, Parser};
use crate::fault::{Slip, SyntaxFault};
use crate::syntax::{StmtKind, source_text};

/// Whether a loop begins here, in a form that only other languages have.
pub(super) fn is_loop(c: &Cursor<'_>) -> bool {
    Head::at(c).is_some_and(|head| head.line.is_some())
}

/// `for i in range(3):`, whose statements follow without braces: its tokens and its fault.
pub(super) fn open_loop(c: &Cursor<'_>) -> Option<(usize, SyntaxFault)> {
    let head = Head::at(c).filter(|head| head.body.is_none())?;
    let rewritten = format!("{} {{ .. }}", head.line?);
    Some((head.length, SyntaxFault::Slip { span: c.span(), slip: Slip::Loop(head.text), rewritten, also: Vec::new() }))
}

impl Parser {
    /// `for i in 0..3 { .. }`, `repeat(3) { .. }`
    pub(super) fn looped(&mut self, c: &mut Cursor<'_>, label: Option<&Ident>) -> Parsed<StmtKind> {
        let span = c.span();
        let Some(Head { text, line: Some(line), length, body: Some(body) }) = Head::at(c) else {
            return Err(c.unexpected("a loop"));
        };
        self.slip(span, if c.is_word("repeat") { Slip::Count(text) } else { Slip::Loop(text) });
        let label = label.map(|label| format!("{label}: ")).unwrap_or_default();
        self.report_slip(|| format!("{label}{line} {{ .. }}"));
        c.skip(length + 1);
        let mut tokens = respanned(&line, span);
        tokens.push(body.clone().into());
        self.repeat(&mut Cursor::new(&tokens, span)).map(StmtKind::Repeat)
    }
}

/// The head of a loop.
struct Head<'a> {
    /// As written.
    text: String,
    /// As written in this language, if that differs.
    line: Option<String>,
    /// Its tokens.
    length: usize,
    /// Its body, in braces.
    body: Option<&'a Group>,
}

impl<'a> Head<'a> {
    fn at(c: &Cursor<'a>) -> Option<Head<'a>> {
        /// The most tokens of a head that are looked at.
        const LONGEST: usize = 24;
        if !["for", "loop", "repeat"].into_iter().any(|word| c.is_word(word)) || c.colon_at(1) {
            return None;
        }
        let mut tokens: Vec<TokenTree> = Vec::new();
        let mut body = None;
        for offset in 0..LONGEST {
            let token = c.peek_at(offset)?;
            if c.punct_at(offset, ";") {
                return None;
            }
            body = c.group_at(offset, Delimiter::Brace);
            if body.is_some() {
                break;
            }
            tokens.push(token.clone());
            // Python's head ends with a colon and has no braces.
            if c.is_word("for") && c.colon_at(offset) {
                break;
            }
        }
        let symbols = c.is_word("for") && body.is_none() && !matches!(tokens.last(), Some(TokenTree::Punct(_)));
        if symbols {
            return None;
        }
        let text = source_text(tokens.iter().cloned());
        let bare = |text: &str| text.replace(' ', "");
        let line = rewritten(&tokens).filter(|line| bare(line) != bare(&text));
        Some(Head { length: tokens.len(), text, line, body })
    }
}

/// The equivalent head of a `repeat`.
fn rewritten(tokens: &[TokenTree]) -> Option<String> {
    let is = |token: &TokenTree, word: &str| matches!(token, TokenTree::Ident(ident) if *ident == word);
    let keyword = |token: &TokenTree| ["for", "loop", "repeat"].into_iter().any(|word| is(token, word));
    let colon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
    let start = tokens.iter().position(|token| !keyword(token))?;
    let mut rest = &tokens[start..];
    let dot = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '.');
    while let [before @ .., last] = rest {
        // `0..times` ends at a parameter of that name.
        let ends_range = before.last().is_some_and(dot);
        if ends_range || !colon(last) && !is(last, "times") && !is(last, "x") {
            break;
        }
        rest = before;
    }
    let Some(at) = rest.iter().position(|token| is(token, "in")) else {
        return Some(format!("repeat {}", count(rest)?));
    };
    // `reads x, y from (a, b)` stays as it is.
    let end = rest.iter().position(|token| is(token, "reads") || is(token, "from")).unwrap_or(rest.len());
    let (names, values) = (source_text(rest[..at].iter().cloned()), rest.get(at + 1..end)?);
    let values = values_of(values)?;
    if names == "_" {
        let (low, high) = values.split_once("..")?;
        let turns = high.parse::<i64>().ok()?.checked_sub(low.parse().ok()?)?;
        return Some(format!("repeat {turns}"));
    }
    let names = if names.contains(',') && !names.starts_with('(') { format!("({names})") } else { names };
    let carried = source_text(rest[end..].iter().cloned());
    Some(format!("repeat {names} in {values} {carried}").trim_end().to_owned())
}

/// `3` of `(3)`, `3x` and `x3`.
fn count(tokens: &[TokenTree]) -> Option<String> {
    let text = match tokens {
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => source_text(group.stream()),
        [TokenTree::Literal(_) | TokenTree::Ident(_)] => source_text(tokens.iter().cloned()),
        _ => return None,
    };
    let digits = text.trim_matches('x');
    let turns = !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit());
    if turns { Some(digits.to_owned()) } else { syn::parse_str::<Ident>(&text).is_ok().then_some(text) }
}

/// The values of a loop variable: a range or a list.
fn values_of(tokens: &[TokenTree]) -> Option<String> {
    Some(match tokens {
        [TokenTree::Ident(range), TokenTree::Group(group)] if *range == "range" || *range == "arange" => {
            let inner = plain(group.stream());
            let ends: Vec<String> = Cursor::new(&inner, group.span_open())
                .split()
                .iter()
                .map(|end| source_text(end.tokens().iter().cloned()))
                .collect();
            match ends.as_slice() {
                [high] => format!("0..{high}"),
                [low, high] => format!("{low}..{high}"),
                _ => return None,
            }
        }
        [TokenTree::Literal(high)] => format!("0..{high}"),
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => match source_text(group.stream()) {
            range if range.contains("..") => range,
            list => format!("[{list}]"),
        },
        _ => match source_text(tokens.iter().cloned()) {
            list if list.contains(',') && !list.starts_with('[') => format!("[{list}]"),
            values => values,
        },
    })
}

/// Parses a text into tokens with a given span.
fn respanned(text: &str, span: Span) -> Vec<TokenTree> {
    fn at(tokens: TokenStream, span: Span) -> TokenStream {
        tokens
            .into_iter()
            .map(|token| {
                let mut token = match token {
                    TokenTree::Group(group) => Group::new(group.delimiter(), at(group.stream(), span)).into(),
                    token => token,
                };
                token.set_span(span);
                token
            })
            .collect()
    }
    plain(at(text.parse().unwrap_or_default(), span))
}
