//! A checked chain as constants: what the macro writes, and what a graph is built from.
//!
//! Values are numbered: first the chain's inputs, then the outputs of each step, in the order of
//! the steps. A step reads values with smaller numbers only.

use crate::op::{AxisOrder, Op};
use crate::shape::Shape;

/// A type that has a checked chain. `conv_chain!` implements it.
pub trait HasProgram {
    /// The chain.
    const PROGRAM: &'static Program;
}

/// A named input or output of a chain.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    /// The port's name: `input`, `output` where it has none of its own.
    pub name: &'static str,
    /// Its shape, without batch.
    pub shape: Shape,
    /// The value that enters or leaves here.
    pub value: usize,
}

/// What a step does.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// A layer.
    Layer(Op),
    /// Another chain; `index` counts the chain's sub-chains.
    Chain {
        /// Which of the model's sub-chains.
        index: usize,
    },
}

/// One step of a chain.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The layer's name in messages, with the names around it: `blocks.0.c`.
    pub name: &'static str,
    /// The name of its parameters in files, without the field: `encoder.0`.
    pub file_name: &'static str,
    /// What it does.
    pub action: Action,
    /// The values it reads.
    pub inputs: &'static [usize],
    /// The first value it gives; a sub-chain with several outputs gives several in a row.
    pub output: usize,
    /// The step of this program one of whose own parameters it uses, see [`Op::tied_param`]: for a convolution
    /// without a weight of its own that step's weight. It comes before its own parameters.
    pub tied: Option<usize>,
    /// The step of this program of which it is another run. It has that step's parameters and none of its own.
    pub first_run: Option<usize>,
}

/// A checked chain.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The chain's name.
    pub name: &'static str,
    /// The position of the channel axis.
    pub order: AxisOrder,
    /// The inputs; their values are `0..inputs.len()`.
    pub inputs: &'static [Port],
    /// The steps in order.
    pub steps: &'static [Step],
    /// The outputs.
    pub outputs: &'static [Port],
    /// The chains that its steps name by index.
    pub chains: &'static [&'static Program],
    /// How many values there are.
    pub values: usize,
}

impl Program {
    /// How many parameters a model of the chain has.
    pub fn param_count(&self) -> usize {
        self.first_param(self.steps.len())
    }

    /// The index of a step's first parameter among those of the model, which are in the order of the steps.
    pub fn first_param(&self, step: usize) -> usize {
        self.steps[..step].iter().map(|step| self.own_params(step)).sum()
    }

    /// How many parameters belong to a step: none if it is another run of a step before it.
    pub fn own_params(&self, step: &Step) -> usize {
        match step.action {
            _ if step.first_run.is_some() => 0,
            Action::Layer(op) => op.params().len(),
            Action::Chain { index } => self.chains[index].param_count(),
        }
    }
}
