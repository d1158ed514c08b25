//! Expressions of Python, as far as models need them.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::syntax::source_text;

/// An expression: a name, a call, a list, or something else.
pub(super) enum Expr {
    /// `a.b`, `a.b(..)`, `a.b(..)(..)`
    Call(Call),
    /// `[a, b]`, `(a, b)`
    List(Vec<Vec<TokenTree>>),
    Text(String),
    Other,
}

/// A name with dots, and the brackets after it.
pub(super) struct Call {
    pub(super) path: Vec<String>,
    pub(super) calls: Vec<Vec<Arg>>,
}

/// One argument of a call.
#[derive(Clone)]
pub(super) struct Arg {
    pub(super) name: Option<String>,
    pub(super) value: Vec<TokenTree>,
}

impl Call {
    /// The last name.
    pub(super) fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// The expression that the tokens are.
pub(super) fn expr(tokens: &[TokenTree]) -> Expr {
    match tokens {
        [TokenTree::Group(group)] if group.delimiter() != Delimiter::Brace => {
            let items = split(group.stream(), ',');
            // `(a)` is `a`.
            let is_list =
                group.delimiter() == Delimiter::Bracket || items.len() != 1 || ends_with_comma(&group.stream());
            if is_list { Expr::List(items) } else { call(tokens).map_or(Expr::Other, Expr::Call) }
        }
        [TokenTree::Literal(literal)] => text(&literal.to_string()).map_or(Expr::Other, Expr::Text),
        _ => call(tokens).map_or(Expr::Other, Expr::Call),
    }
}

fn ends_with_comma(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().last().is_some_and(|token| is_punct(&token, ','))
}

/// The contents of a string literal.
fn text(literal: &str) -> Option<String> {
    Some(literal.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

fn call(tokens: &[TokenTree]) -> Option<Call> {
    let mut rest = tokens;
    if let [TokenTree::Group(group)] = tokens
        && group.delimiter() == Delimiter::Parenthesis
    {
        return call(&group.stream().into_iter().collect::<Vec<_>>());
    }
    let mut path = Vec::new();
    while let [TokenTree::Ident(name), after @ ..] = rest {
        path.push(name.to_string());
        rest = after;
        match rest {
            [dot, after @ ..] if is_punct(dot, '.') => rest = after,
            _ => break,
        }
    }
    let mut calls = Vec::new();
    while let [TokenTree::Group(group), after @ ..] = rest
        && group.delimiter() == Delimiter::Parenthesis
    {
        calls.push(split(group.stream(), ',').into_iter().map(arg).collect());
        rest = after;
    }
    (rest.is_empty() && !path.is_empty()).then_some(Call { path, calls })
}

fn arg(tokens: Vec<TokenTree>) -> Arg {
    match tokens.as_slice() {
        [TokenTree::Ident(name), equals, value @ ..] if is_punct(equals, '=') => {
            Arg { name: Some(name.to_string()), value: value.to_vec() }
        }
        _ => Arg { name: None, value: tokens },
    }
}

/// The parts between separators outside brackets; a last separator is fine.
pub(super) fn split(tokens: impl IntoIterator<Item = TokenTree>, separator: char) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match is_punct(&token, separator) {
            true => parts.push(Vec::new()),
            false => parts.iter_mut().next_back().into_iter().for_each(|part| part.push(token.clone())),
        }
    }
    if parts.last().is_some_and(Vec::is_empty) {
        parts.pop();
    }
    parts
}

pub(super) fn is_punct(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == punct)
}

pub(super) fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(found) if found == word)
}

/// The tokens as source text.
pub(super) fn text_of(tokens: &[TokenTree]) -> String {
    source_text(tokens.iter().cloned())
}

/// The line of the first token.
pub(super) fn line_of(tokens: &[TokenTree]) -> Option<usize> {
    tokens.first().map(|token| token.span().start().line)
}
