//! A position in a list of token trees. A bracket is one token, so that it is easy to skip.

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};

use super::{MAX_DEPTH, Parsed, describe};
use crate::fault::SyntaxFault;
use crate::words;

/// Reads forwards through one list of tokens.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    tokens: &'a [TokenTree],
    /// The last token read (for a bracket, its end), or the opening of the list.
    last: Span,
}

impl<'a> Cursor<'a> {
    /// At the start of a list that comes after `before`.
    pub(super) fn new(tokens: &'a [TokenTree], before: Span) -> Cursor<'a> {
        Cursor { tokens, last: before }
    }

    pub(super) fn at_end(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The tokens themselves.
    pub(super) fn tokens(&self) -> &'a [TokenTree] {
        self.tokens
    }

    /// The number of tokens that are left.
    pub(super) fn left(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn last(&self) -> Span {
        self.last
    }

    /// The next token, or the last one read if there is none.
    pub(super) fn span(&self) -> Span {
        self.tokens.first().map_or(self.last, TokenTree::span)
    }

    pub(super) fn peek(&self) -> Option<&'a TokenTree> {
        self.tokens.first()
    }

    pub(super) fn peek_at(&self, offset: usize) -> Option<&'a TokenTree> {
        self.tokens.get(offset)
    }

    pub(super) fn bump(&mut self) -> Option<&'a TokenTree> {
        let (token, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        self.last = match token {
            TokenTree::Group(group) => group.span_close(),
            other => other.span(),
        };
        Some(token)
    }

    /// The tokens up to a later position in the same list.
    pub(super) fn until(&self, later: &Cursor<'a>) -> &'a [TokenTree] {
        &self.tokens[..self.tokens.len() - later.tokens.len()]
    }

    /// The identifier at an offset; `_` is not one.
    pub(super) fn ident_at(&self, offset: usize) -> Option<&'a Ident> {
        match self.peek_at(offset) {
            Some(TokenTree::Ident(ident)) if ident != "_" => Some(ident),
            _ => None,
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.ident_at(0).is_some_and(|ident| ident == word)
    }

    pub(super) fn is_hole(&self) -> bool {
        matches!(self.peek(), Some(TokenTree::Ident(ident)) if ident == "_")
    }

    pub(super) fn word(&mut self, word: &str) -> Option<Span> {
        if self.is_word(word) { self.bump().map(TokenTree::span) } else { None }
    }

    pub(super) fn hole(&mut self) -> Option<Span> {
        if self.is_hole() { self.bump().map(TokenTree::span) } else { None }
    }

    /// The punctuation at an offset. It is several characters long only if the tokens are joined.
    pub(super) fn punct_at(&self, offset: usize, text: &str) -> bool {
        let last = text.len() - 1;
        text.chars().enumerate().all(|(i, wanted)| match self.peek_at(offset + i) {
            Some(TokenTree::Punct(punct)) => {
                punct.as_char() == wanted && (i == last || punct.spacing() == Spacing::Joint)
            }
            _ => false,
        })
    }

    pub(super) fn is_punct(&self, text: &str) -> bool {
        self.punct_at(0, text)
    }

    pub(super) fn punct(&mut self, text: &str) -> Option<Span> {
        if !self.is_punct(text) {
            return None;
        }
        let span = self.span();
        for _ in text.chars() {
            self.bump();
        }
        Some(span)
    }

    /// The tokens of an arrow, and its text if it is not `->`.
    pub(super) fn arrow(&self) -> Option<(usize, Option<&'static str>)> {
        if self.is_punct("->") {
            return Some((2, None));
        }
        let apart = |first| self.punct_at(0, first) && self.punct_at(1, ">");
        if apart("-") {
            Some((2, Some("- >")))
        } else if apart("=") {
            Some((2, Some("=>")))
        } else if apart("~") {
            Some((2, Some("~>")))
        } else {
            None
        }
    }

    /// An arrow in any spelling at an offset.
    pub(super) fn arrow_at(&self, offset: usize) -> bool {
        let mut later = self.clone();
        later.skip(offset);
        later.arrow().is_some()
    }

    /// Takes a number of tokens.
    pub(super) fn skip(&mut self, tokens: usize) {
        for _ in 0..tokens {
            self.bump();
        }
    }

    /// A `:` that is not half of `::`.
    pub(super) fn colon_at(&self, offset: usize) -> bool {
        self.punct_at(offset, ":") && !self.punct_at(offset, "::")
    }

    /// A `=` that is not half of `==` or `=>`.
    pub(super) fn equals_at(&self, offset: usize) -> bool {
        self.punct_at(offset, "=") && !self.punct_at(offset, "==") && !self.punct_at(offset, "=>")
    }

    pub(super) fn group_at(&self, offset: usize, delimiter: Delimiter) -> Option<&'a Group> {
        match self.peek_at(offset) {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
            _ => None,
        }
    }

