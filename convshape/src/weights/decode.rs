//! Elements of a file as `f32`.

use alloc::string::ToString;
use alloc::vec::Vec;

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::error::TensorProblem;
use crate::model::float::Float;

/// The kind of number of a type that is converted.
pub(super) fn float(dtype: Dtype) -> Option<Float> {
    match dtype {
        Dtype::F32 => Some(Float::F32),
        Dtype::F64 => Some(Float::F64),
        Dtype::F16 => Some(Float::F16),
        Dtype::BF16 => Some(Float::BF16),
        _ => None,
    }
}

/// The elements of a tensor, rounded to `f32`.
///
/// # Errors
/// If the type is not converted, or an element is not finite.
pub(super) fn decode(name: &str, tensor: &TensorView<'_>) -> Result<Vec<f32>, TensorProblem> {
    let Some(float) = float(tensor.dtype()) else {
        return Err(TensorProblem::Dtype { name: name.to_string(), found: tensor.dtype().to_string() });
    };
    if float == Float::F32 {
        // The commonest type by itself, at the speed of memory.
        let (elements, _) = tensor.data().as_chunks::<4>();
        let elements: Vec<f32> = elements.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if elements.iter().all(|element| element.is_finite()) {
            return Ok(elements);
        }
    }
    let finite = |(place, value): (usize, f64)| {
        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
        let rounded = value as f32;
        if rounded.is_finite() { Ok(rounded) } else { Err((place, value)) }
    };
    float.decode(tensor.data(), finite).map_err(|(place, value)| TensorProblem::NotFinite {
        name: name.to_string(),
        index: unravel(place, tensor.shape()),
        value,
    })
}

/// The index, one number per axis, of an element's place in row-major order.
fn unravel(place: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = shape.to_vec();
    let mut rest = place;
    for (number, &size) in index.iter_mut().zip(shape).rev() {
        *number = rest % size.max(1);
        rest /= size.max(1);
    }
    index
}
