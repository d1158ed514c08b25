//! Every layer over a batch, forward and backward, in simple loops.
//!
//! Like the forward kernels, these define what a layer does: the fast kernels of `cpu::train` are tested against them
//! and share no code with them. The samples of a batch are concatenated. A backward kernel adds to the gradients it is
//! given, so a value that is read twice gets the sum of both. The order of every sum is fixed: equal inputs give equal
//! bits.

use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::fault::Fault;
use convshape_arith::lower::Split;
use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::shape::Shape;

use super::layout::{ChannelLayout, sizes};
use super::norm::gradient as norm;
use super::number::Real;
use super::{apply, backward};

/// A layer with the shapes and parameters it works on.
#[derive(Clone, Copy, Debug)]
pub struct BoundLayer<'a, T> {
    /// The layer, with its channel counts filled in ([`Op::bind`]).
    pub op: &'a Op,
    /// The position of the channel axis.
    pub order: AxisOrder,
    /// The parameters in the order of [`Op::params`].
    pub params: &'a [&'a [T]],
    /// The shapes of the inputs, without the batch axis.
    pub shapes: &'a [Shape],
    /// The shape of the output, without the batch axis.
    pub output: &'a Shape,
}

impl<T: Real> BoundLayer<'_, T> {
    /// Runs the layer in inference mode. Each of `inputs` and `y` holds a batch.
    ///
    /// # Errors
    /// Why the layer rejects the input's shape.
    pub fn forward(&self, inputs: &[&[T]], y: &mut [T]) -> Result<(), Fault> {
        for (sample, y) in y.chunks_exact_mut(elements(self.output)).enumerate() {
            let inputs = self.samples(inputs, sample);
            let inputs: Vec<(&Shape, &[T])> = self.shapes.iter().zip(inputs).collect();
            apply(self.op, self.order, self.params, &inputs[..], self.output, y)?;
        }
        Ok(())
    }

    /// Adds the gradients of the parameters and of the inputs in inference mode. `inputs` and `y` are those of
    /// [`BoundLayer::forward`], `dy` is the gradient of `y`. An empty gradient of an input counts as zeros.
    ///
    /// # Errors
    /// Why the layer rejects the input's shape.
    pub fn backward(
        &self,
        inputs: &[&[T]],
        y: &[T],
        dy: &[T],
        dparams: &mut [Vec<T>],
        dx: &mut [Vec<T>],
    ) -> Result<(), Fault> {
        for (dx, x) in dx.iter_mut().zip(inputs) {
            dx.resize(x.len(), T::default());
        }
        let size = elements(self.output);
        for (sample, (y, dy)) in y.chunks_exact(size).zip(dy.chunks_exact(size)).enumerate() {
            let mut dx: Vec<&mut [T]> =
                dx.iter_mut().zip(self.shapes).map(|(dx, shape)| sample_mut(dx, shape, sample)).collect();
            backward(self, &self.samples(inputs, sample), y, dy, dparams, &mut dx)?;
        }
        Ok(())
    }

    /// A layer that is split in two, see [`Op::split`]: the second layer's gradient is propagated to the first.
    pub(super) fn backward_split(
        &self,
        x: &[T],
        dy: &[T],
        dparams: &mut [Vec<T>],
        dx: &mut [&mut [T]],
    ) -> Result<(), Fault> {
        let BoundLayer { order, params, shapes, output, .. } = *self;
        let Some(Split { first, middle, second }) = self.op.split(&shapes[0], order)? else { return Ok(()) };
        let (of_first, of_second) = params.split_at(first.params().len());
        let (dfirst, dsecond) = dparams.split_at_mut(first.params().len());
        let first = BoundLayer { op: &first, order, params: of_first, shapes, output: &middle };
        let second = BoundLayer { op: &second, order, params: of_second, shapes: &[middle], output };
        let (mut between, mut dbetween) =
            (vec![T::default(); elements(&middle)], vec![T::default(); elements(&middle)]);
        first.forward(&[x], &mut between)?;
        backward(&second, &[&between], &[], dy, dsecond, &mut [&mut dbetween])?;
        backward(&first, &[x], &between, &dbetween, dfirst, dx)
    }

    /// Runs a `BatchNorm` in training mode, with the statistics of the batch. Returns the mean of each channel and its
    /// unbiased variance.
    pub fn batch_norm(&self, eps: f64, x: &[T], y: &mut [T]) -> Vec<[f64; 2]> {
        norm::batch_norm_train(self.params, eps, &ChannelLayout::new(&self.shapes[0], self.order), x, y)
    }

    /// Adds the gradients of [`BoundLayer::batch_norm`].
    pub fn batch_norm_backward(&self, eps: f64, x: &[T], dy: &[T], dparams: &mut [Vec<T>], dx: &mut [T]) {
        let channels = ChannelLayout::new(&self.shapes[0], self.order);
        norm::batch_norm_train_backward(self.params, eps, &channels, [x, dy], dparams, dx);
    }

    /// One sample of each input.
    fn samples<'a>(&self, inputs: &[&'a [T]], sample: usize) -> Vec<&'a [T]> {
        let shapes = self.shapes.iter().map(elements);
        inputs.iter().zip(shapes).map(|(x, size)| &x[sample * size..(sample + 1) * size]).collect()
    }
}

fn sample_mut<'a, T>(batch: &'a mut [T], shape: &Shape, sample: usize) -> &'a mut [T] {
    let size = elements(shape);
    &mut batch[sample * size..(sample + 1) * size]
}

fn elements(shape: &Shape) -> usize {
    sizes(shape).iter().product()
}
