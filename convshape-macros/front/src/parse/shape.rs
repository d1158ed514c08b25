//! Shapes.

use proc_macro2::{Delimiter, Group, Span, TokenTree};

use super::cursor::{Cursor, plain};
use super::{Parsed, Parser};
use crate::fault::Slip;
use crate::syntax::{Dim, ShapePattern, source_text};

impl Parser {
    /// `[C, 7, _]`, or the sizes in other brackets, or in none.
    pub(super) fn shape(&mut self, c: &mut Cursor<'_>) -> Parsed<ShapePattern> {
        if let Some(group) = c.group(Delimiter::Bracket) {
            return Ok(self.dims(group));
        }
        let span = c.span();
        if let Some(TokenTree::Group(group)) = c.peek() {
            let open = if group.delimiter() == Delimiter::Brace { "{" } else { "(" };
            self.slip(span, Slip::Shape(open.to_owned()));
            c.bump();
            return Ok(self.dims(group));
        }
        if !c.is_hole() && !matches!(c.peek(), Some(TokenTree::Literal(_))) {
            return Err(c.unexpected("a shape such as `[1, 28, 28]`"));
        }
        // Read sizes up to the end of the line: a name on the next line belongs to a statement.
        let start = c.clone();
        let line = span.start().line;
        while let Some(token) = c.peek().filter(|token| token.span().start().line == line) {
            let size = match token {
                TokenTree::Literal(_) => true,
                TokenTree::Ident(word) => !matches!(word.to_string().as_str(), "from" | "restores"),
                TokenTree::Punct(punct) => matches!(punct.as_char(), ',' | '*' | '+' | '-' | '/'),
                TokenTree::Group(_) => false,
            };
            if !size {
                break;
            }
            c.bump();
        }
        self.slip(span, Slip::Shape(source_text(start.until(c).iter().cloned())));
        Ok(self.dims_of(start.until(c), start.last(), span))
    }

    pub(super) fn dims(&mut self, group: &Group) -> ShapePattern {
        self.dims_of(&plain(group.stream()), group.span_open(), group.span())
    }

    fn dims_of(&mut self, tokens: &[TokenTree], before: Span, span: Span) -> ShapePattern {
        let mut shape = ShapePattern { dims: Vec::new(), span };
        self.semicolons(tokens);
        for mut part in Cursor::new(tokens, before).split() {
            while !part.at_end() {
                self.dim(&mut part, &mut shape);
            }
        }
        shape
    }

    /// One axis, or several without a comma between them: `[1 28 28]`, `[1x28x28]`.
    fn dim(&mut self, part: &mut Cursor<'_>, shape: &mut ShapePattern) {
        let span = part.span();
        if let Some((tokens, found)) = batch_axis(part, shape.dims.len()) {
            self.slip(span, Slip::Batch(found.to_owned()));
            part.skip(tokens);
            return;
        }
        if let Some(sizes) = self.times(part) {
            shape.dims.extend(sizes.into_iter().map(Dim::Size));
        } else {
            let dim = match part.hole() {
                Some(_) => Ok(Dim::Any),
                None => self.size(part).map(Dim::Size),
            };
            match dim {
                Ok(dim) => shape.dims.push(dim),
                Err(fault) => {
                    self.fault(fault);
                    shape.dims.push(Dim::Broken);
                    part.skip(part.left());
                }
            }
        }
        match part.peek() {
            None => {}
            Some(token @ (TokenTree::Literal(_) | TokenTree::Ident(_))) => {
                self.slip(token.span(), Slip::NoComma(token.to_string()));
            }
            Some(TokenTree::Punct(_) | TokenTree::Group(_)) => {
                let fault = part.unexpected("`,` or `]`");
                self.fault(fault);
                part.skip(part.left());
            }
        }
    }
}

/// `None`, or a leading `-1`, which mean the batch in Python.
fn batch_axis(part: &Cursor<'_>, place: usize) -> Option<(usize, &'static str)> {
    if part.left() == 1 && part.is_word("None") {
        return Some((1, "None"));
    }
    let one = |token: &TokenTree| matches!(token, TokenTree::Literal(number) if number.to_string() == "1");
    (place == 0 && part.left() == 2 && part.is_punct("-") && part.peek_at(1).is_some_and(one)).then_some((2, "-1"))
}
