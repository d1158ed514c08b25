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

use convshape_arith::fault::Fault;
use convshape_arith::op::{AxisOrder, Class, DepthOrder, Op, PaddingMode, Source};
use convshape_arith::shape::Shape;

pub(crate) use self::activation::activation;
use self::axes::Blocks;
use self::border::Border;
pub use self::border::source;
use self::conv::{Geometry, Weights};
use self::dense::Dense;
pub(crate) use self::direct::convolution;
use self::layout::{ChannelLayout, SpatialLayout};
pub use self::number::Number;
pub use self::pool::Span;
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
            let weights = Weights::of(&conv, params, inputs);
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
        Op::Pad { amount, mode, value } => {
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
        | Op::Identity
        | Op::Scale { .. }
        | Op::BatchNorm { .. }
        | Op::Prelu { .. }
        | Op::Snake { .. }
        | Op::Activation(_) => {
            y.copy_from_slice(x);
            in_place(op, order, params, output, y);
        }
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
        Op::Source { of: Source::Arange, .. } => {
            y.iter_mut().enumerate().for_each(|(index, y)| *y = T::of(index as f64));
        }
        Op::Source { of: Source::Constant(constant), .. } => {
            y.iter_mut().enumerate().for_each(|(index, y)| *y = T::of(constant.element(index)));
        }
        Op::Softmax { axis, log } => norm::softmax(log, &axes::ReductionGroups::along(shape, axis, order), x, y),
        Op::Attention(layer) => {
            let ((keys, k), (values, v)) = (inputs.get(1), inputs.get(2));
            let added = (inputs.count() > 3).then(|| inputs.get(3)).map(|(shape, numbers)| (shape.rank(), numbers));
            attention::attend(&attention::Heads::new(&layer, [shape, keys, values], [x, k], added), v, y);
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

/// Runs a layer that is elementwise or a view, see [`Op::class`], in place of its input.
pub(crate) fn in_place<T: Number>(op: &Op, order: AxisOrder, params: &[&[T]], shape: &Shape, y: &mut [T]) {
    match *op {
        Op::Scale { by } => activation::map(y, |y| y * by),
        Op::BatchNorm { eps, .. } => norm::batch_norm(params, eps, &ChannelLayout::new(shape, order), y),
        Op::Prelu { .. } => activation::prelu(params[0], &ChannelLayout::new(shape, order), y),
        Op::Snake { .. } => activation::snake(params[0], &ChannelLayout::new(shape, order), y),
        Op::Activation(function) => activation::map(y, |y| activation(function, y)),
        _ => debug_assert_eq!(op.class(), Class::View, "no other layer runs in place"),
    }
}

/// A count that was checked together with the shapes.
fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
