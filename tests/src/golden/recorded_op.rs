//! A recorded call of any framework as a layer of the arithmetic, word by word, without computing anything.

use convshape_arith::op::{
    AutoPad, AxisOrder, Conv, Dialect, Direction, Interpolation, Op, Padding, PaddingMode, PerAxis, Pool, PoolKind,
    ResizeTo, SeparableConv, Upsample,
};
use convshape_arith::shape::Shape;

use super::{Framework, ShapeCase, Sides};

/// The dialect with a framework's layers.
pub fn dialect(framework: Framework) -> Dialect {
    match framework {
        Framework::Torch => Dialect::Torch,
        Framework::Jax => Dialect::Jax,
        Framework::Flax => Dialect::Flax,
        // keras with an `output_size` is `tf.nn`.
        Framework::Keras | Framework::Tf => Dialect::Keras,
        Framework::Onnx => Dialect::Onnx,
    }
}

/// `[C, spatial...]` in the dialect's order.
pub fn shape(sizes: &[i64], dialect: Dialect) -> Shape {
    let mut sizes = sizes.to_vec();
    if dialect.order() == AxisOrder::ChannelsLast {
        sizes.rotate_left(1);
    }
    Shape::of(&sizes)
}

/// Whether the language can express the call and the framework agrees with itself.
pub fn expressible(case: &ShapeCase) -> bool {
    let settled = case.is_settled() && case.batch_group_count.is_none_or(|count| count == 1) && case.batch != Some(0);
    let word = match &case.padding {
        Some(super::Padding::Word(word)) => match case.framework {
            // The lookup of words rejects PyTorch's.
            Framework::Torch => true,
            Framework::Jax => matches!(word.as_str(), "SAME" | "VALID" | "SAME_LOWER"),
            Framework::Flax => matches!(word.as_str(), "SAME" | "VALID" | "CIRCULAR" | "CAUSAL" | "REFLECT"),
            Framework::Keras => matches!(word.as_str(), "same" | "valid" | "causal"),
            Framework::Tf => matches!(word.as_str(), "SAME" | "VALID"),
            Framework::Onnx => false,
        },
        _ => case.framework != Framework::Tf,
    };
    let layer = match case.framework {
        Framework::Tf => case.op == "conv_transpose",
        Framework::Keras => case.op != "ops_conv_transpose",
        _ => true,
    };
    // Flax and jax run a transposed convolution with a different number of channels than requested.
    let channels = case.op != "conv_transpose"
        || case.result.as_ref().is_none_or(|result| result.first() == case.out_channels.as_ref());
    settled && word && layer && channels
}

/// The layer; `None` if the language does not have a word (`padding: "Same"`, `mode: "cubic"`), or a value is for the
/// wrong number of axes.
pub fn recorded_op(case: &ShapeCase) -> Option<Op> {
    let rank = case.rank();
    Some(match case.op.as_str() {
        "conv" | "conv_general_dilated" => Op::Conv(conv(case, Direction::Forward)?),
        "conv_transpose" => Op::Conv(conv(case, Direction::Transposed)?),
        "depthwise_conv" => Op::Conv(depthwise(case)?),
        "separable_conv" => {
            let plain = SeparableConv::new(rank);
            Op::SeparableConv(SeparableConv {
                depthwise: Conv { bias: false, ..depthwise(case)? },
                pointwise: Conv { outputs: case.out_channels?, ..plain.pointwise },
            })
        }
        "maxpool" => Op::Pool(pool(case, PoolKind::Max)?),
        "avgpool" => Op::Pool(pool(case, PoolKind::Avg)?),
        "upsample" => Op::Upsample(Upsample {
            rank: Some(rank),
            to: match (&case.scale, &case.size) {
                (Some(scale), None) => ResizeTo::Scale(spread(scale, rank)?),
                (None, Some(size)) => ResizeTo::Size(spread(size, rank)?),
                _ => panic!("{}: neither scale nor size", case.id()),
            },
            mode: interpolation(case.mode.as_deref()?)?,
            align_corners: case.align_corners,
        }),
        "pixel_shuffle" => Op::PixelShuffle { factor: case.factor? },
        "pixel_unshuffle" => Op::PixelUnshuffle { factor: case.factor? },
        other => panic!("{}: {other} is no operation of the records", case.id()),
    })
}

fn conv(case: &ShapeCase, direction: Direction) -> Option<Conv> {
    let rank = case.rank();
    let plain = Conv::new(dialect(case.framework), direction, rank);
    let input_dilation = case.input_dilation.as_ref().or(case.lhs_dilation.as_ref());
    Some(Conv {
        inputs: Some(case.input[0]),
        outputs: case.out_channels.unwrap_or(0),
        kernel: spread(case.kernel.as_ref()?, rank)?,
        stride: per_axis(case.stride.as_ref(), plain.stride, rank)?,
        dilation: per_axis(case.dilation.as_ref(), plain.dilation, rank)?,
        input_dilation: per_axis(input_dilation, plain.input_dilation, rank)?,
        groups: case.groups.unwrap_or(1),
        bias: false,
        padding: padding(case, plain.padding)?,
        auto_pad: auto_pad(case.auto_pad.as_deref()),
        padding_mode: padding_mode(case.padding_mode.as_deref().unwrap_or("zeros"))?,
        output_padding: optional(case.output_padding.as_ref(), rank)?,
        output_size: optional(case.output_size.as_ref().or(case.output_shape.as_ref()), rank)?,
        transpose_kernel: case.transpose_kernel == Some(true),
        consistent_padding: case.use_consistent_padding == Some(true),
        ..plain
    })
}

