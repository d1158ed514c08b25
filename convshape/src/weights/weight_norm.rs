//! PyTorch's weight norm: a weight stored as direction `v` and length `g`, for each index of the
//! first axis. The weight is `g * v / ||v||` (`torch.nn.utils.weight_norm`, `dim=0`).

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::decode::decode;
use super::error::TensorProblem;
use super::load::check;
use crate::parts::Spec;

/// A weight as length and direction, with their names.
pub(super) struct Normed<'a> {
    length: (String, TensorView<'a>),
    direction: (String, TensorView<'a>),
}

/// Finds the parts of a weight that is not there as a whole.
pub(super) fn find<'a>(tensors: &SafeTensors<'a>, name: &str) -> Option<Normed<'a>> {
    let layer = name.strip_suffix("weight").filter(|layer| layer.is_empty() || layer.ends_with('.'))?;
    let names = [
        (format!("{layer}weight_g"), format!("{layer}weight_v")),
        (format!("{layer}parametrizations.weight.original0"), format!("{layer}parametrizations.weight.original1")),
    ];
    names.into_iter().find_map(|(length, direction)| {
        let tensor = |name: &str| tensors.tensor(name).ok();
        let (g, v) = (tensor(&length)?, tensor(&direction)?);
        Some(Normed { length: (length, g), direction: (direction, v) })
    })
}

impl Normed<'_> {
    /// The weight.
    pub(super) fn fold(self, spec: &Spec) -> Result<Vec<f32>, TensorProblem> {
        let Normed { length: (length_name, length), direction: (direction_name, direction) } = self;
        check(&direction_name, &direction, &spec.shape, &spec.op)?;
        let rows = spec.shape.first().copied().unwrap_or(1);
        let mut lengths_shape = vec![1; spec.shape.len()];
        lengths_shape[..1].fill(rows);
        check(&length_name, &length, &lengths_shape, &spec.op)?;

        let lengths = decode(&length_name, &length)?;
        let mut weight = decode(&direction_name, &direction)?;
        let row_len = weight.len() / rows.max(1);
        for (index, (row, length)) in weight.chunks_mut(row_len.max(1)).zip(lengths).enumerate() {
            let norm = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt();
            if norm == 0.0 {
                return Err(TensorProblem::ZeroNorm { name: direction_name, index });
            }
            for v in row {
                #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
                let scaled = (f64::from(*v) / norm * f64::from(length)) as f32;
                *v = scaled;
            }
        }
        Ok(weight)
    }
}
