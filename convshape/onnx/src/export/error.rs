//! Why a model cannot be written as ONNX.

use std::io;
use std::path::PathBuf;

use convshape::graph::Fault;

/// Why a model cannot be written as ONNX.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// ONNX has no way to say what a layer does.
    #[error("`{layer}`: ONNX has no {what}")]
    Inexpressible {
        /// The layer.
        layer: String,
        /// What is missing there.
        what: &'static str,
    },
    /// A layer whose sizes must be numbers has symbols. [`Graph::bind`](convshape::graph::Graph::bind)
    /// puts numbers in their place.
    #[error("`{layer}`: {what} needs sizes that are numbers, found {shape}")]
    Symbol {
        /// The layer.
        layer: String,
        /// What needs them.
        what: &'static str,
        /// The shape that comes in.
        shape: String,
    },
    /// A layer that does not take what it reads; never in a model that compiled.
    #[error("`{layer}` does not take what it reads: {:?}", fault.reason)]
    Fault {
        /// The layer.
        layer: String,
        /// Why.
        fault: Fault,
    },
    /// A parameter has another number of elements than the chain says.
    #[error("`{name}` has {found} numbers, expected {expected}")]
    Param {
        /// The parameter.
        name: String,
        /// The number of elements found.
        found: usize,
        /// The number of elements expected.
        expected: usize,
    },
    /// The file cannot be written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// What `Display` shows: `unwrap` and a `main` that returns the error print it.
impl std::fmt::Debug for ExportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
