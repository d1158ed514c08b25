//! What can be wrong with files and arrays.

use std::path::PathBuf;

use convshape_arith::data::{ArrayPort, Cause, Labels};
use convshape_arith::op::AxisOrder;
use convshape_arith::shape::Shape;
use convshape_data::{Array, Unreadable};

/// What is wrong with files or arrays.
#[derive(Debug)]
pub(crate) enum DataProblem {
    /// A file that cannot be used.
    Unreadable { written: String, path: PathBuf, why: Unreadable },
    /// A path that cannot be written in source code.
    NotUnicode { path: PathBuf },
    /// A file of a list that does not contain exactly one array.
    NotOne { file: String, arrays: Vec<String> },
    /// No array has this name.
    NoArray { name: String, arrays: Vec<String> },
    /// More arrays than ports. Those in `meant` fit them, or are the first ones.
    TooMany { name: String, arrays: Vec<String>, inputs: usize, outputs: usize, meant: Vec<String> },
    /// An input that has no array.
    TooFew { input: String, arrays: Vec<String> },
    /// Elements that are not numbers.
    Dtype { name: String, dtype: String },
    /// A wrong shape. `symbols` is the array that gave symbols the values that it contradicts.
    Shape { array: Named, port: String, cause: Cause, is: PortShape, symbols: Option<String>, fixes: Fixes },
    /// Arrays with different numbers of samples.
    Samples { array: Named, first: Named },
    /// An array without samples.
    Empty { array: Named },
    /// A label that is not a class.
    Class { name: String, port: String, classes: i64, labels: FoundLabels },
    /// Bytes that are not scaled before a layer reads them.
    Bytes { name: String, port: String, layer: String },
    /// Bytes that are compared with an output between 0 and 1.
    ByteTargets { name: String, port: String, activation: &'static str },
    /// The elements cannot be read.
    Elements { name: String, why: std::io::Error },
}

/// An array in a message.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) dtype: String,
    pub(crate) whole: bool,
}

/// A port's shape, and its channel axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortShape {
    pub(crate) shape: Shape,
    pub(crate) order: AxisOrder,
    pub(crate) output: bool,
}

/// Changes of the chain that make an array fit, in words.
#[derive(Clone, Default, Debug)]
pub(crate) struct Fixes {
    /// Whether the chain is wrong rather than the array.
    pub(crate) first: bool,
    pub(crate) chain: Option<String>,
}

impl Named {
    pub(super) fn of(array: &Array) -> Named {
        let (dtype, whole) = (array.dtype.to_string(), array.dtype.is_whole());
        Named { name: array.name.clone(), shape: array.shape.clone(), dtype, whole }
    }
}

impl PortShape {
    pub(crate) fn port(&self) -> ArrayPort<'_> {
        ArrayPort { shape: &self.shape, order: self.order, output: self.output }
    }
}

/// [`Labels`] of a file.
#[derive(Debug)]
pub(crate) struct FoundLabels {
    pub(super) range: (i64, i64),
    pub(super) two: bool,
    pub(super) map: bool,
    pub(super) candidates: Vec<(i64, usize)>,
}

impl FoundLabels {
    pub(crate) fn stored(&self) -> Labels<'_> {
        Labels { range: self.range, two: self.two, map: self.map, candidates: &self.candidates }
    }
}
