//! A model's packed weights, made when they are first needed and again when a parameter changed.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::vec::Vec;

use convshape_arith::shape::Shape;

use super::engine::Engine;
use super::simd::Level;
use crate::param::Param;
use crate::parts::{Parts, checked_params};

/// What a model keeps beside its parameters. It takes no part in comparisons; a clone shares it
/// until one of the two changes.
#[derive(Default)]
pub struct Cache(RwLock<Option<Arc<Engine>>>);

impl Cache {
    /// The engine for a model's parameters as they are now, and inputs of these shapes. `None` where
    /// there is none: the slow way runs, or says what is wrong.
    pub(crate) fn engine<M: Parts>(
        &self,
        model: &M,
        inputs: impl Iterator<Item = Shape> + Clone,
    ) -> Option<Arc<Engine>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(engine) = kept
            && is_of(&engine, model)
            && inputs.clone().eq(engine.inputs().iter().copied())
        {
            return Some(engine);
        }
        let params: Vec<&Param> = checked_params(model).ok()?;
        let linked = crate::parts::Linked::of::<M>();
        let engine = Arc::new(Engine::new(linked, &params, &inputs.collect::<Vec<_>>(), Level::best())?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&engine));
        Some(engine)
    }
}

/// Whether the model's parameters are those that were packed.
fn is_of(engine: &Engine, model: &impl Parts) -> bool {
    let mut stamps = engine.stamps().iter();
    let mut same = true;
    model.visit(&mut |param| same &= stamps.next() == Some(&param.stamp()));
    same && stamps.next().is_none()
}

impl Clone for Cache {
    fn clone(&self) -> Cache {
        Cache(RwLock::new(self.0.read().unwrap_or_else(PoisonError::into_inner).clone()))
    }
}

impl PartialEq for Cache {
    fn eq(&self, _: &Cache) -> bool {
        true
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}
