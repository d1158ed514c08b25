//! Reads a model from a safetensors file.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::fs;
use std::path::Path;

use convshape_arith::op::Op;
use convshape_arith::stored::Hint;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::decode::{decode, float};
use super::error::{LoadError, TensorProblem};
use super::{header, weight_norm};
use crate::param::Param;
use crate::parts::{Linked, Parts, Spec, assemble};

/// Reads a model from a file.
///
/// # Errors
/// If the file cannot be read, is no safetensors file, or lacks a tensor of the model or has it in
/// another shape. Then all such tensors are named.
pub fn load<M: Parts>(path: impl AsRef<Path>) -> Result<M, LoadError> {
    load_with(path, str::to_owned)
}

/// Reads a model from a file that has other names: `rename` turns ours into the file's.
///
/// # Errors
/// Those of [`load`].
pub fn load_with<M: Parts>(path: impl AsRef<Path>, rename: impl Fn(&str) -> String) -> Result<M, LoadError> {
    let file = path.as_ref();
    let bytes = fs::read(file).map_err(|source| LoadError::Read { file: file.to_owned(), source })?;
    parse(&bytes, &file.display().to_string(), rename)
}

/// Reads a model from the bytes of a file.
///
/// # Errors
/// Those of [`load`].
pub fn load_bytes<M: Parts>(bytes: &[u8]) -> Result<M, LoadError> {
    parse(bytes, "bytes", str::to_owned)
}

fn parse<M: Parts>(bytes: &[u8], file: &str, rename: impl Fn(&str) -> String) -> Result<M, LoadError> {
    let tensors = header::open(bytes).map_err(|reason| LoadError::Format { file: file.to_string(), reason })?;
    let mut params = Vec::new();
    let mut problems = Vec::new();
    for spec in Linked::of::<M>().specs() {
        match read(&tensors, &rename(&spec.name.to_string()), &spec) {
            Ok(elements) => params.push(Param::new(spec.shape, elements)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(assemble(params))
    } else {
        Err(LoadError::Tensors { file: file.to_string(), problems })
    }
}

/// One parameter's elements.
fn read(tensors: &SafeTensors<'_>, name: &str, spec: &Spec) -> Result<Vec<f32>, TensorProblem> {
    if let Ok(tensor) = tensors.tensor(name) {
        check(name, &tensor, &spec.shape, &spec.op)?;
        return decode(name, &tensor);
    }
    if let Some(normed) = weight_norm::find(tensors, name) {
        return normed.fold(spec);
    }
    // A state dict of a larger module has the same names behind a prefix.
    let suffix = alloc::format!(".{name}");
    let mut similar: Vec<&str> = tensors.names().into_iter().filter(|other| other.ends_with(&suffix)).collect();
    similar.sort_unstable();
    Err(TensorProblem::Missing {
        name: name.to_string(),
        expected: spec.shape.to_vec(),
        similar: similar.first().map(ToString::to_string),
    })
}

/// Type and shape of a tensor.
pub(super) fn check(name: &str, tensor: &TensorView<'_>, expected: &[usize], op: &Op) -> Result<(), TensorProblem> {
    if float(tensor.dtype()).is_none() {
        return Err(TensorProblem::Dtype { name: name.to_string(), found: tensor.dtype().to_string() });
    }
    if tensor.shape() != expected {
        return Err(TensorProblem::Shape {
            name: name.to_string(),
            dtype: tensor.dtype().to_string().to_lowercase(),
            found: tensor.shape().to_vec(),
            expected: expected.to_vec(),
            hint: Hint::of(tensor.shape(), expected, op),
        });
    }
    Ok(())
}
