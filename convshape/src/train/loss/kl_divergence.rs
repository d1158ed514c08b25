//! The regularising term of a variational autoencoder's loss.

use alloc::vec;

use ndarray::{ArrayD, ArrayViewD, Zip};

use super::{Evaluation, Loss, miscounted, same_shape, single};
use crate::model::error::ShapeError;

/// The Kullback-Leibler divergence of normal distributions from the standard one (Kingma and Welling, 2013): the sum of
/// `-(1 + logvar - mu^2 - exp(logvar)) / 2` over each sample, and the mean over the batch. It reads two outputs, `mu`
/// and `logvar`, and no target.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct KlDivergence;

impl Loss for KlDivergence {
    fn outputs(&self) -> usize {
        2
    }

    fn targets(&self) -> usize {
        0
    }

    fn evaluate(
        &mut self,
        outputs: &[ArrayViewD<'_, f32>],
        _: &[ArrayViewD<'_, f32>],
    ) -> Result<Evaluation, ShapeError> {
        let [mu, logvar, ..] = outputs else { return Err(miscounted(self, outputs, &[])) };
        same_shape("KlDivergence", mu, logvar)?;
        let batch = mu.shape().first().map_or(1.0, |batch| *batch as f64);
        let mut sum = 0.0;
        let mut by_mu = ArrayD::zeros(mu.raw_dim());
        let mut by_logvar = ArrayD::zeros(mu.raw_dim());
        Zip::from(&mut by_mu).and(&mut by_logvar).and(mu).and(logvar).for_each(|by_mu, by_logvar, mu, logvar| {
            let (mu, logvar) = (f64::from(*mu), f64::from(*logvar));
            let variance = libm::exp(logvar);
            sum -= 0.5 * (1.0 + logvar - mu * mu - variance);
            *by_mu = single(mu / batch);
            *by_logvar = single(0.5 * (variance - 1.0) / batch);
        });
        Ok(Evaluation { value: sum / batch, gradients: vec![by_mu, by_logvar] })
    }
}
