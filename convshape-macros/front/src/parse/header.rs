//! The headers of a chain: `dialect: keras;`, `for h in 1..;`.

use proc_macro2::{Delimiter, Ident, TokenTree};

use super::cursor::{Cursor, plain};
use super::statement::string;
use super::{Parsed, Parser, Stage};
use crate::fault::{Slip, SyntaxFault};
use crate::syntax::{DataHeader, Headers, Strictness, SymbolDecl, Text};
use crate::words::{self, Lookup};

impl Parser {
    /// `dialect: keras`
    pub(super) fn header(&mut self, c: &mut Cursor<'_>, headers: &mut Headers) -> Parsed<()> {
        self.sign = None;
        let word = c.ident("a header")?;
        let name = word.to_string();
        self.colon(c, &name);
        let again = match name.as_str() {
            "dialect" => headers.dialect.is_some(),
            "lossy" => headers.lossy.is_some(),
            "lint" => headers.lint.is_some(),
            "weights" => headers.weights.is_some(),
            "data" => headers.data.is_some(),
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
            self.report_slip(|| format!("weights: {:?}", path.value()));
            headers.weights = Some(path);
            return Ok(());
        }
        if name == "data" {
            headers.data = Some(self.data(c)?);
            return Ok(());
        }
        let value = self.unquoted(c);
        let value = value.map_or_else(
            || c.ident(if name == "dialect" { "the name of a dialect" } else { "`allow`, `warn` or `deny`" }),
            Ok,
        )?;
        self.report_slip(|| format!("{name}: {value}"));
        let (span, found) = (value.span(), value.to_string());
        if name == "dialect" {
            let value = words::dialect_from_name(&found);
            if value.is_none() {
                let nearest = words::nearest_dialect(&found);
                let known = words::list(words::dialect_names());
                let nearest = nearest.map(|dialect| dialect.name().to_owned());
                self.fault(SyntaxFault::UnknownWord { span, what: "a dialect", found: found.clone(), known, nearest });
            }
            // If nothing suggests what was meant, the chain is still read.
            let Some(value) = value.or_else(|| words::nearest_dialect(&found)) else { return Ok(()) };
            self.word(&found, span);
            self.dialect = value;
            headers.dialect = Some(value);
            return Ok(());
        }
        let (words, what) =
            if name == "lint" { (words::LINTS, "a value of `lint`") } else { (words::LOSSY, "a value of `lossy`") };
        let value = match words::find_word(words, &found, self.dialect) {
            Lookup::Found("allow") => Strictness::Allow,
            Lookup::Found("warn") => Strictness::Warn,
            Lookup::Found(_) => Strictness::Deny,
            Lookup::Elsewhere { .. } | Lookup::Unknown { nearest: None } => {
                let known = words::list(words.iter().map(|word| word.name));
                self.fault(SyntaxFault::UnknownWord { span, what, found, known, nearest: None });
                return Ok(());
            }
            Lookup::Unknown { nearest } => {
                self.fault(SyntaxFault::UnknownWord { span, what, found, known: String::new(), nearest });
                return Ok(());
            }
        };
        *(if name == "lint" { &mut headers.lint } else { &mut headers.lossy }) = Some(value);
        Ok(())
    }

    /// `"train.npz" as (images, labels)`, `("x.npy", "y.npy")`
    fn data(&mut self, c: &mut Cursor<'_>) -> Parsed<DataHeader> {
        const FILE: &str = "a file's name in quotes";
        let listed = c.group_at(0, Delimiter::Parenthesis).is_some();
        let mut files = Vec::new();
        match c.group(Delimiter::Parenthesis) {
            None => {
                if let Some(list) = bare_list(c) {
                    return Err(c.unexpected_with("`(` with the names of files", Some(list)));
                }
                files.push(string(c).ok_or_else(|| c.unexpected(FILE))?);
            }
            Some(group) => {
                let tokens = plain(group.stream());
                for mut part in Cursor::new(&tokens, group.span_open()).split() {
                    files.push(string(&mut part).ok_or_else(|| part.unexpected(FILE))?);
                    part.end("`,` or `)`")?;
                }
                if files.is_empty() {
                    let inside = Cursor::new(&tokens, group.span_open());
                    return Err(inside.unexpected(FILE));
                }
            }
        }
        let Some(word) = c.word("as") else { return Ok(DataHeader { files, listed, names: None }) };
        self.word("as", word);
        let names = "`(` with the names of arrays";
        let Some(group) = c.group(Delimiter::Parenthesis) else {
            let help = c.ident_at(0).map(|name| format!("write `as ({name})`"));
            return Err(c.unexpected_with(names, help));
        };
        let tokens = plain(group.stream());
        let mut arrays = Vec::new();
        for mut part in Cursor::new(&tokens, group.span_open()).split() {
            // Names that are not Rust identifiers are in quotes.
            arrays.push(match string(&mut part) {
                Some(name) => name,
                None => {
                    let name = part.ident("the name of an array")?;
                    Text::new(name.to_string().trim_start_matches("r#").to_owned(), name.span())
                }
            });
            part.end("`,` or `)`")?;
        }
        if arrays.is_empty() {
            return Err(Cursor::new(&tokens, group.span_open()).unexpected("the name of an array"));
        }
        Ok(DataHeader { files, listed, names: Some(arrays) })
    }

