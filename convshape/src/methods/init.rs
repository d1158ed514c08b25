//! New models with the default initialisation of their dialect.

use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::op::Init;
use rand::{Rng, RngExt};

use crate::model::param::Param;
use crate::model::parts::{Parts, Spec, assemble, specs};

/// A model with parameters drawn from `rng`, in the order of its layers: a generator in the same state gives the same
/// model.
pub fn init<M: Parts>(rng: &mut impl Rng) -> M {
    assemble(specs::<M>().map(|spec| draw(&spec, rng)))
}

/// The generator is a `dyn` so that this is compiled here, once, and optimised when the program is not.
pub(crate) fn draw(spec: &Spec, rng: &mut dyn Rng) -> Param {
    let count = spec.count();
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    let elements: Vec<f32> = match spec.init {
        Init::Uniform { bound } => (0..count).map(|_| rng.random_range(-bound as f32..=bound as f32)).collect(),
        Init::TruncatedNormal { deviation } => (0..count).map(|_| (deviation * truncated_normal(rng)) as f32).collect(),
        Init::Normal { deviation } => (0..count).map(|_| (deviation * normal(rng)) as f32).collect(),
        Init::Constant(value) => vec![value as f32; count],
        Init::Orthogonal => orthogonal(&spec.shape, rng),
        Init::ForgetBias { hidden } => {
            let hidden = usize::try_from(hidden).unwrap_or(0);
            (0..count).map(|place| f32::from(u8::from((hidden..2 * hidden).contains(&place)))).collect()
        }
    };
    Param::new(spec.shape, elements)
}

/// A number from the standard normal distribution truncated to -2 to 2.
fn truncated_normal(rng: &mut dyn Rng) -> f64 {
    // One in 22 is drawn again. A generator that never gives a number inside gets the nearest bound.
    for _ in 0..1000 {
        let normal = normal(rng);
        if libm::fabs(normal) <= 2.0 {
            return normal;
        }
    }
    2.0
}

/// A matrix with orthonormal rows, or columns if there are more rows than columns: normal numbers, orthogonalised row
/// by row (Gram-Schmidt).
fn orthogonal(shape: &[usize], rng: &mut dyn Rng) -> Vec<f32> {
    let (rows, columns) = (shape[0], shape[1]);
    let (vectors, size) = (rows.min(columns), rows.max(columns));
    let mut all: Vec<Vec<f64>> = Vec::with_capacity(vectors);
    while all.len() < vectors {
        let mut vector: Vec<f64> = (0..size).map(|_| truncated_normal(rng)).collect();
        // Twice, since rounding leaves too much of the other rows the first time.
        for _ in 0..2 {
            for other in &all {
                let shared: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(a, b)| *a -= shared * b);
            }
        }
        let length = libm::sqrt(vector.iter().map(|a| a * a).sum());
        if length < 1e-9 {
            // A generator that repeats itself. Any independent direction works.
            vector = (0..size).map(|place| f64::from(u8::from(place == all.len()))).collect();
        } else {
            vector.iter_mut().for_each(|a| *a /= length);
        }
        all.push(vector);
    }
    let at = |row: usize, column: usize| if rows <= columns { all[row][column] } else { all[column][row] };
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
    (0..rows * columns).map(|place| at(place / columns, place % columns) as f32).collect()
}

/// A number from the standard normal distribution.
pub(crate) fn normal(rng: &mut (impl Rng + ?Sized)) -> f64 {
    // Box and Muller (1958): a radius and an angle make two independent normal numbers.
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - rng.random_range(0.0..1.0)));
    let angle = rng.random_range(0.0..core::f64::consts::TAU);
    radius * libm::cos(angle)
}
