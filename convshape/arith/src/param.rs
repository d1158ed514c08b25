//! The parameters of a layer: names, shapes and default initialisation.

mod attention;
mod recurrent;

use crate::op::init::{positive, sqrt};
use crate::op::{
    Conv, Custom, CustomParam, Dialect, Direction, Init, Op, Recurrent, Role, SeparableConv, Source, WeightFrom,
    WeightLayout, Weights, size, vector,
};
use crate::shape::Shape;
use crate::size::Size;

/// One parameter of a layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ParamSpec {
    /// Its role.
    pub role: Role,
    /// The field: `weight`, `bias`, `running_mean`, `running_var`; `depthwise_weight` and `pointwise_weight` in a
    /// separable convolution.
    pub field: &'static str,
    /// What follows the layer's name in files: `.weight`, flax `.kernel`, keras `/kernel`.
    pub suffix: &'static str,
    /// Its shape in the dialect's layout.
    pub shape: Shape,
    /// The meaning of its axes, for a matrix or kernel.
    pub layout: Option<WeightLayout>,
    /// Its default initialisation.
    pub init: Init,
}

/// The most parameters of a layer.
pub const MAX_PARAMS: usize = 64;

/// The most parameters of a layer that is not recurrent.
const MOST_SPECS: usize = 8;

/// The parameters of one layer, in the order of its fields.
#[derive(Clone, Copy, Debug)]
pub struct Params {
    specs: [Option<ParamSpec>; MOST_SPECS],
    /// The layer if it is recurrent, which may have many parameters.
    recurrent: Option<Recurrent>,
}

impl Params {
    const NONE: Params = Params { specs: [None; MOST_SPECS], recurrent: None };

    /// The parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = ParamSpec> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        if let Some(recurrent) = &self.recurrent {
            return recurrent.param_count();
        }
        let mut count = 0;
        while count < MOST_SPECS && self.specs[count].is_some() {
            count += 1;
        }
        count
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parameter at an index.
    pub const fn get(&self, index: usize) -> Option<ParamSpec> {
        match &self.recurrent {
            Some(recurrent) => recurrent.param(index),
            None if index < MOST_SPECS => self.specs[index],
            None => None,
        }
    }

    /// The number of trainable elements. Running statistics do not count, as in PyTorch.
    pub const fn trainable(&self) -> Option<u64> {
        let mut sum: u64 = 0;
        let mut index = 0;
        while index < self.len() {
            if let Some(spec) = self.get(index)
                && !spec.is_statistic()
            {
                let count = match spec.shape.elements() {
                    Ok(Size::Number(n)) if n >= 0 => n.cast_unsigned(),
                    _ => return None,
                };
                sum = match sum.checked_add(count) {
                    Some(sum) => sum,
                    None => return None,
                };
            }
            index += 1;
        }
        Some(sum)
    }

    const fn push(self, dialect: Dialect, role: Role, shape: Shape, init: Init) -> Params {
        self.push_spec(ParamSpec { role, field: role.field(), suffix: role.suffix(dialect), shape, layout: None, init })
    }

    const fn push_spec(mut self, spec: ParamSpec) -> Params {
        let at = self.len();
        self.specs[at] = Some(spec);
        self
    }

    const fn kernel(self, dialect: Dialect, shape: Shape, layout: WeightLayout, init: Init) -> Params {
        let role = Role::Kernel;
        let (field, suffix, layout) = (role.field(), role.suffix(dialect), Some(layout));
        self.push_spec(ParamSpec { role, field, suffix, shape, layout, init })
    }

    /// The scale and bias of a normalisation.
    const fn affine(self, dialect: Dialect, shape: Shape) -> Params {
        self.push(dialect, Role::Scale, shape, Init::Constant(1.0)).push(
            dialect,
            Role::Shift,
            shape,
            Init::Constant(0.0),
        )
    }
}

impl ParamSpec {
    const fn with_role(mut self, dialect: Dialect, role: Role) -> ParamSpec {
        (self.role, self.field, self.suffix) = (role, role.field(), role.suffix(dialect));
        self
    }

    /// The part between the layer's name and the suffix in files.
    pub const fn separator(&self) -> &'static str {
        if matches!(self.role, Role::Own | Role::OwnFixed) { "." } else { "" }
    }

    /// Whether it gets no gradient: a running statistic, or a parameter that is not trained.
    pub const fn is_statistic(&self) -> bool {
        self.role.is_statistic()
    }
}

