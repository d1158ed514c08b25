//! Writes a model to a safetensors file, whole or not at all.

use alloc::borrow::Cow;
use alloc::borrow::ToOwned;
use alloc::string::ToString;
use alloc::vec::Vec;
use std::path::Path;

use safetensors::{Dtype, View};

use super::error::SaveError;
use crate::model::param::Param;
use crate::model::parts::{Parts, checked_params, specs};
use crate::weights::files::{self, ReplaceError};

/// Writes a model to a file. An existing file of this name is replaced in one step, once the new one is complete and on
/// disk: concurrent readers see one or the other.
///
/// # Errors
/// If the file cannot be written, or a parameter was replaced by one of a different shape. An existing file is then
/// unchanged.
pub fn save<M: Parts>(model: &M, path: impl AsRef<Path>) -> Result<(), SaveError> {
    let file = path.as_ref();
    let names = specs::<M>().map(|spec| spec.name.to_string());
    let tensors = names.zip(checked_params(model)?);
    // PyTorch's loader wants to know which framework wrote the tensors.
    let metadata = [("format".to_string(), "pt".to_string())].into_iter().collect();
    let bytes = safetensors::serialize(tensors, Some(metadata))
        .map_err(|error| SaveError::Format { file: file.to_owned(), reason: error.to_string() })?;
    replace(file, &bytes)
}

/// Replaces the contents of a file by `bytes`.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    files::replace(file, bytes).map_err(|error| match error {
        ReplaceError::Kept(source) => SaveError::Write { file: file.to_owned(), source },
        ReplaceError::NotSynced(source) => SaveError::Sync { file: file.to_owned(), source },
    })
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
