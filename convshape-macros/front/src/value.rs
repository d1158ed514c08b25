//! Turns written values into [`Setting`]s: sizes are computed, words looked up.

use std::fmt::Display;

use convshape_arith::op::Init;
use convshape_arith::op::{Axes, Axis, Constant, Dialect, MAX_SPATIAL};
use convshape_arith::operator::Operator;
use convshape_arith::shape::{MAX_RANK, Shape};
use convshape_arith::size::Size;
use proc_macro2::Span;
use quote::ToTokens;

use crate::diagnose::{self, Report};
use crate::fields::Setting;
use crate::numbers::{Bound, Numbers};
use crate::syntax::{Args, SizeExpr, Value};
use crate::unseen::Unseen;
use crate::words::{self, FieldWords, Lookup, Takes};

/// A field's value, which is given under this name. `Ok(None)` is a hole.
pub(crate) fn settle(
    field: &FieldWords,
    name: &str,
    value: &Value,
    numbers: &Numbers,
    dialect: Dialect,
) -> Result<Option<Setting>, Report> {
    if let Value::Hole(span) = value {
        return if field.hole { Ok(None) } else { Err(diagnose::hole_not_allowed(field.name, *span)) };
    }
    let takes = field.takes_as(name, dialect);
    // A framework's own word that takes another kind of value.
    let own = matches!(takes, Takes::AxesWithBatch | Takes::Pads(_));
    let wrong = || diagnose::wrong_value(if own { name } else { field.name }, takes, value);
    let word_of = |known: &'static [words::Word]| match value.text() {
        Some(text) if !is_number(value, &text, known, numbers) => word(field, value, known, numbers, dialect).map(Some),
        _ => Ok(None),
    };
    let setting = match takes {
        Takes::Size => Setting::Int(number(value, numbers, &wrong)?),
        Takes::SizePerAxis => per_axis(value, numbers, &wrong)?,
        Takes::SizePerAxisOr(known) => match word_of(known)? {
            Some(word) => Setting::Word(word),
            None => per_axis(value, numbers, &wrong)?,
        },
        Takes::Padding(known) => match word_of(known)? {
            Some(word) => Setting::Word(word),
            None => amount(value, numbers, &wrong)?,
        },
        Takes::Pads(known) => match word_of(known)? {
            Some(word) => Setting::Word(word),
            None => in_a_row(value, numbers, &wrong, |rows, axis, axes| (rows[axis], rows[axes + axis]))?,
        },
        Takes::Amount if name == "pads" => border_of_all(value, numbers, &wrong)?,
        Takes::Amount => amount(value, numbers, &wrong)?,
        Takes::Sides => in_a_row(value, numbers, &wrong, |rows, axis, axes| {
            let last = axes - 1 - axis;
            (rows[2 * last], rows[2 * last + 1])
        })?,
        Takes::Float => Setting::Float(real(value, numbers, &wrong)?),
        Takes::FloatPerAxis => factors(name, value, numbers, &wrong)?,
        Takes::FactorPerAxis => whole_factors(factors(name, value, numbers, &wrong)?, &wrong)?,
        Takes::Bool => Setting::Bool(truth(value, numbers, dialect).ok_or_else(wrong)?),
        Takes::Word(known) => Setting::Word(word(field, value, known, numbers, dialect)?),
        Takes::Shape => Setting::Shape(shape(value, numbers, &wrong)?),
        Takes::Range => range(value, numbers, &wrong)?,
        Takes::Pieces => pieces(value, numbers, &wrong)?,
        Takes::Axes | Takes::AxesWithBatch => {
            let items = value.items().unwrap_or(std::slice::from_ref(value));
            Setting::Axes(axes_of(items, matches!(takes, Takes::AxesWithBatch), numbers, &wrong)?)
        }
        Takes::Init => Setting::Init(init(value, numbers, &wrong)?),
        Takes::Array => Setting::Array(array(value, numbers, &wrong)?),
        // Names, activations and dialects are bound by the resolver.
        Takes::Name | Takes::Activation | Takes::Dialect => return Err(wrong()),
    };
    Ok(Some(setting))
}

