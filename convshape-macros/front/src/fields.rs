//! Fields as values: the text becomes a [`Setting`], which changes an [`Op`].

mod set;

use std::fmt;

use convshape_arith::op::Init;
use convshape_arith::op::{Axes, Axis, Constant, Op, PerAxis, each_real};
use convshape_arith::shape::Shape;

use crate::unseen::{Unseen, visible};

pub(crate) use self::set::{name_in_op, set};

/// A field's value with its words looked up and its sizes computed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Setting {
    Int(i64),
    /// `axes`: how many were written; `None` if one applies to all axes.
    Ints {
        values: PerAxis<i64>,
        axes: Option<usize>,
    },
    Pairs {
        values: PerAxis<(i64, i64)>,
        axes: Option<usize>,
    },
    Float(f64),
    Floats {
        values: PerAxis<f64>,
        axes: Option<usize>,
    },
    Bool(bool),
    Word(&'static str),
    Shape(Shape),
    Range(i64, Option<i64>),
    /// The end of each piece of a split axis.
    Pieces(Vec<i64>),
    Axes(Axes),
    Init(Init),
    /// The path of an array.
    Array(Constant),
    /// `like: name`
    Like,
}

impl Setting {
    /// One number for all axes if they are equal, otherwise one each.
    pub(crate) fn ints(values: PerAxis<i64>, rank: usize) -> Setting {
        let equal = values[..rank].iter().all(|value| *value == values[0]);
        Setting::Ints { values, axes: (!equal).then_some(rank) }
    }

    /// The value for a different number of axes: its first entries, with the last one repeated if there are too few.
    pub(crate) fn for_axes(&self, rank: usize) -> Setting {
        fn resized<T: Copy>(values: &PerAxis<T>, axes: usize) -> PerAxis<T> {
            std::array::from_fn(|axis| values[axis.min(axes.max(1) - 1)])
        }
        match self {
            Setting::Ints { values, axes: Some(axes) } => Setting::ints(resized(values, *axes), rank),
            Setting::Pairs { values, axes: Some(axes) } => {
                Setting::Pairs { values: resized(values, *axes), axes: Some(rank) }
            }
            Setting::Floats { values, axes: Some(axes) } => {
                Setting::Floats { values: resized(values, *axes), axes: Some(rank) }
            }
            other => other.clone(),
        }
    }

    /// Whether it contains a number that the macro cannot see.
    pub(crate) fn unseen(&self) -> bool {
        match self {
            Setting::Int(value) => Unseen::is(*value),
            Setting::Ints { values, .. } => values.iter().any(|value| Unseen::is(*value)),
            Setting::Pairs { values, .. } => values.iter().any(|(lo, hi)| Unseen::is(*lo) || Unseen::is(*hi)),
            Setting::Range(start, end) => Unseen::is(*start) || end.is_some_and(Unseen::is),
            Setting::Pieces(ends) => ends.iter().any(|end| Unseen::is(*end)),
            Setting::Shape(shape) => visible(shape) != *shape,
            Setting::Float(value) => Unseen::is_real(*value),
            Setting::Floats { values, .. } => values.iter().any(|value| Unseen::is_real(*value)),
            Setting::Axes(axes) => axes.as_slice().iter().any(|axis| matches!(axis, Axis::At(at) if Unseen::is(*at))),
            Setting::Init(init) => Unseen::is_real(match *init {
                Init::Constant(number) | Init::Uniform { bound: number } => number,
                Init::Normal { deviation: number } | Init::TruncatedNormal { deviation: number } => number,
                Init::Orthogonal | Init::ForgetBias { .. } => 0.0,
            }),
            // Only the compiler checks it, whatever else the chain contains.
            Setting::Array(_) | Setting::Bool(_) | Setting::Word(_) | Setting::Like => false,
        }
    }

    /// The number of axes it was written for.
    pub(crate) fn axes(&self) -> Option<usize> {
        match self {
            Setting::Ints { axes, .. } | Setting::Pairs { axes, .. } | Setting::Floats { axes, .. } => *axes,
            _ => None,
        }
    }
}

/// Whether a real number of a layer is hidden from the macro.
pub(crate) fn unseen_reals(op: &Op) -> bool {
    let mut unseen = false;
    each_real(op, &mut |number| unseen |= Unseen::is_real(number));
    unseen
}

/// As written in the language.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T>(f: &mut fmt::Formatter<'_>, values: &[T], show: impl Fn(&T) -> String) -> fmt::Result {
            write!(f, "({})", values.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        match self {
            Setting::Int(value) => write!(f, "{value}"),
            Setting::Ints { values, axes: None } => write!(f, "{}", values[0]),
            Setting::Ints { values, axes: Some(axes) } => list(f, &values[..*axes], i64::to_string),
            Setting::Pairs { values, axes } => {
                let pairs: Vec<String> =
                    values[..axes.unwrap_or(1)].iter().map(|(lo, hi)| format!("({lo}, {hi})")).collect();
                write!(f, "[{}]", pairs.join(", "))
            }
            Setting::Float(value) => write!(f, "{value:?}"),
            // Factors, mostly integers.
            Setting::Floats { values, axes: None } => write!(f, "{}", values[0]),
            Setting::Floats { values, axes: Some(axes) } => list(f, &values[..*axes], f64::to_string),
            Setting::Bool(value) => write!(f, "{value}"),
            Setting::Word(word) => f.write_str(word),
            Setting::Shape(shape) => write!(f, "{shape}"),
            Setting::Range(start, Some(end)) => write!(f, "{start}..{end}"),
            Setting::Range(start, None) => write!(f, "{start}.."),
            Setting::Pieces(ends) => {
                let sizes = ends.iter().enumerate().map(|(place, end)| {
                    let start = place.checked_sub(1).map_or(0, |before| ends[before]);
                    end.saturating_sub(start).to_string()
                });
                write!(f, "[{}]", sizes.collect::<Vec<_>>().join(", "))
            }
            Setting::Axes(axes) => {
                let name = |axis: &Axis| match axis {
                    Axis::At(at) => at.to_string(),
                    named => named.name().unwrap_or_default().to_owned(),
                };
                match axes.as_slice() {
                    [axis] => f.write_str(&name(axis)),
                    axes => list(f, axes, name),
                }
            }
            // Words that `Parameter` does not have.
            Setting::Init(Init::Orthogonal | Init::ForgetBias { .. }) => f.write_str("_"),
            Setting::Init(Init::Constant(number)) => write!(f, "{number}"),
            Setting::Init(Init::Uniform { bound }) => write!(f, "uniform({bound})"),
            Setting::Init(Init::Normal { deviation } | Init::TruncatedNormal { deviation }) => {
                write!(f, "normal({deviation})")
            }
            Setting::Array(_) | Setting::Like => f.write_str("_"),
        }
    }
}
