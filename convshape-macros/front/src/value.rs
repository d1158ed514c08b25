//! Values as written become [`Setting`]s: sizes are worked out, words looked up.

use convshape_arith::op::{Dialect, MAX_SPATIAL};
use convshape_arith::shape::{MAX_RANK, Shape};
use proc_macro2::Span;

use crate::diagnose::{self, Report};
use crate::fields::Setting;
use crate::numbers::Numbers;
use crate::syntax::{Args, SizeExpr, Value};
use crate::words::{self, FieldWords, Lookup, Takes};

/// What a field's value comes to. `Ok(None)` is a hole.
pub(crate) fn settle(
    field: &FieldWords,
    value: &Value,
    numbers: &Numbers,
    dialect: Dialect,
) -> Result<Option<Setting>, Report> {
    if let Value::Hole(span) = value {
        return if field.hole { Ok(None) } else { Err(diagnose::hole_not_allowed(field.name, *span)) };
    }
    let wrong = || diagnose::wrong_value(field, value);
    let setting = match field.takes {
        Takes::Size => Setting::Int(number(value, numbers, &wrong)?),
        Takes::SizePerAxis => per_axis(value, numbers, &wrong)?,
        Takes::SizePerAxisOr(known) => match value {
            Value::Word(_) | Value::Str(_) if !is_number(value, numbers) => {
                Setting::Word(word(field, value, known, dialect)?)
            }
            _ => per_axis(value, numbers, &wrong)?,
        },
        Takes::Padding(known) => match value {
            Value::Word(_) | Value::Str(_) if !is_number(value, numbers) => {
                Setting::Word(word(field, value, known, dialect)?)
            }
            Value::Pairs(..) => pairs(value, numbers, &wrong)?,
            _ => per_axis(value, numbers, &wrong)?,
        },
        Takes::Amount => match value {
            Value::Pairs(..) => pairs(value, numbers, &wrong)?,
            _ => per_axis(value, numbers, &wrong)?,
        },
        Takes::Float => Setting::Float(float(value, numbers, &wrong)?),
        Takes::FloatPerAxis => match value {
            Value::Tuple(values, span) => {
                let mut all = [0.0; MAX_SPATIAL];
                let axes = axes(values.len(), *span)?;
                for (place, value) in all.iter_mut().zip(values) {
                    *place = float(value, numbers, &wrong)?;
                }
                Setting::Floats { values: all, axes: Some(axes) }
            }
            _ => Setting::Floats { values: [float(value, numbers, &wrong)?; MAX_SPATIAL], axes: None },
        },
        Takes::Bool => match value {
            Value::Bool { value, .. } => Setting::Bool(*value),
            _ => return Err(wrong()),
        },
        Takes::Word(known) => Setting::Word(word(field, value, known, dialect)?),
        Takes::Shape => Setting::Shape(shape(value, numbers, &wrong)?),
        Takes::Range => match value {
            Value::Range(range) => {
                let Some(high) = &range.high else { return Err(wrong()) };
                let end = numbers.int(high)?;
                let end = if range.inclusive { end.saturating_add(1) } else { end };
                Setting::Range(numbers.int(&range.low)?, end)
            }
            _ => return Err(wrong()),
        },
        // Names, activations and dialects are bound by the resolver.
        Takes::Name | Takes::Activation | Takes::Dialect => return Err(wrong()),
    };
    Ok(Some(setting))
}

/// The dialect that a layer's or activation's arguments name, if there is one of that name.
pub(crate) fn written_dialect(args: &Args) -> Option<Dialect> {
    words::dialect_from_name(&args.field("dialect")?.value.text()?)
}

type Wrong<'a> = &'a dyn Fn() -> Report;

fn number(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<i64, Report> {
    match value {
        Value::Size(size) => numbers.int(size),
        Value::Word(name) => numbers.int(&SizeExpr::Name(name.clone())),
        _ => Err(wrong()),
    }
}

fn is_number(value: &Value, numbers: &Numbers) -> bool {
    // A constant is written in capitals, a word of the language never begins so.
    matches!(value, Value::Word(name) if numbers.get(&name.to_string()).is_some()
        || name.to_string().chars().all(|letter| !letter.is_lowercase()))
}

#[expect(clippy::cast_precision_loss, reason = "a factor written as a whole number")]
fn float(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<f64, Report> {
    match value {
        Value::Float { value, .. } => Ok(*value),
        _ => number(value, numbers, wrong).map(|value| value as f64),
    }
}

fn axes(written: usize, span: Span) -> Result<usize, Report> {
    if (1..=MAX_SPATIAL).contains(&written) { Ok(written) } else { Err(diagnose::too_many_axes(written, span)) }
}

fn per_axis(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<Setting, Report> {
    match value {
        Value::Tuple(values, span) => {
            let mut all = [0; MAX_SPATIAL];
            let axes = axes(values.len(), *span)?;
            for (place, value) in all.iter_mut().zip(values) {
                *place = number(value, numbers, wrong)?;
            }
            Ok(Setting::Ints { values: all, axes: Some(axes) })
        }
        _ => Ok(Setting::Ints { values: [number(value, numbers, wrong)?; MAX_SPATIAL], axes: None }),
    }
}

fn pairs(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<Setting, Report> {
    let Value::Pairs(pairs, span) = value else { return Err(wrong()) };
    let mut all = [(0, 0); MAX_SPATIAL];
    let axes = axes(pairs.len(), *span)?;
    for (place, (lo, hi)) in all.iter_mut().zip(pairs) {
        *place = (number(lo, numbers, wrong)?, number(hi, numbers, wrong)?);
    }
    Ok(Setting::Pairs { values: all, axes: Some(axes) })
}

/// `[16, 4, 4]`, `(16, 4, 4)` or `16`.
fn shape(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<Shape, Report> {
    match value {
        // Whether the batch or an open size was meant is not known.
        Value::Shape(pattern) if pattern.batch => Err(Report::silent()),
        Value::Shape(pattern) => numbers.shape(pattern),
        Value::Tuple(values, span) => {
            if values.len() > MAX_RANK {
                return Err(diagnose::shape_rank(values.len(), *span));
            }
            let mut sizes = Vec::new();
            for value in values {
                sizes.push(number(value, numbers, wrong)?);
            }
            Ok(Shape::of(&sizes))
        }
        _ => Ok(Shape::of(&[number(value, numbers, wrong)?])),
    }
}

fn word(
    field: &FieldWords,
    value: &Value,
    known: &'static [words::Word],
    dialect: Dialect,
) -> Result<&'static str, Report> {
    let (text, span) = match value {
        Value::Word(word) => (word.to_string(), word.span()),
        Value::Str(text) => (text.value(), text.span()),
        _ => return Err(diagnose::wrong_value(field, value)),
    };
    // The language's words are lower case, and so are PyTorch's strings. The other frameworks write
    // theirs in either case.
    let exact = matches!(value, Value::Word(_)) || dialect == Dialect::Torch;
    match words::find_word(known, &text, dialect) {
        Lookup::Found(word) if exact && text.replace('-', "_") != word => {
            Err(diagnose::unknown_word(field.name, &text, Some(word.to_owned()), known, dialect, span))
        }
        Lookup::Found(word) => Ok(word),
        Lookup::Elsewhere { words, dialects } => {
            Err(diagnose::word_elsewhere(field.name, words, dialects, dialect, span))
        }
        Lookup::Unknown { nearest } => Err(diagnose::unknown_word(field.name, &text, nearest, known, dialect, span)),
    }
}
