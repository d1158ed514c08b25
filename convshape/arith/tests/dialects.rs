//! The same words in several frameworks: what comes out, how the arithmetic is shown, and what the notes say.

use convshape_arith::explain::{arithmetic, dialect_note};
use convshape_arith::op::Dialect::{Flax, Jax, Keras, Onnx, Torch};
use convshape_arith::op::Direction::{Forward, Transposed};
use convshape_arith::op::{AutoPad, Conv, Dialect, Direction, Op, Padding, Pool, PoolKind};
use convshape_arith::shape::Shape;
use convshape_arith::size::{Size, Symbol};
use convshape_arith::text::Text;

/// One channel of `rows` rows in the dialect's order.
fn line(dialect: Dialect, rows: Size, scope: &'static [Symbol]) -> Shape {
    let mut shape = Shape::new(&[Size::Number(1), Size::Number(1)], scope);
    shape = shape.with(dialect.order().spatial(0), rows);
    shape
}

fn conv(dialect: Dialect, direction: Direction, kernel: i64, stride: i64) -> Conv {
    Conv { outputs: 1, bias: false, kernel: [kernel; 3], stride: [stride; 3], ..Conv::new(dialect, direction, 1) }
}

fn rows_of(conv: Conv, rows: i64) -> Option<i64> {
    let order = conv.dialect.order();
    let output = Op::Conv(conv).output(&[line(conv.dialect, Size::Number(rows), &[])], order).ok()?;
    output.size(order.spatial(0)).number()
}

fn symmetric(rows: i64) -> Padding {
    Padding::Symmetric([rows; 3])
}

fn note(conv: Conv, rows: i64, wanted: Option<i64>) -> Option<String> {
    let order = conv.dialect.order();
    let input = line(conv.dialect, Size::Number(rows), &[]);
    let wanted = wanted.map(|rows| line(conv.dialect, Size::Number(rows), &[]));
    let mut text = Text::new();
    dialect_note(&mut text, &Op::Conv(conv), &input, wanted.as_ref(), order).then(|| text.as_str().to_owned())
}

#[test]
fn padding_0_collapses_in_flax() {
    let torch = Conv { padding: symmetric(0), ..conv(Torch, Transposed, 3, 1) };
    assert_eq!(rows_of(torch, 2), Some(4));
    let flax = Conv { dialect: Flax, ..torch };
    assert_eq!(rows_of(flax, 2), None);
    assert_eq!(
        note(flax, 2, None).as_deref(),
        Some(
            "flax pads the dilated input, so `padding: 0` gives the smallest output: what PyTorch calls `padding: 0` \
             is `padding: 2` here, or `padding: valid`"
        )
    );
    assert_eq!(rows_of(Conv { padding: symmetric(2), ..flax }, 2), Some(4));
    assert_eq!(rows_of(Conv { padding: Padding::Valid, ..flax }, 2), Some(4));
    // Where PyTorch's meaning does not explain it either, nothing is said.
    assert_eq!(note(flax, 2, Some(7)), None);
    // jax has a word for PyTorch's meaning.
    let jax = Conv { dialect: Jax, consistent_padding: true, ..torch };
    assert_eq!(rows_of(jax, 2), Some(4));
}

#[test]
fn words_that_differ_are_explained() {
    let keras = conv(Keras, Transposed, 4, 2);
    let same = Conv { padding: Padding::Same, ..keras };
    assert_eq!(rows_of(same, 5), Some(10));
    // TensorFlow refuses what keras would compute: 8 rows, of which the forward convolution makes 4.
    let zero = Conv { output_padding: Some([0; 3]), ..same };
    assert_eq!(rows_of(zero, 5), None);
    assert!(note(zero, 5, None).is_some_and(|note| note.contains("`output_padding: none`")));
    let wide = conv(Keras, Transposed, 1, 3);
    assert_eq!(rows_of(wide, 5), Some(15));
    assert!(note(wide, 5, Some(13)).is_some_and(|note| note.contains("`output_padding: 0` adds none")));
    let torch = Conv { padding: Padding::Same, ..conv(Torch, Transposed, 3, 2) };
    assert_eq!(
        note(torch, 5, None).as_deref(),
        Some(
            "PyTorch has no `same` for a transposed convolution: `padding: 1, output_padding: 1` gives input * stride"
        )
    );
    let torch = Conv { padding: symmetric(1), output_padding: Some([1; 3]), ..torch };
    assert_eq!(rows_of(torch, 5), Some(10));
    let strided = Conv { padding: Padding::Same, ..conv(Torch, Forward, 3, 2) };
    assert!(note(strided, 6, None).is_some_and(|note| note.contains("`padding: [(0, 1)]`")));
    assert!(note(conv(Flax, Forward, 3, 1), 6, Some(4)).is_some_and(|note| note.contains("`padding: valid`")));
}

