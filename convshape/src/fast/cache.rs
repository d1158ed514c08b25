//! A model's packed weights, made when they are first needed and again when a parameter changed.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::vec::Vec;

use convshape_arith::shape::Shape;

use super::engine::Engine;
use super::simd::Level;
use crate::param::Param;
use crate::parts::{Linked, Parts};

/// What a model keeps beside its parameters. It takes no part in comparisons; a clone shares it
/// until one of the two changes.
#[derive(Default)]
pub struct Cache {
    engines: RwLock<Vec<Arc<Engine>>>,
    #[cfg(feature = "train")]
    pub(crate) plans: super::train::Plans,
}

/// The most shapes of inputs that weights are kept packed for.
const MOST_SHAPES: usize = 4;

/// Goes through parameters in order.
type Visit<'v, 'p> = dyn Fn(&mut dyn FnMut(&'p Param)) + 'v;

impl Cache {
    /// The engine for a model's parameters as they are now, and inputs of these shapes. `None` where
    /// there is none: the slow way runs, or says what is wrong.
    pub(crate) fn engine<M: Parts>(
        &self,
        model: &M,
        inputs: impl Iterator<Item = Shape> + Clone,
    ) -> Option<Arc<Engine>> {
        self.engine_of(Linked::of::<M>(), &|f| model.visit(f), inputs)
    }

    /// As [`Cache::engine`], for a program and the parameters that `visit` goes through.
    pub(crate) fn engine_of<'p>(
        &self,
        linked: Linked,
        visit: &Visit<'_, 'p>,
        inputs: impl Iterator<Item = Shape> + Clone,
    ) -> Option<Arc<Engine>> {
        let is_current = |engine: &Engine| is_of(engine, visit);
        let is_wanted = |engine: &Arc<Engine>| inputs.clone().eq(engine.inputs().iter().copied());
        let kept = self
            .engines
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .find(|engine| is_wanted(engine))
            .cloned();
        if let Some(engine) = kept
            && is_current(&engine)
        {
            return Some(engine);
        }
        let mut params = Vec::new();
        visit(&mut |param| params.push(param));
        linked.check(&params).ok()?;
        let engine = Engine::new(linked, &params, &inputs.clone().collect::<Vec<_>>(), Level::best())?;
        let engine = Arc::new(engine);
        let mut engines = self.engines.write().unwrap_or_else(PoisonError::into_inner);
        engines.retain(|engine| is_current(engine) && !is_wanted(engine));
        engines.truncate(MOST_SHAPES - 1);
        engines.insert(0, Arc::clone(&engine));
        Some(engine)
    }
}

/// Whether the parameters are those that were packed.
fn is_of<'p>(engine: &Engine, visit: &Visit<'_, 'p>) -> bool {
    let mut stamps = engine.stamps().iter();
    let mut same = true;
    visit(&mut |param| same &= stamps.next() == Some(&param.stamp()));
    same && stamps.next().is_none()
}

impl Clone for Cache {
    #[cfg_attr(not(feature = "train"), allow(clippy::needless_update, reason = "for training"))]
    fn clone(&self) -> Cache {
        let engines = self.engines.read().unwrap_or_else(PoisonError::into_inner).clone();
        Cache { engines: RwLock::new(engines), ..Cache::default() }
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
