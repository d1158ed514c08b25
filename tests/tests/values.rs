//! The reference kernels give PyTorch's own numbers, for every kind of layer that is recorded.
//!
//! PyTorch computed the outputs in f64, they are stored as f32. The kernels sum in f64 and round once, so that every
//! element is within 1e-5, absolutely or of its own size.

mod torch_op;

use std::collections::BTreeMap;

use convshape::kernels;
use convshape_arith::op::{Activation, AxisOrder::ChannelsFirst, Conv, Dialect, Op, PoolKind};
use convshape_arith::shape::Shape;
use convshape_tests::golden::{Framework, ShapeCase, ValueCase, values};
use ndarray::{ArrayD, ArrayView, Axis, IxDyn};
use serde_json::{Value, json};

const TOLERANCE: f32 = 1e-5;

/// The cases that run the layer as in training, which is not the forward pass of a chain.
const TRAINING: [&str; 2] = ["torch/batch_norm/001", "torch/batch_norm/003"];

fn shape(sizes: &[usize]) -> Shape {
    let sizes: Vec<i64> = sizes.iter().map(|&size| i64::try_from(size).expect("a small size")).collect();
    Shape::of(&sizes)
}

fn float(case: &ValueCase, param: &str) -> f64 {
    case.params[param].as_f64().unwrap_or_else(|| panic!("{}: no number `{param}`", case.id))
}

/// The layer of a case.
fn op(case: &ValueCase) -> Op {
    match case.op.as_str() {
        "activation" => Op::Activation(activation(case)),
        "adaptive_avgpool" => {
            let size: [i64; 2] = serde_json::from_value(case.params["size"].clone()).expect("two sizes");
            Op::AdaptivePool { kind: PoolKind::Avg, rank: 2, size: [size[0], size[1], 0] }
        }
        "batch_norm" => Op::BatchNorm {
            dialect: Dialect::Torch,
            channels: None,
            eps: float(case, "eps"),
            affine: true,
            momentum: 0.1,
        },
        "group_norm" => {
            let groups = case.params["groups"].as_i64().expect("a number of groups");
            Op::GroupNorm { dialect: Dialect::Torch, channels: None, groups, eps: float(case, "eps") }
        }
        "instance_norm" => {
            Op::InstanceNorm { dialect: Dialect::Torch, channels: None, eps: float(case, "eps"), affine: true }
        }
        "linear" => {
            let outputs = i64::try_from(case.tensor("weight").shape()[0]).expect("a small size");
            Op::Linear { dialect: Dialect::Torch, inputs: None, outputs, bias: case.find("bias").is_some() }
        }
        _ => match torch_op::torch_op(&record(case)).expect("a value case is accepted") {
            Op::Conv(conv) => Op::Conv(Conv { bias: case.find("bias").is_some(), ..conv }),
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

/// The case as the shape records have it.
fn record(case: &ValueCase) -> ShapeCase {
    let mut record = case.params.clone();
    let fields = record.as_object_mut().expect("an object");
    fields.insert("dialect".to_owned(), json!("torch"));
    fields.insert("op".to_owned(), json!(case.op));
    fields.entry("in").or_insert_with(|| json!(case.tensor("input").shape()[1..]));
    serde_json::from_value(Value::Object(fields.clone())).unwrap_or_else(|e| panic!("{}: {e}", case.id))
}

/// The output of one sample.
fn run(case: &ValueCase, sample: ArrayView<'_, f32, IxDyn>) -> ArrayD<f32> {
    let input = shape(sample.shape());
    let op = op(case).bind(&input, ChannelsFirst);
    let output = op.output(&[input], ChannelsFirst).unwrap_or_else(|fault| panic!("{}: {fault:?}", case.id));
    let params: Vec<&[f32]> = op
        .params()
        .iter()
        .map(|spec| {
            let tensor = case.tensor(spec.field);
            assert_eq!(shape(tensor.shape()), spec.shape, "{}: {}", case.id, spec.field);
            tensor.as_slice().expect("contiguous")
        })
        .collect();
    let sizes = &output.numbers().expect("plain numbers")[..output.rank()];
    let mut y = ArrayD::zeros(sizes);
    let x = sample.as_slice().expect("contiguous");
    let room = y.as_slice_mut().expect("contiguous");
    kernels::apply(&op, ChannelsFirst, &params, &[(&input, x)], &output, room).expect("the shapes fit");
    y
}

#[test]
fn every_layer_gives_the_recorded_output() {
    let mut wrong = Vec::new();
    let mut run_of = BTreeMap::<String, usize>::new();
    for case in values(Framework::Torch) {
        if TRAINING.contains(&case.id.as_str()) {
            assert_eq!(case.params["training"], json!(true), "{}", case.id);
            continue;
        }
        let (input, expected) = (case.tensor("input"), case.tensor("output"));
        assert_eq!(input.shape()[0], expected.shape()[0], "{}", case.id);
        for (sample, expected) in input.axis_iter(Axis(0)).zip(expected.axis_iter(Axis(0))) {
            let found = run(&case, sample);
            assert_eq!(found.shape(), expected.shape(), "{}", case.id);
            let close =
                |(found, expected): (&f32, &f32)| (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
            if !found.iter().zip(&expected).all(close) {
                wrong.push(format!("{}: {:?}\nfound {found}\nexpected {expected}", case.id, case.params));
            }
        }
        *run_of.entry(case.op).or_default() += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let expected = [
        ("activation", 9),
        ("adaptive_avgpool", 1),
        ("avgpool", 4),
        ("batch_norm", 2),
        ("conv", 14),
        ("conv_transpose", 13),
        ("group_norm", 1),
        ("instance_norm", 1),
        ("linear", 1),
        ("maxpool", 4),
        ("pixel_shuffle", 1),
        ("pixel_unshuffle", 1),
        ("upsample", 8),
    ];
    assert_eq!(run_of, BTreeMap::from(expected.map(|(op, count)| (op.to_owned(), count))));
}
