//! A size `a*h + b` says what its numbers say: where a layer takes a symbolic shape, it takes every shape that the
//! symbol stands for and gives the same output; where it refuses one, it refuses one of those.

use convshape_arith::fault::Reason;
use convshape_arith::op::{
    Amount, AutoPad, AxisOrder::ChannelsFirst, Conv, Dialect, Direction, Interpolation, Op, Padding, PaddingMode, Pool,
    PoolKind, ResizeTo, Upsample,
};
use convshape_arith::shape::Shape;
use convshape_arith::size::{Size, SizeError, Symbol};
use proptest::prelude::*;

/// What the two symbols range over.
static SCOPE: &[Symbol] = &[Symbol { name: "h", low: 1, high: 9 }, Symbol { name: "w", low: 3, high: 7 }];

/// The size with the symbols replaced.
fn at(size: Size, values: [i64; 2]) -> Size {
    match size {
        Size::Symbolic { scale, symbol, offset } => Size::Number(scale * values[usize::from(symbol)] + offset),
        size => size,
    }
}

fn shape_at(shape: &Shape, values: [i64; 2]) -> Shape {
    let sizes: Vec<Size> = shape.sizes().iter().map(|&size| at(size, values)).collect();
    Shape::new(&sizes, &[])
}

/// A symbolic size that is at least 1 over its range, or a number.
fn size() -> impl Strategy<Value = Size> {
    let symbolic = (1_i64..=8, 0_u8..2, -8_i64..=9).prop_map(|(scale, symbol, offset)| {
        let offset = offset.max(1 - scale * SCOPE[usize::from(symbol)].low);
        Size::Symbolic { scale, symbol, offset }
    });
    prop_oneof![4 => symbolic, 1 => (1_i64..20).prop_map(Size::Number)]
}

fn shape(rank: usize) -> impl Strategy<Value = Shape> {
    (prop::sample::select(vec![1_i64, 4]), prop::collection::vec(size(), rank)).prop_map(|(channels, spatial)| {
        let sizes: Vec<Size> = [Size::Number(channels)].into_iter().chain(spatial).collect();
        Shape::new(&sizes, SCOPE)
    })
}

fn mode() -> impl Strategy<Value = PaddingMode> {
    prop::sample::select(vec![PaddingMode::Zeros, PaddingMode::Reflect, PaddingMode::Replicate, PaddingMode::Circular])
}

fn conv(rank: usize, direction: Direction) -> impl Strategy<Value = Op> {
    let fields = (prop::array::uniform3(1_i64..6), prop::array::uniform3(1_i64..5), prop::array::uniform3(1_i64..3));
    let padding = prop::array::uniform3(((-1_i64..4), (-1_i64..4)));
    (fields, padding, mode(), prop::array::uniform3(0_i64..3)).prop_map(
        move |((kernel, stride, dilation), padding, padding_mode, output_padding)| {
            let transposed = direction == Direction::Transposed;
            Op::Conv(Conv {
                outputs: 2,
                kernel,
                stride,
                dilation,
                padding: Padding::Pairs(padding),
                padding_mode: if transposed { PaddingMode::Zeros } else { padding_mode },
                output_padding: transposed.then_some(output_padding),
                ..Conv::new(Dialect::Torch, direction, rank)
            })
        },
    )
}

fn pool(rank: usize) -> impl Strategy<Value = Op> {
    let kernel_and_padding = (1_i64..6).prop_flat_map(|kernel| (Just(kernel), 0..=kernel / 2));
    let fields = (prop::array::uniform3(kernel_and_padding), prop::array::uniform3(1_i64..5));
    (fields, any::<bool>(), any::<bool>()).prop_map(move |((fields, stride), ceil_mode, max)| {
        Op::Pool(Pool {
            dialect: Dialect::Torch,
            kind: if max { PoolKind::Max } else { PoolKind::Avg },
            rank,
            kernel: fields.map(|(kernel, _)| kernel),
            stride,
            dilation: [1; 3],
            padding: Padding::Symmetric(fields.map(|(_, padding)| padding)),
            auto_pad: AutoPad::NotSet,
            ceil_mode,
            count_include_pad: true,
        })
    })
}

fn resize(to: ResizeTo) -> Op {
    Op::Upsample(Upsample { rank: None, to, mode: Interpolation::Nearest, align_corners: None })
}