impl Op {
    /// Everything that may follow the layer's name in a parameter's name, in PyTorch and in the layer's dialect,
    /// including parameters that this layer does not have.
    pub fn param_suffixes(&self) -> impl Iterator<Item = &'static str> {
        let own = self.dialect().unwrap_or(Dialect::Torch);
        let all = [Dialect::Torch, own].into_iter().flat_map(|dialect| Role::ALL.map(|role| role.suffix(dialect)));
        all.filter(|suffix| !suffix.is_empty())
    }

    /// The framework that names the layer's parameters, for layers whose names depend on it.
    pub const fn dialect(&self) -> Option<Dialect> {
        match self.row().weights {
            Weights::Conv(conv) => Some(conv.dialect),
            Weights::Separable(_) => Some(Dialect::Keras),
            Weights::Recurrent(layer) => Some(layer.dialect),
            Weights::MultiHead(layer) => Some(layer.dialect),
            Weights::Linear { dialect, .. } | Weights::BatchNorm { dialect, .. } | Weights::Affine { dialect, .. } => {
                Some(dialect)
            }
            Weights::One { dialect, .. } => dialect,
            Weights::None | Weights::Projection(_) | Weights::Custom(_) => None,
        }
    }

    /// The layer's parameters. If a channel count is omitted and not filled in ([`Op::bind`]), sizes are unknown.
    pub const fn params(&self) -> Params {
        const NONE: Params = Params::NONE;
        match self.row().weights {
            Weights::None | Weights::Affine { shape: None, .. } => NONE,
            Weights::Conv(conv) => conv_params(conv),
            Weights::Separable(SeparableConv { depthwise, pointwise }) => {
                let (first, second) = (conv_params(depthwise), conv_params(pointwise));
                let (Some(depthwise), Some(pointwise)) = (first.get(0), second.get(0)) else {
                    panic!("the two convolutions have weights of their own")
                };
                let params = NONE
                    .push_spec(depthwise.with_role(Dialect::Keras, Role::Depthwise))
                    .push_spec(pointwise.with_role(Dialect::Keras, Role::Pointwise));
                match second.get(1) {
                    Some(bias) => params.push_spec(bias),
                    None => params,
                }
            }
            Weights::Linear { dialect, inputs, outputs, bias } => {
                let layout = WeightLayout::linear(dialect);
                let shape = layout.matrix(size(inputs), Size::Number(outputs));
                let (weight, bias_init) = inits(dialect, axis_size(&shape, layout.in_axis), outputs);
                let params = NONE.kernel(dialect, shape, layout, weight);
                if bias { params.push(dialect, Role::Bias, Shape::of(&[outputs]), bias_init) } else { params }
            }
            Weights::Recurrent(layer) => layer.params(),
            Weights::MultiHead(layer) => layer.params(),
            Weights::Projection(layer) => {
                let weight = Shape::of(&[layer.rows.1, layer.inputs]);
                let params =
                    NONE.kernel(Dialect::Torch, weight, WeightLayout::linear(Dialect::Torch), Init::Constant(0.0));
                match layer.bias {
                    Some((_, count)) => {
                        params.push(Dialect::Torch, Role::Bias, Shape::of(&[count]), Init::Constant(0.0))
                    }
                    None => params,
                }
            }
            Weights::BatchNorm { dialect, channels, affine } => {
                let shape = vector(channels);
                let params = if affine { NONE.affine(dialect, shape) } else { NONE };
                params.push(dialect, Role::Mean, shape, Init::Constant(0.0)).push(
                    dialect,
                    Role::Variance,
                    shape,
                    Init::Constant(1.0),
                )
            }
            Weights::Affine { dialect, shape: Some(shape) } => NONE.affine(dialect, shape),
            Weights::One { dialect, role, shape, init } => {
                let dialect = match dialect {
                    Some(dialect) => dialect,
                    None => Dialect::Torch,
                };
                NONE.push(dialect, role, shape, init)
            }
            Weights::Custom(layer) => custom_params(layer),
        }
    }
}

impl Op {
    /// A layer's parameter as a value. If its shape is unknown, so is that of the value.
    pub const fn shared_param(&self, param: usize) -> Option<Op> {
        match self.params().get(param) {
            Some(spec) => {
                let of = Source::Shared { param, trained: !spec.is_statistic() };
                Some(Op::Source { of, shape: spec.shape })
            }
            None => None,
        }
    }

    /// The index of the parameter that it uses from the layer it is tied to.
    pub const fn tied_param(&self) -> usize {
        match self {
            Op::Source { of: Source::Shared { param, .. }, .. } => *param,
            _ => 0,
        }
    }
}

impl Conv {
    /// The shape of its weight, wherever that comes from, in the dialect's layout. The input channels must be known.
    pub const fn weight_shape(&self) -> Option<Shape> {
        if self.inputs.is_some() { Some(weight_shape(self)) } else { None }
    }

    /// The layer with the channels and the kernel of a weight; `None` if the weight has another number of axes, or its
    /// outputs do not say how many the layer has.
    pub const fn with_weight(&self, weight: &Shape) -> Option<Conv> {
        let layout = self.weight_layout();
        if weight.rank() != self.rank + 2 || self.depth_multiplier.is_some() {
            return None;
        }
        let (Size::Number(outputs), Size::Number(inputs)) = (weight.size(layout.out_axis), weight.size(layout.in_axis))
        else {
            return None;
        };
        let mut conv = *self;
        (conv.inputs, conv.outputs) = match self.direction {
            Direction::Forward => (Some(inputs.saturating_mul(self.groups)), outputs),
            Direction::Transposed => (Some(inputs), outputs.saturating_mul(self.groups)),
        };
        let mut axis = 0;
        while axis < self.rank {
            let Size::Number(rows) = weight.size(layout.first_tap_axis + axis) else { return None };
            conv.kernel[axis] = rows;
            axis += 1;
        }
        Some(conv)
    }
}

