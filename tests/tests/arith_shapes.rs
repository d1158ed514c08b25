//! The arithmetic gives each framework's own answer for every recorded layer that the language can express: the same
//! output shape if the framework runs, an error if it raises one or gives an empty output. No PyTorch record is left
//! out.

use std::collections::BTreeMap;

use convshape_arith::op::{AxisOrder::ChannelsFirst, Conv, Dialect, Direction, Op, Padding, PaddingMode};
use convshape_arith::shape::Shape;
use convshape_arith::solve::undo;
use convshape_tests::golden::{Framework, ShapeCase, dialect, expressible, recorded_op, shape, shapes};

fn records() -> impl Iterator<Item = ShapeCase> {
    shapes().into_iter().filter(|case| case.framework == Framework::Torch)
}

/// The convolutions of either direction that PyTorch runs, with their input.
fn convs() -> impl Iterator<Item = (ShapeCase, Conv, Shape)> {
    records().filter(|case| case.expected().is_some()).filter_map(|case| match recorded_op(&case)? {
        Op::Conv(conv) => {
            let input = Shape::of(&case.input);
            Some((case, conv, input))
        }
        _ => None,
    })
}

/// How many records of an operation there are.
#[derive(Default, PartialEq, Debug)]
struct Count {
    accepted: usize,
    refused: usize,
    /// Rejected for a word that the language does not have, such as `padding: "Same"`.
    unwritable: usize,
}

#[test]
fn every_record_agrees() {
    let mut wrong = Vec::new();
    let mut counts = BTreeMap::<(Framework, String), Count>::new();
    for case in shapes().into_iter().filter(expressible) {
        let count = counts.entry((case.framework, case.op.clone())).or_default();
        let dialect = dialect(case.framework);
        let expected = case.expected().map(|sizes| shape(sizes, dialect));
        let found = match recorded_op(&case) {
            Some(op) => op.output(&[shape(&case.input, dialect)], dialect.order()).ok(),
            None => {
                count.unwritable += 1;
                None
            }
        };
        *(if expected.is_some() { &mut count.accepted } else { &mut count.refused }) += 1;
        if found != expected {
            wrong.push(format!("{}: found {found:?}, expected {expected:?}\n{case:?}", case.id()));
        }
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
    let expected = [
        (Framework::Torch, "avgpool", 849, 278, 0),
        (Framework::Torch, "conv", 1536, 664, 33),
        (Framework::Torch, "conv_transpose", 1433, 767, 0),
        (Framework::Torch, "maxpool", 789, 284, 0),
        (Framework::Torch, "pixel_shuffle", 84, 8, 0),
        (Framework::Torch, "pixel_unshuffle", 87, 8, 0),
        (Framework::Torch, "upsample", 466, 47, 11),
        (Framework::Jax, "conv_general_dilated", 1619, 369, 30),
        (Framework::Jax, "conv_transpose", 1958, 209, 0),
        (Framework::Flax, "conv", 1412, 429, 17),
        (Framework::Flax, "conv_transpose", 1792, 170, 27),
        (Framework::Keras, "avgpool", 823, 55, 0),
        (Framework::Keras, "conv", 1526, 412, 0),
        (Framework::Keras, "conv_transpose", 1300, 355, 0),
        (Framework::Keras, "depthwise_conv", 509, 101, 0),
        (Framework::Keras, "maxpool", 836, 48, 0),
        (Framework::Keras, "separable_conv", 495, 95, 0),
        (Framework::Tf, "conv_transpose", 1529, 242, 0),
        (Framework::Onnx, "avgpool", 718, 54, 0),
        (Framework::Onnx, "conv", 1296, 231, 0),
        (Framework::Onnx, "conv_transpose", 1656, 141, 0),
        (Framework::Onnx, "maxpool", 902, 74, 0),
    ]
    .map(|(framework, op, accepted, refused, unwritable)| {
        ((framework, op.to_owned()), Count { accepted, refused, unwritable })
    });
    assert_eq!(counts, BTreeMap::from(expected));
}

/// What is computed from the input's channels equals the record.
#[test]
fn channels_may_be_left_out() {
    for (case, conv, input) in convs() {
        let found = Op::Conv(Conv { inputs: None, ..conv }).output(&[input], ChannelsFirst);
        assert_eq!(found.ok(), case.expected().map(Shape::of), "{}", case.id());
    }
}

/// `padding: [(1, 1)]` is the same as `padding: 1`.
#[test]
fn padding_may_be_written_as_pairs() {
    for (case, conv, input) in convs() {
        let Padding::Symmetric(padding) = conv.padding else { continue };
        let conv = Conv { padding: Padding::Pairs(padding.map(|rows| (rows, rows))), ..conv };
        let found = Op::Conv(conv).output(&[input], ChannelsFirst);
        assert_eq!(found.ok(), case.expected().map(Shape::of), "{}", case.id());
    }
}

/// The layer that undoes a recorded one gives the recorded input back, in every dialect.
#[test]
fn every_convolution_is_undone() {
    let mut undone = BTreeMap::<Framework, usize>::new();
    for case in shapes().into_iter().filter(|case| expressible(case) && case.expected().is_some()) {
        let Some(Op::Conv(conv)) = recorded_op(&case) else { continue };
        let dialect = dialect(case.framework);
        let (input, order) = (shape(&case.input, dialect), dialect.order());
        // Those without a reverse: only two frameworks have groups in transposed convolutions.
        let grouped = conv.groups > 1 && !matches!(case.framework, Framework::Torch | Framework::Onnx);
        if grouped || conv.depth_multiplier.is_some() || conv.input_dilation.iter().any(|step| *step > 1) {
            continue;
        }
        // keras has no convolutions with both.
        let above_one = |values: &[i64]| values[..conv.rank].iter().any(|value| *value > 1);
        if dialect == Dialect::Keras && above_one(&conv.stride) && above_one(&conv.dilation) {
            continue;
        }
        let output = Op::Conv(conv).output(&[input], order).expect("the record is accepted");
        let reverse = undo(&conv, &input, order).expect("the record is accepted");
        assert_eq!(reverse.padding_mode, PaddingMode::Zeros, "{}", case.id());
        // keras and onnx do not crop with negative padding.
        if let (Direction::Forward, Padding::Pairs(pairs)) = (reverse.direction, reverse.padding)
            && matches!(dialect, Dialect::Keras | Dialect::Onnx)
            && pairs[..reverse.rank].iter().any(|(lo, hi)| *lo < 0 || *hi < 0)
        {
            continue;
        }
        let back = Op::Conv(reverse).output(&[output], order);
        assert_eq!(back.ok(), Some(input), "{}: {reverse:?}\n{case:?}", case.id());
        *undone.entry(case.framework).or_default() += 1;
    }
    let expected = [
        (Framework::Torch, 1536 + 1433),
        (Framework::Jax, 2785),
        (Framework::Flax, 2781),
        (Framework::Keras, 2335),
        (Framework::Tf, 1499),
        (Framework::Onnx, 2952),
    ];
    assert_eq!(undone, BTreeMap::from(expected));
}
