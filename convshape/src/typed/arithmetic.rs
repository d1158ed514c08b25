//! The arithmetic of one axis, in types.
//!
//! A comparison is the `Self` type of the trait that continues the calculation: if it fails, nothing further is
//! checked, so that one mistake is one error. It carries the sizes for the message.

use core::ops::{Add, BitAnd, Div, Mul, Rem, Sub};

use typenum::{
    Add1, And, B1, Diff, Eq, Gr, GrEq, IsEqual, IsGreater, IsGreaterOrEqual, IsLess, IsLessOrEqual, Le, LeEq, Max,
    Maximum, Mod, Prod, Quot, Sub1, Sum, U0, U2, UInt,
};

use super::number::{Shown, Text};

/// The rows of a convolution's output: `(N + 2 * Padding - Dilation * (Kernel - 1) - 1) / Stride + 1`.
///
/// ```
/// use convshape::typed::ConvOut;
/// use convshape::typed::typenum::{U1, U2, U3, U14, U28};
///
/// let _: ConvOut<U28, U3, U2, U1> = U14::new();
/// ```
pub type ConvOut<N, Kernel, Stride = typenum::U1, Padding = U0, Dilation = typenum::U1> =
    <N as Convolved<Kernel, Stride, Padding, Dilation>>::Rows;

/// The rows of a transposed convolution's output: `(N - 1) * Stride + Dilation * (Kernel - 1) + OutputPadding + 1 - 2 *
/// Padding`.
///
/// ```
/// use convshape::typed::ConvTransposeOut;
/// use convshape::typed::typenum::{U1, U2, U3, U14, U28};
///
/// let _: ConvTransposeOut<U14, U3, U2, U1, U1, U1> = U28::new();
/// ```
pub type ConvTransposeOut<N, Kernel, Stride = typenum::U1, Padding = U0, Dilation = typenum::U1, OutputPadding = U0> =
    <N as ConvTransposed<Kernel, Stride, Padding, Dilation, OutputPadding>>::Rows;

/// The rows of a pooling's output: those of a convolution whose padding is at most half the kernel.
///
/// ```
/// use convshape::typed::PoolOut;
/// use convshape::typed::typenum::{U2, U13, U27};
///
/// let _: PoolOut<U27, U2> = U13::new();
/// ```
pub type PoolOut<N, Kernel, Stride = Kernel, Padding = U0, Dilation = typenum::U1> =
    <N as Pooled<Kernel, Stride, Padding, Dilation>>::Rows;

/// A size that a convolution accepts. [`ConvOut`] is the size of its output.
pub trait Convolved<Kernel, Stride, Padding, Dilation> {
    /// The size of the output.
    type Rows;
}

/// A size that a transposed convolution accepts. [`ConvTransposeOut`] is the size of its output.
pub trait ConvTransposed<Kernel, Stride, Padding, Dilation, OutputPadding> {
    /// The size of the output.
    type Rows;
}

/// A size that a pooling layer accepts. [`PoolOut`] is the size of its output.
pub trait Pooled<Kernel, Stride, Padding, Dilation> {
    /// The size of the output.
    type Rows;
}

/// A size equal to `N`, such as the output rows of a decoder and the input rows of its encoder.
///
/// In a generic function the compiler cannot see that the two are equal, so the function requires it and each call
/// proves it; [`Tensor::restored`](super::Tensor::restored) uses it.
pub trait Restores<N> {}

/// A number of channels accepted by `Layer`, which is made for `Expected` channels.
pub trait ChannelsOf<Expected, Layer> {}

/// A number of channels that can be divided into `Groups` of equal size, as can `Outputs`.
pub trait InGroups<Outputs, Groups> {}

/// The meaning of a number, for messages.
pub mod word {
    /// The height of an image or a volume.
    #[derive(Debug)]
    pub enum Height {}
    /// The width of an image or a volume.
    #[derive(Debug)]
    pub enum Width {}
    /// The depth of a volume.
    #[derive(Debug)]
    pub enum Depth {}
    /// The length of a signal.
    #[derive(Debug)]
    pub enum Length {}
    /// The number of rows on an axis.
    #[derive(Debug)]
    pub enum Rows {}
    /// The size of a kernel.
    #[derive(Debug)]
    pub enum Kernel {}
    /// The stride of a kernel.
    #[derive(Debug)]
    pub enum Stride {}
    /// The dilation of a kernel.
    #[derive(Debug)]
    pub enum Dilation {}
    /// How many times larger an output is.
    #[derive(Debug)]
    pub enum Factor {}
    /// The number of groups.
    #[derive(Debug)]
    pub enum Groups {}
}

