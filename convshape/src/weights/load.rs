//! Reads a model from a safetensors file.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::path::Path;

use convshape_arith::graph::{Graph, Node};

use super::decode::{Unreadable, check, decode};
use super::error::{LoadError, TensorProblem};
use super::source::Tensors;
use super::weight_norm;
use crate::model::param::Param;
use crate::model::parts::{Parts, Spec, assemble, specs};

/// Reads a model from a file.
///
/// # Errors
/// If the file cannot be read, is not a safetensors file, lacks a tensor of the model, or has it in the wrong shape.
/// The error names all such tensors.
///
/// It is also an error if a layer of the model would read a tensor if it had such a parameter, for example `enc1.bias`
/// with `bias: false`: the saved model computed something else. Other tensors that the chain does not name are ignored.
pub fn load<M: Parts>(path: impl AsRef<Path>) -> Result<M, LoadError> {
    let file = path.as_ref();
    parse_all(&Tensors::of_file(file)?, &file.display().to_string())
}

/// Reads a model from a file with different names: `rename` turns ours into the file's.
///
/// # Errors
/// Those of [`load`].
pub fn load_with<M: Parts>(path: impl AsRef<Path>, rename: impl Fn(&str) -> String) -> Result<M, LoadError> {
    let file = path.as_ref();
    parse(&Tensors::of_file(file)?, &file.display().to_string(), rename)
}

/// Reads a model from the bytes of a file.
///
/// # Errors
/// Those of [`load`].
pub fn load_bytes<M: Parts>(bytes: &[u8]) -> Result<M, LoadError> {
    let file = "bytes";
    let tensors = Tensors::of_bytes(bytes).map_err(|reason| LoadError::Format { file: file.to_string(), reason })?;
    parse_all(&tensors, file)
}

/// Like [`parse`] with the model's own names; also rejects tensors that a layer would leave unread.
fn parse_all<M: Parts>(tensors: &Tensors<'_>, file: &str) -> Result<M, LoadError> {
    let unread = unread::<M>(tensors);
    let model = match parse(tensors, file, str::to_owned) {
        Err(LoadError::Tensors { file, mut problems }) => {
            problems.extend(unread);
            return Err(LoadError::Tensors { file, problems });
        }
        parsed => parsed?,
    };
    if unread.is_empty() { Ok(model) } else { Err(LoadError::Tensors { file: file.to_string(), problems: unread }) }
}

/// Tensors named like a parameter of one of the chain's layers, which does not have such a parameter.
fn unread<M: Parts>(tensors: &Tensors<'_>) -> Vec<TensorProblem> {
    let graph = Graph::of::<M>();
    let claimed: BTreeSet<&str> = graph.params().iter().map(|param| &param.name[..]).collect();
    // A file written by PyTorch has a shared weight under both names. A layer's activation has the layer's name.
    let shared: BTreeSet<&str> =
        graph.nodes().iter().filter(|node| node.tied.is_some()).map(|node| &node.file_name[..]).collect();
    let mut problems = Vec::new();
    for Node { file_name: layer, op, first_run, .. } in graph.nodes() {
        if first_run.is_some() || shared.contains(&layer[..]) {
            continue;
        }
        for suffix in op.param_suffixes() {
            let name = format!("{layer}{suffix}");
            let is_read = claimed.contains(&name[..]) || tensors.tensor(&name).is_none();
            let is_known = problems
                .iter()
                .any(|problem| matches!(problem, TensorProblem::Unread { name: other, .. } if *other == name));
            if !is_read && !is_known {
                problems.push(TensorProblem::Unread { name, layer: layer.clone() });
            }
        }
    }
    problems
}

fn parse<M: Parts>(tensors: &Tensors<'_>, file: &str, rename: impl Fn(&str) -> String) -> Result<M, LoadError> {
    let mut params = Vec::new();
    let mut problems = Vec::new();
    if let Some(error) = nothing_found::<M>(tensors, file, &rename) {
        return Err(error);
    }
    for spec in specs::<M>() {
        match read(tensors, &rename(&spec.name.to_string()), &spec) {
            Ok(elements) => params.push(Param::new(spec.shape, elements)),
            Err(Unreadable::Tensor(problem)) => problems.push(problem),
            Err(Unreadable::File(source)) => return Err(LoadError::Read { file: file.into(), source }),
        }
    }
    if problems.is_empty() {
        Ok(assemble(params))
    } else {
        Err(LoadError::Tensors { file: file.to_string(), problems })
    }
}

/// The error for a file that has none of a model's names. If only one name is wanted, the usual error says enough.
fn nothing_found<M: Parts>(tensors: &Tensors<'_>, file: &str, rename: &impl Fn(&str) -> String) -> Option<LoadError> {
    /// How many names of the file are listed.
    const SOME: usize = 4;
    let names: Vec<String> = specs::<M>().map(|spec| rename(&spec.name.to_string())).collect();
    let is_found = |name: &String| tensors.tensor(name).is_some() || weight_norm::find(tensors, name).is_some();
    if names.len() < 2 || names.iter().any(is_found) {
        return None;
    }
    let mut found = tensors.names();
    found.sort_unstable();
    let expected = names.into_iter().next()?;
    let prefix = found.iter().find_map(|name| name.strip_suffix(&expected).filter(|rest| rest.ends_with(['.', '/'])));
    let prefix = prefix.map(ToOwned::to_owned);
    let more = found.len().saturating_sub(SOME);
    found.truncate(SOME);
    Some(LoadError::NoTensor { file: file.to_string(), expected, found, more, prefix })
}

/// One parameter's elements.
fn read(tensors: &Tensors<'_>, name: &str, spec: &Spec) -> Result<Vec<f32>, Unreadable> {
    if let Some(tensor) = tensors.tensor(name) {
        check(name, &tensor, &spec.shape, &spec.op)?;
        return decode(name, &tensor);
    }
    if let Some(normed) = weight_norm::find(tensors, name) {
        return normed.fold(spec);
    }
    // The state dict of a larger module has the same names with a prefix.
    let suffix = format!(".{name}");
    let mut similar: Vec<String> = tensors.names().into_iter().filter(|other| other.ends_with(&suffix)).collect();
    similar.sort_unstable();
    let shorter = || without_one_part(name).find(|other| tensors.tensor(other).is_some());
    Err(TensorProblem::Missing {
        name: name.to_string(),
        expected: spec.shape.to_vec(),
        similar: similar.into_iter().next().or_else(shorter),
    }
    .into())
}

/// The names that leave out one part each, but never the last two, which are a layer and its parameter:
/// `layer1.0.basic1.conv1.weight` gives `layer1.0.conv1.weight` among others.
fn without_one_part(name: &str) -> impl Iterator<Item = String> {
    let parts: Vec<&str> = name.split('.').collect();
    (0..parts.len().saturating_sub(2)).map(move |left_out| {
        let kept = parts.iter().enumerate().filter(|&(at, _)| at != left_out).map(|(_, part)| *part);
        kept.collect::<Vec<_>>().join(".")
    })
}
