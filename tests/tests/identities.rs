//! Relations between the two directions of a convolution, for random sizes in f64: a transposed convolution is the
//! adjoint of the convolution it undoes, the transpose of its matrix, and a plain convolution of the input with zeros
//! between its rows. At the end, examples from textbooks.

mod layer;

use convshape_arith::op::{AxisOrder::ChannelsFirst, Conv, Direction, Op, Padding};
use convshape_arith::solve::undo;
use ndarray::{IxDyn, indices};

use self::layer::{Array, Random, assert_close, conv, int, run, shape, size};

/// Each identity is checked on this many layers that fit, of every rank.
const LAYERS: usize = 300;

/// A convolution with random fields, and an input for it; they may turn out not to fit.
fn random_layer(random: &mut Random, direction: Direction) -> (Conv, Array) {
    let rank = random.size(1, 3);
    let groups = random.pick(1, 3);
    let (inputs, outputs) = (groups * random.pick(1, 2), groups * random.pick(1, 2));
    let most = if rank == 3 { 4 } else { 7 };
    let sizes: Vec<usize> = [size(inputs)].into_iter().chain((0..rank).map(|_| random.size(1, most))).collect();
    let conv = Conv {
        inputs: Some(inputs),
        outputs,
        groups,
        kernel: [0; 3].map(|_| random.pick(1, 3)),
        stride: [0; 3].map(|_| random.pick(1, 3)),
        dilation: [0; 3].map(|_| random.pick(1, 2)),
        padding: Padding::Pairs([0; 3].map(|_| (random.pick(-1, 3), random.pick(-1, 3)))),
        ..conv(direction, rank)
    };
    (conv, random.array(&sizes))
}

/// The sizes of a weight: output and input channels of a convolution, swapped for a transposed one.
fn weight_sizes(conv: &Conv) -> Vec<usize> {
    let inputs = conv.inputs.expect("written");
    let (first, second) = match conv.direction {
        Direction::Forward => (conv.outputs, inputs / conv.groups),
        Direction::Transposed => (inputs, conv.outputs / conv.groups),
    };
    [first, second].iter().chain(&conv.kernel[..conv.rank]).map(|&rows| size(rows)).collect()
}

/// Convolutions that fit, with input, weight, output and the layer that undoes them.
fn for_each_pair(direction: Direction, mut check: impl FnMut(&mut Random, &Conv, &Conv, [&Array; 3])) {
    let mut random = Random::new(7);
    let mut left = LAYERS;
    while left > 0 {
        let (conv, x) = random_layer(&mut random, direction);
        let weight = random.array(&weight_sizes(&conv));
        let Some(y) = run(&Op::Conv(conv), &[&weight], &[&x]) else { continue };
        let reverse = undo(&conv, &shape(&x), ChannelsFirst).expect("the layer fits");
        check(&mut random, &conv, &reverse, [&x, &weight, &y]);
        left -= 1;
    }
}

