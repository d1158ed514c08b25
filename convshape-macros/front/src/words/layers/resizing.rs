//! Layers that change spatial sizes, or move elements between channels and space.

use convshape_arith::op::Dialect::{Flax, Jax, Keras, Onnx, Torch};
use convshape_arith::op::{
    Amount, Axis, DepthOrder, Interpolation, MAX_SPATIAL, Op, PaddingMode, Pieces, ResizeTo, Upsample,
};

use super::*;

const NEAREST: Upsample =
    Upsample { rank: None, to: ResizeTo::Like, mode: Interpolation::Nearest, align_corners: None };

const NO_ROWS: Amount = Amount::Pairs { rank: None, pairs: [(0, 0); MAX_SPATIAL] };

const fn padded(mode: PaddingMode) -> Op {
    Op::Pad { amount: NO_ROWS, mode, value: 0.0, axis: None }
}

/// The row of a PyTorch padding layer.
const fn border(
    name: &'static str,
    fields: &'static [FieldWords],
    doc: &'static str,
    mode: PaddingMode,
    source: &'static str,
) -> LayerWords {
    let rule = rule("`[C, n..] -> [C, lo + n + hi..]`", Definition::Torch(source), leading("1"));
    LayerWords {
        ranks: RANKS,
        positional: Positional::Field("amount"),
        fields,
        python: &[(TORCH, &["amount", "value"])],
        required: &[(&["amount"], ALL)],
        ..layer(Group::Resizing, name, "pad", doc, Defaults::Op(padded(mode)), rule)
    }
}

