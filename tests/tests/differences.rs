//! Every layer's gradients agree with finite differences, in f64 and for random sizes, in both axis orders.
//!
//! It differentiates the sum of the outputs, each times a random number: with the backward kernels, and by moving each
//! input element and each parameter a little in both directions.

use convshape::kernels::gradient::BoundLayer;
use convshape_arith::op::{
    Activation, Amount, Attention, AutoPad, Axes, Axis, AxisOrder, Conv, DepthOrder, Dialect, Direction, DropTogether,
    Interpolation, Op, Padding, PaddingMode, Pool, PoolKind, Reduction, ResizeTo, SeparableConv, Upsample, WeightFrom,
};
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const STEP: f64 = 1e-6;
const TOLERANCE: f64 = 2e-7;
/// Random layers of each kind; those that do not fit their input are skipped.
const LAYERS: usize = 60;

struct Random(StdRng);

impl Random {
    fn pick(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    fn dialect(&mut self) -> Dialect {
        self.choose(&[Dialect::Torch, Dialect::Onnx, Dialect::Jax, Dialect::Flax, Dialect::Keras])
    }

    fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.0.random_range(0..choices.len())]
    }

    /// No element is near zero, where activations have kinks, or near another element, where a maximum has one.
    fn elements(&mut self, count: usize) -> Vec<f64> {
        let mut elements: Vec<f64> = (0..count).map(|i| (i as f64 + 0.5) / count as f64 * 2.0 - 1.0).collect();
        for i in (1..count).rev() {
            elements.swap(i, self.0.random_range(0..=i));
        }
        elements.iter().map(|x| x + x.signum() * 0.01).collect()
    }
}

fn count(shape: &Shape) -> usize {
    shape.numbers().expect("numbers").iter().product()
}

struct Case {
    op: Op,
    order: AxisOrder,
    shapes: Vec<Shape>,
    output: Shape,
    params: Vec<Vec<f64>>,
    inputs: Vec<Vec<f64>>,
    dy: Vec<f64>,
    training: bool,
}

impl Case {
    fn new(random: &mut Random, op: Op, order: AxisOrder, shapes: Vec<Shape>, training: bool) -> Option<Case> {
        let op = op.bind(&shapes, order);
        let output = op.output(&shapes, order).ok()?;
        let batch = 3;
        // Far enough to reach the kinks of all activations.
        let reach = if matches!(op, Op::Activation(_)) { 7.0 } else { 1.0 };
        let input = |shape| random.elements(batch * count(shape)).iter().map(|x| x * reach).collect();
        let inputs: Vec<Vec<f64>> = shapes.iter().map(input).collect();
        let positive = |field| field == "running_var" || matches!(op, Op::Snake { .. });
        let specs = op.params();
        let params = specs.iter().map(|spec| {
            let elements = random.elements(count(&spec.shape));
            if positive(spec.field) { elements.iter().map(|x| x.abs() + 0.3).collect() } else { elements }
        });
        let params = params.collect();
        let dy = random.elements(batch * count(&output));
        Some(Case { op, order, shapes, output, params, inputs, dy, training })
    }

