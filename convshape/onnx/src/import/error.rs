//! Why a file cannot be imported.

use std::fmt;

/// Why a file cannot be imported.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file is not an ONNX model, or contradicts itself.
    #[error("not an ONNX model: {0}")]
    Malformed(String),
    /// Nodes that a chain cannot express. All of them are listed.
    #[error("{} of the file's nodes cannot be expressed:{}", .0.len(), list(.0))]
    Inexpressible(Vec<Refusal>),
    /// Inputs have open sizes besides the batch, and a layer needs numbers there.
    #[error("sizes that the file leaves open ({}) must be numbers: `{layer}` depends on them", .names.join(", "))]
    OpenSizes {
        /// The sizes' names in the file, or else `INPUT.AXIS`, without the batch.
        names: Vec<String>,
        /// The first layer that needs numbers, with examples of them in place of the open sizes.
        layer: String,
    },
    /// A number was given for a size that no input leaves open.
    #[error("no input has an open size `{name}`; {}", there(open))]
    NoSize {
        /// The size.
        name: String,
        /// The sizes that are open, besides the batch.
        open: Vec<String>,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Read(std::io::Error),
    /// The chain's name is not a Rust identifier.
    #[error("`{0}` cannot be the name of a struct")]
    Name(String),
}

/// A node that a chain cannot express.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// The node's name, or its first output if it has none.
    pub name: String,
    /// Its operator.
    pub op: String,
    /// The version of the file's operators.
    pub version: i64,
    /// The shapes of its inputs, with the batch first; `?` for one that follows from another error.
    pub inputs: Vec<String>,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { name, op, version, inputs, reason } = self;
        write!(f, "`{name}` ({op}, opset {version}, reads {}): {reason}", inputs.join(", "))
    }
}

/// Which open sizes there are.
fn there(open: &[String]) -> String {
    if open.is_empty() { "all sizes are numbers".to_owned() } else { format!("open are {}", open.join(", ")) }
}

fn list(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| format!("\n  {refusal}")).collect()
}

/// What `Display` shows: `unwrap` and a `main` that returns the error print it.
impl fmt::Debug for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
