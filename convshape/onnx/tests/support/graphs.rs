//! Random graphs, and their results with the reference kernels in `f64`.

use convshape::Shape;
use convshape::graph::op::{
    Activation, Amount, Axes, Axis, Conv, DepthOrder, Dialect, Direction, DropTogether, Interpolation, Padding,
    PaddingMode, Pool, PoolKind, Reduction, ResizeTo, SeparableConv, Source, Upsample, WeightFrom,
};
use convshape::graph::{Graph, Init, Layer, Op, Role};
use convshape::kernels;
use convshape::ndarray::{ArrayD, IxDyn};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const DIALECTS: [Dialect; 5] = [Dialect::Torch, Dialect::Onnx, Dialect::Jax, Dialect::Flax, Dialect::Keras];

pub(crate) struct Random(StdRng);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(StdRng::seed_from_u64(seed))
    }

    fn pick(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.0.random_range(0..items.len())]
    }

    fn chance(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    fn per_axis(&mut self, low: i64, high: i64) -> [i64; 3] {
        [(); 3].map(|()| self.pick(low, high))
    }

    pub(crate) fn array(&mut self, batch: usize, shape: &Shape) -> ArrayD<f32> {
        let sizes = shape.numbers().expect("numbers");
        let sizes: Vec<usize> = std::iter::once(batch).chain(sizes[..shape.rank()].iter().copied()).collect();
        ArrayD::from_shape_simple_fn(IxDyn(&sizes), || self.0.random_range(-1.5..1.5))
    }

    /// A graph of a few layers, all of whose unread values are outputs.
    pub(crate) fn graph(&mut self) -> Graph {
        let dialect = self.of(&DIALECTS);
        let rank = self.pick(1, 3);
        let mut graph = Graph::new("Random", dialect.order());
        for index in 0..self.pick(1, 2) {
            let shape = self.input(dialect, rank);
            graph.input(["x", "y"][usize::try_from(index).unwrap_or(0)], shape);
        }
        let layers = self.pick(1, 6);
        let mut tries = 0;
        while i64::try_from(graph.nodes().len()).unwrap_or(0) < layers && tries < 200 {
            tries += 1;
            let values = graph.values().len();
            let last = values - 1;
            let any = self.0.random_range(0..values);
            let first = if self.chance(0.7) { last } else { any };
            // Layers of the language have spatial axes if their names say so.
            let rank = graph.shape(first).rank().saturating_sub(1).clamp(1, 3);
            let (op, count) = self.op(dialect, rank, graph.shape(first));
            let inputs: Vec<usize> =
                (0..count).map(|place| if place == 0 { first } else { self.0.random_range(0..values) }).collect();
            let name = format!("layer{}", graph.nodes().len());
            if let (Op::Conv(conv), true) = (op, self.chance(0.15)) {
                let _ = reading_its_weight(&mut graph, &name, conv, first);
                continue;
            }
            let tied = self.tie(&graph, &op);
            // Most random layers do not fit.
            let _ = graph.push_layer(&Layer { tied, ..Layer::new(&name, op, &inputs) });
        }
        let readers = graph.readers();
        for (value, readers) in readers.iter().enumerate() {
            if *readers == 0 || value + 1 == graph.values().len() {
                graph.output(&format!("out{value}"), value).expect("a value");
            }
        }
        graph
    }

    fn input(&mut self, dialect: Dialect, rank: i64) -> Shape {
        let channels = self.of(&[2, 4, 4, 6, 8]);
        let mut sizes = vec![channels];
        sizes.extend((0..rank).map(|_| self.pick(4, 9)));
        if dialect.order() == convshape::graph::AxisOrder::ChannelsLast {
            sizes.rotate_left(1);
        }
        Shape::of(&sizes)
    }

    /// A node whose weight a convolution could use.
    fn tie(&mut self, graph: &Graph, op: &Op) -> Option<usize> {
        let Op::Conv(conv) = op else { return None };
        let fits = |of: &Op| matches!(of, Op::Conv(of) if of.direction != conv.direction && of.keeps_weight_of(conv));
        let of = graph.nodes().iter().position(|node| fits(&node.op))?;
        self.chance(0.5).then_some(of)
    }

    fn op(&mut self, dialect: Dialect, rank: usize, input: &Shape) -> (Op, usize) {
        let one = |op| (op, 1);
        match self.pick(0, 28) {
            0..=3 => one(Op::Conv(self.conv(dialect, rank, Direction::Forward))),
            4..=6 => one(Op::Conv(self.conv(dialect, rank, Direction::Transposed))),
            7 => one(self.separable(rank)),
            8 | 9 => one(Op::Pool(self.pool(dialect, rank))),
            10 => {
                let kind = self.of(&[PoolKind::Max, PoolKind::Avg]);
                let high = self.of(&[1, 4]);
                one(Op::AdaptivePool { kind, rank, size: self.per_axis(1, high) })
            }
            11 => one(Op::GlobalPool { kind: PoolKind::Avg, keep_axes: self.chance(0.5) }),
            12 => self.upsample(rank),
            13 => one(match self.pick(0, 3) {
                0 => Op::PixelShuffle { factor: 2 },
                1 => Op::PixelUnshuffle { factor: 2 },
                2 => Op::ChannelShuffle { groups: 2 },
                _ => Op::DepthToSpace { factor: 2, order: self.of(&[DepthOrder::Dcr, DepthOrder::Crd]) },
            }),
            14 | 15 => self.border(),
            16 => one(Op::Slice { axis: Axis::Channels, start: self.pick(0, 2), end: Some(self.pick(2, 4)) }),
            17 => one(Op::Linear { dialect, inputs: None, outputs: self.pick(1, 6), bias: self.chance(0.5) }),
            18 => one(match self.chance(0.5) {
                true => Op::FLATTEN,
                false => Op::Reshape { shape: reversed(input) },
            }),
            19 | 20 => (self.of(&[Op::CONCAT, Op::Add, Op::Mul]), self.of(&[2, 2, 3])),
            21 | 22 => one(self.norm(dialect)),
            23 => one(match self.pick(0, 4) {
                0 => Op::Prelu { channels: 1 },
                1 => Op::Prelu { channels: input.size(0).number().unwrap_or(1) },
                2 => Op::Snake { channels: None },
                3 => Op::SOFTMAX,
                _ => self.of(&[Op::Dropout { p: 0.5, together: DropTogether::Element }, Op::Scale { by: -0.75 }]),
            }),
            24..=26 => self.along(input.rank()),
            _ => one(Op::Activation(self.activation())),
        }
    }

    /// A layer that works along axes, and its number of inputs.
    #[expect(clippy::cast_possible_wrap, reason = "a few axes")]
    fn along(&mut self, rank: usize) -> (Op, usize) {
        let axis = match self.pick(0, 2) {
            0 => self.of(&[Axis::Channels, Axis::Width, Axis::Length]),
            _ => Axis::At(self.pick(-1, rank as i64 - 1)),
        };
        let (transpose_a, transpose_b) = (self.chance(0.5), self.chance(0.5));
        let kind = self.of(&[Reduction::Mean, Reduction::Sum, Reduction::Max, Reduction::Min]);
        match self.pick(0, 10) {
            0 => (Op::Slice { axis, start: self.pick(0, 1), end: Some(self.pick(2, 3)) }, 1),
            1 => (Op::Concat { axis }, self.of(&[2, 3])),
            2 => (Op::Stack { axis }, self.of(&[2, 3])),
            3 | 4 => (Op::Softmax { axis, log: self.chance(0.5) }, 1),
            5 => (Op::Glu { axis }, 1),
            6 => (Op::Flatten { from: axis, to: Axis::At(self.pick(-1, 1)) }, 1),
            7 => (Op::Unflatten { axis, sizes: Shape::of(&[2, 2]) }, 1),
            8 => (Op::Reduce { kind, axes: Axes::of(&[axis]), keep: self.chance(0.5) }, 1),
            9 => (Op::Permute { axes: Axes::of(&[axis, Axis::At(0)]).unwrap_or(Axes::NONE), swap: true }, 1),
            _ => (Op::MatMul { transpose_a, transpose_b }, 2),
        }
    }

    fn conv(&mut self, dialect: Dialect, rank: usize, direction: Direction) -> Conv {
        let plain = Conv::new(dialect, direction, rank);
        let padding = match self.pick(0, 5) {
            0 => plain.padding,
            1 => Padding::Symmetric(self.per_axis(0, 2)),
            2 => Padding::Pairs([(); 3].map(|()| (self.pick(-1, 3), self.pick(-1, 3)))),
            3 => self.of(&[Padding::Same, Padding::SameLower]),
            4 => self.of(&[Padding::Circular, Padding::Reflect, Padding::Causal]),
            _ => Padding::Valid,
        };
        let mode = self.of(&[PaddingMode::Reflect, PaddingMode::Replicate, PaddingMode::Circular]);
        let ones = [1; 3];
        Conv {
            outputs: self.of(&[2, 4, 6]),
            kernel: self.per_axis(1, 4),
            stride: if self.chance(0.5) { self.per_axis(1, 3) } else { ones },
            dilation: if self.chance(0.3) { self.per_axis(1, 2) } else { ones },
            input_dilation: if self.chance(0.1) { self.per_axis(1, 3) } else { ones },
            groups: self.of(&[1, 1, 1, 2]),
            bias: dialect != Dialect::Jax && self.chance(0.6),
            padding,
            padding_mode: if self.chance(0.2) { mode } else { PaddingMode::Zeros },
            output_padding: self.chance(0.3).then(|| self.per_axis(0, 2)),
            transpose_kernel: self.chance(0.3),
            depth_multiplier: (dialect == Dialect::Keras && self.chance(0.2)).then(|| self.pick(1, 2)),
            ..plain
        }
    }

    fn separable(&mut self, rank: usize) -> Op {
        let plain = SeparableConv::new(rank);
        let depthwise =
            Conv { kernel: self.per_axis(1, 3), depth_multiplier: Some(self.pick(1, 2)), ..plain.depthwise };
        Op::SeparableConv(SeparableConv { depthwise, pointwise: Conv { outputs: self.pick(1, 4), ..plain.pointwise } })
    }

    fn pool(&mut self, dialect: Dialect, rank: usize) -> Pool {
        let kind = self.of(&[PoolKind::Max, PoolKind::Avg]);
        let plain = Pool { kernel: self.per_axis(1, 4), ..Pool::new(dialect, kind, rank) };
        let plain = plain.with_default_stride();
        Pool {
            stride: if self.chance(0.5) { self.per_axis(1, 3) } else { plain.stride },
            dilation: if kind == PoolKind::Max && self.chance(0.3) { self.per_axis(1, 2) } else { [1; 3] },
            padding: match self.pick(0, 2) {
                0 => plain.padding,
                1 => Padding::Symmetric(self.per_axis(0, 2)),
                _ => Padding::Same,
            },
            ceil_mode: self.chance(0.4),
            count_include_pad: self.chance(0.5),
            ..plain
        }
    }

    fn upsample(&mut self, rank: usize) -> (Op, usize) {
        let modes = [
            Interpolation::Nearest,
            Interpolation::NearestExact,
            [Interpolation::Linear, Interpolation::Bilinear, Interpolation::Trilinear][rank.clamp(1, 3) - 1],
            Interpolation::Bicubic,
        ];
        let mode = self.of(&modes);
        let to = match self.pick(0, 3) {
            0 => ResizeTo::Scale([2.0; 3]),
            1 => ResizeTo::Scale([(); 3].map(|()| self.of(&[0.5, 0.7, 1.5, 1.7, 3.0]))),
            2 => ResizeTo::Size(self.per_axis(3, 12)),
            _ => ResizeTo::Like,
        };
        let nearest = matches!(mode, Interpolation::Nearest | Interpolation::NearestExact);
        let align_corners = (!nearest && self.chance(0.5)).then(|| self.chance(0.5));
        let count = if to == ResizeTo::Like { 2 } else { 1 };
        (Op::Upsample(Upsample { rank: None, to, mode, align_corners }), count)
    }

    fn border(&mut self) -> (Op, usize) {
        let mode = self.of(&[PaddingMode::Zeros, PaddingMode::Reflect, PaddingMode::Replicate, PaddingMode::Circular]);
        let pairs = [(); 3].map(|()| (self.pick(0, 2), self.pick(0, 2)));
        let amount = match self.chance(0.7) {
            true => Amount::Pairs { rank: None, pairs },
            false => Amount::Like { start: self.chance(0.5) },
        };
        let count = if matches!(amount, Amount::Like { .. }) { 2 } else { 1 };
        let op = match self.chance(0.5) {
            true => {
                let value = if mode == PaddingMode::Zeros { 0.5 } else { 0.0 };
                let axis = self.of(&[None, None, Some(Axis::Channels), Some(Axis::At(-1))]);
                Op::Pad { amount, mode, value, axis }
            }
            false => Op::Crop { amount },
        };
        (op, count)
    }

    fn norm(&mut self, dialect: Dialect) -> Op {
        match self.pick(0, 6) {
            0 => Op::BatchNorm { dialect, channels: None, eps: 1e-3, affine: self.chance(0.7), momentum: 0.1 },
            1 => Op::GroupNorm { dialect, channels: None, groups: 2, eps: 1e-5 },
            2 => Op::InstanceNorm { dialect, channels: None, eps: 1e-5, affine: self.chance(0.5) },
            3 => Op::RmsNorm { dialect, size: None, eps: 1e-5 },
            4 => {
                let (dialect, size) = (self.of(&[Dialect::Torch, Dialect::Onnx]), self.pick(1, 6));
                Op::LocalResponseNorm { dialect, size, alpha: 0.7, beta: 0.75, k: 1.5 }
            }
            5 => {
                let axis = self.of(&[Axis::Channels, Axis::At(-1), Axis::At(1)]);
                let axes = Axes::of(&[axis]).expect("one");
                Op::LpNorm { p: self.of(&[1.0, 2.0, 3.0]), axes, eps: 1e-12 }
            }
            _ => Op::LayerNorm { dialect, size: None, eps: 1e-5 },
        }
    }

    fn activation(&mut self) -> Activation {
        self.of(&[
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
            Activation::Hardsigmoid { alpha: 1.0 / 6.0 },
            Activation::Hardsigmoid { alpha: 0.2 },
            Activation::Clamp { min: -0.5, max: 0.25 },
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
            Activation::Pow { exponent: 3.0 },
            Activation::AddScalar { by: 0.7 },
            Activation::Hardtanh { min: -0.5, max: 0.25 },
        ])
    }

    /// Random parameters; variances are positive.
    pub(crate) fn params(&mut self, graph: &Graph) -> Vec<Vec<f32>> {
        let draw = |param: &convshape::graph::Parameter| {
            let count = param.elements.len();
            let range = match param.role {
                Role::Variance => 0.5..1.5,
                Role::Scale | Role::RmsScale | Role::Slope => 0.3..1.2,
                _ => -0.5..0.5,
            };
            (0..count).map(|_| self.0.random_range(range.clone())).collect()
        };
        graph.params().iter().map(draw).collect()
    }
}