    fn layer<'a>(&'a self, params: &'a [&'a [f64]]) -> BoundLayer<'a, f64> {
        BoundLayer { op: &self.op, order: self.order, params, shapes: &self.shapes, output: &self.output }
    }

    fn forward(&self) -> Vec<f64> {
        let params: Vec<&[f64]> = self.params.iter().map(Vec::as_slice).collect();
        let inputs: Vec<&[f64]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut y = vec![0.0; self.dy.len()];
        match self.op {
            Op::BatchNorm { eps, .. } if self.training => {
                self.layer(&params).batch_norm(eps, inputs[0], &mut y);
            }
            _ => self.layer(&params).forward(&inputs, &mut y).expect("shapes that fit"),
        }
        y
    }

    fn sum(&self) -> f64 {
        self.forward().iter().zip(&self.dy).map(|(y, dy)| y * dy).sum()
    }

    fn check(mut self) {
        let y = self.forward();
        if y.iter().any(|y| !y.is_finite()) {
            return; // The maximum of an empty window is minus infinity.
        }
        let mut dparams: Vec<Vec<f64>> = self.params.iter().map(|param| vec![0.0; param.len()]).collect();
        let mut dx: Vec<Vec<f64>> = self.inputs.iter().map(|x| vec![0.0; x.len()]).collect();
        {
            let params: Vec<&[f64]> = self.params.iter().map(Vec::as_slice).collect();
            let inputs: Vec<&[f64]> = self.inputs.iter().map(Vec::as_slice).collect();
            let layer = self.layer(&params);
            match self.op {
                Op::BatchNorm { eps, .. } if self.training => {
                    layer.batch_norm_backward(eps, inputs[0], &self.dy, &mut dparams, &mut dx[0]);
                }
                _ => layer.backward(&inputs, &y, &self.dy, &mut dparams, &mut dx).expect("shapes that fit"),
            }
        }
        for (input, dx) in dx.iter().enumerate() {
            self.compare(&format!("input {input}"), dx, |case| &mut case.inputs[input]);
        }
        let specs: Vec<_> = self.op.params().iter().collect();
        for (index, spec) in specs.iter().enumerate().filter(|(_, spec)| !spec.is_statistic()) {
            self.compare(spec.field, &dparams[index], |case| &mut case.params[index]);
        }
    }

    fn compare(&mut self, what: &str, found: &[f64], values: impl Fn(&mut Case) -> &mut Vec<f64>) {
        for (at, found) in found.iter().enumerate() {
            let old = values(self)[at];
            values(self)[at] = old + STEP;
            let above = self.sum();
            values(self)[at] = old - STEP;
            let below = self.sum();
            values(self)[at] = old;
            let expected = (above - below) / (2.0 * STEP);
            let close = (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
            assert!(close, "{:?} of {:?}: {what}[{at}]: {found}, {expected}", self.op, self.shapes);
        }
    }
}

fn shape(order: AxisOrder, channels: i64, space: &[i64]) -> Shape {
    let sizes: Vec<i64> = match order {
        AxisOrder::ChannelsFirst => [&[channels], space].concat(),
        AxisOrder::ChannelsLast => [space, &[channels]].concat(),
    };
    Shape::of(&sizes)
}