/// A number that is not 0.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Word}` is not at least 1",
    label = "`{Word}` must be at least 1",
    note = "of a size that it does not know, a generic function asks what it needs: `where H: Convolved<..>`, or \
            `where Conv2d<..>: Layer<..>`"
)]
pub trait AtLeastOne<Word> {
    type Number;
    type Less;
}

#[diagnostic::do_not_recommend]
impl<U, B, Word> AtLeastOne<Word> for UInt<U, B>
where
    Self: Sub<B1>,
{
    type Number = Self;
    type Less = Sub1<Self>;
}

/// The rows that a kernel covers, minus one: `Dilation * (Kernel - 1)`.
type KernelReach<K, D> = Prod<D, <K as AtLeastOne<word::Kernel>>::Less>;
type Extent<K, D> = Add1<KernelReach<K, D>>;
/// A stride that is not 0. It prevents a second error.
type PositiveStride<S> = <S as AtLeastOne<word::Stride>>::Number;
type Padded<N, P> = Sum<N, Prod<U2, P>>;

impl<N, K, S, P, D> Convolved<K, S, P, D> for N
where
    N: AtLeastOne<word::Rows> + Add<Prod<U2, P>>,
    K: AtLeastOne<word::Kernel>,
    S: AtLeastOne<word::Stride>,
    D: AtLeastOne<word::Dilation> + Mul<<K as AtLeastOne<word::Kernel>>::Less>,
    U2: Mul<P>,
    KernelReach<K, D>: Add<B1>,
    Extent<K, D>: Shown,
    Padded<N, P>: IsGreaterOrEqual<Extent<K, D>> + Shown,
    GrEq<Padded<N, P>, Extent<K, D>>:
        Slides<Padded<N, P>, Extent<K, D>, PositiveStride<S>, Text<Padded<N, P>>, Text<Extent<K, D>>>,
{
    type Rows = <GrEq<Padded<N, P>, Extent<K, D>> as Slides<
        Padded<N, P>,
        Extent<K, D>,
        PositiveStride<S>,
        Text<Padded<N, P>>,
        Text<Extent<K, D>>,
    >>::Rows;
}

/// The number of windows, if at least one fits.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the kernel covers `{Covered}` rows, but the input with its padding has only `{There}`",
    label = "this kernel does not fit into this input",
    note = "a kernel covers dilation * (kernel - 1) + 1 rows; the input has rows + 2 * padding"
)]
pub trait Slides<Padded, Extent, Stride, There, Covered> {
    type Rows;
}

#[diagnostic::do_not_recommend]
impl<P, E, S, There, Covered> Slides<P, E, S, There, Covered> for B1
where
    P: Sub<E>,
    Diff<P, E>: Div<S>,
    Quot<Diff<P, E>, S>: Add<B1>,
{
    type Rows = Add1<Quot<Diff<P, E>, S>>;
}

impl<N, K, S, P, D> Pooled<K, S, P, D> for N
where
    K: Shown,
    P: Shown,
    U2: Mul<P>,
    Prod<U2, P>: IsLessOrEqual<K>,
    LeEq<Prod<U2, P>, K>: PadsHalf<Text<P>, Text<K>>,
    N: Convolved<K, S, P, D>,
{
    type Rows = ConvOut<N, K, S, P, D>;
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a padding of `{Padding}` is more than half of a pooling window of `{Kernel}`",
    label = "this padding is too large for pooling"
)]
pub trait PadsHalf<Padding, Kernel> {}

#[diagnostic::do_not_recommend]
impl<Padding, Kernel> PadsHalf<Padding, Kernel> for B1 {}

/// `(N - 1) * Stride + Dilation * (Kernel - 1)`.
type Stamped<N, K, S, D> = Sum<Prod<<N as AtLeastOne<word::Rows>>::Less, S>, KernelReach<K, D>>;
type Full<N, K, S, D, OP> = Add1<Sum<Stamped<N, K, S, D>, OP>>;

