//! The parameters of layers whose sizes are types.

use alloc::string::ToString;
use alloc::vec::Vec;

#[cfg(feature = "std")]
use convshape_arith::graph::{Graph, GraphError};
#[cfg(feature = "std")]
use convshape_arith::op::AxisOrder;
use convshape_arith::op::Op;
#[cfg(not(feature = "std"))]
use convshape_arith::param::MAX_PARAMS;
use convshape_arith::shape::Shape;
use rand::Rng;

use super::dims::Dims;
#[cfg(not(feature = "std"))]
use super::layer::apply;
use super::storage::Holds;
use super::tensor::Tensor;
#[cfg(feature = "std")]
use crate::cpu::Engines;
use crate::methods::init::draw;
#[cfg(feature = "std")]
use crate::model::cache::Cache;
use crate::model::error::ShapeError;
use crate::model::param::Param;
use crate::model::parts::{ParamName, Spec};

/// The parameters of a layer, in the order of [`Op::params`].
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Learnt {
    params: Vec<Param>,
    /// The layer's engine, for the fast kernels.
    #[cfg(feature = "std")]
    cache: Cache,
}

impl Learnt {
    /// Initialises them as PyTorch does.
    pub(super) fn init(op: Op, rng: &mut impl Rng) -> Learnt {
        Learnt::of(specs(op).map(|spec| draw(&spec, rng)).collect())
    }

    /// Copies the given ones.
    pub(super) fn copy(op: Op, layer: &'static str, given: &[&[f32]]) -> Result<Learnt, ShapeError> {
        let mut given = given.iter();
        let params = specs(op).map(|spec| {
            let elements = given.next().copied().unwrap_or_default();
            if spec.count() == elements.len() {
                Ok(Param::new(spec.shape, elements.to_vec()))
            } else {
                let found = [elements.len()].into();
                Err(ShapeError::Param {
                    chain: layer,
                    name: spec.name.to_string(),
                    found,
                    expected: spec.shape.to_vec(),
                })
            }
        });
        params.collect::<Result<_, _>>().map(Learnt::of)
    }

    fn of(params: Vec<Param>) -> Learnt {
        Learnt {
            params,
            #[cfg(feature = "std")]
            cache: Cache::default(),
        }
    }

    /// Runs the layer over one sample.
    pub(super) fn run(&self, op: &Op, (input, x): (&Shape, &[f32]), output: &Shape, y: &mut [f32]) {
        #[cfg(feature = "std")]
        {
            let _ = output;
            let engine = self.cache.get::<Engines>().engine_of(
                NAME,
                &|inputs| alone(*op, inputs[0]).map_err(|error| ShapeError::of_graph(NAME, error)),
                &|f| self.params.iter().for_each(f),
                core::iter::once(*input),
            );
            engine.unwrap_or_else(|error| panic!("{error}")).run(1, &[x], &mut [y]);
        }
        #[cfg(not(feature = "std"))]
        {
            let mut slices: [&[f32]; MAX_PARAMS] = [&[]; MAX_PARAMS];
            slices.iter_mut().zip(&self.params).for_each(|(slice, param)| *slice = param.as_slice());
            apply(op, &slices[..self.params.len()], (input, x), output, y);
        }
    }

    pub(super) fn params(&self) -> &[Param] {
        &self.params
    }

    pub(super) fn slices_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.params.iter_mut().map(Param::as_mut_slice)
    }
}

/// A layer with parameters, in the form that the kernels take.
pub(super) trait Operation {
    /// The operation.
    const OP: Op;
}

/// Runs a layer with parameters. Its types have checked the shapes.
pub(super) fn run_learnt<L: Operation, S: Dims, B, To: Dims>(
    learnt: &Learnt,
    x: &Tensor<f32, S, B>,
) -> Tensor<f32, To, B>
where
    B: Holds<S::Elements> + Holds<To::Elements>,
{
    let mut y = Tensor::zeros();
    learnt.run(&L::OP, (&S::SHAPE, x.as_slice()), &To::SHAPE, y.as_mut_slice());
    y
}

/// The name of a graph with one layer.
#[cfg(feature = "std")]
const NAME: &str = "typed";

/// A graph that has this layer only.
#[cfg(feature = "std")]
fn alone(op: Op, input: Shape) -> Result<Graph, GraphError> {
    let mut graph = Graph::new(NAME, AxisOrder::ChannelsFirst);
    let x = graph.input("input", input);
    let y = graph.push("layer", op, &[x])?;
    graph.output("output", y)?;
    Ok(graph)
}

fn specs(op: Op) -> impl Iterator<Item = Spec> {
    let params = op.params();
    (0..params.len())
        .filter_map(move |index| params.get(index))
        .map(move |spec| Spec::new(ParamName::alone(spec.field), op, &spec))
}

/// Declares a layer with parameters: the struct, and the methods of all such layers.
macro_rules! layer_with_params {
    ($(#[$doc:meta])* $name:ident<$($arg:ident $(= $default:ty)?),* $(; const $flag:ident = $value:literal)?>
        where $($bound:ident: $need:path),* => $op:expr) => {
        $(#[$doc])*
        pub struct $name<$($arg $(= $default)?),* $(, const $flag: bool = $value)?> {
            learnt: Learnt,
            sizes: PhantomData<fn() -> ($($arg,)*)>,
        }

        impl<$($arg),* $(, const $flag: bool)?> Operation for $name<$($arg),* $(, $flag)?>
        where
            $($bound: $need),*
        {
            const OP: Op = $op;
        }

        impl<$($arg),* $(, const $flag: bool)?> $name<$($arg),* $(, $flag)?>
        where
            $($bound: $need),*
        {
            /// A layer with random parameters, initialised as in PyTorch.
            #[must_use]
            pub fn init(rng: &mut impl Rng) -> Self {
                Self { learnt: Learnt::init(Self::OP, rng), sizes: PhantomData }
            }

            /// A layer with copies of given parameters, in the order of [`params`](Self::params) and
            /// PyTorch's layout.
            ///
            /// # Errors
            /// If one has the wrong number of elements; the error names it.
            pub fn from_params(params: &[&[f32]]) -> Result<Self, ShapeError> {
                let learnt = Learnt::copy(Self::OP, stringify!($name), params)?;
                Ok(Self { learnt, sizes: PhantomData })
            }
        }

        impl<$($arg),* $(, const $flag: bool)?> $name<$($arg),* $(, $flag)?> {
            /// Its parameters: weight, bias, running mean, running variance, as far as it has them.
            pub fn params(&self) -> &[Param] {
                self.learnt.params()
            }

            /// The elements of its parameters, mutable.
            pub fn params_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
                self.learnt.slices_mut()
            }

            /// Runs the layer.
            pub fn forward<X>(&self, x: &X) -> Out<Self, X>
            where
                Self: Layer<X>,
            {
                self.run(x)
            }
        }

        impl<$($arg),* $(, const $flag: bool)?> Clone for $name<$($arg),* $(, $flag)?> {
            fn clone(&self) -> Self {
                Self { learnt: self.learnt.clone(), sizes: PhantomData }
            }
        }

        impl<$($arg),* $(, const $flag: bool)?> fmt::Debug for $name<$($arg),* $(, $flag)?> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.learnt.params()).finish()
            }
        }
    };
}

pub(super) use layer_with_params;
