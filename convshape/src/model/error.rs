//! What can be wrong with the data given to a model at run time.

#[cfg(feature = "ndarray")]
mod input;
#[cfg(feature = "train")]
mod target;

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
#[cfg(feature = "alloc")]
use alloc::string::String;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

#[cfg(feature = "alloc")]
use convshape_arith::fault::Reason;
#[cfg(feature = "alloc")]
use convshape_arith::graph::GraphError;
#[cfg(feature = "ndarray")]
use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;

#[cfg(feature = "ndarray")]
#[cfg(feature = "train")]
use self::input::ArrayProblem;
#[cfg(feature = "ndarray")]
use self::input::InputProblem;
#[cfg(feature = "train")]
use self::target::{ClassProblem, Hinted};
#[cfg(feature = "train")]
pub use self::target::{Of, TargetProblem};

/// `Debug` is the same as `Display`, because `unwrap`, `expect` and a `main` that returns the error print it.
macro_rules! debug_as_display {
    ($error:ty) => {
        impl core::fmt::Debug for $error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }
    };
}

pub(crate) use debug_as_display;

self::debug_as_display!(ShapeError);

/// An array, a tensor or a parameter has the wrong shape.
#[derive(Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A tensor was given the wrong number of elements.
    #[error("found {found} elements, expected {} for {expected}", ElementCount(expected))]
    Elements {
        /// How many there are.
        found: usize,
        /// The tensor's shape.
        expected: Shape,
    },
    /// The weights for a whole chain have the wrong number of elements.
    #[error("`{chain}` has {expected} parameters, found {found} numbers")]
    Weights {
        /// The chain.
        chain: &'static str,
        /// How many elements there are.
        found: usize,
        /// How many the chain has, including running statistics.
        expected: usize,
    },
    /// A tensor was made from an array of a different shape.
    #[cfg(feature = "ndarray")]
    #[error("found an array of shape {found:?}, expected {expected}")]
    View {
        /// The array's shape.
        found: Vec<usize>,
        /// The tensor's shape.
        expected: Shape,
    },
    /// A chain was given the wrong number of inputs.
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
    /// An input does not have the shape that the chain was checked for.
    #[cfg(feature = "ndarray")]
    #[error("{}", InputProblem { chain, input, found, expected, order: *order })]
    Input {
        /// The chain.
        chain: &'static str,
        /// The input.
        input: &'static str,
        /// The input's shape, the batch axis first.
        found: Vec<usize>,
        /// The shape that the chain takes, without the batch axis.
        expected: Shape,
        /// The position of the chain's channel axis.
        order: AxisOrder,
    },
    /// An array of a data file does not fit an input or output.
    #[cfg(feature = "train")]
    #[error("{}", ArrayProblem { chain, array, port, found, whole: *whole, expected, order: *order, output: *output })]
    Array {
        /// The chain.
        chain: &'static str,
        /// The array.
        array: String,
        /// The input or output.
        port: &'static str,
        /// The array's shape, the axis of samples first.
        found: Vec<usize>,
        /// Whether its elements are integers.
        whole: bool,
        /// The shape of the port, without the batch axis.
        expected: Shape,
        /// The position of the chain's channel axis.
        order: AxisOrder,
        /// Whether it is an output.
        output: bool,
    },
    /// Two inputs have different batch sizes.
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
    /// A batch needs more memory than there is.
    #[cfg(feature = "ndarray")]
    #[error("`{chain}`: a batch of {batch} samples needs {}, more memory than there is", Bytes(*elements))]
    Memory {
        /// The chain.
        chain: &'static str,
        /// How many samples the batch has.
        batch: usize,
        /// How many elements the batch needs, if that fits in `usize`.
        elements: Option<usize>,
    },
    /// A layer rejects the shape of its input.
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
    /// A parameter was replaced by one of a different shape.
    #[cfg(feature = "alloc")]
    #[error("{}", Replaced { chain, name, found, expected })]
    Param {
        /// The chain.
        chain: &'static str,
        /// The parameter's name in files.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape its layer needs.
        expected: Vec<usize>,
    },
    /// The planner does not know a layer: a bug in this library.
    #[cfg(feature = "std")]
    #[error("`{chain}`: convshape has no plan for `{layer}`; this is a bug, please report it")]
    Unplanned {
        /// The chain.
        chain: &'static str,
        /// The layer.
        layer: String,
    },
    /// A loss is a mean over samples, but the batch is empty.
    #[cfg(feature = "train")]
    #[error("`{chain}`: the batch has no samples, and a loss is a mean over them")]
    NoSamples {
        /// The chain.
        chain: &'static str,
    },
    /// A normalisation with batch statistics has too few values for a variance.
    #[cfg(feature = "train")]
    #[error(
        "`{chain}`: in training `{layer}` takes its statistics from the batch, and found {values} value{} of each \
         channel in {batch} sample{}, expected at least 2: a variance needs them; take larger batches",
        plural(*values), plural(*batch)
    )]
    TooFewValues {
        /// The chain.
        chain: &'static str,
        /// The layer.
        layer: String,
        /// How many values per channel the batch has.
        values: usize,
        /// How many samples it has.
        batch: usize,
    },
    /// The wrong number of gradients for a chain's outputs.
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
    /// A loss or metric reads a different number of outputs or targets than there are.
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
    /// A target does not have the shape that the loss needs.
    #[cfg(feature = "train")]
    #[error("`{loss}`: found a target of shape {found:?}, expected {expected:?}{}", Hinted(problem))]
    Target {
        /// The loss.
        loss: &'static str,
        /// The target's shape, the batch axis first.
        found: Vec<usize>,
        /// The shape that fits the output.
        expected: Vec<usize>,
        /// What may have happened.
        problem: Option<TargetProblem>,
    },
    /// A metric for images was given something else, or images smaller than its window.
    #[cfg(feature = "train")]
    #[error("`{metric}`: found an output of shape {found:?}, expected images of at least 11 by 11 pixels")]
    Metric {
        /// The metric.
        metric: &'static str,
        /// The output's shape, the batch axis first.
        found: Vec<usize>,
    },
    /// A loss returned the wrong number of gradients.
    #[cfg(feature = "train")]
    #[error("the loss reads {expected} outputs and gave {found} gradients, expected one for each")]
    LossGradients {
        /// How many gradients it gave.
        found: usize,
        /// How many outputs it reads.
        expected: usize,
    },
    /// A target is not the index of a class.
    #[cfg(feature = "train")]
    #[error("{}", ClassProblem { sample: *sample, found: *found, range: *range, two: *two, classes: *classes })]
    Class {
        /// The sample, counted from 0 in its batch.
        sample: usize,
        /// The target.
        found: f32,
        /// The lowest and the highest target of the batch.
        range: (f32, f32),
        /// Whether there are no others between them.
        two: bool,
        /// How many classes there are.
        classes: usize,
    },
    /// A target gives every class the probability 0.
    #[cfg(feature = "train")]
    #[error(
        "`CrossEntropy`: the target of sample {sample} is 0 for every class, expected 1 for its class, or probabilities; to leave \
         a target out, use class numbers and `CrossEntropy.ignore(-100.0)`"
    )]
    NoClass {
        /// The sample, counted from 0 in its batch.
        sample: usize,
    },
    /// Every target of a batch is the class that the loss ignores.
    #[cfg(feature = "train")]
    #[error("`CrossEntropy`: all targets of the batch are left out, and the loss is a mean over the others")]
    AllIgnored,
    /// The number of weights is not the number of classes.
    #[cfg(feature = "train")]
    #[error("`CrossEntropy`: found weights for {found} classes, expected {expected}")]
    ClassWeights {
        /// How many weights there are.
        found: usize,
        /// How many classes there are.
        expected: usize,
    },
    /// A loss on probabilities was given a number that is not one.
    #[cfg(feature = "train")]
    #[error("`{loss}`: {of} of sample {sample} is {found}, expected a number from 0 to 1{}", of.help(loss))]
    Probability {
        /// The loss.
        loss: &'static str,
        /// Whether an output or a target.
        of: Of,
        /// The sample, counted from 0 in its batch.
        sample: usize,
        /// The number.
        found: f32,
    },
    /// An optimiser has state for a parameter of a different size: it was used with another model.
    #[cfg(feature = "train")]
    #[error("the optimiser remembers {expected} elements of `{name}`, found {found}: it serves one model only")]
    Optimizer {
        /// The parameter.
        name: String,
        /// How many elements it has.
        found: usize,
        /// How many elements the optimiser has state for.
        expected: usize,
    },
    /// A group of an optimiser has no parameters.
    #[cfg(feature = "train")]
    #[error("no parameter matches the pattern `{pattern}`: the model trains {}", Names(names))]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The parameters that are trained.
        names: Vec<String>,
    },
}