/// Layers of one input over `rank` spatial axes.
fn layer(rank: usize) -> impl Strategy<Value = Op> {
    let pairs = || prop::array::uniform3(((0_i64..4), (0_i64..4)));
    let written = Some(rank);
    prop_oneof![
        3 => conv(rank, Direction::Forward),
        3 => conv(rank, Direction::Transposed),
        3 => pool(rank),
        1 => prop::sample::select(vec![1.0, 2.0, 3.0, 0.5]).prop_map(|scale| resize(ResizeTo::Scale([scale; 3]))),
        1 => (1_i64..4).prop_map(|factor| Op::PixelShuffle { factor }),
        1 => (1_i64..4).prop_map(|factor| Op::PixelUnshuffle { factor }),
        1 => (pairs(), mode()).prop_map(move |(pairs, mode)| {
            Op::Pad { amount: Amount::Pairs { rank: written, pairs }, mode, value: 0.0, axis: None }
        }),
        1 => pairs().prop_map(move |pairs| Op::Crop { amount: Amount::Pairs { rank: written, pairs } }),
        1 => Just(Op::FLATTEN),
        1 => Just(Op::InstanceNorm { dialect: Dialect::Torch, channels: None, eps: 1e-5, affine: false }),
    ]
}

/// Layers of two inputs.
fn join() -> impl Strategy<Value = Op> {
    prop::sample::select(vec![
        Op::Add,
        Op::CONCAT,
        resize(ResizeTo::Like),
        Op::Crop { amount: Amount::Like { start: false } },
        Op::Crop { amount: Amount::Like { start: true } },
        Op::Pad { amount: Amount::Like { start: false }, mode: PaddingMode::Zeros, value: 0.0, axis: None },
    ])
}

fn grow_alike(a: Size, b: Size) -> bool {
    match (a, b) {
        (Size::Symbolic { scale: a, symbol, .. }, Size::Symbolic { scale: b, symbol: other, .. }) => {
            (a, symbol) == (b, other)
        }
        _ => a.number().is_some() && b.number().is_some(),
    }
}

/// Compares a layer on symbolic shapes with the layer on every shape they stand for.
fn compare(op: &Op, inputs: &[Shape]) -> Result<(), TestCaseError> {
    let symbolic = op.output(inputs, ChannelsFirst);
    let range = |symbol: usize| SCOPE[symbol].low..=SCOPE[symbol].high;
    let mut all_accepted = true;
    for h in range(0) {
        for w in range(1) {
            let numbers: Vec<Shape> = inputs.iter().map(|shape| shape_at(shape, [h, w])).collect();
            let literal = op.output(&numbers, ChannelsFirst);
            all_accepted &= literal.is_ok();
            if let Ok(output) = symbolic {
                prop_assert_eq!(literal.ok(), Some(shape_at(&output, [h, w])), "h = {}, w = {}: {:?}", h, w, op);
            }
        }
    }
    if let Err(fault) = symbolic {
        let unsayable = match fault.reason {
            // A remainder or a product that is not of the form a*h + b is refused whatever the symbol is,
            Reason::Size(SizeError::Indivisible { .. } | SizeError::NotLinear)
            | Reason::NotFixed { .. }
            | Reason::Divisible { .. } => true,
            // and so is a number of rows to crop or add that depends on it.
            Reason::CropTooLarge { input, output } | Reason::PadTooSmall { input, output } => {
                !grow_alike(input, output)
            }
            _ => false,
        };
        prop_assert!(unsayable || !all_accepted, "{fault:?} though every number is accepted");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn layers_of_one_input((op, input) in (1_usize..=3).prop_flat_map(|rank| (layer(rank), shape(rank)))) {
        compare(&op, &[input])?;
    }

    #[test]
    fn layers_of_two_inputs(
        (op, a, b) in (1_usize..=3).prop_flat_map(|rank| (join(), shape(rank), shape(rank))),
        offsets in prop::array::uniform3(-3_i64..=3),
        alike in any::<bool>(),
    ) {
        // Two shapes drawn apart hardly ever fit, so mostly the second differs by a few rows.
        let mut second = if alike { a } else { b };
        if alike {
            for axis in 1..a.rank() {
                let size = a.size(axis).plus(offsets[axis - 1].max(0)).expect("small numbers");
                second = second.with(axis, size);
            }
        }
        compare(&op, &[a, second])?;
        compare(&op, &[second, a])?;
        compare(&op, &[a, a])?;
    }
}
