//! Conditions on sizes, numbers and bools that the macro knows.

use std::fmt;

use convshape_arith::size::Size;
use proc_macro2::Span;

use crate::diagnose::{self, Report};
use crate::numbers::{Bound, Numbers};
use crate::syntax::{Comparison, Condition, SizeExpr, Value};
use crate::unseen::Unseen;

/// The result of a condition.
pub(super) struct Verdict {
    pub(super) holds: bool,
    /// The condition with its values, as far as they were needed: `64 == 128`.
    pub(super) shown: String,
}

impl Verdict {
    /// `from == to`: 64 == 128 does not hold
    pub(super) fn explained(&self, condition: &Condition) -> String {
        let (written, shown) = (condition.to_string(), &self.shown);
        let holds = if self.holds { "holds" } else { "does not hold" };
        if written == *shown { format!("`{written}` {holds}") } else { format!("`{written}`: {shown} {holds}") }
    }
}

/// A value that the macro knows.
#[derive(Clone, PartialEq, Debug)]
enum Known {
    Int(i64),
    Ints(Vec<i64>),
    Real(f64),
    Bool(bool),
}

/// Whether a condition holds.
pub(super) fn decide(condition: &Condition, numbers: &Numbers) -> Result<Verdict, Report> {
    match condition {
        Condition::Value(value) => match known(value, numbers)? {
            Known::Bool(holds) => Ok(Verdict { holds, shown: holds.to_string() }),
            other => Err(diagnose::not_a_condition(value, &other.to_string())),
        },
        Condition::Compare { left, comparison, right, span } => {
            let (a, b) = (known(left, numbers)?, known(right, numbers)?);
            match compare(&a, *comparison, &b) {
                Some(holds) => Ok(Verdict { holds, shown: format!("{a} {comparison} {b}") }),
                None => Err(diagnose::not_comparable(left, *comparison, right, (a.kind(), b.kind()), *span)),
            }
        }
        Condition::Not(of) => {
            let Verdict { holds, shown } = decide(of, numbers)?;
            let shown = if shown.contains(' ') { format!("!({shown})") } else { format!("!{shown}") };
            Ok(Verdict { holds: !holds, shown })
        }
        Condition::And(left, right) => joined(left, right, "&&", false, numbers),
        Condition::Or(left, right) => joined(left, right, "||", true, numbers),
        Condition::Broken => Err(Report::silent()),
    }
}

/// The right side matters only if the left one does not decide.
fn joined(
    left: &Condition,
    right: &Condition,
    operator: &str,
    decisive: bool,
    numbers: &Numbers,
) -> Result<Verdict, Report> {
    let left = decide(left, numbers)?;
    if left.holds == decisive {
        return Ok(left);
    }
    let right = decide(right, numbers)?;
    Ok(Verdict { holds: right.holds, shown: format!("{} {operator} {}", left.shown, right.shown) })
}

#[expect(clippy::cast_precision_loss, reason = "a size compared with a real number")]
fn compare(left: &Known, comparison: Comparison, right: &Known) -> Option<bool> {
    let ordering = match (left, right) {
        (Known::Int(a), Known::Int(b)) => a.partial_cmp(b),
        (Known::Real(a), Known::Real(b)) => a.partial_cmp(b),
        (Known::Int(a), Known::Real(b)) => (*a as f64).partial_cmp(b),
        (Known::Real(a), Known::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Known::Bool(_), Known::Bool(_)) | (Known::Ints(_), Known::Ints(_)) => {
            return match comparison {
                Comparison::Equal => Some(left == right),
                Comparison::NotEqual => Some(left != right),
                _ => None,
            };
        }
        _ => return None,
    }?;
    Some(match comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    })
}

fn known(value: &Value, numbers: &Numbers) -> Result<Known, Report> {
    match value {
        Value::Bool { value, .. } => Ok(Known::Bool(*value)),
        Value::Word(name) => match numbers.get(&name.to_string()) {
            Some(Bound::Bool(value)) => Ok(Known::Bool(*value)),
            Some(Bound::Real(_)) => real(&SizeExpr::Name(name.clone()), numbers),
            Some(Bound::Activation(_)) => Err(diagnose::activation_in_a_condition(name)),
            Some(Bound::Size(_) | Bound::Sizes(_)) | None => size(&SizeExpr::Name(name.clone()), numbers),
        },
        Value::Size(expr) if expr.has_decimals() || speaks_of_reals(expr, numbers) => real(expr, numbers),
        Value::Size(expr) => size(expr, numbers),
        Value::Tuple(values, _) | Value::List(values, _) => {
            let mut all = Vec::new();
            for value in values {
                match known(value, numbers)? {
                    Known::Int(number) => all.push(number),
                    _ => return Err(diagnose::no_operand(value)),
                }
            }
            Ok(Known::Ints(all))
        }
        Value::Broken(_) => Err(Report::silent()),
        other => Err(diagnose::no_operand(other)),
    }
}

fn size(expr: &SizeExpr, numbers: &Numbers) -> Result<Known, Report> {
    let one = |numbers: &Numbers| seen(numbers.size(expr)?, &expr.to_string(), expr.span());
    match numbers.axes(expr) {
        Some(axes) => (0..axes).map(|axis| one(&numbers.on_axis(axis))).collect::<Result<_, _>>().map(Known::Ints),
        None => one(numbers).map(Known::Int),
    }
}

/// Whether a parameter in an expression is a real number.
fn speaks_of_reals(expr: &SizeExpr, numbers: &Numbers) -> bool {
    match expr {
        SizeExpr::Name(name) => matches!(numbers.get(&name.to_string()), Some(Bound::Real(_))),
        SizeExpr::Negated { of, .. } => speaks_of_reals(of, numbers),
        SizeExpr::Binary { left, right, .. } => speaks_of_reals(left, numbers) || speaks_of_reals(right, numbers),
        SizeExpr::Float { .. } => true,
        SizeExpr::Int { .. } | SizeExpr::Path { .. } => false,
    }
}

fn real(expr: &SizeExpr, numbers: &Numbers) -> Result<Known, Report> {
    let number = numbers.real(expr)?;
    if Unseen::is_real(number) {
        return Err(diagnose::unseen_condition(&expr.to_string(), expr.span()));
    }
    Ok(Known::Real(number))
}

/// A number that the macro knows.
fn seen(size: Size, text: &str, span: Span) -> Result<i64, Report> {
    match size {
        Size::Number(number) if Unseen::is(number) => Err(diagnose::unseen_condition(text, span)),
        Size::Number(number) => Ok(number),
        Size::Symbolic { .. } | Size::Unknown => Err(diagnose::symbolic_condition(text, span)),
    }
}

impl Known {
    fn kind(&self) -> &'static str {
        match self {
            Known::Int(_) | Known::Real(_) => "a number",
            Known::Ints(_) => "a size per axis",
            Known::Bool(_) => "a bool",
        }
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Known::Int(value) => write!(f, "{value}"),
            Known::Ints(values) => {
                write!(f, "({})", values.iter().map(i64::to_string).collect::<Vec<_>>().join(", "))
            }
            Known::Real(value) => write!(f, "{value:?}"),
            Known::Bool(value) => write!(f, "{value}"),
        }
    }
}
