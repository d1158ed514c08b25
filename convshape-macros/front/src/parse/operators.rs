//! Sums and products of statements, `a + b`, which are written as layers here.

use proc_macro2::{Delimiter, Ident, TokenTree};

use super::cursor::Cursor;
use super::number::{Lit, literal};
use super::source::reference;
use super::{Parsed, Parser};
use crate::fault::Slip;
use crate::syntax::{Layer, Reference, SizeExpr, Source, Value};
use crate::words;

/// The operators, the layers that they mean between two values, and the layers that they mean with a number on the
/// right.
const OPERATORS: &[(&str, &str, &str)] =
    &[("+", "Add", "AddScalar"), ("*", "Mul", "Scale"), ("-", "Sub", ""), ("/", "Div", "")];

/// One side of an operator.
enum Operand {
    Name(Reference),
    Previous,
    Number(Value),
}

impl Parser {
    /// Reads `a + b` as `Add(a, b)` and `a * 0.5` as `Scale(0.5) from a`, if one follows.
    pub(super) fn operators(&mut self, c: &mut Cursor<'_>, layer: &mut Layer) -> Parsed<bool> {
        let mut inner = c.clone();
        let Some(first) = operand(&mut inner) else { return Ok(false) };
        let Some((operator, join, scale)) = operator(&inner) else { return Ok(false) };
        let span = inner.span();
        let mut operands = vec![first];
        while inner.is_punct(operator) && inner.arrow().is_none() {
            inner.bump();
            match operand(&mut inner) {
                Some(next) => operands.push(next),
                None => return Ok(false),
            }
        }
        if self::operator(&inner).is_some() {
            let help = "give each step a statement: `s: Mul(a, b); Add(s, c);`".to_owned();
            return Err(inner.unexpected_with("`;`", Some(help)));
        }
        let (name, from, values) = match operands.as_slice() {
            [of, Operand::Number(by)] => (scale, source(of), vec![by.clone()]),
            [Operand::Number(by), of] if matches!(operator, "+" | "*") => (scale, source(of), vec![by.clone()]),
            _ => (join, None, operands.iter().map(|operand| value(operand, span)).collect()),
        };
        if words::named_layer(name, self.dialect).is_none() {
            return Err(c.unexpected(super::LAYER));
        }
        self.slip(span, Slip::Operator { found: operator.to_owned(), layer: name });
        layer.op = Ident::new(name, span);
        layer.from = from;
        layer.args.positional = values;
        *c = inner;
        Ok(true)
    }
}

fn operator(c: &Cursor<'_>) -> Option<(&'static str, &'static str, &'static str)> {
    OPERATORS.iter().copied().find(|(operator, ..)| c.is_punct(operator) && c.arrow().is_none())
}

fn operand(c: &mut Cursor<'_>) -> Option<Operand> {
    if c.hole().is_some() {
        return Some(Operand::Previous);
    }
    if let Some(TokenTree::Literal(number)) = c.peek() {
        let span = number.span();
        let value = match literal(number, false).ok()? {
            Lit::Int(value) => Value::Size(SizeExpr::Int { value, span }),
            Lit::Float(value) => Value::Size(SizeExpr::Float { value, span }),
            Lit::Str(_) => return None,
        };
        c.bump();
        return Some(Operand::Number(value));
    }
    let named = reference(c).ok()?;
    let called = c.group_at(0, Delimiter::Parenthesis).is_some();
    (!called).then_some(Operand::Name(named))
}

fn source(operand: &Operand) -> Option<Source> {
    match operand {
        Operand::Name(reference) => Some(Source::Named(reference.clone())),
        Operand::Previous | Operand::Number(_) => None,
    }
}

fn value(operand: &Operand, span: proc_macro2::Span) -> Value {
    match operand {
        Operand::Name(Reference { name, port: None }) => Value::Word(name.clone()),
        Operand::Name(reference) => Value::Name(reference.clone()),
        Operand::Previous => Value::Hole(span),
        Operand::Number(value) => value.clone(),
    }
}
