//! Reads expressions of Python from their tokens.

use std::rc::Rc;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::lines::FORMAT;
use super::syntax::{
    Arg, Function, Index, Operator, PyExpr, PyKind, PyParam, PyPart, PyPiece, PyStmt, PyStmtKind, PyTurns,
};
use crate::syntax::source_text;

/// How strongly a comparison binds, `not`, and a sign.
const COMPARISON: u8 = 3;
const NOT: u8 = 2;
const SIGN: u8 = 8;

const COMPARISONS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];

/// The expression that the tokens are; several with commas are a tuple.
pub(super) fn expr(tokens: &[TokenTree]) -> PyExpr {
    let line = line_of(tokens).unwrap_or(1);
    let kind = kind(tokens).unwrap_or(PyKind::Other);
    PyExpr { line, text: text_of(tokens).into(), kind: Rc::new(kind) }
}

fn kind(tokens: &[TokenTree]) -> Option<PyKind> {
    if let Some(at) = tokens.iter().position(|token| is_word(token, "for")) {
        return comprehension(None, &tokens[..at], &tokens[at..]);
    }
    let is_lambda = tokens.first().is_some_and(|first| is_word(first, "lambda"));
    if !is_lambda && tokens.iter().any(|token| is_punct(token, ',')) {
        return Some(PyKind::Tuple(split(tokens.iter().cloned(), ',').iter().map(|item| expr(item)).collect()));
    }
    let mut cursor = ExprCursor { tokens, at: 0 };
    let found = cursor.choice()?;
    (cursor.at == tokens.len()).then(|| Rc::into_inner(found.kind)).flatten()
}

/// An item with the turns that make it, each `for target in values if condition`.
fn comprehension(key: Option<PyExpr>, item: &[TokenTree], turns: &[TokenTree]) -> Option<PyKind> {
    let turn = |tokens: &[TokenTree]| {
        let at = tokens.iter().position(|token| is_word(token, "in"))?;
        let mut parts = tokens[at + 1..].split(|token| is_word(token, "if"));
        let values = expr(parts.next()?);
        Some(PyTurns { target: expr(&tokens[..at]), values, conditions: parts.map(expr).collect() })
    };
    if item.last().is_some_and(|last| is_word(last, "async")) {
        return None;
    }
    // Nothing is before the first `for`.
    let turns = turns.split(|token| is_word(token, "for")).skip(1).map(turn).collect::<Option<_>>()?;
    Some(PyKind::Comprehension { key, item: expr(item), turns })
}

struct ExprCursor<'a> {
    tokens: &'a [TokenTree],
    at: usize,
}

