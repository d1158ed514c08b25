//! What is wrong with the data that a model is given at run time.

#[cfg(feature = "ndarray")]
mod input;

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
#[cfg(feature = "alloc")]
use alloc::format;
#[cfg(feature = "alloc")]
use alloc::string::String;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

#[cfg(feature = "alloc")]
use convshape_arith::fault::{Fault, Reason};
#[cfg(feature = "ndarray")]
use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;

#[cfg(feature = "ndarray")]
use self::input::InputProblem;

/// An array, a tensor or a parameter is not of the shape that is needed.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A tensor was given too many or too few elements.
    #[error("found {found} elements, expected {} for {expected}", Elements(expected))]
    Elements {
        /// How many there are.
        found: usize,
        /// The tensor's shape.
        expected: Shape,
    },
    /// Weights for a whole chain are too many or too few numbers.
    #[error("`{chain}` has {expected} parameters, found {found} numbers")]
    Weights {
        /// The chain.
        chain: &'static str,
        /// How many numbers there are.
        found: usize,
        /// How many the chain has, running statistics counted.
        expected: usize,
    },
    /// A tensor was made from an array of another shape.
    #[cfg(feature = "ndarray")]
    #[error("found an array of shape {found:?}, expected {expected}")]
    View {
        /// The array's shape.
        found: Vec<usize>,
        /// The tensor's shape.
        expected: Shape,
    },
    /// A chain was given too many or too few inputs.
    #[cfg(feature = "ndarray")]
    #[error("`{chain}` takes {expected} inputs, found {found}")]
    Inputs {
        /// The chain.
        chain: &'static str,
        /// How many inputs it was given.
        found: usize,
        /// How many it takes.
        expected: usize,
    },
    /// An input has another shape than the chain was checked for.
    #[cfg(feature = "ndarray")]
    #[error("{}", InputProblem { chain, input, found, expected, order: *order })]
    Input {
        /// The chain.
        chain: &'static str,
        /// The input.
        input: &'static str,
        /// The shape found, the batch axis first.
        found: Vec<usize>,
        /// The shape the chain takes, without batch.
        expected: Shape,
        /// Where the chain has its channel axis.
        order: AxisOrder,
    },
    /// Two inputs have batches of different sizes.
    #[cfg(feature = "ndarray")]
    #[error("`{chain}`: the batch axis of `{input}` has size {found}, that of `{first}` has size {expected}")]
    Batch {
        /// The chain.
        chain: &'static str,
        /// The input.
        input: &'static str,
        /// The size of its batch.
        found: usize,
        /// The first input.
        first: &'static str,
        /// The size of the first input's batch.
        expected: usize,
    },
    /// A layer does not take the shape that came to it.
    #[cfg(feature = "alloc")]
    #[error("`{chain}`: `{layer}` does not take what came to it: {reason:?}")]
    Layer {
        /// The chain.
        chain: &'static str,
        /// The layer.
        layer: String,
        /// Why.
        reason: Box<Reason>,
    },
    /// A parameter was replaced by one of another shape.
    #[cfg(feature = "alloc")]
    #[error("{}", Replaced { chain, name, found, expected })]
    Param {
        /// The chain.
        chain: &'static str,
        /// The parameter, as files name it.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape its layer needs.
        expected: Vec<usize>,
    },
    /// Gradients of a chain's outputs are too many or too few.
    #[cfg(feature = "train")]
    #[error("`{chain}` has {expected} outputs, found {found} cotangents")]
    Cotangents {
        /// The chain.
        chain: &'static str,
        /// How many were given.
        found: usize,
        /// How many outputs the chain has.
        expected: usize,
    },
    /// A loss reads other outputs or targets than there are.
    #[cfg(feature = "train")]
    #[error("the loss reads {expected_outputs} outputs and {expected_targets} targets, found {outputs} and {targets}")]
    Loss {
        /// How many outputs the chain has.
        outputs: usize,
        /// How many targets were given.
        targets: usize,
        /// How many outputs the loss reads.
        expected_outputs: usize,
        /// How many targets the loss reads.
        expected_targets: usize,
    },
    /// The arrays of a data set have different numbers of samples.
    #[cfg(feature = "train")]
    #[error("an array of the data has {found} samples, the first one has {expected}")]
    Samples {
        /// How many samples the array has.
        found: usize,
        /// How many the first array has.
        expected: usize,
    },
    /// A target has another shape than the loss needs.
    #[cfg(feature = "train")]
    #[error("found a target of shape {found:?}, expected {expected:?}")]
    Target {
        /// The target's shape, the batch axis first.
        found: Vec<usize>,
        /// The shape that fits the output.
        expected: Vec<usize>,
    },
}

/// Displays that a parameter was replaced by one of another shape. `N` is the name, as files have it.
pub(crate) struct Replaced<'a, N> {
    pub(crate) chain: &'static str,
    pub(crate) name: N,
    pub(crate) found: &'a [usize],
    pub(crate) expected: &'a [usize],
}

impl<N: fmt::Display> fmt::Display for Replaced<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Replaced { chain, name, found, expected } = self;
        write!(f, "`{chain}`: the parameter `{name}` has shape {found:?}, expected {expected:?}")
    }
}

/// Displays how many elements a shape has.
struct Elements<'a>(&'a Shape);

impl fmt::Display for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.elements().map(|size| size.number()) {
            Ok(Some(number)) => write!(f, "{number}"),
            _ => f.write_str("another number"),
        }
    }
}

/// A layer does not take what came to it: the inputs are not those the chain was checked for.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
pub(crate) struct RunError {
    /// The layer, with the names around it.
    pub(crate) layer: String,
    /// Why.
    pub(crate) fault: Fault,
}

#[cfg(feature = "alloc")]
impl RunError {
    /// The error of a sub-chain, seen from outside.
    pub(crate) fn within(self, chain: &str) -> RunError {
        RunError { layer: format!("{chain}.{}", self.layer), ..self }
    }

    /// The error of a chain that nothing is around.
    pub(crate) fn of(self, chain: &'static str) -> ShapeError {
        ShapeError::Layer { chain, layer: self.layer, reason: Box::new(self.fault.reason) }
    }
}
