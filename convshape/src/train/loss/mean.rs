//! An output that is itself a loss.

use alloc::vec;

use ndarray::{ArrayD, ArrayViewD};

use super::{Evaluation, Loss, miscounted, single};
use crate::model::error::ShapeError;

/// The mean of an output's elements, without a target: for an output that is itself a loss, such as that of a vector
/// quantiser.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Mean;

impl Loss for Mean {
    fn targets(&self) -> usize {
        0
    }

    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        _: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let [output, ..] = outputs else { return Err(miscounted(self, outputs, &[])) };
        let count = output.len().max(1) as f64;
        let value = output.iter().map(|number| f64::from(*number)).sum::<f64>() / count;
        Ok(Evaluation { value, gradients: vec![ArrayD::from_elem(output.raw_dim(), single(1.0 / count))] })
    }
}
