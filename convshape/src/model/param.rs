//! The parameters of layers, and groups of them.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

#[cfg(feature = "ndarray")]
use ndarray::{ArrayViewD, ArrayViewMutD, IxDyn};

use convshape_arith::op::CustomType;
use convshape_arith::shape::{MAX_RANK, Shape};

use crate::model::cache::Cache;
use crate::model::elements::Elements;

/// The sizes of a parameter's axes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct AxisSizes {
    sizes: [usize; MAX_RANK],
    rank: usize,
}

impl AxisSizes {
    /// The sizes of a shape without symbols.
    pub(crate) fn of(shape: &Shape) -> AxisSizes {
        let sizes = shape.numbers().expect("the macro refuses a parameter whose sizes are not numbers");
        AxisSizes { sizes, rank: shape.rank() }
    }
}

impl Deref for AxisSizes {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }
}

impl fmt::Debug for AxisSizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// One parameter of a layer: a weight, a bias or a running statistic.
///
/// Its shape is fixed when it is created, in the layout of the chain's dialect. Its elements are in row-major order, on
/// the heap or in borrowed `&'static` data.
#[derive(Clone)]
pub struct Param {
    data: Elements<f32>,
    shape: AxisSizes,
    /// Identifies the elements: parameters with the same stamp have the same elements.
    #[cfg(feature = "std")]
    stamp: u64,
}

impl Param {
    /// A parameter that owns its elements, one for each index of `shape`.
    #[cfg(feature = "alloc")]
    pub(crate) fn new(shape: AxisSizes, data: Vec<f32>) -> Param {
        Param::of(shape, data.into())
    }

    /// A parameter that may borrow its elements, one for each index of `shape`.
    pub(crate) fn of(shape: AxisSizes, data: Elements<f32>) -> Param {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Param {
            data,
            shape,
            #[cfg(feature = "std")]
            stamp: fresh_stamp(),
        }
    }

    /// Changes whenever the elements may have changed. Weights packed for a stamp are valid as long as it stays the
    /// same.
    #[cfg(feature = "std")]
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp
    }

    /// The elements in row-major order.
    pub fn as_slice(&self) -> &[f32] {
        &self.data
    }

    /// The elements in row-major order, mutable. Borrowed data is copied first.
    #[cfg(feature = "alloc")]
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        #[cfg(feature = "std")]
        {
            self.stamp = fresh_stamp();
        }
        self.data.to_mut()
    }

    /// The sizes of its axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements as an array.
    #[cfg(feature = "ndarray")]
    pub fn view(&self) -> ArrayViewD<'_, f32> {
        ArrayViewD::from_shape(IxDyn(&self.shape), &self.data).expect(HOLDS)
    }

    /// The elements as a mutable array. Borrowed data is copied first.
    #[cfg(feature = "ndarray")]
    pub fn view_mut(&mut self) -> ArrayViewMutD<'_, f32> {
        let shape = IxDyn(&self.shape);
        ArrayViewMutD::from_shape(shape, self.as_mut_slice()).expect(HOLDS)
    }
}

#[cfg(feature = "ndarray")]
const HOLDS: &str = "a parameter has one element for each index of its shape";

/// A number that no parameter has had before.
#[cfg(feature = "std")]
fn fresh_stamp() -> u64 {
    use core::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl PartialEq for Param {
    fn eq(&self, other: &Param) -> bool {
        self.shape == other.shape && self.data == other.data
    }
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Param {:?}", self.shape())
    }
}

/// What a model is built from: its parameters in order, and the choice of its optional parts.
pub struct Assembly<'a> {
    next: &'a mut dyn FnMut() -> Param,
    choices: &'a [usize],
    /// The user-defined layers in order.
    customs: &'a mut dyn FnMut() -> Option<&'static CustomType>,
}

impl<'a> Assembly<'a> {
    /// From parameters and user-defined layers, for a model without optional parts.
    pub(crate) fn new(
        next: &'a mut dyn FnMut() -> Param,
        customs: &'a mut dyn FnMut() -> Option<&'static CustomType>,
    ) -> Assembly<'a> {
        Assembly { next, choices: &[], customs }
    }

    /// These parameters with the choices of a model, in the order of its fields: 1 for an optional part that it has,
    /// 0 for one that it lacks, and the count if the passes of a repeat vary.
    pub fn with(&mut self, choices: &'static [usize]) -> Assembly<'_> {
        Assembly { next: &mut *self.next, choices, customs: &mut *self.customs }
    }

    /// The next user-defined layer; its parameters follow.
    #[cfg(feature = "alloc")]
    pub(crate) fn custom(&mut self) -> &'static CustomType {
        (self.customs)().expect("a model has one field for each user-defined layer of its program")
    }

    fn choose(&mut self) -> usize {
        let (choice, rest) = self.choices.split_first().expect("the macro writes a choice for each optional part");
        self.choices = rest;
        *choice
    }
}