/// Displays some names, the first few of many.
#[cfg(feature = "train")]
pub(crate) struct Names<'a>(pub(crate) &'a [String]);

#[cfg(feature = "train")]
impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 8;
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, name) in self.0.iter().take(MOST).enumerate() {
            write!(f, "{}`{name}`", if index == 0 { "" } else { ", " })?;
        }
        match self.0.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Displays that a parameter was replaced by one of a different shape. `N` is its name in files.
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

/// Displays the number of elements of a shape.
struct ElementCount<'a>(&'a Shape);

impl fmt::Display for ElementCount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.elements().map(|size| size.number()) {
            Ok(Some(number)) => write!(f, "{number}"),
            _ => f.write_str("another number"),
        }
    }
}

/// Displays the size of `f32` elements in bytes.
#[cfg(feature = "ndarray")]
struct Bytes(Option<usize>);

#[cfg(feature = "ndarray")]
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.and_then(|elements| elements.checked_mul(size_of::<f32>())) {
            Some(bytes) => write!(f, "{bytes} bytes"),
            None => f.write_str("more bytes than a machine can number"),
        }
    }
}

/// The plural ending of a noun after `count`.
#[cfg(feature = "train")]
fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Why a plan cannot be made.
#[cfg(feature = "std")]
#[derive(Debug)]
pub(crate) enum PlanError {
    /// A layer rejects its input.
    Layer(GraphError),
    /// A size is a symbol.
    Symbols,
    /// The planner does not know a layer.
    Unplanned {
        /// The layer.
        layer: String,
    },
}