/// Random layers of one kind until enough fit.
fn check(seed: u64, mut layer: impl FnMut(&mut Random, AxisOrder, &[i64]) -> (Op, Vec<Shape>)) {
    let mut random = Random(StdRng::seed_from_u64(seed));
    let mut left = LAYERS;
    while left > 0 {
        let order = random.choose(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let rank = random.choose(&[1, 2, 2, 3]);
        let space: Vec<i64> = (0..rank).map(|_| random.pick(1, if rank == 3 { 3 } else { 5 })).collect();
        let (op, shapes) = layer(&mut random, order, &space);
        if let Some(case) = Case::new(&mut random, op, order, shapes, left.is_multiple_of(2)) {
            case.check();
            left -= 1;
        }
    }
}

/// Layers without parameters of their own, on two channels.
fn check_plain(seed: u64, mut op: impl FnMut(&mut Random, usize) -> Op) {
    check(seed, |random, order, space| (op(random, space.len()), vec![shape(order, 2, space)]));
}

const MODES: [PaddingMode; 4] =
    [PaddingMode::Zeros, PaddingMode::Reflect, PaddingMode::Replicate, PaddingMode::Circular];

fn random_conv(random: &mut Random, direction: Direction, rank: usize) -> Conv {
    let groups = random.pick(1, 2);
    Conv {
        inputs: Some(groups * random.pick(1, 2)),
        outputs: groups * random.pick(1, 2),
        kernel: [0; 3].map(|_| random.pick(1, 3)),
        stride: [0; 3].map(|_| random.pick(1, 2)),
        dilation: [0; 3].map(|_| random.pick(1, 2)),
        groups,
        bias: random.choose(&[false, true]),
        padding: Padding::Pairs([0; 3].map(|_| (random.pick(-1, 2), random.pick(-1, 2)))),
        padding_mode: match direction {
            Direction::Forward => random.choose(&MODES),
            Direction::Transposed => PaddingMode::Zeros,
        },
        ..Conv::new(Dialect::Torch, direction, rank)
    }
}

#[test]
fn convolutions() {
    check(1, |random, order, space| {
        let conv = random_conv(random, Direction::Forward, space.len());
        (Op::Conv(conv), vec![shape(order, conv.inputs.expect("written"), space)])
    });
}

#[test]
fn transposed_convolutions() {
    check(2, |random, order, space| {
        let conv = random_conv(random, Direction::Transposed, space.len());
        (Op::Conv(conv), vec![shape(order, conv.inputs.expect("written"), space)])
    });
}

/// Forms from the other dialects: weights with different layouts and flips, circular borders, one kernel per channel.
#[test]
fn convolutions_of_other_dialects() {
    check(12, |random, order, space| {
        let dialect = random.choose(&[Dialect::Onnx, Dialect::Jax, Dialect::Flax, Dialect::Keras]);
        let direction = random.choose(&[Direction::Forward, Direction::Transposed]);
        let flax = dialect == Dialect::Flax;
        let words = [Padding::Same, Padding::Valid, if flax { Padding::Circular } else { Padding::Same }];
        let multiplier = match (dialect, direction) {
            (Dialect::Keras, Direction::Forward) => random.choose(&[None, Some(2)]),
            _ => None,
        };
        let conv = Conv {
            outputs: random.pick(1, 3),
            depth_multiplier: multiplier,
            kernel: [0; 3].map(|_| random.pick(1, 3)),
            stride: [random.pick(1, 2); 3],
            padding: random.choose(&words),
            bias: random.choose(&[false, true]),
            transpose_kernel: flax && direction == Direction::Transposed && random.choose(&[false, true]),
            ..Conv::new(dialect, direction, space.len())
        };
        let x = shape(order, 2, space);
        if multiplier.is_some() && random.choose(&[false, true]) {
            let depthwise = Conv { bias: false, ..conv };
            let pointwise = Conv { outputs: 3, bias: conv.bias, ..Conv::new(dialect, direction, space.len()) };
            return (Op::SeparableConv(SeparableConv { depthwise, pointwise }), vec![x]);
        }
        (Op::Conv(conv), vec![x])
    });
}

/// Forms from every dialect with a weight that is read.
#[test]
fn convolutions_that_read_their_weight() {
    check(16, |random, order, space| {
        let direction = random.choose(&[Direction::Forward, Direction::Transposed]);
        let dialect = random.dialect();
        let conv = match dialect {
            Dialect::Torch => random_conv(random, direction, space.len()),
            _ => Conv { outputs: 3, kernel: [2; 3], ..Conv::new(dialect, direction, space.len()) },
        };
        let conv = Conv { inputs: conv.inputs.or(Some(2)), weight: WeightFrom::Input, ..conv };
        let weight = conv.weight_shape().expect("its inputs are known");
        (Op::Conv(conv), vec![shape(order, conv.inputs.expect("written"), space), weight])
    });
}

#[test]
fn pools() {
    check_plain(3, |random, rank| {
        let kind = random.choose(&[PoolKind::Max, PoolKind::Avg]);
        let kernel = [0; 3].map(|_| random.pick(1, 3));
        Op::Pool(Pool {
            dialect: Dialect::Torch,
            kind,
            rank,
            kernel,
            stride: [0; 3].map(|_| random.pick(1, 3)),
            dilation: if kind == PoolKind::Max { [0; 3].map(|_| random.pick(1, 2)) } else { [1; 3] },
            padding: Padding::Symmetric(kernel.map(|kernel| random.pick(0, kernel / 2))),
            auto_pad: AutoPad::NotSet,
            ceil_mode: random.choose(&[false, true]),
            count_include_pad: random.choose(&[false, true]),
        })
    });
}

#[test]
fn adaptive_and_global_pools() {
    check_plain(4, |random, rank| match random.pick(0, 2) {
        0 => Op::GlobalPool {
            kind: random.choose(&[PoolKind::Max, PoolKind::Avg]),
            keep_axes: random.choose(&[false, true]),
        },
        _ => Op::AdaptivePool {
            kind: random.choose(&[PoolKind::Max, PoolKind::Avg]),
            rank,
            size: [0; 3].map(|_| random.pick(1, 4)),
        },
    });
}

#[test]
fn upsamples() {
    check(5, |random, order, space| {
        let smooth = match space.len() {
            1 => Interpolation::Linear,
            2 => random.choose(&[Interpolation::Bilinear, Interpolation::Bicubic]),
            _ => Interpolation::Trilinear,
        };
        let mode = random.choose(&[smooth, smooth, Interpolation::Nearest, Interpolation::NearestExact]);
        let align_corners = if mode == smooth { random.choose(&[None, Some(true)]) } else { None };
        let mut shapes = vec![shape(order, 2, space)];
        let to = match random.pick(0, 2) {
            0 => ResizeTo::Scale([0; 3].map(|_| random.choose(&[0.5, 1.5, 2.0, 3.0]))),
            1 => ResizeTo::Size([0; 3].map(|_| random.pick(1, 7))),
            _ => {
                let like: Vec<i64> = space.iter().map(|_| random.pick(1, 6)).collect();
                shapes.push(shape(order, 1, &like));
                ResizeTo::Like
            }
        };
        (Op::Upsample(Upsample { rank: Some(space.len()), to, mode, align_corners }), shapes)
    });
}

#[test]
fn shuffles() {
    check(6, |random, order, _| {
        let factor = random.pick(1, 2);
        let (height, width) = (random.pick(1, 3), random.pick(1, 3));
        let deep = vec![shape(order, 2 * factor * factor, &[height, width])];
        match random.pick(0, 2) {
            0 => (Op::PixelShuffle { factor }, deep),
            1 => (Op::PixelUnshuffle { factor }, vec![shape(order, 2, &[height * factor, width * factor])]),
            _ => (Op::DepthToSpace { factor, order: random.choose(&[DepthOrder::Dcr, DepthOrder::Crd]) }, deep),
        }
    });
}

#[test]
fn pads_and_crops() {
    check(7, |random, order, space| {
        let like: Vec<i64> = space.iter().map(|size| (size + random.pick(0, 2)).max(1)).collect();
        let (small, large) = (shape(order, 2, space), shape(order, 2, &like));
        let mode = random.choose(&MODES);
        let start = random.choose(&[false, true]);
        let rank = Some(space.len());
        match random.pick(0, 3) {
            0 => (Op::Pad { amount: Amount::Like { start }, mode, value: 0.5, axis: None }, vec![small, large]),
            1 => (Op::Crop { amount: Amount::Like { start } }, vec![large, small]),
            2 => {
                let pairs = [0; 3].map(|_| (random.pick(0, 1), random.pick(0, 2)));
                (Op::Crop { amount: Amount::Pairs { rank, pairs } }, vec![large])
            }
            _ => {
                let pairs = [0; 3].map(|_| (random.pick(-1, 2), random.pick(-1, 2)));
                (Op::Pad { amount: Amount::Pairs { rank, pairs }, mode, value: 0.5, axis: None }, vec![small])
            }
        }
    });
}

#[test]
fn joins() {
    check(8, |random, order, space| {
        let x = shape(order, 2, space);
        match random.pick(0, 4) {
            0 => (Op::CONCAT, vec![x, shape(order, 3, space), x]),
            1 => {
                let start = random.pick(0, 2);
                (
                    Op::Slice { axis: Axis::Channels, start, end: Some(start + random.pick(1, 2)) },
                    vec![shape(order, 4, space)],
                )
            }
            _ => {
                let ones: Vec<i64> = space.iter().map(|size| random.choose(&[1, *size])).collect();
                let other = [shape(order, 2, &ones), shape(order, 1, space), Shape::of(&[2]), x];
                let mut shapes = vec![x, random.choose(&other), random.choose(&other)];
                let first = random.choose(&[0, 1, 2]);
                shapes.swap(0, first);
                let op = random.choose(&[Op::Add, Op::Mul, Op::Maximum, Op::Minimum, Op::Sub]);
                shapes.truncate(if op == Op::Sub { 2 } else { 3 });
                (op, shapes)
            }
        }
    });
}

#[test]
#[expect(clippy::cast_possible_truncation, reason = "a few axes")]
fn axes() {
    check(13, |random, order, space| {
        let x = shape(order, 2, space);
        let mut all: Vec<i64> = (0..x.rank() as i64).collect();
        for i in (1..all.len()).rev() {
            all.swap(i, random.pick(0, i as i64).cast_unsigned() as usize);
        }
        let count = random.pick(1, all.len() as i64).cast_unsigned() as usize;
        let axes = |count: usize| Axes::of(&all[..count].iter().map(|at| Axis::At(*at)).collect::<Vec<_>>());
        let kind = random.choose(&[Reduction::Mean, Reduction::Sum, Reduction::Max, Reduction::Min]);
        let keep = random.choose(&[false, true]);
        let op = match random.pick(0, 4) {
            0 => Op::Permute { axes: axes(all.len()).expect("few"), swap: false },
            1 => Op::Permute { axes: Axes::of(&[Axis::At(0), Axis::At(-1)]).expect("few"), swap: true },
            2 => Op::Reduce { kind, axes: None, keep },
            _ => Op::Reduce { kind, axes: axes(count), keep },
        };
        (op, vec![x])
    });
}

#[test]
#[expect(clippy::cast_possible_wrap, reason = "a few axes")]
fn along_axes() {
    check(14, |random, order, space| {
        let x = shape(order, 2, space);
        let axis = Axis::At(random.pick(-1, x.rank() as i64 - 1));
        let at = axis.index(x.rank(), order).expect("an axis");
        let wide = x.with(at, Size::Number(3));
        let even = x.with(at, Size::Number(4));
        let (transpose_a, transpose_b) = (random.choose(&[false, true]), random.choose(&[false, true]));
        match random.pick(0, 8) {
            0 => (Op::Slice { axis, start: random.pick(0, 1), end: Some(random.pick(2, 3)) }, vec![wide]),
            1 => (Op::Concat { axis }, vec![x, wide, x]),
            2 => (Op::Stack { axis }, vec![x, x]),
            3 => (Op::Softmax { axis, log: false }, vec![x]),
            4 => (Op::Softmax { axis, log: true }, vec![x]),
            5 => (Op::Glu { axis }, vec![even]),
            6 => (Op::Flatten { from: Axis::At(0), to: axis }, vec![x]),
            7 => (Op::Unflatten { axis, sizes: Shape::of(&[2, 2]) }, vec![even]),
            _ => {
                let sizes = [random.pick(1, 3), random.pick(1, 3), random.pick(1, 3)];
                let matrix = |rows: i64, columns: i64, transposed: bool| {
                    if transposed { [columns, rows] } else { [rows, columns] }
                };
                let ([a0, a1], [b0, b1]) =
                    (matrix(sizes[0], sizes[1], transpose_a), matrix(sizes[1], sizes[2], transpose_b));
                let b = random.choose(&[Shape::of(&[b0, b1]), Shape::of(&[2, b0, b1]), Shape::of(&[3, 1, b0, b1])]);
                (Op::MatMul { transpose_a, transpose_b }, vec![Shape::of(&[2, a0, a1]), b])
            }
        }
    });
}

#[test]
fn attention() {
    check(15, |random, _, _| {
        let heads = random.pick(1, 2);
        let [tokens, keys] = [random.pick(1, 3), random.pick(1, 4)];
        let [width, values] = [heads * random.pick(1, 3), heads * random.pick(1, 2)];
        let scale = random.choose(&[None, Some(-0.7)]);
        let layer = Attention { causal: random.choose(&[false, true]), scale, ..Attention::new(Dialect::Torch, heads) };
        // Axes in front of the tokens.
        let windows = random.choose(&[&[][..], &[], &[2], &[2, 1, 2]]);
        let all = |front: &[i64], last: &[i64]| Shape::of(&[front, last].concat());
        let mut shapes = [[tokens, width], [keys, width], [keys, values]].map(|last| all(windows, &last)).to_vec();
        let each = |front: &[i64], heads: i64| all(front, &[heads, tokens, keys]);
        match (random.pick(0, 3), windows) {
            (0, _) => shapes.push(all(&[], &[tokens, keys])),
            (1, _) => shapes.push(each(&[], heads)),
            (2, []) => {}
            (2, [_, rest @ ..]) => shapes.push(each(&[&[1], rest].concat(), heads)),
            (_, windows) => shapes.push(each(windows, 1)),
        }
        (Op::Attention(layer), shapes)
    });
}

#[test]
fn dense_layers() {
    check(9, |random, order, space| {
        let x = shape(order, 2, space);
        match random.pick(0, 5) {
            0 => (Op::FLATTEN, vec![x]),
            1 => (Op::Reshape { shape: Shape::of(&[2 * space.iter().product::<i64>(), 1]) }, vec![x]),
            2 => (Op::Scale { by: -1.5 }, vec![x]),
            3 => (Op::Dropout { p: 0.5, together: DropTogether::Element }, vec![x]),
            _ => {
                let bias = random.choose(&[false, true]);
                (Op::Linear { dialect: random.dialect(), inputs: None, outputs: random.pick(1, 4), bias }, vec![x])
            }
        }
    });
}

#[test]
fn norms() {
    check(10, |random, order, space| {
        let x = shape(order, 4, space);
        let affine = random.choose(&[false, true]);
        // Small differences are inexact after dividing by a small deviation.
        let eps = 0.1;
        let op = match random.pick(0, 9) {
            0 => Op::GroupNorm { dialect: Dialect::Torch, channels: None, groups: random.choose(&[1, 2, 4]), eps },
            1 => Op::InstanceNorm { dialect: Dialect::Torch, channels: None, eps, affine },
            2 => Op::LayerNorm { dialect: Dialect::Torch, size: None, eps },
            7 => Op::ChannelShuffle { groups: random.choose(&[1, 2, 4]) },
            4 => Op::RmsNorm { dialect: Dialect::Torch, size: None, eps },
            5 => {
                let (dialect, size) = (random.choose(&[Dialect::Torch, Dialect::Onnx]), random.pick(1, 6));
                Op::LocalResponseNorm { dialect, size, alpha: 0.7, beta: random.choose(&[0.75, 0.4]), k: 1.5 }
            }
            6 => {
                let axes = random.choose(&[&[Axis::Channels][..], &[Axis::At(-1)], &[Axis::At(0), Axis::At(1)]]);
                let p = random.choose(&[1.0, 2.0, 3.0]);
                Op::LpNorm { p, axes: Axes::of(axes).expect("few"), eps }
            }
            3 => Op::LayerNorm {
                dialect: Dialect::Torch,
                size: Some(Shape::of(&x.numbers().expect("numbers").map(|n| n as i64)[x.rank() - 1..x.rank()])),
                eps,
            },
            _ => Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps, affine, momentum: 0.1 },
        };
        (op, vec![x])
    });
}

