//! Numbers from textbooks, or computed by hand.

use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::op::AxisOrder::{ChannelsFirst, ChannelsLast};
use convshape_arith::op::{
    Activation, Amount, Axis, AxisOrder, Conv, DepthOrder, Dialect, Direction, DropTogether, Interpolation, Op,
    Padding, PaddingMode, Pool, PoolKind, ResizeTo, Upsample,
};
use convshape_arith::shape::Shape;

use super::apply;

/// The output shape and elements of a layer.
fn run(op: Op, order: AxisOrder, params: &[&[f64]], inputs: &[(&[i64], &[f64])]) -> (Shape, Vec<f64>) {
    let shapes: Vec<Shape> = inputs.iter().map(|(sizes, _)| Shape::of(sizes)).collect();
    let inputs: Vec<(&Shape, &[f64])> = shapes.iter().zip(inputs).map(|(shape, &(_, x))| (shape, x)).collect();
    let output = op.output(&shapes, order).unwrap();
    let mut y = vec![f64::NAN; output.numbers().unwrap().iter().product()];
    apply(&op, order, params, &inputs[..], &output, &mut y).unwrap();
    (output, y)
}

#[track_caller]
fn gives(op: Op, params: &[&[f64]], input: (&[i64], &[f64]), output: (&[i64], &[f64])) {
    let (shape, y) = run(op, ChannelsFirst, params, &[input]);
    assert_eq!(shape, Shape::of(output.0));
    close(&y, output.1);
}

#[track_caller]
fn close(found: &[f64], expected: &[f64]) {
    let far = found.iter().zip(expected).any(|(a, b)| (a - b).abs() > 1e-12);
    assert!(found.len() == expected.len() && !far, "found {found:?}, expected {expected:?}");
}

fn conv(direction: Direction, rank: usize, outputs: i64, kernel: i64) -> Conv {
    Conv { outputs, kernel: [kernel; 3], bias: false, ..Conv::new(Dialect::Torch, direction, rank) }
}

fn transposed(stride: i64, padding: i64) -> Op {
    let plain = conv(Direction::Transposed, 2, 1, 2);
    Op::Conv(Conv { stride: [stride; 3], padding: Padding::Symmetric([padding; 3]), ..plain })
}

#[test]
fn the_textbook_transposed_convolution() {
    let k = [0.0, 1.0, 2.0, 3.0];
    let x = (&[1, 2, 2][..], &k[..]);
    gives(transposed(1, 0), &[&k], x, (&[1, 3, 3], &[0.0, 0.0, 1.0, 0.0, 4.0, 6.0, 4.0, 12.0, 9.0]));
    gives(transposed(1, 1), &[&k], x, (&[1, 1, 1], &[4.0]));
    let strided = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 3.0, 0.0, 2.0, 0.0, 3.0, 4.0, 6.0, 6.0, 9.0];
    gives(transposed(2, 0), &[&k], x, (&[1, 4, 4], &strided));
    gives(transposed(2, 1), &[&k], x, (&[1, 2, 2], &[0.0, 2.0, 2.0, 0.0]));
}

#[test]
fn added_rows_hold_the_bias_alone() {
    let plain = conv(Direction::Transposed, 1, 1, 2);
    let op = Op::Conv(Conv { bias: true, stride: [3; 3], output_padding: Some([1; 3]), ..plain });
    gives(op, &[&[1.0, 10.0], &[0.5]], (&[1, 2], &[1.0, 2.0]), (&[1, 6], &[1.5, 10.5, 0.5, 2.5, 20.5, 0.5]));
}

#[test]
fn a_convolution_does_not_flip() {
    let op = Op::Conv(Conv { stride: [2; 3], dilation: [2; 3], ..conv(Direction::Forward, 1, 1, 2) });
    gives(op, &[&[1.0, 10.0]], (&[1, 5], &[1.0, 2.0, 3.0, 4.0, 5.0]), (&[1, 2], &[31.0, 53.0]));
}

#[test]
fn groups_do_not_see_each_other() {
    let x = (&[2, 2][..], &[1.0, 2.0, 3.0, 4.0][..]);
    let w = [1.0, 10.0, 100.0, 1000.0];
    let y = (&[4, 2][..], &[1.0, 2.0, 10.0, 20.0, 300.0, 400.0, 3000.0, 4000.0][..]);
    for direction in [Direction::Forward, Direction::Transposed] {
        gives(Op::Conv(Conv { groups: 2, ..conv(direction, 1, 4, 1) }), &[&w], x, y);
    }
}

