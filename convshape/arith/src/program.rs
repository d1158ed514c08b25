//! A checked chain as constants. The macro writes it, and a graph is built from it.
//!
//! Values are numbered: first the chain's inputs, then the outputs of each step in order. A step only reads values with
//! smaller numbers.

mod flat;

pub use self::flat::{FlatLayer, FlatLayers, FlatName};
use crate::op::{AxisOrder, Op};
use crate::shape::Shape;

/// A type with a checked chain. `conv_chain!` implements it.
pub trait HasProgram {
    /// The chain.
    const PROGRAM: &'static Program;
}

/// A named input or output of a chain.
#[derive(Clone, Copy, Debug)]
pub struct ProgramPort {
    /// The port's name; `input` or `output` if the chain does not name it.
    pub name: &'static str,
    /// Its shape, without the batch axis.
    pub shape: Shape,
    /// The value of this input or output.
    pub value: usize,
}

/// The operation of a step.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// A layer.
    Layer(Op),
    /// Another chain; `index` counts the sub-chains of this chain.
    Chain {
        /// The index of the sub-chain in the model.
        index: usize,
    },
}

/// One step of a chain.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The layer's name in messages, including the names of the blocks around it: `blocks.0.c`.
    pub name: &'static str,
    /// The prefix of its parameters' names in files: `encoder.0`.
    pub file_name: &'static str,
    /// The operation.
    pub action: Action,
    /// The values it reads.
    pub inputs: &'static [usize],
    /// The first value it gives; a sub-chain with several outputs gives consecutive ones.
    pub output: usize,
    /// The step of this program whose parameter it uses, see [`Op::tied_param`]: for a convolution without a weight of
    /// its own, that step's weight. It comes before its own parameters.
    pub tied: Option<usize>,
    /// The step of this program that it runs again. It has that step's parameters and none of its own.
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
    pub inputs: &'static [ProgramPort],
    /// The steps in order.
    pub steps: &'static [Step],
    /// The outputs.
    pub outputs: &'static [ProgramPort],
    /// The sub-chains, indexed by the steps.
    pub chains: &'static [&'static Program],
    /// The number of values.
    pub values: usize,
}
