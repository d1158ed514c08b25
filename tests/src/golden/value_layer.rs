//! The layer of a recorded value, with its tensors in the order of its dialect.

use convshape_arith::op::{
    Activation, AxisOrder, Conv, DepthOrder, Interpolation, MAX_SPATIAL, Op, PoolKind, ResizeTo, SeparableConv,
    Upsample,
};
use convshape_arith::param::ParamSpec;
use ndarray::ArrayD;
use serde_json::{Value, json};

use super::recorded_op::{dialect, recorded_op};
use super::{Framework, ShapeCase, ValueCase};

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

impl ValueCase {
    /// The order of axes in its dialect.
    #[must_use]
    pub fn order(&self) -> AxisOrder {
        dialect(self.framework).order()
    }

    /// The layer; `None` if the language has none for it.
    #[must_use]
    pub fn layer(&self) -> Option<Op> {
        NO_LAYER.iter().all(|(id, _)| *id != self.id).then(|| op(self, self.framework))
    }

    /// A number among the call's arguments.
    ///
    /// # Panics
    /// If the case does not have it.
    #[must_use]
    pub fn float(&self, param: &str) -> f64 {
        self.params[param].as_f64().unwrap_or_else(|| panic!("{}: no number `{param}`", self.id))
    }

    /// A value, batch first, in the axis order of its dialect.
    #[must_use]
    pub fn value(&self, role: &str) -> ArrayD<f32> {
        self.value_like(role, role)
    }

    /// A value with the same layout as another one.
    #[must_use]
    pub fn value_like(&self, role: &str, like: &str) -> ArrayD<f32> {
        let tensor = self.tensor(role);
        let Some(layout) = self.layouts.get(like).filter(|layout| layout.contains('C')) else { return tensor.clone() };
        let spatial: String = layout.chars().filter(|letter| !"NC".contains(*letter)).collect();
        let target = match self.order() {
            AxisOrder::ChannelsFirst => format!("NC{spatial}"),
            AxisOrder::ChannelsLast => format!("N{spatial}C"),
        };
        in_order(tensor, layout, &target)
    }

    /// A parameter of its layer in the layout of the dialect, or what has its role after a prefix: `grad_`.
    ///
    /// # Panics
    /// If the case does not have it.
    #[must_use]
    pub fn param(&self, op: &Op, spec: &ParamSpec, prefix: &str) -> ArrayD<f32> {
        let case = self;
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
        "batch_norm" => Op::BatchNorm { dialect, channels: None, eps: case.float("eps"), affine: true, momentum: 0.1 },
        "group_norm" => {
            let groups = case.params["groups"].as_i64().expect("a number of groups");
            Op::GroupNorm { dialect, channels: None, groups, eps: case.float("eps") }
        }
        "instance_norm" => Op::InstanceNorm { dialect, channels: None, eps: case.float("eps"), affine: true },
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
        "leaky_relu" => Activation::LeakyRelu { slope: case.float("slope") },
        "sigmoid" => Activation::Sigmoid,
        "tanh" => Activation::Tanh,
        "gelu" => Activation::Gelu { tanh: word("approximate") == Some("tanh") },
        "silu" => Activation::Silu,
        "elu" => Activation::Elu { alpha: case.float("alpha") },
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
