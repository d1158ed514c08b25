//! Tests every fast step against the layers' definitions, on every instruction set of the machine.

use std::format;
use std::string::String;
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use convshape_arith::graph::{self, Graph};
use convshape_arith::op::{
    Activation, Amount, Attention, AutoPad, Axes, Axis, AxisOrder, Cell, Conv, Dialect, Direction, DropTogether,
    Interpolation, MultiHead, Op, Padding, PaddingMode, Pieces, Pool, PoolKind, Recurrent, RecurrentOutput, Reduction,
    ResizeTo, SeparableConv, Source, Upsample, WeightFrom,
};
use convshape_arith::op::{Init, Role};
use convshape_arith::program::{Action, Program, ProgramPort, Step};
use convshape_arith::shape::Shape;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::engine::Engine;
use super::plan::Plan;
use super::plan::step::{Method, Work};
use super::simd::Level;
use crate::model::param::AxisSizes;
use crate::model::param::Param;
use crate::model::slot::Slot;
use crate::model::workspace::workspace_bytes;
use crate::reference::kernels;
use crate::reference::layout::slots_for;

/// Sums in `f32` differ from those in `f64` by the rounding of their terms. The sums in these tests have fewer than a
/// thousand terms, each at most 1.
const TOLERANCE: f32 = 5e-5;

struct Random(Xoshiro256PlusPlus);

impl Random {
    fn new(seed: u64) -> Random {
        Random(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    fn pick(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.0.random_range(0..items.len())]
    }

    fn floats(&mut self, count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count).map(|_| self.0.random_range(low..high)).collect()
    }
}

fn elements(shape: &Shape) -> usize {
    shape.numbers().expect("plain numbers").iter().product()
}

/// A chain of layers, each with the values it reads; value 0 is the input.
fn graph(order: AxisOrder, input: Shape, layers: &[(Op, Vec<usize>)], outputs: &[usize]) -> Option<Graph> {
    let mut graph = Graph::new("Test", order);
    graph.input("input", input);
    for (op, inputs) in layers {
        graph.push("layer", *op, inputs).ok()?;
    }
    outputs.iter().for_each(|&value| graph.output("port", value).expect("a layer's value"));
    Some(graph)
}

/// Random parameters; variances are positive.
fn draw(random: &mut Random, graph: &Graph) -> Vec<Param> {
    let params = graph.params().iter().map(|param| {
        let (low, high) = if param.role == Role::Variance { (0.5, 2.0) } else { (-1.0, 1.0) };
        Param::new(AxisSizes::of(&param.shape), random.floats(param.elements.len(), low, high))
    });
    params.collect()
}

/// `WORKSPACE_BYTES` of a chain, computed from constants like those that the macro writes.
fn promised_bytes(graph: &Graph) -> usize {
    fn leak<T>(items: impl Iterator<Item = T>) -> &'static [T] {
        items.collect::<Vec<T>>().leak()
    }
    let steps = graph.nodes().iter().map(|node| Step {
        name: "layer",
        file_name: "layer",
        action: Action::Layer(node.op),
        inputs: leak(node.inputs.iter().copied()),
        output: node.outputs[0],
        tied: node.tied,
        first_run: node.first_run,
    });
    let ports = |ports: &[graph::Port]| {
        leak(ports.iter().map(|port| ProgramPort { name: "port", shape: *graph.shape(port.value), value: port.value }))
    };
    let program = Program {
        name: "Test",
        order: graph.order(),
        inputs: ports(graph.inputs()),
        steps: leak(steps),
        outputs: ports(graph.outputs()),
        chains: &[],
        values: graph.values().len(),
    };
    let program: &'static Program = std::boxed::Box::leak(program.into());
    let shapes: Vec<Shape> = graph.inputs().iter().map(|port| *graph.shape(port.value)).collect();
    workspace_bytes(program, &slots_for(program, &shapes).expect("was checked"))
}

/// Runs a chain by definition and on every level, and compares.
fn check(random: &mut Random, order: AxisOrder, input: Shape, layers: &[(Op, Vec<usize>)], outputs: &[usize]) -> bool {
    check_within(TOLERANCE, random, order, input, layers, outputs)
}

fn check_within(
    tolerance: f32,
    random: &mut Random,
    order: AxisOrder,
    input: Shape,
    layers: &[(Op, Vec<usize>)],
    outputs: &[usize],
) -> bool {
    let Some(graph) = graph(order, input, layers, outputs) else { return false };
    let params = draw(random, &graph);
    let batch = usize::try_from(random.pick(1, 3)).expect("small");
    let x = random.floats(batch * elements(&input), -1.0, 1.0);
    let mut expected: Vec<Vec<f32>> = vec![Vec::new(); outputs.len()];
    for sample in x.chunks(elements(&input)) {
        let mut values: Vec<(Shape, Vec<f32>)> = vec![(input, sample.to_vec())];
        for node in graph.nodes() {
            let inputs: Vec<(&Shape, &[f32])> =
                node.inputs.iter().map(|&value| (&values[value].0, &values[value].1[..])).collect();
            let output = graph.shape(node.outputs[0]);
            let own: Vec<&[f32]> = node.params.iter().map(|&param| params[param].as_slice()).collect();
            let keys = inputs.get(1).unwrap_or(&inputs[0]).0;
            let room = Slot::of_layer(&node.op, [inputs[0].0, keys], *output, order).size();
            let mut y = vec![f32::NAN; room];
            kernels::apply(&node.op, order, &own, &inputs[..], output, &mut y).expect("was checked");
            y.truncate(elements(output));
            values.push((*output, y));
        }
        for (all, &value) in expected.iter_mut().zip(outputs) {
            all.extend(&values[value].1);
        }
    }
    #[cfg(feature = "train")]
    super::train::tests::check(f64::from(tolerance), &graph, &params, &x, batch);
    for level in Level::all() {
        let params: Vec<&Param> = params.iter().collect();
        let lowered = graph.lowered().expect("was checked");
        let engine = in_pool(batch < 3, || Engine::new(&lowered, &params, level, Arc::default())).expect("a plan");
        let (promised, needed) = (promised_bytes(&graph) / size_of::<f32>(), engine.elements(1));
        assert!(
            needed <= promised,
            "{level:?}: {needed} elements, `WORKSPACE_BYTES` are {promised}: {input} {layers:?}"
        );
        let mut found: Vec<Vec<f32>> = expected.iter().map(|y| vec![f32::NAN; y.len()]).collect();
        let mut rooms: Vec<&mut [f32]> = found.iter_mut().map(|y| &mut y[..]).collect();
        // The previous contents must not matter.
        let mut workspace = vec![f32::NAN; engine.elements(2)];
        in_pool(batch < 3, || engine.run_in(batch, &[&x], &mut rooms, &mut workspace));
        for (found, expected) in found.iter().zip(&expected) {
            // The maximum of no elements is minus infinity.
            let close = |(a, b): (&f32, &f32)| a == b || (a - b).abs() <= tolerance * b.abs().max(1.0);
            let wrong = found.iter().zip(expected).position(|pair| !close(pair));
            let words = |at: usize| -> String {
                format!("{level:?}: element {at} is {} and not {}: {input} {layers:?}", found[at], expected[at])
            };
            assert!(wrong.is_none(), "{}", words(wrong.unwrap_or(0)));
        }
    }
    true
}

/// Runs something in a pool of three threads, or as it is.
#[cfg(feature = "rayon")]
fn in_pool<T: Send>(is_in_pool: bool, run: impl FnOnce() -> T + Send) -> T {
    static POOL: std::sync::LazyLock<rayon::ThreadPool> =
        std::sync::LazyLock::new(|| rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool"));
    if is_in_pool { POOL.install(run) } else { run() }
}

#[cfg(not(feature = "rayon"))]
fn in_pool<T>(_: bool, run: impl FnOnce() -> T) -> T {
    run()
}

fn random_conv(random: &mut Random, rank: usize, inputs: i64) -> Conv {
    let direction = random.one_of(&[Direction::Forward, Direction::Transposed]);
    let groups = if inputs % 4 == 0 { random.one_of(&[1, 1, 2, 4, inputs]) } else { random.one_of(&[1, 1, inputs]) };
    let outputs = random.one_of(&[1, 1, 2, 3, 5, 8, 16, 17, 33, 40, 64]) * groups;
    let outputs = if groups > 4 { groups } else { outputs };
    let mut conv = Conv {
        inputs: Some(inputs),
        outputs,
        groups,
        bias: random.pick(0, 1) == 1,
        ..Conv::new(Dialect::Torch, direction, rank)
    };
    let mut pairs = [(0, 0); 3];
    for axis in 0..rank {
        conv.kernel[axis] = random.pick(1, 4);
        conv.stride[axis] = random.pick(1, 3);
        conv.dilation[axis] = random.pick(1, 2);
        pairs[axis] = (random.pick(-1, 2), random.pick(-1, 2));
        if conv.direction == Direction::Forward && random.pick(0, 5) == 0 {
            conv.input_dilation[axis] = 2;
        }
    }
    conv.padding = Padding::Pairs(pairs);
    conv
}

const ACTIVATIONS: [Activation; 23] = [
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
    Activation::Clamp { min: -0.5, max: 0.25 },
    Activation::Hardsigmoid { alpha: 0.2 },
    Activation::Mish,
    Activation::Selu,
    Activation::Celu { alpha: 0.7 },
    Activation::Softsign,
    Activation::LogSigmoid,
    Activation::Square,
    Activation::Abs,
    Activation::Pow { exponent: 2.0 },
    Activation::AddScalar { by: 0.7 },
    Activation::Hardtanh { min: -0.5, max: 0.25 },
];

#[test]
fn convolutions_of_all_kinds() {
    let mut random = Random::new(1);
    let mut run = 0;
    while run < 400 {
        let rank = usize::try_from(random.pick(1, 3)).expect("small");
        let channels = random.one_of(&[1, 2, 3, 4, 8, 16, 20, 32, 48]);
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let mut sizes: Vec<i64> = (0..rank).map(|_| random.pick(1, if rank == 3 { 5 } else { 17 })).collect();
        sizes.insert(order.channel(rank + 1), channels);
        let mut layers = vec![(Op::Conv(random_conv(&mut random, rank, channels)), vec![0])];
        if random.pick(0, 2) == 0 {
            let affine = random.pick(0, 1) == 1;
            layers.push((
                Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps: 1e-3, affine, momentum: 0.1 },
                vec![1],
            ));
        }
        if random.pick(0, 1) == 0 {
            layers.push((Op::Activation(random.one_of(&ACTIVATIONS)), vec![layers.len()]));
        }
        let last = layers.len();
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &layers, &[last]));
    }
}

