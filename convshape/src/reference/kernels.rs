//! The reference kernels: the definition of every layer, in simple loops over one sample.
//!
//! Faster kernels are tested against them. Sums are taken in `f64` and rounded once. No kernel allocates.

mod activation;
mod attention;
mod axes;
mod border;
mod conv;
mod custom;
mod dense;
mod direct;
#[cfg(feature = "train")]
pub mod gradient;
mod join;
mod layout;
mod local;
mod norm;
mod number;
mod pool;
mod product;
mod recurrent;
mod resize;
mod shuffle;
mod split;
#[cfg(test)]
mod tests;

#[cfg(feature = "train")]
use alloc::vec::Vec;

use convshape_arith::fault::Fault;
#[cfg(feature = "train")]
use convshape_arith::op::WeightFrom;
use convshape_arith::op::{AxisOrder, DepthOrder, Op, PaddingMode, Source};
use convshape_arith::shape::Shape;

pub(crate) use self::activation::activation;
#[cfg(feature = "train")]
pub(crate) use self::activation::gradient::derivative;
use self::axes::Blocks;
use self::border::Border;
pub use self::border::source;
use self::conv::{ConvParams, Geometry};
use self::dense::Dense;
pub(crate) use self::direct::convolution;
#[cfg(feature = "train")]
use self::gradient::BoundLayer;
use self::layout::{ChannelLayout, SpatialLayout};
pub use self::number::Number;
#[cfg(feature = "train")]
pub use self::number::Real;
pub use self::pool::Span;
#[cfg(feature = "train")]
pub(crate) use self::product::FactorGradient;
pub(crate) use self::product::Product;
pub use self::resize::{Taps, taps};

/// The operands of a layer: one or more values with their shapes.
pub trait Operands<T> {
    /// The number of operands.
    fn count(&self) -> usize;

    /// One operand.
    fn get(&self, index: usize) -> (&Shape, &[T]);
}

impl<T> Operands<T> for [(&Shape, &[T])] {
    fn count(&self) -> usize {
        self.len()
    }

    fn get(&self, index: usize) -> (&Shape, &[T]) {
        self[index]
    }
}

impl<T, const N: usize> Operands<T> for [(&Shape, &[T]); N] {
    fn count(&self) -> usize {
        N
    }

    fn get(&self, index: usize) -> (&Shape, &[T]) {
        self[index]
    }
}

impl<T, O: Operands<T> + ?Sized> Operands<T> for &O {
    fn count(&self) -> usize {
        (**self).count()
    }

    fn get(&self, index: usize) -> (&Shape, &[T]) {
        (**self).get(index)
    }
}

