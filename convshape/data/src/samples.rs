//! Samples of an array by index, each read on demand.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::{Array, Dtype, Elements, Place, open};

/// The samples of one array: the entries of its first axis.
#[derive(Debug)]
pub struct Samples {
    shape: Vec<usize>,
    store: Store,
}

#[derive(Debug)]
enum Store {
    /// In the file, one after the other from byte `start`.
    File { file: Mutex<File>, start: u64, dtype: Dtype },
    /// In memory: compressed arrays, and those whose first axis runs fastest.
    Memory(Vec<f32>),
}

impl Samples {
    /// Opens an array. If it is compressed or in Fortran order, it is read into memory.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: &Path, array: &Array) -> io::Result<Samples> {
        let shape = array.shape.clone();
        let store = match array.place {
            Place::Plain(start) if !array.fortran => {
                let (file, _) = open(path).map_err(io::Error::other)?;
                Store::File { file: Mutex::new(file), start, dtype: array.dtype.clone() }
            }
            _ => {
                let elements = Elements::from(path, array, 0)?.map(|element| element.map(single));
                let elements = elements.collect::<io::Result<Vec<f32>>>()?;
                Store::Memory(if array.fortran { in_order(&elements, &shape) } else { elements })
            }
        };
        Ok(Samples { shape, store })
    }

    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The axes of one sample.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        self.shape.get(1..).unwrap_or_default()
    }

    /// Appends the elements of one sample; bytes become `0.0..=255.0`.
    ///
    /// # Errors
    /// If there is no such sample, or the file cannot be read.
    pub fn read(&self, sample: usize, to: &mut Vec<f32>) -> io::Result<()> {
        if sample >= self.len() {
            return Err(io::Error::other(format!("there are {} samples, no number {sample}", self.len())));
        }
        let elements: usize = self.shape().iter().product();
        match &self.store {
            Store::Memory(all) => to.extend(&all[sample * elements..(sample + 1) * elements]),
            Store::File { file, start, dtype } => {
                let size = usize::try_from(dtype.bytes()).unwrap_or(1).max(1);
                let mut bytes = vec![0; elements * size];
                // If another thread panicked, the position in the file is unknown, so it is set again.
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(start + sample as u64 * bytes.len() as u64))?;
                file.read_exact(&mut bytes)?;
                drop(file);
                to.extend(bytes.chunks_exact(size).map(|element| single(dtype.number(element))));
            }
        }
        Ok(())
    }
}

/// The nearest number in single precision.
#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn single(number: f64) -> f32 {
    number as f32
}

/// Reorders elements whose first axis runs fastest, so that the last one does.
fn in_order(elements: &[f32], shape: &[usize]) -> Vec<f32> {
    let mut index = vec![0; shape.len()];
    let mut ordered = Vec::with_capacity(elements.len());
    for _ in 0..elements.len() {
        let place = index.iter().zip(shape).rev().fold(0, |place, (index, size)| place * size + index);
        ordered.push(elements[place]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    ordered
}