fn dot(a: &Array, b: &Array) -> f64 {
    assert_eq!(a.shape(), b.shape());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `<K x, y> = <x, K' y>`, where `K'` is the layer that undoes `K` and has the same weight.
#[test]
fn what_undoes_a_layer_is_its_adjoint() {
    for direction in [Direction::Forward, Direction::Transposed] {
        for_each_pair(direction, |random, conv, reverse, [x, weight, kx]| {
            let y = random.array(kx.shape());
            let back = run(&Op::Conv(*reverse), &[weight], &[&y]).expect("it undoes");
            let (left, right) = (dot(kx, &y), dot(x, &back));
            assert!((left - right).abs() < 1e-11, "{left} is not {right}: {conv:?} and {reverse:?}");
        });
    }
}

/// The matrix of a convolution, built column by column from the unit vectors, times `y` from the left.
#[test]
fn a_transposed_convolution_is_the_transposed_matrix() {
    for_each_pair(Direction::Forward, |random, conv, reverse, [x, weight, kx]| {
        let y = random.array(kx.shape());
        let mut expected = Array::zeros(x.shape());
        for place in indices(x.shape()) {
            let mut unit = Array::zeros(x.shape());
            unit[&place] = 1.0;
            let column = run(&Op::Conv(*conv), &[weight], &[&unit]).expect("it fits");
            expected[&place] = dot(&column, &y);
        }
        let found = run(&Op::Conv(*reverse), &[weight], &[&y]).expect("it undoes");
        assert_close(&found, &expected, reverse);
    });
}

/// The input with `stride - 1` zeros between its rows.
fn spread(x: &Array, stride: &[i64]) -> Array {
    let rows = |(&rows, &step): (&usize, &i64)| (rows - 1) * size(step) + 1;
    let sizes: Vec<usize> = [x.shape()[0]].into_iter().chain(x.shape()[1..].iter().zip(stride).map(rows)).collect();
    let mut spread = Array::zeros(sizes);
    for (place, value) in x.indexed_iter() {
        let mut place = place.clone();
        for (axis, &step) in stride.iter().enumerate() {
            place[axis + 1] *= size(step);
        }
        spread[place] = *value;
    }
    spread
}

/// The kernel flipped on every axis, with the input and output channels of each group swapped.
fn turned(weight: &Array, conv: &Conv) -> Array {
    let (groups, inputs) = (size(conv.groups), weight.shape()[0] / size(conv.groups));
    let outputs = weight.shape()[1];
    let mut sizes = weight.shape().to_vec();
    (sizes[0], sizes[1]) = (groups * outputs, inputs);
    Array::from_shape_fn(sizes, |place| {
        let (group, output) = (place[0] / outputs, place[0] % outputs);
        let mut from = vec![group * inputs + place[1], output];
        from.extend((0..conv.rank).map(|axis| size(conv.kernel[axis]) - 1 - place[axis + 2]));
        weight[IxDyn(&from)]
    })
}

/// Padding `d * (k - 1) - p`, plus the output padding at the end.
#[test]
fn a_transposed_convolution_is_a_convolution_of_the_spread_input() {
    let mut random = Random::new(11);
    let mut left = LAYERS;
    while left > 0 {
        let (conv, x) = random_layer(&mut random, Direction::Transposed);
        let output_padding = [0, 1, 2].map(|axis| random.pick(0, conv.stride[axis].max(conv.dilation[axis]) - 1));
        let conv = Conv { output_padding: Some(output_padding), ..conv };
        let weight = random.array(&weight_sizes(&conv));
        let Some(found) = run(&Op::Conv(conv), &[&weight], &[&x]) else { continue };
        let Padding::Pairs(pairs) = conv.padding else { unreachable!("random layers have pairs") };
        let padding = [0, 1, 2].map(|axis| {
            let full = conv.dilation[axis] * (conv.kernel[axis] - 1);
            (full - pairs[axis].0, full - pairs[axis].1 + output_padding[axis])
        });
        let plain = Conv {
            direction: Direction::Forward,
            stride: [1; 3],
            padding: Padding::Pairs(padding),
            output_padding: None,
            ..conv
        };
        let input = spread(&x, &conv.stride[..conv.rank]);
        let expected = run(&Op::Conv(plain), &[&turned(&weight, &conv)], &[&input]).expect("it fits as well");
        assert_close(&found, &expected, &conv);
        left -= 1;
    }
}

fn array(sizes: &[usize], values: &[f64]) -> Array {
    Array::from_shape_vec(IxDyn(sizes), values.to_vec()).expect("as many values as the sizes say")
}

/// The image that is its own kernel.
fn picture() -> Array {
    array(&[1, 2, 2], &[0.0, 1.0, 2.0, 3.0])
}

fn transposed_picture(stride: i64, padding: i64) -> Array {
    let conv = Conv {
        kernel: [2; 3],
        stride: [stride; 3],
        padding: Padding::Symmetric([padding; 3]),
        ..conv(Direction::Transposed, 2)
    };
    let weight = array(&[1, 1, 2, 2], &[0.0, 1.0, 2.0, 3.0]);
    run(&Op::Conv(conv), &[&weight], &[&picture()]).expect("it fits")
}

/// The example of "Dive into Deep Learning", chapter on transposed convolution.
#[test]
fn a_textbook_picture() {
    #[rustfmt::skip]
    let cases: [(i64, i64, &[f64]); 4] = [
        (1, 0, &[0.0, 0.0, 1.0,
                 0.0, 4.0, 6.0,
                 4.0, 12.0, 9.0]),
        (1, 1, &[4.0]),
        (2, 0, &[0.0, 0.0, 0.0, 1.0,
                 0.0, 0.0, 2.0, 3.0,
                 0.0, 2.0, 0.0, 3.0,
                 4.0, 6.0, 6.0, 9.0]),
        (2, 1, &[0.0, 2.0,
                 2.0, 0.0]),
    ];
    for (stride, padding, expected) in cases {
        let rows = expected.len().isqrt();
        assert_eq!(transposed_picture(stride, padding), array(&[1, rows, rows], expected));
    }
}

/// 28 rows become 12, and 12 become 27: rounding down lost one, which `output_padding` restores.
#[test]
fn a_row_lost_to_a_floor() {
    let down = Conv { kernel: [5; 3], stride: [2; 3], ..conv(Direction::Forward, 1) };
    let up = Conv { direction: Direction::Transposed, ..down };
    let padded = Conv { output_padding: Some([1; 3]), ..up };
    let rows = |conv: Conv, rows: usize| {
        let y = run(&Op::Conv(conv), &[&Array::ones(vec![1, 1, 5])], &[&Array::ones(vec![1, rows])]).expect("it fits");
        int(y.shape()[1])
    };
    assert_eq!(rows(down, 28), 12);
    assert_eq!(rows(up, 12), 27);
    assert_eq!(rows(padded, 12), 28);
    let undone = undo(&down, &shape(&Array::ones(vec![1, 28])), ChannelsFirst).expect("it fits");
    assert_eq!(undone.output_padding.map(|rows| rows[0]), Some(1));
}
