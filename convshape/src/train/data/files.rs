//! Arrays in files: npy, npz, safetensors and IDX.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::path::{Path, PathBuf};

use convshape_arith::data::ArrayPort;
use convshape_arith::program::HasProgram;
use convshape_arith::symbols::Symbols;
use convshape_data::{Array, Kind, Samples};
use ndarray::{ArrayD, IxDyn};

use super::{Batch, DataError, Dataset, Pass, Sample};
use crate::model::chain::Chain;
use crate::model::error::ShapeError;

/// Arrays in npy, npz, safetensors and IDX files, with the axis of samples first. Each sample is read on demand, as
/// `f32` (bytes become `0.0..=255.0`), so files may be larger than memory. Compressed arrays, and arrays in Fortran
/// order, are read into memory when opened.
///
/// The `dataset()` of a chain with a `data` header opens the files named there, checked against the chain.
///
/// ```no_run
/// use convshape::train::data::Files;
///
/// # fn main() -> Result<(), convshape::train::DataError> {
/// let digits = Files::new().input("train-images-idx3-ubyte")?.target("train-labels-idx1-ubyte")?;
/// let scans = Files::new().input(("scans.npz", "volumes"))?.target(("scans.npz", "masks"))?;
/// # drop((digits, scans));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Files {
    inputs: Vec<StoredArray>,
    targets: Vec<StoredArray>,
    samples: usize,
}

/// A file with one array, or a named array in a file: `"x.npy"`, `("train.npz", "images")`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArrayPath {
    path: PathBuf,
    name: Option<String>,
}

/// Any path, with or without a name.
macro_rules! array_paths {
    ($($path:ty),*) => {$(
        impl From<$path> for ArrayPath {
            fn from(path: $path) -> ArrayPath {
                ArrayPath { path: path.into(), name: None }
            }
        }

        impl From<($path, &str)> for ArrayPath {
            fn from((path, name): ($path, &str)) -> ArrayPath {
                ArrayPath { path: path.into(), name: Some(name.to_owned()) }
            }
        }
    )*};
}
array_paths!(&str, String, &Path, PathBuf, &PathBuf);

/// One array.
#[derive(Debug)]
struct StoredArray {
    path: PathBuf,
    samples: Samples,
    /// The axes of one sample in the order that the chain takes.
    shape: Vec<usize>,
}

impl Files {
    /// No arrays yet.
    #[must_use]
    pub fn new() -> Files {
        Files::default()
    }

    /// Opens an array as the next input.
    ///
    /// # Errors
    /// If the file cannot be read or has no such array, its elements are not numbers, or its number of samples differs
    /// from the first array's.
    pub fn input(mut self, array: impl Into<ArrayPath>) -> Result<Files, DataError> {
        let stored = self.open(&array.into())?;
        self.inputs.push(stored);
        Ok(self)
    }

    /// Opens an array as the next target.
    ///
    /// # Errors
    /// Those of [`Files::input`].
    pub fn target(mut self, array: impl Into<ArrayPath>) -> Result<Files, DataError> {
        let stored = self.open(&array.into())?;
        self.targets.push(stored);
        Ok(self)
    }

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

    /// The samples at these indices, read from the files.
    ///
    /// # Errors
    /// If an index is out of range, or a file cannot be read.
    pub fn batch(&self, places: &[usize]) -> Result<Batch, DataError> {
        self.gather(places, Pass::default())
    }

    /// All samples, read into memory.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(&self) -> Result<Batch, DataError> {
        let all: Vec<usize> = (0..self.samples).collect();
        self.batch(&all)
    }

    fn open(&mut self, array: &ArrayPath) -> Result<StoredArray, DataError> {
        let path = &array.path;
        let arrays = headers(path)?;
        let found = || arrays.iter().map(|array| array.name.clone()).collect();
        let array = match (&array.name, &*arrays) {
            (Some(name), arrays) => {
                let missing = || DataError::Missing { path: path.clone(), name: name.clone(), found: found() };
                arrays.iter().find(|array| array.name == *name).ok_or_else(missing)?
            }
            (None, [only]) => only,
            (None, _) => return Err(DataError::Unnamed { path: path.clone(), found: found() }),
        };
        let shape = array.shape.get(1..).unwrap_or_default().to_vec();
        let stored = StoredArray::open(path, array, shape)?;
        self.agree(path, array)?;
        Ok(stored)
    }

    /// Checks that an array has as many samples as the earlier ones.
    fn agree(&mut self, path: &Path, array: &Array) -> Result<(), DataError> {
        let found = array.shape.first().copied().unwrap_or(0);
        if self.inputs.is_empty() && self.targets.is_empty() {
            self.samples = found;
        }
        if found == self.samples {
            return Ok(());
        }
        Err(DataError::Samples { path: path.to_owned(), name: array.name.clone(), found, expected: self.samples })
    }
}

