//! The arithmetic run backwards: the layer that undoes a convolution gives its input shape back, and what fills a
//! hole is what trying every number finds.

use convshape_arith::op::{AxisOrder::ChannelsFirst, Conv, Dialect, Direction, Op, Padding, PerAxis, Pool, PoolKind};
use convshape_arith::shape::Shape;
use convshape_arith::size::{Size, Symbol};
use convshape_arith::solve::{self, AxisField, MOST_SOLUTIONS, fill_axis, undo};
use proptest::prelude::*;

fn conv(direction: Direction, rank: usize) -> Conv {
    Conv { outputs: 3, kernel: [3; 3], padding: Padding::Valid, ..Conv::new(Dialect::Torch, direction, rank) }
}

fn padding() -> impl Strategy<Value = Padding> {
    prop_oneof![
        prop::array::uniform3(0_i64..4).prop_map(Padding::Symmetric),
        prop::array::uniform3((-2_i64..5, -2_i64..5)).prop_map(Padding::Pairs),
        Just(Padding::Same),
        Just(Padding::Valid),
    ]
}

fn any_conv() -> impl Strategy<Value = Conv> {
    let fields = prop::array::uniform3((1_i64..7, 1_i64..5, 1_i64..4, 0_i64..4));
    (any::<bool>(), 1_usize..=3, fields, padding(), any::<bool>()).prop_map(
        |(forward, rank, fields, padding, padded)| Conv {
            kernel: fields.map(|(kernel, ..)| kernel),
            stride: fields.map(|(_, stride, ..)| stride),
            dilation: fields.map(|(_, _, dilation, _)| dilation),
            padding: if forward || matches!(padding, Padding::Pairs(_)) { padding } else { Padding::Symmetric([1; 3]) },
            output_padding: (!forward && padded).then_some(fields.map(|(.., rows)| rows)),
            ..conv(if forward { Direction::Forward } else { Direction::Transposed }, rank)
        },
    )
}

fn undoes(conv: &Conv, input: Shape) -> Result<(), TestCaseError> {
    let Ok(output) = Op::Conv(*conv).output(&[input], ChannelsFirst) else { return Ok(()) };
    let reverse = undo(conv, &input, ChannelsFirst).expect("the convolution is accepted");
    let back = Op::Conv(reverse).output(&[output], ChannelsFirst);
    prop_assert_eq!(back.ok(), Some(input), "{:?} after {:?}", reverse, conv);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_convolution_is_undone(conv in any_conv(), sizes in prop::array::uniform3(1_i64..24)) {
        undoes(&conv, Shape::of(&[&[2], &sizes[..conv.rank]].concat()))?;
    }

    #[test]
    fn a_convolution_of_any_height_is_undone(
        conv in any_conv(),
        scales in prop::array::uniform3(1_i64..13),
        offsets in prop::array::uniform3(0_i64..24),
    ) {
        static SCOPE: &[Symbol] = &[Symbol { name: "h", low: 1, high: 64 }];
        let mut input = Shape::new(&[Size::Number(2); 4][..=conv.rank], SCOPE);
        for axis in 0..conv.rank {
            input = input.with(axis + 1, Size::Symbolic { scale: scales[axis], symbol: 0, offset: offsets[axis] });
        }
        undoes(&conv, input)?;
    }
}

/// Where the search ends: larger than any solution of these tests.
const MOST: i64 = 60;

/// The first solutions that trying every combination finds, the last field fastest.
fn tried(build: &dyn Fn(&[i64]) -> Op, open: &[AxisField], input: &Shape, target: i64) -> Vec<Vec<i64>> {
    let least = |field| i64::from(matches!(field, AxisField::Kernel | AxisField::Stride));
    let gives = |values: &[i64]| {
        let output = build(values).output(&[*input], ChannelsFirst);
        output.is_ok_and(|output| output.size(1) == Size::Number(target))
    };
    let candidates: Vec<Vec<i64>> = match *open {
        [field] => (least(field)..=MOST).map(|value| vec![value]).collect(),
        [first, second] => {
            (least(first)..=MOST).flat_map(|a| (least(second)..=MOST).map(move |b| vec![a, b])).collect()
        }
        _ => unreachable!("one or two open fields"),
    };
    candidates.into_iter().filter(|values| gives(values)).take(MOST_SOLUTIONS).collect()
}

