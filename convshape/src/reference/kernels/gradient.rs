//! Every layer over a batch, forward and backward, in simple loops.
//!
//! Like the forward kernels, these define what a layer does: the fast kernels of `cpu::train` are tested against them
//! and share no code with them. The samples of a batch are concatenated. A backward kernel adds to the gradients it is
//! given, so a value that is read twice gets the sum of both. The order of every sum is fixed: equal inputs give equal
//! bits.

mod activation;
mod attention;
mod axes;
mod border;
mod conv;
mod custom;
mod dense;
mod join;
mod local;
mod norm;
mod pool;
mod product;
mod recurrent;
mod resize;
mod shuffle;

use alloc::vec;
use alloc::vec::Vec;
use core::ops::AddAssign;

use convshape_arith::fault::Fault;
use convshape_arith::lower::Split;
use convshape_arith::op::{AxisOrder, DepthOrder, Op, PaddingMode, Source, WeightFrom};
use convshape_arith::shape::Shape;

use super::attention::Heads;
use super::axes::Blocks;
use super::border::Border;
use super::conv::Geometry;
use super::dense::Dense;
use super::layout::{ChannelLayout, SpatialLayout, sizes};
use super::product::Product;
use super::{Number, apply, count};

/// A number in which gradients are computed.
pub trait Real: Number + PartialOrd + AddAssign {}

