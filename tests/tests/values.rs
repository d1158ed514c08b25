//! The reference kernels give the frameworks' own results, for every recorded kind of layer that the language has.
//!
//! The frameworks computed the outputs in f64 and stored f32. The kernels sum in f64 and round once, so every element
//! is within 1e-5, absolute or relative.

mod recorded_op;

use std::collections::BTreeMap;

use convshape::kernels;
use convshape::kernels::gradient::BoundLayer;
use convshape_arith::op::{
    Activation, AxisOrder, Conv, DepthOrder, Dialect, Interpolation, MAX_SPATIAL, Op, PoolKind, ResizeTo,
    SeparableConv, Upsample,
};
use convshape_arith::param::ParamSpec;
use convshape_arith::shape::Shape;
use convshape_tests::golden::{Framework, ShapeCase, ValueCase, values};
use ndarray::{ArrayD, ArrayView, Axis, IxDyn};
use serde_json::{Value, json};

use self::recorded_op::{dialect, recorded_op};

const TOLERANCE: f32 = 1e-5;

/// The cases that the language has no layer for.
const NO_LAYER: [(&str, &str); 7] = [
    ("torch/batch_norm/001", "runs as in training"),
    ("torch/batch_norm/003", "runs as in training"),
    ("jax/conv_general_dilated/009", "groups the batch"),
    ("jax/conv_general_dilated/010", "groups the batch"),
    ("jax/image_resize/004", "smooths before it shrinks"),
    ("tf/space_to_depth/000", "the slow channels are the block's"),
    ("onnx/resize/004", "linear between the corners of rows"),
];

fn shape(sizes: &[usize]) -> Shape {
    let sizes: Vec<i64> = sizes.iter().map(|&size| i64::try_from(size).expect("a small size")).collect();
    Shape::of(&sizes)
}

fn float(case: &ValueCase, param: &str) -> f64 {
    case.params[param].as_f64().unwrap_or_else(|| panic!("{}: no number `{param}`", case.id))
}

/// The layer of a case.
fn op(case: &ValueCase, framework: Framework) -> Op {
    let dialect = dialect(framework);
    let bias = case.find("bias").is_some();
    match case.op.as_str() {
        "activation" => Op::Activation(activation(case)),
        "adaptive_avgpool" => {
            let size: [i64; 2] = serde_json::from_value(case.params["size"].clone()).expect("two sizes");
            Op::AdaptivePool { kind: PoolKind::Avg, rank: 2, size: [size[0], size[1], 0] }
        }
        "batch_norm" => Op::BatchNorm { dialect, channels: None, eps: float(case, "eps"), affine: true, momentum: 0.1 },
        "group_norm" => {
            let groups = case.params["groups"].as_i64().expect("a number of groups");
            Op::GroupNorm { dialect, channels: None, groups, eps: float(case, "eps") }
        }
        "instance_norm" => Op::InstanceNorm { dialect, channels: None, eps: float(case, "eps"), affine: true },
        "linear" | "dense" | "gemm" => {
            let outputs = i64::try_from(case.tensor("output").shape()[1]).expect("a small size");
            Op::Linear { dialect, inputs: None, outputs, bias }
        }
        "image_resize" | "resize" => resize(case, framework),
        "upsample" if framework == Framework::Keras => resize(case, framework),
        "depth_to_space" => {
            let crd = case.params["mode"].as_str() == Some("CRD");
            let factor = case.params["block"].as_i64().expect("a block size");
            Op::DepthToSpace { factor, order: if crd { DepthOrder::Crd } else { DepthOrder::Dcr } }
        }
        _ => match recorded_op(&record(case, framework)).expect("a value case is accepted") {
            Op::Conv(conv) => Op::Conv(Conv { bias, ..conv }),
            Op::SeparableConv(SeparableConv { depthwise, pointwise }) => {
                Op::SeparableConv(SeparableConv { depthwise, pointwise: Conv { bias, ..pointwise } })
            }
            op => op,
        },
    }
}

