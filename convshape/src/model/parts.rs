//! The interface between a generated model and the library: its program, and its parameters in order.

#[cfg(feature = "alloc")]
use alloc::string::ToString;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use convshape_arith::op::{CustomType, Init, Op, Role};
use convshape_arith::param::ParamSpec;

use crate::model::error::{Replaced, ShapeError};
use crate::model::param::{Assembly, AxisSizes, Param, ParamGroup};
use crate::model::slot::Slot;
use convshape_arith::program::{Action, HasProgram, Program};

/// A generated model: its parameters, in the order of the steps and within a step in the order of [`Op::params`], and
/// the program that reads them. `conv_chain!` implements it.
pub trait Parts: ParamGroup + HasProgram {
    /// Its sub-chains, indexed by the steps.
    const CHAINS: &'static [Linked];
    /// The positions of its values in memory; empty if sizes are symbols or generic.
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

/// A program together with the programs of its sub-chains.
#[derive(Clone, Copy, Debug)]
pub struct Linked {
    pub(crate) program: &'static Program,
    pub(crate) chains: &'static [Linked],
    pub(crate) slots: &'static [Slot],
}

/// How deeply chains may be nested.
const MOST_NESTED: usize = 8;

impl Linked {
    /// The program of a model.
    ///
    /// # Panics
    /// If chains are nested more than 8 deep.
    pub const fn of<P: Parts>() -> Linked {
        let linked = Linked { program: P::PROGRAM, chains: P::CHAINS, slots: P::SLOTS };
        assert!(linked.depth() <= MOST_NESTED, "chains are nested at most 8 deep");
        linked
    }

    const fn depth(&self) -> usize {
        let (mut deepest, mut index) = (0, 0);
        while index < self.chains.len() {
            let depth = self.chains[index].depth();
            deepest = if depth > deepest { depth } else { deepest };
            index += 1;
        }
        deepest + 1
    }

    /// Its parameters in the order of the steps; those of a sub-chain come at the sub-chain's step.
    pub(crate) fn specs(self) -> Specs {
        let frame = Frame { linked: self, prefix: "", step: 0, param: 0 };
        Specs { frames: [frame; MOST_NESTED], depth: 0 }
    }