/// Parameters in a fixed order: a parameter, the fields of a layer, a repeated or nested part, a whole model. Generated
/// structs implement it field by field.
pub trait ParamGroup: Sized {
    /// Builds the group from its parameters in order.
    fn assemble(parts: &mut Assembly<'_>) -> Self;

    /// Calls `f` with each parameter in order.
    fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Param));

    /// Calls `f` with a mutable reference to each parameter in order.
    fn visit_mut(&mut self, f: &mut dyn FnMut(&mut Param));

    /// The cache that a whole model has in addition to its parameters.
    fn cache(&self) -> Option<&Cache> {
        None
    }
}

impl ParamGroup for Param {
    fn assemble(parts: &mut Assembly<'_>) -> Param {
        (parts.next)()
    }

    fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Param)) {
        f(self);
    }

    fn visit_mut(&mut self, f: &mut dyn FnMut(&mut Param)) {
        f(self);
    }
}

impl<G: ParamGroup, const N: usize> ParamGroup for [G; N] {
    fn assemble(parts: &mut Assembly<'_>) -> [G; N] {
        core::array::from_fn(|_| G::assemble(parts))
    }

    fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Param)) {
        self.iter().for_each(|group| group.visit(f));
    }

    fn visit_mut(&mut self, f: &mut dyn FnMut(&mut Param)) {
        self.iter_mut().for_each(|group| group.visit_mut(f));
    }
}

/// A part that only some uses of a block have, because it is inside an `if`.
impl<G: ParamGroup> ParamGroup for Option<G> {
    fn assemble(parts: &mut Assembly<'_>) -> Option<G> {
        (parts.choose() != 0).then(|| G::assemble(parts))
    }

    fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Param)) {
        self.iter().for_each(|group| group.visit(f));
    }

    fn visit_mut(&mut self, f: &mut dyn FnMut(&mut Param)) {
        self.iter_mut().for_each(|group| group.visit_mut(f));
    }
}

/// The passes of a repeat in a block whose uses have different counts: at most `N`.
///
/// If all uses have the same count, the field is an array.
#[derive(Clone, PartialEq, Debug)]
pub struct Turns<G, const N: usize> {
    /// The passes that exist come first.
    turns: [Option<G>; N],
}

impl<G, const N: usize> Turns<G, N> {
    /// The number of passes.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A pass, counted from 0.
    pub fn get(&self, turn: usize) -> Option<&G> {
        self.turns.get(turn)?.as_ref()
    }

    /// A pass to change, counted from 0.
    pub fn get_mut(&mut self, turn: usize) -> Option<&mut G> {
        self.turns.get_mut(turn)?.as_mut()
    }

    /// The passes in order.
    pub fn iter(&self) -> impl Iterator<Item = &G> {
        self.turns.iter().flatten()
    }

    /// The passes in order, mutable.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut G> {
        self.turns.iter_mut().flatten()
    }
}

impl<G, const N: usize> core::ops::Index<usize> for Turns<G, N> {
    type Output = G;

    fn index(&self, turn: usize) -> &G {
        self.get(turn).expect("the repeat has this many turns")
    }
}

impl<G, const N: usize> core::ops::IndexMut<usize> for Turns<G, N> {
    fn index_mut(&mut self, turn: usize) -> &mut G {
        self.get_mut(turn).expect("the repeat has this many turns")
    }
}

impl<G: ParamGroup, const N: usize> ParamGroup for Turns<G, N> {
    fn assemble(parts: &mut Assembly<'_>) -> Turns<G, N> {
        let count = parts.choose();
        Turns { turns: core::array::from_fn(|turn| (turn < count).then(|| G::assemble(parts))) }
    }

    fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Param)) {
        self.iter().for_each(|group| group.visit(f));
    }

    fn visit_mut(&mut self, f: &mut dyn FnMut(&mut Param)) {
        self.iter_mut().for_each(|group| group.visit_mut(f));
    }
}

/// Declares the parameters of a kind of layer. The fields are in the order of [`convshape_arith::op::Op::params`].
macro_rules! groups {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident),+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Debug)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Param),+
        }

        impl ParamGroup for $name {
            fn assemble(parts: &mut Assembly<'_>) -> $name {
                $name { $($field: Param::assemble(parts)),+ }
            }

            fn visit<'a>(&'a self, f: &mut dyn FnMut(&'a Param)) {
                $(f(&self.$field);)+
            }

            fn visit_mut(&mut self, f: &mut dyn FnMut(&mut Param)) {
                $(f(&mut self.$field);)+
            }
        }
    )+};
}

