//! Why a chain cannot become a burn module, or a batch cannot run.

use convshape::Shape;
use convshape::graph::GraphError;

/// A chain that burn cannot run, or data that does not fit the chain.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BurnError {
    /// Burn has no operations for what a layer does.
    #[error("`{layer}`: burn cannot express {what}")]
    Inexpressible {
        /// The layer.
        layer: String,
        /// What it does.
        what: &'static str,
    },
    /// A parameter has another number of elements than the chain says.
    #[error("`{name}` has {found} elements, expected {expected}")]
    Param {
        /// The name of the parameter in files.
        name: String,
        /// The elements that were given.
        found: usize,
        /// The elements that the chain has.
        expected: usize,
    },
    /// The chain has another number of inputs or outputs.
    #[error("`{chain}` has {expected} {ports}, found {found} tensors")]
    Ports {
        /// The chain.
        chain: String,
        /// `inputs` or `outputs`.
        ports: &'static str,
        /// The tensors that were given or asked for.
        found: usize,
        /// The ports of the chain.
        expected: usize,
    },
    /// An input has another shape than the chain was checked for.
    #[error("`{input}` has shape {found:?}, expected a batch of {expected}")]
    Input {
        /// The input.
        input: String,
        /// The sizes of the tensor, the batch first.
        found: Vec<usize>,
        /// The shape of one sample.
        expected: Shape,
    },
    /// The batches of two inputs differ in size.
    #[error("the batch of `{input}` has {found} samples, that of the first input has {expected}")]
    Batch {
        /// The input.
        input: String,
        /// Its samples.
        found: usize,
        /// The samples of the first input.
        expected: usize,
    },
    /// An output has another number of axes than the tensor that was asked for.
    #[error("an output of shape {found:?} was asked for as a tensor of {expected} axes")]
    Rank {
        /// The sizes of the output, the batch first.
        found: Vec<usize>,
        /// The axes of the tensor.
        expected: usize,
    },
    /// A tensor has more or fewer elements than its sizes say.
    #[error("found {found} elements for a tensor of shape {expected:?}")]
    Elements {
        /// The elements that there are.
        found: usize,
        /// The sizes.
        expected: Vec<usize>,
    },
    /// The device failed to give its numbers back.
    #[error("`{name}` cannot be read from its device: {message}")]
    Read {
        /// The name of the parameter in files.
        name: String,
        /// What burn says.
        message: String,
    },
    /// The sizes of the input are not of the chain's range, or a layer does not take them.
    #[error(transparent)]
    Graph(#[from] GraphError),
}
