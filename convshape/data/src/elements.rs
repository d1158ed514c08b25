//! The elements of an array, as numbers.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::inflate::Inflate;
use crate::{Array, Dtype, Place, open};

/// Reads the elements of an array one after the other, in the file's order.
#[derive(Debug)]
pub struct Elements {
    source: Source,
    dtype: Dtype,
    left: usize,
}

enum Source {
    Plain(BufReader<File>),
    Deflated(BufReader<Inflate<io::Take<File>>>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Source::Plain(_) => "Plain",
            Source::Deflated(_) => "Deflated",
        })
    }
}

impl Elements {
    /// The elements from `first` on, to the end of the array.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn from(path: &Path, array: &Array, first: usize) -> io::Result<Elements> {
        let (mut file, _) = open(path).map_err(io::Error::other)?;
        let before = (first as u64).saturating_mul(array.dtype.bytes());
        let source = match array.place {
            Place::Plain(start) => {
                file.seek(SeekFrom::Start(start.saturating_add(before)))?;
                Source::Plain(BufReader::new(file))
            }
            Place::Deflated { start, length, skip } => {
                file.seek(SeekFrom::Start(start))?;
                let mut stream = BufReader::new(Inflate::new(file.take(length)));
                io::copy(&mut stream.by_ref().take(skip.saturating_add(before)), &mut io::sink())?;
                Source::Deflated(stream)
            }
        };
        Ok(Elements { source, dtype: array.dtype.clone(), left: array.len().saturating_sub(first) })
    }
}

impl Iterator for Elements {
    type Item = io::Result<f64>;

    fn next(&mut self) -> Option<io::Result<f64>> {
        self.left = self.left.checked_sub(1)?;
        let mut bytes = [0; 8];
        let size = usize::try_from(self.dtype.bytes()).unwrap_or(0).min(bytes.len());
        let bytes = &mut bytes[..size];
        let read = match &mut self.source {
            Source::Plain(file) => file.read_exact(bytes),
            Source::Deflated(stream) => stream.read_exact(bytes),
        };
        if let Err(error) = read {
            self.left = 0;
            return Some(Err(error));
        }
        Some(Ok(self.dtype.number(bytes)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}
