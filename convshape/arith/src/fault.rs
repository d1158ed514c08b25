//! Why a layer is rejected: a typed reason with its numbers. [`crate::explain`] puts it into words.

use crate::op::{Axis, Dialect};
use crate::shape::Shape;
use crate::size::{Size, SizeError};

/// The rejection of one layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fault {
    /// The spatial axis at fault, counted from 0, if there is one.
    pub axis: Option<usize>,
    /// Why.
    pub reason: Reason,
}

/// Why a layer is rejected.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Reason {
    /// A field that must be positive is zero or negative.
    NotPositive {
        /// The field.
        field: &'static str,
        /// Its value.
        value: i64,
    },
    /// A count of channels or features is zero or negative.
    TooFew {
        /// What is counted: `output channels`.
        what: &'static str,
        /// How many.
        value: i64,
    },
    /// A field is negative.
    Negative {
        /// The field.
        field: &'static str,
        /// Its value.
        value: i64,
    },
    /// The input has the wrong number of axes.
    Rank {
        /// The number of axes it takes, including the channel axis.
        expected: usize,
        /// The input.
        found: Shape,
    },
    /// The input has the wrong number of channels.
    Channels {
        /// The number in the layer.
        expected: i64,
        /// The number in the input.
        found: Size,
    },
    /// The last axis of the input does not have the size that `Linear` expects.
    Features {
        /// The number in the layer.
        expected: i64,
        /// The number in the input.
        found: Shape,
    },
    /// A number of channels or a size is a symbol where a number is needed.
    NotFixed {
        /// What it is a number of, and the verb: `the number of channels is`.
        what: &'static str,
        /// Its value.
        found: Size,
    },
    /// A size has no value: it overflows, or a stride does not divide a symbol's factor.
    Size(SizeError),
    /// The number of elements is larger than the address space.
    TooManyElements {
        /// The shape.
        shape: Shape,
    },
    /// The kernel is larger than the padded input.
    KernelTooLarge {
        /// Input size.
        input: Size,
        /// Padding at the start.
        lo: i64,
        /// Padding at the end.
        hi: i64,
        /// Kernel size.
        kernel: i64,
        /// Dilation.
        dilation: i64,
    },
    /// The output has no rows.
    EmptyOutput {
        /// The size that results.
        output: Size,
    },
    /// A field or a value that the dialect does not have.
    NotInDialect {
        /// The field.
        field: &'static str,
        /// The word or value.
        value: &'static str,
        /// The dialect.
        dialect: Dialect,
    },
    /// `padding: same` with a stride.
    SameWithStride {
        /// The stride.
        stride: i64,
    },
    /// The padding is more than half the window (PyTorch), or all of it (onnx).
    PoolPadding {
        /// Padding.
        padding: i64,
        /// Kernel.
        kernel: i64,
        /// The most that the dialect allows.
        most: i64,
    },
    /// PyTorch's `AvgPool3d` requires that the window fits into the unpadded input.
    PoolInput {
        /// Input size.
        input: Size,
        /// Kernel.
        kernel: i64,
    },
    /// `output_padding` is not smaller than the stride or dilation.
    OutputPadding {
        /// Its value.
        value: i64,
        /// It must be below this.
        limit: i64,
        /// Stride.
        stride: i64,
        /// Dilation.
        dilation: i64,
    },
    /// `output_padding` is not smaller than the stride; the dilation does not matter here.
    OutputPaddingStride {
        /// Its value.
        value: i64,
        /// The stride.
        stride: i64,
    },
    /// keras: the forward convolution does not give the input size again.
    NotRestored {
        /// What the transposed convolution gives.
        output: Size,
        /// What the forward convolution makes of it.
        back: Size,
        /// The input.
        input: Size,
    },
    /// Two fields, or two values, that exclude each other in the dialect.
    Exclusive {
        /// The field to change.
        field: &'static str,
        /// Both, as text.
        what: &'static str,
    },
    /// keras: `padding: 1`.
    PaddingNumber,
    /// Transposed convolutions have no groups in the dialect.
    TransposedGroups,
    /// `output_size` cannot be reached.
    OutputSize {
        /// What was asked for.
        requested: i64,
        /// The smallest possible size.
        least: Size,
        /// The largest possible size.
        most: Size,
    },
    /// Groups do not divide the channels.
    Groups {
        /// `input channel` or `output channel`.
        side: &'static str,
        /// Channels.
        channels: i64,
        /// Groups.
        groups: i64,
    },
    /// A reflecting border needs more rows than the input has.
    ReflectPadding {
        /// Rows needed.
        padding: i64,
        /// Rows in the input.
        input: Size,
    },
    /// A circular border wraps around more than once.
    CircularPadding {
        /// Rows needed.
        padding: i64,
        /// Rows in the input.
        input: Size,
    },
    /// Transposed convolutions pad with zeros only.
    TransposedPaddingMode,
    /// A field has values for the wrong number of axes.
    FieldRank {
        /// The field.
        field: &'static str,
        /// Axes written.
        written: usize,
        /// Axes of the layer.
        axes: usize,
    },
    /// A factor does not divide a size.
    Divisible {
        /// What: `channels`, `height`, `width`.
        what: &'static str,
        /// The size.
        size: Size,
        /// The factor that must divide it.
        by: i64,
    },
    /// The number of elements differs.
    Elements {
        /// The input.
        from: Shape,
        /// The shape asked for.
        to: Shape,
    },
    /// An array that does not have as many elements as the shape.
    Constant {
        /// The sizes of the array's axes.
        array: Shape,
        /// The shape asked for.
        shape: Shape,
    },
    /// A convolution reads a weight of the wrong shape.
    Weight {
        /// The shape that its weight has.
        expected: Shape,
        /// The shape of what it reads.
        found: Shape,
    },
    /// Two joined values differ.
    Join {
        /// Which operand, counted from 0, differs from the first.
        operand: usize,
        /// The axis of the shape on which they differ; `None` if the number of axes differs.
        axis: Option<usize>,
        /// The first operand (for `Add` and `Mul`: the shape that the earlier operands broadcast to).
        first: Shape,
        /// The one that differs.
        other: Shape,
    },
    /// A range along an axis is empty or past the end.
    SliceRange {
        /// The axis as written.
        axis: Axis,
        /// The start of the range; a negative number counts from the end.
        start: i64,
        /// One past the last; `None` is the end.
        end: Option<i64>,
        /// The size of the axis.
        size: Size,
    },
    /// Two matrices whose inner sizes differ: the columns of the first and the rows of the second.
    Product {
        /// The first operand.
        a: Shape,
        /// The second.
        b: Shape,
        /// Columns of the first, transposed if the layer says so.
        columns: Size,
        /// Rows of the second, transposed if the layer says so.
        rows: Size,
    },
    /// An operand of a product has fewer than two axes.
    NotMatrix {
        /// The operand.
        found: Shape,
    },
    /// The first of the axes to merge comes after the last.
    AxisSpan {
        /// The first as written.
        from: Axis,
        /// The last as written.
        to: Axis,
        /// The input.
        found: Shape,
    },
    /// More axes than a shape can have.
    MostAxes {
        /// How many there would be.
        axes: usize,
    },
    /// `Crop` removes everything, or its `like` is larger than the input.
    CropTooLarge {
        /// Rows of the input.
        input: Size,
        /// Rows asked for, or left.
        output: Size,
    },
    /// The `like` of a `Pad` is smaller than the input.
    PadTooSmall {
        /// Rows of the input.
        input: Size,
        /// Rows asked for.
        output: Size,
    },
    /// `align_corners` with a mode that does not use it.
    AlignCorners,
    /// An interpolation mode for a different number of axes.
    ModeRank {
        /// Axes that the mode is for.
        expected: usize,
        /// Axes of the input.
        axes: usize,
    },
    /// A scale that is zero, negative, infinite or not a number.
    ScaleFactor,
    /// An `InstanceNorm` over one element per channel always gives zero.
    SingleElement,
    /// A layer norm over channels that are not the last axis.
    NormAxis {
        /// The input.
        found: Shape,
    },
    /// The layer's name implies a different number of spatial axes.
    NamedRank {
        /// The fewest axes it takes, including the channel axis.
        least: usize,
        /// The most.
        most: usize,
        /// The input.
        found: Shape,
    },
    /// A real number outside the range of its field.
    Number {
        /// The field.
        field: &'static str,
        /// Its value.
        value: f64,
        /// The range as text: `from 0 to 1`.
        wanted: &'static str,
    },
    /// A lower bound that is not below the upper one.
    Bounds {
        /// The lower bound.
        min: f64,
        /// The upper bound.
        max: f64,
    },
    /// The input has no such axis.
    Axis {
        /// The axis as written.
        axis: Axis,
        /// The input.
        found: Shape,
    },
    /// The same axis is named twice.
    RepeatedAxis {
        /// The axis as written the second time.
        axis: Axis,
        /// The input.
        found: Shape,
    },
    /// The wrong number of axes.
    AxisCount {
        /// How many are written.
        given: usize,
        /// How many there must be.
        wanted: usize,
        /// The input.
        found: Shape,
    },
    /// An axis that cannot be divided into equal pieces.
    EqualPieces {
        /// The axis as written.
        axis: Axis,
        /// Its size.
        size: Size,
        /// How many pieces.
        count: i64,
    },
    /// The input of a recurrent layer is not `[length, features]`.
    Steps {
        /// The input.
        found: Shape,
    },
    /// The initial state of a recurrent layer has the wrong shape.
    FirstState {
        /// Its name: `h_0` or `c_0`.
        state: &'static str,
        /// The expected shape.
        expected: Shape,
        /// The shape it has.
        found: Shape,
    },
    /// A recurrent layer has more layers than a model can name parameters for.
    TooManyLayers {
        /// How many.
        layers: i64,
        /// The most.
        most: i64,
    },
    /// An output of a recurrent layer was read from a value that is not its run.
    NoRun {
        /// The input.
        found: Shape,
    },
    /// There is no such piece.
    NoPiece {
        /// Which piece, counted from 0.
        index: i64,
        /// How many there are.
        count: i64,
    },
    /// The sizes of the pieces do not add up to that of the axis.
    Pieces {
        /// The axis as written.
        axis: Axis,
        /// Its size.
        size: Size,
        /// The sum of the pieces.
        total: i64,
    },
    /// An input of attention is not `[.., tokens, features]`.
    Tokens {
        /// Which input.
        operand: usize,
        /// The most axes that it may have.
        most: usize,
        /// Its shape.
        found: Shape,
    },
    /// An input of multi-head attention has the wrong number of features.
    TokenFeatures {
        /// The field that gives the number.
        field: &'static str,
        /// The number in the layer.
        expected: i64,
        /// The input.
        found: Shape,
    },
    /// Heads do not divide the features.
    Heads {
        /// What is split.
        what: &'static str,
        /// The number of features.
        features: i64,
        /// Heads.
        heads: i64,
    },
    /// Queries and keys have different numbers of features.
    KeyFeatures {
        /// The queries.
        queries: Shape,
        /// The keys.
        keys: Shape,
    },
    /// Keys and values have different numbers of tokens.
    ValueTokens {
        /// The keys.
        keys: Shape,
        /// The values.
        values: Shape,
    },
    /// Queries, keys and values have different axes in front of `[tokens, features]`.
    Windows {
        /// Which input differs from the queries.
        operand: usize,
        /// The queries.
        first: Shape,
        /// The one that differs.
        other: Shape,
    },
    /// The value added to the scores has the wrong shape.
    Scores {
        /// The shape of the scores: `[.., heads, tokens, keys]`.
        scores: Shape,
        /// The shape it has.
        found: Shape,
    },
    /// A user-defined layer has more inputs, outputs or parameters than allowed, or no output.
    CustomCounts {
        /// The number of inputs.
        inputs: usize,
        /// The number of outputs.
        outputs: usize,
        /// The number of parameters.
        params: usize,
    },
    /// A user-defined layer gets the wrong number of inputs.
    CustomInputs {
        /// The number in the type.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// An input of a user-defined layer has the wrong shape.
    CustomInput {
        /// Which input, counted from 0.
        index: usize,
        /// The shape in the type.
        expected: Shape,
        /// The shape given.
        found: Shape,
    },
    /// The number of outputs written differs from the user-defined layer's.
    CustomOutputs {
        /// The number in the type.
        gives: usize,
        /// The number written.
        named: usize,
    },
    /// The output shape written differs from the user-defined layer's.
    CustomOutput {
        /// The shape in the type.
        gives: Shape,
        /// The shape written.
        written: Shape,
    },
    /// The input of an unpooling does not have the shape that the max pooling gave.
    Unpooled {
        /// What the pooling gave.
        given: Shape,
        /// The input.
        found: Shape,
    },
    /// The last axes do not have the sizes that the norm expects.
    NormShape {
        /// The sizes in the layer.
        expected: Shape,
        /// The input.
        found: Shape,
    },
}

impl Fault {
    /// A fault that concerns no single axis.
    pub const fn new(reason: Reason) -> Fault {
        Fault { axis: None, reason }
    }

    /// A fault about one spatial axis.
    pub const fn on(axis: usize, reason: Reason) -> Fault {
        Fault { axis: Some(axis), reason }
    }
}

/// `?` in const functions.
macro_rules! tri {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Err(error),
        }
    };
}

/// Like `tri!`, for arithmetic on sizes inside a function that returns a [`Reason`].
macro_rules! tri_size {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Err($crate::fault::Reason::Size(error)),
        }
    };
}

pub(crate) use {tri, tri_size};
