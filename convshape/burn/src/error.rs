//! Why a chain cannot become a burn module, or a batch cannot run.

use convshape::Shape;
use convshape::graph::GraphError;

/// A chain that burn cannot run, or data that does not fit the chain.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BurnError {
    /// Burn has no operations for a layer.
    #[error("`{layer}`: burn cannot express {what}")]
    Inexpressible {
        /// The layer.
        layer: String,
        /// What the layer does.
        what: &'static str,
    },
    /// A parameter does not have the chain's number of elements.
    #[error("`{name}` has {found} elements, expected {expected}")]
    Param {
        /// The name of the parameter in files.
        name: String,
        /// The number given.
        found: usize,
        /// The number in the chain.
        expected: usize,
    },
    /// The number of inputs or outputs differs from the chain's.
    #[error("`{chain}` has {expected} {ports}, found {found} tensors")]
    Ports {
        /// The chain.
        chain: String,
        /// `inputs` or `outputs`.
        ports: &'static str,
        /// The number of tensors given or requested.
        found: usize,
        /// The number of ports of the chain.
        expected: usize,
    },
    /// An input does not have the shape that the chain was checked for.
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
    /// The number of axes of an output is not that of the requested tensor.
    #[error("an output of shape {found:?} was asked for as a tensor of {expected} axes")]
    Rank {
        /// The sizes of the output, the batch first.
        found: Vec<usize>,
        /// The axes of the tensor.
        expected: usize,
    },
    /// A batch normalisation in training has too few values for a variance.
    #[error(
        "`{layer}` takes its statistics from the batch, and found {values} value of each channel, expected at least 2: \
         a variance needs them; take larger batches"
    )]
    TooFewValues {
        /// The layer.
        layer: String,
        /// How many values per channel the batch has.
        values: usize,
    },
    /// The number of elements of a tensor does not match its sizes.
    #[error("found {found} elements for a tensor of shape {expected:?}")]
    Elements {
        /// The number of elements.
        found: usize,
        /// The sizes.
        expected: Vec<usize>,
    },
    /// The device failed to return its data.
    #[error("`{name}` cannot be read from its device: {message}")]
    Read {
        /// The name of the parameter in files.
        name: String,
        /// Burn's message.
        message: String,
    },
    /// The sizes of the input are out of the chain's range, or a layer rejects them.
    #[error(transparent)]
    Graph(#[from] GraphError),
}
