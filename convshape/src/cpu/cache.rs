//! The plan cache: a model's plans and packed weights, made when first needed and again after a parameter has changed.

use std::boxed::Box;
use std::sync::{Arc, PoisonError, RwLock};
use std::vec::Vec;

use convshape_arith::graph::Graph;
use convshape_arith::shape::Shape;

use super::engine::{Engine, Spares};
use super::simd::Level;
use super::tuning::{KEPT_SHAPES, KEPT_WEIGHTS};
use crate::model::cache::Keep;
use crate::model::error::{PlanError, ShapeError};
use crate::model::param::Param;
use crate::model::parts::{Parts, checked_params};

/// The engines and training plans of a model. A clone of the model shares the engines until one of
/// the two changes.
#[derive(Default)]
pub(crate) struct Engines {
    engines: RwLock<Vec<Arc<Engine>>>,
    /// Spare workspaces, which engines for all shapes share.
    spares: Arc<Spares>,
    #[cfg(feature = "train")]
    pub(crate) plans: super::train::Plans,
}

/// Calls its argument with each parameter in order.
type Visit<'v, 'p> = dyn Fn(&mut dyn FnMut(&'p Param)) + 'v;

impl Engines {
    /// The engine for a model's current parameters and inputs of these shapes.
    ///
    /// # Errors
    /// If a layer rejects its input, or a parameter was replaced by one of a different shape.
    pub(crate) fn engine<M: Parts>(
        &self,
        model: &M,
        inputs: impl Iterator<Item = Shape> + Clone,
    ) -> Result<Arc<Engine>, ShapeError> {
        let chain = M::PROGRAM.name;
        let graph = |inputs: &[Shape]| {
            checked_params(model)?;
            Graph::of::<M>().with_inputs(inputs).map_err(|error| ShapeError::of_graph(chain, error))
        };
        self.engine_of(chain, &graph, &|f| model.visit(f), inputs)
    }

    /// Like [`Engines::engine`], for the graph that `graph` builds for the given input shapes, and the parameters that
    /// `visit` visits, which have their shapes.
    ///
    /// # Errors
    /// Those of `graph`, and if a layer rejects its input.
    pub(crate) fn engine_of<'p>(
        &self,
        chain: &'static str,
        graph: &dyn Fn(&[Shape]) -> Result<Graph, ShapeError>,
        visit: &Visit<'_, 'p>,
        inputs: impl Iterator<Item = Shape> + Clone,
    ) -> Result<Arc<Engine>, ShapeError> {
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
            return Ok(engine);
        }
        let mut params = Vec::new();
        visit(&mut |param| params.push(param));
        let graph = graph(&inputs.clone().collect::<Vec<_>>())?;
        let lowered = graph.lowered().map_err(PlanError::from);
        let engine = lowered.and_then(|graph| Engine::new(&graph, &params, Level::best(), Arc::clone(&self.spares)));
        let engine = Arc::new(engine.map_err(|error| error.of(chain))?);
        let most = (KEPT_WEIGHTS / engine.weights().max(1)).clamp(*KEPT_SHAPES.start(), *KEPT_SHAPES.end());
        let mut engines = self.engines.write().unwrap_or_else(PoisonError::into_inner);
        engines.retain(|engine| is_current(engine) && !is_wanted(engine));
        engines.truncate(most - 1);
        engines.insert(0, Arc::clone(&engine));
        Ok(engine)
    }
}

/// Whether the parameters are those that were packed.
fn is_of<'p>(engine: &Engine, visit: &Visit<'_, 'p>) -> bool {
    let mut stamps = engine.stamps().iter();
    let mut same = true;
    visit(&mut |param| same &= stamps.next() == Some(&param.stamp()));
    same && stamps.next().is_none()
}

impl Keep for Engines {
    #[cfg_attr(not(feature = "train"), allow(clippy::needless_update, reason = "for training"))]
    fn for_clone(&self) -> Box<dyn Keep> {
        let engines = self.engines.read().unwrap_or_else(PoisonError::into_inner).clone();
        Box::new(Engines { engines: RwLock::new(engines), spares: Arc::clone(&self.spares), ..Engines::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parts::{assemble, specs};
    use crate::model::test_model::Small;

    #[test]
    fn many_shapes_in_turn_are_packed_once() {
        let specs = specs::<Small>();
        let model: Small = assemble(specs.map(|spec| Param::new(spec.shape, std::vec![0.5; spec.count()])));
        let cache = Engines::default();
        let engine = |length: i64| {
            let shapes = [Shape::of(&[2, length])];
            cache.engine(&model, shapes.into_iter()).expect("a plan")
        };
        let lengths = || (1..=50).map(|length| 2 * length);
        let first: Vec<Arc<Engine>> = lengths().map(engine).collect();
        assert!(lengths().map(engine).zip(&first).all(|(again, first)| Arc::ptr_eq(&again, first)));
        // The engines share spare workspaces: the last run leaves one, not fifty.
        for (engine, length) in first.iter().zip(1..) {
            let x = std::vec![1.0; 4 * length];
            engine.run(1, &[&x], &mut [&mut std::vec![0.0; 4 * length]]);
        }
        assert_eq!(cache.spares.count(), 1);
    }
}