impl<N, K, S, P, D, OP> ConvTransposed<K, S, P, D, OP> for N
where
    N: AtLeastOne<word::Rows>,
    K: AtLeastOne<word::Kernel>,
    S: AtLeastOne<word::Stride> + Max<D>,
    D: AtLeastOne<word::Dilation> + Mul<<K as AtLeastOne<word::Kernel>>::Less>,
    U2: Mul<P>,
    <N as AtLeastOne<word::Rows>>::Less: Mul<S>,
    Prod<<N as AtLeastOne<word::Rows>>::Less, S>: Add<KernelReach<K, D>>,
    Stamped<N, K, S, D>: Add<OP>,
    Sum<Stamped<N, K, S, D>, OP>: Add<B1>,
    OP: IsLess<Maximum<S, D>> + Shown,
    Maximum<S, D>: Shown,
    Le<OP, Maximum<S, D>>: OutputPads<Text<OP>, Text<Maximum<S, D>>>,
    Full<N, K, S, D, OP>: IsGreater<Prod<U2, P>> + Shown,
    Prod<U2, P>: Shown,
    Gr<Full<N, K, S, D, OP>, Prod<U2, P>>:
        Crops<Full<N, K, S, D, OP>, Prod<U2, P>, Text<Full<N, K, S, D, OP>>, Text<Prod<U2, P>>>,
{
    type Rows = <Gr<Full<N, K, S, D, OP>, Prod<U2, P>> as Crops<
        Full<N, K, S, D, OP>,
        Prod<U2, P>,
        Text<Full<N, K, S, D, OP>>,
        Text<Prod<U2, P>>,
    >>::Rows;
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "an output padding of `{Found}` must be smaller than stride or dilation, here `{Limit}`",
    label = "this output padding is too large"
)]
pub trait OutputPads<Found, Limit> {}

#[diagnostic::do_not_recommend]
impl<Found, Limit> OutputPads<Found, Limit> for B1 {}

/// A full output minus its padding.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "nothing is left: the padding crops `{Cropped}` of the output's `{There}` rows",
    label = "the output of this transposed convolution is empty",
    note = "the full output has (rows - 1) * stride + dilation * (kernel - 1) + output_padding + 1 rows; \
            twice the padding is cropped"
)]
pub trait Crops<Full, Crop, There, Cropped> {
    type Rows;
}

#[diagnostic::do_not_recommend]
impl<F: Sub<C>, C, There, Cropped> Crops<F, C, There, Cropped> for B1 {
    type Rows = Diff<F, C>;
}

impl<A, N> Restores<N> for A
where
    A: IsEqual<N> + Shown,
    N: Shown,
    Eq<A, N>: Same<Text<A>, Text<N>>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Found}` does not restore `{Wanted}`",
    label = "this gives `{Found}` where `{Wanted}` is wanted",
    note = "with a stride, several input sizes give the same output size; the output padding says which comes back"
)]
pub trait Same<Found, Wanted> {}

#[diagnostic::do_not_recommend]
impl<Found, Wanted> Same<Found, Wanted> for B1 {}

impl<N, Expected, Layer> ChannelsOf<Expected, Layer> for N
where
    N: IsEqual<Expected> + Shown,
    Expected: Shown,
    Eq<N, Expected>: TakesChannels<Layer, Text<N>, Text<Expected>>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Layer}` takes `{Expected}` channels, but its input has `{Found}`",
    label = "the input has `{Found}` channels, `{Expected}` are wanted"
)]
pub trait TakesChannels<Layer, Found, Expected> {}

#[diagnostic::do_not_recommend]
impl<Layer, Found, Expected> TakesChannels<Layer, Found, Expected> for B1 {}

// Compares both numbers at once. `Self` depends on the input, so that a method call is not rejected before the message
// is found.
impl<N, O, G> InGroups<O, G> for N
where
    G: AtLeastOne<word::Groups> + Shown,
    N: Rem<G> + Shown,
    O: Rem<G> + Shown,
    Mod<N, G>: IsEqual<U0>,
    Mod<O, G>: IsEqual<U0>,
    Eq<Mod<N, G>, U0>: BitAnd<Eq<Mod<O, G>, U0>>,
    And<Eq<Mod<N, G>, U0>, Eq<Mod<O, G>, U0>>: Even<Text<N>, Text<O>, Text<G>>,
{
}

#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Groups}` groups do not divide the `{Inputs}` input channels and the `{Outputs}` output channels",
    label = "the number of groups must divide both numbers of channels"
)]
pub trait Even<Inputs, Outputs, Groups> {}

#[diagnostic::do_not_recommend]
impl<Inputs, Outputs, Groups> Even<Inputs, Outputs, Groups> for B1 {}
