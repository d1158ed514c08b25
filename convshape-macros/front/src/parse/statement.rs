//! Statements: attributes, a name, a layer or a `repeat`, and what follows it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenTree};
use quote::TokenStreamExt;

use super::cursor::{self, Cursor};
use super::number::{Lit, literal};
use super::{Parsed, Parser};
use crate::fault::{PythonForm, SyntaxFault};
use crate::syntax::{Args, Attrs, Count, Layer, Repeat, Stmt, StmtKind, Text};
use crate::words;

impl Parser {
    /// The statements of a `repeat` or a `block`.
    pub(super) fn body(&mut self, group: &Group, what: &'static str) -> Parsed<Vec<Stmt>> {
        self.nested(group.span_open(), |parser| {
            let tokens = cursor::statements(group.stream(), &mut parser.faults);
            let mut c = Cursor::new(&tokens, group.span_open());
            let mut body = Vec::new();
            if c.at_end() {
                parser.fault(SyntaxFault::EmptyBody { span: group.span(), what });
            }
            while !c.at_end() {
                if c.punct(";").is_some() {
                    continue;
                }
                if labelled(&c) && (c.is_word("input") || c.is_word("output")) {
                    let part = if c.is_word("input") { "input" } else { "output" };
                    let place = "inside a body, which reads `input` and gives its last statement";
                    parser.fault(SyntaxFault::Misplaced { span: c.span(), part: part.to_owned(), place });
                    c.bump();
                    skip(&mut c);
                    continue;
                }
                body.push(parser.statement(&mut c));
            }
            Ok(body)
        })
    }

    /// One statement with its `;`. It takes at least one token.
    pub(super) fn statement(&mut self, c: &mut Cursor<'_>) -> Stmt {
        self.python = None;
        let attrs = self.attrs(c);
        let span = c.span();
        let label = self.label(c);
        let kind = if is_repeat(c) {
            self.repeat(c).map(StmtKind::Repeat)
        } else {
            self.layer(c, label.as_ref()).map(StmtKind::Layer)
        };
        let kind = kind.unwrap_or_else(|fault| {
            self.fault(fault);
            skip(c);
            StmtKind::Broken(span)
        });
        Stmt { attrs, label, kind }
    }

    /// Docs and `#[name = ".."]`.
    pub(super) fn attrs(&mut self, c: &mut Cursor<'_>) -> Attrs {
        let mut attrs = Attrs::default();
        while c.is_punct("#") {
            let hash = c.peek().cloned();
            c.bump();
            let Some(group) = c.group(Delimiter::Bracket) else {
                let fault = c.unexpected("`[name = \"..\"]`");
                self.fault(fault);
                continue;
            };
            let tokens = cursor::plain(group.stream());
            let mut inner = Cursor::new(&tokens, group.span_open());
            if inner.is_word("doc") {
                attrs.docs.extend(hash);
                attrs.docs.append(group.clone());
                continue;
            }
            let name = inner.word("name").and_then(|_| inner.punct("=")).and_then(|_| string(&mut inner));
            match name.filter(|_| inner.at_end()) {
                Some(_) if attrs.file_name.is_some() => {
                    self.fault(SyntaxFault::Twice { span: group.span(), part: "#[name]".to_owned() });
                }
                Some(name) => attrs.file_name = Some(name),
                None => {
                    let found = format!("#[{}]", super::shortened(&group.stream().to_string()));
                    self.fault(SyntaxFault::Attribute { span: group.span(), found });
                }
            }
        }
        attrs
    }

    /// `enc1:`, or `self.enc1 =` as in Python.
    fn label(&mut self, c: &mut Cursor<'_>) -> Option<Ident> {
        if labelled(c) {
            let label = c.ident_at(0).cloned();
            c.bump();
            c.bump();
            return label;
        }
        if lacks_colon(c) {
            let label = c.ident_at(0).cloned();
            c.bump();
            let help = label.as_ref().zip(c.ident_at(0)).map(|(label, op)| format!("write `{label}: {op}`"));
            let fault = c.unexpected_with("`:` behind the name", help);
            self.fault(fault);
            return label;
        }
        let mut c2 = c.clone();
        let on_self = is_self(c);
        if on_self {
            c2.bump();
            c2.bump();
        }
        let label = c2.ident_at(0).filter(|_| c2.equals_at(1)).cloned()?;
        c2.bump();
        c2.bump();
        let found = if on_self { format!("self.{label}") } else { label.to_string() };
        self.sign(c.span(), PythonForm::Assignment(found));
        *c = c2;
        Some(label)
    }