fn depthwise(case: &ShapeCase) -> Option<Conv> {
    Some(Conv { outputs: 0, depth_multiplier: Some(case.depth_multiplier?), ..conv(case, Direction::Forward)? })
}

fn pool(case: &ShapeCase, kind: PoolKind) -> Option<Pool> {
    let rank = case.rank();
    let plain = Pool::new(dialect(case.framework), kind, rank);
    let plain = Pool { kernel: spread(case.kernel.as_ref()?, rank)?, ..plain }.with_default_stride();
    Some(Pool {
        stride: per_axis(case.stride.as_ref(), plain.stride, rank)?,
        dilation: per_axis(case.dilation.as_ref(), plain.dilation, rank)?,
        padding: padding(case, plain.padding)?,
        auto_pad: auto_pad(case.auto_pad.as_deref()),
        ceil_mode: case.ceil_mode.unwrap_or(false),
        count_include_pad: case.count_include_pad.unwrap_or(plain.count_include_pad),
        ..plain
    })
}

fn padding(case: &ShapeCase, default: Padding) -> Option<Padding> {
    let rank = case.rank();
    let Some(padding) = &case.padding else { return Some(default) };
    Some(match padding {
        super::Padding::Word(word) => {
            // PyTorch's words are lower case only; `expressible` has checked the others.
            let word = if case.framework == Framework::Torch { word.clone() } else { word.to_lowercase() };
            match word.as_str() {
                "same" => Padding::Same,
                "same_lower" => Padding::SameLower,
                "valid" => Padding::Valid,
                "causal" => Padding::Causal,
                "circular" => Padding::Circular,
                "reflect" => Padding::Reflect,
                _ => return None,
            }
        }
        super::Padding::All(value) => Padding::Symmetric([*value; 3]),
        // onnx lists the low sides first, then the high ones.
        super::Padding::PerAxis(values) if case.framework == Framework::Onnx => {
            let (lo, hi) = values.split_at_checked(rank).filter(|(_, hi)| hi.len() == rank)?;
            Padding::Pairs(spread(&lo.iter().copied().zip(hi.iter().copied()).collect::<Vec<_>>(), rank)?)
        }
        super::Padding::PerAxis(values) => Padding::Symmetric(spread(values, rank)?),
        super::Padding::Sides(sides) => {
            let pair = |sides: &Sides| match *sides {
                Sides::Both(rows) => (rows, rows),
                Sides::Pair(lo, hi) => (lo, hi),
            };
            Padding::Pairs(spread(&sides.iter().map(pair).collect::<Vec<_>>(), rank)?)
        }
    })
}

fn auto_pad(word: Option<&str>) -> AutoPad {
    match word {
        None | Some("NOTSET") => AutoPad::NotSet,
        Some("SAME_UPPER") => AutoPad::SameUpper,
        Some("SAME_LOWER") => AutoPad::SameLower,
        Some("VALID") => AutoPad::Valid,
        Some(other) => panic!("no auto_pad `{other}`"),
    }
}

fn padding_mode(word: &str) -> Option<PaddingMode> {
    match word {
        "zeros" => Some(PaddingMode::Zeros),
        "reflect" => Some(PaddingMode::Reflect),
        "replicate" => Some(PaddingMode::Replicate),
        "circular" => Some(PaddingMode::Circular),
        _ => None,
    }
}

fn interpolation(word: &str) -> Option<Interpolation> {
    match word {
        "nearest" => Some(Interpolation::Nearest),
        "nearest-exact" => Some(Interpolation::NearestExact),
        "linear" => Some(Interpolation::Linear),
        "bilinear" => Some(Interpolation::Bilinear),
        "trilinear" => Some(Interpolation::Trilinear),
        "bicubic" => Some(Interpolation::Bicubic),
        _ => None,
    }
}

/// The written value, or the default.
fn per_axis(values: Option<&Vec<i64>>, default: PerAxis<i64>, rank: usize) -> Option<PerAxis<i64>> {
    values.map_or(Some(default), |values| spread(values, rank))
}

/// The written value, if there is one.
#[expect(clippy::option_option, reason = "not written, or written for another number of axes")]
fn optional(values: Option<&Vec<i64>>, rank: usize) -> Option<Option<PerAxis<i64>>> {
    values.map_or(Some(None), |values| spread(values, rank).map(Some))
}

/// One value applies to all axes, otherwise there is one for each of `rank` axes.
fn spread<T: Copy>(values: &[T], rank: usize) -> Option<PerAxis<T>> {
    let fits = values.len() == 1 || values.len() == rank;
    fits.then(|| [0, 1, 2].map(|axis| values[axis.min(values.len() - 1)]))
}