/// Runs one layer over one sample.
///
/// `params` are in the order of [`Op::params`], `inputs` are the layer's operands, and `output` is the shape that
/// [`Op::output`] gives for them. `y` has the elements of the output; for an [`Op::MultiHead`] they are followed by
/// scratch space for its parts. All are contiguous and row-major.
///
/// # Errors
/// Why the layer rejects the input's shape.
///
/// # Panics
/// If the length of a slice does not match its shape, or a shape has a symbol.
pub fn apply<T: Number>(
    op: &Op,
    order: AxisOrder,
    params: &[&[T]],
    inputs: &(impl Operands<T> + ?Sized),
    output: &Shape,
    y: &mut [T],
) -> Result<(), Fault> {
    let (shape, x) = inputs.get(0);
    let (from, to) = (SpatialLayout::new(shape, order), SpatialLayout::new(output, order));
    let channels = ChannelLayout::new(shape, order);
    match op.bind(core::slice::from_ref(shape), order) {
        Op::Conv(conv) => {
            let weights = ConvParams::of(&conv, params, inputs);
            Geometry::new(&conv, shape, order)?.run(&weights, &from, x, &to, y);
        }
        Op::SeparableConv(conv) => conv::separable(&conv, params, shape, order, x, &to, y)?,
        Op::Pool(pool) => pool::sliding(&pool, &pool.windows(shape, order)?, &from, x, &to, y),
        Op::MaxUnpool(pool) => {
            let (taken, pooled) = inputs.get(1);
            pool::unpool(&pool.windows(taken, order)?, [&from, &to], x, pooled, y);
        }
        Op::AdaptivePool { kind, .. } => pool::adaptive(kind, &from, x, &to, y),
        Op::GlobalPool { kind, .. } => pool::global(kind, &channels, x, y),
        Op::Upsample(upsample) => resize::upsample(&upsample, &from, x, &to, y),
        Op::PixelShuffle { factor } => shuffle::to_space(DepthOrder::Crd, count(factor), &from, x, &to, y),
        Op::PixelUnshuffle { factor } => shuffle::to_depth(count(factor), &from, x, &to, y),
        Op::DepthToSpace { factor, order } => shuffle::to_space(order, count(factor), &from, x, &to, y),
        Op::ChannelShuffle { groups } => shuffle::channels(count(groups), &channels, x, y),
        Op::Pad { amount, mode, value, axis } => {
            let [from, to] = [shape, output].map(|shape| SpatialLayout::bordered(shape, axis, order));
            Border { low: border::low(amount, &from, &to), mode, value }.run(&from, x, &to, y)
        }
        Op::Crop { amount } => {
            let low = border::low(amount, &from, &to).map(|low| -low);
            Border { low, mode: PaddingMode::Zeros, value: 0.0 }.run(&from, x, &to, y);
        }
        Op::Recurrent(layer) => {
            let operand = |index: usize| (index < inputs.count()).then(|| inputs.get(index).1);
            let length = layout::sizes(shape)[0];
            recurrent::run(&layer, length, params, [Some(x), operand(1), operand(2)], None, y);
        }
        Op::RecurrentOutput { layer, output } => {
            let (first, elements) = recurrent::part(&layer, output, shape);
            y.copy_from_slice(&x[first..first + elements]);
        }
        Op::Custom { layer, .. } => custom::forward(&layer, params, inputs, y),
        Op::CustomOutput { layer, index, .. } => {
            let (first, elements) = custom::part(&layer, index);
            y.copy_from_slice(&x[first..first + elements]);
        }
        Op::Split { .. } => {
            let start = op.piece_start(shape, order).unwrap_or((0, 0));
            let piece = split::SplitPiece::new(shape, output, start);
            piece.each(y.len(), |from, place| y[place..place + from.len()].copy_from_slice(&x[from]));
        }
        Op::Slice { axis, start, .. } => axes::slice(count(start), Blocks::new(shape, axis, order), x, y),
        op @ (Op::Linear { .. } | Op::Projection(_)) => Dense::new(&op).run(params, x, y),
        Op::Flatten { .. }
        | Op::Unflatten { .. }
        | Op::ReshapeLike
        | Op::Reshape { .. }
        | Op::Dropout { .. }
        | Op::Identity => {
            copied(x, y);
        }
        Op::Scale { by } => activation::map(copied(x, y), |y| y * by),
        Op::BatchNorm { eps, .. } => norm::batch_norm(params, eps, &channels, copied(x, y)),
        Op::Prelu { .. } => activation::prelu(params[0], &channels, copied(x, y)),
        Op::Snake { .. } => activation::snake(params[0], &channels, copied(x, y)),
        Op::Activation(function) => activation::map(copied(x, y), |y| activation(function, y)),
        Op::Concat { axis } | Op::Stack { axis } => axes::join(inputs, Blocks::new(output, axis, order), y),
        Op::Glu { axis } => axes::glu(Blocks::new(shape, axis, order), x, y),
        Op::Add => join::broadcast(|a, b| a + b, inputs, order, output, y),
        Op::Mul => join::broadcast(|a, b| a * b, inputs, order, output, y),
        Op::Sub => join::broadcast(|a, b| a - b, inputs, order, output, y),
        Op::Div => join::broadcast(|a, b| a / b, inputs, order, output, y),
        Op::Maximum => join::broadcast(|a, b| if b > a || b.is_nan() { b } else { a }, inputs, order, output, y),
        Op::Minimum => join::broadcast(|a, b| if b < a || b.is_nan() { b } else { a }, inputs, order, output, y),
        Op::Permute { .. } => axes::permute(op.permutation(shape, order)?, shape, x, output, y),
        Op::Reduce { kind, .. } => {
            axes::reduce(kind, &axes::ReductionGroups::new(shape, op.reduced_axes(shape, order)?), x, y)
        }
        Op::GroupNorm { groups, eps, .. } => norm::group_norm(count(groups), params, eps, &channels, x, y),
        Op::InstanceNorm { eps, .. } => norm::group_norm(channels.count, params, eps, &channels, x, y),
        Op::LayerNorm { eps, .. } => norm::layer_norm(params, eps, x, y),
        Op::RmsNorm { eps, .. } => norm::rms_norm(params[0], eps, x, y),
        Op::LocalResponseNorm { .. } => local::local_response(&local::Response::of(op), &channels, x, y),
        Op::LpNorm { p, eps, .. } => {
            let groups = axes::ReductionGroups::new(shape, op.reduced_axes(shape, order)?);
            local::lp_norm(&local::Lp { p, eps }, &groups, x, y);
        }
        Op::Source { of: Source::Parameter { .. } | Source::Shared { .. }, .. } => y.copy_from_slice(params[0]),
        Op::Source { of: of @ (Source::Arange | Source::Constant(_) | Source::OneHot(_)), shape } => {
            y.iter_mut().enumerate().for_each(|(index, y)| *y = T::of(of.element(index, &shape)));
        }
        Op::Softmax { axis, log } => norm::softmax(log, &axes::ReductionGroups::along(shape, axis, order), x, y),
        Op::Attention(layer) => {
            let ((keys, k), (values, v)) = (inputs.get(1), inputs.get(2));
            let added = (inputs.count() > 3).then(|| inputs.get(3));
            attention::AttentionWindows::new(&layer, [shape, keys, values], [x, k, v], added).attend(y);
        }
        Op::MultiHead(layer) => {
            let operand = |index: usize| if index < inputs.count() { inputs.get(index) } else { inputs.get(0) };
            attention::multi_head(&layer, params, [(shape, x), operand(1), operand(2)], output, y);
        }
        Op::MatMul { transpose_a, transpose_b } => {
            let (other, b) = inputs.get(1);
            let product = Product::new([shape, other], [transpose_a, transpose_b], output);
            product::multiply(&product, x, b, y);
        }
    }
    Ok(())
}