fn activation(case: &ValueCase) -> Activation {
    let word = |param: &str| case.params[param].as_str();
    match word("kind").expect("a kind") {
        "relu" => Activation::Relu,
        "leaky_relu" => Activation::LeakyRelu { slope: float(case, "slope") },
        "sigmoid" => Activation::Sigmoid,
        "tanh" => Activation::Tanh,
        "gelu" => Activation::Gelu { tanh: word("approximate") == Some("tanh") },
        "silu" => Activation::Silu,
        "elu" => Activation::Elu { alpha: float(case, "alpha") },
        "softplus" => Activation::Softplus,
        other => panic!("{}: activation {other}", case.id),
    }
}

/// The names of the other frameworks' resizing functions in the language: most place rows by their centres.
fn resize(case: &ValueCase, framework: Framework) -> Op {
    let word = |param: &str| case.params[param].as_str();
    let output = case.tensor("output").shape();
    let spatial = if case.layouts["output"].ends_with('C') { &output[1..] } else { &output[2..] };
    let mut size = [1; MAX_SPATIAL];
    for (place, &rows) in size.iter_mut().zip(spatial) {
        *place = i64::try_from(rows).expect("a small size");
    }
    let nearest = word("method").or(word("mode")) == Some("nearest");
    let corner = word("coordinate_transformation_mode") == Some("asymmetric") || framework == Framework::Keras;
    let mode = match (nearest, corner) {
        (true, true) => Interpolation::Nearest,
        (true, false) => Interpolation::NearestExact,
        (false, _) => Interpolation::Bilinear,
    };
    let align_corners = (word("coordinate_transformation_mode") == Some("align_corners")).then_some(true);
    Op::Upsample(Upsample { rank: None, to: ResizeTo::Size(size), mode, align_corners })
}

/// The case in the form of the shape records.
fn record(case: &ValueCase, framework: Framework) -> ShapeCase {
    let mut record = case.params.clone();
    let fields = record.as_object_mut().expect("an object");
    fields.insert("dialect".to_owned(), json!(framework.name()));
    fields.insert("op".to_owned(), json!(case.op));
    let mut sizes = case.tensor("input").shape()[1..].to_vec();
    if case.layouts["input"].ends_with('C') {
        sizes.rotate_right(1);
    }
    fields.entry("in").or_insert_with(|| json!(sizes));
    serde_json::from_value(Value::Object(fields.clone())).unwrap_or_else(|e| panic!("{}: {e}", case.id))
}

/// A tensor with its axes, named by the letters of `from`, in the order of `to`.
fn in_order(tensor: &ArrayD<f32>, from: &str, to: &str) -> ArrayD<f32> {
    let axes: Vec<usize> = to.chars().map(|letter| from.find(letter).expect("an axis of the tensor")).collect();
    tensor.view().permuted_axes(axes).as_standard_layout().into_owned()
}

/// A value, batch first, in the axis order of a dialect.
fn activations(case: &ValueCase, role: &str, order: AxisOrder) -> ArrayD<f32> {
    activations_like(case, role, role, order)
}

/// A value with the same layout as another one.
fn activations_like(case: &ValueCase, role: &str, like: &str, order: AxisOrder) -> ArrayD<f32> {
    let tensor = case.tensor(role);
    let Some(layout) = case.layouts.get(like).filter(|layout| layout.contains('C')) else { return tensor.clone() };
    let spatial: String = layout.chars().filter(|letter| !"NC".contains(*letter)).collect();
    let target = match order {
        AxisOrder::ChannelsFirst => format!("NC{spatial}"),
        AxisOrder::ChannelsLast => format!("N{spatial}C"),
    };
    in_order(tensor, layout, &target)
}

/// A parameter in the layout of the dialect.
fn param(case: &ValueCase, op: &Op, spec: &ParamSpec) -> ArrayD<f32> {
    prefixed_param(case, op, spec, "")
}