    /// A word in quotes.
    fn unquoted(&mut self, c: &mut Cursor<'_>) -> Option<Ident> {
        let text = string(c)?;
        let word: Ident = syn::parse_str(&text.value()).ok()?;
        self.slip(text.span(), Slip::Quoted(format!("{:?}", text.value())));
        Some(Ident::new(&word.to_string(), text.span()))
    }

    /// `for h in 1.., w in 1..=64;`
    pub(super) fn symbols(&mut self, c: &mut Cursor<'_>, symbols: &mut Vec<SymbolDecl>) {
        c.bump();
        loop {
            let Some(name) = self.faultless(c, |_, c| c.ident("the name of a size")) else { return };
            let range = self.faultless(c, |parser, c| match c.word("in") {
                Some(_) => parser.range(c),
                None => Err(c.unexpected("`in` and a range")),
            });
            let read = range.is_some();
            // Without its range it is still a name that sizes may use.
            symbols.push(SymbolDecl { name, range });
            if !read {
                return;
            }
            if c.punct(",").is_none() || c.is_punct(";") {
                break;
            }
        }
        self.semicolon(c);
    }

    /// A part of a header; a fault is kept, and the rest of the header left out.
    fn faultless<T>(
        &mut self,
        c: &mut Cursor<'_>,
        read: impl FnOnce(&mut Parser, &mut Cursor<'_>) -> Parsed<T>,
    ) -> Option<T> {
        match read(self, c) {
            Ok(part) => Some(part),
            Err(fault) => {
                self.fault(fault);
                c.skip_statement();
                None
            }
        }
    }
}

/// How to write `"x.npy", "y.npy"` or `["x.npy", "y.npy"]`.
fn bare_list(c: &Cursor<'_>) -> Option<String> {
    let list = |tokens: &[TokenTree]| {
        let literal = |token: &TokenTree| matches!(token, TokenTree::Literal(_));
        let comma = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
        let ends = tokens.iter().position(|token| !literal(token) && !comma(token)).unwrap_or(tokens.len());
        let names: Vec<String> =
            tokens[..ends].iter().filter(|token| literal(token)).map(ToString::to_string).collect();
        format!("write `({})`", names.join(", "))
    };
    match c.group_at(0, Delimiter::Bracket) {
        Some(group) => Some(list(&plain(group.stream()))),
        None => c.punct_at(1, ",").then(|| list(c.tokens())),
    }
}

/// Whether `name: value` is a header and not a statement with a mistyped layer: before `input` a single word or a
/// literal, after it only known headers.
pub(super) fn is_header(c: &Cursor<'_>, stage: Stage) -> bool {
    let Some(name) = c.ident_at(0).map(Ident::to_string) else { return false };
    let known = words::HEADERS.contains(&name.as_str());
    if known && stage < Stage::Body {
        // `dialect = keras`, `dialect keras`
        let value = if c.equals_at(1) { 2 } else { 1 };
        let single = matches!(c.peek_at(value), Some(TokenTree::Ident(_) | TokenTree::Literal(_)));
        if !c.colon_at(1) && single && c.punct_at(value + 1, ";") {
            return true;
        }
    }
    if !c.colon_at(1) {
        return false;
    }
    match c.peek_at(2) {
        Some(TokenTree::Literal(_)) => known || stage < Stage::Input,
        Some(TokenTree::Ident(word)) => {
            let word = word.to_string();
            let layer = words::named_layer(&word, convshape_arith::op::Dialect::Torch).is_some();
            let lone = c.punct_at(3, ";") && word.starts_with(|first: char| first.is_ascii_lowercase());
            match known {
                true => !layer && c.group_at(3, Delimiter::Parenthesis).is_none(),
                false => stage < Stage::Input && lone && !layer,
            }
        }
        Some(TokenTree::Group(group)) if name == "data" && group.delimiter() == Delimiter::Parenthesis => true,
        // Half-typed: `dialect:`.
        _ => known && stage < Stage::Input,
    }
}
