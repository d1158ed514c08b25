//! The reference kernels against independent second definitions: a padded axis is a list of the rows it shows, a window
//! picks from it, an interpolation is a sum over all rows weighted by their distance.

mod layer;

use convshape_arith::op::{
    Amount, AutoPad, Conv, Dialect, Direction, Interpolation, Op, Padding, PaddingMode, PerAxis, Pool, PoolKind,
    ResizeTo, Upsample,
};
use ndarray::{Dimension, IxDyn};

use self::layer::{Array, Random, assert_close, conv, int, run, size};

/// Each definition is compared on this many layers that fit.
const LAYERS: usize = 400;

/// What a padded axis of `rows` rows shows: a row of the input, or `None` for the constant.
fn padded_axis(mode: PaddingMode, (lo, hi): (i64, i64), rows: usize) -> Vec<Option<usize>> {
    let side = |count: i64| 0..usize::try_from(count).unwrap_or(0);
    let before = side(lo).rev().map(|i| match mode {
        PaddingMode::Zeros => None,
        PaddingMode::Reflect => Some(i + 1),
        PaddingMode::Replicate => Some(0),
        PaddingMode::Circular => Some(rows - 1 - i),
    });
    let after = side(hi).map(|i| match mode {
        PaddingMode::Zeros => None,
        PaddingMode::Reflect => Some(rows - 2 - i),
        PaddingMode::Replicate => Some(rows - 1),
        PaddingMode::Circular => Some(i),
    });
    let mut axis: Vec<_> = before.chain((0..rows).map(Some)).chain(after).collect();
    axis.truncate(axis.len() - side(-hi).len());
    axis.split_off(side(-lo).len())
}

const MODES: [PaddingMode; 4] =
    [PaddingMode::Zeros, PaddingMode::Reflect, PaddingMode::Replicate, PaddingMode::Circular];

fn pick<T: Copy>(random: &mut Random, choices: &[T]) -> T {
    choices[random.size(0, int(choices.len()) - 1)]
}

/// An input of 1 to 3 spatial axes.
fn random_input(random: &mut Random, channels: i64) -> Array {
    let rank = random.size(1, 3);
    let most = if rank == 3 { 5 } else { 9 };
    let sizes: Vec<usize> = [size(channels)].into_iter().chain((0..rank).map(|_| random.size(1, most))).collect();
    random.array(&sizes)
}

fn rank(x: &Array) -> usize {
    x.ndim() - 1
}

/// Every position in space, or every tap of a kernel.
fn places(sizes: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    ndarray::indices(sizes).into_iter().map(|place| place.slice().to_vec())
}

/// The element of a channel at a position.
fn element(x: &Array, channel: usize, place: &[usize]) -> f64 {
    x[IxDyn(&[&[channel], place].concat())]
}

/// Runs random layers until enough fit.
fn compare(seed: u64, mut layer: impl FnMut(&mut Random) -> Option<(Op, Array, Array)>) {
    let mut random = Random::new(seed);
    let mut left = LAYERS;
    while left > 0 {
        if let Some((op, found, expected)) = layer(&mut random) {
            assert_close(&found, &expected, &op);
            left -= 1;
        }
    }
}