/// The tensor whose role is that of the parameter, after a prefix.
fn prefixed_param(case: &ValueCase, op: &Op, spec: &ParamSpec, prefix: &str) -> ArrayD<f32> {
    let own_name = spec.suffix.trim_start_matches(['.', '/']);
    let names: &[&str] = match spec.field {
        "weight" => &["kernel", "scale", "weight"],
        "running_mean" => &["mean"],
        "running_var" => &["var"],
        _ => &[],
    };
    let mut roles = [own_name].into_iter().chain(names.iter().copied());
    let role = roles.find(|role| case.find(role).is_some());
    let role = role.unwrap_or_else(|| panic!("{}: no {}", case.id, spec.field));
    let mut tensor = case.tensor(&format!("{prefix}{role}")).clone();
    if let Some(mask) = case.find("mask").filter(|_| spec.field == "weight") {
        tensor *= mask;
    }
    let (Op::Conv(conv), "weight", Some(layout)) = (op, spec.field, case.layouts.get(role)) else { return tensor };
    let wanted = conv.weight_layout();
    let mut taps = layout.chars().filter(|letter| !"IOM".contains(*letter));
    let target: String = (0..layout.len())
        .map(|axis| match axis {
            _ if axis == wanted.in_axis => 'I',
            _ if axis == wanted.out_axis && layout.contains('M') => 'M',
            _ if axis == wanted.out_axis => 'O',
            _ => taps.next().expect("an axis of taps"),
        })
        .collect();
    in_order(&tensor, layout, &target)
}

/// The output of one sample.
fn run(case: &ValueCase, framework: Framework, sample: ArrayView<'_, f32, IxDyn>) -> ArrayD<f32> {
    let order = dialect(framework).order();
    let input = shape(sample.shape());
    let op = op(case, framework).bind(&[input], order);
    let output = op.output(&[input], order).unwrap_or_else(|fault| panic!("{}: {fault:?}", case.id));
    let params: Vec<ArrayD<f32>> = op
        .params()
        .iter()
        .map(|spec| {
            let tensor = param(case, &op, &spec);
            assert_eq!(shape(tensor.shape()), spec.shape, "{}: {}", case.id, spec.field);
            tensor
        })
        .collect();
    let params: Vec<&[f32]> = params.iter().map(|param| param.as_slice().expect("contiguous")).collect();
    let sizes = &output.numbers().expect("plain numbers")[..output.rank()];
    let mut y = ArrayD::zeros(sizes);
    let x = sample.as_slice().expect("contiguous");
    let room = y.as_slice_mut().expect("contiguous");
    kernels::apply(&op, order, &params, &[(&input, x)], &output, room).expect("the shapes fit");
    y
}