    pub(super) fn group(&mut self, delimiter: Delimiter) -> Option<&'a Group> {
        let group = self.group_at(0, delimiter)?;
        self.bump();
        Some(group)
    }

    /// An identifier, or a fault saying that `expected` belongs here.
    pub(super) fn ident(&mut self, expected: &'static str) -> Parsed<Ident> {
        match self.ident_at(0) {
            Some(ident) => {
                self.bump();
                Ok(ident.clone())
            }
            None => Err(self.unexpected(expected)),
        }
    }

    /// A fault saying that `expected` belongs here.
    pub(super) fn unexpected(&self, expected: &'static str) -> SyntaxFault {
        self.unexpected_with(expected, None)
    }

    pub(super) fn unexpected_with(&self, expected: &'static str, help: Option<String>) -> SyntaxFault {
        let found = self.peek().map_or_else(|| "nothing".to_owned(), describe);
        SyntaxFault::Unexpected { span: self.span(), found, expected, help }
    }

    /// A fault unless nothing is left.
    pub(super) fn end(&self, expected: &'static str) -> Parsed<()> {
        if self.at_end() { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// The parts between commas (or `;`, a common mistake), without an empty one at the end. A comma between the `<`
    /// and `>` of generic arguments belongs to a path.
    pub(super) fn split(mut self) -> Vec<Cursor<'a>> {
        let mut parts = Vec::new();
        let mut start = self.clone();
        // Whether a number or name came before, which `<` could compare.
        let mut operand = false;
        while !self.at_end() {
            if self.is_punct(",") || self.is_punct(";") {
                parts.push(Cursor::new(start.until(&self), start.last));
                self.bump();
                start = self.clone();
                operand = false;
                continue;
            }
            let generics = self.is_punct("<") && (!operand || self.opens_generics());
            if generics && self.angles().is_ok() {
                continue;
            }
            let shift = self.punct("<<").is_some();
            operand = !shift && !matches!(self.bump(), Some(TokenTree::Punct(_)));
        }
        if !start.at_end() {
            parts.push(start);
        }
        parts
    }

    /// Whether the `<` after a name opens generic arguments: its `>` is followed by the rest of a path, or by nothing that
    /// could be compared.
    pub(super) fn opens_generics(&self) -> bool {
        let mut behind = self.clone();
        self.is_punct("<")
            && behind.angles().is_ok()
            && (behind.at_end() || behind.is_punct("::") || behind.is_punct(",") || behind.is_punct(";"))
    }

    /// `<..>` with its content. Without a closing `>` the cursor does not move.
    pub(super) fn angles(&mut self) -> Parsed<()> {
        let open = self.clone();
        let mut depth = 0_usize;
        while !self.at_end() {
            if self.punct("->").is_some() {
                continue;
            }
            if self.is_punct("<") {
                depth += 1;
            } else if self.is_punct(">") {
                depth -= 1;
            }
            self.bump();
            if depth == 0 {
                return Ok(());
            }
        }
        *self = open;
        Err(self.unexpected_with("a value", Some("this `<` has no `>`".to_owned())))
    }

    /// Skips the rest of an unreadable statement: to its `;` or `}`, or to the next name.
    pub(super) fn skip_statement(&mut self) {
        while let Some(token) = self.peek() {
            let ends = matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
            if self.punct(";").is_some() || self.is_labelled() {
                return;
            }
            self.bump();
            if ends {
                return;
            }
        }
    }

    /// `name:`. In `Relu: [16, 14, 14]` the layer is not a name.
    pub(super) fn is_labelled(&self) -> bool {
        let Some(name) = self.ident_at(0).filter(|_| self.colon_at(1)) else { return false };
        self.group_at(2, Delimiter::Bracket).is_none() || !words::is_layer(&name.to_string())
    }
}