#[test]
fn borders_of_a_convolution() {
    let same = |padding_mode| {
        Op::Conv(Conv { padding: Padding::Symmetric([1; 3]), padding_mode, ..conv(Direction::Forward, 1, 1, 3) })
    };
    let (x, w) = ((&[1, 3][..], &[1.0, 2.0, 4.0][..]), [1.0, 0.0, 0.0]);
    gives(same(PaddingMode::Zeros), &[&w], x, (&[1, 3], &[0.0, 1.0, 2.0]));
    gives(same(PaddingMode::Reflect), &[&w], x, (&[1, 3], &[2.0, 1.0, 2.0]));
    gives(same(PaddingMode::Replicate), &[&w], x, (&[1, 3], &[1.0, 1.0, 2.0]));
    gives(same(PaddingMode::Circular), &[&w], x, (&[1, 3], &[4.0, 1.0, 2.0]));
}

#[test]
fn channels_last_is_the_same_convolution() {
    let w: Vec<f64> = (0..12).map(f64::from).collect();
    let op = Op::Conv(conv(Direction::Forward, 1, 2, 3));
    let (_, first) = run(op, ChannelsFirst, &[&w], &[(&[2, 4], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])]);
    let (shape, last) = run(op, ChannelsLast, &[&w], &[(&[4, 2], &[1.0, 5.0, 2.0, 6.0, 3.0, 7.0, 4.0, 8.0])]);
    assert_eq!(shape, Shape::of(&[2, 2]));
    close(&[last[0], last[2], last[1], last[3]], &first);
}

fn pool(kind: PoolKind, kernel: i64, stride: i64, padding: i64, count_include_pad: bool) -> Op {
    Op::Pool(Pool {
        kernel: [kernel; 3],
        stride: [stride; 3],
        padding: Padding::Symmetric([padding; 3]),
        ceil_mode: true,
        count_include_pad,
        ..Pool::new(Dialect::Torch, kind, 1)
    })
}

#[test]
fn divisors_of_a_mean() {
    // The windows start at -1, 1 and 3; the last one overhangs the padded input by one row.
    let x = (&[1, 4][..], &[1.0, 2.0, 3.0, 4.0][..]);
    gives(pool(PoolKind::Avg, 3, 2, 1, true), &[], x, (&[1, 3], &[1.0, 3.0, 2.0]));
    gives(pool(PoolKind::Avg, 3, 2, 1, false), &[], x, (&[1, 3], &[1.5, 3.0, 4.0]));
}

#[test]
fn a_maximum_ignores_the_border() {
    let x = (&[1, 4][..], &[-1.0, -2.0, -3.0, -4.0][..]);
    gives(pool(PoolKind::Max, 3, 2, 1, true), &[], x, (&[1, 3], &[-1.0, -2.0, -4.0]));
    let (_, y) = run(pool(PoolKind::Max, 2, 2, 0, true), ChannelsFirst, &[], &[(&[1, 2], &[f64::NAN, 1.0])]);
    assert!(y[0].is_nan());
}

#[test]
fn shares_of_an_axis_overlap() {
    let op = |kind| Op::AdaptivePool { kind, rank: 1, size: [3; 3] };
    let x = (&[1, 5][..], &[1.0, 2.0, 3.0, 4.0, 5.0][..]);
    gives(op(PoolKind::Avg), &[], x, (&[1, 3], &[1.5, 3.0, 4.5]));
    gives(op(PoolKind::Max), &[], x, (&[1, 3], &[2.0, 4.0, 5.0]));
    gives(Op::GlobalPool { kind: PoolKind::Avg, keep_axes: false }, &[], x, (&[1], &[3.0]));
    gives(Op::GlobalPool { kind: PoolKind::Avg, keep_axes: true }, &[], x, (&[1, 1], &[3.0]));
}

fn upsample(to: ResizeTo, mode: Interpolation, align_corners: Option<bool>) -> Op {
    Op::Upsample(Upsample { rank: None, to, mode, align_corners })
}

