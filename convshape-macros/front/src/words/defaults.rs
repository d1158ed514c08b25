//! The value of a field that is not written.

use convshape_arith::op::Init;
use convshape_arith::op::{Axes, Axis, Conv, Dialect, Direction, MAX_SPATIAL, Op};

use super::{FieldWords, LayerWords, Takes, Word};
use crate::fields::{self, Setting};

/// A field that is not written.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Unwritten {
    /// An error, unless a field that can replace it is given.
    Refused,
    /// This value.
    Is(String),
    /// Derived from the input or from other fields.
    Follows,
}

/// The numbers that are defaults of some field.
const REALS: &[f64] = &[
    0.0,
    1.0,
    -1.0,
    2.0,
    0.5,
    0.01,
    0.1,
    0.2,
    0.3,
    0.75,
    0.9,
    0.99,
    1e-3,
    1e-4,
    1e-5,
    1e-6,
    1e-12,
    // `torch.finfo(torch.float32).eps`
    f32::EPSILON as f64,
];
const INTS: &[i64] = &[0, 1, 2, 32];

/// The value of a layer's field if a chain of a dialect does not write it.
pub(crate) fn unwritten(row: &LayerWords, field: &FieldWords, dialect: Dialect) -> Unwritten {
    if row.required(dialect).any(|names| names.contains(&field.name)) {
        return Unwritten::Refused;
    }
    default(row, field, dialect).map_or(Unwritten::Follows, |setting| Unwritten::Is(setting.to_string()))
}

/// The value that gives the same layer as leaving the field out.
fn default(row: &LayerWords, field: &FieldWords, dialect: Dialect) -> Option<Setting> {
    let rank = row.ranks.first().copied().unwrap_or(2);
    let mut op = row.default_op(dialect, rank)?;
    if let Op::Pool(pool) = &mut op
        && field.name != "kernel"
    {
        // With these, a stride that follows the window is not among the candidates.
        pool.kernel = [7; MAX_SPATIAL];
        *pool = pool.with_default_stride();
    }
    candidates(field.takes, dialect).into_iter().find(|setting| {
        let mut written = op;
        fields::set(&mut written, field.name, setting) && settled(written) == settled(op)
    })
}

/// The layer with its defaults filled in. Without `output_padding` PyTorch and ONNX add no rows; Keras computes it.
pub(crate) fn settled(op: Op) -> Op {
    match op {
        Op::Conv(conv @ Conv { direction: Direction::Transposed, output_padding: None, .. })
            if conv.dialect != Dialect::Keras =>
        {
            Op::Conv(Conv { output_padding: Some([0; MAX_SPATIAL]), ..conv })
        }
        other => other,
    }
}

/// The candidates for a default.
fn candidates(takes: Takes, dialect: Dialect) -> Vec<Setting> {
    let named = |words: &[Word]| -> Vec<Setting> {
        words.iter().filter(|word| word.dialects.contains(&dialect)).map(|word| Setting::Word(word.name)).collect()
    };
    let per_axis = || INTS.iter().map(|value| Setting::Ints { values: [*value; MAX_SPATIAL], axes: None });
    match takes {
        Takes::Size => INTS.iter().map(|value| Setting::Int(*value)).collect(),
        Takes::SizePerAxis => per_axis().collect(),
        Takes::SizePerAxisOr(words) => named(words).into_iter().chain(per_axis()).collect(),
        Takes::Padding(words) | Takes::Pads(words) => per_axis().chain(named(words)).collect(),
        Takes::Float => REALS.iter().map(|value| Setting::Float(*value)).collect(),
        Takes::FloatPerAxis | Takes::FactorPerAxis => {
            REALS.iter().map(|value| Setting::Floats { values: [*value; MAX_SPATIAL], axes: None }).collect()
        }
        Takes::Bool => vec![Setting::Bool(false), Setting::Bool(true)],
        Takes::Word(words) => named(words),
        Takes::Axes | Takes::AxesWithBatch => {
            let axes = [Axis::Channels, Axis::At(0), Axis::At(-1)];
            axes.iter().filter_map(|axis| Axes::of(&[*axis])).map(Setting::Axes).collect()
        }
        Takes::Init => vec![Setting::Init(Init::Constant(0.0))],
        // No layer has a default for these.
        Takes::Amount
        | Takes::Sides
        | Takes::Shape
        | Takes::Range
        | Takes::Pieces
        | Takes::Name
        | Takes::Activation
        | Takes::Array
        | Takes::Dialect => Vec::new(),
    }
}
