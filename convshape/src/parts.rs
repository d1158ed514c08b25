//! What a generated model hands to the library: its program and its parameters in order.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use convshape_arith::op::Op;
use convshape_arith::param::{Init, ParamSpec};

use crate::error::ShapeError;
use crate::param::{Param, ParamGroup};
use crate::program::{Action, Program};

/// A generated model: a group of parameters, in the order of the steps and within a step in that
/// of [`Op::params`], and the program that reads them. `conv_chain!` implements it.
pub trait Parts: ParamGroup {
    /// The checked chain.
    const PROGRAM: &'static Program;
    /// The sub-chains that its steps name by index.
    const CHAINS: &'static [Linked];
}

/// A program together with the programs of its sub-chains.
#[derive(Clone, Copy, Debug)]
pub struct Linked {
    pub(crate) program: &'static Program,
    pub(crate) chains: &'static [Linked],
}

impl Linked {
    /// That of a model.
    pub const fn of<P: Parts>() -> Linked {
        Linked { program: P::PROGRAM, chains: P::CHAINS }
    }

    /// Its parameters in order, those of sub-chains at the place of the step.
    pub(crate) fn specs(self) -> Vec<Spec> {
        let mut specs = Vec::new();
        self.collect_specs("", &mut specs);
        specs
    }

    fn collect_specs(self, prefix: &str, specs: &mut Vec<Spec>) {
        for step in self.program.steps {
            match step.action {
                Action::Layer(op) => specs.extend(
                    op.params()
                        .iter()
                        .map(|spec| Spec::new(format!("{prefix}{}{}", step.file_name, spec.suffix), op, &spec)),
                ),
                Action::Chain { index } => {
                    self.chains[index].collect_specs(&format!("{prefix}{}.", step.file_name), specs);
                }
            }
        }
    }
}

/// The sizes of a parameter: always numbers, as the macro refuses any other.
fn numbers(sizes: impl Iterator<Item = Option<i64>>) -> Vec<usize> {
    sizes.map(|size| size.and_then(|n| usize::try_from(n).ok()).expect("a parameter's sizes are numbers")).collect()
}

/// One parameter of a model.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    /// Its name in files: `enc1.weight`.
    pub(crate) name: String,
    /// Its layer.
    #[cfg_attr(not(feature = "safetensors"), expect(dead_code, reason = "for hints about files"))]
    pub(crate) op: Op,
    /// Its shape, in the dialect's layout.
    pub(crate) shape: Vec<usize>,
    /// Its default initialisation.
    pub(crate) init: Init,
    /// Whether it is a running statistic, which no gradient reaches.
    #[cfg_attr(not(feature = "train"), expect(dead_code, reason = "for optimisers"))]
    pub(crate) statistic: bool,
}

impl Spec {
    /// A layer's parameter under a name.
    pub(crate) fn new(name: String, op: Op, spec: &ParamSpec) -> Spec {
        let shape = numbers(spec.shape.sizes().iter().map(|size| size.number()));
        Spec { name, op, shape, init: spec.init, statistic: spec.is_statistic() }
    }
}

/// Builds a model from its parameters, one for each of [`Linked::specs`].
pub(crate) fn assemble<M: Parts>(params: Vec<Param>) -> M {
    let mut params = params.into_iter();
    M::assemble(&mut || params.next().expect("a model has one field for each parameter of its program"))
}

/// A model's parameters in order.
///
/// # Errors
/// If one was replaced by one of another shape: the fields are public.
pub(crate) fn checked_params<M: Parts>(model: &M) -> Result<Vec<&Param>, ShapeError> {
    let mut params = Vec::new();
    model.visit(&mut |param| params.push(param));
    for (param, spec) in params.iter().zip(Linked::of::<M>().specs()) {
        if param.shape() != spec.shape {
            return Err(ShapeError::Param {
                chain: M::PROGRAM.name,
                name: spec.name,
                found: param.shape().to_vec(),
                expected: spec.shape,
            });
        }
    }
    Ok(params)
}
