//! User-defined layers: `Custom(path::Type)`.

use core::fmt;
use core::marker::PhantomData;

use alloc::vec::Vec;

use convshape_arith::op::CustomType;
pub use convshape_arith::op::{Backward, CustomParam, Forward};
use convshape_arith::shape::Shape;

use crate::model::param::{Assembly, Param, ParamGroup};
use crate::model::shapes::TensorShape;

/// A layer of your own, which `Custom(path::Type) -> [..]` puts into a chain.
///
/// The type is only a name: a layer keeps nothing between samples except its parameters, which the model holds. Shapes
/// are types, such as `Chw<64, 8, 8>`, or tuples of types for several inputs or outputs. Both functions work on one
/// sample; the samples of a batch may run at the same time.
///
/// A chain that contains it checks its shapes at compile time. The layer works in `forward`, `gradients` and `Fit`, and
/// its parameters are initialised, loaded, saved, trained and counted like any other. It cannot be exported to ONNX or
/// burn.
///
/// ```
/// use convshape::{Backward, C, CustomLayer, CustomParam, Forward, conv_chain};
///
/// /// Multiplies by steps of a size that is learnt, and rounds to whole ones. The gradient goes straight through.
/// struct Steps;
///
/// impl CustomLayer for Steps {
///     type Input = C<4>;
///     type Output = C<4>;
///     const PARAMS: &'static [CustomParam] = &[CustomParam::new("scale", &[1]).constant(1.0)];
///
///     fn forward(Forward { params, inputs, outputs }: Forward<'_>) {
///         for (y, x) in outputs[0].iter_mut().zip(inputs[0]) {
///             *y = (params[0][0] * x).round();
///         }
///     }
///
///     fn backward(layer: Backward<'_>) {
///         let scale = layer.params[0][0];
///         for (index, dy) in layer.output_gradients[0].iter().enumerate() {
///             layer.input_gradients[0][index] += scale * dy;
///             layer.param_gradients[0][0] += layer.inputs[0][index] * dy;
///         }
///     }
/// }
///
/// conv_chain! {
///     struct Net {
///         input: [4];
///         steps: Custom(Steps) -> [4];
///         output: [4];
///     }
/// }
///
/// # #[cfg(feature = "ndarray")] {
/// # use convshape::ndarray::array;
/// # use convshape::rand::{SeedableRng, rngs::SmallRng};
/// let model = Net::init(&mut SmallRng::seed_from_u64(0));
/// let y = model.forward_batch(array![[0.2, 0.7, 1.4, -2.6]].view())?;
/// assert_eq!(y, array![[0.0, 1.0, 1.0, -3.0]]);
/// assert_eq!(model.steps["scale"].as_slice(), [1.0]);
/// # }
/// # Ok::<(), convshape::ShapeError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`Custom` takes a type that implements `convshape::CustomLayer`, not `{Self}`",
    label = "not a layer"
)]
pub trait CustomLayer: 'static {
    /// Its input shape, without the batch axis, or a tuple for several inputs.
    type Input: Shapes;
    /// Its output shape, or a tuple for several outputs, which the chain names in that order.
    type Output: Shapes;
    /// Its parameters, at most 8.
    const PARAMS: &'static [CustomParam] = &[];
    /// Multiply-adds of one sample, for the summary.
    const MACS: u64 = 0;

    /// Computes the outputs of one sample.
    fn forward(layer: Forward<'_>);

    /// Adds the gradients of one sample to those of the inputs and of the parameters.
    fn backward(layer: Backward<'_>);
}

/// One shape as a type, or a tuple of several.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a shape",
    label = "not a shape such as `Chw<16, 8, 8>` or `C<10>`, or a tuple of these"
)]
pub trait Shapes {
    /// The shapes in order.
    const SHAPES: &'static [Shape];
}

impl<S: TensorShape> Shapes for S {
    const SHAPES: &'static [Shape] = &[S::SHAPE];
}

macro_rules! tuples {
    ($(($($name:ident)+))+) => {$(
        impl<$($name: TensorShape),+> Shapes for ($($name,)+) {
            const SHAPES: &'static [Shape] = &[$($name::SHAPE),+];
        }
    )+};
}

tuples! {
    (A) (A B) (A B D) (A B D E) (A B D E F) (A B D E F G) (A B D E F G H) (A B D E F G H I)
}

/// A layer as plain data.
pub const fn custom_type<T: CustomLayer>() -> &'static CustomType {
    const {
        &CustomType {
            name: core::any::type_name::<T>,
            inputs: T::Input::SHAPES,
            outputs: T::Output::SHAPES,
            params: T::PARAMS,
            macs: T::MACS,
            forward: T::forward,
            backward: T::backward,
        }
    }
}

/// The parameters of a user-defined layer, by the names that its type gives them.
pub struct CustomParams<T> {
    params: Vec<Param>,
    names: &'static [CustomParam],
    of: PhantomData<fn() -> T>,
}

// No trait bound here: if a type is not a layer, the chain's own error is enough.
impl<T> CustomParams<T> {
    /// The parameter with a given name.
    pub fn get(&self, name: &str) -> Option<&Param> {
        self.params.get(self.place(name)?)
    }

    /// The parameter with a given name, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Param> {
        let place = self.place(name)?;
        self.params.get_mut(place)
    }

    /// The parameters in the order of [`CustomLayer::PARAMS`].
    pub fn iter(&self) -> impl Iterator<Item = &Param> {
        self.params.iter()
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|param| param.name == name)
    }
}

impl<T> core::ops::Index<&str> for CustomParams<T> {
    type Output = Param;

    fn index(&self, name: &str) -> &Param {
        self.get(name).expect("the layer's type has a parameter of this name")
    }
}

impl<T> core::ops::IndexMut<&str> for CustomParams<T> {
    fn index_mut(&mut self, name: &str) -> &mut Param {
        self.get_mut(name).expect("the layer's type has a parameter of this name")
    }
}

impl<T> Clone for CustomParams<T> {
    fn clone(&self) -> Self {
        CustomParams { params: self.params.clone(), names: self.names, of: PhantomData }
    }
}

impl<T> fmt::Debug for CustomParams<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.iter().map(|param| param.name);
        f.debug_map().entries(names.zip(&self.params)).finish()
    }
}

impl<T> ParamGroup for CustomParams<T> {
    fn assemble(parts: &mut Assembly<'_>) -> Self {
        let names = parts.custom().params;
        CustomParams { params: names.iter().map(|_| Param::assemble(parts)).collect(), names, of: PhantomData }
    }

    fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Param)) {
        self.params.iter().for_each(f);
    }

    fn visit_mut(&mut self, f: &mut dyn FnMut(&mut Param)) {
        self.params.iter_mut().for_each(f);
    }
}
