//! The headers of a chain: `dialect: keras;`, `for h in 1..;`.

use proc_macro2::{Delimiter, Ident, TokenTree};

use super::chain::Stage;
use super::cursor::Cursor;
use super::statement::{skip, string};
use super::{Parsed, Parser};
use crate::fault::SyntaxFault;
use crate::syntax::{Headers, Lossy, SymbolDecl};
use crate::words::{self, Lookup};

impl Parser {
    /// `dialect: keras`
    pub(super) fn header(&mut self, c: &mut Cursor<'_>, headers: &mut Headers) -> Parsed<()> {
        let word = c.ident("a header")?;
        c.bump();
        let name = word.to_string();
        let again = match name.as_str() {
            "dialect" => headers.dialect.is_some(),
            "lossy" => headers.lossy.is_some(),
            "weights" => headers.weights.is_some(),
            _ => {
                let nearest = words::nearest(&name, words::HEADERS.iter().map(|&header| header.to_owned()));
                let known = words::list(words::HEADERS.iter().copied());
                return Err(SyntaxFault::UnknownWord {
                    span: word.span(),
                    what: "a header",
                    found: name,
                    known,
                    nearest,
                });
            }
        };
        if again {
            self.fault(SyntaxFault::Twice { span: word.span(), part: name.clone() });
        }
        self.word(&name, word.span());
        if name == "weights" {
            let Some(path) = string(c) else { return Err(c.unexpected("a file's name in quotes")) };
            headers.weights = Some(path);
            return Ok(());
        }
        let value = c.ident(if name == "dialect" { "the name of a dialect" } else { "`allow`, `warn` or `deny`" })?;
        let (span, found) = (value.span(), value.to_string());
        if name == "dialect" {
            let Some(value) = words::dialect_from_name(&found) else {
                let nearest = words::nearest(&found, words::dialect_names().map(str::to_owned));
                let known = words::list(words::dialect_names());
                // The words are not known, but what is a chain is still read.
                self.fault(SyntaxFault::UnknownWord { span, what: "a dialect", found, known, nearest });
                return Ok(());
            };
            self.word(&found, span);
            self.dialect = value;
            headers.dialect = Some(value);
            return Ok(());
        }
        let value = match words::find_word(words::LOSSY, &found, self.dialect) {
            Lookup::Found("allow") => Lossy::Allow,
            Lookup::Found("warn") => Lossy::Warn,
            Lookup::Found(_) => Lossy::Deny,
            Lookup::Elsewhere { .. } | Lookup::Unknown { nearest: None } => {
                let known = words::list(words::LOSSY.iter().map(|word| word.name));
                let what = "a value of `lossy`";
                self.fault(SyntaxFault::UnknownWord { span, what, found, known, nearest: None });
                return Ok(());
            }
            Lookup::Unknown { nearest } => {
                let what = "a value of `lossy`";
                self.fault(SyntaxFault::UnknownWord { span, what, found, known: String::new(), nearest });
                return Ok(());
            }
        };
        headers.lossy = Some(value);
        Ok(())
    }

    /// `for h in 1.., w in 1..=64;`
    pub(super) fn symbols(&mut self, c: &mut Cursor<'_>, symbols: &mut Vec<SymbolDecl>) {
        c.bump();
        loop {
            match self.symbol(c) {
                Ok(symbol) => symbols.push(symbol),
                Err(fault) => {
                    self.fault(fault);
                    skip(c);
                    return;
                }
            }
            if c.punct(",").is_none() || c.is_punct(";") {
                break;
            }
        }
        self.semicolon(c);
    }

    fn symbol(&mut self, c: &mut Cursor<'_>) -> Parsed<SymbolDecl> {
        let name = c.ident("the name of a size")?;
        if c.word("in").is_none() {
            return Err(c.unexpected("`in` and a range"));
        }
        Ok(SymbolDecl { name, range: self.range(c)? })
    }
}

/// Whether `name: value` is a header and not a statement whose layer's name is mistyped: before
/// `input` a lone word or a literal, behind it only the headers that there are.
pub(super) fn is_header(c: &Cursor<'_>, stage: Stage) -> bool {
    let Some(name) = c.ident_at(0).map(Ident::to_string) else { return false };
    if !c.colon_at(1) {
        return false;
    }
    let known = words::HEADERS.contains(&name.as_str());
    match c.peek_at(2) {
        Some(TokenTree::Literal(_)) => known || stage < Stage::Input,
        Some(TokenTree::Ident(word)) => {
            let word = word.to_string();
            let layer = words::find_layer(&word, convshape_arith::op::Dialect::Torch).any().is_some();
            let lone = c.punct_at(3, ";") && word.starts_with(|first: char| first.is_ascii_lowercase());
            match known {
                true => !layer && c.group_at(3, Delimiter::Parenthesis).is_none(),
                false => stage < Stage::Input && lone && !layer,
            }
        }
        // Half-typed: `dialect:`.
        _ => known && stage < Stage::Input,
    }
}