/// The output of a layer that is elementwise or a view, see [`Op::class`], with the elements of its input. An input
/// without elements is in the same memory.
fn copied<'a, T: Copy>(x: &[T], y: &'a mut [T]) -> &'a mut [T] {
    if !x.is_empty() {
        y.copy_from_slice(x);
    }
    y
}

/// Adds the gradients of one layer over one sample. `y` is the output that [`apply`] gave, `dy` its gradient.
#[cfg(feature = "train")]
fn backward<T: Real>(
    layer: &BoundLayer<'_, T>,
    inputs: &[&[T]],
    y: &[T],
    dy: &[T],
    dparams: &mut [Vec<T>],
    dx: &mut [&mut [T]],
) -> Result<(), Fault> {
    let BoundLayer { order, params, shapes, output, .. } = *layer;
    let (shape, x) = (&shapes[0], inputs[0]);
    let (from, to) = (SpatialLayout::new(shape, order), SpatialLayout::new(output, order));
    let grids = [&from, &to];
    let channels = ChannelLayout::new(shape, order);
    match *layer.op {
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
        Op::SeparableConv(_) => layer.backward_split(x, dy, dparams, dx)?,
        Op::Linear { .. } | Op::Projection(_) => Dense::new(layer.op).backward(params, x, dy, dparams, dx[0]),
        Op::MultiHead(_) => unreachable!("a lowered graph has linear layers and attention in its place"),
        Op::Flatten { .. }
        | Op::Unflatten { .. }
        | Op::Reshape { .. }
        | Op::ReshapeLike
        | Op::Dropout { .. }
        | Op::Identity => dx[0].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += *dy),
        Op::Pool(pool) => pool::gradient::sliding(&pool, &pool.windows(shape, order)?, grids, x, dy, dx[0]),
        // Its second input only determines positions and has no gradient.
        Op::MaxUnpool(pool) => {
            pool::gradient::unpool(&pool.windows(&shapes[1], order)?, grids, inputs[1], dy, dx[0]);
        }
        Op::AdaptivePool { kind, .. } => pool::gradient::adaptive(kind, grids, x, dy, dx[0]),
        Op::GlobalPool { kind, .. } => pool::gradient::global(kind, &channels, x, dy, dx[0]),
        // Only the sizes of a second input matter, so it has no gradient.
        Op::Upsample(upsample) => resize::gradient::upsample(&upsample, grids, dy, dx[0]),
        Op::PixelShuffle { factor } => shuffle::gradient::to_space(DepthOrder::Crd, count(factor), grids, dy, dx[0]),
        Op::PixelUnshuffle { factor } => shuffle::gradient::to_depth(count(factor), grids, dy, dx[0]),
        Op::DepthToSpace { factor, order } => shuffle::gradient::to_space(order, count(factor), grids, dy, dx[0]),
        Op::ChannelShuffle { groups } => shuffle::gradient::channels(count(groups), &channels, dy, dx[0]),
        Op::Pad { amount, mode, value, axis } => {
            let [from, to] = [shape, layer.output].map(|shape| SpatialLayout::bordered(shape, axis, order));
            let low = border::low(amount, &from, &to);
            border::gradient::border(&Border { low, mode, value }, [&from, &to], dy, dx[0]);
        }
        Op::Crop { amount } => {
            let low = border::low(amount, &from, &to).map(|low| -low);
            border::gradient::border(&Border { low, mode: PaddingMode::Zeros, value: 0.0 }, grids, dy, dx[0]);
        }
        Op::Recurrent(layer) => {
            let operands = [Some(x), inputs.get(1).copied(), inputs.get(2).copied()];
            recurrent::gradient::run(&layer, layout::sizes(shape)[0], params, operands, [y, dy], dparams, dx);
        }
        Op::RecurrentOutput { layer, output } => {
            let (first, _) = recurrent::part(&layer, output, shape);
            dx[0][first..].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += *dy);
        }
        Op::Custom { layer, .. } => custom::gradient::backward(&layer, [params, inputs], [y, dy], dparams, dx),
        Op::CustomOutput { layer, index, .. } => {
            let (first, _) = custom::part(&layer, index);
            dx[0][first..].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += *dy);
        }
        Op::Split { .. } => {
            let start = layer.op.piece_start(shape, order).unwrap_or((0, 0));
            let piece = split::SplitPiece::new(shape, output, start);
            piece.each(dy.len(), |from, place| {
                dx[0][from].iter_mut().zip(&dy[place..]).for_each(|(dx, dy)| *dx += *dy);
            });
        }
        Op::Slice { axis, start, .. } => {
            axes::gradient::slice(count(start), Blocks::new(shape, axis, order), dy, dx[0])
        }
        Op::Concat { axis } | Op::Stack { axis } => {
            let blocks = Blocks::new(output, axis, order);
            let mut first = 0;
            for dx in dx {
                axes::gradient::join(first, blocks, dy, dx);
                first += dx.len() / blocks.count;
            }
        }
        Op::Glu { axis } => axes::gradient::glu(Blocks::new(shape, axis, order), x, dy, dx[0]),
        Op::Attention(layer) => {
            let added = inputs.get(3).map(|numbers| (&shapes[3], *numbers));
            let operands = [x, inputs[1], inputs[2]];
            let windows = attention::AttentionWindows::new(&layer, [shape, &shapes[1], &shapes[2]], operands, added);
            attention::gradient::attend(&windows, [y, dy], dx);
        }
        Op::MatMul { transpose_a, transpose_b } => {
            let product = Product::new([shape, &shapes[1]], [transpose_a, transpose_b], output);
            product::gradient::first(&product, inputs[1], dy, dx[0]);
            product::gradient::second(&product, x, dy, dx[1]);
        }
        Op::Add => shapes.iter().zip(dx).for_each(|(shape, dx)| join::gradient::add(shape, order, output, dy, dx)),
        Op::Mul => {
            for (index, dx) in dx.iter_mut().enumerate() {
                join::gradient::mul(index, shapes, inputs, order, output, dy, dx);
            }
        }
        Op::Sub => join::gradient::folded(|a, b| (a - b, [1.0, -1.0]), shapes, inputs, order, output, dy, dx),
        Op::Div => {
            join::gradient::folded(|a, b| (a / b, [1.0 / b, -a / (b * b)]), shapes, inputs, order, output, dy, dx)
        }
        Op::Maximum => {
            let larger = |a, b| join::gradient::extreme([a, b], a > b, b > a);
            join::gradient::folded(larger, shapes, inputs, order, output, dy, dx);
        }
        Op::Minimum => {
            let smaller = |a, b| join::gradient::extreme([a, b], a < b, b < a);
            join::gradient::folded(smaller, shapes, inputs, order, output, dy, dx);
        }
        Op::Permute { .. } => axes::gradient::permute(layer.op.permutation(shape, order)?, shape, output, dy, dx[0]),
        Op::Reduce { kind, .. } => {
            let groups = axes::ReductionGroups::new(shape, layer.op.reduced_axes(shape, order)?);
            axes::gradient::reduce(kind, &groups, x, dy, dx[0]);
        }
        Op::Scale { by } => dx[0].iter_mut().zip(dy).for_each(|(dx, dy)| *dx += T::of(by * dy.get())),
        Op::BatchNorm { eps, .. } => norm::gradient::batch_norm(params, eps, &channels, [x, dy], dparams, dx[0]),
        Op::GroupNorm { groups, eps, .. } => {
            norm::gradient::group_norm(count(groups), params, eps, &channels, [x, dy], dparams, dx[0]);
        }
        Op::InstanceNorm { eps, .. } => {
            norm::gradient::group_norm(channels.count, params, eps, &channels, [x, dy], dparams, dx[0]);
        }
        Op::LayerNorm { eps, .. } => norm::gradient::layer_norm(params, eps, [x, dy], dparams, dx[0]),
        Op::RmsNorm { eps, .. } => norm::gradient::rms_norm(params[0], eps, [x, dy], dparams, dx[0]),
        Op::LocalResponseNorm { .. } => {
            local::gradient::local_response(&local::Response::of(layer.op), &channels, [x, dy], dx[0]);
        }
        Op::LpNorm { p, eps, .. } => {
            let groups = axes::ReductionGroups::new(shape, layer.op.reduced_axes(shape, order)?);
            local::gradient::lp_norm(&local::Lp { p, eps }, &groups, [x, dy], dx[0]);
        }
        Op::Activation(function) => activation::gradient::map(function, x, y, dy, dx[0]),
        Op::Prelu { .. } => activation::gradient::prelu(params[0], &channels, x, dy, dparams, dx[0]),
        Op::Snake { .. } => activation::gradient::snake(params[0], &channels, x, dy, dparams, dx[0]),
        Op::Source { of: Source::Parameter { .. } | Source::Shared { .. }, .. } => {
            dparams[0].iter_mut().zip(dy).for_each(|(dparam, dy)| *dparam += *dy);
        }
        Op::Source { of: Source::Arange | Source::Constant(_) | Source::OneHot(_), .. } => {}
        Op::Softmax { axis, log } => {
            norm::gradient::softmax(log, &axes::ReductionGroups::along(shape, axis, order), y, dy, dx[0]);
        }
    }
    Ok(())
}

/// A count that was checked together with the shapes.
fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
