//! Why a layer is refused: a typed reason with its numbers, worded in [`crate::explain`].

use crate::op::{Axis, Dialect};
use crate::shape::Shape;
use crate::size::{Size, SizeError};

/// A refusal of one layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fault {
    /// The spatial axis it is about, counted from 0, if it is about one.
    pub axis: Option<usize>,
    /// Why.
    pub reason: Reason,
}

/// Why a layer is refused.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Reason {
    /// A field that counts something is zero or negative.
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
    /// The layer wants another number of axes.
    Rank {
        /// The number of axes it takes, the channel axis counted.
        expected: usize,
        /// What comes in.
        found: Shape,
    },
    /// Another number of channels comes in.
    Channels {
        /// What the layer says.
        expected: i64,
        /// What comes in.
        found: Size,
    },
    /// `Linear` meets a last axis of another size.
    Features {
        /// What the layer says.
        expected: i64,
        /// What comes in.
        found: Shape,
    },
    /// A number of channels or sizes must be a number, and is a symbol.
    NotFixed {
        /// What.
        what: &'static str,
        /// What it is.
        found: Size,
    },
    /// A size has no value: overflow, or a symbol that a stride does not divide.
    Size(SizeError),
    /// The number of elements does not fit the machine.
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
    /// A word or field that the dialect does not have.
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
    /// Pooling pads more than half its window (PyTorch), or all of it (onnx).
    PoolPadding {
        /// Padding.
        padding: i64,
        /// Kernel.
        kernel: i64,
        /// The most that the dialect takes.
        most: i64,
    },
    /// PyTorch's `AvgPool3d` wants the unpadded input to hold the window.
    PoolInput {
        /// Input size.
        input: Size,
        /// Kernel.
        kernel: i64,
    },
    /// `output_padding` reaches the stride or dilation.
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
    /// `output_padding` reaches the stride, where the dilation does not count.
    OutputPaddingStride {
        /// Its value.
        value: i64,
        /// The stride.
        stride: i64,
    },
    /// keras: the forward convolution does not give the input back.
    NotRestored {
        /// What the transposed one gives.
        output: Size,
        /// What the forward one makes of it.
        back: Size,
        /// What comes in.
        input: Size,
    },
    /// Two fields, or values of them, of which a dialect takes one.
    Exclusive {
        /// The field to change.
        field: &'static str,
        /// Both, in words.
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
        /// The smallest that can be had.
        least: Size,
        /// The largest that can be had.
        most: Size,
    },
    /// Channels do not divide into groups.
    Groups {
        /// `input channel` or `output channel`.
        side: &'static str,
        /// Channels.
        channels: i64,
        /// Groups.
        groups: i64,
    },
    /// A reflecting border needs more rows than there are.
    ReflectPadding {
        /// Rows wanted.
        padding: i64,
        /// Rows there.
        input: Size,
    },
    /// A circular border wraps around more than once.
    CircularPadding {
        /// Rows wanted.
        padding: i64,
        /// Rows there.
        input: Size,
    },
    /// Transposed convolutions pad with zeros only.
    TransposedPaddingMode,
    /// A field's value was written for another number of axes.
    FieldRank {
        /// The field.
        field: &'static str,
        /// Axes written.
        written: usize,
        /// Axes there.
        axes: usize,
    },
    /// A size does not divide by a factor.
    Divisible {
        /// What: `channels`, `height`, `width`.
        what: &'static str,
        /// The size.
        size: Size,
        /// What must divide it.
        by: i64,
    },
    /// Another number of elements.
    Elements {
        /// What comes in.
        from: Shape,
        /// What is asked for.
        to: Shape,
    },
    /// An array that does not fill the shape asked for.
    Constant {
        /// The sizes of the array's axes.
        array: Shape,
        /// The shape asked for.
        shape: Shape,
    },
    /// Two joined sides differ.
    Join {
        /// Which operand, counted from 0, differs from the first.
        operand: usize,
        /// The axis of the shape on which they differ; `None` if the number of axes differs.
        axis: Option<usize>,
        /// The first operand (for `Add` and `Mul`: what the operands before broadcast to).
        first: Shape,
        /// The one that differs.
        other: Shape,
    },
    /// A range along an axis is empty or beyond the end.
    SliceRange {
        /// The axis as written.
        axis: Axis,
        /// The first element.
        start: i64,
        /// One past the last.
        end: i64,
        /// Elements there.
        size: i64,
    },
    /// Two matrices whose inner sizes differ: columns of the first, rows of the second.
    Product {
        /// The first operand.
        a: Shape,
        /// The second.
        b: Shape,
        /// Columns of the first, as it is multiplied.
        columns: Size,
        /// Rows of the second, as it is multiplied.
        rows: Size,
    },
    /// An operand of a product has fewer than two axes.
    NotMatrix {
        /// The operand.
        found: Shape,
    },
    /// The first of the axes that are merged comes after the last.
    AxisSpan {
        /// The first as written.
        from: Axis,
        /// The last as written.
        to: Axis,
        /// What comes in.
        found: Shape,
    },
    /// More axes than a shape has.
    MostAxes {
        /// How many there would be.
        axes: usize,
    },
    /// `Crop` removes everything, or `like` asks for more than there is.
    CropTooLarge {
        /// Rows there.
        input: Size,
        /// Rows asked for, or left.
        output: Size,
    },
    /// `Pad(like: ..)` asks for less than there is.
    PadTooSmall {
        /// Rows there.
        input: Size,
        /// Rows asked for.
        output: Size,
    },
    /// `align_corners` with a mode that has no corners to align.
    AlignCorners,
    /// An interpolation that is not for this number of axes.
    ModeRank {
        /// Axes it is for.
        expected: usize,
        /// Axes there.
        axes: usize,
    },
    /// A scale that is zero, negative, infinite or not a number.
    ScaleFactor,
    /// An `InstanceNorm` of one element per channel is always zero.
    SingleElement,
    /// A layer norm over the channels, which are not the last axis here.
    NormAxis {
        /// What comes in.
        found: Shape,
    },
    /// The layer's name says another number of spatial axes.
    NamedRank {
        /// The fewest axes it takes, the channel axis counted.
        least: usize,
        /// The most.
        most: usize,
        /// What comes in.
        found: Shape,
    },
    /// A real number outside the range of its field.
    Number {
        /// The field.
        field: &'static str,
        /// Its value.
        value: f64,
        /// The range in words: `from 0 to 1`.
        wanted: &'static str,
    },
    /// A lower bound that is not below the upper one.
    Bounds {
        /// The lower bound.
        min: f64,
        /// The upper bound.
        max: f64,
    },
    /// There is no such axis.
    Axis {
        /// The axis as written.
        axis: Axis,
        /// What comes in.
        found: Shape,
    },
    /// The same axis twice.
    RepeatedAxis {
        /// The axis as written the second time.
        axis: Axis,
        /// What comes in.
        found: Shape,
    },
    /// Another number of axes than are needed.
    AxisCount {
        /// How many are written.
        given: usize,
        /// How many there must be.
        wanted: usize,
        /// What comes in.
        found: Shape,
    },
    /// An axis that does not divide into equal pieces.
    EqualPieces {
        /// The axis as written.
        axis: Axis,
        /// Its size.
        size: Size,
        /// How many pieces there are to be.
        count: i64,
    },
    /// A recurrent layer does not meet `[length, features]`.
    Steps {
        /// What comes in.
        found: Shape,
    },
    /// A recurrent layer gets a first state of another shape.
    FirstState {
        /// Its name: `h_0` or `c_0`.
        state: &'static str,
        /// The shape that it must have.
        expected: Shape,
        /// What comes in.
        found: Shape,
    },
    /// A recurrent layer has more layers than there are names of parameters.
    TooManyLayers {
        /// How many.
        layers: i64,
        /// The most.
        most: i64,
    },
    /// What is read is not the run of that recurrent layer.
    NoRun {
        /// What comes in.
        found: Shape,
    },
    /// A piece that there is not.
    NoPiece {
        /// Which piece, from 0.
        index: i64,
        /// How many there are.
        count: i64,
    },
    /// Pieces whose sizes do not add up to that of the axis.
    Pieces {
        /// The axis as written.
        axis: Axis,
        /// Its size.
        size: Size,
        /// What the pieces add up to.
        total: i64,
    },
    /// Attention meets another number of axes than `[tokens, features]`.
    Tokens {
        /// Which of the values that it reads.
        operand: usize,
        /// Its shape.
        found: Shape,
    },
    /// Attention between linear layers meets another number of features.
    TokenFeatures {
        /// The field that says how many.
        field: &'static str,
        /// Features it is made for.
        expected: i64,
        /// What comes in.
        found: Shape,
    },
    /// Features that do not divide into heads.
    Heads {
        /// What is split.
        what: &'static str,
        /// Features there.
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
    /// What is added to the scores has another shape than they have.
    Scores {
        /// Tokens of the queries.
        tokens: Size,
        /// Tokens of the keys.
        keys: Size,
        /// Heads.
        heads: i64,
        /// What comes in.
        found: Shape,
    },
    /// A user-defined layer has more inputs, outputs or parameters than it may, or no output.
    CustomCounts {
        /// How many values it reads.
        inputs: usize,
        /// How many it gives.
        outputs: usize,
        /// How many parameters it has.
        params: usize,
    },
    /// A user-defined layer reads another number of values.
    CustomInputs {
        /// How many the type says.
        expected: usize,
        /// How many come in.
        found: usize,
    },
    /// A user-defined layer meets another shape.
    CustomInput {
        /// Which of the values that it reads, from 0.
        index: usize,
        /// What the type says.
        expected: Shape,
        /// What comes in.
        found: Shape,
    },
    /// A user-defined layer gives another number of values than are written.
    CustomOutputs {
        /// How many the type says.
        gives: usize,
        /// How many are written.
        named: usize,
    },
    /// A user-defined layer gives another shape than is written.
    CustomOutput {
        /// What the type says.
        gives: Shape,
        /// What is written.
        written: Shape,
    },
    /// What undoes a max pooling meets another shape than the pooling gave.
    Unpooled {
        /// What the pooling gave.
        given: Shape,
        /// What comes in.
        found: Shape,
    },
    /// The last axes have other sizes than the norm is made for.
    NormShape {
        /// What the layer says.
        expected: Shape,
        /// What comes in.
        found: Shape,
    },
}

impl Fault {
    /// A fault that is about no axis in particular.
    pub const fn new(reason: Reason) -> Fault {
        Fault { axis: None, reason }
    }

    /// A fault about one spatial axis.
    pub const fn on(axis: usize, reason: Reason) -> Fault {
        Fault { axis: Some(axis), reason }
    }
}

/// `?` for const functions.
macro_rules! tri {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Err(error),
        }
    };
}

/// As `tri!`, for arithmetic on sizes inside a function that gives a [`Reason`].
macro_rules! tri_size {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Err($crate::fault::Reason::Size(error)),
        }
    };
}

pub(crate) use {tri, tri_size};