    fn layer(&mut self, c: &mut Cursor<'_>, label: Option<&Ident>) -> Parsed<Layer> {
        let expected = "a layer such as `Conv2d(1 -> 16, kernel: 3)`";
        if is_self(c) {
            let help = "each statement is a layer, and reads the one before it".to_owned();
            return Err(c.unexpected_with(expected, Some(help)));
        }
        half_typed(c, expected)?;
        let span = c.span();
        let mut op = c.ident(expected)?;
        let mut path = String::new();
        while c.is_punct(".") && c.ident_at(1).is_some() {
            c.bump();
            path.push_str(&format!("{op}."));
            op = c.ident(expected)?;
        }
        if !path.is_empty() {
            self.sign(span, PythonForm::Module(format!("{path}{op}")));
        }
        let args = match c.group(Delimiter::Parenthesis) {
            Some(group) => self.nested(group.span(), |parser| Ok(parser.args(group)))?,
            None => Args::default(),
        };
        let mut layer = Layer { op, args, from: None, shape: None, restores: None };
        let tail = self.tail(c, &mut layer);
        let ended = match tail {
            Ok(()) if c.punct(";").is_some() => true,
            Ok(()) if starts_statement(c) => {
                // A line of Python has no `;`; the rewritten line shows it.
                if self.python.is_none() {
                    self.fault(SyntaxFault::MissingSemicolon { span: c.last() });
                }
                false
            }
            Ok(()) => {
                let fault = c.unexpected_with("`;`", after_layer(c));
                self.fault(fault);
                skip(c);
                true
            }
            Err(fault) => {
                self.fault(fault);
                skip(c);
                true
            }
        };
        self.report_python(label, &mut layer, ended);
        Ok(layer)
    }

    /// `from a -> [..] restores b`
    fn tail(&mut self, c: &mut Cursor<'_>, layer: &mut Layer) -> Parsed<()> {
        loop {
            let span = c.span();
            if starts_statement(c) {
                return Ok(());
            } else if c.word("from").is_some() {
                self.word("from", span);
                let again = layer.from.is_some() || layer.shape.is_some() || layer.restores.is_some();
                self.in_order(again, span, "from");
                half_typed(c, "the name of a statement")?;
                layer.from = Some(self.source(c)?);
            } else if c.punct("->").is_some() {
                self.in_order(layer.shape.is_some() || layer.restores.is_some(), span, "->");
                layer.shape = Some(self.shape(c)?);
            } else if c.word("restores").is_some() {
                self.word("restores", span);
                self.in_order(layer.restores.is_some(), span, "restores");
                half_typed(c, "the name of a layer")?;
                layer.restores = Some(c.ident("the name of a layer")?);
            } else {
                return Ok(());
            }
        }
    }

    fn in_order(&mut self, late: bool, span: Span, word: &'static str) {
        if late {
            self.fault(SyntaxFault::TailOrder { span, word });
        }
    }

    fn repeat(&mut self, c: &mut Cursor<'_>) -> Parsed<Repeat> {
        let span = c.span();
        self.word("repeat", span);
        c.bump();
        let count = match c.peek() {
            Some(TokenTree::Literal(number)) => match literal(number, false)? {
                Lit::Int(value) => {
                    c.bump();
                    Count::Times { value, span: number.span() }
                }
                _ => return Err(c.unexpected("a whole number")),
            },
            _ => {
                let help = Some(
                    "write `repeat 3 { .. }`, `repeat i in 0..3 { .. }` or `repeat c in [16, 32] { .. }`".to_owned(),
                );
                let var = c.ident_at(0).filter(|_| c.ident_at(1).is_some_and(|word| word == "in"));
                let Some(var) = var.cloned() else {
                    return Err(c.unexpected_with("a number or `name in ..`", help));
                };
                c.bump();
                c.bump();
                match c.group(Delimiter::Bracket) {
                    Some(group) => Count::List { var, sizes: self.sizes(group)? },
                    None => Count::Range { var, range: self.range(c)? },
                }
            }
        };
        match c.group(Delimiter::Brace) {
            Some(group) => Ok(Repeat { span, count, body: self.body(group, "repeat")? }),
            None => Err(c.unexpected("`{` with the statements that are repeated")),
        }
    }

