//! Fields as values: the text becomes a [`Setting`], which changes an [`Op`]. Defaults are those of the dialect's
//! framework.

mod set;

use std::fmt;

use convshape_arith::op::{
    Activation, Amount, Attention, Axes, Axis, Cell, Constant, Conv, Custom, DepthOrder, Dialect, Direction,
    DropTogether, Interpolation, MAX_SPATIAL, MultiHead, Op, PaddingMode, PerAxis, Pieces, Pool, PoolKind, Recurrent,
    Reduction, ResizeTo, SeparableConv, Source, Upsample,
};
use convshape_arith::param::Init;
use convshape_arith::shape::Shape;

use crate::unseen::{Unseen, visible};
use crate::words::Kind;

pub(crate) use self::set::{padding, set};

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
    Range(i64, i64),
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
            Setting::Range(start, end) => Unseen::is(*start) || Unseen::is(*end),
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

/// Whether a number of an activation is hidden from the macro.
pub(crate) fn unseen_activation(op: &Op) -> bool {
    match *op {
        Op::Activation(Activation::LeakyRelu { slope: number })
        | Op::Activation(
            Activation::Elu { alpha: number }
            | Activation::Hardsigmoid { alpha: number }
            | Activation::Celu { alpha: number }
            | Activation::Pow { exponent: number }
            | Activation::AddScalar { by: number },
        ) => Unseen::is_real(number),
        Op::Activation(Activation::Clamp { min, max } | Activation::Hardtanh { min, max }) => {
            Unseen::is_real(min) || Unseen::is_real(max)
        }
        _ => false,
    }
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
            Setting::Range(start, end) => write!(f, "{start}..{end}"),
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

/// The fields that a layer requires; of several in one row, at least one.
pub(crate) fn required(kind: Kind, dialect: Dialect) -> &'static [&'static [&'static str]] {
    match kind {
        // `lax.conv_transpose` has no default.
        Kind::ConvTranspose if dialect == Dialect::Jax => &[&["out_channels"], &["kernel"], &["padding"]],
        Kind::DepthwiseConv => &[&["kernel"]],
        Kind::ConvGeneralDilated | Kind::SeparableConv => &[&["out_channels"], &["kernel"]],
        Kind::Conv | Kind::ConvTranspose => &[&["out_channels"], &["kernel"]],
        // Its windows have 2 rows by default.
        Kind::MaxPool | Kind::AvgPool if dialect == Dialect::Keras => &[],
        Kind::MaxPool | Kind::AvgPool => &[&["kernel"]],
        Kind::AdaptiveAvgPool | Kind::AdaptiveMaxPool => &[&["size"]],
        Kind::Upsample => &[&["scale", "size", "like"]],
        Kind::UpsamplingNearest | Kind::UpsamplingBilinear => &[&["scale", "size"]],
        Kind::ZeroPad | Kind::ReflectionPad | Kind::ReplicationPad | Kind::CircularPad => &[&["amount"]],
        Kind::ConstantPad => &[&["amount"], &["value"]],
        Kind::Input => &[&["shape"]],
        Kind::Activation => &[&["function"]],
        // `jax.lax` has no such layer and therefore no default.
        Kind::LayerNorm | Kind::RmsNorm if dialect == Dialect::Jax => &[&["size"]],
        Kind::LocalResponseNorm => &[&["size"]],
        Kind::ChannelShuffle => &[&["groups"]],
        Kind::StochasticDepth => &[&["p"]],
        Kind::PixelShuffle | Kind::PixelUnshuffle | Kind::DepthToSpace => &[&["factor"]],
        Kind::Pad | Kind::Crop => &[&["amount", "like"]],
        Kind::Slice => &[&["channels"]],
        Kind::Split => &[&["pieces"]],
        Kind::Linear | Kind::Lstm | Kind::Gru | Kind::Rnn => &[&["out_channels"]],
        Kind::Reshape => &[&["shape", "like"]],
        Kind::Unflatten => &[&["axis"], &["sizes"]],
        Kind::Scale => &[&["by"]],
        Kind::GroupNorm if !matches!(dialect, Dialect::Flax | Dialect::Keras) => &[&["groups"]],
        Kind::Clamp => &[&["min", "max"]],
        Kind::Transpose if dialect == Dialect::Onnx => &[&["axes", "perm"]],
        Kind::Permute | Kind::Transpose => &[&["axes"]],
        Kind::Parameter => &[&["shape"]],
        Kind::Arange => &[&["count"]],
        Kind::Constant => &[&["array"], &["shape"]],
        Kind::Pow => &[&["exponent"]],
        Kind::AddScalar => &[&["by"]],
        _ => &[],
    }
}

/// Fields that exclude each other.
pub(crate) fn exclusive(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Upsample => &["scale", "size", "like"],
        Kind::UpsamplingNearest | Kind::UpsamplingBilinear => &["scale", "size"],
        Kind::Pad | Kind::Crop => &["amount", "like"],
        Kind::Reshape => &["shape", "like"],
        _ => &[],
    }
}

