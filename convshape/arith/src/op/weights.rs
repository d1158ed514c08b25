//! What a layer's parameters follow from, and their roles.

use super::{Conv, Custom, Dialect, Init, MultiHead, Projection, Recurrent, SeparableConv};
use crate::shape::Shape;
use crate::size::Size;

/// The role of a parameter in its layer. Its names in code and in files follow from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Role {
    /// The matrix or kernel of a layer that has only one.
    Kernel,
    /// The depthwise kernel of a separable convolution.
    Depthwise,
    /// The kernel over the channels of a separable convolution.
    Pointwise,
    /// A recurrent layer's matrix for its input.
    InputKernel,
    /// A recurrent layer's matrix for its previous state.
    RecurrentKernel,
    /// The bias after a kernel, one number per output channel.
    Bias,
    /// The scale of a normalisation.
    Scale,
    /// The scale of an [`Op::RmsNorm`](super::Op::RmsNorm), which keras does not call gamma.
    RmsScale,
    /// The bias of a normalisation.
    Shift,
    /// The running mean of a normalisation.
    Mean,
    /// The running variance of a normalisation.
    Variance,
    /// The slope of an activation: `Prelu`, `Snake`.
    Slope,
    /// The elements of a `Parameter`.
    Free,
    /// The elements of a `Parameter` that is not trained.
    Fixed,
    /// A parameter of a user-defined layer, which names it.
    Own,
    /// A parameter of a user-defined layer that is not trained.
    OwnFixed,
}

impl Role {
    pub(crate) const ALL: [Role; 12] = [
        Role::Kernel,
        Role::Depthwise,
        Role::Pointwise,
        Role::Bias,
        Role::Scale,
        Role::RmsScale,
        Role::Shift,
        Role::Mean,
        Role::Variance,
        Role::Slope,
        Role::Free,
        Role::Fixed,
    ];

    /// The name of the field, which is PyTorch's in every dialect: `weight`, `running_mean`. A `Parameter` is itself a
    /// field of the model.
    pub const fn field(self) -> &'static str {
        match self {
            Role::Kernel | Role::Scale | Role::RmsScale | Role::Slope => "weight",
            // These are the first layer's; the names of other layers and directions have a suffix.
            Role::InputKernel => "weight_ih_l0",
            Role::RecurrentKernel => "weight_hh_l0",
            Role::Depthwise => "depthwise_weight",
            Role::Pointwise => "pointwise_weight",
            Role::Bias | Role::Shift => "bias",
            Role::Mean => "running_mean",
            Role::Variance => "running_var",
            Role::Free | Role::Fixed | Role::Own | Role::OwnFixed => "",
        }
    }

    /// Whether it gets no gradient: a running statistic, or a parameter that is not trained.
    pub const fn is_statistic(self) -> bool {
        matches!(self, Role::Mean | Role::Variance | Role::Fixed | Role::OwnFixed)
    }

    /// Whether training moves it without a gradient: a running statistic.
    pub const fn is_running(self) -> bool {
        matches!(self, Role::Mean | Role::Variance)
    }

    /// What follows the layer's name in files.
    pub(crate) const fn suffix(self, dialect: Dialect) -> &'static str {
        match (dialect, self) {
            (_, Role::Free | Role::Fixed | Role::Own | Role::OwnFixed) => "",
            (Dialect::Keras, Role::Kernel) => "/kernel",
            (Dialect::Keras, Role::Depthwise) => "/depthwise_kernel",
            (Dialect::Keras, Role::Pointwise) => "/pointwise_kernel",
            (Dialect::Keras, Role::Bias) => "/bias",
            (Dialect::Keras, Role::Scale) => "/gamma",
            (Dialect::Keras, Role::RmsScale) => "/scale",
            (Dialect::Keras, Role::Shift) => "/beta",
            (Dialect::Keras, Role::Mean) => "/moving_mean",
            (Dialect::Keras, Role::Variance) => "/moving_variance",
            (Dialect::Flax, Role::Kernel) => ".kernel",
            (Dialect::Flax, Role::Scale | Role::RmsScale) => ".scale",
            (Dialect::Flax, Role::Mean) => ".mean",
            (Dialect::Flax, Role::Variance) => ".var",
            (_, Role::InputKernel) => ".weight_ih_l0",
            (_, Role::RecurrentKernel) => ".weight_hh_l0",
            (_, Role::Kernel | Role::Scale | Role::RmsScale | Role::Slope) => ".weight",
            (_, Role::Depthwise) => ".depthwise_weight",
            (_, Role::Pointwise) => ".pointwise_weight",
            (_, Role::Bias | Role::Shift) => ".bias",
            (_, Role::Mean) => ".running_mean",
            (_, Role::Variance) => ".running_var",
        }
    }
}

/// The settings of a layer that determine its parameters.
pub(crate) enum Weights<'a> {
    /// It has none.
    None,
    Conv(&'a Conv),
    Separable(&'a SeparableConv),
    Linear {
        dialect: Dialect,
        inputs: Option<i64>,
        outputs: i64,
        bias: bool,
    },
    Recurrent(&'a Recurrent),
    MultiHead(&'a MultiHead),
    Projection(&'a Projection),
    BatchNorm {
        dialect: Dialect,
        channels: Option<i64>,
        affine: bool,
    },
    /// The scale and bias of a normalisation; without a shape it has neither.
    Affine {
        dialect: Dialect,
        shape: Option<Shape>,
    },
    /// One parameter. Without a dialect, its name is the same in all of them.
    One {
        dialect: Option<Dialect>,
        role: Role,
        shape: Shape,
        init: Init,
    },
    Custom(&'a Custom),
}

impl Weights<'_> {
    /// One number per channel, which starts at `value`.
    pub(crate) const fn slope(channels: Option<i64>, value: f64) -> Weights<'static> {
        Weights::One { dialect: None, role: Role::Slope, shape: vector(channels), init: Init::Constant(value) }
    }
}

/// A count that may have been omitted.
pub(crate) const fn size(count: Option<i64>) -> Size {
    match count {
        Some(count) => Size::Number(count),
        None => Size::Unknown,
    }
}

/// One number per channel.
pub(crate) const fn vector(channels: Option<i64>) -> Shape {
    Shape::new(&[size(channels)], &[])
}