#[test]
fn interpolation() {
    let x = (&[1, 3][..], &[0.0, 3.0, 6.0][..]);
    let (scale, size) = (ResizeTo::Scale([1.5; 3]), ResizeTo::Size([4; 3]));
    gives(upsample(scale, Interpolation::Nearest, None), &[], x, (&[1, 4], &[0.0, 0.0, 3.0, 6.0]));
    gives(upsample(scale, Interpolation::Linear, None), &[], x, (&[1, 4], &[0.0, 1.5, 3.5, 5.5]));
    gives(upsample(size, Interpolation::Nearest, None), &[], x, (&[1, 4], &[0.0, 0.0, 3.0, 6.0]));
    gives(upsample(size, Interpolation::NearestExact, None), &[], x, (&[1, 4], &[0.0, 3.0, 3.0, 6.0]));
    gives(upsample(size, Interpolation::Linear, Some(false)), &[], x, (&[1, 4], &[0.0, 1.875, 4.125, 6.0]));
    gives(upsample(size, Interpolation::Linear, Some(true)), &[], x, (&[1, 4], &[0.0, 2.0, 4.0, 6.0]));
    let like = upsample(ResizeTo::Like, Interpolation::Nearest, None);
    assert_eq!(run(like, ChannelsFirst, &[], &[x, (&[2, 4], &[0.0; 8])]).1, [0.0, 0.0, 3.0, 6.0]);
}

/// Ties between two rows: the answers of PyTorch 2.15.0 for `f32`.
#[test]
fn the_nearest_row_is_that_of_pytorch() {
    let recorded = [
        (ResizeTo::Scale([3.7; 3]), Interpolation::Nearest, 11, 37, 10.0),
        (ResizeTo::Scale([4.9; 3]), Interpolation::Nearest, 11, 49, 10.0),
        (ResizeTo::Size([82; 3]), Interpolation::Nearest, 2, 41, 0.0),
        (ResizeTo::Size([98; 3]), Interpolation::Nearest, 2, 49, 1.0),
        (ResizeTo::Scale([3.7; 3]), Interpolation::NearestExact, 6, 18, 5.0),
        (ResizeTo::Scale([4.9; 3]), Interpolation::NearestExact, 6, 24, 5.0),
        (ResizeTo::Size([41; 3]), Interpolation::NearestExact, 2, 20, 1.0),
        (ResizeTo::Size([61; 3]), Interpolation::NearestExact, 2, 30, 0.0),
    ];
    for (to, mode, rows, row, expected) in recorded {
        let x: Vec<f64> = (0..rows).map(f64::from).collect();
        let (_, y) = run(upsample(to, mode, None), ChannelsFirst, &[], &[(&[1, rows.into()], &x)]);
        assert_eq!(y[row], expected, "{to:?} {mode:?} of {rows} rows");
    }
}

#[test]
fn bicubic_overshoots() {
    let op = upsample(ResizeTo::Size([1, 4, 1]), Interpolation::Bicubic, None);
    let y = [-0.10546875, 0.2265625, 0.7734375, 1.10546875];
    gives(op, &[], (&[1, 1, 2], &[0.0, 1.0]), (&[1, 1, 4], &y));
}

#[test]
fn shuffles() {
    let x: Vec<f64> = (0..8).map(f64::from).collect();
    let x = (&[8, 1, 1][..], &x[..]);
    gives(Op::PixelShuffle { factor: 2 }, &[], x, (&[2, 2, 2], x.1));
    gives(Op::PixelUnshuffle { factor: 2 }, &[], (&[2, 2, 2], x.1), x);
    gives(Op::DepthToSpace { factor: 2, order: DepthOrder::Crd }, &[], x, (&[2, 2, 2], x.1));
    let dcr = [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0];
    gives(Op::DepthToSpace { factor: 2, order: DepthOrder::Dcr }, &[], x, (&[2, 2, 2], &dcr));
}

