//! The arithmetic gives PyTorch's own answer on every recorded layer: the same output shape where PyTorch runs,
//! a refusal where it raises an error or gives an empty output. No record is left out.

mod torch_op;

use std::collections::BTreeMap;

use convshape_arith::op::{AxisOrder::ChannelsFirst, Conv, Op, Padding, PaddingMode};
use convshape_arith::shape::Shape;
use convshape_arith::solve::undo;
use convshape_tests::golden::{Framework, ShapeCase, shapes};

use self::torch_op::torch_op;

fn records() -> impl Iterator<Item = ShapeCase> {
    shapes().into_iter().filter(|case| case.framework == Framework::Torch)
}

/// The convolutions of either direction that PyTorch runs, with their input.
fn convs() -> impl Iterator<Item = (ShapeCase, Conv, Shape)> {
    records().filter(|case| case.expected().is_some()).filter_map(|case| match torch_op(&case)? {
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
    /// Refused for a word that the language does not have, such as `padding: "Same"`.
    unknown_word: usize,
}

#[test]
fn every_record_agrees() {
    let mut wrong = Vec::new();
    let mut counts = BTreeMap::<String, Count>::new();
    for case in records() {
        let count = counts.entry(case.op.clone()).or_default();
        let expected = case.expected().map(Shape::of);
        let found = match torch_op(&case) {
            Some(op) => op.output(&[Shape::of(&case.input)], ChannelsFirst).ok(),
            None => {
                count.unknown_word += 1;
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
        ("avgpool", 849, 278, 0),
        ("conv", 1536, 664, 33),
        ("conv_transpose", 1433, 767, 0),
        ("maxpool", 789, 284, 0),
        ("pixel_shuffle", 84, 8, 0),
        ("pixel_unshuffle", 87, 8, 0),
        ("upsample", 466, 47, 11),
    ]
    .map(|(op, accepted, refused, unknown_word)| (op.to_owned(), Count { accepted, refused, unknown_word }));
    assert_eq!(counts, BTreeMap::from(expected));
}

/// What is worked out from the input's channels is what the record says.
#[test]
fn channels_may_be_left_out() {
    for (case, conv, input) in convs() {
        let found = Op::Conv(Conv { inputs: None, ..conv }).output(&[input], ChannelsFirst);
        assert_eq!(found.ok(), case.expected().map(Shape::of), "{}", case.id());
    }
}

/// `padding: [(1, 1)]` says the same as `padding: 1`.
#[test]
fn padding_may_be_written_as_pairs() {
    for (case, conv, input) in convs() {
        let Padding::Symmetric(padding) = conv.padding else { continue };
        let conv = Conv { padding: Padding::Pairs(padding.map(|rows| (rows, rows))), ..conv };
        let found = Op::Conv(conv).output(&[input], ChannelsFirst);
        assert_eq!(found.ok(), case.expected().map(Shape::of), "{}", case.id());
    }
}

/// The layer that undoes a recorded one gives the recorded input back.
#[test]
fn every_convolution_is_undone() {
    let mut undone = 0;
    for (case, conv, input) in convs() {
        let output = Op::Conv(conv).output(&[input], ChannelsFirst).expect("the record is accepted");
        let reverse = undo(&conv, &input, ChannelsFirst).expect("the record is accepted");
        assert_eq!(reverse.padding_mode, PaddingMode::Zeros, "{}", case.id());
        let back = Op::Conv(reverse).output(&[output], ChannelsFirst);
        assert_eq!(back.ok(), Some(input), "{}: {reverse:?}\n{case:?}", case.id());
        undone += 1;
    }
    assert_eq!(undone, 1536 + 1433);
}