pub(super) static ROWS: &[LayerWords] = &[
    LayerWords {
        kind: Kind::Upsample,
        required: &[(&["scale", "size", "like"], ALL)],
        exclusive: &["scale", "size", "like"],
        positional: Positional::Field("scale"),
        fields: &[SCALE, SIZE, LIKE, INTERPOLATION, ALIGN_CORNERS],
        python: &[(TORCH, &["size", "scale", "mode", "align_corners"])],
        ..layer(
            Group::Resizing,
            "Upsample",
            "upsample",
            "resizes by a factor or to a size",
            Defaults::Of(|dialect, _| {
                let mode = match dialect {
                    // `jax.image.resize` takes the element with the nearest centre, PyTorch rounds the index down.
                    Jax | Flax => Interpolation::NearestExact,
                    Torch | Onnx | Keras => Interpolation::Nearest,
                };
                Op::Upsample(Upsample { mode, ..NEAREST })
            }),
            rule(
                "`[C, n..] -> [C, floor(n * scale)..]`, or `[C, size..]`",
                Definition::Torch("torch.nn.Upsample"),
                leading("2"),
            ),
        )
    },
    LayerWords {
        ranks: RANKS,
        dialects: KERAS,
        positional: Positional::Field("scale"),
        fields: &[KERAS_SCALE, INTERPOLATION],
        python: &[(KERAS, &["scale", "data_format", "mode"])],
        ..layer(
            Group::Resizing,
            "UpSampling#D",
            "upsample",
            "resizes by a factor called `size`",
            Defaults::Op(Op::Upsample(Upsample { to: ResizeTo::Scale([2.0; MAX_SPATIAL]), ..NEAREST })),
            rule(
                "`[C, n..] -> [C, n * scale..]`",
                Definition::Keras("UpSampling2D", "reshaping_layers/up_sampling2d"),
                leading("2"),
            ),
        )
    },
    LayerWords {
        required: &[(&["scale", "size"], ALL)],
        exclusive: &["scale", "size"],
        ranks: &[2],
        positional: Positional::Field("scale"),
        fields: &[SCALE, SIZE],
        python: &[(TORCH, &["size", "scale"])],
        ..layer(
            Group::Resizing,
            "UpsamplingNearest#d",
            "upsample",
            "resizes, taking the element at the position rounded down",
            Defaults::Op(Op::Upsample(NEAREST)),
            rule(
                "`[C, H, W] -> [C, floor(H * scale), floor(W * scale)]`",
                Definition::Torch("torch.nn.UpsamplingNearest2d"),
                leading("2"),
            ),
        )
    },
    LayerWords {
        required: &[(&["scale", "size"], ALL)],
        exclusive: &["scale", "size"],
        ranks: &[2],
        positional: Positional::Field("scale"),
        fields: &[SCALE, SIZE],
        python: &[(TORCH, &["size", "scale"])],
        ..layer(
            Group::Resizing,
            "UpsamplingBilinear#d",
            "upsample",
            "resizes by interpolating between the four nearest elements, with aligned corners",
            Defaults::Op(Op::Upsample(Upsample {
                mode: Interpolation::Bilinear,
                align_corners: Some(true),
                ..NEAREST
            })),
            rule(
                "`[C, H, W] -> [C, floor(H * scale), floor(W * scale)]`",
                Definition::Torch("torch.nn.UpsamplingBilinear2d"),
                leading("2"),
            ),
        )
    },
    LayerWords {
        required: &[(&["factor"], ALL)],
        positional: Positional::Field("factor"),
        fields: &[FACTOR],
        ..layer(
            Group::Resizing,
            "PixelShuffle",
            "pixel_shuffle",
            "`[C*r*r, H, W]` to `[C, H*r, W*r]`",
            Defaults::Op(Op::PixelShuffle { factor: 1 }),
            rule(
                "`[C * r * r, H, W] -> [C, H * r, W * r]`",
                Definition::Torch("torch.nn.PixelShuffle"),
                Example { input: ExampleInput::Image(16), ..leading("2") },
            ),
        )
    },
    LayerWords {
        required: &[(&["factor"], ALL)],
        positional: Positional::Field("factor"),
        fields: &[FACTOR],
        ..layer(
            Group::Resizing,
            "PixelUnshuffle",
            "pixel_unshuffle",
            "`[C, H*r, W*r]` to `[C*r*r, H, W]`",
            Defaults::Op(Op::PixelUnshuffle { factor: 1 }),
            rule(
                "`[C, H * r, W * r] -> [C * r * r, H, W]`",
                Definition::Torch("torch.nn.PixelUnshuffle"),
                leading("2"),
            ),
        )
    },
    LayerWords {
        required: &[(&["factor"], ALL)],
        positional: Positional::Field("factor"),
        fields: &[FACTOR, DEPTH_ORDER],
        ..layer(
            Group::Resizing,
            "DepthToSpace",
            "depth_to_space",
            "like `PixelShuffle`, with a choice of channel order",
            Defaults::Op(Op::DepthToSpace { factor: 1, order: DepthOrder::Dcr }),
            rule(
                "`[C * r * r, H, W] -> [C, H * r, W * r]`",
                Definition::Onnx("DepthToSpace"),
                Example { input: ExampleInput::Image(16), ..leading("2") },
            ),
        )
    },
    LayerWords {
        required: &[(&["groups"], ALL)],
        positional: Positional::Field("groups"),
        fields: &[SHUFFLED_GROUPS],
        ..layer(
            Group::Resizing,
            "ChannelShuffle",
            "channel_shuffle",
            "interleaves equal parts of the channels: the first of each, then the second of each",
            Defaults::Op(Op::ChannelShuffle { groups: 1 }),
            rule(SAME, Definition::Torch("torch.nn.ChannelShuffle"), leading("2")),
        )
    },
    LayerWords {
        required: &[(&["amount", "like"], ALL)],
        exclusive: &["amount", "like"],
        aliases: &[alias("ZeroPadding#D", KERAS)],
        positional: Positional::Field("amount"),
        fields: &[AMOUNT, LIKE, BORDER, VALUE, ALIGN, PAD_AXIS],
        ..layer(
            Group::Resizing,
            "Pad",
            "pad",
            "adds a border",
            Defaults::Op(padded(PaddingMode::Zeros)),
            rule("`[C, n..] -> [C, lo + n + hi..]`", Definition::Torch("torch.nn.functional.pad"), leading("1")),
        )
    },
    border("ZeroPad#d", &[SIDES], "adds a border of zeros", PaddingMode::Zeros, "torch.nn.ZeroPad2d"),
    border(
        "ReflectionPad#d",
        &[SIDES],
        "adds a border that mirrors the rows without repeating the edge",
        PaddingMode::Reflect,
        "torch.nn.ReflectionPad2d",
    ),
    border(
        "ReplicationPad#d",
        &[SIDES],
        "adds a border that repeats the edge",
        PaddingMode::Replicate,
        "torch.nn.ReplicationPad2d",
    ),
    border(
        "CircularPad#d",
        &[SIDES],
        "adds a border that continues on the other side",
        PaddingMode::Circular,
        "torch.nn.CircularPad2d",
    ),
    LayerWords {
        required: &[(&["amount"], ALL), (&["value"], ALL)],
        rule: rule(
            "`[C, n..] -> [C, lo + n + hi..]`",
            Definition::Torch("torch.nn.ConstantPad2d"),
            Example { fields: &[("value", "0.5", ALL)], ..leading("1") },
        ),
        ..border(
            "ConstantPad#d",
            &[SIDES, VALUE],
            "adds a border of one value",
            PaddingMode::Zeros,
            "torch.nn.ConstantPad2d",
        )
    },
    LayerWords {
        required: &[(&["amount", "like"], ALL)],
        exclusive: &["amount", "like"],
        aliases: &[alias("Cropping#D", KERAS)],
        positional: Positional::Field("amount"),
        fields: &[AMOUNT, LIKE, ALIGN],
        ..layer(
            Group::Resizing,
            "Crop",
            "crop",
            "removes a border",
            Defaults::Op(Op::Crop { amount: NO_ROWS }),
            rule(
                "`[C, n..] -> [C, n - lo - hi..]`",
                Definition::Keras("Cropping2D", "reshaping_layers/cropping2d"),
                leading("1"),
            ),
        )
    },
    LayerWords {
        required: &[(&["channels"], ALL)],
        positional: Positional::Field("channels"),
        fields: &[CHANNEL_RANGE, AXIS],
        ..layer(
            Group::Resizing,
            "Slice",
            "slice",
            "some of the channels, or of the elements along an axis: `Slice(0..4, axis: 1)`; negative ends count from the end, \
             as in `Slice(..-3)` and `Slice(-1..)`",
            Defaults::Op(Op::Slice { axis: Axis::Channels, start: 0, end: Some(0) }),
            rule("`[C, ..] -> [end - start, ..]`", Definition::Torch("torch.narrow"), leading("0..4")),
        )
    },
    LayerWords {
        required: &[(&["pieces"], ALL)],
        positional: Positional::Field("pieces"),
        fields: &[PIECES, SPLIT_AXIS],
        python: &[(TORCH, &["pieces", "axis"]), (KERAS, &["pieces", "axis"])],
        ..layer(
            Group::Resizing,
            "Split",
            "split",
            "the pieces of an axis: `s: Split(2)` gives `s.0`, `s.1`",
            Defaults::Op(Op::Split { axis: Axis::Channels, index: 0, pieces: Pieces::Equal { count: 0 } }),
            rule(
                "`[C, ..] -> [C / pieces, ..]` each, or the sizes that are given",
                Definition::Torch("torch.split"),
                leading("2"),
            ),
        )
    },
];