#[test]
fn pooling_steps_by_its_window_or_by_one() {
    let pool = |dialect| Pool { kernel: [2; 3], ..Pool::new(dialect, PoolKind::Max, 1) }.with_default_stride();
    let order = Flax.order();
    let input = Shape::of(&[8, 1]);
    let op = Op::Pool(pool(Flax));
    assert_eq!(op.output(&[input], order).ok(), Some(Shape::of(&[7, 1])));
    let mut text = Text::new();
    assert!(dialect_note(&mut text, &op, &input, Some(&Shape::of(&[4, 1])), order));
    assert!(text.as_str().contains("`stride: 2`"), "{}", text.as_str());
    assert_eq!(Op::Pool(pool(Keras)).output(&[input], order).ok(), Some(Shape::of(&[4, 1])));
}

#[test]
fn the_arithmetic_is_the_dialects_own() {
    let shown = |conv: Conv, rows| {
        let mut text = Text::new();
        let input = line(conv.dialect, Size::Number(rows), &[]);
        assert!(arithmetic(&mut text, &Op::Conv(conv), &input, conv.dialect.order(), 0));
        text.as_str().to_owned()
    };
    let torch = Conv { padding: symmetric(1), output_padding: Some([1; 3]), ..conv(Torch, Transposed, 3, 2) };
    assert_eq!(shown(torch, 5), "length: (5 - 1) * 2 - 2 * 1 + 1 * (3 - 1) + 1 + 1 = 10");
    let flax = Conv { padding: symmetric(1), ..conv(Flax, Transposed, 3, 2) };
    assert_eq!(shown(flax, 5), "length: (5 - 1) * 2 + 1 + 2 * 1 - 1 * (3 - 1) = 9");
    let dilated = Conv { input_dilation: [2; 3], padding: Padding::Pairs([(-1, 2); 3]), ..conv(Jax, Forward, 3, 1) };
    assert_eq!(shown(dilated, 5), "length: floor(((5 - 1) * 2 + 1 - 1 + 2 - 1 * (3 - 1) - 1) / 1) + 1 = 8");
    let same = Conv { padding: Padding::Same, ..conv(Keras, Forward, 4, 3) };
    assert_eq!(shown(same, 16), "length: floor((16 + 1 + 2 - 1 * (4 - 1) - 1) / 3) + 1 = 6");
}

const H: &[Symbol] = &[Symbol { name: "h", low: 1, high: i64::MAX }];

/// `same` of `12*h + b` is the same everywhere, and what it is for each number.
#[test]
fn same_pads_alike_over_a_whole_range() {
    for (dialect, direction) in
        [(Flax, Forward), (Keras, Forward), (Onnx, Forward), (Jax, Forward), (Keras, Transposed)]
    {
        let order = dialect.order();
        for (kernel, stride, offset) in [(3, 2, 0), (4, 3, 5), (1, 4, -3), (5, 1, 7), (2, 4, 2)] {
            let conv = Conv { padding: Padding::Same, ..conv(dialect, direction, kernel, stride) };
            let input = line(dialect, Size::Symbolic { scale: 12, symbol: 0, offset }, H);
            let output = Op::Conv(conv).output(&[input], order).expect("the stride divides 12");
            let Size::Symbolic { scale, offset: more, .. } = output.size(order.spatial(0)) else { panic!("{output}") };
            for h in 1..5 {
                assert_eq!(rows_of(conv, 12 * h + offset), Some(scale * h + more), "{dialect:?} {kernel} {stride}");
            }
        }
    }
    let odd = Conv { padding: Padding::Same, ..conv(Flax, Forward, 3, 5) };
    let input = line(Flax, Size::Symbolic { scale: 12, symbol: 0, offset: 0 }, H);
    assert!(Op::Conv(odd).output(&[input], Flax.order()).is_err());
}

#[test]
fn onnx_takes_pads_or_auto_pad() {
    let auto = Conv { auto_pad: AutoPad::SameUpper, ..conv(Onnx, Forward, 3, 2) };
    assert_eq!(rows_of(auto, 7), Some(4));
    assert_eq!(rows_of(Conv { padding: symmetric(1), ..auto }, 7), None);
    assert_eq!(rows_of(Conv { padding: symmetric(1), auto_pad: AutoPad::NotSet, ..auto }, 7), Some(4));
}

/// A depthwise convolution has as many groups as channels, and a kernel `[.., C, M]`.
#[test]
fn depthwise_channels_follow_the_input() {
    let conv = Conv { depth_multiplier: Some(3), kernel: [2; 3], ..Conv::new(Keras, Forward, 1) };
    let input = Shape::of(&[5, 4]);
    let op = Op::Conv(conv).bind(&[input], Keras.order());
    assert_eq!(op.output(&[input], Keras.order()).ok(), Some(Shape::of(&[4, 12])));
    let params: Vec<_> = op.params().iter().map(|spec| (spec.suffix, spec.shape)).collect();
    assert_eq!(params, [("/kernel", Shape::of(&[2, 4, 3])), ("/bias", Shape::of(&[12]))]);
    assert_eq!(op.macs(&[input], &Shape::of(&[4, 12]), Keras.order()), 4 * 12 * 2);
    // Before its input is known, its output is open too.
    let open = Shape::new(&[Size::Number(5), Size::Unknown], &[]);
    let output = Op::Conv(conv).output(&[open], Keras.order()).expect("nothing speaks against it");
    assert_eq!(output.sizes(), [Size::Number(4), Size::Unknown]);
}
