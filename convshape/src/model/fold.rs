//! PyTorch's weight norm: a weight stored as direction `v` and length `g` for each index of the first axis. The weight
//! is `g * v / ||v||` (`torch.nn.utils.weight_norm`, `dim=0`).

/// Scales each row of directions to its length. A direction of norm 0 gives NaN, as in PyTorch.
///
/// # Errors
/// The first row whose norm is 0. All rows are scaled nevertheless.
pub(crate) fn fold(directions: &mut [f32], lengths: &[f32]) -> Result<(), usize> {
    let row_len = directions.len() / lengths.len().max(1);
    let mut zero = Ok(());
    for (index, (row, &length)) in directions.chunks_mut(row_len.max(1)).zip(lengths).enumerate() {
        let norm = libm::sqrt(row.iter().map(|&v| f64::from(v) * f64::from(v)).sum());
        if norm == 0.0 {
            zero = zero.and(Err(index));
        }
        for v in row {
            #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
            let scaled = (f64::from(*v) / norm * f64::from(length)) as f32;
            *v = scaled;
        }
    }
    zero
}
