//! Fresh models with the default initialisation of their dialect.

use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::param::Init;
use rand::{Rng, RngExt};

use crate::model::param::Param;
use crate::model::parts::{Linked, Parts, Spec, assemble};

/// A model whose parameters are drawn from `rng`, in the order of its layers: the same generator
/// in the same state makes the same model.
pub fn init<M: Parts>(rng: &mut impl Rng) -> M {
    assemble(Linked::of::<M>().specs().map(|spec| draw(&spec, rng)))
}

pub(crate) fn draw(spec: &Spec, rng: &mut impl Rng) -> Param {
    let count = spec.count();
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    let elements: Vec<f32> = match spec.init {
        Init::Uniform { bound } => (0..count).map(|_| rng.random_range(-bound as f32..=bound as f32)).collect(),
        Init::TruncatedNormal { deviation } => (0..count).map(|_| (deviation * truncated_normal(rng)) as f32).collect(),
        Init::Constant(value) => vec![value as f32; count],
    };
    Param::new(spec.shape, elements)
}

/// A number from the standard normal distribution without what is beyond 2 on either side.
fn truncated_normal(rng: &mut impl Rng) -> f64 {
    // Box and Muller (1958): a radius and an angle make two independent normal numbers. One in 22 is
    // drawn again; a generator that never gives one inside ends at the edge.
    for _ in 0..1000 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - rng.random_range(0.0..1.0)));
        let angle = rng.random_range(0.0..core::f64::consts::TAU);
        let normal = radius * libm::cos(angle);
        if libm::fabs(normal) <= 2.0 {
            return normal;
        }
    }
    2.0
}