impl Real for f32 {}
impl Real for f64 {}

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
            self.backward_sample(&self.samples(inputs, sample), y, dy, dparams, &mut dx)?;
        }
        Ok(())
    }

    fn backward_sample(
        &self,
        inputs: &[&[T]],
        y: &[T],
        dy: &[T],
        dparams: &mut [Vec<T>],
        dx: &mut [&mut [T]],
    ) -> Result<(), Fault> {
        let BoundLayer { order, params, shapes, output, .. } = *self;
        let (shape, x) = (&shapes[0], inputs[0]);
        let (from, to) = (SpatialLayout::new(shape, order), SpatialLayout::new(output, order));
        let grids = [&from, &to];
        let channels = ChannelLayout::new(shape, order);
        match *self.op {
            Op::Conv(conv) => {
                let geometry = Geometry::new(&conv, shape, order)?;
                match (conv.weight, dparams, dx) {
                    (WeightFrom::Input, dparams, [dx, dweight, ..]) => {
                        geometry.backward(inputs[1], grids, [x, dy], [dweight, dx], dparams.first_mut());
                    }
                    (_, [dweight, dbias @ ..], [dx, ..]) => {
                        geometry.backward(params[0], grids, [x, dy], [dweight, dx], dbias.first_mut());
                    }
                    // A layer has an input, and a weight among its parameters or inputs.
                    (_, [], _) | (_, _, []) => {}
                }
            }
            Op::SeparableConv(_) => self.backward_split(x, dy, dparams, dx)?,
            Op::Linear { .. } | Op::Projection(_) => Dense::new(self.op).backward(params, x, dy, dparams, dx[0]),
            // Lowered to linear layers and attention, see `Graph::lowered`.
            Op::MultiHead(_) => {}
            Op::Flatten { .. }
            | Op::Unflatten { .. }
            | Op::Reshape { .. }
            | Op::ReshapeLike
            | Op::Dropout { .. }
            | Op::Identity => dx[0].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += *dy),
            Op::Pool(pool) => pool::sliding(&pool, &pool.windows(shape, order)?, grids, x, dy, dx[0]),
            // Its second input only determines positions and has no gradient.
            Op::MaxUnpool(pool) => {
                pool::unpool(&pool.windows(&shapes[1], order)?, grids, inputs[1], dy, dx[0]);
            }
            Op::AdaptivePool { kind, .. } => pool::adaptive(kind, grids, x, dy, dx[0]),
            Op::GlobalPool { kind, .. } => pool::global(kind, &channels, x, dy, dx[0]),
            // Only the sizes of a second input matter, so it has no gradient.
            Op::Upsample(upsample) => resize::upsample(&upsample, grids, dy, dx[0]),
            Op::PixelShuffle { factor } => shuffle::to_space(DepthOrder::Crd, count(factor), grids, dy, dx[0]),
            Op::PixelUnshuffle { factor } => shuffle::to_depth(count(factor), grids, dy, dx[0]),
            Op::DepthToSpace { factor, order } => shuffle::to_space(order, count(factor), grids, dy, dx[0]),
            Op::ChannelShuffle { groups } => shuffle::channels(count(groups), &channels, dy, dx[0]),
            Op::Pad { amount, mode, value } => {
                let low = super::border::low(amount, &from, &to);
                border::border(&Border { low, mode, value }, grids, dy, dx[0]);
            }
            Op::Crop { amount } => {
                let low = super::border::low(amount, &from, &to).map(|low| -low);
                border::border(&Border { low, mode: PaddingMode::Zeros, value: 0.0 }, grids, dy, dx[0]);
            }
            Op::Recurrent(layer) => {
                let operands = [Some(x), inputs.get(1).copied(), inputs.get(2).copied()];
                recurrent::run(&layer, sizes(shape)[0], params, operands, [y, dy], dparams, dx);
            }
            Op::RecurrentOutput { layer, output } => {
                let (first, _) = super::recurrent::part(&layer, output, shape);
                dx[0][first..].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += *dy);
            }
            Op::Custom { layer, .. } => custom::backward(&layer, [params, inputs], [y, dy], dparams, dx),
            Op::CustomOutput { layer, index, .. } => {
                let (first, _) = super::custom::part(&layer, index);
                dx[0][first..].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += *dy);
            }
            Op::Split { .. } => {
                let start = self.op.piece_start(shape, order).unwrap_or((0, 0));
                let piece = super::split::SplitPiece::new(shape, output, start);
                piece.each(dy.len(), |from, place| {
                    dx[0][from].iter_mut().zip(&dy[place..]).for_each(|(dx, dy)| *dx += *dy);
                });
            }
            Op::Slice { axis, start, .. } => axes::slice(count(start), Blocks::new(shape, axis, order), dy, dx[0]),
            Op::Concat { axis } | Op::Stack { axis } => {
                let blocks = Blocks::new(output, axis, order);
                let mut first = 0;
                for dx in dx {
                    axes::join(first, blocks, dy, dx);
                    first += dx.len() / blocks.count;
                }
            }
            Op::Glu { axis } => axes::glu(Blocks::new(shape, axis, order), x, dy, dx[0]),
            Op::Attention(layer) => {
                let added = inputs.get(3).map(|numbers| (shapes[3].rank(), *numbers));
                let heads = Heads::new(&layer, [shape, &shapes[1], &shapes[2]], [x, inputs[1]], added);
                attention::attend(&heads, inputs[2], [y, dy], dx);
            }
            Op::MatMul { transpose_a, transpose_b } => {
                let product = Product::new([shape, &shapes[1]], [transpose_a, transpose_b], output);
                product::first(&product, inputs[1], dy, dx[0]);
                product::second(&product, x, dy, dx[1]);
            }
            Op::Add => shapes.iter().zip(dx).for_each(|(shape, dx)| join::add(shape, order, output, dy, dx)),
            Op::Mul => {
                for (index, dx) in dx.iter_mut().enumerate() {
                    join::mul(index, shapes, inputs, order, output, dy, dx);
                }
            }
            Op::Sub | Op::Div | Op::Maximum | Op::Minimum => {
                for (index, dx) in dx.iter_mut().enumerate() {
                    join::folded(self.op, index, shapes, inputs, order, output, dy, dx);
                }
            }
            Op::Permute { .. } => axes::permute(self.op.permutation(shape, order)?, shape, output, dy, dx[0]),
            Op::Reduce { kind, .. } => {
                let groups = super::axes::ReductionGroups::new(shape, self.op.reduced_axes(shape, order)?);
                axes::reduce(kind, &groups, x, dy, dx[0]);
            }
            Op::Scale { by } => dx[0].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += T::of(by * dy.get())),
            Op::BatchNorm { eps, .. } => norm::batch_norm(params, eps, &channels, [x, dy], dparams, dx[0]),
            Op::GroupNorm { groups, eps, .. } => {
                norm::group_norm(count(groups), params, eps, &channels, [x, dy], dparams, dx[0]);
            }
            Op::InstanceNorm { eps, .. } => {
                norm::group_norm(channels.count, params, eps, &channels, [x, dy], dparams, dx[0]);
            }
            Op::LayerNorm { eps, .. } => norm::layer_norm(params, eps, [x, dy], dparams, dx[0]),
            Op::RmsNorm { eps, .. } => norm::rms_norm(params[0], eps, [x, dy], dparams, dx[0]),
            Op::LocalResponseNorm { .. } => {
                local::local_response(&super::local::Response::of(self.op), &channels, [x, dy], dx[0]);
            }
            Op::LpNorm { p, eps, .. } => {
                let groups = super::axes::ReductionGroups::new(shape, self.op.reduced_axes(shape, order)?);
                local::lp_norm(&super::local::Lp { p, eps }, &groups, [x, dy], dx[0]);
            }
            Op::Activation(function) => activation::map(function, x, y, dy, dx[0]),
            Op::Prelu { .. } => activation::prelu(params[0], &channels, x, dy, dparams, dx[0]),
            Op::Snake { .. } => activation::snake(params[0], &channels, x, dy, dparams, dx[0]),
            Op::Source { of: Source::Parameter { .. } | Source::Shared { .. }, .. } => {
                dparams[0].iter_mut().zip(dy).for_each(|(dparam, dy)| *dparam += *dy);
            }
            Op::Source { of: Source::Arange | Source::Constant(_), .. } => {}
            Op::Softmax { axis, log } => {
                norm::softmax(log, &super::axes::ReductionGroups::along(shape, axis, order), y, dy, dx[0]);
            }
        }
        Ok(())
    }

    /// A layer that is split in two, see [`Op::split`]: the second layer's gradient is propagated to the first.
    fn backward_split(&self, x: &[T], dy: &[T], dparams: &mut [Vec<T>], dx: &mut [&mut [T]]) -> Result<(), Fault> {
        let BoundLayer { order, params, shapes, output, .. } = *self;
        let Some(Split { first, middle, second }) = self.op.split(&shapes[0], order)? else { return Ok(()) };
        let (of_first, of_second) = params.split_at(first.params().len());
        let (dfirst, dsecond) = dparams.split_at_mut(first.params().len());
        let first = BoundLayer { op: &first, order, params: of_first, shapes, output: &middle };
        let second = BoundLayer { op: &second, order, params: of_second, shapes: &[middle], output };
        let (mut between, mut dbetween) =
            (vec![T::default(); elements(&middle)], vec![T::default(); elements(&middle)]);
        first.forward(&[x], &mut between)?;
        second.backward_sample(&[&between], &[], dy, dsecond, &mut [&mut dbetween])?;
        first.backward_sample(&[x], &between, &dbetween, dfirst, dx)
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

/// Adds sums that were computed in `f64`.
fn add<T: Real>(sums: &[f64], to: &mut [T]) {
    to.iter_mut().zip(sums).for_each(|(to, sum)| *to += T::of(*sum));
}

fn elements(shape: &Shape) -> usize {
    sizes(shape).iter().product()
}
