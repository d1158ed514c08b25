//! No numbers make the arithmetic panic: every layer with any fields on any shapes gives an output or a fault, and
//! whatever a message or a summary asks afterwards has an answer. A debug build checks for overflow.

use convshape_arith::axis::{Scatter, Window, extent};
use convshape_arith::explain;
use convshape_arith::op::{
    Activation, Amount, AutoPad, Axes, Axis, AxisOrder, Conv, DepthOrder, Dialect, Direction, DropTogether,
    Interpolation, Op, Padding, PaddingMode, Pool, PoolKind, ResizeTo, Upsample, WeightFrom,
};
use convshape_arith::shape::Shape;
use convshape_arith::size::{Size, Symbol};
use convshape_arith::solve::{AxisField, fill_axis, undo};
use convshape_arith::text::Text;
use proptest::array::uniform3;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

static SCOPE: &[Symbol] =
    &[Symbol { name: "h", low: 1, high: 64 }, Symbol { name: "w", low: i64::MAX, high: i64::MAX }];

/// Small numbers, the ends of the range, and anything.
fn number() -> impl Strategy<Value = i64> {
    let ends = vec![i64::MIN, i64::MIN + 1, i64::MIN / 2, -1, 0, 1, i64::MAX / 8, i64::MAX / 2, i64::MAX - 1, i64::MAX];
    prop_oneof![6 => -2_i64..8, 3 => select(ends), 1 => any::<i64>()]
}

/// Mostly numbers that get past the first checks.
fn positive() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 1_i64..6, 1 => number(), 1 => select(vec![i64::MAX, i64::MAX / 8, 1 << 31, 1 << 32])]
}

