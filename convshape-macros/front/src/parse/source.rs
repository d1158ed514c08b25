//! What a statement reads, by name.

use proc_macro2::{Delimiter, TokenTree};

use syn::ext::IdentExt;

use super::cursor::{Cursor, plain};
use super::{Parsed, Parser};
use crate::fault::Slip;
use crate::syntax::{Reference, Source, Text};

impl Parser {
    /// `a`, `a.b`, `_` or `(a, b)`
    pub(super) fn source(&mut self, c: &mut Cursor<'_>) -> Parsed<Source> {
        if c.hole().is_some() {
            return Ok(Source::Previous);
        }
        if c.group_at(0, Delimiter::Bracket).is_some() {
            self.slip(c.span(), Slip::List("[..]".to_owned()));
        }
        if let Some(group) = c.group(Delimiter::Parenthesis).or_else(|| c.group(Delimiter::Bracket)) {
            return self.nested(group.span(), |parser| {
                let tokens = plain(group.stream());
                let mut sources = Vec::new();
                for mut part in Cursor::new(&tokens, group.span_open()).split() {
                    sources.push(parser.source(&mut part)?);
                    part.end("`,` or `)`")?;
                }
                // A list of one is that one.
                Ok(match <[Source; 1]>::try_from(sources) {
                    Ok([only]) => only,
                    Err(sources) => Source::Several(sources, group.span()),
                })
            });
        }
        let Reference { name, port } = reference(c)?;
        Ok(Source::Named(Reference { name: self.used(name), port }))
    }
}

/// `a`, `a.b` or `a.0`
pub(super) fn reference(c: &mut Cursor<'_>) -> Parsed<Reference> {
    let name = c.ident("the name of a statement")?;
    let mut port = None;
    if c.is_punct(".") && !c.is_punct("..") {
        c.bump();
        port = Some(output(c)?);
    }
    Ok(Reference { name, port })
}

/// The name or the number of an output.
fn output(c: &mut Cursor<'_>) -> Parsed<Text> {
    let expected = "the name or number of an output";
    if let Some(TokenTree::Literal(number)) = c.peek() {
        let (text, span) = (number.to_string(), number.span());
        if !text.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(c.unexpected(expected));
        }
        c.bump();
        return Ok(Text::new(text, span));
    }
    let name = c.ident(expected)?;
    Ok(Text::new(name.unraw().to_string(), name.span()))
}
