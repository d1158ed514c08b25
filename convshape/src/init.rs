//! Fresh models with the default initialisation of their dialect.

use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::param::Init;
use rand::{Rng, RngExt};

use crate::param::Param;
use crate::parts::{Linked, Parts, Spec, assemble};

/// A model whose parameters are drawn from `rng`, in the order of its layers: the same generator
/// in the same state makes the same model.
pub fn init<M: Parts>(rng: &mut impl Rng) -> M {
    assemble(Linked::of::<M>().specs().into_iter().map(|spec| draw(spec, rng)).collect())
}

fn draw(spec: Spec, rng: &mut impl Rng) -> Param {
    let count = spec.shape.iter().product();
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    let elements: Vec<f32> = match spec.init {
        Init::Uniform { bound } => (0..count).map(|_| rng.random_range(-bound as f32..=bound as f32)).collect(),
        Init::Constant(value) => vec![value as f32; count],
    };
    Param::new(spec.shape, elements)
}
