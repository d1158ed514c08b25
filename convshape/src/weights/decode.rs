//! Elements of a file as `f32`.

use alloc::string::ToString;
use alloc::vec::Vec;

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::error::TensorProblem;

/// Whether elements of a type are converted.
pub(super) fn is_float(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F32 | Dtype::F64 | Dtype::F16 | Dtype::BF16)
}

/// The elements of a tensor, rounded to `f32`.
///
/// # Errors
/// If the type is not converted, or an element is not finite.
pub(super) fn decode(name: &str, tensor: &TensorView<'_>) -> Result<Vec<f32>, TensorProblem> {
    let values = match tensor.dtype() {
        Dtype::F32 => convert(tensor.data(), |bytes| f64::from(f32::from_le_bytes(bytes))),
        Dtype::F64 => convert(tensor.data(), f64::from_le_bytes),
        Dtype::F16 => convert(tensor.data(), |bytes| f16::from_le_bytes(bytes).to_f64()),
        Dtype::BF16 => convert(tensor.data(), |bytes| bf16::from_le_bytes(bytes).to_f64()),
        other => return Err(TensorProblem::Dtype { name: name.to_string(), found: other.to_string() }),
    };
    values.map_err(|(place, value)| TensorProblem::NotFinite {
        name: name.to_string(),
        index: unravel(place, tensor.shape()),
        value,
    })
}

/// Each `N` bytes as an `f32`, or the place and value of the first that is not finite.
fn convert<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f64) -> Result<Vec<f32>, (usize, f64)> {
    let (chunks, _) = bytes.as_chunks::<N>();
    let convert = |(place, chunk): (usize, &[u8; N])| {
        let value = value(*chunk);
        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
        let rounded = value as f32;
        if rounded.is_finite() { Ok(rounded) } else { Err((place, value)) }
    };
    chunks.iter().enumerate().map(convert).collect()
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