/// The tokens without the invisible brackets that `macro_rules!` puts around its arguments. A single token stands
/// alone, and so does a visibility; a longer piece is an expression and gets visible brackets.
pub(super) fn plain(tokens: TokenStream) -> Vec<TokenTree> {
    let mut plain_tokens = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                let inner = plain(group.stream());
                let visibility = matches!(inner.first(), Some(TokenTree::Ident(ident)) if ident == "pub");
                if inner.len() <= 1 || visibility {
                    plain_tokens.extend(inner);
                } else {
                    let mut visible = Group::new(Delimiter::Parenthesis, inner.into_iter().collect());
                    visible.set_span(group.span());
                    plain_tokens.push(visible.into());
                }
            }
            other => plain_tokens.push(other),
        }
    }
    plain_tokens
}

/// The tokens of a list of statements. A bracket that continues past a `;` is closed before it: in a half-typed line,
/// editors close the bracket only at the end of the list.
pub(super) fn statements(tokens: TokenStream, unclosed: &mut Vec<SyntaxFault>) -> Vec<TokenTree> {
    let mut mended = Vec::new();
    let mut pending = vec![plain(tokens).into_iter()];
    while let Some(list) = pending.last_mut() {
        match list.next() {
            Some(TokenTree::Group(group)) => match cut(&group, MAX_DEPTH) {
                Some((closed, rest)) => {
                    let bracket = if group.delimiter() == Delimiter::Bracket { '[' } else { '(' };
                    unclosed.push(SyntaxFault::Unclosed { span: group.span_open(), bracket });
                    mended.push(closed.into());
                    pending.push(rest.into_iter());
                }
                None => mended.push(group.into()),
            },
            Some(token) => mended.push(token),
            None => {
                pending.pop();
            }
        }
    }
    mended
}

/// Whether each `;` in a bracket is meant as a comma: a number or a field follows it.
fn separates(group: &Group) -> bool {
    let tokens = plain(group.stream());
    let c = Cursor::new(&tokens, group.span_open());
    let value = |at: &usize| match c.peek_at(at + 1) {
        Some(TokenTree::Ident(name)) => c.colon_at(at + 2) && words::is_field(&name.to_string()),
        Some(TokenTree::Literal(_)) => true,
        Some(TokenTree::Punct(_) | TokenTree::Group(_)) | None => false,
    };
    let semicolons: Vec<usize> = (0..tokens.len()).filter(|&at| c.punct_at(at, ";")).collect();
    !semicolons.is_empty() && semicolons.iter().all(value)
}

/// A parenthesis or bracket up to its first `;`, and the rest from there.
fn cut(group: &Group, depth: usize) -> Option<(Group, Vec<TokenTree>)> {
    if depth == 0 || !matches!(group.delimiter(), Delimiter::Parenthesis | Delimiter::Bracket) || separates(group) {
        return None;
    }
    let mut head = Vec::new();
    let mut tokens = plain(group.stream()).into_iter();
    let mut rest = loop {
        match tokens.next()? {
            TokenTree::Punct(punct) if punct.as_char() == ';' => break vec![punct.into()],
            TokenTree::Group(inner) => match cut(&inner, depth - 1) {
                Some((closed, rest)) => {
                    head.push(closed.into());
                    break rest;
                }
                None => head.push(inner.into()),
            },
            token => head.push(token),
        }
    };
    rest.extend(tokens);
    let mut closed = Group::new(group.delimiter(), head.into_iter().collect());
    closed.set_span(group.span_open());
    Some((closed, rest))
}