impl Dataset for Files {
    fn len(&self) -> usize {
        self.samples
    }

    fn sample(&self, index: usize, _: Pass) -> Result<Sample, DataError> {
        if index >= self.samples {
            return Err(DataError::Index { index, samples: self.samples });
        }
        let of =
            |arrays: &[StoredArray]| arrays.iter().map(|array| array.read(&[index], &[])).collect::<Result<_, _>>();
        Ok(Sample { inputs: of(&self.inputs)?, targets: of(&self.targets)? })
    }

    fn gather(&self, places: &[usize], _: Pass) -> Result<Batch, DataError> {
        if let Some(&index) = places.iter().find(|&&index| index >= self.samples) {
            return Err(DataError::Index { index, samples: self.samples });
        }
        let rows = [places.len()];
        let of =
            |arrays: &[StoredArray]| arrays.iter().map(|array| array.read(places, &rows)).collect::<Result<_, _>>();
        Ok(Batch { inputs: of(&self.inputs)?, targets: of(&self.targets)? })
    }
}

impl StoredArray {
    fn open(path: &Path, array: &Array, shape: Vec<usize>) -> Result<StoredArray, DataError> {
        if array.dtype.kind() == Kind::Other {
            let (name, dtype) = (array.name.clone(), array.dtype.to_string());
            return Err(DataError::Elements { path: path.to_owned(), name, dtype });
        }
        let samples = Samples::open(path, array).map_err(|error| DataError::Read { path: path.to_owned(), error })?;
        Ok(StoredArray { path: path.to_owned(), samples, shape })
    }

    /// Samples with leading axes of these sizes.
    fn read(&self, places: &[usize], before: &[usize]) -> Result<ArrayD<f32>, DataError> {
        let mut elements = Vec::new();
        for &index in places {
            self.samples
                .read(index, &mut elements)
                .map_err(|error| DataError::Read { path: self.path.clone(), error }.at(index))?;
        }
        let shape = [before, &self.shape].concat();
        ArrayD::from_shape_vec(IxDyn(&shape), elements).map_err(DataError::other)
    }
}

/// The arrays in a file.
fn headers(path: &Path) -> Result<Vec<Array>, DataError> {
    convshape_data::arrays(path).map_err(|why| DataError::File { path: path.to_owned(), why })
}

/// The generated `dataset`: `arrays` lists the file, the name and the port of each array, counting inputs first.
///
/// # Errors
/// If a file cannot be read, or its arrays no longer fit the chain.
pub fn dataset<M: Chain + HasProgram>(files: &[&str], arrays: &[(usize, &str, usize)]) -> Result<Files, DataError> {
    let mut dataset = Files::new();
    let found: Vec<(&Path, Vec<Array>)> =
        files.iter().map(|path| Ok((Path::new(path), headers(Path::new(path))?))).collect::<Result<_, DataError>>()?;
    let mut symbols = Symbols::NONE;
    for (file, name, port) in arrays {
        let (path, arrays) = &found[*file];
        let array = arrays.iter().find(|array| array.name == *name).ok_or_else(|| DataError::Missing {
            path: (*path).to_owned(),
            name: (*name).to_owned(),
            found: arrays.iter().map(|array| array.name.clone()).collect(),
        })?;
        let output = port.checked_sub(M::INPUTS.len());
        let stored = stored::<M>(path, array, *port, output, &mut symbols)?;
        dataset.agree(path, array)?;
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
) -> Result<StoredArray, DataError> {
    let (name, shape) = output.map_or_else(|| M::INPUTS[port], |output| M::OUTPUTS[output]);
    let order = M::PROGRAM.order;
    let whole = array.dtype.is_whole();
    let port = ArrayPort { shape: &shape, order, output: output.is_some() };
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
    // Labels with one number per sample, or values without their axis of size 1, get that axis.
    if port.classes() == Some(1) && port.takes_numbers(&array.shape) {
        sample.insert(port.channel_axis() - 1, 1);
    }
    StoredArray::open(path, array, sample)
}