    /// The `;` of a header or a port list.
    pub(super) fn semicolon(&mut self, c: &mut Cursor<'_>) {
        if c.punct(";").is_some() {
            return;
        }
        if starts_statement(c) || c.is_word("for") || c.is_word("block") {
            self.fault(SyntaxFault::MissingSemicolon { span: c.last() });
            return;
        }
        let fault = c.unexpected("`;`");
        self.fault(fault);
        skip(c);
    }
}

/// Skips the rest of a statement that cannot be read: to its `;` or `}`, or to the next name.
pub(super) fn skip(c: &mut Cursor<'_>) {
    while let Some(token) = c.peek() {
        let ends = matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        if c.punct(";").is_some() || labelled(c) {
            return;
        }
        c.bump();
        if ends {
            return;
        }
    }
}

/// `name:`
pub(super) fn labelled(c: &Cursor<'_>) -> bool {
    c.ident_at(0).is_some() && c.colon_at(1)
}

/// `enc1 Conv2d(..)`
fn lacks_colon(c: &Cursor<'_>) -> bool {
    let known = |place| c.ident_at(place).is_some_and(|word: &Ident| is_layer(&word.to_string()));
    c.ident_at(0).is_some() && !known(0) && known(1)
}

/// Whether some dialect has a layer of this name.
fn is_layer(name: &str) -> bool {
    words::find_layer(name, convshape_arith::op::Dialect::Torch).any().is_some()
}

/// What to do about a token that cannot follow a layer.
fn after_layer(c: &Cursor<'_>) -> Option<String> {
    if c.group_at(0, Delimiter::Bracket).is_some() || c.group_at(0, Delimiter::Brace).is_some() {
        Some("a layer's values stand in parentheses: `Conv2d(1 -> 16, kernel: 3)`".to_owned())
    } else if c.is_punct("::") {
        Some("a layer is named without a path".to_owned())
    } else if c.is_punct(",") {
        Some("every statement ends with `;`".to_owned())
    } else {
        None
    }
}

/// That `expected` must stand here and not the next statement.
fn half_typed(c: &Cursor<'_>, expected: &'static str) -> Parsed<()> {
    if labelled(c) { Err(c.unexpected(expected)) } else { Ok(()) }
}

/// `self.`
fn is_self(c: &Cursor<'_>) -> bool {
    c.is_word("self") && c.punct_at(1, ".") && c.ident_at(2).is_some()
}

/// `repeat 3` or `repeat i`; `repeat` alone could be the name of a block.
fn is_repeat(c: &Cursor<'_>) -> bool {
    c.is_word("repeat")
        && (matches!(c.peek_at(1), Some(TokenTree::Literal(_)))
            || c.ident_at(1).is_some() && !c.ident_at(1).is_some_and(|word| word == "from" || word == "restores")
            || c.group_at(1, Delimiter::Brace).is_some())
}

/// Whether a new statement begins here, or nothing is left: what stood before lacks its `;`.
fn starts_statement(c: &Cursor<'_>) -> bool {
    if c.at_end() || c.is_punct("#") || labelled(c) || is_self(c) || is_repeat(c) {
        return true;
    }
    let Some(word) = c.ident_at(0) else { return false };
    c.equals_at(1) || is_layer(&word.to_string())
}

/// A string literal.
pub(super) fn string(c: &mut Cursor<'_>) -> Option<Text> {
    let Some(TokenTree::Literal(text)) = c.peek() else { return None };
    let Ok(Lit::Str(text)) = literal(text, false) else { return None };
    c.bump();
    Some(text)
}