#[test]
fn pad_and_crop() {
    let pairs = |lo, hi| Amount::Pairs { rank: None, pairs: [(lo, hi); 3] };
    let pad = |amount, mode| Op::Pad { amount, mode, value: 9.0, axis: None };
    let x = (&[1, 3][..], &[1.0, 2.0, 3.0][..]);
    gives(pad(pairs(1, 2), PaddingMode::Zeros), &[], x, (&[1, 6], &[9.0, 1.0, 2.0, 3.0, 9.0, 9.0]));
    gives(pad(pairs(-1, 1), PaddingMode::Zeros), &[], x, (&[1, 3], &[2.0, 3.0, 9.0]));
    gives(pad(pairs(2, 1), PaddingMode::Reflect), &[], x, (&[1, 6], &[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]));
    gives(pad(pairs(2, 1), PaddingMode::Replicate), &[], x, (&[1, 6], &[1.0, 1.0, 1.0, 2.0, 3.0, 3.0]));
    gives(pad(pairs(2, 1), PaddingMode::Circular), &[], x, (&[1, 6], &[2.0, 3.0, 1.0, 2.0, 3.0, 1.0]));
    gives(Op::Crop { amount: pairs(0, 1) }, &[], x, (&[1, 2], &[1.0, 2.0]));

    // Along one axis, whatever the order of axes.
    let along =
        |axis, lo, hi| Op::Pad { amount: pairs(lo, hi), mode: PaddingMode::Zeros, value: 9.0, axis: Some(axis) };
    let x = (&[2, 3][..], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..]);
    gives(along(Axis::At(0), 0, 1), &[], x, (&[3, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0, 9.0, 9.0]));
    gives(along(Axis::At(-1), 1, 0), &[], x, (&[2, 4], &[9.0, 1.0, 2.0, 3.0, 9.0, 4.0, 5.0, 6.0]));
    let channels = |order| run(along(Axis::Channels, 1, 0), order, &[], &[x]).1;
    assert_eq!(channels(ChannelsFirst), [9.0, 9.0, 9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(channels(ChannelsLast), [9.0, 1.0, 2.0, 3.0, 9.0, 4.0, 5.0, 6.0]);
    gives(along(Axis::At(0), 1, 1), &[], (&[2], &[1.0, 2.0]), (&[4], &[9.0, 1.0, 2.0, 9.0]));
    let x = (&[1, 3][..], &[1.0, 2.0, 3.0][..]);

    let like = |op, input, sizes| run(op, ChannelsFirst, &[], &[input, (sizes, &[])]).1;
    let wide = (&[1, 6][..], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..]);
    for (start, padded, cropped) in [
        (false, [9.0, 1.0, 2.0, 3.0, 9.0, 9.0], [2.0, 3.0, 4.0]),
        (true, [1.0, 2.0, 3.0, 9.0, 9.0, 9.0], [1.0, 2.0, 3.0]),
    ] {
        assert_eq!(like(pad(Amount::Like { start }, PaddingMode::Zeros), x, &[1, 6]), padded);
        assert_eq!(like(Op::Crop { amount: Amount::Like { start } }, wide, &[1, 3]), cropped);
    }
}