#[test]
fn every_layer_gives_the_recorded_output() {
    let all = [Framework::Torch, Framework::Jax, Framework::Flax, Framework::Keras, Framework::Tf, Framework::Onnx];
    let mut wrong = Vec::new();
    let mut run_of = BTreeMap::<(Framework, String), usize>::new();
    for (framework, case) in all.into_iter().flat_map(|it| values(it).into_iter().map(move |case| (it, case))) {
        if NO_LAYER.iter().any(|(id, _)| *id == case.id) {
            continue;
        }
        let order = dialect(framework).order();
        let (input, expected) = (activations(&case, "input", order), activations(&case, "output", order));
        assert_eq!(input.shape()[0], expected.shape()[0], "{}", case.id);
        for (sample, expected) in input.axis_iter(Axis(0)).zip(expected.axis_iter(Axis(0))) {
            let found = run(&case, framework, sample);
            assert_eq!(found.shape(), expected.shape(), "{}", case.id);
            let close =
                |(found, expected): (&f32, &f32)| (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
            if !found.iter().zip(&expected).all(close) {
                wrong.push(format!("{}: {:?}\nfound {found}\nexpected {expected}", case.id, case.params));
            }
        }
        *run_of.entry((framework, case.op)).or_default() += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let expected = [
        (Framework::Torch, "activation", 9),
        (Framework::Torch, "adaptive_avgpool", 1),
        (Framework::Torch, "avgpool", 4),
        (Framework::Torch, "batch_norm", 2),
        (Framework::Torch, "conv", 14),
        (Framework::Torch, "conv_transpose", 13),
        (Framework::Torch, "group_norm", 1),
        (Framework::Torch, "instance_norm", 1),
        (Framework::Torch, "linear", 1),
        (Framework::Torch, "maxpool", 4),
        (Framework::Torch, "pixel_shuffle", 1),
        (Framework::Torch, "pixel_unshuffle", 1),
        (Framework::Torch, "upsample", 8),
        (Framework::Jax, "conv_general_dilated", 11),
        (Framework::Jax, "conv_transpose", 14),
        (Framework::Jax, "image_resize", 5),
        (Framework::Flax, "avgpool", 6),
        (Framework::Flax, "batch_norm", 1),
        (Framework::Flax, "conv", 14),
        (Framework::Flax, "conv_transpose", 12),
        (Framework::Flax, "dense", 1),
        (Framework::Flax, "maxpool", 3),
        (Framework::Keras, "avgpool", 3),
        (Framework::Keras, "batch_norm", 1),
        (Framework::Keras, "conv", 7),
        (Framework::Keras, "conv_transpose", 11),
        (Framework::Keras, "dense", 1),
        (Framework::Keras, "depthwise_conv", 3),
        (Framework::Keras, "maxpool", 2),
        (Framework::Keras, "separable_conv", 2),
        (Framework::Keras, "upsample", 3),
        (Framework::Tf, "conv", 5),
        (Framework::Tf, "conv_transpose", 8),
        (Framework::Tf, "depth_to_space", 1),
        (Framework::Tf, "image_resize", 2),
        (Framework::Onnx, "avgpool", 4),
        (Framework::Onnx, "batch_norm", 1),
        (Framework::Onnx, "conv", 8),
        (Framework::Onnx, "conv_transpose", 13),
        (Framework::Onnx, "depth_to_space", 2),
        (Framework::Onnx, "gemm", 1),
        (Framework::Onnx, "maxpool", 3),
        (Framework::Onnx, "resize", 4),
    ];
    let expected = expected.map(|(framework, op, count)| ((framework, op.to_owned()), count));
    assert_eq!(run_of, BTreeMap::from(expected));
}

/// A layer over a whole batch, forward and backward.
#[test]
fn every_layer_has_the_recorded_gradients() {
    let mut counts = BTreeMap::<(Framework, String), usize>::new();
    for (framework, case) in
        [Framework::Torch, Framework::Jax].into_iter().flat_map(|it| values(it).into_iter().map(move |case| (it, case)))
    {
        if case.find("cotangent").is_none() || NO_LAYER.iter().any(|(id, _)| *id == case.id) {
            continue;
        }
        let order = dialect(framework).order();
        let x = activations(&case, "input", order);
        let input = shape(&x.shape()[1..]);
        let op = op(&case, framework).bind(&[input], order);
        let output = op.output(&[input], order).unwrap_or_else(|fault| panic!("{}: {fault:?}", case.id));
        let specs: Vec<ParamSpec> = op.params().iter().collect();
        let params: Vec<ArrayD<f32>> = specs.iter().map(|spec| param(&case, &op, spec)).collect();
        let params: Vec<&[f32]> = params.iter().map(|param| param.as_slice().expect("contiguous")).collect();
        let layer = BoundLayer { op: &op, order, params: &params, shapes: &[input], output: &output };

        let x = [x.as_slice().expect("contiguous")];
        let expected = activations(&case, "output", order);
        let mut y = vec![0.0; expected.len()];
        layer.forward(&x, &mut y).expect("the shapes fit");
        assert_close(&case, "output", &y, &expected);

        let mut dparams: Vec<Vec<f32>> = params.iter().map(|param| vec![0.0; param.len()]).collect();
        let mut dx = [vec![0.0; x[0].len()]];
        let dy = activations_like(&case, "cotangent", "output", order);
        layer.backward(&x, &y, dy.as_slice().expect("contiguous"), &mut dparams, &mut dx).expect("the shapes fit");
        assert_close(&case, "grad_input", &dx[0], &activations_like(&case, "grad_input", "input", order));
        for (spec, found) in specs.iter().zip(&dparams) {
            assert_close(&case, spec.field, found, &prefixed_param(&case, &op, spec, "grad_"));
        }
        *counts.entry((framework, case.op)).or_default() += 1;
    }
    let expected = [
        (Framework::Torch, "avgpool", 4),
        (Framework::Torch, "conv", 14),
        (Framework::Torch, "conv_transpose", 13),
        (Framework::Torch, "maxpool", 4),
        (Framework::Torch, "upsample", 8),
        (Framework::Jax, "conv_general_dilated", 11),
        (Framework::Jax, "conv_transpose", 14),
    ];
    assert_eq!(counts, BTreeMap::from(expected.map(|(framework, op, count)| ((framework, op.to_owned()), count))));
}

/// The output, and the running statistics after it.
#[test]
fn batch_norm_in_training() {
    let mut count = 0;
    for case in values(Framework::Torch).iter().filter(|case| case.find("new_running_mean").is_some()) {
        let (eps, momentum) = (float(case, "eps"), float(case, "momentum"));
        let x = case.tensor("input");
        let input = shape(&x.shape()[1..]);
        let op = Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps, affine: true, momentum };
        let op = op.bind(&[input], AxisOrder::ChannelsFirst);
        let specs: Vec<ParamSpec> = op.params().iter().collect();
        let params: Vec<&[f32]> =
            specs.iter().map(|spec| case.tensor(spec.field).as_slice().expect("contiguous")).collect();
        let order = AxisOrder::ChannelsFirst;
        let layer = BoundLayer { op: &op, order, params: &params, shapes: &[input], output: &input };
        let mut y = vec![0.0; x.len()];
        let statistics = layer.batch_norm(eps, x.as_slice().expect("contiguous"), &mut y);
        assert_close(case, "output", &y, case.tensor("output"));
        for (which, field) in ["running_mean", "running_var"].into_iter().enumerate() {
            let moved = case.tensor(field).iter().zip(&statistics);
            #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
            let moved = moved.map(|(old, new)| ((1.0 - momentum) * f64::from(*old) + momentum * new[which]) as f32);
            assert_close(case, field, &moved.collect::<Vec<_>>(), case.tensor(&format!("new_{field}")));
        }
        count += 1;
    }
    assert_eq!(count, 2);
}

#[track_caller]
fn assert_close(case: &ValueCase, what: &str, found: &[f32], expected: &ArrayD<f32>) {
    assert_eq!(found.len(), expected.len(), "{}: {what}", case.id);
    let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 2.0 * TOLERANCE * b.abs().max(1.0));
    assert!(close, "{}: {what}: {:?}\nfound {found:?}\nexpected {expected:?}", case.id, case.params);
}

