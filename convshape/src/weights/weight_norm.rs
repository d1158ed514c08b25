//! Weights that a file stores with PyTorch's weight norm.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::decode::{Unreadable, check, decode};
use super::error::TensorProblem;
use super::source::{FileTensor, Tensors};
use crate::model::fold::fold;
use crate::model::parts::Spec;
use convshape_arith::stored::{WEIGHT_NORM, length_stride};

/// A weight as length and direction, with the names of both.
pub(super) struct Normed<'a> {
    length: (String, FileTensor<'a>),
    direction: (String, FileTensor<'a>),
}

/// Finds the two parts of a weight that is not stored as a whole.
pub(super) fn find<'a>(tensors: &'a Tensors<'_>, name: &str) -> Option<Normed<'a>> {
    let layer = name.strip_suffix("weight").filter(|layer| layer.is_empty() || layer.ends_with('.'))?;
    WEIGHT_NORM.iter().find_map(|(length, direction)| {
        let (length, direction) = (format!("{layer}{length}"), format!("{layer}{direction}"));
        let tensor = |name: &str| tensors.tensor(name);
        let (g, v) = (tensor(&length)?, tensor(&direction)?);
        Some(Normed { length: (length, g), direction: (direction, v) })
    })
}

impl Normed<'_> {
    /// The weight.
    pub(super) fn fold(self, spec: &Spec) -> Result<Vec<f32>, Unreadable> {
        let Normed { length: (length_name, length), direction: (direction_name, direction) } = self;
        check(&direction_name, &direction, &spec.shape, &spec.op)?;
        let stride = length_stride(length.shape(), &spec.shape);
        let lengths_shape = match stride {
            Some(_) => length.shape().to_vec(),
            None => spec.shape.iter().take(1).copied().chain(spec.shape.iter().skip(1).map(|_| 1)).collect(),
        };
        check(&length_name, &length, &lengths_shape, &spec.op)?;

        let lengths = decode(&length_name, &length)?;
        let mut weight = decode(&direction_name, &direction)?;
        let stride = stride.unwrap_or(weight.len());
        fold(&mut weight, &lengths, stride)
            .map_err(|index| TensorProblem::ZeroNorm { name: direction_name.clone(), index })?;
        Ok(weight)
    }
}
