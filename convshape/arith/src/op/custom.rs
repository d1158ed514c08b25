//! A user-defined layer: its shapes, its parameters, and the functions that compute it.

use super::Init;
use crate::shape::Shape;

/// A parameter of a user-defined layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CustomParam {
    /// Its name. In files it follows the name of the layer: `q.codebook`.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// How a new model initialises it.
    pub init: Init,
    /// Whether it is trained.
    pub trained: bool,
}

impl CustomParam {
    /// A parameter initialised with zeros.
    pub const fn new(name: &'static str, shape: &[i64]) -> CustomParam {
        CustomParam { name, shape: Shape::of(shape), init: Init::Constant(0.0), trained: true }
    }

    /// Initialises it with this number.
    #[must_use]
    pub const fn constant(self, number: f64) -> CustomParam {
        CustomParam { init: Init::Constant(number), ..self }
    }

    /// Initialises it with uniform numbers from `-bound..bound`.
    #[must_use]
    pub const fn uniform(self, bound: f64) -> CustomParam {
        CustomParam { init: Init::Uniform { bound }, ..self }
    }

    /// Initialises it with normally distributed numbers around 0.
    #[must_use]
    pub const fn normal(self, deviation: f64) -> CustomParam {
        CustomParam { init: Init::Normal { deviation }, ..self }
    }

    /// Excludes it from training.
    #[must_use]
    pub const fn fixed(self) -> CustomParam {
        CustomParam { trained: false, ..self }
    }
}

/// The arguments of a user-defined layer's forward pass for one sample. All values are in row-major order.
#[derive(Debug)]
pub struct Forward<'a> {
    /// The parameters in order.
    pub params: &'a [&'a [f32]],
    /// The inputs.
    pub inputs: &'a [&'a [f32]],
    /// The outputs, initially zero.
    pub outputs: &'a mut [&'a mut [f32]],
}

/// The arguments of a user-defined layer's backward pass for one sample. The layer adds its gradients to the existing
/// ones.
#[derive(Debug)]
pub struct Backward<'a> {
    /// The parameters in order.
    pub params: &'a [&'a [f32]],
    /// The inputs of the forward pass.
    pub inputs: &'a [&'a [f32]],
    /// The outputs of the forward pass.
    pub outputs: &'a [&'a [f32]],
    /// The gradient of each output.
    pub output_gradients: &'a [&'a [f32]],
    /// The gradient of each parameter, to add to.
    pub param_gradients: &'a mut [&'a mut [f32]],
    /// The gradient of each input, to add to.
    pub input_gradients: &'a mut [&'a mut [f32]],
}

/// A user-defined layer as plain data.
#[derive(Debug)]
pub struct CustomType {
    /// The name of its type.
    pub name: fn() -> &'static str,
    /// The input shapes.
    pub inputs: &'static [Shape],
    /// The output shapes.
    pub outputs: &'static [Shape],
    /// Its parameters.
    pub params: &'static [CustomParam],
    /// Multiply-adds of one sample.
    pub macs: u64,
    /// Computes one sample.
    pub forward: fn(Forward<'_>),
    /// Adds the gradients of one sample.
    pub backward: fn(Backward<'_>),
}

/// The most inputs, outputs or parameters of a user-defined layer.
pub const MOST_CUSTOM: usize = 8;

/// The layer of an [`Op::Custom`](super::Op::Custom).
#[derive(Clone, Copy, Debug)]
pub struct Custom(TypeOrKey);

#[derive(Clone, Copy, Debug)]
enum TypeOrKey {
    Type(&'static CustomType),
    /// Only the compiler knows the type.
    Later(usize),
}

impl Custom {
    /// The given layer.
    pub const fn of(layer: &'static CustomType) -> Custom {
        Custom(TypeOrKey::Type(layer))
    }

    /// A placeholder for a type that the macro cannot see. The macro gives it this number.
    pub const fn later(key: usize) -> Custom {
        Custom(TypeOrKey::Later(key))
    }

    /// The number of a type that only the compiler knows.
    pub const fn key(&self) -> Option<usize> {
        match self.0 {
            TypeOrKey::Later(key) => Some(key),
            TypeOrKey::Type(_) => None,
        }
    }

    /// The layer; `None` if the macro cannot see it.
    pub const fn layer(&self) -> Option<&'static CustomType> {
        match self.0 {
            TypeOrKey::Type(layer) => Some(layer),
            TypeOrKey::Later(_) => None,
        }
    }

    /// The name of the type without its modules.
    pub fn name(&self) -> &'static str {
        let whole = self.layer().map_or("Custom", |layer| (layer.name)());
        let path = whole.split('<').next().unwrap_or(whole);
        path.rfind("::").map_or(whole, |at| &whole[at + 2..])
    }
}

/// Layers of the same type have the same name, shapes and parameters.
impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        match (self.0, other.0) {
            (TypeOrKey::Type(a), TypeOrKey::Type(b)) => {
                let same = (a.name)() == (b.name)() && a.inputs == b.inputs;
                core::ptr::eq(a, b) || same && a.outputs == b.outputs && a.params == b.params
            }
            (TypeOrKey::Later(a), TypeOrKey::Later(b)) => a == b,
            _ => false,
        }
    }
}