#[test]
fn sums_and_products_broadcast() {
    let x = (&[2, 3][..], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..]);
    let sum = |order, other| run(Op::Add, order, &[], &[x, other]).1;
    assert_eq!(sum(ChannelsFirst, x), [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
    assert_eq!(sum(ChannelsFirst, (&[2], &[10.0, 20.0])), [11.0, 12.0, 13.0, 24.0, 25.0, 26.0]);
    assert_eq!(sum(ChannelsLast, (&[3], &[10.0, 20.0, 30.0])), [11.0, 22.0, 33.0, 14.0, 25.0, 36.0]);
    assert_eq!(sum(ChannelsFirst, (&[1, 3], &[10.0, 20.0, 30.0])), [11.0, 22.0, 33.0, 14.0, 25.0, 36.0]);
    assert_eq!(sum(ChannelsFirst, (&[3], &[10.0, 20.0, 30.0])), [11.0, 22.0, 33.0, 14.0, 25.0, 36.0]);
    let (shape, y) = run(Op::Sub, ChannelsFirst, &[], &[x, (&[2, 1, 3], &[0.0, 0.0, 1.0, 1.0, 1.0, 2.0])]);
    assert_eq!(
        (shape, &y[..]),
        (Shape::of(&[2, 2, 3]), &[1.0, 2.0, 2.0, 4.0, 5.0, 5.0, 0.0, 1.0, 1.0, 3.0, 4.0, 4.0][..])
    );
    let (shape, y) = run(Op::Mul, ChannelsFirst, &[], &[(&[2, 1], &[2.0, 3.0]), (&[1, 2], &[5.0, 7.0])]);
    assert_eq!((shape, &y[..]), (Shape::of(&[2, 2]), &[10.0, 14.0, 15.0, 21.0][..]));
    let (_, y) = run(Op::Add, ChannelsFirst, &[], &[(&[2], &[1.0, 2.0]), (&[2, 1], &[3.0, 4.0]), (&[1], &[9.0])]);
    assert_eq!(y, [13.0, 15.0]);
}

#[test]
fn channels_are_joined_and_taken() {
    let (a, b) = ((&[1, 2][..], &[1.0, 2.0][..]), (&[2, 2][..], &[3.0, 4.0, 5.0, 6.0][..]));
    assert_eq!(run(Op::CONCAT, ChannelsFirst, &[], &[a, b]).1, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let (shape, y) = run(Op::CONCAT, ChannelsLast, &[], &[(&[2, 1], a.1), b]);
    assert_eq!((shape, &y[..]), (Shape::of(&[2, 3]), &[1.0, 3.0, 4.0, 2.0, 5.0, 6.0][..]));
    let slice = Op::Slice { axis: Axis::Channels, start: 1, end: Some(3) };
    assert_eq!(run(slice, ChannelsLast, &[], &[(&[2, 3], &y)]).1, b.1);
    gives(slice, &[], (&[3, 1], &[1.0, 2.0, 3.0]), (&[2, 1], &[2.0, 3.0]));
}

#[test]
fn dense_and_norms() {
    let linear = Op::Linear { dialect: Dialect::Torch, inputs: None, outputs: 1, bias: true };
    gives(linear, &[&[1.0, 10.0], &[100.0]], (&[2, 2], &[1.0, 2.0, 3.0, 4.0]), (&[2, 1], &[121.0, 143.0]));

    let x = (&[2, 2][..], &[1.0, 3.0, 10.0, 30.0][..]);
    let batch = Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps: 1e-14, affine: false, momentum: 0.1 };
    gives(batch, &[&[1.0, 10.0], &[4.0, 100.0]], x, (&[2, 2], &[0.0, 1.0, 0.0, 2.0]));
    let instance = Op::InstanceNorm { dialect: Dialect::Torch, channels: None, eps: 1e-14, affine: false };
    gives(instance, &[], x, (&[2, 2], &[-1.0, 1.0, -1.0, 1.0]));
    let affine: [&[f64]; 2] = [&[2.0, 3.0], &[10.0, 20.0]];
    let group = Op::GroupNorm { dialect: Dialect::Torch, channels: None, groups: 2, eps: 1e-14 };
    gives(group, &affine, x, (&[2, 2], &[8.0, 12.0, 17.0, 23.0]));
    let layer = Op::LayerNorm { dialect: Dialect::Torch, size: Some(Shape::of(&[2])), eps: 1e-14 };
    gives(layer, &affine, x, (&[2, 2], &[8.0, 23.0, 8.0, 23.0]));
    gives(Op::SOFTMAX, &[], (&[2, 2], &[0.0, 1e4, 3_f64.ln(), -1e4]), (&[2, 2], &[0.25, 1.0, 0.75, 0.0]));
}

#[test]
fn element_wise() {
    let x = (&[1, 4][..], &[-4.0, -1.0, 1.0, 30.0][..]);
    let activation = |function, y: [f64; 4]| gives(Op::Activation(function), &[], x, (&[1, 4], &y));
    activation(Activation::Relu, [0.0, 0.0, 1.0, 30.0]);
    activation(Activation::Relu6, [0.0, 0.0, 1.0, 6.0]);
    activation(Activation::LeakyRelu { slope: 0.5 }, [-2.0, -0.5, 1.0, 30.0]);
    activation(Activation::Hardswish, [0.0, -1.0 / 3.0, 2.0 / 3.0, 30.0]);
    activation(Activation::Hardsigmoid { alpha: 1.0 / 6.0 }, [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    activation(Activation::Clamp { min: -2.0, max: 2.0 }, [-2.0, -1.0, 1.0, 2.0]);
    activation(
        Activation::Softplus,
        [0.018_149_927_917_809_74, 0.313_261_687_518_222_84, 1.313_261_687_518_222_8, 30.0],
    );
    gives(Op::Scale { by: 0.5 }, &[], x, (&[1, 4], &[-2.0, -0.5, 0.5, 15.0]));
    gives(Op::Dropout { p: 0.5, together: DropTogether::Element }, &[], x, x);
    gives(Op::FLATTEN, &[], x, (&[4], x.1));

    let x = (&[2, 2][..], &[-1.0, 1.0, -2.0, 2.0][..]);
    gives(Op::Prelu { channels: 1 }, &[&[0.5]], x, (&[2, 2], &[-0.5, 1.0, -1.0, 2.0]));
    gives(Op::Prelu { channels: 2 }, &[&[0.5, 0.25]], x, (&[2, 2], &[-0.5, 1.0, -0.5, 2.0]));
    let snake = |x: f64, w: f64| x + (w * x).sin().powi(2) / (w + 1e-9);
    let y = [snake(-1.0, 1.0), snake(1.0, 1.0), snake(-2.0, 0.5), snake(2.0, 0.5)];
    gives(Op::Snake { channels: None }, &[&[1.0, 0.5]], x, (&[2, 2], &y));
}

#[test]
fn what_is_not_a_number_stays_so() {
    for function in [Activation::Relu, Activation::Relu6, Activation::LeakyRelu { slope: 0.1 }, Activation::Hardswish] {
        assert!(run(Op::Activation(function), ChannelsFirst, &[], &[(&[1], &[f64::NAN])]).1[0].is_nan());
    }
}
