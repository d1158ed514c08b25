//! Elements of a file as `f32`.

use alloc::string::ToString;
use alloc::vec::Vec;
use std::io;

use safetensors::Dtype;

use convshape_arith::op::Op;
use convshape_arith::stored::{Hint, is_stored_as};

use super::error::TensorProblem;
use super::source::FileTensor;
use crate::model::float::Float;

/// The element type of a file's type, if it can be converted.
fn float(dtype: Dtype) -> Option<Float> {
    match dtype {
        Dtype::F32 => Some(Float::F32),
        Dtype::F64 => Some(Float::F64),
        Dtype::F16 => Some(Float::F16),
        Dtype::BF16 => Some(Float::BF16),
        _ => None,
    }
}

/// Why a tensor's elements cannot be read.
pub(super) enum Unreadable {
    /// What is wrong with the tensor.
    Tensor(TensorProblem),
    /// The file cannot be read any further.
    File(io::Error),
}

impl From<TensorProblem> for Unreadable {
    fn from(problem: TensorProblem) -> Unreadable {
        Unreadable::Tensor(problem)
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Unreadable {
        Unreadable::File(error)
    }
}

/// The elements of a tensor, rounded to `f32`.
///
/// # Errors
/// If the type cannot be converted, an element is not finite, or the file cannot be read.
pub(super) fn decode(name: &str, tensor: &FileTensor<'_>) -> Result<Vec<f32>, Unreadable> {
    let Some(float) = float(tensor.dtype()) else {
        return Err(TensorProblem::Dtype { name: name.to_string(), found: tensor.dtype().to_string() }.into());
    };
    let mut elements = Vec::with_capacity(tensor.shape().iter().product());
    tensor
        .pieces(|bytes| {
            let done = elements.len();
            if float == Float::F32 {
                // The most common type has its own loop, which runs at the speed of memory.
                let (bytes, _) = bytes.as_chunks::<4>();
                elements.extend(bytes.iter().map(|bytes| f32::from_le_bytes(*bytes)));
                if elements[done..].iter().fold(true, |finite, element| finite & element.is_finite()) {
                    return Ok(());
                }
                elements.truncate(done);
            }
            let finite = |(place, value): (usize, f64)| {
                #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
                let rounded = value as f32;
                if rounded.is_finite() { Ok(rounded) } else { Err((done + place, value)) }
            };
            let decoded = float.decode(bytes, finite).map_err(|(place, value)| TensorProblem::NotFinite {
                name: name.to_string(),
                index: unravel(place, tensor.shape()),
                value,
            })?;
            elements.extend(decoded);
            Ok(())
        })
        .map(|()| elements)
}

/// The index per axis of an element, from its index in row-major order.
fn unravel(place: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = shape.to_vec();
    let mut rest = place;
    for (number, &size) in index.iter_mut().zip(shape).rev() {
        *number = rest % size.max(1);
        rest /= size.max(1);
    }
    index
}

/// Type and shape of a tensor.
pub(super) fn check(name: &str, tensor: &FileTensor<'_>, expected: &[usize], op: &Op) -> Result<(), TensorProblem> {
    if float(tensor.dtype()).is_none() {
        return Err(TensorProblem::Dtype { name: name.to_string(), found: tensor.dtype().to_string() });
    }
    if !is_stored_as(tensor.shape(), expected) {
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
