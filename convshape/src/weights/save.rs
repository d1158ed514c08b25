//! Writes a model to a safetensors file, whole or not at all.

use alloc::borrow::Cow;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use safetensors::{Dtype, View};

use super::error::SaveError;
use crate::param::Param;
use crate::parts::{Linked, Parts, checked_params};

/// Writes a model to a file. An older file of this name is replaced in one step, once the new one
/// is complete and on disk: whoever reads meanwhile sees the one or the other.
///
/// # Errors
/// If the file cannot be written, or a parameter was replaced by one of another shape. Then the
/// older file is as it was.
pub fn save<M: Parts>(model: &M, path: impl AsRef<Path>) -> Result<(), SaveError> {
    let file = path.as_ref();
    let names = Linked::of::<M>().specs().map(|spec| spec.name.to_string());
    let tensors = names.zip(checked_params(model)?);
    // PyTorch's loader wants to know whose tensors these are.
    let metadata = [("format".to_string(), "pt".to_string())].into_iter().collect();
    let bytes = safetensors::serialize(tensors, Some(metadata))
        .map_err(|error| SaveError::Format { file: file.to_owned(), reason: error.to_string() })?;
    replace(file, &bytes).map_err(|source| SaveError::Write { file: file.to_owned(), source })
}

impl View for &Param {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        Param::shape(self)
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.as_slice().iter().flat_map(|element| element.to_le_bytes()).collect::<Vec<u8>>().into()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.as_slice())
    }
}

/// Puts `bytes` in the place of a file.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    // Behind a symbolic link it is the file that is replaced, not the link.
    let file = match fs::canonicalize(file) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => file.to_owned(),
        Err(error) => return Err(error),
    };
    let temporary = temporary(&file)?;
    let written = write(&temporary, &file, bytes).and_then(|()| fs::rename(&temporary, &file));
    if written.is_err() {
        // What went wrong first is what the caller wants to know.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A name beside `file` (a rename works only within a file system) that no other save takes: not
/// in this process by the counter, not in another by its id.
fn temporary(file: &Path) -> io::Result<PathBuf> {
    static SAVES: AtomicU64 = AtomicU64::new(0);
    let name = file.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.{}.tmp", process::id(), SAVES.fetch_add(1, Ordering::Relaxed)));
    Ok(file.with_file_name(hidden))
}

fn write(temporary: &Path, replaced: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut out = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    out.write_all(bytes)?;
    if let Ok(metadata) = fs::metadata(replaced) {
        out.set_permissions(metadata.permissions())?;
    }
    out.sync_all()
}