groups! {
    /// A layer with only a weight: without `bias`, `Prelu`, `Snake`.
    Weight {
        /// The matrix or kernel that the input is multiplied by.
        weight
    }

    /// A layer with a tied weight, which belongs to another layer.
    Bias {
        /// The bias of each output channel.
        bias
    }

    /// A layer with a weight and a bias.
    WeightBias {
        /// The matrix or kernel that the input is multiplied by.
        weight,
        /// The bias of each output channel.
        bias
    }

    /// A separable convolution without bias.
    SeparableWeights {
        /// The kernel of the depthwise convolution.
        depthwise_weight,
        /// The kernel of the convolution over the channels.
        pointwise_weight
    }

    /// A separable convolution with a bias.
    SeparableWeightsBias {
        /// The kernel of the depthwise convolution.
        depthwise_weight,
        /// The kernel of the convolution over the channels.
        pointwise_weight,
        /// The bias of each output channel.
        bias
    }

    /// A normalisation with running statistics, a weight and a bias.
    Normalisation {
        /// The scale of each channel after normalising.
        weight,
        /// The bias of each channel after normalising.
        bias,
        /// The running mean of each channel.
        running_mean,
        /// The running variance of each channel.
        running_var
    }

    /// A normalisation with only running statistics.
    Statistics {
        /// The running mean of each channel.
        running_mean,
        /// The running variance of each channel.
        running_var
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;
    use convshape_arith::op::{Dialect, Op};
    use convshape_arith::shape::Shape;

    #[test]
    fn fields_are_in_the_order_of_the_arithmetic() {
        let norm =
            |affine| Op::BatchNorm { dialect: Dialect::Torch, channels: Some(2), eps: 1e-5, affine, momentum: 0.1 };
        let linear = |bias| Op::Linear { dialect: Dialect::Torch, inputs: Some(3), outputs: 2, bias };
        let fields = |op: Op| op.params().iter().map(|spec| spec.field).collect::<Vec<_>>();
        assert_eq!(fields(norm(true)), ["weight", "bias", "running_mean", "running_var"]);
        assert_eq!(fields(norm(false)), ["running_mean", "running_var"]);
        assert_eq!(fields(linear(true)), ["weight", "bias"]);
        assert_eq!(fields(linear(false)), ["weight"]);
    }

    #[test]
    fn groups_assemble_in_order() {
        let mut count = 0u8;
        let mut next = || {
            count += 1;
            Param::new(AxisSizes::of(&Shape::of(&[1])), vec![f32::from(count)])
        };
        let mut pair = <[WeightBias; 2]>::assemble(&mut Assembly::new(&mut next, &mut || None));
        assert_eq!(pair[0].weight.as_slice(), [1.0]);
        assert_eq!(pair[1].bias.as_slice(), [4.0]);
        pair.visit_mut(&mut |param| param.as_mut_slice()[0] *= 10.0);
        let mut seen = Vec::new();
        pair.visit(&mut |param| seen.push(param));
        assert_eq!(seen.iter().map(|param| param.as_slice()[0]).collect::<Vec<_>>(), [10.0, 20.0, 30.0, 40.0]);
    }

    #[test]
    fn optional_parts_are_there_by_choice() {
        let mut count = 0u8;
        let mut next = || {
            count += 1;
            Param::new(AxisSizes::of(&Shape::of(&[1])), vec![f32::from(count)])
        };
        let mut no_customs = || None;
        let mut outer = Assembly::new(&mut next, &mut no_customs);
        let mut parts = outer.with(&[0, 1, 2]);
        assert_eq!(Option::<Weight>::assemble(&mut parts), None);
        assert_eq!(Option::<Weight>::assemble(&mut parts).map(|group| group.weight.as_slice()[0]), Some(1.0));
        let turns = Turns::<Weight, 3>::assemble(&mut parts);
        assert_eq!((turns.len(), turns[1].weight.as_slice()[0], turns.get(2)), (2, 3.0, None));
        let mut seen = 0;
        turns.visit(&mut |_| seen += 1);
        assert_eq!(seen, 2);
    }

    #[test]
    fn debug_is_short() {
        let param = Param::new(AxisSizes::of(&Shape::of(&[2, 3])), vec![0.0; 6]);
        assert_eq!(format!("{param:?}"), "Param [2, 3]");
        assert_eq!(param.view().shape(), [2, 3]);
    }

    #[test]
    fn what_is_written_to_a_view_is_noticed() {
        let mut param = Param::new(AxisSizes::of(&Shape::of(&[2, 3])), vec![0.0; 6]);
        #[cfg(feature = "std")]
        let before = param.stamp();
        param.view_mut()[[1, 0]] = 2.0;
        assert_eq!(param.as_slice(), [0.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
        #[cfg(feature = "std")]
        assert_ne!(param.stamp(), before);
    }
}
