//! A user-defined layer: its shapes, its parameters, and the functions that compute it.

use crate::param::Init;
use crate::shape::Shape;

/// A parameter of a user-defined layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CustomParam {
    /// Its name: in files it comes after that of the layer, `q.codebook`.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// How a fresh model draws it.
    pub init: Init,
    /// Whether training changes it.
    pub trained: bool,
}

impl CustomParam {
    /// A parameter that begins as zeros.
    pub const fn new(name: &'static str, shape: &[i64]) -> CustomParam {
        CustomParam { name, shape: Shape::of(shape), init: Init::Constant(0.0), trained: true }
    }

    /// Begins as this number.
    #[must_use]
    pub const fn constant(self, number: f64) -> CustomParam {
        CustomParam { init: Init::Constant(number), ..self }
    }

    /// Begins with numbers drawn evenly from `-bound..bound`.
    #[must_use]
    pub const fn uniform(self, bound: f64) -> CustomParam {
        CustomParam { init: Init::Uniform { bound }, ..self }
    }

    /// Begins with numbers that are normally distributed around 0.
    #[must_use]
    pub const fn normal(self, deviation: f64) -> CustomParam {
        CustomParam { init: Init::Normal { deviation }, ..self }
    }

    /// Training does not change it.
    #[must_use]
    pub const fn fixed(self) -> CustomParam {
        CustomParam { trained: false, ..self }
    }
}

/// What a user-defined layer computes with, for one sample: the elements of each value, row by row.
#[derive(Debug)]
pub struct Forward<'a> {
    /// The parameters in their order.
    pub params: &'a [&'a [f32]],
    /// What comes in.
    pub inputs: &'a [&'a [f32]],
    /// What goes out; all zeros at first.
    pub outputs: &'a mut [&'a mut [f32]],
}

/// What the gradient of a user-defined layer is computed with, for one sample. Gradients are added to what is there.
#[derive(Debug)]
pub struct Backward<'a> {
    /// The parameters in their order.
    pub params: &'a [&'a [f32]],
    /// What came in.
    pub inputs: &'a [&'a [f32]],
    /// What went out.
    pub outputs: &'a [&'a [f32]],
    /// The gradient of each output.
    pub output_gradients: &'a [&'a [f32]],
    /// The gradient of each parameter, to be added to.
    pub param_gradients: &'a mut [&'a mut [f32]],
    /// The gradient of each input, to be added to.
    pub input_gradients: &'a mut [&'a mut [f32]],
}

/// A user-defined layer as plain data.
#[derive(Debug)]
pub struct CustomType {
    /// The name of its type.
    pub name: fn() -> &'static str,
    /// The shapes that it reads.
    pub inputs: &'static [Shape],
    /// The shapes that it gives.
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

/// The most values that a user-defined layer reads, gives, or has as parameters.
pub const MOST_CUSTOM: usize = 8;

/// The layer of an [`Op::Custom`](super::Op::Custom).
#[derive(Clone, Copy, Debug)]
pub struct Custom(TypeOrKey);

#[derive(Clone, Copy, Debug)]
enum TypeOrKey {
    Type(&'static CustomType),
    /// Only the compiler sees the type.
    Later(usize),
}

impl Custom {
    /// A layer.
    pub const fn of(layer: &'static CustomType) -> Custom {
        Custom(TypeOrKey::Type(layer))
    }

    /// Stands for a type that a macro cannot see, and which it knows under this number.
    pub const fn later(key: usize) -> Custom {
        Custom(TypeOrKey::Later(key))
    }

    /// The number under which a macro knows the type, if it cannot see it.
    pub const fn key(&self) -> Option<usize> {
        match self.0 {
            TypeOrKey::Later(key) => Some(key),
            TypeOrKey::Type(_) => None,
        }
    }

    /// The layer; `None` where a macro cannot see it.
    pub const fn layer(&self) -> Option<&'static CustomType> {
        match self.0 {
            TypeOrKey::Type(layer) => Some(layer),
            TypeOrKey::Later(_) => None,
        }
    }

    /// The name of the type, without the modules it is in.
    pub fn name(&self) -> &'static str {
        let whole = self.layer().map_or("Custom", |layer| (layer.name)());
        let path = whole.split('<').next().unwrap_or(whole);
        path.rfind("::").map_or(whole, |at| &whole[at + 2..])
    }
}

/// Of one type: one that has the same name, shapes and parameters.
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