#[cfg(feature = "std")]
impl PlanError {
    /// The error for a chain.
    ///
    /// # Panics
    /// If a size is a symbol, which the inputs of a chain replace.
    pub(crate) fn of(self, chain: &'static str) -> ShapeError {
        match self {
            PlanError::Layer(error) => ShapeError::of_graph(chain, error),
            PlanError::Symbols => unreachable!("`{chain}`: every input has a size"),
            PlanError::Unplanned { layer } => ShapeError::Unplanned { chain, layer },
        }
    }
}

#[cfg(feature = "std")]
impl From<GraphError> for PlanError {
    fn from(error: GraphError) -> PlanError {
        PlanError::Layer(error)
    }
}

/// Why a batch cannot be used for training.
#[cfg(feature = "train")]
#[derive(Debug)]
pub(crate) enum BatchError {
    /// A layer rejects its input.
    Layer(GraphError),
    /// A normalisation with batch statistics has too few values for a variance.
    TooFewValues {
        /// The layer.
        layer: String,
        /// How many values per channel the batch has.
        values: usize,
    },
    /// There is not enough memory.
    Memory {
        /// How many elements the batch needs, if that fits in `usize`.
        elements: Option<usize>,
    },
}

#[cfg(feature = "train")]
impl BatchError {
    /// The error for a batch of a chain.
    pub(crate) fn of(self, chain: &'static str, batch: usize) -> ShapeError {
        match self {
            BatchError::Layer(error) => ShapeError::of_graph(chain, error),
            BatchError::TooFewValues { layer, values } => ShapeError::TooFewValues { chain, layer, values, batch },
            BatchError::Memory { elements } => ShapeError::Memory { chain, batch, elements },
        }
    }
}

#[cfg(feature = "train")]
impl From<GraphError> for BatchError {
    fn from(error: GraphError) -> BatchError {
        BatchError::Layer(error)
    }
}

#[cfg(feature = "alloc")]
impl ShapeError {
    /// The error of the chain's graph about its inputs.
    ///
    /// # Panics
    /// If the graph itself is wrong, which cannot happen for a chain that compiled.
    pub(crate) fn of_graph(chain: &'static str, error: GraphError) -> ShapeError {
        match error {
            GraphError::Layer { layer, fault } => ShapeError::Layer { chain, layer, reason: Box::new(fault.reason) },
            error => unreachable!("`{chain}`: {error}"),
        }
    }
}