fn size() -> impl Strategy<Value = Size> {
    prop_oneof![
        4 => positive().prop_map(Size::Number),
        1 => (1..=i64::MAX, 0_u8..2, number()).prop_map(|(scale, symbol, offset)| Size::Symbolic { scale, symbol, offset }),
        1 => (1_i64..9, 0_u8..2, number()).prop_map(|(scale, symbol, offset)| Size::Symbolic { scale, symbol, offset }),
        1 => Just(Size::Unknown),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop::collection::vec(size(), 0..=6).prop_map(|sizes| Shape::new(&sizes, SCOPE))
}

fn padding() -> impl Strategy<Value = Padding> {
    prop_oneof![
        uniform3(number()).prop_map(Padding::Symmetric),
        uniform3((number(), number())).prop_map(Padding::Pairs),
        select(vec![
            Padding::Same,
            Padding::SameLower,
            Padding::Valid,
            Padding::Causal,
            Padding::Circular,
            Padding::Reflect
        ]),
    ]
}

fn mode() -> impl Strategy<Value = PaddingMode> {
    select(vec![PaddingMode::Zeros, PaddingMode::Reflect, PaddingMode::Replicate, PaddingMode::Circular])
}

fn conv() -> impl Strategy<Value = Conv> {
    let channels = (option::of(positive()), positive(), prop_oneof![3 => Just(1), 1 => positive()]);
    let fields = (uniform3(positive()), uniform3(positive()), uniform3(positive()));
    let outputs = (option::of(uniform3(number())), option::of(uniform3(number())));
    (any::<bool>(), 1_usize..=3, channels, fields, padding(), mode(), outputs).prop_map(
        |(forward, rank, (inputs, outputs, groups), (kernel, stride, dilation), padding, padding_mode, extra)| Conv {
            inputs,
            outputs,
            kernel,
            stride,
            dilation,
            groups,
            padding,
            padding_mode: if forward { padding_mode } else { PaddingMode::Zeros },
            output_padding: extra.0,
            output_size: extra.1,
            ..Conv::new(Dialect::Torch, if forward { Direction::Forward } else { Direction::Transposed }, rank)
        },
    )
}

fn pool() -> impl Strategy<Value = Op> {
    let fields = (uniform3(positive()), uniform3(positive()), uniform3(positive()));
    (any::<bool>(), 1_usize..=3, fields, padding(), any::<bool>()).prop_map(
        |(max, rank, (kernel, stride, dilation), padding, ceil_mode)| {
            Op::Pool(Pool {
                dialect: Dialect::Torch,
                kind: if max { PoolKind::Max } else { PoolKind::Avg },
                rank,
                kernel,
                stride,
                dilation,
                padding,
                auto_pad: AutoPad::NotSet,
                ceil_mode,
                count_include_pad: true,
            })
        },
    )
}

fn upsample() -> impl Strategy<Value = Op> {
    let to = prop_oneof![
        uniform3(any::<f64>()).prop_map(ResizeTo::Scale),
        uniform3(0.0..4.0).prop_map(ResizeTo::Scale),
        uniform3(number()).prop_map(ResizeTo::Size),
        Just(ResizeTo::Like),
    ];
    let mode = select(vec![Interpolation::Nearest, Interpolation::Linear, Interpolation::Bicubic]);
    (option::of(1_usize..=3), to, mode, option::of(any::<bool>()))
        .prop_map(|(rank, to, mode, align_corners)| Op::Upsample(Upsample { rank, to, mode, align_corners }))
}

fn amount() -> impl Strategy<Value = Amount> {
    let pairs = uniform3((number(), number()));
    prop_oneof![
        3 => (option::of(1_usize..=3), pairs).prop_map(|(rank, pairs)| Amount::Pairs { rank, pairs }),
        1 => any::<bool>().prop_map(|start| Amount::Like { start }),
    ]
}

fn axis() -> impl Strategy<Value = Axis> {
    prop_oneof![number().prop_map(Axis::At), (-6..6_i64).prop_map(Axis::At), select(Axis::NAMED.to_vec())]
}

fn op() -> impl Strategy<Value = Op> {
    let channels = || option::of(positive());
    let eps = 1e-5;
    prop_oneof![
        8 => conv().prop_map(Op::Conv),
        4 => pool(),
        2 => upsample(),
        1 => (1_usize..=3, uniform3(number()))
            .prop_map(|(rank, size)| Op::AdaptivePool { kind: PoolKind::Avg, rank, size }),
        1 => any::<bool>().prop_map(|keep_axes| Op::GlobalPool { kind: PoolKind::Max, keep_axes }),
        1 => positive().prop_map(|factor| Op::PixelShuffle { factor }),
        1 => positive().prop_map(|factor| Op::PixelUnshuffle { factor }),
        1 => positive().prop_map(|factor| Op::DepthToSpace { factor, order: DepthOrder::Dcr }),
        2 => (amount(), mode(), option::of(axis())).prop_map(|(amount, mode, axis)| Op::Pad { amount, mode, value: 0.0, axis }),
        2 => amount().prop_map(|amount| Op::Crop { amount }),
        1 => (axis(), number(), channels()).prop_map(|(axis, start, end)| Op::Slice { axis, start, end }),
        2 => (channels(), number()).prop_map(|(inputs, outputs)| Op::Linear { dialect: Dialect::Torch, inputs, outputs, bias: true }),
        1 => shape().prop_map(|shape| Op::Reshape { shape }),
        1 => (axis(), axis()).prop_map(|(from, to)| Op::Flatten { from, to }),
        1 => (axis(), shape()).prop_map(|(axis, sizes)| Op::Unflatten { axis, sizes }),
        1 => axis().prop_map(|axis| Op::Concat { axis }),
        1 => axis().prop_map(|axis| Op::Stack { axis }),
        1 => axis().prop_map(|axis| Op::Glu { axis }),
        1 => axis().prop_map(|axis| Op::Softmax { axis, log: true }),
        1 => (any::<bool>(), any::<bool>())
            .prop_map(|(transpose_a, transpose_b)| Op::MatMul { transpose_a, transpose_b }),
        1 => (channels(), any::<bool>())
            .prop_map(move |(channels, affine)| Op::BatchNorm { dialect: Dialect::Torch, channels, eps, affine, momentum: 0.1 }),
        1 => (channels(), number()).prop_map(move |(channels, groups)| Op::GroupNorm { dialect: Dialect::Torch, channels, groups, eps }),
        1 => channels().prop_map(move |channels| Op::InstanceNorm { dialect: Dialect::Torch, channels, eps, affine: true }),
        1 => option::of(shape()).prop_map(move |size| Op::LayerNorm { dialect: Dialect::Torch, size, eps }),
        1 => option::of(shape()).prop_map(move |size| Op::RmsNorm { dialect: Dialect::Torch, size, eps }),
        1 => number().prop_map(|groups| Op::ChannelShuffle { groups }),
        1 => number()
            .prop_map(|size| Op::LocalResponseNorm { dialect: Dialect::Torch, size, alpha: 1e-4, beta: 0.75, k: 1.0 }),
        1 => number().prop_map(move |at| Op::LpNorm { p: 2.0, axes: Axes::of(&[Axis::At(at)]).expect("one"), eps }),
        1 => number().prop_map(|channels| Op::Prelu { channels }),
        1 => channels().prop_map(|channels| Op::Snake { channels }),
        2 => select(vec![
            Op::FLATTEN, Op::CONCAT, Op::Add, Op::Mul, Op::Sub, Op::Div, Op::Maximum, Op::Minimum, Op::SOFTMAX, Op::Activation(Activation::Relu),
            Op::Scale { by: 2.0 }, Op::Dropout { p: 0.5, together: DropTogether::Element }, Op::Identity, Op::ReshapeLike,
        ]),
    ]
}

fn order() -> impl Strategy<Value = AxisOrder> {
    select(vec![AxisOrder::ChannelsFirst, AxisOrder::ChannelsLast])
}

fn field() -> impl Strategy<Value = AxisField> {
    select(vec![AxisField::Kernel, AxisField::Stride, AxisField::Padding, AxisField::OutputPadding])
}

/// Everything that is asked about a layer besides its output.
fn ask(op: &Op, inputs: &[Shape; 2], order: AxisOrder) {
    let input = &inputs[0];
    match op.output(inputs, order) {
        Ok(output) => {
            let op = op.bind(inputs, order);
            let _ = op.macs(inputs, &output, order);
            assert!(op.params().len() <= 4);
            if let Op::Conv(conv) = op {
                undo(&conv, input, order).expect("the convolution is accepted");
            }
        }
        Err(fault) => {
            let mut text = Text::new();
            explain::title(&mut text, "layer", &fault, inputs, order, &["a", "b"]);
            assert!(!text.as_str().is_empty());
            let _ = (fault.reason.code(op), fault.reason.field());
        }
    }
    for axis in 0..3 {
        let _ = op.axis_map(input, order, axis);
        explain::arithmetic(&mut Text::new(), op, input, order, axis);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn layers(op in op(), inputs in prop::array::uniform2(shape()), order in order()) {
        ask(&op, &inputs, order);
    }

    /// On shapes of the layer's own rank and channels, so that the arithmetic itself is reached.
    #[test]
    fn convolutions(conv in conv(), sizes in uniform3(size())) {
        let conv = Conv { inputs: Some(2), outputs: 4, groups: 2, ..conv };
        let read = Conv { weight: WeightFrom::Input, ..conv };
        let shape = Shape::new(&[&[Size::Number(2)], &sizes[..conv.rank]].concat(), SCOPE);
        ask(&Op::Conv(conv), &[shape, shape], AxisOrder::ChannelsFirst);
        ask(&Op::Conv(read), &[shape, read.weight_shape().unwrap_or(shape)], AxisOrder::ChannelsFirst);
        let _ = undo(&conv, &shape, AxisOrder::ChannelsFirst);
    }

    #[test]
    fn windows(fields in prop::array::uniform6(number()), ceil in any::<bool>(), input in size(), rows in number()) {
        let [kernel, stride, dilation, input_dilation, lo, hi] = fields;
        let window = Window { kernel, stride, dilation, input_dilation, lo, hi, ceil };
        let _ = (extent(kernel, dilation), window.padded(input), window.output(input, SCOPE));
        let _ = (window.dropped(rows), window.inputs_for(rows));
        let scatter = Scatter { kernel, stride, dilation, lo, hi };
        let _ = scatter.output(input, SCOPE);
    }
}

proptest! {
    // Each checks what it finds, so fewer than of the layers.
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn holes(conv in conv(), sizes in uniform3(size()), target in size(), field in field()) {
        let shape = Shape::new(&[&[Size::Number(2)], &sizes[..conv.rank]].concat(), SCOPE);
        fill_axis(&Op::Conv(conv), &[field], &shape, AxisOrder::ChannelsFirst, 0, target);
    }
}
