//! The arithmetic in types gives and rejects what the arithmetic crate does, for all small numbers. It is checked while
//! this file compiles.

use std::marker::PhantomData;

use convshape::typed::typenum::{U0, U1, U2, U3, U4, U5, U6, U7, Unsigned};
use convshape::typed::{ConvOut, ConvTransposeOut, ConvTransposed, Convolved, PoolOut, Pooled};
use convshape_arith::layer::representable;
use convshape_arith::op::{AxisOrder, Conv, Dialect, Direction, Op, Padding, Pool, PoolKind};
use convshape_arith::shape::Shape;

/// Rejected types have this constant, all others their own.
trait Refused {
    const ROWS: Option<i64> = None;
}

struct Convolution<N, K, S, P, D>(PhantomData<(N, K, S, P, D)>);
impl<N, K, S, P, D> Refused for Convolution<N, K, S, P, D> {}
impl<N: Convolved<K, S, P, D, Rows: Unsigned>, K, S, P, D> Convolution<N, K, S, P, D> {
    const ROWS: Option<i64> = Some(<ConvOut<N, K, S, P, D> as Unsigned>::I64);
}

struct Pooling<N, K, S, P, D>(PhantomData<(N, K, S, P, D)>);
impl<N, K, S, P, D> Refused for Pooling<N, K, S, P, D> {}
impl<N: Pooled<K, S, P, D, Rows: Unsigned>, K, S, P, D> Pooling<N, K, S, P, D> {
    const ROWS: Option<i64> = Some(<PoolOut<N, K, S, P, D> as Unsigned>::I64);
}

struct Transposed<N, K, S, P, D, O>(PhantomData<(N, K, S, P, D, O)>);
impl<N, K, S, P, D, O> Refused for Transposed<N, K, S, P, D, O> {}
impl<N: ConvTransposed<K, S, P, D, O, Rows: Unsigned>, K, S, P, D, O> Transposed<N, K, S, P, D, O> {
    const ROWS: Option<i64> = Some(<ConvTransposeOut<N, K, S, P, D, O> as Unsigned>::I64);
}

/// Calls a macro with every combination of one word from each list.
macro_rules! every {
    ($check:ident $($list:tt)+) => { every! { @next $check [] [$($list)+] } };
    (@next $check:ident [$($chosen:ident)+] []) => { $check! { $($chosen)+ } };
    (@next $check:ident $chosen:tt [$list:tt $($rest:tt)*]) => { every! { @each $check $chosen $list [$($rest)*] } };
    (@each $check:ident $chosen:tt [$($word:ident)+] $rest:tt) => { $(every! { @add $check $chosen $word $rest })+ };
    (@add $check:ident [$($chosen:ident)*] $word:ident $rest:tt) => {
        every! { @next $check [$($chosen)* $word] $rest }
    };
}

/// What the arithmetic crate says.
const fn rows(op: Op, input: i64) -> Option<i64> {
    let input = Shape::of(&[1, input]);
    if representable(&input).is_err() {
        return None;
    }
    match op.output(&[input], AxisOrder::ChannelsFirst) {
        Ok(output) => output.size(1).number(),
        Err(_) => None,
    }
}

const fn conv(direction: Direction, k: i64, s: i64, p: i64, d: i64, o: i64) -> Op {
    Op::Conv(Conv {
        outputs: 1,
        kernel: [k; 3],
        stride: [s; 3],
        dilation: [d; 3],
        padding: Padding::Symmetric([p; 3]),
        output_padding: Some([o; 3]),
        ..Conv::new(Dialect::Torch, direction, 1)
    })
}

const fn pool(k: i64, s: i64, p: i64, d: i64) -> Op {
    Op::Pool(Pool {
        kernel: [k; 3],
        stride: [s; 3],
        dilation: [d; 3],
        padding: Padding::Symmetric([p; 3]),
        ..Pool::new(Dialect::Torch, PoolKind::Max, 1)
    })
}

const fn same(types: Option<i64>, values: Option<i64>) {
    match (types, values) {
        (Some(a), Some(b)) => assert!(a == b, "the types give another size"),
        (None, None) => {}
        (Some(_), None) => panic!("the types take what the arithmetic refuses"),
        (None, Some(_)) => panic!("the types refuse what the arithmetic takes"),
    }
}

// Constants, so that the compiler generates no code for thousands of types.

macro_rules! convolution {
    ($n:ident $k:ident $s:ident $p:ident $d:ident) => {
        const _: () = same(
            Convolution::<$n, $k, $s, $p, $d>::ROWS,
            rows(conv(Direction::Forward, $k::I64, $s::I64, $p::I64, $d::I64, 0), $n::I64),
        );
    };
}

macro_rules! pooling {
    ($n:ident $k:ident $s:ident $p:ident $d:ident) => {
        const _: () =
            same(Pooling::<$n, $k, $s, $p, $d>::ROWS, rows(pool($k::I64, $s::I64, $p::I64, $d::I64), $n::I64));
    };
}

macro_rules! transposed {
    ($n:ident $k:ident $s:ident $p:ident $d:ident $o:ident) => {
        const _: () = same(
            Transposed::<$n, $k, $s, $p, $d, $o>::ROWS,
            rows(conv(Direction::Transposed, $k::I64, $s::I64, $p::I64, $d::I64, $o::I64), $n::I64),
        );
    };
}

every! { convolution [U0 U1 U2 U3 U4 U5 U6 U7] [U1 U2 U3 U5] [U1 U2 U3] [U0 U1 U2] [U1 U2] }
every! { convolution [U3] [U0 U2] [U0 U2] [U0 U1] [U0 U1] }
every! { pooling [U0 U1 U2 U3 U5 U6] [U1 U2 U3 U4] [U1 U2 U3] [U0 U1 U2] [U1 U2] }
every! { pooling [U3] [U0 U2] [U0 U2] [U0 U1] [U0 U1] }
every! { transposed [U0 U1 U2 U4] [U1 U2 U3 U4] [U1 U2 U3] [U0 U1 U2] [U1 U3] [U0 U1 U2] }
every! { transposed [U3] [U0 U2] [U0 U2] [U0 U1] [U0 U1] [U0 U1] }
