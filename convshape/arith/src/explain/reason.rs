//! The code of a reason, and the field at fault.

use crate::code::{self, Code};
use crate::fault::Reason;
use crate::op::Op;
use crate::size::SizeError;

impl Reason {
    /// The error code.
    pub const fn code(&self, op: &Op) -> Code {
        match self {
            Reason::NotPositive { .. } | Reason::TooFew { .. } => code::NOT_POSITIVE,
            Reason::Negative { .. } => code::NEGATIVE,
            Reason::Rank { .. }
            | Reason::NamedRank { .. }
            | Reason::Steps { .. }
            | Reason::NoRun { .. }
            | Reason::Tokens { .. } => code::RANK,
            Reason::FirstState { .. } => code::STATE,
            Reason::TooManyLayers { .. } => code::RANGE,
            Reason::Channels { .. } => match op {
                Op::BatchNorm { .. } | Op::GroupNorm { .. } | Op::InstanceNorm { .. } => code::NORM,
                _ => code::CHANNELS,
            },
            Reason::Features { .. } | Reason::TokenFeatures { .. } => code::FEATURES,
            Reason::Heads { .. } => code::HEADS,
            Reason::KeyFeatures { .. }
            | Reason::ValueTokens { .. }
            | Reason::Windows { .. }
            | Reason::Scores { .. } => code::ATTENTION,
            Reason::NotFixed { .. } => code::NOT_FIXED,
            Reason::Size(SizeError::Overflow) | Reason::TooManyElements { .. } => code::TOO_LARGE,
            Reason::Size(_) => code::NOT_FIXED,
            Reason::KernelTooLarge { .. } | Reason::PoolInput { .. } => code::KERNEL,
            Reason::EmptyOutput { .. } | Reason::CropTooLarge { .. } | Reason::PadTooSmall { .. } => code::EMPTY,
            Reason::NotInDialect { .. } | Reason::PaddingNumber | Reason::TransposedGroups => code::DIALECT,
            Reason::SameWithStride { .. } => code::SAME_STRIDE,
            Reason::PoolPadding { .. } => code::POOL_PADDING,
            Reason::OutputPadding { .. } | Reason::OutputPaddingStride { .. } | Reason::NotRestored { .. } => {
                code::OUTPUT_PADDING
            }
            Reason::Exclusive { .. } => code::REPEATED_FIELD,
            Reason::OutputSize { .. } => code::OUTPUT_SIZE,
            Reason::Groups { .. } => code::GROUPS,
            Reason::ReflectPadding { .. } | Reason::CircularPadding { .. } => code::BORDER,
            Reason::TransposedPaddingMode => code::BORDER_MODE,
            Reason::FieldRank { .. } => code::FIELD_RANK,
            Reason::Divisible { .. } => code::DIVISIBLE,
            Reason::Elements { .. } => code::ELEMENTS,
            Reason::Constant { .. } => code::CONSTANT,
            Reason::Unpooled { .. } => code::UNPOOL,
            Reason::Weight { .. } => code::WEIGHT,
            Reason::CustomCounts { .. }
            | Reason::CustomInputs { .. }
            | Reason::CustomInput { .. }
            | Reason::CustomOutputs { .. }
            | Reason::CustomOutput { .. } => code::CUSTOM,
            Reason::Join { .. } => match op {
                Op::Concat { .. } | Op::Stack { .. } => code::CONCAT,
                _ => code::BROADCAST,
            },
            Reason::SliceRange { .. } => code::SLICE,
            Reason::EqualPieces { .. } | Reason::NoPiece { .. } | Reason::Pieces { .. } => code::PIECES,
            Reason::AlignCorners | Reason::ModeRank { .. } | Reason::ScaleFactor => code::RESIZE,
            Reason::SingleElement => code::INSTANCE,
            Reason::Number { .. } | Reason::Bounds { .. } => code::RANGE,
            Reason::NormShape { .. } | Reason::NormAxis { .. } => code::NORM,
            Reason::Product { .. } | Reason::NotMatrix { .. } => code::PRODUCT,
            Reason::Axis { .. }
            | Reason::RepeatedAxis { .. }
            | Reason::AxisCount { .. }
            | Reason::AxisSpan { .. }
            | Reason::MostAxes { .. } => code::AXIS,
        }
    }

    /// The field at fault, if there is one.
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Reason::NotPositive { field, .. }
            | Reason::Negative { field, .. }
            | Reason::NotInDialect { field, .. }
            | Reason::Exclusive { field, .. }
            | Reason::Number { field, .. }
            | Reason::TokenFeatures { field, .. }
            | Reason::FieldRank { field, .. } => Some(field),
            Reason::Heads { .. } => Some("heads"),
            Reason::Channels { .. } | Reason::Features { .. } | Reason::TooFew { .. } => Some("channels"),
            Reason::SameWithStride { .. }
            | Reason::PoolPadding { .. }
            | Reason::PaddingNumber
            | Reason::ReflectPadding { .. }
            | Reason::CircularPadding { .. } => Some("padding"),
            Reason::OutputPadding { .. } | Reason::OutputPaddingStride { .. } | Reason::NotRestored { .. } => {
                Some("output_padding")
            }
            Reason::OutputSize { .. } => Some("output_size"),
            Reason::KernelTooLarge { .. } | Reason::PoolInput { .. } => Some("kernel"),
            Reason::Groups { .. } | Reason::TransposedGroups => Some("groups"),
            Reason::TransposedPaddingMode => Some("padding_mode"),
            Reason::Elements { .. } | Reason::Constant { .. } => Some("shape"),
            Reason::SliceRange { .. } => Some("channels"),
            Reason::EqualPieces { .. } | Reason::NoPiece { .. } | Reason::Pieces { .. } => Some("pieces"),
            Reason::AlignCorners => Some("align_corners"),
            Reason::ModeRank { .. } => Some("mode"),
            Reason::ScaleFactor => Some("scale"),
            Reason::Bounds { .. } => Some("min"),
            Reason::NormShape { .. } => Some("size"),
            Reason::Axis { .. } | Reason::RepeatedAxis { .. } | Reason::AxisCount { .. } => Some("axes"),
            Reason::TooManyLayers { .. } => Some("layers"),
            Reason::AxisSpan { .. } => Some("from"),
            Reason::Rank { .. }
            | Reason::Steps { .. }
            | Reason::Tokens { .. }
            | Reason::KeyFeatures { .. }
            | Reason::ValueTokens { .. }
            | Reason::Unpooled { .. }
            | Reason::Weight { .. }
            | Reason::CustomCounts { .. }
            | Reason::CustomInputs { .. }
            | Reason::CustomInput { .. }
            | Reason::CustomOutputs { .. }
            | Reason::CustomOutput { .. }
            | Reason::Windows { .. }
            | Reason::Scores { .. }
            | Reason::FirstState { .. }
            | Reason::NoRun { .. }
            | Reason::NamedRank { .. }
            | Reason::NormAxis { .. }
            | Reason::NotFixed { .. }
            | Reason::Size(_)
            | Reason::TooManyElements { .. }
            | Reason::EmptyOutput { .. }
            | Reason::Divisible { .. }
            | Reason::Join { .. }
            | Reason::CropTooLarge { .. }
            | Reason::PadTooSmall { .. }
            | Reason::Product { .. }
            | Reason::NotMatrix { .. }
            | Reason::MostAxes { .. }
            | Reason::SingleElement => None,
        }
    }
}
