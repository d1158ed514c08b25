//! What can be wrong with a file of weights.

use std::io;
use std::path::PathBuf;

use convshape_arith::stored::Hint;
use convshape_data::safetensors::HeaderDamage;

use crate::graph::NodeId;

/// Why a file cannot be used at all.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) path: PathBuf,
    pub(crate) reason: ReadFailure,
}

#[derive(Debug)]
pub(crate) enum ReadFailure {
    Io(io::Error),
    /// It is a folder, a pipe or a device.
    NoFile,
    /// A path that cannot be written in source code.
    NotUnicode,
    Header(HeaderDamage),
}

/// A mismatch between a layer and the file.
#[derive(Debug)]
pub(crate) enum WeightsProblem {
    /// The file has none of the chain's tensors. All its names may share a prefix.
    Nothing { expected: String, found: Vec<String>, more: usize, prefix: Option<String> },
    /// Tensors of a layer are missing, with these names and shapes: some or all. `stem` is a layer of the file that may
    /// be meant.
    Missing { node: NodeId, tensors: Vec<(String, Vec<usize>)>, whole: bool, stem: Option<Stem> },
    /// The names in the file lack a part that the names of some layers have, such as that of a block's use. `node` is
    /// the first of the layers; it needs `tensor`, which the file has as `found`.
    ExtraPart { node: NodeId, part: String, tensor: (String, Vec<usize>), found: String },
    /// Elements of a type that cannot be converted.
    Dtype { node: NodeId, name: String, found: String },
    /// An element that is infinite or NaN.
    NotFinite { node: NodeId, name: String, index: Vec<usize>, value: f64 },
    /// A wrong shape, and the later tensors that have the same other width.
    Shape { node: NodeId, name: String, found: Vec<usize>, expected: Vec<usize>, hint: Option<Hint>, also: Vec<String> },
}

/// A layer of a file, and whether its tensors have the shapes looked for.
#[derive(Debug)]
pub(crate) struct Stem {
    pub(crate) name: String,
    pub(crate) fits: bool,
}

impl WeightsProblem {
    /// The number that the file has in place of another, if its shape differs in nothing else.
    pub(crate) fn width(&self) -> Option<(usize, usize)> {
        let WeightsProblem::Shape { found, expected, hint: None, .. } = self else { return None };
        let mut pairs = expected.iter().copied().zip(found.iter().copied()).filter(|(wanted, found)| wanted != found);
        let first = pairs.next().filter(|_| found.len() == expected.len())?;
        pairs.all(|pair| pair == first).then_some(first)
    }
}
