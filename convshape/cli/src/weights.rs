//! `weights`: the tensors of a file.

use std::fs;
use std::io::Write;
use std::path::Path;

use convshape_arith::text::Thousands;
use safetensors::SafeTensors;

use crate::Outcome;
use crate::report::Unusable;

pub(crate) fn print(out: &mut impl Write, file: &Path) -> Outcome {
    let bytes = fs::read(file).map_err(|error| Unusable::new(file, error))?;
    let tensors = SafeTensors::deserialize(&bytes)
        .map_err(|error| Unusable::new(file, format!("not a safetensors file: {error}")))?;
    let mut tensors = tensors.tensors();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    let width = tensors.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut total: u64 = 0;
    for (name, tensor) in &tensors {
        writeln!(out, "{name:<width$}  {:?}  {:?}", tensor.dtype(), tensor.shape())?;
        total = total.saturating_add(tensor.shape().iter().map(|&size| size as u64).product());
    }
    writeln!(out, "{} tensors, {} numbers", tensors.len(), Thousands(total))?;
    Ok(true)
}