/// An `Add` after a convolution, whose other operand nothing else reads, or another layer reads before or after it.
#[test]
fn sums_with_a_residual() {
    let mut random = Random::new(12);
    let mut run = 0;
    while run < 100 {
        let channels = random.one_of(&[3, 4, 16, 20, 32, 48, 80]);
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let mut sizes = vec![random.pick(1, 15), random.pick(1, 15)];
        sizes.insert(order.channel(3), random.one_of(&[1, 3, 16]));
        let conv = |random: &mut Random, inputs| {
            let (kernel, groups) = random.one_of(&[(1, 1), (3, 1), (1, 1), (3, 1), (3, channels), (1, 4)]);
            let groups = if inputs % groups == 0 && channels % groups == 0 { groups } else { 1 };
            let padding = Padding::Symmetric([kernel / 2, kernel / 2, 0]);
            let (inputs, outputs, bias) = (Some(inputs), channels, random.pick(0, 1) == 1);
            let conv = Conv::new(Dialect::Torch, Direction::Forward, 2);
            Op::Conv(Conv { inputs, outputs, groups, bias, padding, kernel: [kernel, kernel, 1], ..conv })
        };
        let inputs = sizes[order.channel(3)];
        let mut layers = vec![(conv(&mut random, inputs), vec![0])];
        // Terms of later layers are at most 1 too.
        let limit = |layers: &mut Vec<(Op, Vec<usize>)>, random: &mut Random| {
            let limits = [Activation::Clamp { min: -0.5, max: 0.25 }, Activation::Tanh, Activation::Sigmoid];
            layers.push((Op::Activation(random.one_of(&limits)), vec![layers.len()]));
        };
        limit(&mut layers, &mut random);
        let mut outputs = Vec::new();
        let blocks = random.pick(1, 3);
        for block in 1..=blocks {
            let start = layers.len();
            if random.pick(0, 4) == 0 {
                layers.push((Op::Slice { axis: Axis::Channels, start: 0, end: Some(2) }, vec![start]));
                outputs.push(layers.len());
            }
            layers.push((conv(&mut random, channels), vec![start]));
            if order == AxisOrder::ChannelsLast && random.pick(0, 1) == 0 {
                limit(&mut layers, &mut random);
                let last = layers.len();
                let (inputs, outputs, dialect) = (channels, channels, Dialect::Torch);
                layers.push((Op::Linear { dialect, inputs: Some(inputs), outputs, bias: true }, vec![last]));
            } else if random.pick(0, 2) > 0 {
                limit(&mut layers, &mut random);
                layers.push((conv(&mut random, channels), vec![layers.len()]));
            }
            if random.pick(0, 1) == 0 {
                let norm =
                    Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps: 1e-3, affine: true, momentum: 0.1 };
                layers.push((norm, vec![layers.len()]));
            }
            let last = layers.len();
            layers.push((Op::Add, if random.pick(0, 1) == 0 { vec![last, start] } else { vec![start, last] }));
            if block < blocks {
                limit(&mut layers, &mut random);
            } else if random.pick(0, 1) == 0 {
                layers.push((Op::Activation(random.one_of(&ACTIVATIONS)), vec![layers.len()]));
            }
            match random.pick(0, 6) {
                0 => outputs.push(start),
                1 => {
                    layers.push((Op::CONCAT, vec![layers.len(), start]));
                    layers.push((conv(&mut random, 2 * channels), vec![layers.len()]));
                    limit(&mut layers, &mut random);
                }
                _ => {}
            }
        }
        outputs.push(layers.len());
        // A layer sums up to 720 rounding errors of the previous one; an element added twice or not at all makes a
        // difference of 0.1.
        let tolerance = 10.0 * TOLERANCE;
        run += u32::from(check_within(tolerance, &mut random, order, Shape::of(&sizes), &layers, &outputs));
    }
}

/// Large enough for several threads, which divide the points of the tiles.
/// A block of RepVGG as it is trained is one step.
#[test]
fn branches_become_one_convolution() {
    let conv = |kernel: i64| {
        let conv = Conv::new(Dialect::Torch, Direction::Forward, 2);
        let padding = Padding::Symmetric([kernel / 2, kernel / 2, 0]);
        Op::Conv(Conv { outputs: 8, kernel: [kernel, kernel, 1], padding, ..conv })
    };
    let norm = Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps: 1e-5, affine: true, momentum: 0.1 };
    let layers = [
        (norm, vec![0]),
        (conv(3), vec![0]),
        (norm, vec![2]),
        (conv(1), vec![0]),
        (norm, vec![4]),
        (Op::Add, vec![3, 5]),
        (Op::Add, vec![6, 1]),
        (Op::Activation(Activation::Relu), vec![7]),
    ];
    let graph = graph(AxisOrder::ChannelsFirst, Shape::of(&[8, 6, 6]), &layers, &[8]).expect("fits");
    let plan = Plan::new(&graph.lowered().expect("was checked"), Level::best()).expect("a plan");
    let layers: Vec<usize> = plan.steps.iter().map(|step| step.nodes.len()).filter(|&count| count > 0).collect();
    assert_eq!(layers, [8]);
}

/// Convolutions of one value, and the value itself, that are normalised and added up.
#[test]
fn sums_of_branches() {
    let mut random = Random::new(42);
    let mut run = 0;
    while run < 150 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let rank = usize::try_from(random.pick(1, 2)).expect("small");
        let channels = random.one_of(&[3, 8, 16, 20, 64]);
        let mut sizes: Vec<i64> = (0..rank).map(|_| random.pick(1, 12)).collect();
        sizes.insert(order.channel(rank + 1), channels);
        let (groups, stride) = (random.one_of(&[1, channels]), random.one_of(&[1, 1, 2]));
        let norm = Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps: 1e-3, affine: true, momentum: 0.1 };
        let mut layers: Vec<(Op, Vec<usize>)> = Vec::new();
        let mut ends = Vec::new();
        for _ in 0..random.pick(2, 5) {
            if stride == 1 && random.pick(0, 4) == 0 {
                layers.push((norm, vec![0]));
            } else {
                let mut conv = Conv::new(Dialect::Torch, Direction::Forward, rank);
                (conv.outputs, conv.groups, conv.bias) = (channels, groups, random.pick(0, 1) == 1);
                let mut padding = [0; 3];
                for axis in 0..rank {
                    conv.kernel[axis] = random.one_of(&[1, 3, 5]);
                    conv.stride[axis] = stride;
                    padding[axis] = conv.kernel[axis] / 2;
                }
                conv.padding = Padding::Symmetric(padding);
                layers.push((Op::Conv(conv), vec![0]));
                if random.pick(0, 1) == 1 {
                    layers.push((norm, vec![layers.len()]));
                }
            }
            ends.push(layers.len());
        }
        let mut outputs = Vec::new();
        if random.pick(0, 3) == 0 {
            outputs.push(random.one_of(&ends));
        }
        while ends.len() > 1 {
            let [a, b] =
                [(); 2].map(|()| ends.remove(usize::try_from(random.pick(0, 99)).expect("small") % ends.len()));
            layers.push((Op::Add, vec![a, b]));
            ends.push(layers.len());
        }
        layers.push((Op::Activation(random.one_of(&ACTIVATIONS)), vec![layers.len()]));
        outputs.push(layers.len());
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &layers, &outputs));
    }
}

#[test]
fn convolutions_in_few_tiles() {
    let mut random = Random::new(97);
    for (size, dilation) in [(7, 1), (9, 2)] {
        let padding = Padding::Symmetric([dilation; 3]);
        let plain = Conv::new(Dialect::Torch, Direction::Forward, 2);
        let conv = Conv { outputs: 64, kernel: [3, 3, 1], dilation: [dilation, dilation, 1], padding, ..plain };
        let input = Shape::of(&[64, size, size]);
        assert!(check_within(
            4.0 * TOLERANCE,
            &mut random,
            AxisOrder::ChannelsFirst,
            input,
            &[(Op::Conv(conv), vec![0])],
            &[1]
        ));
    }
}

/// With Winograd's algorithm where it is faster, along two axes or one.
#[test]
fn convolutions_in_tiles() {
    let mut random = Random::new(5);
    let mut run = 0;
    while run < 160 {
        let (inputs, outputs) = (random.one_of(&[16, 18, 32, 44]), random.one_of(&[16, 20, 32, 39, 48, 72, 80]));
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let rank = random.one_of(&[1, 2, 2, 3]);
        let conv = random_conv(&mut random, rank, inputs);
        let (kernel, stride, dilation) = random.one_of(&[
            (3, 1, 1),
            (2, 1, 1),
            (3, 1, 2),
            (3, 1, 3),
            (2, 1, 2),
            (4, 2, 1),
            (6, 2, 1),
            (6, 3, 1),
            (3, 2, 1),
            (5, 1, 1),
            (7, 1, 1),
            (4, 1, 2),
        ]);
        let (mut kernel, mut stride, dilation, groups) = ([kernel; 3], [stride; 3], [dilation; 3], 1);
        let mut padding = conv.padding;
        let most = [61, 21, 12][rank - 1];
        let mut sizes: Vec<i64> = (0..rank).map(|_| random.pick(3, most)).collect();
        // Axes with one tap.
        for axis in 0..rank {
            if random.pick(0, 3) == 0 {
                (kernel[axis], stride[axis]) = (1, stride[axis].min(random.pick(1, 3)));
            }
        }
        if rank == 3 {
            if conv.direction == Direction::Transposed {
                stride[0] = 1;
            }
            let around = random.pick(0, 1);
            padding = Padding::Symmetric([random.one_of(&[0, 0, 1]), around, around]);
            sizes[0] = random.pick(1, 7);
        }
        // The tolerance is for sums of less than a thousand terms.
        if inputs * kernel[..rank].iter().product::<i64>() >= 1000 {
            continue;
        }
        sizes.insert(order.channel(rank + 1), inputs);
        let conv = Conv { kernel, stride, dilation, padding, groups, outputs, ..conv };
        // The gradient of others jumps, so a rounding may change it.
        let smooth = [Activation::Silu, Activation::Tanh, Activation::Softplus, Activation::Gelu { tanh: false }];
        let mut layers = vec![(Op::Conv(conv), vec![0])];
        // A second convolution adds to the first.
        if random.pick(0, 2) == 0 {
            layers.extend([(Op::Conv(conv), vec![0]), (Op::Add, vec![1, 2])]);
        }
        layers.push((Op::Activation(random.one_of(&smooth)), vec![layers.len()]));
        // The roundings of F(4, 3) are up to four times those of the definition.
        run +=
            u32::from(check_within(4.0 * TOLERANCE, &mut random, order, Shape::of(&sizes), &layers, &[layers.len()]));
    }
}

