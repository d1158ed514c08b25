//! The tensors of a file: their names and shapes are read at once, their elements on demand.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::error::LoadError;
use super::{files, header};

/// How many bytes are read from a file at once, so that they stay in the cache while they are converted. A multiple of
/// the size of every number.
const PIECE_BYTES: usize = 256 * 1024;

/// The tensors of a file.
pub(super) struct Tensors<'a> {
    metadata: Metadata,
    data: DataSection<'a>,
}

/// Where the elements are.
enum DataSection<'a> {
    /// All of them in memory, without the header.
    Bytes(&'a [u8]),
    /// In a file, from this byte on.
    File { file: File, start: u64 },
}

/// A tensor of a file.
pub(super) struct FileTensor<'a> {
    info: &'a TensorInfo,
    data: &'a DataSection<'a>,
}

impl<'a> Tensors<'a> {
    /// # Errors
    /// What is wrong with the bytes, as text.
    pub(super) fn of_bytes(bytes: &'a [u8]) -> Result<Tensors<'a>, String> {
        let (start, metadata) = header::parse(bytes, bytes.len() as u64)?;
        Ok(Tensors { metadata, data: DataSection::Bytes(bytes.get(start..).unwrap_or_default()) })
    }

    /// # Errors
    /// If the file cannot be read, or is not a safetensors file.
    pub(super) fn of_file(path: &Path) -> Result<Tensors<'static>, LoadError> {
        let unread = |source| LoadError::Read { file: path.to_owned(), source };
        let mut file = files::open(path).map_err(unread)?;
        let length = file.metadata().map_err(unread)?.len();
        let mut head = Vec::new();
        let mut read = |bytes: u64, head: &mut Vec<u8>| (&mut file).take(bytes).read_to_end(head).map_err(unread);
        read(header::LENGTH_BYTES as u64, &mut head)?;
        read(header::length(&head).unwrap_or(0).min(header::MAX_BYTES + 1), &mut head)?;
        let (start, metadata) = header::parse(&head, length)
            .map_err(|reason| LoadError::Format { file: format!("{}", path.display()), reason })?;
        Ok(Tensors { metadata, data: DataSection::File { file, start: start as u64 } })
    }

    /// The names, in the order of the elements.
    pub(super) fn names(&self) -> Vec<String> {
        self.metadata.offset_keys()
    }

    pub(super) fn tensor(&self, name: &str) -> Option<FileTensor<'_>> {
        Some(FileTensor { info: self.metadata.info(name)?, data: &self.data })
    }
}

impl FileTensor<'_> {
    pub(super) fn dtype(&self) -> Dtype {
        self.info.dtype
    }

    pub(super) fn shape(&self) -> &[usize] {
        &self.info.shape
    }

    /// Calls `f` with pieces of the elements' bytes, in order. No number is split between pieces.
    ///
    /// # Errors
    /// The errors of `f`, and if the file cannot be read.
    pub(super) fn pieces<E: From<io::Error>>(&self, mut f: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let (first, end) = self.info.data_offsets;
        match self.data {
            DataSection::Bytes(bytes) => f(bytes.get(first..end).unwrap_or_default()),
            DataSection::File { file, start } => {
                let mut file = file;
                file.seek(SeekFrom::Start(start + first as u64))?;
                let mut piece = vec![0; PIECE_BYTES.min(end - first)];
                let mut left = end - first;
                while left > 0 {
                    let bytes = piece.len().min(left);
                    file.read_exact(&mut piece[..bytes])?;
                    f(&piece[..bytes])?;
                    left -= bytes;
                }
                Ok(())
            }
        }
    }
}
