//! The plans that a model keeps between steps.

use std::sync::{Mutex, PoisonError};
use std::vec::Vec;

use convshape_arith::graph::Graph;

use super::draft::Key;
use super::plan::TrainPlan;
use crate::cpu::simd::Level;
use crate::cpu::tuning::KEPT_PLANS;
use crate::model::error::BatchError;

/// The plan cache: plans that are not running.
#[derive(Default)]
pub(crate) struct Plans(Mutex<Vec<TrainPlan>>);

impl Plans {
    /// A plan for this key: a kept one if there is one, otherwise a new one.
    ///
    /// # Errors
    /// Those of [`TrainPlan::new`].
    pub(crate) fn take(&self, key: Key, graph: impl FnOnce() -> Graph) -> Result<TrainPlan, BatchError> {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match plans.iter().position(|plan| *plan.key() == key) {
            Some(index) => Ok(plans.remove(index)),
            None => TrainPlan::new(&graph(), key, Level::best()),
        }
    }

    /// Keeps a plan for the next step.
    pub(crate) fn put(&self, plan: TrainPlan) {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        plans.insert(0, plan);
        plans.truncate(KEPT_PLANS);
    }
}