/// A border of zeros becomes that of the only convolution that reads it.
#[test]
fn convolutions_of_padded_values() {
    let mut random = Random::new(47);
    let mut run = 0;
    while run < 100 {
        let (rank, channels) = (random.one_of(&[1, 2, 2, 3]), random.one_of(&[3, 16, 20]));
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let most = [40, 14, 6][rank - 1];
        let mut sizes: Vec<i64> = (0..rank).map(|_| random.pick(1, most)).collect();
        sizes.insert(order.channel(rank + 1), channels);
        let pairs = [0; 3].map(|_| (random.pick(0, 3), random.pick(-1, 3)));
        let (mode, value) = (PaddingMode::Zeros, random.one_of(&[0.0, 0.0, 0.0, 0.5]));
        let pad = Op::Pad { amount: Amount::Pairs { rank: None, pairs }, mode, value, axis: None };
        let conv = random_conv(&mut random, rank, channels);
        let conv = Conv { inputs: None, outputs: channels, ..conv };
        let mut layers = vec![(pad, vec![0]), (Op::Conv(conv), vec![1])];
        match random.pick(0, 3) {
            // What is padded is added to the result, if their sizes agree.
            0 => layers.push((Op::Add, vec![2, 0])),
            1 => layers.extend([(pad, vec![2]), (Op::Conv(conv), vec![3])]),
            // The padded value is read twice.
            2 => layers.extend([(Op::Conv(conv), vec![1]), (Op::Add, vec![2, 3])]),
            _ => {}
        }
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &layers, &[layers.len()]));
    }
}

/// The planner takes the fast way that the tests above compare with the definition.
#[test]
fn padded_values_and_tiles_are_planned() {
    let steps = |input: &[i64], layers: &[(Op, Vec<usize>)]| {
        let graph = graph(AxisOrder::ChannelsFirst, Shape::of(input), layers, &[layers.len()]).expect("fits");
        Plan::new(&graph.lowered().expect("fits"), Level::best()).expect("a plan").steps
    };
    let pads = |steps: &[super::plan::step::Step]| steps.iter().any(|step| matches!(step.work, Work::Resample { .. }));
    let pad = |value: f64| {
        let pairs = [(2, 1), (0, 0), (0, 0)];
        Op::Pad { amount: Amount::Pairs { rank: None, pairs }, mode: PaddingMode::Zeros, value, axis: None }
    };
    let plain = Conv::new(Dialect::Torch, Direction::Forward, 1);
    let conv = Op::Conv(Conv { outputs: 8, kernel: [3, 1, 1], ..plain });
    let first = (Op::Activation(Activation::Relu), vec![0]);
    assert!(!pads(&steps(&[8, 20], &[first.clone(), (pad(0.0), vec![1]), (conv, vec![2])])));
    assert!(pads(&steps(&[8, 20], &[first.clone(), (pad(0.5), vec![1]), (conv, vec![2])])));
    // Two convolutions read the padded value.
    let twice = [first.clone(), (pad(0.0), vec![1]), (conv, vec![2]), (conv, vec![2]), (Op::Mul, vec![3, 4])];
    assert!(pads(&steps(&[8, 20], &twice)));
    // What is padded is part of a join, which would become wider as a whole.
    let joined = [first, (pad(0.0), vec![1]), (conv, vec![2]), (Op::Concat { axis: Axis::At(0) }, vec![1, 0])];
    assert!(pads(&steps(&[8, 20], &joined)));
    if !Level::best().is_portable() {
        let plain = Conv::new(Dialect::Torch, Direction::Forward, 2);
        let conv = Op::Conv(Conv { outputs: 72, kernel: [3, 3, 1], ..plain });
        let steps = steps(&[40, 30, 30], &[(conv, vec![0])]);
        assert!(steps.iter().any(|step| matches!(step.work, Work::Sum { method: Method::Winograd(_), .. })));
    }
}

#[test]
fn windows_of_each_channel() {
    let mut random = Random::new(8);
    let mut run = 0;
    while run < 150 {
        let channels = random.one_of(&[2, 4, 16, 20, 48]);
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let mut sizes = vec![random.pick(1, 19), random.pick(1, 19)];
        sizes.insert(order.channel(3), channels);
        let (size, stride, dilation) =
            (random.one_of(&[2, 3, 4, 5, 7, 9, 13]), [random.pick(1, 3), random.pick(1, 3), 1], [1; 3]);
        let kernel = [random.one_of(&[1, 3, 4, size]), size, 1];
        let conv = random_conv(&mut random, 2, channels);
        let padding = random.one_of(&[conv.padding, Padding::Symmetric([1, size / 2, 0])]);
        let conv = Conv { kernel, stride, dilation, padding, groups: channels, outputs: channels, ..conv };
        let layers = [(Op::Conv(conv), vec![0]), (Op::Activation(random.one_of(&ACTIVATIONS)), vec![1])];
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &layers, &[2]));
    }
}

#[test]
fn permutations_of_axes() {
    let mut random = Random::new(31);
    let mut run = 0;
    while run < 150 {
        let sizes: Vec<i64> = (0..random.pick(1, 6)).map(|_| random.one_of(&[1, 2, 3, 7, 16, 17, 33])).collect();
        if sizes.iter().product::<i64>() > 20_000 {
            continue;
        }
        let mut axes: Vec<(i64, Axis)> = (0..).zip(&sizes).map(|(at, _)| (random.pick(0, 99), Axis::At(at))).collect();
        axes.sort_by_key(|(key, _)| *key);
        let axes: Vec<Axis> = axes.into_iter().map(|(_, axis)| axis).collect();
        let op = Op::Permute { axes: Axes::of(&axes).expect("few"), swap: false };
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &[(op, vec![0])], &[1]));
    }
}

/// Between convolutions and alone.
#[test]
fn shuffles_of_pixels() {
    let mut random = Random::new(83);
    for (order, factor) in [(AxisOrder::ChannelsFirst, 2), (AxisOrder::ChannelsFirst, 3), (AxisOrder::ChannelsLast, 2)]
    {
        for channels in [1, 3, 17] {
            let mut sizes = vec![factor * random.pick(1, 3), factor * random.pick(1, 3)];
            let packed = channels * factor * factor;
            sizes.insert(order.channel(3), packed);
            let conv = Conv { outputs: packed, kernel: [1; 3], ..Conv::new(Dialect::Torch, Direction::Forward, 2) };
            let layers = [
                (Op::PixelShuffle { factor }, vec![0]),
                (Op::PixelUnshuffle { factor }, vec![1]),
                (Op::Conv(conv), vec![2]),
                (Op::PixelShuffle { factor }, vec![3]),
                (Op::Conv(conv), vec![4]),
                (Op::PixelUnshuffle { factor }, vec![3]),
            ];
            assert!(check(&mut random, order, Shape::of(&sizes), &layers, &[1, 2, 4, 5, 6]), "{channels} {factor}");
        }
    }
}

#[test]
fn slopes_of_negative_elements() {
    let mut random = Random::new(37);
    for _ in 0..60 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let mut sizes: Vec<i64> = (0..random.pick(0, 3)).map(|_| random.pick(1, 9)).collect();
        let channels = random.one_of(&[1, 3, 16, 20, 33]);
        sizes.insert(order.channel(sizes.len() + 1), channels);
        let op = Op::Prelu { channels: random.one_of(&[1, channels]) };
        let padded = Op::Conv(random_conv(&mut random, 2, channels));
        let layers = [(op, vec![0]), (padded, vec![1])];
        let layers = if sizes.len() == 3 { &layers[..] } else { &layers[..1] };
        if !check(&mut random, order, Shape::of(&sizes), layers, &[layers.len()]) {
            assert!(check(&mut random, order, Shape::of(&sizes), &layers[..1], &[1]));
        }
    }
}

/// A convolution and the depthwise one after it.
#[test]
fn interleaved_rows() {
    let mut random = Random::new(13);
    let mut run = 0;
    while run < 80 {
        let (inputs, channels) = (random.one_of(&[1, 3, 16]), random.one_of(&[4, 16, 20, 48]));
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let mut sizes = vec![random.pick(2, 23), random.pick(2, 23)];
        sizes.insert(order.channel(3), inputs);
        let first =
            Conv { groups: 1, outputs: channels, direction: Direction::Forward, ..random_conv(&mut random, 2, inputs) };
        let (size, stride) = (random.one_of(&[3, 5, 7]), [random.pick(1, 3), random.pick(1, 3), 1]);
        let conv = random_conv(&mut random, 2, channels);
        let padding = random.one_of(&[conv.padding, Padding::Symmetric([size / 2, size / 2, 0])]);
        let (kernel, direction) = ([size, size, 1], Direction::Forward);
        let second = Conv { kernel, stride, padding, direction, groups: channels, outputs: channels, ..conv };
        let last = Conv { outputs: 5, kernel: [1; 3], ..Conv::new(Dialect::Torch, direction, 2) };
        let layers = [
            (Op::Conv(first), vec![0]),
            (Op::Activation(random.one_of(&ACTIVATIONS)), vec![1]),
            (Op::Conv(second), vec![2]),
            (Op::Conv(last), vec![3]),
        ];
        let outputs = random.one_of(&[&[4][..], &[3], &[3, 4], &[2, 4]]);
        // The square makes the rounding errors of the first layer larger, and each later layer sums 48 or 49 of them.
        let tolerance = 10.0 * TOLERANCE;
        run += u32::from(check_within(tolerance, &mut random, order, Shape::of(&sizes), &layers, outputs));
    }
}

