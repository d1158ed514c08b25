//! The reference kernels give the frameworks' own results, for every recorded kind of layer that the language has.
//!
//! The frameworks computed the outputs in f64 and stored f32. The kernels sum in f64 and round once, so every element
//! is within 1e-5, absolute or relative.

use std::collections::BTreeMap;

use convshape::kernels;
use convshape::kernels::gradient::BoundLayer;
use convshape_arith::op::{AxisOrder, Conv, Dialect, Op};
use convshape_arith::param::ParamSpec;
use convshape_arith::shape::Shape;
use convshape_tests::golden::{FRAMEWORKS, Framework, ValueCase, values};
use ndarray::{ArrayD, ArrayView, Axis, IxDyn};

const TOLERANCE: f32 = 1e-5;

fn shape(sizes: &[usize]) -> Shape {
    let sizes: Vec<i64> = sizes.iter().map(|&size| i64::try_from(size).expect("a small size")).collect();
    Shape::of(&sizes)
}

/// The output of one sample.
fn run(case: &ValueCase, op: Op, sample: ArrayView<'_, f32, IxDyn>) -> ArrayD<f32> {
    let order = case.order();
    let input = shape(sample.shape());
    let op = op.bind(&[input], order);
    let output = op.output(&[input], order).unwrap_or_else(|fault| panic!("{}: {fault:?}", case.id));
    let params: Vec<ArrayD<f32>> = op
        .params()
        .iter()
        .map(|spec| {
            let tensor = case.param(&op, &spec, "");
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
    let mut wrong = Vec::new();
    let mut run_of = BTreeMap::<(Framework, String), usize>::new();
    for case in FRAMEWORKS.into_iter().flat_map(values) {
        let Some(op) = case.layer() else { continue };
        let (input, expected) = (case.value("input"), case.value("output"));
        assert_eq!(input.shape()[0], expected.shape()[0], "{}", case.id);
        for (sample, expected) in input.axis_iter(Axis(0)).zip(expected.axis_iter(Axis(0))) {
            let found = run(&case, op, sample);
            assert_eq!(found.shape(), expected.shape(), "{}", case.id);
            let close =
                |(found, expected): (&f32, &f32)| (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
            if !found.iter().zip(&expected).all(close) {
                wrong.push(format!("{}: {:?}\nfound {found}\nexpected {expected}", case.id, case.params));
            }
        }
        *run_of.entry((case.framework, case.op)).or_default() += 1;
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
    for case in FRAMEWORKS.into_iter().flat_map(values).filter(|case| case.find("cotangent").is_some()) {
        let Some(op) = case.layer() else { continue };
        let order = case.order();
        let x = case.value("input");
        let input = shape(&x.shape()[1..]);
        let op = op.bind(&[input], order);
        let output = op.output(&[input], order).unwrap_or_else(|fault| panic!("{}: {fault:?}", case.id));
        let specs: Vec<ParamSpec> = op.params().iter().collect();
        let params: Vec<ArrayD<f32>> = specs.iter().map(|spec| case.param(&op, spec, "")).collect();
        let params: Vec<&[f32]> = params.iter().map(|param| param.as_slice().expect("contiguous")).collect();
        let layer = BoundLayer { op: &op, order, params: &params, shapes: &[input], output: &output };

        let x = [x.as_slice().expect("contiguous")];
        let expected = case.value("output");
        let mut y = vec![0.0; expected.len()];
        layer.forward(&x, &mut y).expect("the shapes fit");
        assert_close(&case, "output", &y, &expected);

        let mut dparams: Vec<Vec<f32>> = params.iter().map(|param| vec![0.0; param.len()]).collect();
        let mut dx = [vec![0.0; x[0].len()]];
        let dy = case.value_like("cotangent", "output");
        layer.backward(&x, &y, dy.as_slice().expect("contiguous"), &mut dparams, &mut dx).expect("the shapes fit");
        assert_close(&case, "grad_input", &dx[0], &case.value_like("grad_input", "input"));
        for (spec, found) in specs.iter().zip(&dparams) {
            assert_close(&case, spec.field, found, &case.param(&op, spec, "grad_"));
        }
        *counts.entry((case.framework, case.op)).or_default() += 1;
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
        let (eps, momentum) = (case.float("eps"), case.float("momentum"));
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