/// PyTorch scatters with the kernel as it is, jax and flax with the flipped one: with itself as kernel and a border of
/// one row, `[[0, 1], [2, 3]]` gives 4 in PyTorch and 14 in the others.
#[test]
fn flax_flips_the_kernel() {
    use convshape_arith::op::{Direction, Padding};
    let gives = |dialect: Dialect, transpose_kernel| {
        let conv = Conv {
            outputs: 1,
            kernel: [2; 3],
            padding: Padding::Symmetric(
                [match dialect {
                    Dialect::Flax => 0,
                    _ => 1,
                }; 3],
            ),
            bias: false,
            transpose_kernel,
            ..Conv::new(dialect, Direction::Transposed, 2)
        };
        let sizes = match dialect.order() {
            AxisOrder::ChannelsFirst => [1, 2, 2],
            AxisOrder::ChannelsLast => [2, 2, 1],
        };
        let (input, numbers, mut y) = (Shape::of(&sizes), [0.0_f32, 1.0, 2.0, 3.0], [0.0]);
        let op = Op::Conv(conv).bind(&[input], dialect.order());
        let output = op.output(&[input], dialect.order()).expect("one element");
        kernels::apply(&op, dialect.order(), &[&numbers], &[(&input, &numbers[..])], &output, &mut y).expect("it fits");
        y[0]
    };
    assert_eq!(gives(Dialect::Torch, false), 4.0);
    assert_eq!(gives(Dialect::Flax, false), 14.0);
    assert_eq!(gives(Dialect::Flax, true), 4.0);
}