/// Blocks whose last layer adds to what the first one reads, and convolutions in a row.
#[test]
fn interleaved_blocks() {
    let mut random = Random::new(14);
    let mut run = 0;
    while run < 80 {
        let (inputs, channels) = (random.one_of(&[3, 16]), random.one_of(&[20, 48]));
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let mut sizes = vec![random.pick(2, 23), random.pick(2, 23)];
        sizes.insert(order.channel(3), inputs);
        let mut conv = |inputs: i64, outputs: i64, groups: i64| {
            let size = random.one_of(&[1, 3, 5]);
            let conv = random_conv(&mut random, 2, inputs);
            let (kernel, padding) = ([size, size, 1], Padding::Symmetric([size / 2, size / 2, 0]));
            let stride = if size > 1 && random.pick(0, 3) == 0 { conv.stride } else { [1; 3] };
            let direction = Direction::Forward;
            Op::Conv(Conv { kernel, padding, stride, dilation: [1; 3], direction, groups, outputs, ..conv })
        };
        let layers = [
            (conv(inputs, inputs, inputs), vec![0]),
            (conv(inputs, channels, 1), vec![1]),
            (conv(channels, channels, channels), vec![2]),
            (conv(channels, inputs, 1), vec![3]),
            (Op::Add, vec![4, 1]),
        ];
        // As above.
        let tolerance = 10.0 * TOLERANCE;
        run += u32::from(check_within(tolerance, &mut random, order, Shape::of(&sizes), &layers, &[5]));
        check_within(tolerance, &mut random, order, Shape::of(&sizes), &layers[..4], &[4]);
    }
}

/// A wide layer that is the whole chain keeps the caller's order of axes.
#[test]
fn layers_over_planes() {
    let mut random = Random::new(9);
    let mut run = 0;
    while run < 300 {
        let rank = usize::try_from(random.pick(1, 3)).expect("small");
        let channels = random.one_of(&[1, 2, 3, 4, 8, 16, 20]);
        let mut sizes: Vec<i64> = (0..rank).map(|_| random.pick(1, 9)).collect();
        sizes[rank - 1] = random.pick(14, 50);
        sizes.insert(0, channels);
        let mut conv = random_conv(&mut random, rank, channels);
        if random.pick(0, 2) == 0 {
            conv = Conv { kernel: [1; 3], stride: [1; 3], padding: Padding::Symmetric([0; 3]), ..conv };
        } else if random.pick(0, 2) == 0 {
            conv = Conv { kernel: [3; 3], stride: [1; 3], padding: Padding::Symmetric([1; 3]), ..conv };
        }
        let mut layers = vec![(Op::Conv(conv), vec![0])];
        if random.pick(0, 1) == 0 {
            layers.push((Op::Activation(random.one_of(&ACTIVATIONS)), vec![1]));
        }
        let last = layers.len();
        run += u32::from(check(&mut random, AxisOrder::ChannelsFirst, Shape::of(&sizes), &layers, &[last]));
    }
}

#[test]
fn two_convolutions_and_a_join() {
    let mut random = Random::new(2);
    let mut run = 0;
    while run < 60 {
        let channels = random.one_of(&[1, 3, 16]);
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let mut sizes = vec![random.pick(1, 9), random.pick(1, 9)];
        sizes.insert(order.channel(3), channels);
        let same = |random: &mut Random, inputs: i64| {
            let outputs = random.one_of(&[1, 3, 16, 20]);
            let (stride, dilation) = ([1; 3], [random.pick(1, 2); 3]);
            let padding = Padding::Same;
            let conv = Conv { groups: 1, outputs, stride, dilation, padding, ..random_conv(random, 2, inputs) };
            Conv { direction: Direction::Forward, ..conv }
        };
        let first = same(&mut random, channels);
        let second = same(&mut random, first.outputs);
        let joined = random.one_of(&[vec![2, 1], vec![0, 2], vec![1, 1, 2], vec![1, 0, 2]].map(|list| &*list.leak()));
        let third = Conv { inputs: None, ..same(&mut random, 1) };
        let layers = [
            (Op::Conv(first), vec![0]),
            (Op::Conv(second), vec![1]),
            (Op::CONCAT, joined.to_vec()),
            (Op::Conv(third), vec![3]),
            (Op::Slice { axis: Axis::Channels, start: 0, end: Some(1) }, vec![3]),
            (Op::Activation(Activation::Relu), vec![5]),
        ];
        let outputs = random.one_of(&[&[4][..], &[4, 6], &[3, 4], &[4, 1, 4], &[5, 0, 2]]);
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &layers, outputs));
    }
}

#[test]
fn other_layers() {
    let mut random = Random::new(3);
    let pool = |random: &mut Random, kind| {
        let mut pairs = [(0, 0); 3];
        let mut kernel = [1; 3];
        for axis in 0..2 {
            kernel[axis] = random.pick(1, 4);
            pairs[axis] = (random.pick(0, kernel[axis] / 2), random.pick(0, kernel[axis] / 2));
        }
        let (ceil_mode, count_include_pad) = (random.pick(0, 1) == 1, random.pick(0, 1) == 1);
        let dilation = if kind == PoolKind::Max { [random.pick(1, 5); 3] } else { [1; 3] };
        let (dialect, stride, padding) = (Dialect::Torch, [random.pick(1, 3); 3], Padding::Pairs(pairs));
        Op::Pool(Pool {
            dialect,
            kind,
            rank: 2,
            kernel,
            stride,
            dilation,
            padding,
            ceil_mode,
            count_include_pad,
            auto_pad: AutoPad::NotSet,
        })
    };
    let resize = |to, mode| Op::Upsample(Upsample { rank: None, to, mode, align_corners: None });
    let mut run = 0;
    while run < 300 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let channels = random.one_of(&[1, 3, 4, 16, 20]);
        let mut sizes = vec![random.pick(1, 9), random.pick(1, 9)];
        sizes.insert(order.channel(3), channels);
        let norm = Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps: 1e-5, affine: true, momentum: 0.1 };
        let pairs = Amount::Pairs { rank: None, pairs: [(1, 2); 3] };
        let ops: Vec<(Op, Vec<usize>)> = match random.pick(0, 13) {
            0 => vec![(pool(&mut random, PoolKind::Max), vec![0])],
            1 => vec![(pool(&mut random, PoolKind::Avg), vec![0])],
            2 => vec![(norm, vec![0]), (Op::Activation(random.one_of(&ACTIVATIONS)), vec![1])],
            3 => vec![
                (Op::Scale { by: 0.3 }, vec![0]),
                (Op::Add, vec![0, 1, 1]),
                (Op::Activation(Activation::Tanh), vec![2]),
            ],
            4 => vec![(resize(ResizeTo::Scale([2.0, 3.0, 1.0]), Interpolation::Nearest), vec![0])],
            5 => vec![(resize(ResizeTo::Scale([1.5; 3]), Interpolation::Nearest), vec![0])],
            6 => vec![(resize(ResizeTo::Size([5, 4, 1]), Interpolation::Bilinear), vec![0])],
            7 => vec![(Op::Pad { amount: pairs, mode: PaddingMode::Replicate, value: 0.0, axis: None }, vec![0])],
            8 => vec![
                (Op::FLATTEN, vec![0]),
                (Op::Linear { dialect: Dialect::Torch, inputs: None, outputs: 19, bias: true }, vec![1]),
            ],
            9 => vec![
                (Op::Linear { dialect: Dialect::Torch, inputs: None, outputs: 19, bias: true }, vec![0]),
                (Op::SOFTMAX, vec![1]),
            ],
            10 => vec![(Op::GlobalPool { kind: PoolKind::Max, keep_axes: true }, vec![0]), (Op::Mul, vec![0, 1])],
            11 => vec![
                (Op::Dropout { p: 0.5, together: DropTogether::Element }, vec![0]),
                (Op::Activation(random.one_of(&ACTIVATIONS)), vec![1]),
            ],
            12 => {
                let shape = Shape::of(&sizes);
                vec![
                    (Op::FLATTEN, vec![0]),
                    (Op::Activation(Activation::Relu), vec![1]),
                    (Op::Reshape { shape }, vec![2]),
                ]
            }
            _ => {
                let conv = Conv { padding_mode: PaddingMode::Reflect, ..random_conv(&mut random, 2, channels) };
                vec![(Op::Conv(Conv { direction: Direction::Forward, ..conv }), vec![0]), (Op::Add, vec![1, 1])]
            }
        };
        let last = ops.len();
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &ops, &[last]));
    }
}

/// Layers that need the last axis innermost, between others that need the channels innermost.
#[test]
fn layouts_in_turn() {
    let mut random = Random::new(11);
    let mut run = 0;
    while run < 150 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let channels = random.one_of(&[1, 3, 8, 17]);
        let rank = usize::try_from(random.pick(1, 3)).expect("small");
        let mut sizes: Vec<i64> = (0..rank).map(|_| random.pick(1, 6)).collect();
        sizes.insert(order.channel(rank + 1), channels);
        let input = Shape::of(&sizes);
        let mut layers: Vec<(Op, Vec<usize>)> = Vec::new();
        for index in 0..random.pick(1, 5) {
            let last = usize::try_from(index).expect("small");
            let conv = Conv { inputs: None, groups: 1, padding: Padding::Same, ..random_conv(&mut random, rank, 1) };
            let conv = Conv { direction: Direction::Forward, stride: [1; 3], input_dilation: [1; 3], ..conv };
            layers.push(match random.pick(0, 10) {
                0 => (Op::Conv(Conv { outputs: channels, ..conv }), vec![last]),
                1 => {
                    let outputs = random.one_of(&[sizes[rank], 5]);
                    (Op::Linear { dialect: Dialect::Torch, inputs: None, outputs, bias: true }, vec![last])
                }
                2 => (Op::LayerNorm { dialect: Dialect::Torch, size: None, eps: 1e-3 }, vec![last]),
                3 => (Op::SOFTMAX, vec![last]),
                4 => (Op::Activation(random.one_of(&ACTIVATIONS)), vec![last]),
                5 => (Op::Add, vec![last, random.one_of(&[0, last])]),
                6 => (Op::Mul, vec![random.one_of(&[0, last]), last]),
                8 => (random.one_of(&[Op::Sub, Op::Maximum, Op::Minimum]), vec![last, random.one_of(&[0, last])]),
                9 => {
                    (Op::Permute { axes: Axes::of(&[Axis::At(0), Axis::At(-1)]).expect("few"), swap: true }, vec![last])
                }
                10 => {
                    let kind = random.one_of(&[Reduction::Mean, Reduction::Sum, Reduction::Max, Reduction::Min]);
                    let axis = random.one_of(&[Axis::At(0), Axis::At(-1), Axis::Channels]);
                    (Op::Reduce { kind, axes: Axes::of(&[axis]), keep: random.pick(0, 1) == 1 }, vec![last])
                }
                7 => (Op::Reshape { shape: Shape::of(&[sizes.iter().product()]) }, vec![last]),
                _ => (Op::Reshape { shape: input }, vec![last]),
            });
        }
        let last = layers.len();
        run += u32::from(check(&mut random, order, input, &layers, &[last]));
    }
}