/// One real number for all axes, or one per axis.
fn factors(name: &str, value: &Value, numbers: &Numbers, wrong: &impl Fn() -> Report) -> Result<Setting, Report> {
    let each = match (each_axis(value, numbers, Numbers::real), value.items()) {
        (Some(each), _) => each?,
        (None, Some(items)) => {
            items.iter().map(|item| real(item, numbers, wrong)).collect::<Result<Vec<f64>, Report>>()?
        }
        (None, None) => {
            return Ok(Setting::Floats { values: [real(value, numbers, wrong)?; MAX_SPATIAL], axes: None });
        }
    };
    // ONNX's `scales` begin with the batch and the channels.
    let each = each.strip_prefix(&[1.0, 1.0]).filter(|rest| name == "scales" && !rest.is_empty()).unwrap_or(&each);
    let (values, axes) = for_axes(each, value.span())?;
    Ok(Setting::Floats { values, axes: Some(axes) })
}

fn whole_factors(setting: Setting, wrong: &impl Fn() -> Report) -> Result<Setting, Report> {
    if let Setting::Floats { values, axes } = &setting
        && values[..axes.unwrap_or(1)].iter().any(|factor| factor.fract() != 0.0 && !Unseen::is_real(*factor))
    {
        let factors: Vec<String> = values[..axes.unwrap_or(1)].iter().map(ToString::to_string).collect();
        let factors = if factors.len() == 1 { factors.concat() } else { format!("({})", factors.join(", ")) };
        return Err(wrong()
            .note("keras resizes by whole factors")
            .help(format_args!("resize as PyTorch does: `Upsample({factors}, dialect: torch)`")));
    }
    Ok(setting)
}

/// `0..16`, `4..`, `..-3`
fn range(value: &Value, numbers: &Numbers, wrong: &impl Fn() -> Report) -> Result<Setting, Report> {
    let Value::Range(range) = value else { return Err(wrong()) };
    let end = match &range.high {
        Some(SizeExpr::Int { value: -1, .. }) if range.inclusive => None,
        Some(last) if range.inclusive => Some(numbers.int(&after(last))?),
        Some(end) => Some(numbers.int(end)?),
        None => None,
    };
    Ok(Setting::Range(numbers.int(&range.low)?, end))
}

/// `last + 1`, which const evaluation computes if the macro cannot.
fn after(last: &SizeExpr) -> SizeExpr {
    let (span, one) = (last.span(), Box::new(SizeExpr::Int { value: 1, span: last.span() }));
    SizeExpr::Binary { span, left: Box::new(last.clone()), operator: Operator::Add, right: one }
}

/// `0.5`, `normal(0.02)` or `uniform(0.1)`.
fn init(value: &Value, numbers: &Numbers, wrong: &impl Fn() -> Report) -> Result<Init, Report> {
    let Value::Call { name, args } = value else { return Ok(Init::Constant(real(value, numbers, wrong)?)) };
    let ([scale], []) = (&args.positional[..], &args.fields[..]) else { return Err(wrong()) };
    match name.to_string().as_str() {
        "normal" => Ok(Init::Normal { deviation: real(scale, numbers, wrong)? }),
        "uniform" => Ok(Init::Uniform { bound: real(scale, numbers, wrong)? }),
        _ => Err(wrong()),
    }
}

/// The dialect named in a layer's or activation's arguments, if it exists.
pub(crate) fn written_dialect(args: &Args) -> Option<Dialect> {
    words::dialect_from_name(&args.field("dialect")?.value.text()?)
}

