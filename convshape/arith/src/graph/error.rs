//! Why a graph cannot be built.

use alloc::string::String;
use core::fmt;

use crate::fault::Fault;
use crate::shape::Shape;
use crate::size::Symbol;

/// Why a graph cannot be built, or bound to sizes.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum GraphError {
    /// A layer refuses the shapes that it reads.
    Layer {
        /// The layer.
        layer: String,
        /// Why.
        fault: Fault,
    },
    /// A layer reads too few or too many values.
    Operands {
        /// The layer.
        layer: String,
        /// The number of values that it was given.
        found: usize,
    },
    /// A layer or output reads a value that no input or earlier layer gives.
    NoValue {
        /// The layer or output.
        reader: String,
        /// The value.
        value: usize,
    },
    /// The sizes of a layer's parameters do not follow from what it reads.
    Params {
        /// The layer.
        layer: String,
    },
    /// A layer uses the weight of another one that has none of this shape.
    Tied {
        /// The layer.
        layer: String,
        /// The node whose weight it uses.
        of: usize,
    },
    /// The graph has another number of inputs.
    Inputs {
        /// The number of inputs that were given.
        found: usize,
        /// The number that it has.
        expected: usize,
    },
    /// An input has another shape than the graph.
    Input {
        /// The input.
        input: String,
        /// The shape that was given.
        found: Shape,
        /// The shape of the graph's input.
        expected: Shape,
    },
    /// There is no symbol of this name.
    NoSymbol {
        /// The name.
        name: String,
    },
    /// A symbol has no value.
    Unbound {
        /// The symbol.
        symbol: Symbol,
    },
    /// The value of a symbol is out of its range.
    Range {
        /// The symbol.
        symbol: Symbol,
        /// The value.
        value: i64,
    },
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GraphError::Layer { layer, fault } => {
                write!(f, "`{layer}` does not take what it reads: {:?}", fault.reason)
            }
            GraphError::Operands { layer, found } => write!(f, "`{layer}` cannot read {found} values"),
            GraphError::NoValue { reader, value } => {
                write!(f, "`{reader}` reads value {value}, which no input or earlier layer gives")
            }
            GraphError::Params { layer } => {
                write!(f, "the sizes of the parameters of `{layer}` do not follow from what it reads")
            }
            GraphError::Tied { layer, of } => {
                write!(f, "`{layer}` uses the weight of node {of}, which has none of its shape")
            }
            GraphError::Inputs { found, expected } => {
                write!(f, "the graph has {expected} inputs, found the shapes of {found}")
            }
            GraphError::Input { input, found, expected } => {
                write!(f, "`{input}` has shape {expected}, found {found}")
            }
            GraphError::NoSymbol { name } => write!(f, "the graph has no symbol `{name}`"),
            GraphError::Unbound { symbol } => write!(f, "the symbol `{}` has no value", symbol.name),
            GraphError::Range { symbol: Symbol { name, low, high }, value } => match *high {
                i64::MAX => write!(f, "`{name}` is {value}, but its range is {low}.."),
                high => write!(f, "`{name}` is {value}, but its range is {low}..={high}"),
            },
        }
    }
}

impl core::error::Error for GraphError {}
