//! A recorded PyTorch call as a layer of the arithmetic, word by word: nothing is worked out here.

use convshape_arith::op::{
    AutoPad, Conv, Dialect, Direction, Interpolation, Op, Padding, PaddingMode, PerAxis, Pool, PoolKind, ResizeTo,
    Upsample,
};
use convshape_tests::golden::{self, ShapeCase};

/// The layer; `None` where a word is none of the language (`padding: "Same"`, `mode: "cubic"`).
pub(crate) fn torch_op(case: &ShapeCase) -> Option<Op> {
    let rank = case.rank();
    Some(match case.op.as_str() {
        "conv" => Op::Conv(conv(case, Direction::Forward)?),
        "conv_transpose" => Op::Conv(conv(case, Direction::Transposed)?),
        "maxpool" => Op::Pool(pool(case, PoolKind::Max)?),
        "avgpool" => Op::Pool(pool(case, PoolKind::Avg)?),
        "upsample" => Op::Upsample(Upsample {
            rank: Some(rank),
            to: match (&case.scale, &case.size) {
                (Some(scale), None) => ResizeTo::Scale(spread(scale, rank)),
                (None, Some(size)) => ResizeTo::Size(spread(size, rank)),
                _ => panic!("{}: neither scale nor size", case.id()),
            },
            mode: interpolation(case.mode.as_deref()?)?,
            align_corners: case.align_corners,
        }),
        "pixel_shuffle" => Op::PixelShuffle { factor: case.factor? },
        "pixel_unshuffle" => Op::PixelUnshuffle { factor: case.factor? },
        other => panic!("{}: {other} is no operation of PyTorch's records", case.id()),
    })
}

fn conv(case: &ShapeCase, direction: Direction) -> Option<Conv> {
    let rank = case.rank();
    Some(Conv {
        dialect: Dialect::Torch,
        direction,
        rank,
        inputs: Some(case.input[0]),
        outputs: case.out_channels?,
        kernel: spread(case.kernel.as_ref()?, rank),
        stride: spread(case.stride.as_ref()?, rank),
        dilation: spread(case.dilation.as_ref()?, rank),
        input_dilation: [1; 3],
        groups: case.groups?,
        bias: false,
        padding: padding(case)?,
        padding_mode: padding_mode(case.padding_mode.as_deref().unwrap_or("zeros"))?,
        output_padding: case.output_padding.as_ref().map(|values| spread(values, rank)),
        output_size: case.output_size.as_ref().map(|values| spread(values, rank)),
        transpose_kernel: false,
        consistent_padding: false,
        depth_multiplier: None,
        auto_pad: AutoPad::NotSet,
    })
}

fn pool(case: &ShapeCase, kind: PoolKind) -> Option<Pool> {
    let rank = case.rank();
    let kernel = case.kernel.as_ref()?;
    Some(Pool {
        dialect: Dialect::Torch,
        kind,
        rank,
        kernel: spread(kernel, rank),
        stride: spread(case.stride.as_ref().unwrap_or(kernel), rank),
        dilation: case.dilation.as_ref().map_or([1; 3], |dilation| spread(dilation, rank)),
        padding: padding(case)?,
        auto_pad: AutoPad::NotSet,
        ceil_mode: case.ceil_mode?,
        count_include_pad: case.count_include_pad.unwrap_or(true),
    })
}

fn padding(case: &ShapeCase) -> Option<Padding> {
    match case.padding.as_ref()? {
        golden::Padding::Word(word) => match word.as_str() {
            "same" => Some(Padding::Same),
            "valid" => Some(Padding::Valid),
            "causal" => Some(Padding::Causal),
            "reflect" => Some(Padding::Reflect),
            _ => None,
        },
        golden::Padding::All(value) => Some(Padding::Symmetric([*value; 3])),
        golden::Padding::PerAxis(values) => Some(Padding::Symmetric(spread(values, case.rank()))),
        golden::Padding::Sides(_) => panic!("{}: PyTorch has no pairs", case.id()),
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

/// One value serves all axes, else there is one for each of `rank` axes.
fn spread<T: Copy>(values: &[T], rank: usize) -> PerAxis<T> {
    assert!(values.len() == 1 || values.len() == rank, "{} values for {rank} axes", values.len());
    [0, 1, 2].map(|axis| values[axis.min(values.len() - 1)])
}