#[test]
fn convolutions() {
    compare(1, |random| {
        let groups = random.pick(1, 3);
        let x = {
            let inputs = groups * random.pick(1, 2);
            random_input(random, inputs)
        };
        let mode = pick(random, &MODES);
        let padding: PerAxis<(i64, i64)> = [0; 3].map(|_| (random.pick(-1, 3), random.pick(-1, 3)));
        let layer = Conv {
            outputs: groups * random.pick(1, 2),
            groups,
            bias: true,
            kernel: [0; 3].map(|_| random.pick(1, 3)),
            stride: [0; 3].map(|_| random.pick(1, 3)),
            dilation: [0; 3].map(|_| random.pick(1, 3)),
            padding: Padding::Pairs(padding),
            padding_mode: mode,
            ..conv(Direction::Forward, rank(&x))
        };
        let (inputs, outputs) = (x.shape()[0] / size(groups), size(layer.outputs));
        let kernel: Vec<usize> = layer.kernel[..rank(&x)].iter().map(|&taps| size(taps)).collect();
        let weight = random.array(&[&[outputs, inputs], kernel.as_slice()].concat());
        let bias = random.array(&[outputs]);
        let found = run(&Op::Conv(layer), &[&weight, &bias], &[&x])?;
        let axes: Vec<_> = (0..rank(&x)).map(|axis| padded_axis(mode, padding[axis], x.shape()[axis + 1])).collect();
        let expected = Array::from_shape_fn(found.raw_dim(), |at| {
            let group = at[0] / (outputs / size(groups));
            let mut sum = bias[[at[0]].as_slice()];
            for tap in places(&kernel) {
                let row =
                    |axis: usize| at[axis + 1] * size(layer.stride[axis]) + tap[axis] * size(layer.dilation[axis]);
                let place: Option<Vec<usize>> = (0..rank(&x)).map(|axis| axes[axis][row(axis)]).collect();
                // A border of zeros adds nothing.
                let Some(place) = place else { continue };
                for input in 0..inputs {
                    let weight = weight[IxDyn(&[&[at[0], input], tap.as_slice()].concat())];
                    sum += weight * element(&x, group * inputs + input, &place);
                }
            }
            sum
        });
        Some((Op::Conv(layer), found, expected))
    });
}

#[test]
fn pools() {
    compare(2, |random| {
        let x = random_input(random, 2);
        let kernel = [0; 3].map(|_| random.pick(1, 4));
        let padding = kernel.map(|kernel| random.pick(0, kernel / 2));
        let kind = pick(random, &[PoolKind::Max, PoolKind::Avg]);
        let pool = Pool {
            dialect: Dialect::Torch,
            kind,
            rank: rank(&x),
            kernel,
            stride: [0; 3].map(|_| random.pick(1, 4)),
            dilation: if kind == PoolKind::Max { [0; 3].map(|_| random.pick(1, 2)) } else { [1; 3] },
            padding: Padding::Symmetric(padding),
            auto_pad: AutoPad::NotSet,
            ceil_mode: pick(random, &[false, true]),
            count_include_pad: pick(random, &[false, true]),
        };
        let found = run(&Op::Pool(pool), &[], &[&x])?;
        let axes: Vec<_> = (0..rank(&x))
            .map(|axis| padded_axis(PaddingMode::Zeros, (padding[axis], padding[axis]), x.shape()[axis + 1]))
            .collect();
        let kernel: Vec<usize> = pool.kernel[..rank(&x)].iter().map(|&taps| size(taps)).collect();
        let expected = Array::from_shape_fn(found.raw_dim(), |at| {
            let (mut values, mut padded_rows) = (Vec::new(), 0_i32);
            for tap in places(&kernel) {
                let row = |axis: usize| at[axis + 1] * size(pool.stride[axis]) + tap[axis] * size(pool.dilation[axis]);
                // Rows beyond the padded input belong to no window.
                let shown: Option<Vec<_>> = (0..rank(&x)).map(|axis| axes[axis].get(row(axis)).copied()).collect();
                let Some(shown) = shown else { continue };
                match shown.into_iter().collect::<Option<Vec<usize>>>() {
                    Some(place) => values.push(element(&x, at[0], &place)),
                    None => padded_rows += 1,
                }
            }
            let sum: f64 = values.iter().sum();
            match kind {
                PoolKind::Max => values.into_iter().reduce(f64::max).unwrap_or(f64::NEG_INFINITY),
                PoolKind::Avg => {
                    let counted = i32::try_from(values.len()).expect("a small window");
                    let border = if pool.count_include_pad { padded_rows } else { 0 };
                    sum / f64::from(counted + border).max(1.0)
                }
            }
        });
        Some((Op::Pool(pool), found, expected))
    });
}