/// Of a convolution that is sliced along its rows, only the rows that are kept are computed.
#[test]
fn slices_of_rows() {
    let mut random = Random::new(29);
    let (mut run, mut fused) = (0, 0);
    while run < 150 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let rank = usize::try_from(random.pick(1, 3)).expect("small");
        let channels = random.one_of(&[1, 3, 4, 16, 20]);
        let mut sizes: Vec<i64> = (0..rank).map(|_| random.pick(3, 11)).collect();
        sizes.insert(order.channel(rank + 1), channels);
        let input = Shape::of(&sizes);
        let mut layers = vec![(Op::Conv(random_conv(&mut random, rank, channels)), vec![0])];
        for _ in 0..random.pick(1, 4) {
            let last = layers.len();
            let Some(graph) = graph(order, input, &layers, &[last]) else { break };
            let shape = graph.shape(graph.outputs()[0].value);
            let axis = usize::try_from(random.pick(0, rank as i64)).expect("small");
            let size = shape.size(axis).number().expect("plain numbers");
            let (start, end) = (random.pick(0, 2), size - random.pick(0, 2));
            let op = match random.pick(0, 4) {
                0 => Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps: 1e-5, affine: true, momentum: 0.1 },
                1 => Op::Activation(Activation::Relu),
                _ => Op::Slice { axis: Axis::At(axis as i64), start, end: Some(end) },
            };
            layers.push((op, vec![last]));
        }
        if random.pick(0, 2) == 0 {
            layers.push((Op::Add, vec![layers.len(), layers.len()]));
        }
        let outputs = [layers.len()];
        if check(&mut random, order, input, &layers, &outputs) {
            run += 1;
            let graph = graph(order, input, &layers, &outputs).expect("it ran");
            let plan = Plan::new(&graph, Level::best()).expect("it ran");
            fused += usize::from(!plan.steps.iter().any(|step| matches!(step.work, Work::Move { .. })));
        }
    }
    assert!(fused > 70, "{fused}");
}

/// Chains in which any layer may read any value: parts, sums that repeat an operand, joins along any axis, and layers
/// that need another layout.
#[test]
fn layers_in_company() {
    let mut random = Random::new(14);
    for _ in 0..600 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let rank = usize::try_from(random.pick(2, 4)).expect("small");
        let mut sizes: Vec<i64> = (0..rank).map(|_| random.pick(1, 5)).collect();
        sizes[order.channel(rank)] = random.one_of(&[1, 2, 3, 17]);
        let (input, mut layers) = (Shape::of(&sizes), Vec::new());
        for _ in 0..40 {
            let axis = Axis::At(random.pick(0, 3));
            let any = [(); 3].map(|()| usize::try_from(random.pick(0, 20)).expect("small") % (layers.len() + 1));
            let (one, two) = (vec![any[0]], vec![any[0], any[1]]);
            let start = random.pick(0, 2);
            let (dialect, eps) = (Dialect::Torch, 1e-1);
            let layer = match random.pick(0, 26) {
                0 | 1 => (Op::Concat { axis }, if random.pick(0, 1) == 0 { two } else { any.to_vec() }),
                2 | 3 => (random.one_of(&[Op::Add, Op::Mul]), if random.pick(0, 1) == 0 { two } else { any.to_vec() }),
                4 => (random.one_of(&[Op::Sub, Op::Maximum]), two),
                5 => (Op::Slice { axis, start, end: Some(start + random.pick(1, 2)) }, one),
                6 => {
                    let kind = random.one_of(&[Reduction::Mean, Reduction::Max]);
                    (Op::Reduce { kind, axes: Axes::of(&[axis]), keep: random.pick(0, 2) > 0 }, one)
                }
                7 => (Op::Permute { axes: Axes::of(&[axis, Axis::At(-1)]).expect("few"), swap: true }, one),
                8 => (Op::Linear { dialect, inputs: None, outputs: random.pick(1, 5), bias: true }, one),
                9 => {
                    let conv = Conv { inputs: None, groups: 1, ..random_conv(&mut random, rank - 1, 1) };
                    let outputs = random.one_of(&[1, 3, 17]);
                    let conv = Conv { outputs, padding: Padding::Same, direction: Direction::Forward, ..conv };
                    (Op::Conv(Conv { stride: [1; 3], input_dilation: [1; 3], ..conv }), one)
                }
                10 => (Op::Activation(random.one_of(&[Activation::Tanh, Activation::Relu])), one),
                11 => (Op::Softmax { axis, log: random.pick(0, 1) == 1 }, one),
                12 => (Op::Reshape { shape: input }, one),
                13 => (Op::Stack { axis }, two),
                14 => (Op::LayerNorm { dialect, size: None, eps }, one),
                15 => (Op::RmsNorm { dialect, size: Some(Shape::of(&sizes[rank - 1..])), eps }, one),
                16 => (Op::GroupNorm { dialect, channels: None, groups: 1, eps }, one),
                17 => (Op::MatMul { transpose_a: random.pick(0, 1) == 1, transpose_b: random.pick(0, 1) == 1 }, two),
                18 => (Op::GlobalPool { kind: PoolKind::Avg, keep_axes: random.pick(0, 1) == 1 }, one),
                19 => {
                    let pairs = [0; 3].map(|_| (random.pick(0, 2), random.pick(0, 2)));
                    let mode = random.one_of(&[PaddingMode::Zeros, PaddingMode::Replicate]);
                    let axis = (random.pick(0, 1) == 1).then_some(axis);
                    let value = random.one_of(&[0.0, 0.5]);
                    (Op::Pad { amount: Amount::Pairs { rank: None, pairs }, mode, value, axis }, one)
                }
                20 => {
                    let (to, mode) = (ResizeTo::Scale([2.0, 1.0, 2.0]), Interpolation::Nearest);
                    (Op::Upsample(Upsample { rank: None, to, mode, align_corners: None }), one)
                }
                21 => (Op::Scale { by: 0.7 }, one),
                22 => (Op::Attention(Attention::new(dialect, 1)), any.to_vec()),
                23 => (Op::Flatten { from: Axis::At(random.pick(0, 1)), to: Axis::At(-1) }, one),
                24 => (Op::BatchNorm { dialect, channels: None, eps, affine: true, momentum: 0.1 }, one),
                25 => (Op::Minimum, two),
                _ => (Op::Split { axis, index: random.pick(0, 1), pieces: Pieces::Equal { count: 2 } }, one),
            };
            layers.push(layer);
            let grows = graph(order, input, &layers, &[layers.len()])
                .is_none_or(|graph| elements(graph.shape(graph.outputs()[0].value)) > 2000);
            if grows {
                layers.pop();
            }
            if layers.len() == 8 {
                break;
            }
        }
        let last = layers.len();
        let other = usize::try_from(random.pick(0, 20)).expect("small") % (last + 1);
        // Sums of sums, with products of up to eight layers.
        assert!(check_within(1e-3, &mut random, order, input, &layers, &[last, other]), "{layers:?}");
    }
}

/// Functions of a value and one that broadcasts along some axes.
#[test]
fn broadcasts() {
    let mut random = Random::new(12);
    let mut run = 0;
    while run < 100 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let channels = random.one_of(&[1, 3, 16, 40]);
        let mut sizes = vec![random.pick(1, 6), random.pick(1, 6)];
        sizes.insert(order.channel(3), channels);
        let pool =
            |rows: i64, columns: i64| Op::AdaptivePool { kind: PoolKind::Avg, rank: 2, size: [rows, columns, 1] };
        let (rows, columns) = (random.one_of(&[1, sizes[1]]), random.one_of(&[1, sizes[2]]));
        let one = Conv { bias: true, kernel: [1; 3], ..Conv::new(Dialect::Torch, Direction::Forward, 2) };
        let small = random.one_of(&[
            pool(rows, columns),
            pool(1, 1),
            Op::GlobalPool { kind: PoolKind::Avg, keep_axes: false },
            Op::Conv(Conv { outputs: 1, ..one }),
            Op::Reduce { kind: Reduction::Mean, axes: Axes::of(&[Axis::At(0)]), keep: false },
        ]);
        let op = random.one_of(&[Op::Add, Op::Mul, Op::Sub, Op::Div, Op::Maximum, Op::Minimum]);
        let inputs = match op {
            // A divisor must not be near zero.
            Op::Div => random.one_of(&[&[0, 2][..], &[2, 2]]),
            Op::Sub => random.one_of(&[&[0, 2][..], &[2, 0]]),
            _ => random.one_of(&[&[0, 2][..], &[2, 0], &[0, 2, 2], &[2, 0, 2], &[2, 2, 0]]),
        };
        let layers = [
            (small, vec![0]),
            (Op::Activation(Activation::Sigmoid), vec![1]),
            (op, inputs.to_vec()),
            (Op::Activation(random.one_of(&ACTIVATIONS)), vec![3]),
        ];
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &layers, &[4]));
    }
}

