//! The condition of an `if`: comparisons of sizes, numbers and bools, joined by `&&`, `||` and `!`.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::cursor::{Cursor, plain};
use super::{Parsed, Parser};
use crate::syntax::{Comparison, Condition, Value};

/// Operators, the longer ones first.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl Parser {
    /// The condition up to the `{`. What cannot be read is recorded and skipped.
    pub(super) fn condition(&mut self, c: &mut Cursor<'_>) -> Parsed<Condition> {
        let start = c.clone();
        while !c.at_end() && c.group_at(0, Delimiter::Brace).is_none() && !c.is_punct(";") {
            c.bump();
        }
        if c.group_at(0, Delimiter::Brace).is_none() {
            return Err(c.unexpected("`{` with the statements of this branch"));
        }
        let mut inner = Cursor::new(start.until(c), start.last());
        let condition = self.either(&mut inner).and_then(|condition| {
            end(&inner, "`{`, `&&` or `||`")?;
            Ok(condition)
        });
        Ok(self.recorded(condition).unwrap_or(Condition::Broken))
    }

    fn either(&mut self, c: &mut Cursor<'_>) -> Parsed<Condition> {
        let mut left = self.both(c)?;
        while c.punct("||").is_some() {
            left = Condition::Or(Box::new(left), Box::new(self.both(c)?));
        }
        Ok(left)
    }

    fn both(&mut self, c: &mut Cursor<'_>) -> Parsed<Condition> {
        let mut left = self.negated(c)?;
        while c.punct("&&").is_some() {
            left = Condition::And(Box::new(left), Box::new(self.negated(c)?));
        }
        Ok(left)
    }

    fn negated(&mut self, c: &mut Cursor<'_>) -> Parsed<Condition> {
        if c.is_punct("!") && !c.is_punct("!=") {
            let span = c.span();
            c.bump();
            return self.nested(span, |parser| Ok(Condition::Not(Box::new(parser.negated(c)?))));
        }
        if c.is_word("not") && c.left() > 1 {
            return Err(c.unexpected_with("a comparison", Some("negation is written `!a`".to_owned())));
        }
        match c.group_at(0, Delimiter::Parenthesis) {
            Some(group) if is_condition(group) => {
                c.bump();
                self.nested(group.span(), |parser| {
                    let tokens = plain(group.stream());
                    let mut inner = Cursor::new(&tokens, group.span_open());
                    let condition = parser.either(&mut inner)?;
                    end(&inner, "`)`")?;
                    Ok(condition)
                })
            }
            _ => self.comparison(c),
        }
    }

    fn comparison(&mut self, c: &mut Cursor<'_>) -> Parsed<Condition> {
        let left = self.operand(c)?;
        let found = COMPARISONS.iter().find(|(text, _)| c.is_punct(text));
        let Some((text, comparison)) = found else {
            if c.is_punct("=") {
                return Err(c.unexpected_with("a comparison", Some("equality is written `==`".to_owned())));
            }
            return Ok(Condition::Value(left));
        };
        let span = c.span();
        c.punct(text);
        let right = self.operand(c)?;
        if let Some((text, _)) = COMPARISONS.iter().find(|(text, _)| c.is_punct(text)) {
            let help = Some(format!("compare twice: `a {text} b && b {text} c`"));
            return Err(c.unexpected_with("`{`, `&&` or `||`", help));
        }
        Ok(Condition::Compare { left, comparison: *comparison, right, span })
    }

    fn operand(&mut self, c: &mut Cursor<'_>) -> Parsed<Value> {
        match c.peek() {
            None => Err(c.unexpected("a size, a number or a bool")),
            Some(_) => self.simple_value(c),
        }
    }
}

/// A fault unless nothing is left.
fn end(c: &Cursor<'_>, expected: &'static str) -> Parsed<()> {
    let operators = [("and", "&&"), ("or", "||")];
    let meant = operators.into_iter().find(|(word, _)| c.is_word(word));
    match meant {
        Some((word, operator)) => Err(c.unexpected_with(expected, Some(format!("`{word}` is written `{operator}`")))),
        None => c.end(expected),
    }
}

/// Whether parentheses hold a condition and not arithmetic or a tuple.
fn is_condition(group: &Group) -> bool {
    let tokens = plain(group.stream());
    let c = Cursor::new(&tokens, group.span_open());
    (0..tokens.len()).any(|at| {
        let shift = c.punct_at(at, "<<") || c.punct_at(at, ">>") || c.punct_at(at, "->");
        let after_shift = at > 0 && (c.punct_at(at - 1, "<<") || c.punct_at(at - 1, ">>") || c.punct_at(at - 1, "->"));
        let compares = COMPARISONS.iter().any(|(text, _)| c.punct_at(at, text));
        let inner = match c.peek_at(at) {
            Some(TokenTree::Group(inner)) if inner.delimiter() == Delimiter::Parenthesis => is_condition(inner),
            Some(TokenTree::Ident(word)) => word == "true" || word == "false",
            _ => false,
        };
        c.punct_at(at, "&&")
            || c.punct_at(at, "||")
            || c.punct_at(at, "!")
            || inner
            || compares && !shift && !after_shift
    })
}
