//! The parameters of a layer: names, shapes and default initialisation.

use crate::op::{Conv, Direction, Op};
use crate::shape::Shape;
use crate::size::Size;

/// How a parameter is initialised where nothing is loaded.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Init {
    /// Uniform within `-bound..bound`.
    Uniform {
        /// The bound.
        bound: f64,
    },
    /// One value everywhere.
    Constant(f64),
}

/// One parameter of a layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ParamSpec {
    /// The field: `weight`, `bias`, `running_mean`, `running_var`.
    pub field: &'static str,
    /// Its shape, in the dialect's layout.
    pub shape: Shape,
    /// Its default initialisation.
    pub init: Init,
}

/// The most parameters a layer has.
pub const MAX_PARAMS: usize = 4;

/// The parameters of one layer, in the order of its fields.
#[derive(Clone, Copy, Debug)]
pub struct Params {
    specs: [Option<ParamSpec>; MAX_PARAMS],
}

impl Params {
    const NONE: Params = Params { specs: [None; MAX_PARAMS] };

    /// The parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = ParamSpec> + '_ {
        self.specs.iter().filter_map(|spec| *spec)
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        let mut count = 0;
        while count < MAX_PARAMS && self.specs[count].is_some() {
            count += 1;
        }
        count
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parameter at a place.
    pub const fn get(&self, index: usize) -> Option<ParamSpec> {
        if index < MAX_PARAMS { self.specs[index] } else { None }
    }

    /// The number of trainable elements: running statistics do not count, as in PyTorch.
    pub const fn trainable(&self) -> Option<u64> {
        let mut sum: u64 = 0;
        let mut index = 0;
        while index < MAX_PARAMS {
            if let Some(spec) = self.specs[index]
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

    const fn push(mut self, field: &'static str, shape: Shape, init: Init) -> Params {
        let at = self.len();
        self.specs[at] = Some(ParamSpec { field, shape, init });
        self
    }
}

impl ParamSpec {
    /// Whether it is a running statistic, which training updates but no gradient reaches.
    pub const fn is_statistic(&self) -> bool {
        matches!(self.field.as_bytes(), b"running_mean" | b"running_var")
    }
}

impl Op {
    /// The layer's parameters. Channel counts that were left out must have been filled in
    /// ([`Op::bind`]).
    pub const fn params(&self) -> Params {
        const ONES: Init = Init::Constant(1.0);
        const ZEROS: Init = Init::Constant(0.0);
        match *self {
            Op::Conv(conv) => conv_params(&conv),
            Op::Linear { inputs: Some(inputs), outputs, bias } => {
                let init = fan_in(inputs);
                let params = Params::NONE.push("weight", Shape::of(&[outputs, inputs]), init);
                if bias { params.push("bias", Shape::of(&[outputs]), init) } else { params }
            }
            Op::BatchNorm { channels: Some(channels), affine, .. } => {
                let shape = Shape::of(&[channels]);
                let params = if affine {
                    Params::NONE.push("weight", shape, ONES).push("bias", shape, ZEROS)
                } else {
                    Params::NONE
                };
                params.push("running_mean", shape, ZEROS).push("running_var", shape, ONES)
            }
            Op::GroupNorm { channels: Some(channels), .. }
            | Op::InstanceNorm { channels: Some(channels), affine: true, .. } => {
                let shape = Shape::of(&[channels]);
                Params::NONE.push("weight", shape, ONES).push("bias", shape, ZEROS)
            }
            Op::LayerNorm { size: Some(shape), .. } => {
                Params::NONE.push("weight", shape, ONES).push("bias", shape, ZEROS)
            }
            // PyTorch starts a PReLU at 0.25; the snake of the audio codecs starts at 1.
            Op::Prelu { channels } => Params::NONE.push("weight", Shape::of(&[channels]), Init::Constant(0.25)),
            Op::Snake { channels: Some(channels) } => Params::NONE.push("weight", Shape::of(&[channels]), ONES),
            _ => Params::NONE,
        }
    }
}

const fn conv_params(conv: &Conv) -> Params {
    let Some(inputs) = conv.inputs else { return Params::NONE };
    let (first, second) = match conv.direction {
        Direction::Forward => (conv.outputs, inputs / conv.groups),
        Direction::Transposed => (inputs, conv.outputs / conv.groups),
    };
    let mut shape = Shape::unknown(2 + conv.rank).with(0, Size::Number(first)).with(1, Size::Number(second));
    let mut fan = second;
    let mut axis = 0;
    while axis < conv.rank {
        shape = shape.with(2 + axis, Size::Number(conv.kernel[axis]));
        fan = fan.saturating_mul(conv.kernel[axis]);
        axis += 1;
    }
    let init = fan_in(fan);
    let params = Params::NONE.push("weight", shape, init);
    if conv.bias { params.push("bias", Shape::of(&[conv.outputs]), init) } else { params }
}

/// PyTorch's default for weights and biases of convolutions and linear layers:
/// `kaiming_uniform_(a = sqrt(5))`, which is uniform within `1 / sqrt(fan_in)`. It counts
/// `fan_in` as `weight.size(1)` times the taps of the kernel, for transposed convolutions too.
const fn fan_in(fan: i64) -> Init {
    #[expect(clippy::cast_precision_loss, reason = "a bound of random numbers")]
    let fan = if fan < 1 { 1.0 } else { fan as f64 };
    Init::Uniform { bound: 1.0 / sqrt(fan) }
}

/// The square root by Newton's method: `f64::sqrt` is neither `const` nor in `core`.
const fn sqrt(x: f64) -> f64 {
    let mut root = if x > 1.0 { x } else { 1.0 };
    let mut step = 0;
    // From above, each step halves the exponent's error or doubles the digits; 100 reach any f64.
    while step < 100 {
        root = 0.5 * (root + x / root);
        step += 1;
    }
    root
}