/// Arithmetic with parameters that go along one axis, behind layers into which it is fused, and others.
#[test]
fn scales_and_shifts() {
    let (mut random, mut ran) = (Random::new(43), 0);
    for _ in 0..200 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let rank = usize::try_from(random.pick(1, 3)).expect("small");
        let mut sizes: Vec<i64> = (0..rank).map(|_| random.pick(1, 5)).collect();
        let channels = random.one_of(&[1, 2, 3, 17]);
        sizes[order.channel(rank)] = channels;
        let conv =
            Conv { bias: true, kernel: [1; 3], ..Conv::new(Dialect::Torch, Direction::Forward, rank.max(2) - 1) };
        let (first, axis) = match random.pick(0, 2) {
            0 if rank > 1 => (Op::Conv(Conv { outputs: channels, ..conv }), order.channel(rank)),
            1 => {
                let outputs = sizes[rank - 1];
                (Op::Linear { dialect: Dialect::Torch, inputs: None, outputs, bias: true }, rank - 1)
            }
            _ => (Op::Activation(Activation::Tanh), order.channel(rank)),
        };
        // Mostly along the channels.
        let along =
            if random.pick(0, 3) == 0 { usize::try_from(random.pick(0, 2)).expect("small") % rank } else { axis };
        let shape: Vec<i64> = (0..rank).map(|axis| if axis == along { sizes[axis] } else { 1 }).collect();
        let of = Source::Parameter { init: Init::Constant(0.0), trained: true };
        let mut layers = vec![
            (Op::Source { of, shape: Shape::of(&shape) }, vec![0]),
            // A divisor must not be near zero.
            (Op::Activation(Activation::Exp), vec![1]),
            (first, vec![0]),
        ];
        for _ in 0..random.pick(1, 3) {
            let op = random.one_of(&[Op::Add, Op::Sub, Op::Mul, Op::Div]);
            let last = layers.len();
            let turned = op != Op::Div && random.pick(0, 1) == 1;
            layers.push((op, if turned { vec![2, last] } else { vec![last, 2] }));
        }
        if random.pick(0, 1) == 1 {
            layers.push((Op::Add, vec![layers.len(), 0]));
        }
        layers.push((Op::Activation(random.one_of(&ACTIVATIONS)), vec![layers.len()]));
        ran += u32::from(check(&mut random, order, Shape::of(&sizes), &layers, &[layers.len()]));
    }
    assert!(ran > 150, "{ran}");
}

/// Over any axes, of an input or of a convolution's output.
#[test]
fn reductions() {
    let mut random = Random::new(41);
    let mut run = 0;
    while run < 200 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let sizes: Vec<i64> = (0..random.pick(1, 5)).map(|_| random.one_of(&[1, 2, 3, 7, 16, 33, 70])).collect();
        if sizes.iter().product::<i64>() > 20_000 {
            continue;
        }
        let axes: Vec<Axis> =
            (0..).zip(&sizes).filter(|_| random.pick(0, 1) == 1).map(|(at, _)| Axis::At(at)).collect();
        let kind = random.one_of(&[Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min]);
        let op = Op::Reduce { kind, axes: Axes::of(&axes), keep: random.pick(0, 1) == 1 };
        let mut layers = Vec::new();
        if (2..=4).contains(&sizes.len()) && random.pick(0, 1) == 1 {
            let channels = sizes[order.channel(sizes.len())];
            layers.push((Op::Conv(random_conv(&mut random, sizes.len() - 1, channels)), vec![0]));
        }
        layers.push((op, vec![layers.len()]));
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &layers, &[layers.len()]));
    }
}

#[test]
fn norms_and_borders() {
    let mut random = Random::new(10);
    let mut run = 0;
    while run < 300 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let channels = random.one_of(&[1, 2, 6, 16, 20, 40]);
        let rank = usize::try_from(random.pick(1, 3)).expect("small");
        let mut sizes: Vec<i64> = (0..rank).map(|_| random.pick(1, 7)).collect();
        sizes.insert(order.channel(rank + 1), channels);
        let (dialect, eps, affine) = (Dialect::Torch, 1e-5, random.pick(0, 1) == 1);
        let groups = random.one_of(&[1, 2, channels]);
        let mode = random.one_of(&[PaddingMode::Reflect, PaddingMode::Replicate, PaddingMode::Circular]);
        let pairs = [0, 1, 2].map(|_| (random.pick(-1, 2), random.pick(0, 3)));
        let op = match random.pick(0, 14) {
            10 => Op::RmsNorm { dialect, size: None, eps },
            11 => Op::RmsNorm { dialect, size: Some(Shape::of(&sizes[rank..])), eps },
            12 => Op::ChannelShuffle { groups },
            13 => {
                let (dialect, size) = (random.one_of(&[Dialect::Torch, Dialect::Onnx]), random.pick(1, 9));
                Op::LocalResponseNorm { dialect, size, alpha: 0.7, beta: random.one_of(&[0.75, 0.4]), k: 1.5 }
            }
            14 => Op::LpNorm { p: 2.0, axes: Axes::of(&[Axis::Channels]).expect("one"), eps },
            0 => Op::GroupNorm { dialect, channels: None, groups, eps },
            1 => Op::InstanceNorm { dialect, channels: None, eps, affine },
            2 => Op::LayerNorm { dialect, size: None, eps },
            3 => Op::LayerNorm { dialect, size: Some(Shape::of(&sizes[rank..])), eps },
            4 => Op::SOFTMAX,
            5 => Op::AdaptivePool {
                kind: random.one_of(&[PoolKind::Max, PoolKind::Avg]),
                rank,
                size: [0, 1, 2].map(|_| random.pick(1, 4)),
            },
            6 => {
                let axis = random.one_of(&[None, Some(Axis::Channels), Some(Axis::At(-1))]);
                Op::Pad { amount: Amount::Pairs { rank: None, pairs }, mode, value: 0.0, axis }
            }
            7 => Op::Crop { amount: Amount::Pairs { rank: None, pairs: [(0, 1), (1, 0), (1, 1)] } },
            8 => {
                let mode = random.one_of(&[Interpolation::Nearest, Interpolation::Bilinear, Interpolation::Bicubic]);
                let to = ResizeTo::Scale([1.5, 2.0, 2.5]);
                Op::Upsample(Upsample { rank: None, to, mode, align_corners: None })
            }
            _ => {
                let conv = random_conv(&mut random, rank, channels);
                let padding = random.one_of(&[Padding::Symmetric([1; 3]), Padding::Same, conv.padding]);
                Op::Conv(Conv { direction: Direction::Forward, padding, padding_mode: mode, ..conv })
            }
        };
        let layers = [(op, vec![0]), (Op::Activation(random.one_of(&ACTIVATIONS)), vec![1])];
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &layers, &[2]));
    }
}

/// Uses only its arguments: it makes differences large.
#[test]
fn exponentials() {
    let mut random = Random::new(13);
    for factor in [0.5, 3.0, 60.0] {
        let layers = [(Op::Scale { by: factor }, vec![0]), (Op::Activation(Activation::Exp), vec![1])];
        assert!(check(&mut random, AxisOrder::ChannelsFirst, Shape::of(&[40, 3, 5]), &layers, &[2]));
    }
}

/// Masked scores, as in shifted windows.
#[test]
fn softmax_gives_no_subnormal_numbers() {
    let mut random = Random::new(41);
    for size in [1, 3, 16, 49, 300] {
        let shape = Shape::of(&[5, size]);
        let graph = graph(AxisOrder::ChannelsLast, shape, &[(Op::SOFTMAX, vec![0])], &[1]).expect("fits");
        let mut x = random.floats(elements(&shape), -5.0, 5.0);
        x.iter_mut().step_by(3).for_each(|x| *x -= 85.0);
        x.iter_mut().skip(1).step_by(7).for_each(|x| *x = f32::NEG_INFINITY);
        x[0] = 1.0;
        for level in Level::all() {
            let engine = Engine::new(&graph.lowered().expect("fits"), &[], level, Arc::default()).expect("a plan");
            let (mut y, mut workspace) = (vec![f32::NAN; x.len()], vec![f32::NAN; engine.elements(1)]);
            engine.run_in(1, &[&x], &mut [&mut y], &mut workspace);
            for (x, y) in x.chunks(elements(&shape) / 5).zip(y.chunks(elements(&shape) / 5)) {
                let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f64 = x.iter().map(|x| f64::from(x - largest).exp()).sum();
                for (x, y) in x.iter().zip(y) {
                    let expected = f64::from(x - largest).exp() / sum;
                    let close = (f64::from(*y) - expected).abs() <= 1e-6 * expected.max(1e-30);
                    let is_nan = largest == f32::NEG_INFINITY && y.is_nan();
                    assert!(close && !y.is_subnormal() || is_nan, "{level:?}, {size}: {y} for {expected}");
                }
            }
        }
    }
}

#[test]
fn an_output_may_be_an_input() {
    let mut random = Random::new(4);
    let relu = [(Op::Activation(Activation::Relu), vec![0])];
    for order in [AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast] {
        assert!(check(&mut random, order, Shape::of(&[3, 4, 5]), &relu, &[0, 1, 0]));
        assert!(check(&mut random, order, Shape::of(&[7]), &relu, &[0, 1, 1]));
    }
}

/// The layouts, flips and borders of the other frameworks.
#[test]
fn layers_of_every_dialect() {
    let mut random = Random::new(5);
    let mut run = 0;
    while run < 300 {
        let dialect = random.one_of(&[Dialect::Onnx, Dialect::Jax, Dialect::Flax, Dialect::Keras]);
        let channels = random.one_of(&[1, 2, 3, 8, 20]);
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let mut sizes = vec![random.pick(1, 12), random.pick(1, 12)];
        sizes.insert(order.channel(3), channels);
        let plain = random_conv(&mut random, 2, channels);
        let padding = random.one_of(&[plain.padding, Padding::Same, Padding::Valid, Padding::Circular]);
        let conv = Conv {
            dialect,
            padding,
            bias: dialect != Dialect::Jax,
            groups: if plain.direction == Direction::Forward { plain.groups } else { 1 },
            transpose_kernel: random.pick(0, 1) == 1,
            ..plain
        };
        let depthwise = Conv {
            depth_multiplier: Some(random.pick(1, 3)),
            direction: Direction::Forward,
            groups: 1,
            dialect: Dialect::Keras,
            bias: true,
            ..conv
        };
        let op = match random.pick(0, 5) {
            0 => Op::Conv(depthwise),
            1 => Op::SeparableConv(SeparableConv {
                depthwise: Conv { bias: false, ..depthwise },
                pointwise: Conv { outputs: 5, ..Conv::new(Dialect::Keras, Direction::Forward, 2) },
            }),
            2 => Op::Linear { dialect, inputs: None, outputs: 6, bias: true },
            _ => Op::Conv(conv),
        };
        let layers = [(op, vec![0]), (Op::Activation(Activation::Relu), vec![1])];
        run += u32::from(check(&mut random, order, Shape::of(&sizes), &layers, &[2]));
    }
}

