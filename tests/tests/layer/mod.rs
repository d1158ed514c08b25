//! One layer through the reference kernels, in f64 on `ndarray` arrays, and random numbers to run it on.

use convshape::kernels;
use convshape_arith::op::{AxisOrder::ChannelsFirst, Conv, Dialect, Direction, Op};
use convshape_arith::shape::Shape;
use ndarray::{ArrayD, IxDyn};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub(crate) type Array = ArrayD<f64>;

/// The layer's output for inputs and parameters with the right shapes; `None` if the layer rejects the inputs' shapes.
pub(crate) fn run(op: &Op, params: &[&Array], inputs: &[&Array]) -> Option<Array> {
    let shapes: Vec<Shape> = inputs.iter().map(|input| shape(input)).collect();
    let op = op.bind(&shapes, ChannelsFirst);
    let output = op.output(&shapes, ChannelsFirst).ok()?;
    let declared: Vec<Shape> = op.params().iter().map(|spec| spec.shape).collect();
    assert_eq!(params.iter().map(|param| shape(param)).collect::<Vec<_>>(), declared);
    let mut y = Array::zeros(&output.numbers().expect("plain numbers")[..output.rank()]);
    let params: Vec<&[f64]> = params.iter().map(|param| slice(param)).collect();
    let inputs: Vec<(&Shape, &[f64])> = shapes.iter().zip(inputs).map(|(shape, input)| (shape, slice(input))).collect();
    kernels::apply(&op, ChannelsFirst, &params, &inputs[..], &output, y.as_slice_mut().expect("contiguous"))
        .expect("the shapes fit");
    Some(y)
}

pub(crate) fn shape(array: &Array) -> Shape {
    Shape::of(&array.shape().iter().map(|&size| int(size)).collect::<Vec<_>>())
}

fn slice(array: &Array) -> &[f64] {
    array.as_slice().expect("contiguous")
}

pub(crate) fn int(size: usize) -> i64 {
    i64::try_from(size).expect("a small size")
}

pub(crate) fn size(rows: i64) -> usize {
    usize::try_from(rows).expect("a size")
}

/// A minimal convolution, to be changed.
pub(crate) fn conv(direction: Direction, rank: usize) -> Conv {
    Conv { outputs: 1, bias: false, ..Conv::new(Dialect::Torch, direction, rank) }
}

/// Random numbers that are the same in every run.
pub(crate) struct Random(StdRng);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(StdRng::seed_from_u64(seed))
    }

    /// A number in the range, including its end.
    pub(crate) fn pick(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    pub(crate) fn size(&mut self, low: i64, high: i64) -> usize {
        size(self.pick(low, high))
    }

    pub(crate) fn array(&mut self, sizes: &[usize]) -> Array {
        Array::from_shape_simple_fn(IxDyn(sizes), || self.0.random_range(-1.0..1.0))
    }
}

#[track_caller]
pub(crate) fn assert_close(found: &Array, expected: &Array, what: &dyn std::fmt::Debug) {
    assert_eq!(found.shape(), expected.shape(), "{what:?}");
    // An empty window has the maximum minus infinity, which equals only itself.
    let close = found.iter().zip(expected).all(|(a, b)| a == b || (a - b).abs() <= 1e-12 * b.abs().max(1.0));
    assert!(close, "{what:?}\nfound {found}\nexpected {expected}");
}