#[test]
fn adaptive_pools() {
    compare(3, |random| {
        let x = random_input(random, 2);
        let kind = pick(random, &[PoolKind::Max, PoolKind::Avg]);
        let op = Op::AdaptivePool { kind, rank: rank(&x), size: [0; 3].map(|_| random.pick(1, 7)) };
        let found = run(&op, &[], &[&x])?;
        let expected = Array::from_shape_fn(found.raw_dim(), |at| {
            // A row belongs to every share that it overlaps.
            let overlaps = |axis: usize, row: usize| {
                let (rows, shares, share) = (x.shape()[axis + 1], found.shape()[axis + 1], at[axis + 1]);
                row * shares < (share + 1) * rows && share * rows < (row + 1) * shares
            };
            let space = places(&x.shape()[1..]);
            let inside = space.filter(|place| (0..rank(&x)).all(|axis| overlaps(axis, place[axis])));
            let values: Vec<f64> = inside.map(|place| element(&x, at[0], &place)).collect();
            match kind {
                PoolKind::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                PoolKind::Avg => values.iter().sum::<f64>() / f64::from(i32::try_from(values.len()).expect("small")),
            }
        });
        Some((op, found, expected))
    });
}

/// The rows that a border shows, with the constant where none does.
fn bordered(x: &Array, mode: PaddingMode, border: PerAxis<(i64, i64)>, value: f64) -> Array {
    let axes: Vec<_> = (0..rank(x)).map(|axis| padded_axis(mode, border[axis], x.shape()[axis + 1])).collect();
    let sizes: Vec<usize> = [x.shape()[0]].into_iter().chain(axes.iter().map(Vec::len)).collect();
    Array::from_shape_fn(sizes, |at| {
        let place: Option<Vec<usize>> = (0..rank(x)).map(|axis| axes[axis][at[axis + 1]]).collect();
        place.map_or(value, |place| element(x, at[0], &place))
    })
}

#[test]
fn pads_and_crops() {
    compare(4, |random| {
        let x = random_input(random, 2);
        let pairs = [0; 3].map(|_| (random.pick(-2, 3), random.pick(-2, 3)));
        let (mode, value) = (pick(random, &MODES), 2.5);
        let pad = Op::Pad { amount: Amount::Pairs { rank: Some(rank(&x)), pairs }, mode, value, axis: None };
        let positive = pairs.map(|(lo, hi)| (lo.max(0), hi.max(0)));
        let crop = Op::Crop { amount: Amount::Pairs { rank: Some(rank(&x)), pairs: positive } };
        let cropped = run(&crop, &[], &[&x])?;
        assert_close(&cropped, &bordered(&x, mode, positive.map(|(lo, hi)| (-lo, -hi)), value), &crop);
        let padded = run(&pad, &[], &[&x])?;
        Some((pad, padded, bordered(&x, mode, pairs, value)))
    });
}

/// To the larger or smaller sizes of another: half of the rows at the start, the odd one at the end.
#[test]
fn pads_and_crops_to_another() {
    compare(5, |random| {
        let x = random_input(random, 2);
        let sizes: Vec<usize> = x.shape().iter().map(|&rows| random.size(1, int(rows) + 3)).collect();
        let (mode, value, start) = (pick(random, &MODES), 2.5, pick(random, &[false, true]));
        let amount = Amount::Like { start };
        let (pad, crop) = (Op::Pad { amount, mode, value, axis: None }, Op::Crop { amount });
        let more =
            [0, 1, 2].map(|axis| if axis < rank(&x) { int(sizes[axis + 1]) - int(x.shape()[axis + 1]) } else { 0 });
        let lo = more.map(|rows| if start { 0 } else { rows / 2 });
        let border = [0, 1, 2].map(|axis| (lo[axis], more[axis] - lo[axis]));
        let other = random.array(&sizes);
        let (padded, cropped) = (run(&pad, &[], &[&x, &other]), run(&crop, &[], &[&x, &other]));
        assert!(padded.is_none() || more.iter().all(|&rows| rows >= 0), "{pad:?}");
        assert_eq!(cropped.is_some(), more.iter().all(|&rows| rows <= 0), "{crop:?}");
        let (op, found) = padded.map(|found| (pad, found)).or(cropped.map(|found| (crop, found)))?;
        Some((op, found, bordered(&x, mode, border, value)))
    });
}