/// Chains with enough work for several threads.
#[cfg(feature = "rayon")]
fn large() -> Vec<Graph> {
    let mut random = Random::new(6);
    let mut conv = |direction, inputs, outputs, kernel, stride, groups| {
        let (dilation, bias, padding) = ([1; 3], true, Padding::Symmetric([1; 3]));
        let (kernel, stride) = ([kernel; 3], [stride; 3]);
        let conv = random_conv(&mut random, 2, inputs);
        Op::Conv(Conv { direction, outputs, kernel, stride, dilation, groups, bias, padding, ..conv })
    };
    let (forward, back) = (Direction::Forward, Direction::Transposed);
    let mut chain = |kernel, stride| {
        vec![
            (conv(forward, 16, 48, kernel, stride, 1), vec![0]),
            (Op::Activation(Activation::Elu { alpha: 1.0 }), vec![1]),
            (conv(back, 48, 32, kernel, stride, 1), vec![2]),
            (conv(back, 32, 3, kernel, stride, 1), vec![3]),
        ]
    };
    let (strided, tiled) = (chain(4, 2), chain(3, 1));
    let norm = Op::GroupNorm { dialect: Dialect::Torch, channels: None, groups: 4, eps: 1e-5 };
    let up = Upsample { rank: None, to: ResizeTo::Scale([2.0; 3]), mode: Interpolation::Bilinear, align_corners: None };
    let others = vec![
        (conv(forward, 16, 64, 3, 2, 2), vec![0]),
        (norm, vec![1]),
        (Op::Upsample(up), vec![2]),
        (Op::AdaptivePool { kind: PoolKind::Avg, rank: 2, size: [9, 7, 1] }, vec![3]),
        (Op::FLATTEN, vec![4]),
        (Op::Linear { dialect: Dialect::Torch, inputs: None, outputs: 200, bias: true }, vec![5]),
        (Op::SOFTMAX, vec![6]),
    ];
    let (first, last) = (AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast);
    // An inverted residual block, which is stored in its input's place.
    let point = |inputs: i64, outputs: i64| {
        let conv = Conv::new(Dialect::Torch, forward, 2);
        Op::Conv(Conv { inputs: Some(inputs), outputs, kernel: [1; 3], ..conv })
    };
    let block = vec![
        (conv(forward, 16, 16, 3, 1, 1), vec![0]),
        (point(16, 96), vec![1]),
        (Op::Activation(Activation::Silu), vec![2]),
        (conv(forward, 96, 96, 3, 1, 96), vec![3]),
        (conv(forward, 96, 96, 3, 1, 96), vec![4]),
        (point(96, 16), vec![5]),
        (Op::Add, vec![6, 1]),
        (conv(forward, 16, 20, 3, 2, 1), vec![7]),
    ];
    let graphs = [
        (first, block),
        (first, strided),
        (last, tiled),
        (first, others),
        (first, vec![(conv(forward, 16, 200, 2, 1, 1), vec![0])]),
        (first, vec![(conv(forward, 16, 160, 3, 1, 16), vec![0])]),
        (first, vec![(conv(back, 16, 120, 4, 2, 1), vec![0])]),
        (first, vec![(conv(forward, 16, 19, 1, 1, 1), vec![0]), (Op::Upsample(up), vec![1])]),
    ];
    let graphs = graphs.into_iter().map(|(order, layers)| {
        let mut sizes = vec![50, 37];
        sizes.insert(order.channel(3), 16);
        let output = layers.len();
        graph(order, Shape::of(&sizes), &layers, &[output]).expect("shapes that fit")
    });
    let layer = Recurrent { hidden: 100, layers: 2, bidirectional: true, ..Recurrent::new(Dialect::Torch, Cell::Lstm) };
    let output = |output| (Op::RecurrentOutput { layer, output }, vec![1]);
    let layers = [(Op::Recurrent(layer), vec![0]), output(RecurrentOutput::Sequence)];
    let recurrent = graph(first, Shape::of(&[40, 70]), &layers, &[2]).expect("shapes that fit");
    graphs.chain([recurrent]).collect()
}

#[cfg(feature = "rayon")]
#[test]
fn the_number_of_threads_does_not_matter() {
    let mut random = Random::new(7);
    for graph in large() {
        let params = draw(&mut random, &graph);
        let params: Vec<&Param> = params.iter().collect();
        let [input, output] = [graph.inputs(), graph.outputs()].map(|ports| *graph.shape(ports[0].value));
        let lowered = graph.lowered().expect("a graph");
        let engine = Engine::new(&lowered, &params, Level::best(), Arc::default()).expect("a plan");
        for batch in [1, 7] {
            let x = random.floats(batch * elements(&input), -1.0, 1.0);
            let run = || {
                let mut y = vec![0.0; batch * elements(&output)];
                engine.run(batch, &[&x], &mut [&mut y]);
                y
            };
            let run_in_pool = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
                pool.install(run)
            };
            let expected = run_in_pool(1);
            // Outside a pool the library's own threads share the work.
            for _ in 0..3 {
                assert!(run() == expected, "outside of a pool, a batch of {batch}");
            }
            for threads in [2, 3, 5] {
                assert!(run_in_pool(threads) == expected, "{threads} threads, a batch of {batch}");
            }
        }
    }
}

/// Every kind of cell, dialect, depth and direction; the final states of one layer are the initial states of the next.
#[test]
fn recurrent_layers() {
    let mut random = Random::new(57);
    for case in 0..40 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let dialect = random.one_of(&[Dialect::Torch, Dialect::Keras]);
        let (length, features, hidden) = (random.pick(1, 5), random.pick(1, 7), random.pick(1, 11));
        let cell = Cell::ALL[case % Cell::ALL.len()];
        let layer = Recurrent {
            hidden,
            layers: random.pick(1, 2),
            bidirectional: random.pick(0, 1) == 1,
            bias: random.pick(0, 3) > 0,
            ..Recurrent::new(dialect, cell)
        };
        let output = |layer, output| Op::RecurrentOutput { layer, output };
        let mut layers = vec![
            (Op::Recurrent(layer), vec![0]),
            (output(layer, RecurrentOutput::Hidden), vec![1]),
            (output(layer, RecurrentOutput::Sequence), vec![1]),
            (output(layer, RecurrentOutput::Last), vec![1]),
        ];
        let first = if cell == Cell::Lstm {
            layers.push((output(layer, RecurrentOutput::Cell), vec![1]));
            vec![3, 2, 5]
        } else {
            vec![3, 2]
        };
        let run = layers.len() + 1;
        layers.push((Op::Recurrent(layer), first));
        layers.push((output(layer, RecurrentOutput::Sequence), vec![run]));
        layers.push((output(layer, RecurrentOutput::Hidden), vec![run]));
        let input = Shape::of(&[length, features]);
        assert!(check(&mut random, order, input, &layers, &[2, 3, 4, run + 1, run + 2]), "{layer:?}");
    }
}

/// Between layers whose channels are not where a linear layer needs them.
#[test]
fn linear_layers_between_convolutions() {
    let mut random = Random::new(61);
    for rank in [1, 2, 3] {
        for _ in 0..5 {
            let conv = |outputs| {
                Op::Conv(Conv { kernel: [1; 3], outputs, ..Conv::new(Dialect::Torch, Direction::Forward, rank) })
            };
            let dialect = random.one_of(&[Dialect::Torch, Dialect::Flax]);
            let linear = |outputs| Op::Linear { dialect, inputs: None, outputs, bias: true };
            let layers = [
                (conv(random.pick(1, 9)), vec![0]),
                (linear(random.pick(1, 40)), vec![1]),
                (Op::Activation(Activation::Relu), vec![2]),
                (linear(random.pick(1, 40)), vec![3]),
                (conv(3), vec![4]),
            ];
            let sizes: Vec<i64> = (0..=rank).map(|_| random.pick(1, 9)).collect();
            assert!(check(&mut random, AxisOrder::ChannelsFirst, Shape::of(&sizes), &layers, &[2, 5]), "{layers:?}");
        }
    }
}

/// With more operands than usual, along each axis.
#[test]
fn concats_of_many_values() {
    let mut random = Random::new(62);
    for order in [AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast] {
        for axis in 0..3 {
            let mut layers = vec![(Op::Activation(Activation::Tanh), vec![0])];
            layers.push((Op::Concat { axis: Axis::At(axis) }, (0..12).map(|index| index % 2).collect()));
            layers.push((Op::Activation(Activation::Relu), vec![2]));
            assert!(check(&mut random, order, Shape::of(&[3, 4, 5]), &layers, &[3]));
        }
    }
}

/// Each layer reads the join of the values before it: all of them, or the last join and the newest value.
#[test]
fn dense_blocks() {
    let mut random = Random::new(71);
    for _ in 0..250 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let first = random.one_of(&[1, 3, 8, 16]);
        let mut sizes = vec![random.pick(1, 6), random.pick(1, 6)];
        sizes.insert(order.channel(3), first);
        let mut layers: Vec<(Op, Vec<usize>)> = Vec::new();
        let mut push = |op: Op, inputs: Vec<usize>| {
            layers.push((op, inputs));
            layers.len()
        };
        let tanh = Op::Activation(Activation::Tanh);
        // The values that are joined, and the last join, each with its channels.
        let mut values = vec![(if random.pick(0, 1) == 1 { push(tanh, vec![0]) } else { 0 }, first)];
        let mut joined: Option<(usize, i64)> = None;
        let mut outputs = Vec::new();
        for _ in 0..random.pick(2, 5) {
            let (newest, grown) = values[values.len() - 1];
            let (inputs, channels) = match joined {
                Some((join, channels)) if random.pick(0, 1) == 1 => (vec![join, newest], channels + grown),
                _ => (values.iter().map(|(value, _)| *value).collect(), values.iter().map(|(_, own)| own).sum()),
            };
            let join = if inputs.len() > 1 { push(Op::Concat { axis: Axis::Channels }, inputs) } else { inputs[0] };
            joined = Some((join, channels));
            let read = if random.pick(0, 2) == 0 { push(tanh, vec![join]) } else { join };
            let kernel = random.one_of(&[1, 3]);
            let adds = random.pick(0, 3) == 0;
            let outputs_of = if adds { channels } else { random.one_of(&[1, 4, 16]) };
            let conv = Conv {
                kernel: [kernel; 3],
                padding: Padding::Symmetric([kernel / 2; 3]),
                stride: [1; 3],
                dilation: [1; 3],
                groups: 1,
                outputs: outputs_of,
                direction: Direction::Forward,
                ..random_conv(&mut random, 2, channels)
            };
            let mut value = push(Op::Conv(conv), vec![read]);
            if adds {
                value = push(Op::Add, vec![value, random.one_of(&[join, read])]);
            }
            value = push(tanh, vec![value]);
            values.push((value, outputs_of));
            if random.pick(0, 3) == 0 {
                outputs.push(random.one_of(&[join, value]));
            }
        }
        outputs.push(layers.len());
        // Sums of sums over up to five convolutions; a value in the wrong place makes a difference of at least 0.1.
        assert!(check_within(1e-3, &mut random, order, Shape::of(&sizes), &layers, &outputs), "{layers:?}");
    }
}