/// Axes by number or name. If the batch counts, it is axis 0 and may only come first, in a list of all axes.
pub(crate) fn axes_of(items: &[Value], batch: bool, numbers: &Numbers, wrong: Wrong<'_>) -> Result<Axes, Report> {
    let mut axes = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let named = match item {
            Value::Word(word) => {
                let found = |axis: &Axis| axis.name() == Some(word.to_string().as_str());
                Axis::NAMED.into_iter().find(found).filter(|_| numbers.get(&word.to_string()).is_none())
            }
            _ => None,
        };
        let axis = match named {
            Some(axis) => axis,
            None => match number(item, numbers, wrong)? {
                0 if batch && place == 0 && items.len() > 1 => continue,
                0 if batch => return Err(wrong().note("0 is the batch, which no layer mixes")),
                at if batch && at > 0 => Axis::At(at - 1),
                at => Axis::At(at),
            },
        };
        axes.push(axis);
    }
    Axes::of(&axes).ok_or_else(wrong)
}

pub(crate) type Wrong<'a> = &'a dyn Fn() -> Report;

fn number(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<i64, Report> {
    match value {
        Value::Size(size) if size.has_decimals() => Err(wrong()),
        Value::Size(size) => numbers.int(size),
        Value::Word(name) => numbers.int(&SizeExpr::Name(name.clone())),
        // Reported by the parser.
        Value::Broken(_) => Err(Report::silent()),
        _ => Err(wrong()),
    }
}

pub(crate) fn real(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<f64, Report> {
    match value {
        Value::Size(number) => numbers.real(number),
        Value::Word(name) => numbers.real(&SizeExpr::Name(name.clone())),
        Value::Broken(_) => Err(Report::silent()),
        _ => Err(wrong()),
    }
}

/// Whether a single name is a number's and not one of these words: constants begin with a capital, words of the
/// language never do.
fn is_number(value: &Value, text: &str, known: &[words::Word], numbers: &Numbers) -> bool {
    let capitals = text.chars().all(|letter| !letter.is_lowercase());
    let like_a_word = || known.iter().any(|word| word.name.eq_ignore_ascii_case(text));
    matches!(value, Value::Word(_)) && (numbers.get(text).is_some() || capitals && !like_a_word())
}

/// `true` or `false`, which ONNX writes as numbers.
pub(crate) fn truth(value: &Value, numbers: &Numbers, dialect: Dialect) -> Option<bool> {
    match value {
        Value::Word(name) => match numbers.get(&name.to_string()) {
            Some(Bound::Bool(value)) => Some(*value),
            _ => None,
        },
        Value::Bool { value, .. } => Some(*value),
        Value::Size(SizeExpr::Int { value: number @ (0 | 1), .. }) if dialect == Dialect::Onnx => Some(*number == 1),
        _ => None,
    }
}

/// `2`, or `[64, 80]`. If const evaluation knows the sizes, it also computes the ends of the pieces, which are sums.
fn pieces(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<Setting, Report> {
    if let Some(sizes) = each_axis(value, numbers, Numbers::int) {
        let sum = |end: &mut i64, size: i64| {
            *end = end.saturating_add(size);
            Some(*end)
        };
        return Ok(Setting::Pieces(sizes?.into_iter().scan(0, sum).collect()));
    }
    let Some(items) = value.items() else {
        let count = number(value, numbers, wrong)?;
        return if Unseen::is(count) { Err(diagnose::unseen_pieces(value)) } else { Ok(Setting::Int(count)) };
    };
    let mut end: Option<SizeExpr> = None;
    let mut ends = Vec::new();
    for item in items {
        let size = match item {
            Value::Size(size) if !size.has_decimals() => size.clone(),
            Value::Word(name) => SizeExpr::Name(name.clone()),
            Value::Broken(_) => return Err(Report::silent()),
            _ => return Err(wrong()),
        };
        let sum = match end {
            None => size,
            Some(before) => SizeExpr::Binary {
                span: size.span(),
                left: Box::new(before),
                operator: Operator::Add,
                right: Box::new(size),
            },
        };
        ends.push(numbers.int(&sum)?);
        end = Some(sum);
    }
    if ends.is_empty() { Err(wrong()) } else { Ok(Setting::Pieces(ends)) }
}

/// The path of an array, which only the compiler knows.
fn array(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<Constant, Report> {
    let path = match value {
        Value::Size(SizeExpr::Path { tokens, .. }) => tokens.clone(),
        Value::Size(SizeExpr::Name(name)) | Value::Word(name) if numbers.get(&name.to_string()).is_none() => {
            name.to_token_stream()
        }
        Value::Broken(_) => return Err(Report::silent()),
        _ => return Err(wrong()),
    };
    Ok(numbers.array(path))
}

fn axes(written: usize, span: Span) -> Result<usize, Report> {
    if (1..=MAX_SPATIAL).contains(&written) { Ok(written) } else { Err(diagnose::too_many_axes(written, span)) }
}

/// The values of spatial axes, where the batch and the channels are written too: in front, or around them.
fn of_space<T: Copy + PartialEq + Display>(all: &[T]) -> Option<String> {
    let [first, inner @ .., last] = all else { return None };
    let space = match first == last && inner.iter().any(|value| value != first) {
        true if inner.len() == 2 => inner,
        _ => all.get(2..)?,
    };
    let space: Vec<String> = space.iter().map(T::to_string).collect();
    Some(format!("[{}]", space.join(", ")))
}

/// The values in front, and how many there are.
fn for_axes<T: Copy + Default + PartialEq + Display>(
    each: &[T],
    span: Span,
) -> Result<([T; MAX_SPATIAL], usize), Report> {
    let axes = axes(each.len(), span).map_err(|report| match of_space(each) {
        Some(space) if each.len() <= MAX_SPATIAL + 2 => {
            report.help(format_args!("write `{space}`, without the batch and the channels"))
        }
        _ => report,
    })?;
    let mut all = [T::default(); MAX_SPATIAL];
    all[..axes].copy_from_slice(each);
    Ok((all, axes))
}

/// `3`, `(3, 5)` or `[3, 5]`.
fn per_axis(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<Setting, Report> {
    let each: Vec<i64> = match (each_axis(value, numbers, Numbers::int), value.items()) {
        (Some(each), _) => each?,
        (None, Some(items)) => items.iter().map(|item| number(item, numbers, wrong)).collect::<Result<_, Report>>()?,
        (None, None) => {
            return Ok(Setting::Ints { values: [number(value, numbers, wrong)?; MAX_SPATIAL], axes: None });
        }
    };
    let (values, axes) = for_axes(&each, value.span())?;
    Ok(Setting::Ints { values, axes: Some(axes) })
}

/// The values of arithmetic with a name that has a size per axis; `None` for anything else.
fn each_axis<T>(
    value: &Value,
    numbers: &Numbers,
    read: impl Fn(&Numbers, &SizeExpr) -> Result<T, Report>,
) -> Option<Result<Vec<T>, Report>> {
    let size = match value {
        Value::Size(size) => size.clone(),
        Value::Word(name) => SizeExpr::Name(name.clone()),
        _ => return None,
    };
    let axes = numbers.axes(&size)?;
    Some((0..axes).map(|axis| read(&numbers.on_axis(axis), &size)).collect())
}

/// Rows for all axes, per axis, or per axis and side: `1`, `(1, 2)`, `[(0, 1), (1, 1)]`.
fn amount(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<Setting, Report> {
    let items = value.items().unwrap_or_default();
    if !items.iter().any(|item| item.items().is_some()) {
        if items.len() > MAX_SPATIAL && items.len().is_multiple_of(2) {
            let rows: Vec<i64> = items.iter().map(|item| number(item, numbers, wrong)).collect::<Result<_, _>>()?;
            return Err(diagnose::sides_in_a_row(&rows, value.span()));
        }
        return per_axis(value, numbers, wrong);
    }
    let mut all = [(0, 0); MAX_SPATIAL];
    let axes = axes(items.len(), value.span())?;
    for (place, item) in all.iter_mut().zip(items) {
        let Some([low, high]) = item.items() else { return Err(diagnose::no_pair(item)) };
        *place = (number(low, numbers, wrong)?, number(high, numbers, wrong)?);
    }
    Ok(Setting::Pairs { values: all, axes: Some(axes) })
}

/// ONNX's border: the low sides of all axes, then the high ones, with the batch and the channels in front.
fn border_of_all(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<Setting, Report> {
    let items = value.items().filter(|items| items.len().is_multiple_of(2)).ok_or_else(wrong)?;
    let rows: Vec<i64> = items.iter().map(|item| number(item, numbers, wrong)).collect::<Result<_, _>>()?;
    let (low, high) = rows.split_at(rows.len() / 2);
    let pairs: Vec<(i64, i64)> = low.iter().copied().zip(high.iter().copied()).collect();
    match pairs.as_slice() {
        [(0, 0), (0, 0), space @ ..] if !space.is_empty() => pairs_of(space, value.span()),
        [(0, 0), channels, space @ ..] if !space.is_empty() && space.iter().all(|pair| *pair == (0, 0)) => {
            Err(diagnose::border_of_channels(*channels, value.span()))
        }
        all => pairs_of(all, value.span()),
    }
}

fn pairs_of(pairs: &[(i64, i64)], span: Span) -> Result<Setting, Report> {
    let axes = axes(pairs.len(), span)?;
    let mut values = [(0, 0); MAX_SPATIAL];
    values[..axes].copy_from_slice(pairs);
    Ok(Setting::Pairs { values, axes: Some(axes) })
}

/// Both sides of every axis in one row; `pick` finds those of an axis.
fn in_a_row(
    value: &Value,
    numbers: &Numbers,
    wrong: Wrong<'_>,
    pick: impl Fn(&[i64], usize, usize) -> (i64, i64),
) -> Result<Setting, Report> {
    let items = value.items().unwrap_or_default();
    if items.is_empty() || items.iter().any(|item| item.items().is_some()) {
        return amount(value, numbers, wrong);
    }
    if !items.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let mut rows = Vec::new();
    for item in items {
        rows.push(number(item, numbers, wrong)?);
    }
    let axes = axes(items.len() / 2, value.span())?;
    let mut all = [(0, 0); MAX_SPATIAL];
    for (axis, place) in all.iter_mut().enumerate().take(axes) {
        *place = pick(&rows, axis, axes);
    }
    Ok(Setting::Pairs { values: all, axes: Some(axes) })
}

/// `[16, 4, 4]`, `(16, 4, 4)` or `16`; `_` is unknown.
fn shape(value: &Value, numbers: &Numbers, wrong: Wrong<'_>) -> Result<Shape, Report> {
    let Some(items) = value.items() else { return Ok(Shape::of(&[number(value, numbers, wrong)?])) };
    if items.is_empty() || items.len() > MAX_RANK {
        return Err(diagnose::shape_rank(items.len(), value.span()));
    }
    let mut sizes = Vec::new();
    for item in items {
        sizes.push(match item {
            Value::Hole(_) => Size::Unknown,
            Value::Size(SizeExpr::Int { value: -1, span }) if sizes.is_empty() => {
                return Err(diagnose::batch_axis("-1", *span));
            }
            Value::Size(size) if !size.has_decimals() => numbers.size(size)?,
            Value::Word(name) => numbers.size(&SizeExpr::Name(name.clone()))?,
            // Reported by the parser, because it is unclear whether the batch or an open size was meant.
            Value::Broken(_) => return Err(Report::silent()),
            _ => return Err(wrong()),
        });
    }
    Ok(Shape::new(&sizes, numbers.scope()))
}

fn word(
    field: &FieldWords,
    value: &Value,
    known: &'static [words::Word],
    numbers: &Numbers,
    dialect: Dialect,
) -> Result<&'static str, Report> {
    if let Value::Word(word) = value
        && let Some(bound) = numbers.get(&word.to_string())
    {
        return Err(diagnose::bound_as_word(field.name, word, bound.kind()));
    }
    let (Some(text), span) = (value.text(), value.span()) else {
        return Err(diagnose::wrong_value(field.name, field.takes, value));
    };
    // The language's words are lower case, and so are PyTorch's strings. The other frameworks use either case.
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