/// The parameters of a user-defined layer.
const fn custom_params(layer: &Custom) -> Params {
    let mut params = Params::NONE;
    let Some(layer) = layer.layer() else { return params };
    let mut index = 0;
    // If there are more, the check of the layer's shapes rejects it.
    while index < layer.params.len() && index < MOST_SPECS {
        let CustomParam { name, shape, init, trained } = layer.params[index];
        let role = if trained { Role::Own } else { Role::OwnFixed };
        params = params.push_spec(ParamSpec { role, field: name, suffix: name, shape, layout: None, init });
        index += 1;
    }
    params
}

/// A size that depends on unknown channels is unknown.
pub(crate) const fn weight_shape(conv: &Conv) -> Shape {
    // A layer with zero groups is rejected elsewhere.
    let groups = if conv.groups > 0 { conv.groups } else { 1 };
    let (out_count, in_count) = match (conv.depth_multiplier, conv.direction, conv.inputs) {
        (Some(multiplier), _, inputs) => (multiplier, size(inputs)),
        (None, Direction::Forward, Some(inputs)) => (conv.outputs, Size::Number(inputs / groups)),
        (None, Direction::Forward, None) => (conv.outputs, Size::Unknown),
        (None, Direction::Transposed, inputs) => (conv.outputs / groups, size(inputs)),
    };
    let layout = conv.weight_layout();
    let shape = Shape::unknown(2 + conv.rank).with(layout.out_axis, Size::Number(out_count));
    let mut shape = shape.with(layout.in_axis, in_count);
    let mut axis = 0;
    while axis < conv.rank {
        shape = shape.with(layout.first_tap_axis + axis, Size::Number(conv.kernel[axis]));
        axis += 1;
    }
    shape
}

const fn conv_params(conv: &Conv) -> Params {
    let shape = weight_shape(conv);
    let mut taps: i64 = 1;
    let mut axis = 0;
    while axis < conv.rank {
        taps = taps.saturating_mul(conv.kernel[axis]);
        axis += 1;
    }
    // Frameworks read the fans from the weight's axes, for both directions alike: PyTorch from the second axis, flax
    // and keras from the last two.
    let (fan_in, fan_out) = match conv.dialect {
        Dialect::Torch | Dialect::Onnx | Dialect::Jax => (axis_size(&shape, 1), axis_size(&shape, 0)),
        Dialect::Flax | Dialect::Keras => (axis_size(&shape, conv.rank), axis_size(&shape, conv.rank + 1)),
    };
    let (weight, bias) = inits(conv.dialect, fan_in.saturating_mul(taps), fan_out.saturating_mul(taps));
    let params = match conv.weight {
        WeightFrom::Own => Params::NONE.kernel(conv.dialect, shape, conv.weight_layout(), weight),
        WeightFrom::Tied | WeightFrom::Input => Params::NONE,
    };
    // For a depthwise convolution they follow from its inputs.
    let outputs = match (conv.depth_multiplier, conv.inputs) {
        (Some(_), None) => None,
        _ => Some(conv.outputs),
    };
    if conv.bias { params.push(conv.dialect, Role::Bias, vector(outputs), bias) } else { params }
}

const fn axis_size(shape: &Shape, axis: usize) -> i64 {
    match shape.size(axis) {
        Size::Number(n) => n,
        _ => 1,
    }
}

/// The default initialisation of a kernel with these fans, and of its bias:
///
/// - PyTorch, also used for onnx and jax, which have no default: both uniform within `1 / sqrt(fan_in)`, which is
///   `kaiming_uniform_(a = sqrt(5))`.
/// - flax: `lecun_normal`, a normal distribution cut at two standard deviations, with variance `1 / fan_in` after the
///   cut; zeros for the bias.
/// - keras: `glorot_uniform`, uniform within `sqrt(6 / (fan_in + fan_out))`; zeros for the bias.
const fn inits(dialect: Dialect, fan_in: i64, fan_out: i64) -> (Init, Init) {
    /// The standard deviation of a standard normal distribution cut at 2.
    const CUT: f64 = 0.879_625_661_034_239_8;
    const ZEROS: Init = Init::Constant(0.0);
    match dialect {
        Dialect::Torch | Dialect::Onnx | Dialect::Jax => {
            let init = Init::Uniform { bound: 1.0 / sqrt(positive(fan_in)) };
            (init, init)
        }
        Dialect::Flax => (Init::TruncatedNormal { deviation: 1.0 / sqrt(positive(fan_in)) / CUT }, ZEROS),
        Dialect::Keras => {
            let fans = positive(fan_in.saturating_add(fan_out));
            (Init::Uniform { bound: sqrt(6.0 / fans) }, ZEROS)
        }
    }
}
