//! Shapes.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::cursor::{Cursor, plain};
use super::{Parsed, Parser};
use crate::fault::SyntaxFault;
use crate::syntax::{Dim, ShapePattern};

impl Parser {
    /// `[C, 7, _]`
    pub(super) fn shape(&mut self, c: &mut Cursor<'_>) -> Parsed<ShapePattern> {
        if let Some(group) = c.group(Delimiter::Bracket) {
            return Ok(self.dims(group));
        }
        let expected = "a shape such as `[1, 28, 28]`";
        match c.group_at(0, Delimiter::Parenthesis) {
            // As a tuple in Python; read as what is meant.
            Some(group) => {
                let fault = c.unexpected_with(expected, None);
                c.bump();
                let shape = self.dims(group);
                self.fault(match fault {
                    SyntaxFault::Unexpected { span, found, expected, .. } => {
                        SyntaxFault::Unexpected { span, found, expected, help: Some(format!("write `{shape}`")) }
                    }
                    other => other,
                });
                Ok(shape)
            }
            None => Err(c.unexpected(expected)),
        }
    }

    pub(super) fn dims(&mut self, group: &Group) -> ShapePattern {
        let tokens = plain(group.stream());
        let mut dims = Vec::new();
        for mut part in Cursor::new(&tokens, group.span_open()).split() {
            let span = part.span();
            if let Some(found) = batch_axis(&part, dims.len()) {
                self.fault(SyntaxFault::BatchAxis { span, found: found.to_owned() });
                continue;
            }
            let dim = match part.hole() {
                Some(_) => Ok(Dim::Any),
                None => self.size(&mut part).map(Dim::Size),
            };
            let dim = dim.and_then(|dim| part.end("`,` or `]`").map(|()| dim));
            dims.push(self.recorded(dim).unwrap_or(Dim::Broken));
        }
        ShapePattern { dims, span: group.span() }
    }
}

/// `None`, or `-1` in front, which stand for the batch in Python.
fn batch_axis(part: &Cursor<'_>, place: usize) -> Option<&'static str> {
    if part.left() == 1 && part.is_word("None") {
        return Some("None");
    }
    let one = |token: &TokenTree| matches!(token, TokenTree::Literal(number) if number.to_string() == "1");
    (place == 0 && part.left() == 2 && part.is_punct("-") && part.peek_at(1).is_some_and(one)).then_some("-1")
}
