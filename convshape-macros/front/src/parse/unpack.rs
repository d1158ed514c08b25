//! Several names for what one statement gives, as Python has them: `a, b = torch.chunk(x, 2)`. The statement gets one
//! name, and each of its outputs that name by an `Identity`.

use proc_macro2::{Delimiter, Ident, Span, TokenTree};

use super::Parser;
use super::cursor::{Cursor, plain};
use crate::fault::Slip;
use crate::syntax::{Args, Attrs, Layer, Reference, SizeExpr, Source, Stmt, StmtKind, Text, Value};
use crate::words;

/// Functions of frameworks that cut a value into pieces.
const CUTS: &[&str] = &["chunk", "split", "unbind", "tensor_split", "unstack", "array_split", "Split"];

/// What is given several names.
pub(super) struct Unpacked {
    /// What the statement is called.
    pub(super) label: Ident,
    names: Vec<Ident>,
}

impl Parser {
    /// `a, b =`, `(a, b) =`, `a, b:`: the names, and the one that the statement gets.
    pub(super) fn names_to_unpack(&mut self, c: &mut Cursor<'_>) -> Option<Unpacked> {
        let span = c.span();
        let (names, tokens) = several_names(c)?;
        c.skip(tokens);
        let cut = {
            let mut rest = c.clone();
            let mut found = false;
            while !rest.at_end() && !rest.is_punct(";") {
                found |= rest.ident_at(0).is_some_and(|word| CUTS.iter().any(|cut| word == cut));
                rest.bump();
            }
            found
        };
        self.names.extend(names.iter().map(Ident::to_string));
        let label = if cut { Ident::new(&self.free("parts"), names[0].span()) } else { names[0].clone() };
        self.names.push(label.to_string());
        let found: Vec<String> = names.iter().map(Ident::to_string).collect();
        self.slip(span, Slip::Unpacked(found.join(", ")));
        Some(Unpacked { label, names })
    }

    /// A layer that cuts a value into pieces, in this language's word.
    pub(super) fn cut(&self, unpacked: &Unpacked, layer: &mut Layer) {
        if !CUTS.iter().any(|cut| layer.op == cut) {
            return;
        }
        let count = unpacked.names.len();
        // PyTorch's `split` takes the size of a piece.
        let sized = layer.op == "split" && self.dialect == convshape_arith::op::Dialect::Torch;
        let span = layer.op.span();
        layer.op = Ident::new("Split", span);
        let number = |value: &Value| matches!(value, Value::Size(SizeExpr::Int { .. }));
        match layer.args.positional.first_mut() {
            Some(size) if sized && number(size) => *size = Value::List(vec![size.clone(); count], span),
            Some(_) => {}
            None => {
                let value = i64::try_from(count).unwrap_or(1);
                layer.args.positional.push(Value::Size(SizeExpr::Int { value, span }));
            }
        }
    }

    fn free(&self, name: &str) -> String {
        let numbered = (2..).map(|number| format!("{name}{number}"));
        let taken = |name: &String| self.names.contains(name);
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }
}

impl Unpacked {
    /// A statement for each name, given the statement that they name the outputs of.
    pub(super) fn statements(&self, stmt: &Stmt) -> Vec<Stmt> {
        let StmtKind::Layer(layer) = &stmt.kind else {
            return self.names.iter().skip(1).map(|name| named(name, StmtKind::Broken(name.span()))).collect();
        };
        let recurrent = ["lstm", "gru", "rnn"].contains(&layer.op.to_string().to_ascii_lowercase().as_str());
        let port = |index: usize| match (layer.op == "Split", recurrent, index) {
            (true, _, index) => Some(index.to_string()),
            (_, true, 1) => Some("h_n".to_owned()),
            (_, true, 2) => Some("c_n".to_owned()),
            _ => None,
        };
        let names = self.names.iter().enumerate().filter(|(_, name)| **name != self.label && *name != "_");
        let statement = |(index, name): (usize, &Ident)| match port(index) {
            Some(port) => {
                let port = Some(Text::new(port, name.span()));
                let from = Some(Source::Named(Reference { name: self.label.clone(), port }));
                named(name, StmtKind::Layer(identity(name.span(), from)))
            }
            None => named(name, StmtKind::Broken(name.span())),
        };
        names.map(statement).collect()
    }
}

/// The statements as they are written after the one that they belong to.
pub(super) fn text(statements: &[Stmt]) -> String {
    let line = |stmt: &Stmt| match (&stmt.label, &stmt.kind) {
        (Some(label), StmtKind::Layer(layer)) => format!("; {label}: {layer}"),
        _ => String::new(),
    };
    statements.iter().map(line).collect()
}

fn named(name: &Ident, kind: StmtKind) -> Stmt {
    Stmt { attrs: Attrs::default(), label: Some(name.clone()), kind }
}

fn identity(span: Span, from: Option<Source>) -> Layer {
    let op = Ident::new("Identity", span);
    Layer { op, args: Args::default(), from, shape: None, ports: Vec::new(), restores: None }
}

/// At least two names, and the tokens up to what they are given.
fn several_names(c: &Cursor<'_>) -> Option<(Vec<Ident>, usize)> {
    if let Some(group) = c.group_at(0, Delimiter::Parenthesis) {
        let tokens = plain(group.stream());
        let inner = Cursor::new(&tokens, group.span_open());
        let (names, taken) = listed(&inner)?;
        return (taken == tokens.len() && given(c, 1)).then_some((names, 2));
    }
    let (names, taken) = listed(c)?;
    given(c, taken).then_some((names, taken + 1))
}

/// `a, b, c`
fn listed(c: &Cursor<'_>) -> Option<(Vec<Ident>, usize)> {
    let name = |at: usize| match c.peek_at(at)? {
        TokenTree::Ident(name) => Some(name.clone()),
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    };
    let mut names = vec![c.ident_at(0)?.clone()];
    while c.punct_at(2 * names.len() - 1, ",") {
        names.push(name(2 * names.len())?);
    }
    let taken = 2 * names.len() - 1;
    // Statements that a comma ends are no names.
    let statement = |name: &Ident| name == "output" || words::is_layer(&name.to_string());
    (names.len() > 1 && !names.iter().any(statement)).then_some((names, taken))
}

/// `=` or `:`
fn given(c: &Cursor<'_>, at: usize) -> bool {
    c.equals_at(at) || c.colon_at(at)
}
