//! Why a model cannot be written as ONNX.

use std::io;
use std::path::PathBuf;

use convshape::graph::Fault;

/// Why a model cannot be written as ONNX.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// ONNX cannot express a layer.
    #[error("`{layer}`: ONNX has no {what}")]
    Inexpressible {
        /// The layer.
        layer: String,
        /// What is missing.
        what: &'static str,
    },
    /// A layer that needs numeric sizes has symbols. [`Graph::bind`](convshape::graph::Graph::bind) replaces them with
    /// numbers.
    #[error("`{layer}`: {what} needs sizes that are numbers, found {shape}")]
    Symbol {
        /// The layer.
        layer: String,
        /// What needs them.
        what: &'static str,
        /// The input shape.
        shape: String,
    },
    /// A layer rejects its input; never in a model that compiled.
    #[error("`{layer}` does not take what it reads: {:?}", fault.reason)]
    Fault {
        /// The layer.
        layer: String,
        /// Why.
        fault: Fault,
    },
    /// A parameter does not have the chain's number of elements.
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
