//! The files of a chain's `data` header, at run time.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use std::io;
use std::path::{Path, PathBuf};

use convshape_arith::data::Port;
use convshape_arith::program::HasProgram;
use convshape_arith::symbols::Symbols;
use convshape_data::{Array, Samples, Unreadable};
use ndarray::{ArrayD, IxDyn};

use super::{Batch, Data};
use crate::model::chain::Chain;
use crate::model::error::ShapeError;

/// Data cannot be read or does not fit the chain.
#[derive(Debug, thiserror::Error)]
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
    /// A file has no array of that name any more.
    #[error("{}: there is no array `{name}`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The array.
        name: String,
    },
    /// Elements cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// An array does not fit the chain.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// The arrays that a chain's `data` header names, in their files: each sample is read when it is asked
/// for, as `f32`. What is compressed was read into memory when it was opened.
#[derive(Debug)]
pub struct Dataset {
    inputs: Vec<Stored>,
    targets: Vec<Stored>,
    samples: usize,
}

/// One array.
#[derive(Debug)]
struct Stored {
    path: PathBuf,
    samples: Samples,
    /// The axes of one sample as the chain takes them.
    shape: Vec<usize>,
}

impl Dataset {
    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// The samples at these places, read from the files.
    ///
    /// # Errors
    /// If there is no such place, or a file cannot be read.
    pub fn batch(&self, places: &[usize]) -> Result<Batch, DataError> {
        let select = |arrays: &[Stored]| arrays.iter().map(|array| array.select(places)).collect::<Result<_, _>>();
        Ok(Batch { inputs: select(&self.inputs)?, targets: select(&self.targets)? })
    }

    /// All samples, read into memory.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(&self) -> Result<Batch, DataError> {
        let all: Vec<usize> = (0..self.samples).collect();
        self.batch(&all)
    }
}

impl Batch {
    /// The batch as data to train on.
    ///
    /// # Errors
    /// If the arrays have different numbers of samples.
    pub fn data(&self) -> Result<Data<'_>, ShapeError> {
        Data::from_views(self.input_views(), self.target_views())
    }
}

impl Stored {
    fn select(&self, places: &[usize]) -> Result<ArrayD<f32>, DataError> {
        let mut elements = Vec::new();
        for place in places {
            self.samples
                .read(*place, &mut elements)
                .map_err(|error| DataError::Read { path: self.path.clone(), error })?;
        }
        let mut shape = self.shape.clone();
        shape.insert(0, places.len());
        let found = shape.clone();
        ArrayD::from_shape_vec(IxDyn(&shape), elements)
            .map_err(|_| DataError::Shape(ShapeError::Samples { found: found[0], expected: places.len() }))
    }
}

/// The generated `dataset`: `arrays` are the file, the name and the port of each, inputs counted first.
///
/// # Errors
/// If a file cannot be read, or its arrays do not fit the chain any more.
pub fn dataset<M: Chain + HasProgram>(files: &[&str], arrays: &[(usize, &str, usize)]) -> Result<Dataset, DataError> {
    let mut dataset = Dataset { inputs: Vec::new(), targets: Vec::new(), samples: 0 };
    let headers: Vec<(PathBuf, Vec<Array>)> = files
        .iter()
        .map(|path| match convshape_data::arrays(Path::new(path)) {
            Ok(arrays) => Ok((PathBuf::from(path), arrays)),
            Err(why) => Err(DataError::File { path: PathBuf::from(path), why }),
        })
        .collect::<Result<_, _>>()?;
    let mut symbols = Symbols::NONE;
    for (index, (file, name, port)) in arrays.iter().enumerate() {
        let (path, headers) = &headers[*file];
        let array = headers.iter().find(|array| array.name == *name);
        let array = array.ok_or_else(|| DataError::Missing { path: path.clone(), name: (*name).to_owned() })?;
        let output = port.checked_sub(M::INPUTS.len());
        let stored = stored::<M>(path, array, *port, output, &mut symbols)?;
        let found = stored.samples.len();
        if index == 0 {
            dataset.samples = found;
        } else if found != dataset.samples {
            return Err(ShapeError::Samples { found, expected: dataset.samples }.into());
        }
        let side = if output.is_some() { &mut dataset.targets } else { &mut dataset.inputs };
        side.push(stored);
    }
    Ok(dataset)
}

/// An array of a file, if it fits its port.
fn stored<M: Chain + HasProgram>(
    path: &Path,
    array: &Array,
    port: usize,
    output: Option<usize>,
    symbols: &mut Symbols,
) -> Result<Stored, DataError> {
    let (name, shape) = output.map_or_else(|| M::INPUTS[port], |output| M::OUTPUTS[output]);
    let order = M::PROGRAM.order;
    let whole = array.dtype.is_whole();
    let port = Port { shape: &shape, order, output: output.is_some() };
    if !port.fits(&array.shape, whole, symbols) {
        return Err(DataError::Shape(ShapeError::Array {
            chain: M::PROGRAM.name,
            array: array.name.clone(),
            port: name,
            found: array.shape.clone(),
            whole,
            expected: shape,
            order,
            output: output.is_some(),
        }));
    }
    let mut sample = array.shape.get(1..).unwrap_or_default().to_vec();
    // Numbers of one class, or values without their axis of size 1, get it.
    if port.classes() == Some(1) && port.takes_numbers(&array.shape) {
        sample.insert(port.channel_axis() - 1, 1);
    }
    let samples = Samples::open(path, array).map_err(|error| DataError::Read { path: path.to_owned(), error })?;
    Ok(Stored { path: path.to_owned(), samples, shape: sample })
}