    /// A user-defined layer, in the order of the steps; `skip` is decremented for each one before it. Further runs of a
    /// layer do not count.
    fn custom(self, skip: &mut usize) -> Option<&'static CustomType> {
        for step in self.program.steps.iter().filter(|step| step.first_run.is_none()) {
            let found = match &step.action {
                Action::Layer(Op::Custom { layer, .. }) if *skip == 0 => layer.layer(),
                Action::Layer(Op::Custom { .. }) => {
                    *skip -= 1;
                    None
                }
                Action::Layer(_) => None,
                Action::Chain { index } => self.chains[*index].custom(skip),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Calls `f` with each layer that shares no weight, and with its name in files, in the order of the steps.
    #[cfg(feature = "safetensors")]
    pub(crate) fn for_each_layer(self, f: &mut dyn FnMut(&str, &Op)) {
        let steps = self.program.steps;
        // A layer's activation is a step with the same name.
        let shares = |name: &str| steps.iter().any(|step| step.tied.is_some() && step.file_name == name);
        for step in steps.iter().filter(|step| step.first_run.is_none()) {
            match &step.action {
                // A file written by PyTorch has a shared weight under both names.
                Action::Layer(_) if shares(step.file_name) => {}
                Action::Layer(op) => f(step.file_name, op),
                Action::Chain { index } => {
                    let mut within = |name: &str, op: &Op| f(&alloc::format!("{}.{name}", step.file_name), op);
                    self.chains[*index].for_each_layer(&mut within);
                }
            }
        }
    }

    /// Checks that parameters have the shapes of [`Linked::specs`].
    ///
    /// # Errors
    /// The first parameter with a different shape.
    #[cfg(feature = "alloc")]
    pub(crate) fn check(self, params: &[&Param]) -> Result<(), ShapeError> {
        for (param, spec) in params.iter().zip(self.specs()) {
            if param.shape() != &*spec.shape {
                return Err(ShapeError::Param {
                    chain: self.program.name,
                    name: spec.name.to_string(),
                    found: param.shape().to_vec(),
                    expected: spec.shape.to_vec(),
                });
            }
        }
        Ok(())
    }
}

/// Iterates over the parameters of a program.
pub(crate) struct Specs {
    /// The program, the sub-chain it is in, the sub-chain inside that, and so on.
    frames: [Frame; MOST_NESTED],
    /// The innermost frame.
    depth: usize,
}

#[derive(Clone, Copy)]
struct Frame {
    linked: Linked,
    /// The name of the step that runs the chain.
    prefix: &'static str,
    step: usize,
    param: usize,
}

impl Iterator for Specs {
    type Item = Spec;

    fn next(&mut self) -> Option<Spec> {
        loop {
            let frame = &mut self.frames[self.depth];
            let Some(step) = frame.linked.program.steps.get(frame.step) else {
                self.depth = self.depth.checked_sub(1)?;
                continue;
            };
            if step.first_run.is_some() {
                frame.step += 1;
                continue;
            }
            match step.action {
                Action::Layer(op) => {
                    if let Some(spec) = op.params().get(frame.param) {
                        frame.param += 1;
                        let prefixes = self.frames.map(|frame| frame.prefix);
                        let (depth, separator) = (self.depth, spec.separator());
                        let name = ParamName { prefixes, depth, layer: step.file_name, separator, suffix: spec.suffix };
                        return Some(Spec::new(name, op, &spec));
                    }
                    (frame.step, frame.param) = (frame.step + 1, 0);
                }
                Action::Chain { index } => {
                    frame.step += 1;
                    let linked = frame.linked.chains[index];
                    self.depth += 1;
                    self.frames[self.depth] = Frame { linked, prefix: step.file_name, step: 0, param: 0 };
                }
            }
        }
    }
}

/// A parameter's name in files: `sub.enc1.weight`.
#[derive(Clone, Copy)]
pub(crate) struct ParamName {
    /// From index 1 on, the sub-chains it is in.
    prefixes: [&'static str; MOST_NESTED],
    depth: usize,
    layer: &'static str,
    separator: &'static str,
    suffix: &'static str,
}

impl ParamName {
    /// The name of a parameter without a layer.
    #[cfg(feature = "typed")]
    pub(crate) fn alone(name: &'static str) -> ParamName {
        ParamName { prefixes: [""; MOST_NESTED], depth: 0, layer: "", separator: "", suffix: name }
    }

    /// The parts that the name is joined from.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &'static str> + '_ {
        let outer = self.prefixes[1..=self.depth].iter().flat_map(|&prefix| [prefix, "."]);
        outer.chain([self.layer, self.separator, self.suffix])
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

/// Builds a model from its parameters, one for each of [`Linked::specs`].
pub(crate) fn assemble<M: Parts>(params: impl IntoIterator<Item = Param>) -> M {
    let mut params = params.into_iter();
    let mut next = || params.next().expect("a model has one field for each parameter of its program");
    let mut before = 0;
    let mut custom = || {
        before += 1;
        Linked::of::<M>().custom(&mut (before - 1))
    };
    M::assemble(&mut Assembly::new(&mut next, &mut custom))
}

/// The generated `from_static`: a model that borrows its parameters, which are concatenated in order.
///
/// # Errors
/// If the number of elements is wrong.
pub fn from_static<M: Parts>(weights: &'static [f32]) -> Result<M, ShapeError> {
    let specs = Linked::of::<M>().specs();
    let expected = specs.map(|spec| spec.count()).sum();
    if weights.len() != expected {
        return Err(ShapeError::Weights { chain: M::PROGRAM.name, found: weights.len(), expected });
    }
    let mut rest = weights;
    Ok(assemble(Linked::of::<M>().specs().map(|spec| {
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
    Linked::of::<M>().check(&params)?;
    Ok(params)
}

/// Like [`checked_params`], without a heap.
///
/// # Panics
/// If a parameter was replaced by one of a different shape.
pub(crate) fn assert_params<M: Parts>(model: &M) {
    let mut specs = Linked::of::<M>().specs();
    model.visit(&mut |param| {
        if let Some(Spec { name, shape, .. }) = specs.next()
            && param.shape() != &*shape
        {
            panic!("{}", Replaced { chain: M::PROGRAM.name, name, found: param.shape(), expected: &shape });
        }
    });
}