impl<'a> ExprCursor<'a> {
    fn rest(&self) -> &'a [TokenTree] {
        &self.tokens[self.at..]
    }

    fn made(&self, start: usize, kind: PyKind) -> PyExpr {
        let tokens = &self.tokens[start..self.at];
        PyExpr { line: line_of(tokens).unwrap_or(1), text: text_of(tokens).into(), kind: Rc::new(kind) }
    }

    /// Whether a word follows; takes it.
    fn word(&mut self, word: &str) -> bool {
        let found = self.rest().first().is_some_and(|token| is_word(token, word));
        self.at += usize::from(found);
        found
    }

    /// Whether a sign follows.
    fn sees(&self, sign: &str) -> bool {
        let mut rest = self.rest().iter();
        sign.chars().all(|wanted| rest.next().is_some_and(|token| is_punct(token, wanted)))
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.sees(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    /// `a if b else c`, `lambda x: y`, `*a`
    fn choice(&mut self) -> Option<PyExpr> {
        let start = self.at;
        if self.word("lambda") {
            return self.lambda(start);
        }
        if self.sign("*") {
            let of = self.binary(0)?;
            return Some(self.made(start, PyKind::Star(of)));
        }
        let then = self.binary(0)?;
        if !self.word("if") {
            return Some(then);
        }
        let condition = self.binary(0)?;
        if !self.word("else") {
            return None;
        }
        let otherwise = self.choice()?;
        Some(self.made(start, PyKind::Choice { condition, then, otherwise }))
    }

    fn lambda(&mut self, start: usize) -> Option<PyExpr> {
        let colon = self.rest().iter().position(|token| is_punct(token, ':'))?;
        let params = params(&self.rest()[..colon]);
        self.at += colon + 1;
        let value = expr(self.rest());
        self.at = self.tokens.len();
        let line = value.line;
        let body = vec![PyStmt { line, kind: PyStmtKind::Return(Some(value)) }];
        let function = Function { name: "lambda".to_owned(), line, params, body, decorators: Vec::new() };
        Some(self.made(start, PyKind::Lambda(Rc::new(function))))
    }

    /// Operators that bind at least as strongly as `least`.
    fn binary(&mut self, least: u8) -> Option<PyExpr> {
        let start = self.at;
        let mut left = if least <= NOT && self.word("not") {
            let of = self.binary(NOT)?;
            self.made(start, PyKind::Not(of))
        } else {
            self.signed()?
        };
        loop {
            let kind = if least <= 1 && self.word("and") {
                PyKind::And(left, self.binary(NOT)?)
            } else if least == 0 && self.word("or") {
                PyKind::Or(left, self.binary(1)?)
            } else if least <= COMPARISON
                && let Some(sign) = self.comparison()
            {
                PyKind::Compare(sign, left, self.binary(COMPARISON + 1)?)
            } else if let Some((sign, operator, binds)) =
                Operator::ALL.into_iter().find(|(sign, _, binds)| *binds >= least && self.sees(sign))
            {
                self.sign(sign);
                // Powers bind to the right.
                let right = self.binary(if operator == Operator::Pow { SIGN } else { binds + 1 })?;
                PyKind::Binary(operator, left, right)
            } else {
                return Some(left);
            };
            left = self.made(start, kind);
        }
    }

    fn comparison(&mut self) -> Option<&'static str> {
        if let Some(sign) = COMPARISONS.into_iter().find(|sign| self.sees(sign))
            && !["<<", ">>"].iter().any(|shift| self.sees(shift))
        {
            self.sign(sign);
            return Some(sign);
        }
        if self.word("is") {
            return Some(if self.word("not") { "!=" } else { "==" });
        }
        if self.word("in") {
            return Some("in");
        }
        let start = self.at;
        if self.word("not") && self.word("in") {
            return Some("not in");
        }
        self.at = start;
        None
    }

    fn signed(&mut self) -> Option<PyExpr> {
        let start = self.at;
        if self.sign("-") {
            let of = self.binary(SIGN)?;
            return Some(self.made(start, PyKind::Negated(of)));
        }
        if self.sign("+") {
            return self.binary(SIGN);
        }
        let mut value = self.atom()?;
        while let Some(next) = self.rest().first() {
            let kind = match next {
                TokenTree::Punct(dot) if dot.as_char() == '.' => {
                    let Some(TokenTree::Ident(name)) = self.rest().get(1) else { return None };
                    self.at += 2;
                    PyKind::Attribute(value, name.to_string())
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                    self.at += 1;
                    call(value, group)?
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                    self.at += 1;
                    PyKind::Index(value, split(group.stream(), ',').iter().map(|item| index(item)).collect())
                }
                _ => break,
            };
            value = self.made(start, kind);
        }
        Some(value)
    }

    fn atom(&mut self) -> Option<PyExpr> {
        let start = self.at;
        if self.sign("...") {
            return Some(self.made(start, PyKind::Ellipsis));
        }
        let kind = match self.rest().first()? {
            TokenTree::Ident(word) => match word.to_string().as_str() {
                "None" => PyKind::None,
                "True" => PyKind::Bool(true),
                "False" => PyKind::Bool(false),
                word if word == FORMAT.trim() => {
                    self.at += 1;
                    let Some(TokenTree::Literal(literal)) = self.rest().first() else { return None };
                    PyKind::Format(pieces(&text(&literal.to_string())?))
                }
                "if" | "else" | "for" | "in" | "is" | "and" | "or" | "not" | "lambda" | "await" | "yield" => {
                    return None;
                }
                word => PyKind::Name(word.to_owned()),
            },
            TokenTree::Literal(literal) => match text(&literal.to_string()) {
                Some(mut whole) => {
                    while let Some(TokenTree::Literal(next)) = self.rest().get(1)
                        && let Some(next) = text(&next.to_string())
                    {
                        whole.push_str(&next);
                        self.at += 1;
                    }
                    PyKind::Text(whole)
                }
                None => PyKind::Number(literal.to_string()),
            },
            TokenTree::Group(group) => bracketed(group)?,
            TokenTree::Punct(_) => return None,
        };
        self.at += 1;
        Some(self.made(start, kind))
    }
}

/// `(a)`, `(a, b)`, `[a, b]`, `{a: b}`
fn bracketed(group: &Group) -> Option<PyKind> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let items = || split(tokens.iter().cloned(), ',');
    let comma = tokens.last().is_some_and(|token| is_punct(token, ','));
    let generates = tokens.iter().any(|token| is_word(token, "for"));
    Some(match group.delimiter() {
        Delimiter::Parenthesis if items().len() == 1 && !comma || generates => kind(&tokens)?,
        Delimiter::Parenthesis => PyKind::Tuple(items().iter().map(|item| expr(item)).collect()),
        Delimiter::Bracket if generates => kind(&tokens)?,
        Delimiter::Bracket => PyKind::List(items().iter().map(|item| expr(item)).collect()),
        Delimiter::Brace if generates => {
            let at = tokens.iter().position(|token| is_word(token, "for"))?;
            let colon = tokens[..at].iter().position(|token| is_punct(token, ':'))?;
            comprehension(Some(expr(&tokens[..colon])), &tokens[colon + 1..at], &tokens[at..])?
        }
        Delimiter::Brace => PyKind::Dict(items().iter().map(|item| pair(item)).collect::<Option<_>>()?),
        Delimiter::None => return None,
    })
}

