//! The gradients of single layers are PyTorch's, and so is a batch norm in training.

mod recorded_op;

use std::collections::BTreeMap;

use convshape::kernels::gradient::Layer;
use convshape_arith::op::{AxisOrder::ChannelsFirst, Conv, Dialect, Op};
use convshape_arith::shape::Shape;
use convshape_tests::golden::{Framework, ShapeCase, ValueCase, values};
use serde_json::{Value, json};

const TOLERANCE: f32 = 2e-5;

fn shape(sizes: &[usize]) -> Shape {
    let sizes: Vec<i64> = sizes.iter().map(|&size| i64::try_from(size).expect("a small size")).collect();
    Shape::of(&sizes)
}

fn slice<'a>(case: &'a ValueCase, role: &str) -> &'a [f32] {
    case.tensor(role).as_slice().expect("contiguous")
}

/// The case as the shape records have it.
fn record(case: &ValueCase) -> ShapeCase {
    let mut record = case.params.clone();
    let fields = record.as_object_mut().expect("an object");
    fields.insert("dialect".to_owned(), json!("torch"));
    fields.insert("op".to_owned(), json!(case.op));
    fields.entry("in").or_insert_with(|| json!(case.tensor("input").shape()[1..]));
    serde_json::from_value(Value::Object(fields.clone())).unwrap_or_else(|e| panic!("{}: {e}", case.id))
}

#[track_caller]
fn assert_close(case: &ValueCase, role: &str, found: &[f32]) {
    let expected = slice(case, role);
    assert_eq!(found.len(), expected.len(), "{}: {role}", case.id);
    let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= TOLERANCE * b.abs().max(1.0));
    assert!(close, "{}: {role}: {:?}\nfound {found:?}\nexpected {expected:?}", case.id, case.params);
}

#[test]
fn layers_have_the_recorded_gradients() {
    let mut counts = BTreeMap::<String, usize>::new();
    for case in values(Framework::Torch).iter().filter(|case| case.find("cotangent").is_some()) {
        let input = shape(&case.tensor("input").shape()[1..]);
        let op = match recorded_op::recorded_op(&record(case)).expect("a layer") {
            Op::Conv(conv) => Op::Conv(Conv { bias: case.find("bias").is_some(), ..conv }),
            op => op,
        };
        let op = op.bind(&input, ChannelsFirst);
        let output = op.output(&[input], ChannelsFirst).expect("an accepted layer");
        let specs = op.params();
        let params: Vec<&[f32]> = specs.iter().map(|spec| slice(case, spec.field)).collect();
        let layer = Layer { op: &op, order: ChannelsFirst, params: &params, shapes: &[input], output: &output };

        let x = [slice(case, "input")];
        let mut y = vec![0.0; slice(case, "output").len()];
        layer.forward(&x, &mut y).expect("shapes that fit");
        assert_close(case, "output", &y);

        let mut dparams: Vec<Vec<f32>> = params.iter().map(|param| vec![0.0; param.len()]).collect();
        let mut dx = [vec![0.0; x[0].len()]];
        layer.backward(&x, &y, slice(case, "cotangent"), &mut dparams, &mut dx).expect("shapes that fit");
        assert_close(case, "grad_input", &dx[0]);
        for (spec, dparam) in specs.iter().zip(&dparams) {
            assert_close(case, &format!("grad_{}", spec.field), dparam);
        }
        *counts.entry(case.op.clone()).or_default() += 1;
    }
    let expected = [("avgpool", 4), ("conv", 14), ("conv_transpose", 13), ("maxpool", 4), ("upsample", 8)];
    assert_eq!(counts, BTreeMap::from(expected.map(|(op, count)| (op.to_owned(), count))));
}

/// The output, and the running statistics after it.
#[test]
fn batch_norm_in_training() {
    let mut count = 0;
    for case in values(Framework::Torch).iter().filter(|case| case.find("new_running_mean").is_some()) {
        let (eps, momentum) = (case.params["eps"].as_f64().expect("eps"), case.params["momentum"].as_f64());
        let momentum = momentum.expect("a momentum");
        let input = shape(&case.tensor("input").shape()[1..]);
        let op = Op::BatchNorm { dialect: Dialect::Torch, channels: None, eps, affine: true, momentum }
            .bind(&input, ChannelsFirst);
        let params: Vec<&[f32]> = op.params().iter().map(|spec| slice(case, spec.field)).collect();
        let layer = Layer { op: &op, order: ChannelsFirst, params: &params, shapes: &[input], output: &input };
        let mut y = vec![0.0; slice(case, "output").len()];
        let statistics = layer.batch_norm(eps, slice(case, "input"), &mut y);
        assert_close(case, "output", &y);
        for (which, field) in ["running_mean", "running_var"].into_iter().enumerate() {
            let moved = slice(case, field).iter().zip(&statistics);
            let moved = moved.map(|(old, new)| ((1.0 - momentum) * f64::from(*old) + momentum * new[which]) as f32);
            assert_close(case, &format!("new_{field}"), &moved.collect::<Vec<_>>());
        }
        count += 1;
    }
    assert_eq!(count, 2);
}
