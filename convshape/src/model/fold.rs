//! PyTorch's weight norm: a weight stored as direction `v` and length `g` for each index of an axis. The weight is
//! `g * v / ||v||` (`torch.nn.utils.weight_norm`).

/// Scales the directions to their lengths. Element `e` has length `e / stride % lengths.len()`
/// ([`convshape_arith::stored::length_stride`]). A direction of norm 0 gives NaN, as in PyTorch.
///
/// # Errors
/// The first length whose direction has norm 0. All are scaled nevertheless.
pub(crate) fn fold(directions: &mut [f32], lengths: &[f32], stride: usize) -> Result<(), usize> {
    let (stride, count) = (stride.max(1), lengths.len().max(1));
    let mut zero = Ok(());
    for (index, &length) in lengths.iter().enumerate() {
        let elements = directions.chunks(stride).skip(index).step_by(count).flatten();
        let norm = libm::sqrt(elements.map(|&v| f64::from(v) * f64::from(v)).sum());
        if norm == 0.0 {
            zero = zero.and(Err(index));
        }
        for v in directions.chunks_mut(stride).skip(index).step_by(count).flatten() {
            #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
            let scaled = (f64::from(*v) / norm * f64::from(length)) as f32;
            *v = scaled;
        }
    }
    zero
}
