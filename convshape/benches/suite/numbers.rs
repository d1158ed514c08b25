//! Batches of numbers for benchmarks.

use convshape::Shape;
use convshape::ndarray::{ArrayD, IxDyn};

/// A batch of numbers from -1 to 1, the same each time.
pub(crate) fn numbers(batch: usize, shape: &Shape) -> ArrayD<f32> {
    let sizes = shape.sizes().iter().filter_map(|size| usize::try_from(size.number()?).ok());
    let dims: Vec<usize> = [batch].into_iter().chain(sizes).collect();
    let mut state = 1_u32;
    ArrayD::from_shape_simple_fn(IxDyn(&dims), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from((state >> 20) as u16) / 2048.0 - 1.0
    })
}
