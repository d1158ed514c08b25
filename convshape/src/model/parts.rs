//! The interface between a generated model and the library: its program, and its parameters in order.

#[cfg(feature = "alloc")]
use alloc::string::ToString;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use convshape_arith::op::{Init, Op, Role};
use convshape_arith::param::ParamSpec;

use crate::model::error::{Replaced, ShapeError};
use crate::model::param::{Assembly, AxisSizes, Param, ParamGroup};
use crate::model::slot::Slot;
use convshape_arith::program::{FlatLayers, FlatName, HasProgram};

/// A generated model: its parameters, in the order of the steps and within a step in the order of [`Op::params`], and
/// the program that reads them. `conv_chain!` implements it.
pub trait Parts: ParamGroup + HasProgram {
    /// The positions of its values and of those of its sub-chains in memory; empty if sizes are symbols or generic.
    const SLOTS: &'static [Slot] = &[];
}

/// Prints a generated struct with its fields.
pub fn debug(f: &mut fmt::Formatter<'_>, name: &str, fields: &[(&str, &dyn fmt::Debug)]) -> fmt::Result {
    let mut all = f.debug_struct(name);
    for (name, value) in fields {
        all.field(name, value);
    }
    all.finish()
}

/// The layers of a model.
pub(crate) fn layers<M: Parts>() -> FlatLayers {
    const { M::PROGRAM.flat() }
}

/// The parameters of a model in order.
pub(crate) fn specs<M: Parts>() -> impl Iterator<Item = Spec> {
    layers::<M>().filter(|layer| layer.first_run.is_none()).flat_map(|layer| {
        let params = layer.op.params();
        (0..params.len()).filter_map(move |index| params.get(index)).map(move |spec| {
            let name = ParamName { layer: layer.file_name, separator: spec.separator(), suffix: spec.suffix };
            Spec::new(name, *layer.op, &spec)
        })
    })
}

/// A parameter's name in files: `sub.enc1.weight`.
#[derive(Clone, Copy)]
pub(crate) struct ParamName {
    layer: FlatName,
    separator: &'static str,
    suffix: &'static str,
}

impl ParamName {
    /// The name of a parameter without a layer.
    #[cfg(feature = "typed")]
    pub(crate) fn alone(name: &'static str) -> ParamName {
        ParamName { layer: FlatName::new(""), separator: "", suffix: name }
    }

    /// The parts that the name is joined from.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.layer.pieces().chain([self.separator, self.suffix])
    }
}

impl fmt::Display for ParamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().try_for_each(|piece| f.write_str(piece))
    }
}

/// One parameter of a model.
#[derive(Clone, Copy)]
pub(crate) struct Spec {
    /// Its name in files.
    pub(crate) name: ParamName,
    /// Its layer.
    #[cfg_attr(not(feature = "safetensors"), expect(dead_code, reason = "for hints about files"))]
    pub(crate) op: Op,
    /// Its shape, in the dialect's layout.
    pub(crate) shape: AxisSizes,
    /// Its default initialisation.
    #[cfg_attr(not(feature = "alloc"), expect(dead_code, reason = "for fresh models"))]
    pub(crate) init: Init,
    /// Its role.
    #[cfg_attr(not(feature = "train"), expect(dead_code, reason = "for optimisers"))]
    pub(crate) role: Role,
}

impl Spec {
    /// A layer's parameter with its name.
    pub(crate) fn new(name: ParamName, op: Op, spec: &ParamSpec) -> Spec {
        Spec { name, op, shape: AxisSizes::of(&spec.shape), init: spec.init, role: spec.role }
    }

    /// Its number of elements.
    pub(crate) fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Builds a model from its parameters, one for each of [`specs`].
pub(crate) fn assemble<M: Parts>(params: impl IntoIterator<Item = Param>) -> M {
    let mut params = params.into_iter();
    let mut next = || params.next().expect("a model has one field for each parameter of its program");
    let mut types = layers::<M>().filter(|layer| layer.first_run.is_none()).filter_map(|layer| match layer.op {
        Op::Custom { layer, .. } => Some(layer.layer()),
        _ => None,
    });
    let mut custom = || types.next().flatten();
    M::assemble(&mut Assembly::new(&mut next, &mut custom))
}

/// The generated `from_static`: a model that borrows its parameters, which are concatenated in order.
///
/// # Errors
/// If the number of elements is wrong.
pub fn from_static<M: Parts>(weights: &'static [f32]) -> Result<M, ShapeError> {
    let expected = specs::<M>().map(|spec| spec.count()).sum();
    if weights.len() != expected {
        return Err(ShapeError::Weights { chain: M::PROGRAM.name, found: weights.len(), expected });
    }
    let mut rest = weights;
    Ok(assemble(specs::<M>().map(|spec| {
        let (own, others) = rest.split_at(spec.count());
        rest = others;
        Param::of(spec.shape, own.into())
    })))
}

/// A model's parameters in order.
///
/// # Errors
/// If one was replaced by one of a different shape, which is possible because the fields are public.
#[cfg(feature = "alloc")]
pub(crate) fn checked_params<M: Parts>(model: &M) -> Result<Vec<&Param>, ShapeError> {
    let mut params = Vec::new();
    model.visit(&mut |param| params.push(param));
    for (param, spec) in params.iter().zip(specs::<M>()) {
        if param.shape() != &*spec.shape {
            return Err(ShapeError::Param {
                chain: M::PROGRAM.name,
                name: spec.name.to_string(),
                found: param.shape().to_vec(),
                expected: spec.shape.to_vec(),
            });
        }
    }
    Ok(params)
}

/// Like [`checked_params`], without a heap.
///
/// # Panics
/// If a parameter was replaced by one of a different shape.
pub(crate) fn assert_params<M: Parts>(model: &M) {
    let mut specs = specs::<M>();
    model.visit(&mut |param| {
        if let Some(Spec { name, shape, .. }) = specs.next()
            && param.shape() != &*shape
        {
            panic!("{}", Replaced { chain: M::PROGRAM.name, name, found: param.shape(), expected: &shape });
        }
    });
}