fn check(build: &dyn Fn(&[i64]) -> Op, blank: Op, open: &[AxisField], input: &Shape, target: i64) -> usize {
    let expected = tried(build, open, input, target);
    let found = fill_axis(&blank, open, input, ChannelsFirst, 0, Size::Number(target));
    let found: Vec<Vec<i64>> = found.values[..found.count].iter().map(|row| row[..open.len()].to_vec()).collect();
    assert_eq!(found, expected, "{open:?} of {blank:?} on {input:?} for {target}");
    expected.len()
}

/// The fields of one axis: kernel, stride, dilation, padding, output_padding.
type Fields = [i64; 5];

const PLACES: [(AxisField, usize); 4] =
    [(AxisField::Kernel, 0), (AxisField::Stride, 1), (AxisField::Padding, 3), (AxisField::OutputPadding, 4)];

fn one_axis(direction: Direction, [kernel, stride, dilation, padding, output_padding]: Fields) -> Op {
    let all = |value| -> PerAxis<i64> { [value; 3] };
    Op::Conv(Conv {
        kernel: all(kernel),
        stride: all(stride),
        dilation: all(dilation),
        padding: Padding::Symmetric(all(padding)),
        output_padding: (direction == Direction::Transposed).then_some(all(output_padding)),
        ..conv(direction, 1)
    })
}

/// The holes are blank: they hold what a parser puts there, the least value of their field.
fn fill_holes(direction: Direction, holes: &[(AxisField, usize)]) -> usize {
    let open: Vec<AxisField> = holes.iter().map(|&(field, _)| field).collect();
    let mut solved = 0;
    for (stride, dilation) in [(1, 1), (2, 1), (3, 2), (1, 3)] {
        for (kernel, padding) in [(1, 0), (4, 1), (3, 5), (11, 0)] {
            let written = [kernel, stride, dilation, padding, 0];
            let build = |values: &[i64]| {
                let mut fields = written;
                holes.iter().zip(values).for_each(|(&(_, place), &value)| fields[place] = value);
                one_axis(direction, fields)
            };
            let least: Vec<i64> = holes.iter().map(|&(_, place)| i64::from(place < 2)).collect();
            for input in [1, 2, 5, 8] {
                for target in [1, 2, 4, 5, 8, 9] {
                    solved += check(&build, build(&least), &open, &Shape::of(&[3, input]), target);
                }
            }
        }
    }
    solved
}

#[test]
fn one_hole_is_filled() {
    for hole in PLACES {
        let directions = [Direction::Forward, Direction::Transposed];
        for direction in directions {
            if hole.0 == AxisField::OutputPadding && direction == Direction::Forward {
                continue;
            }
            let solved = fill_holes(direction, &[hole]);
            assert!(solved > 20, "{:?} of {direction:?}: {solved}", hole.0);
        }
    }
}

#[test]
fn two_holes_are_filled() {
    let [kernel, stride, padding, output_padding] = PLACES;
    for holes in [[kernel, padding], [kernel, stride], [stride, padding], [padding, kernel]] {
        assert!(fill_holes(Direction::Forward, &holes) > 100);
        assert!(fill_holes(Direction::Transposed, &holes) > 100);
    }
    assert!(fill_holes(Direction::Transposed, &[padding, output_padding]) > 100);
}

#[test]
fn a_hole_of_a_pool_is_filled() {
    for ceil_mode in [false, true] {
        let pool = |kernel, stride, padding| {
            Op::Pool(Pool {
                kernel: [kernel; 3],
                stride: [stride; 3],
                padding: Padding::Symmetric([padding; 3]),
                ceil_mode,
                ..Pool::new(Dialect::Torch, PoolKind::Max, 1)
            })
        };
        for input in [1, 4, 7, 12] {
            let shape = Shape::of(&[3, input]);
            for target in 1..=8 {
                check(&|v| pool(v[0], 2, 1), pool(1, 2, 1), &[AxisField::Kernel], &shape, target);
                check(&|v| pool(3, v[0], 1), pool(3, 1, 1), &[AxisField::Stride], &shape, target);
                check(&|v| pool(5, 2, v[0]), pool(5, 2, 0), &[AxisField::Padding], &shape, target);
            }
        }
    }
}