#[test]
fn activations() {
    let functions = [
        Activation::Relu,
        Activation::Relu6,
        Activation::LeakyRelu { slope: 0.2 },
        Activation::Elu { alpha: 0.7 },
        Activation::Gelu { tanh: false },
        Activation::Gelu { tanh: true },
        Activation::Silu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Softplus,
        Activation::Hardswish,
        Activation::Hardsigmoid { alpha: 0.2 },
        Activation::Clamp { min: -0.503, max: 0.397 },
        Activation::Exp,
        Activation::Mish,
        Activation::Selu,
        Activation::Celu { alpha: 0.7 },
        Activation::Softsign,
        Activation::LogSigmoid,
        Activation::Square,
        Activation::Abs,
        Activation::Sin,
        Activation::Cos,
        Activation::Pow { exponent: 2.0 },
        Activation::AddScalar { by: 0.7 },
        Activation::Hardtanh { min: -0.503, max: 0.397 },
    ];
    let mut next = functions.iter().cycle();
    check_plain(11, |random, _| match random.pick(0, 5) {
        0 => Op::Prelu { channels: random.choose(&[1, 2]) },
        1 => Op::Snake { channels: None },
        2 => Op::SOFTMAX,
        _ => Op::Activation(*next.next().expect("a cycle")),
    });
}