/// Weights that are read: computed from parameters alone, so that they are packed once, and different for each sample.
#[test]
fn weights_that_are_read() {
    let (mut random, mut ran) = (Random::new(62), 0);
    for case in 0..60 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let rank = random.one_of(&[1, 2, 2, 3]);
        let channels = random.one_of(&[1, 2, 3, 4, 8, 16]);
        let mode = random.one_of(&[PaddingMode::Zeros, PaddingMode::Zeros, PaddingMode::Replicate]);
        let conv = Conv { weight: WeightFrom::Input, ..random_conv(&mut random, rank, channels) };
        let forward = conv.direction == Direction::Forward;
        let conv = Conv { padding_mode: if forward { mode } else { PaddingMode::Zeros }, ..conv };
        let mut sizes = vec![channels; rank + 1];
        for axis in 0..rank {
            sizes[order.spatial(axis)] = random.pick(5, 9);
        }
        let shape = conv.weight_shape().expect("its inputs are known");
        let of = Source::Parameter { init: Init::Constant(0.0), trained: true };
        let tanh = Op::Activation(Activation::Tanh);
        let mut layers = vec![(Op::Source { of, shape }, vec![0]), (tanh, vec![1])];
        if case % 2 == 0 {
            let max = Op::Reduce { kind: Reduction::Max, axes: None, keep: false };
            layers.extend([(max, vec![0]), (Op::Mul, vec![2, 3])]);
        }
        layers.push((Op::Conv(conv), vec![0, layers.len()]));
        ran += u32::from(check_within(1e-4, &mut random, order, Shape::of(&sizes), &layers, &[layers.len()]));
    }
    assert!(ran > 40, "{ran}");
}

/// Pieces of every axis.
#[test]
fn splits() {
    let mut random = Random::new(58);
    for order in [AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast] {
        for at in 0..3 {
            let split = |index, pieces| Op::Split { axis: Axis::At(at), index, pieces };
            let layers = [
                (Op::Activation(Activation::Tanh), vec![0]),
                (split(0, Pieces::Equal { count: 2 }), vec![1]),
                (split(1, Pieces::Equal { count: 2 }), vec![1]),
                (split(1, Pieces::Sized { start: 1, end: 4, total: 6 }), vec![1]),
                (Op::Mul, vec![2, 3]),
            ];
            assert!(check(&mut random, order, Shape::of(&[6, 6, 6]), &layers, &[4, 5]));
        }
    }
}

/// Matrices around the sizes of tiles and panels, with and without transposing, and with leading axes that broadcast.
/// Elements are sums of up to 270 products of sums, hence the tolerance.
#[test]
fn products_of_matrices() {
    let mut random = Random::new(61);
    for case in 0..40 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let [pairs, rows, inner] =
            [random.pick(1, 3), random.one_of(&[1, 2, 5, 12, 13, 33]), random.one_of(&[1, 3, 16, 37])];
        let rows = if case == 0 { 270 } else { rows };
        let matmul = |transpose_a, transpose_b| Op::MatMul { transpose_a, transpose_b };
        let layers = [
            (Op::Activation(Activation::Tanh), vec![0]),
            (matmul(false, true), vec![1, 0]),
            (matmul(true, false), vec![1, 0]),
            (matmul(false, false), vec![1, 3]),
            (matmul(true, true), vec![1, 2]),
            (Op::Slice { axis: Axis::At(0), start: 0, end: Some(1) }, vec![0]),
            (matmul(false, true), vec![1, 6]),
            (matmul(true, false), vec![6, 1]),
        ];
        let input = Shape::of(&[pairs, rows, inner]);
        assert!(check_within(1e-4, &mut random, order, input, &layers, &[2, 3, 4, 5, 7, 8]), "{pairs} {rows} {inner}");
    }
}

/// Around the sizes of blocks, tiles and vectors: causal, with values added to the scores, and with keys other than the
/// queries.
#[test]
fn attention() {
    let mut random = Random::new(59);
    for case in 0..60 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let linear = |outputs| Op::Linear { dialect: Dialect::Torch, inputs: None, outputs, bias: true };
        let first = |end| Op::Slice { axis: Axis::At(-2), start: 0, end: Some(end) };
        let heads = random.pick(1, 3);
        // Axes in front of the tokens.
        let windows = random.one_of(&[&[][..], &[], &[3], &[2, 3], &[2, 1, 3]]);
        let [width, values] = [0, 1].map(|_| heads * random.one_of(&[1, 2, 3, 8, 16, 20, 33]));
        let tokens = match windows {
            [] if case < 4 => 300,
            [] => random.one_of(&[1, 2, 5, 12, 13, 24, 25, 61]),
            _ => random.one_of(&[1, 3, 13, 25]),
        };
        let [queries, keys] = [0, 1].map(|_| if case % 2 == 0 { tokens } else { random.pick(1, tokens) });
        let scale = random.one_of(&[None, None, Some(0.7), Some(-0.4), Some(0.0)]);
        let layer = Attention { causal: random.pick(0, 1) == 1, scale, ..Attention::new(Dialect::Torch, heads) };
        let mut layers = vec![
            (linear(width), vec![0]),
            (linear(width), vec![0]),
            (linear(values), vec![0]),
            (first(queries), vec![1]),
            (first(keys), vec![2]),
            (first(keys), vec![3]),
        ];
        let mut reads = vec![4, 5, 6];
        if random.pick(0, 1) == 0 {
            // One value for all heads, one for each, and one that all windows of an axis share.
            layers.push((Op::MatMul { transpose_a: false, transpose_b: true }, vec![4, 5]));
            layers.push((Op::Activation(Activation::Tanh), vec![7]));
            let axis = if windows.is_empty() { Axis::At(0) } else { Axis::At(-3) };
            let each = |copies: usize| (Op::Stack { axis }, vec![8; copies]);
            match (windows, random.pick(0, 1)) {
                (_, 0) if heads > 1 => layers.push(each(usize::try_from(heads).expect("few"))),
                ([], _) => {}
                (windows, _) => {
                    let shape = [windows, &[1, queries, keys]].concat();
                    layers.push((Op::Reshape { shape: Shape::of(&shape) }, vec![8]));
                }
            }
            if !windows.is_empty() && random.pick(0, 1) == 0 {
                let axis = Axis::At(random.pick(0, windows.len() as i64 - 1));
                layers.push((Op::Slice { axis, start: 0, end: Some(1) }, vec![layers.len()]));
            }
            reads.push(layers.len());
        }
        layers.push((Op::Attention(layer), reads));
        let last = layers.len();
        let input = Shape::of(&[windows, &[tokens, 3]].concat());
        assert!(check_within(3e-5, &mut random, order, input, &layers, &[last]), "{layers:?}");
    }
}

/// With one input, with two, and with each dialect's parameters.
#[test]
fn attention_between_linear_layers() {
    let mut random = Random::new(60);
    for _ in 0..40 {
        let order = random.one_of(&[AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast]);
        let dialect = random.one_of(&[Dialect::Torch, Dialect::Flax, Dialect::Keras]);
        let heads = random.pick(1, 3);
        let (tokens, features) = (random.pick(1, 30), heads * random.pick(1, 9));
        let (bias, causal) = (random.pick(0, 1) == 1, random.pick(0, 1) == 1);
        let mut layer = MultiHead { heads, bias, causal, ..MultiHead::new(dialect) };
        match dialect {
            Dialect::Keras => {
                let [key, value, out] = [0; 3].map(|_| Some(random.pick(1, 9)));
                layer.key_dim = key;
                layer.value_dim = random.one_of(&[None, value]);
                layer.out_features = random.one_of(&[None, out]);
            }
            Dialect::Flax => layer.qkv_features = random.one_of(&[None, Some(heads * 4)]),
            Dialect::Torch | Dialect::Onnx | Dialect::Jax => {}
        }
        let windows = match dialect {
            Dialect::Keras => &[][..],
            _ => random.one_of(&[&[][..], &[3], &[2, 3]]),
        };
        let (mut inputs, mut layers) = (vec![0], Vec::new());
        if random.pick(0, 1) == 1 {
            let (key, value) = (random.pick(1, 5), random.pick(1, 5));
            (layer.key_features, layer.value_features) = (Some(key), Some(value));
            let linear = |outputs| Op::Linear { dialect: Dialect::Torch, inputs: None, outputs, bias: true };
            let keys = random.pick(1, tokens);
            layers.push((linear(key), vec![0]));
            layers.push((linear(value), vec![0]));
            layers.push((Op::Slice { axis: Axis::At(-2), start: 0, end: Some(keys) }, vec![1]));
            layers.push((Op::Slice { axis: Axis::At(-2), start: 0, end: Some(keys) }, vec![2]));
            inputs = vec![0, 3, 4];
        }
        layers.push((Op::MultiHead(layer), inputs));
        let last = layers.len();
        let input = Shape::of(&[windows, &[tokens, features]].concat());
        assert!(check_within(3e-5, &mut random, order, input, &layers, &[last]), "{layer:?}");
    }
}