/// A hole next to large numbers: a kernel over a stretch of audio, the padding that keeps its length.
#[test]
fn a_large_hole_is_filled() {
    let forward = |fields| one_axis(Direction::Forward, fields);
    let input = Shape::of(&[3, 8]);
    let fill = |op: Op, field| fill_axis(&op, &[field], &input, ChannelsFirst, 0, Size::Number(8));
    let padding = fill(forward([1001, 1, 1, 0, 0]), AxisField::Padding);
    assert_eq!((padding.count, padding.values[0][0]), (1, 500));
    let kernel = fill(forward([1, 1, 1, 500, 0]), AxisField::Kernel);
    assert_eq!((kernel.count, kernel.values[0][0]), (1, 1001));
}

/// Of several holes over long axes none is missed, and none is taken for the only one.
#[test]
fn large_joint_holes_are_filled() {
    let transposed = |stride| one_axis(Direction::Transposed, [1, stride, 1, 0, 0]);
    let holes = [AxisField::Kernel, AxisField::Padding];
    let fill = |op: Op, input, target| {
        let found = fill_axis(&op, &holes, &Shape::of(&[3, input]), ChannelsFirst, 0, Size::Number(target));
        found.values[..found.count].iter().map(|row| (row[0], row[1])).collect::<Vec<_>>()
    };
    assert_eq!(fill(transposed(2), 48_000, 96_000), [(2, 0), (4, 1), (6, 2)]);
    assert_eq!(fill(transposed(8), 2_000, 16_000), [(8, 0), (10, 1), (12, 2)]);
    assert_eq!(fill(transposed(1), 1_000_000, 999_001), [(2, 500), (4, 501), (6, 502)]);
    let forward = one_axis(Direction::Forward, [1, 1, 1, 0, 0]);
    assert_eq!(fill(forward, 1_000_000, 500_000), [(500_001, 0), (500_003, 1), (500_005, 2)]);
}

/// `padding: _` without a solution by one number: pairs, and in keras the word.
#[test]
fn an_uneven_padding_is_filled() {
    let conv = |dialect, direction, kernel, stride| {
        let conv = Conv { kernel: [kernel; 3], stride: [stride; 3], ..Conv::new(dialect, direction, 2) };
        Op::Conv(Conv { outputs: 3, padding: Padding::Symmetric([0; 3]), ..conv })
    };
    let padded = |op: Op, input: i64, target: i64| {
        let (input, target) = (Shape::of(&[3, input, input]), Shape::of(&[3, target, target]));
        match solve::uneven_padding(&op, &input, ChannelsFirst, &target)? {
            Op::Conv(conv) => Some(conv.padding),
            _ => None,
        }
    };
    let pair = |lo, hi| Some(Padding::Pairs([(lo, hi), (lo, hi), (0, 0)]));
    use Direction::{Forward, Transposed};
    for dialect in [Dialect::Jax, Dialect::Flax, Dialect::Onnx] {
        assert_eq!(padded(conv(dialect, Forward, 4, 1), 5, 5), pair(1, 2));
    }
    // Rows around the dilated input, or rows that are cropped.
    assert_eq!(padded(conv(Dialect::Flax, Transposed, 3, 2), 2, 6), pair(2, 3));
    assert_eq!(padded(conv(Dialect::Onnx, Transposed, 4, 1), 5, 5), pair(1, 2));
    assert_eq!(padded(conv(Dialect::Jax, Forward, 2, 1), 5, 3), pair(0, -1));
    assert_eq!(padded(conv(Dialect::Keras, Forward, 3, 2), 28, 14), Some(Padding::Same));
    assert_eq!(padded(conv(Dialect::Keras, Forward, 3, 1), 5, 6), pair(1, 2));
    assert_eq!(padded(conv(Dialect::Torch, Forward, 4, 1), 5, 5), None);
    // However many rows it takes.
    assert_eq!(padded(conv(Dialect::Onnx, Forward, 9, 1), 5, 500_000_000), pair(250_000_001, 250_000_002));
}