/// The weight of a row at a distance from the sampling position.
fn weight(mode: Interpolation, distance: f64) -> f64 {
    const A: f64 = -0.75;
    let t = distance.abs();
    match mode {
        Interpolation::Bicubic if t <= 1.0 => (A + 2.0) * t.powi(3) - (A + 3.0) * t.powi(2) + 1.0,
        Interpolation::Bicubic if t < 2.0 => A * t.powi(3) - 5.0 * A * t.powi(2) + 8.0 * A * t - 4.0 * A,
        Interpolation::Bicubic => 0.0,
        _ => (1.0 - t).max(0.0),
    }
}

/// The weight of each of `rows` rows in output row `row` of `outputs`; `ratio` input rows make one output row.
fn weights(op: &Upsample, row: usize, rows: usize, outputs: usize, ratio: f64) -> Vec<f64> {
    let float = |n: usize| f64::from(i32::try_from(n).expect("a small size"));
    let mut weights = vec![0.0; rows];
    let at = match (op.mode, op.align_corners) {
        (Interpolation::Nearest, _) => (float(row) * ratio).floor(),
        (Interpolation::NearestExact, _) => ((float(row) + 0.5) * ratio).floor(),
        (_, Some(true)) => float(row) * float(rows - 1) / float(outputs - 1).max(1.0),
        _ => (float(row) + 0.5) * ratio - 0.5,
    };
    // Rows beyond the edges repeat the edge.
    for beyond in -8..8 + i32::try_from(rows).expect("a small size") {
        let row = size(i64::from(beyond).clamp(0, int(rows) - 1));
        weights[row] += weight(op.mode, at - f64::from(beyond));
    }
    weights
}

#[test]
fn upsamples() {
    compare(6, |random| {
        let x = random_input(random, 2);
        let smooth = match rank(&x) {
            1 => Interpolation::Linear,
            2 => pick(random, &[Interpolation::Bilinear, Interpolation::Bicubic]),
            _ => Interpolation::Trilinear,
        };
        let mode = pick(random, &[smooth, smooth, Interpolation::Nearest, Interpolation::NearestExact]);
        let corners = if mode == smooth { pick(random, &[None, Some(false), Some(true)]) } else { None };
        // Every factor and its inverse are exact.
        let to = match random.pick(0, 1) {
            0 => ResizeTo::Scale([0; 3].map(|_| pick(random, &[0.5, 1.0, 2.0, 4.0]))),
            _ => ResizeTo::Size([0; 3].map(|_| random.pick(1, 9))),
        };
        let op = Upsample { rank: Some(rank(&x)), to, mode, align_corners: corners };
        let found = run(&Op::Upsample(op), &[], &[&x])?;
        let expected = Array::from_shape_fn(found.raw_dim(), |at| {
            let by_axis: Vec<Vec<f64>> = (0..rank(&x))
                .map(|axis| {
                    let (rows, outputs) = (x.shape()[axis + 1], found.shape()[axis + 1]);
                    let ratio = match to {
                        ResizeTo::Scale(scale) => 1.0 / scale[axis],
                        _ => rows as f64 / outputs as f64,
                    };
                    weights(&op, at[axis + 1], rows, outputs, ratio)
                })
                .collect();
            let space = places(&x.shape()[1..]);
            space
                .map(|place| {
                    let weight: f64 = (0..rank(&x)).map(|axis| by_axis[axis][place[axis]]).product();
                    weight * element(&x, at[0], &place)
                })
                .sum()
        });
        Some((Op::Upsample(op), found, expected))
    });
}