fn pair(tokens: &[TokenTree]) -> Option<(PyExpr, PyExpr)> {
    let colon = tokens.iter().position(|token| is_punct(token, ':'))?;
    Some((expr(&tokens[..colon]), expr(&tokens[colon + 1..])))
}

fn index(tokens: &[TokenTree]) -> Index {
    if !tokens.iter().any(|token| is_punct(token, ':')) {
        return Index::At(expr(tokens));
    }
    let mut parts = tokens.split(|token| is_punct(token, ':')).map(|part| (!part.is_empty()).then(|| expr(part)));
    Index::Slice([(); 3].map(|()| parts.next().flatten()))
}

fn call(function: PyExpr, group: &Group) -> Option<PyKind> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    if let (Some(parts), PyKind::Name(name)) = (printed(&tokens), &*function.kind) {
        return Some(PyKind::Printed(name.clone(), parts));
    }
    if tokens.iter().any(|token| is_word(token, "for")) {
        return Some(PyKind::Call(function, vec![Arg { name: None, stars: 0, value: expr(&tokens) }]));
    }
    Some(PyKind::Call(function, split(tokens, ',').iter().map(|item| arg(item)).collect()))
}

fn arg(tokens: &[TokenTree]) -> Arg {
    let plain = |name: Option<String>, stars: usize, value: &[TokenTree]| Arg { name, stars, value: expr(value) };
    match tokens {
        [TokenTree::Ident(name), equals, value @ ..]
            if is_punct(equals, '=') && !value.first().is_some_and(|next| is_punct(next, '=')) =>
        {
            plain(Some(name.to_string()), 0, value)
        }
        [one, two, value @ ..] if is_punct(one, '*') && is_punct(two, '*') => plain(None, 2, value),
        [one, value @ ..] if is_punct(one, '*') => plain(None, 1, value),
        value => plain(None, 0, value),
    }
}

/// The parts of a printed module: `(conv1): Conv2d(..)`, `(0-3): 4 x Block(..)`, without commas between them.
fn printed(tokens: &[TokenTree]) -> Option<Vec<PyPart>> {
    let begins = |at: usize| match &tokens[at..] {
        [TokenTree::Group(group), colon, ..] => group.delimiter() == Delimiter::Parenthesis && is_punct(colon, ':'),
        _ => false,
    };
    let starts: Vec<usize> = (0..tokens.len()).filter(|&at| begins(at)).collect();
    // What a class prints of itself comes first.
    starts.first().filter(|first| **first == 0)?;
    let mut parts = Vec::new();
    for (index, &start) in starts.iter().enumerate() {
        let value = &tokens[start + 2..starts.get(index + 1).copied().unwrap_or(tokens.len())];
        let TokenTree::Group(name) = &tokens[start] else { return None };
        let name = text_of(&name.stream().into_iter().collect::<Vec<_>>()).replace(' ', "");
        match (value, name.split_once('-')) {
            ([_, times, value @ ..], Some((low, high))) if is_word(times, "x") => {
                let range = low.parse::<usize>().ok()?..=high.parse::<usize>().ok()?;
                parts.extend(range.map(|at| PyPart { name: at.to_string(), value: expr(value) }));
            }
            _ => parts.push(PyPart { name, value: expr(value) }),
        }
    }
    Some(parts)
}

/// The parameters of a function.
pub(super) fn params(tokens: &[TokenTree]) -> Vec<PyParam> {
    let param = |tokens: &Vec<TokenTree>| {
        let stars = tokens.iter().take_while(|token| is_punct(token, '*')).count();
        let TokenTree::Ident(name) = tokens.get(stars)? else { return None };
        let default = tokens.iter().position(|token| is_punct(token, '=')).map(|at| expr(&tokens[at + 1..]));
        Some(PyParam { name: name.to_string(), default, stars })
    };
    split(tokens.iter().cloned(), ',').iter().filter_map(param).collect()
}

/// The pieces of `f"layer{i}"`.
fn pieces(text: &str) -> Vec<PyPiece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{')
        && let Some((value, after)) = after.split_once('}')
    {
        pieces.push(PyPiece::Text(before.to_owned()));
        let (value, form) = value.split_once(':').unwrap_or((value, ""));
        let tokens = value.parse::<TokenStream>().unwrap_or_default();
        pieces.push(PyPiece::Value(expr(&tokens.into_iter().collect::<Vec<_>>()), form.to_owned()));
        rest = after;
    }
    pieces.push(PyPiece::Text(rest.to_owned()));
    pieces
}

/// The contents of a string literal.
fn text(literal: &str) -> Option<String> {
    Some(literal.strip_prefix('"')?.strip_suffix('"')?.to_owned())
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
    source_text(tokens.iter().cloned()).replace(FORMAT, "f").replace("/ /", "//")
}

/// The line of the first token.
pub(super) fn line_of(tokens: &[TokenTree]) -> Option<usize> {
    tokens.first().map(|token| token.span().start().line)
}
