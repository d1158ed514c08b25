//! The errors of building a graph.

use alloc::string::String;
use core::fmt;

use crate::fault::Fault;
use crate::shape::Shape;
use crate::size::Symbol;

/// Why a graph cannot be built, or bound to sizes.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum GraphError {
    /// A layer rejects its inputs.
    Layer {
        /// The layer.
        layer: String,
        /// Why.
        fault: Fault,
    },
    /// A layer has too few or too many inputs.
    Operands {
        /// The layer.
        layer: String,
        /// The number of inputs it was given.
        found: usize,
    },
    /// A layer or output reads a value that does not exist yet.
    NoValue {
        /// The layer or output.
        reader: String,
        /// The value.
        value: usize,
    },
    /// The inputs do not determine the sizes of a layer's parameters.
    Params {
        /// The layer.
        layer: String,
    },
    /// The node whose weight a layer should use has no weight of that shape.
    Tied {
        /// The layer.
        layer: String,
        /// The node whose weight it should use.
        of: usize,
    },
    /// The number of inputs differs from the graph's.
    Inputs {
        /// The number given.
        found: usize,
        /// The number in the graph.
        expected: usize,
    },
    /// An input does not have the graph's shape.
    Input {
        /// The input.
        input: String,
        /// The shape given.
        found: Shape,
        /// The shape in the graph.
        expected: Shape,
    },
    /// The graph has no symbol of this name.
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