/// Adds a convolution that reads its weight: the hyperbolic tangent of a parameter.
fn reading_its_weight(graph: &mut Graph, name: &str, conv: Conv, x: usize) -> Option<usize> {
    let op = Op::Conv(Conv { weight: WeightFrom::Input, ..conv }).bind(&[*graph.shape(x)], graph.order());
    op.output(&[*graph.shape(x)], graph.order()).ok()?;
    let Op::Conv(conv) = op else { return None };
    let (of, shape) = (Source::Parameter { init: Init::Constant(0.0), trained: true }, conv.weight_shape()?);
    let weight = graph.push(&format!("{name}.kernel"), Op::Source { of, shape }, &[x]).ok()?;
    let weight = graph.push(&format!("{name}.tanh"), Op::Activation(Activation::Tanh), &[weight]).ok()?;
    graph.push(name, op, &[x, weight]).ok()
}

fn reversed(shape: &Shape) -> Shape {
    let mut sizes = shape.sizes().to_vec();
    sizes.reverse();
    Shape::new(&sizes, shape.scope())
}

/// The outputs of a graph, with the reference kernels.
pub(crate) fn run(graph: &Graph, params: &[Vec<f32>], inputs: &[&ArrayD<f32>]) -> Vec<ArrayD<f32>> {
    let batch = inputs[0].shape()[0];
    let params: Vec<Vec<f64>> = params.iter().map(|param| param.iter().map(|&x| f64::from(x)).collect()).collect();
    let mut outputs: Vec<Vec<f32>> = vec![Vec::new(); graph.outputs().len()];
    for sample in 0..batch {
        let mut values: Vec<Vec<f64>> = inputs
            .iter()
            .map(|input| input.index_axis(convshape::ndarray::Axis(0), sample).iter().map(|&x| f64::from(x)).collect())
            .collect();
        for node in graph.nodes() {
            let shape = graph.shape(node.outputs[0]);
            let mut y = vec![0.0; elements(shape)];
            let params: Vec<&[f64]> = node.params.iter().map(|&param| params[param].as_slice()).collect();
            let inputs: Vec<(&Shape, &[f64])> =
                node.inputs.iter().map(|&value| (graph.shape(value), values[value].as_slice())).collect();
            kernels::apply(&node.op, graph.order(), &params, &inputs[..], shape, &mut y).expect("the shapes fit");
            values.push(y);
        }
        for (output, port) in outputs.iter_mut().zip(graph.outputs()) {
            #[expect(clippy::cast_possible_truncation, reason = "the file computes in f32")]
            output.extend(values[port.value].iter().map(|&x| x as f32));
        }
    }
    let array = |(output, port): (Vec<f32>, &convshape::graph::Port)| {
        let shape = graph.shape(port.value);
        let sizes = shape.numbers().expect("numbers");
        let sizes: Vec<usize> = std::iter::once(batch).chain(sizes[..shape.rank()].iter().copied()).collect();
        ArrayD::from_shape_vec(IxDyn(&sizes), output).expect("as many elements")
    };
    outputs.into_iter().zip(graph.outputs()).map(array).collect()
}

fn elements(shape: &Shape) -> usize {
    shape.numbers().expect("numbers")[..shape.rank()].iter().product()
}
