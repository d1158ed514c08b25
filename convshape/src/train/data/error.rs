//! Errors of data sets.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use std::io;
use std::path::PathBuf;

use convshape_data::Unreadable;

use crate::model::error::{Names, ShapeError, debug_as_display};

debug_as_display!(DataError);

/// Data that cannot be read or does not fit.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file cannot be opened.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: Unreadable,
    },
    /// A file has no array of that name.
    #[error("{}: there is no array `{name}`, found {}", path.display(), Names(found))]
    Missing {
        /// The file.
        path: PathBuf,
        /// The array.
        name: String,
        /// The arrays that it has.
        found: Vec<String>,
    },
    /// A file has several arrays, or none, and none was named.
    #[error("{}: expected one array, found {}; name one: `(path, \"name\")`", path.display(), Names(found))]
    Unnamed {
        /// The file.
        path: PathBuf,
        /// The arrays that it has.
        found: Vec<String>,
    },
    /// The elements of an array are not numbers.
    #[error("{}: the elements of `{name}` are {dtype}, expected real numbers", path.display())]
    Elements {
        /// The file.
        path: PathBuf,
        /// The array.
        name: String,
        /// What they are.
        dtype: String,
    },
    /// An array in a file has a different number of samples than the first one.
    #[error("{}: `{name}` has {found} samples, the first array has {expected}", path.display())]
    Samples {
        /// The file.
        path: PathBuf,
        /// The array.
        name: String,
        /// Its number of samples.
        found: usize,
        /// The first array's.
        expected: usize,
    },
    /// Elements cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A folder does not contain images of classes.
    #[error("{}: {why}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What was found and what was expected.
        why: String,
    },
    /// There is no sample with this index.
    #[error("there is no sample {index}: there are {samples}, counted from 0")]
    Index {
        /// The number.
        index: usize,
        /// How many samples there are.
        samples: usize,
    },
    /// A sample cannot be read or made.
    #[error("sample {index}: {error}")]
    Sample {
        /// Its number, counted from 0.
        index: usize,
        /// Why.
        #[source]
        error: Box<DataError>,
    },
    /// A sample has a different number of arrays than another one in its batch.
    #[error("sample {index} has {found} arrays as {side}, sample {first} has {expected}")]
    Count {
        /// Its number.
        index: usize,
        /// `input` or `target`.
        side: &'static str,
        /// How many arrays it has.
        found: usize,
        /// The first sample of the batch.
        first: usize,
        /// How many arrays that sample has.
        expected: usize,
    },
    /// A sample has a different shape than another one in its batch.
    #[error(
        "sample {index}: {side} {number} has the shape {found:?}, that of sample {first} in the same batch has \
         {expected:?}"
    )]
    Differs {
        /// Its number.
        index: usize,
        /// `input` or `target`.
        side: &'static str,
        /// Which one, counted from 0.
        number: usize,
        /// Its shape.
        found: Vec<usize>,
        /// The first sample of the batch.
        first: usize,
        /// That sample's shape.
        expected: Vec<usize>,
    },
    /// An iterator ended too early.
    #[error("the stream ended after {found} samples, expected {expected}")]
    Ended {
        /// How many samples it gave.
        found: usize,
        /// How many it should have given.
        expected: usize,
    },
    /// Data cannot be divided in this way.
    #[error("{0}")]
    Split(String),
    /// A sample cannot be changed in this way.
    #[error("{0}")]
    Change(String),
    /// An array does not fit the chain.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// An error of your own function or iterator.
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
}

impl DataError {
    /// An error of your own function.
    pub fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> DataError {
        DataError::Other(error.into())
    }

    /// Adds the sample to an error that does not name one.
    pub(super) fn at(self, index: usize) -> DataError {
        match self {
            named @ (DataError::Sample { .. } | DataError::Index { .. }) => named,
            error => DataError::Sample { index, error: Box::new(error) },
        }
    }
}