/// The layer with all defaults. `None` for layers that exist only as words.
pub(crate) fn default_op(kind: Kind, rank: usize, dialect: Dialect) -> Option<Op> {
    let ones = [1; MAX_SPATIAL];
    let conv = |direction| Op::Conv(Conv::new(dialect, direction, rank));
    let pool = |kind| {
        let pool = Pool::new(dialect, kind, rank);
        Op::Pool(if dialect == Dialect::Keras { Pool { kernel: [2; MAX_SPATIAL], ..pool } } else { pool })
    };
    let adaptive = |kind| Op::AdaptivePool { kind, rank, size: ones };
    let global = |kind| Op::GlobalPool { kind, keep_axes: dialect == Dialect::Onnx };
    let no_rows = Amount::Pairs { rank: None, pairs: [(0, 0); MAX_SPATIAL] };
    let border = |mode| Op::Pad { amount: no_rows, mode, value: 0.0 };
    let activation = |activation| Some(Op::Activation(activation));
    let op = match kind {
        Kind::Conv => conv(Direction::Forward),
        Kind::ConvTranspose => conv(Direction::Transposed),
        Kind::MaxPool => pool(PoolKind::Max),
        Kind::AvgPool => pool(PoolKind::Avg),
        Kind::AdaptiveAvgPool => adaptive(PoolKind::Avg),
        Kind::Custom => Op::Custom { layer: Custom::later(0), count: 1, shape: Shape::unknown(1) },
        Kind::MaxUnpool => Op::MaxUnpool(Pool::new(dialect, PoolKind::Max, rank)),
        Kind::AdaptiveMaxPool => adaptive(PoolKind::Max),
        Kind::GlobalAvgPool => global(PoolKind::Avg),
        Kind::GlobalMaxPool => global(PoolKind::Max),
        Kind::UpSampling => Op::Upsample(Upsample {
            rank: None,
            to: ResizeTo::Scale([2.0; MAX_SPATIAL]),
            mode: Interpolation::Nearest,
            align_corners: None,
        }),
        Kind::UpsamplingNearest => {
            Op::Upsample(Upsample { rank: None, to: ResizeTo::Like, mode: Interpolation::Nearest, align_corners: None })
        }
        Kind::UpsamplingBilinear => Op::Upsample(Upsample {
            rank: None,
            to: ResizeTo::Like,
            mode: Interpolation::Bilinear,
            align_corners: Some(true),
        }),
        Kind::Upsample => {
            let mode = match dialect {
                // `jax.image.resize` takes the element with the nearest centre, PyTorch rounds the index down.
                Dialect::Jax | Dialect::Flax => Interpolation::NearestExact,
                Dialect::Torch | Dialect::Onnx | Dialect::Keras => Interpolation::Nearest,
            };
            Op::Upsample(Upsample { rank: None, to: ResizeTo::Like, mode, align_corners: None })
        }
        Kind::PixelShuffle => Op::PixelShuffle { factor: 1 },
        Kind::PixelUnshuffle => Op::PixelUnshuffle { factor: 1 },
        Kind::DepthToSpace => Op::DepthToSpace { factor: 1, order: DepthOrder::Dcr },
        Kind::ChannelShuffle => Op::ChannelShuffle { groups: 1 },
        Kind::Pad | Kind::ZeroPad | Kind::ConstantPad => border(PaddingMode::Zeros),
        Kind::ReflectionPad => border(PaddingMode::Reflect),
        Kind::ReplicationPad => border(PaddingMode::Replicate),
        Kind::CircularPad => border(PaddingMode::Circular),
        Kind::Crop => Op::Crop { amount: no_rows },
        Kind::Slice => Op::Slice { axis: Axis::Channels, start: 0, end: 0 },
        Kind::Split => Op::Split { axis: Axis::Channels, index: 0, pieces: Pieces::Equal { count: 0 } },
        Kind::Lstm => Op::Recurrent(Recurrent::new(dialect, Cell::Lstm)),
        Kind::Gru => Op::Recurrent(Recurrent::new(dialect, Cell::Gru { reset_after: dialect != Dialect::Onnx })),
        Kind::Rnn => Op::Recurrent(Recurrent::new(dialect, Cell::Rnn { relu: false })),
        Kind::Linear => Op::Linear { dialect, inputs: None, outputs: 0, bias: true },
        Kind::Flatten => Op::FLATTEN,
        Kind::Unflatten => Op::Unflatten { axis: Axis::At(0), sizes: Shape::of(&[]) },
        Kind::Reshape => Op::Reshape { shape: Shape::of(&[]) },
        Kind::Concat => Op::CONCAT,
        Kind::Stack => Op::Stack { axis: Axis::At(0) },
        Kind::MatMul => Op::MatMul { transpose_a: false, transpose_b: false },
        Kind::Attention => Op::Attention(Attention::new(dialect, 1)),
        Kind::MultiHead => Op::MultiHead(MultiHead::new(dialect)),
        Kind::Glu => Op::Glu { axis: Axis::At(-1) },
        Kind::Add => Op::Add,
        Kind::Mul => Op::Mul,
        Kind::Sub => Op::Sub,
        Kind::Div => Op::Div,
        Kind::Maximum => Op::Maximum,
        Kind::Minimum => Op::Minimum,
        Kind::Permute => Op::Permute { axes: Axes::NONE, swap: false },
        Kind::Transpose => Op::Permute { axes: Axes::NONE, swap: true },
        Kind::Mean => Op::Reduce { kind: Reduction::Mean, axes: None, keep: false },
        Kind::Sum => Op::Reduce { kind: Reduction::Sum, axes: None, keep: false },
        Kind::Max => Op::Reduce { kind: Reduction::Max, axes: None, keep: false },
        Kind::Min => Op::Reduce { kind: Reduction::Min, axes: None, keep: false },
        Kind::Scale => Op::Scale { by: 1.0 },
        Kind::BatchNorm => {
            let (eps, momentum) = match dialect {
                Dialect::Torch | Dialect::Jax => (1e-5, 0.1),
                // These frameworks write the weight of the old average.
                Dialect::Onnx => (1e-5, 1.0 - 0.9),
                Dialect::Flax => (1e-5, 1.0 - 0.99),
                Dialect::Keras => (1e-3, 1.0 - 0.99),
            };
            Op::BatchNorm { dialect, channels: None, eps, affine: true, momentum }
        }
        // PyTorch has no default and requires the number; flax and keras have 32.
        Kind::GroupNorm => Op::GroupNorm { dialect, channels: None, groups: 32, eps: norm_eps(dialect) },
        Kind::InstanceNorm => {
            let affine = matches!(dialect, Dialect::Flax | Dialect::Onnx);
            Op::InstanceNorm { dialect, channels: None, eps: norm_eps(dialect), affine }
        }
        Kind::LayerNorm => Op::LayerNorm { dialect, size: None, eps: norm_eps(dialect) },
        Kind::RmsNorm => {
            let eps = match dialect {
                // PyTorch's default is the distance from 1 to the next float.
                Dialect::Torch | Dialect::Jax => f64::from(f32::EPSILON),
                Dialect::Flax | Dialect::Keras => 1e-6,
                Dialect::Onnx => 1e-5,
            };
            Op::RmsNorm { dialect, size: None, eps }
        }
        Kind::LocalResponseNorm => Op::LocalResponseNorm { dialect, size: 0, alpha: 1e-4, beta: 0.75, k: 1.0 },
        Kind::LpNorm => Op::LpNorm { p: 2.0, axes: Axes::of(&[Axis::Channels])?, eps: 1e-12 },
        Kind::Prelu => Op::Prelu { channels: 1 },
        Kind::Snake => Op::Snake { channels: None },
        Kind::Softmax | Kind::LogSoftmax => Op::Softmax { axis: softmax_axis(dialect), log: kind == Kind::LogSoftmax },
        Kind::Dropout => Op::Dropout { p: 0.5, together: DropTogether::Element },
        Kind::ChannelDropout => Op::Dropout { p: 0.5, together: DropTogether::Channel },
        Kind::StochasticDepth => Op::Dropout { p: 0.5, together: DropTogether::Sample },
        Kind::Identity | Kind::Input => Op::Identity,
        Kind::Parameter => {
            let of = Source::Parameter { init: Init::Constant(0.0), trained: true };
            Op::Source { of, shape: Shape::of(&[1]) }
        }
        Kind::Constant => Op::Source { of: Source::Constant(Constant::later(0)), shape: Shape::of(&[1]) },
        Kind::Arange => Op::Source { of: Source::Arange, shape: Shape::of(&[1]) },
        // The resolver looks up its function.
        Kind::Activation => return None,
        Kind::Relu => return activation(Activation::Relu),
        Kind::Relu6 => return activation(Activation::Relu6),
        Kind::LeakyRelu => {
            return activation(Activation::LeakyRelu { slope: if dialect == Dialect::Keras { 0.3 } else { 0.01 } });
        }
        Kind::Elu => return activation(Activation::Elu { alpha: 1.0 }),
        Kind::Gelu => return activation(Activation::Gelu { tanh: matches!(dialect, Dialect::Flax | Dialect::Jax) }),
        Kind::Silu => return activation(Activation::Silu),
        Kind::Sigmoid => return activation(Activation::Sigmoid),
        Kind::Tanh => return activation(Activation::Tanh),
        Kind::Softplus => return activation(Activation::Softplus),
        Kind::Hardswish => return activation(Activation::Hardswish),
        Kind::Hardsigmoid => {
            let alpha = if dialect == Dialect::Onnx { 0.2 } else { 1.0 / 6.0 };
            return activation(Activation::Hardsigmoid { alpha });
        }
        Kind::Clamp => return activation(Activation::Clamp { min: f64::NEG_INFINITY, max: f64::INFINITY }),
        Kind::Exp => return activation(Activation::Exp),
        Kind::Hardtanh => return activation(Activation::Hardtanh { min: -1.0, max: 1.0 }),
        Kind::Mish => return activation(Activation::Mish),
        Kind::Selu => return activation(Activation::Selu),
        Kind::Celu => return activation(Activation::Celu { alpha: 1.0 }),
        Kind::Softsign => return activation(Activation::Softsign),
        Kind::LogSigmoid => return activation(Activation::LogSigmoid),
        Kind::Sqrt => return activation(Activation::Sqrt),
        Kind::Rsqrt => return activation(Activation::Rsqrt),
        Kind::Square => return activation(Activation::Square),
        Kind::Abs => return activation(Activation::Abs),
        Kind::Neg => Op::Scale { by: -1.0 },
        Kind::Log => return activation(Activation::Log),
        Kind::Sin => return activation(Activation::Sin),
        Kind::Cos => return activation(Activation::Cos),
        Kind::Pow => return activation(Activation::Pow { exponent: 1.0 }),
        Kind::AddScalar => return activation(Activation::AddScalar { by: 0.0 }),
        Kind::ConvGeneralDilated => conv(Direction::Forward),
        Kind::DepthwiseConv => {
            Op::Conv(Conv { depth_multiplier: Some(1), ..Conv::new(dialect, Direction::Forward, rank) })
        }
        Kind::SeparableConv => Op::SeparableConv(SeparableConv::new(rank)),
        Kind::Chain => return None,
    };
    Some(op)
}

/// The default axis of a softmax.
fn softmax_axis(dialect: Dialect) -> Axis {
    match dialect {
        Dialect::Onnx | Dialect::Jax => Axis::At(-1),
        Dialect::Torch | Dialect::Flax | Dialect::Keras => Axis::Channels,
    }
}

/// The default epsilon of group, instance and layer norms.
fn norm_eps(dialect: Dialect) -> f64 {
    match dialect {
        Dialect::Torch | Dialect::Onnx | Dialect::Jax => 1e-5,
        Dialect::Flax => 1e-6,
        Dialect::Keras => 1e-3,
    }
}
