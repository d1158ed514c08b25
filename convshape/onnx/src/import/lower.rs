//! One node as a statement.

use convshape::Shape;
use convshape::graph::Op;
use convshape::graph::op::{
    Amount, Axes, Axis, Conv, DepthOrder, Dialect, Direction, Interpolation, PaddingMode, PoolKind, ResizeTo, Upsample,
};

use super::constant::{Constant, fold, place};
use super::node::Node;
use super::{Import, Refusal, Value};

/// Whose defaults and names the chain has.
pub(super) const TORCH: Dialect = Dialect::Torch;

/// What a node gives, or why no chain can say it.
pub(super) type Lowered = Result<usize, String>;

impl Import {
    /// Reads one node; what it gives is known afterwards, or refused.
    pub(super) fn node(&mut self, node: Node<'_>) {
        let outputs: Vec<String> = node.0.output.iter().filter(|name| !name.is_empty()).cloned().collect();
        let Some(first) = outputs.first().cloned() else { return };
        if let Some(value) = self.ahead(node) {
            self.values.insert(first, value);
            return;
        }
        let poisoned = node.0.input.iter().any(|name| matches!(self.values.get(name), Some(Value::Unknown)));
        let result = match poisoned {
            true if is_known(node.op()) => None,
            true => Some(Err("there is no such layer".to_owned())),
            false if node.op() == "Split" => match self.split(node, &outputs) {
                Ok(()) => return,
                Err(reason) => Some(Err(reason)),
            },
            false => Some(self.layer(node)),
        };
        match result {
            Some(Ok(value)) => {
                self.values.insert(first, Value::Tensor(value));
            }
            Some(Err(reason)) => {
                self.refuse(node, reason);
                outputs.into_iter().for_each(|name| drop(self.values.insert(name, Value::Unknown)));
            }
            None => outputs.into_iter().for_each(|name| drop(self.values.insert(name, Value::Unknown))),
        }
    }

    fn refuse(&mut self, node: Node<'_>, reason: String) {
        let shape = |name: &String| match self.values.get(name) {
            Some(Value::Tensor(value)) => {
                let batch = self.batch.map_or("batch".to_owned(), |batch| batch.to_string());
                let sizes = self.shapes[*value].to_string();
                format!("[{batch}, {}", sizes.trim_start_matches('['))
            }
            Some(Value::Constant(constant)) => format!("{:?}", constant.shape()),
            _ => "?".to_owned(),
        };
        let inputs = node.0.input.iter().filter(|name| !name.is_empty()).map(shape).collect();
        self.refusals.push(Refusal {
            name: node.name().to_owned(),
            op: node.full_op(),
            version: self.opset,
            inputs,
            reason,
        });
    }

    /// What needs no layer: numbers, sizes, other names.
    fn ahead(&mut self, node: Node<'_>) -> Option<Value> {
        if node.op() == "Constant" {
            let numbers = node.tensor("value").or_else(|| node.ints("value_ints").map(|list| Constant::list(&list)));
            let single = || {
                let has = |name: &str| node.0.attribute.iter().any(|attribute| attribute.name == name);
                let scalar = |name: &str| has(name).then(|| node.int(name, 0));
                let int = scalar("value_int").map(|number| Constant::Ints(convshape::ndarray::arr0(number).into_dyn()));
                #[expect(clippy::cast_possible_truncation, reason = "it was f32")]
                let float = || {
                    has("value_float").then(|| {
                        Constant::Floats(convshape::ndarray::arr0(node.float("value_float", 0.0) as f32).into_dyn())
                    })
                };
                int.or_else(float).or_else(|| {
                    node.floats("value_floats").map(|list| Constant::Floats(convshape::ndarray::arr1(&list).into_dyn()))
                })
            };
            return numbers.or_else(single).map(Value::Constant);
        }
        let inputs: Vec<Option<Value>> =
            (0..node.0.input.len()).map(|place| node.input(place).map(|name| self.value(name))).collect();
        if let Some(sizes) = self.sizes(node, &inputs) {
            return Some(sizes);
        }
        let constants: Vec<Option<Constant>> =
            (0..node.0.input.len()).map(|place| self.constant(node, place)).collect();
        let all = constants.iter().zip(&inputs).all(|(constant, input)| constant.is_some() || input.is_none());
        if all && !constants.is_empty() {
            return fold(&node, &constants).map(Value::Constant);
        }
        None
    }

    /// The value of the chain that a node reads.
    pub(super) fn tensor(&self, node: Node<'_>, place: usize) -> Result<usize, String> {
        match node.input(place).map(|name| self.value(name)) {
            Some(Value::Tensor(value)) => Ok(value),
            Some(_) => Err("it reads numbers where a value of the network is meant".to_owned()),
            None => Err("an input is missing".to_owned()),
        }
    }

    /// The module that a node belongs to: of a parameter's name, else of its own.
    pub(super) fn path(&self, node: Node<'_>) -> String {
        let weight = node.0.input.iter().skip(1).find_map(|name| name.strip_suffix(".weight"));
        let of_weight = weight.filter(|path| !path.is_empty() && !path.contains("::"));
        if let Some(path) = of_weight {
            return path.to_owned();
        }
        let Some(scopes) = node.0.name.strip_prefix('/') else { return String::new() };
        let mut path = String::new();
        let scopes: Vec<&str> = scopes.split('/').collect();
        for scope in &scopes[..scopes.len() - 1] {
            path = match (path.as_str(), scope.strip_prefix(&format!("{path}."))) {
                ("", _) => (*scope).to_owned(),
                (_, Some(_)) => (*scope).to_owned(),
                (_, None) => format!("{path}.{scope}"),
            };
        }
        path
    }

    fn layer(&mut self, node: Node<'_>) -> Lowered {
        let one = |import: &mut Import, op: Op| {
            let x = import.tensor(node, 0)?;
            import.push(import.path(node), op, &[x])
        };
        match node.op() {
            "Identity" | "Dropout" => self.tensor(node, 0),
            "Cast" if matches!(node.int("to", 1), 1 | 10 | 11 | 16) => self.tensor(node, 0),
            "Conv" => self.conv(node),
            "ConvTranspose" => self.conv_transpose(node),
            "MaxPool" => self.pool(node, PoolKind::Max),
            "AveragePool" => self.pool(node, PoolKind::Avg),
            "GlobalAveragePool" | "GlobalMaxPool" => {
                let x = self.tensor(node, 0)?;
                let kind = if node.op() == "GlobalMaxPool" { PoolKind::Max } else { PoolKind::Avg };
                let rank = self.shapes[x].rank().saturating_sub(1);
                if !(1..=3).contains(&rank) {
                    return Err("a value without space".to_owned());
                }
                self.push(self.path(node), Op::AdaptivePool { kind, rank, size: [1; 3] }, &[x])
            }
            "ReduceMean" => self.mean(node),
            "BatchNormalization" => self.batch_norm(node),
            "InstanceNormalization" => self.instance_norm(node),
            "GroupNormalization" => self.group_norm(node),
            "LayerNormalization" => self.layer_norm(node),
            "RMSNormalization" => self.rms_norm(node),
            "LRN" => self.local_response(node),
            "LpNormalization" => self.lp_norm(node),
            "Gather" => self.gather(node),
            "Gemm" => self.gemm(node),
            "MatMul" => self.matrix(node),
            "Add" | "Sub" | "Mul" | "Div" | "Sum" => self.arithmetic(node),
            "Concat" => {
                let inputs: Vec<usize> =
                    (0..node.0.input.len()).map(|place| self.tensor(node, place)).collect::<Result<_, _>>()?;
                let first = *inputs.first().ok_or("an input is missing")?;
                let axis = self.axis(node.int("axis", 1), first)?;
                self.push(self.path(node), Op::Concat { axis }, &inputs)
            }
            "Slice" => self.slice(node),
            "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" => self.reshape(node),
            "Pad" => self.pad(node),
            "Resize" | "Upsample" => self.resize(node),
            "DepthToSpace" => {
                let factor = node.int("blocksize", 1);
                match node.text("mode", "DCR").as_str() {
                    "CRD" => one(self, Op::PixelShuffle { factor }),
                    _ => one(self, Op::DepthToSpace { factor, order: DepthOrder::Dcr }),
                }
            }
            "Transpose" => self.transpose(node),
            "Softmax" | "LogSoftmax" => {
                let x = self.tensor(node, 0)?;
                let axis = node.int("axis", if self.opset < 13 { 1 } else { -1 });
                let place = self.axis(axis, x)?;
                // Before, all axes from that one on were one.
                if self.opset < 13 && place != Axis::At(self.shapes[x].rank() as i64 - 1) && self.shapes[x].rank() > 1 {
                    return Err("over several axes at once".to_owned());
                }
                one(self, Op::Softmax { axis: place, log: node.op() == "LogSoftmax" })
            }
            "PRelu" => {
                let x = self.tensor(node, 0)?;
                let slope = self.constant(node, 1).ok_or("slopes that are computed")?.floats();
                let slope: Vec<f32> = slope.iter().copied().collect();
                let value = one(self, Op::Prelu { channels: slope.len() as i64 })?;
                if slope.len() != 1 && self.shapes[x].size(0).number() != Some(slope.len() as i64) {
                    return Err("slopes that are not one per channel".to_owned());
                }
                self.give(value, "weight", vec![slope.len()], slope);
                Ok(value)
            }
            _ => match self.activation(node)? {
                Some(op) => one(self, op),
                None => Err("there is no such layer".to_owned()),
            },
        }
    }

    /// Gives a parameter to the statement of a value.
    pub(super) fn give(&mut self, value: usize, field: &'static str, shape: Vec<usize>, numbers: Vec<f32>) {
        if let Some(statement) = self.maker(value) {
            self.statements[statement].params.push((field, shape, numbers));
        }
    }

    /// An axis that counts the batch, as the language counts it.
    pub(super) fn axis(&self, axis: i64, x: usize) -> Result<Axis, String> {
        match place(axis, self.shapes[x].rank() + 1) {
            Some(0) => Err("over the batch".to_owned()),
            Some(1) => Ok(Axis::Channels),
            Some(axis) => Ok(Axis::At(axis as i64 - 1)),
            None => Err(format!("there is no axis {axis}")),
        }
    }

    fn transpose(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let rank = self.shapes[x].rank();
        let order = node.ints("perm").unwrap_or_else(|| (0..=rank as i64).rev().collect());
        let (Some(0), true) = (order.first(), order.len() == rank + 1) else {
            return Err("it moves the batch".to_owned());
        };
        if !order[1..].iter().all(|axis| (1..=rank as i64).contains(axis)) {
            return Err(format!("an order of axes that are not there: {order:?}"));
        }
        let axes: Vec<Axis> = order[1..].iter().map(|axis| Axis::At(axis - 1)).collect();
        let axes = Axes::of(&axes).ok_or("more than 6 axes")?;
        self.push(self.path(node), Op::Permute { axes, swap: false }, &[x])
    }

    fn gemm(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let weight = self.constant(node, 1).ok_or("a matrix that is computed")?.floats();
        if node.int("transA", 0) != 0 || weight.ndim() != 2 || self.shapes[x].rank() != 1 {
            return Err("only a batch of vectors times a matrix is a layer".to_owned());
        }
        let weight = if node.int("transB", 0) == 0 { weight.reversed_axes() } else { weight };
        #[expect(clippy::cast_possible_truncation, reason = "it was f32")]
        let (alpha, beta) = (node.float("alpha", 1.0) as f32, node.float("beta", 1.0) as f32);
        let bias = match node.input(2) {
            Some(_) => {
                let bias = self.constant(node, 2).ok_or("a bias that is computed")?.floats();
                let outputs = weight.shape()[0];
                let wide = bias.broadcast((1, outputs)).ok_or("a bias of another size")?;
                Some(wide.iter().map(|number| number * beta).collect::<Vec<f32>>())
            }
            None => None,
        };
        self.linear(node, x, weight.mapv(|number| number * alpha), bias)
    }

    fn matrix(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let Some(weight) = self.constant(node, 1) else {
            let b = self.tensor(node, 1)?;
            let (first, second) = (self.shapes[x].rank(), self.shapes[b].rank());
            if first < 2 || first != second {
                return Err("a product that is not of one pair of matrices a sample".to_owned());
            }
            return self.push(self.path(node), Op::MatMul { transpose_a: false, transpose_b: false }, &[x, b]);
        };
        let weight = weight.floats();
        if weight.ndim() != 2 {
            return Err("a product with several matrices".to_owned());
        }
        self.linear(node, x, weight.reversed_axes(), None)
    }

    fn linear(
        &mut self,
        node: Node<'_>,
        x: usize,
        weight: convshape::ndarray::ArrayD<f32>,
        bias: Option<Vec<f32>>,
    ) -> Lowered {
        let (outputs, inputs) = (weight.shape()[0], weight.shape()[1]);
        let op =
            Op::Linear { dialect: TORCH, inputs: Some(inputs as i64), outputs: outputs as i64, bias: bias.is_some() };
        let value = self.push(self.path(node), op, &[x])?;
        self.give(value, "weight", vec![outputs, inputs], weight.iter().copied().collect());
        if let Some(bias) = bias {
            self.give(value, "bias", vec![outputs], bias);
        }
        Ok(value)
    }

    fn pad(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let rank = self.shapes[x].rank() + 1;
        let pads = node.ints("pads").or_else(|| self.constant(node, 1)?.ints()).ok_or("a border that is computed")?;
        let value = match node.input(2) {
            Some(_) => self
                .constant(node, 2)
                .and_then(|value| value.scalar())
                .map(f64::from)
                .ok_or("a value that is computed")?,
            None => node.float("value", 0.0),
        };
        if pads.len() != 2 * rank || rank > 5 || node.input(3).is_some() {
            return Err("a border of some axes alone".to_owned());
        }
        if [pads[0], pads[1], pads[rank], pads[rank + 1]] != [0; 4] {
            return Err("a border of the batch or of channels".to_owned());
        }
        let mode = match node.text("mode", "constant").as_str() {
            "constant" => PaddingMode::Zeros,
            "reflect" => PaddingMode::Reflect,
            "edge" => PaddingMode::Replicate,
            "wrap" => PaddingMode::Circular,
            other => return Err(format!("mode `{other}`")),
        };
        let mut pairs = [(0, 0); 3];
        for (slot, axis) in pairs.iter_mut().zip(2..rank) {
            *slot = (pads[axis], pads[rank + axis]);
        }
        if pairs.iter().any(|&(lo, hi)| !(0..1 << 30).contains(&lo) || !(0..1 << 30).contains(&hi)) {
            return Err("a negative or huge border".to_owned());
        }
        if pairs == [(0, 0); 3] {
            return Ok(x);
        }
        self.push(self.path(node), Op::Pad { amount: Amount::Pairs { rank: Some(rank - 2), pairs }, mode, value }, &[x])
    }

    fn resize(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let rank = self.shapes[x].rank().saturating_sub(1);
        if !(1..=3).contains(&rank) {
            return Err("a value without space".to_owned());
        }
        let upsample = node.op() == "Upsample";
        let scales = node.floats("scales").or_else(|| {
            let at = if upsample || self.opset < 11 { 1 } else { 2 };
            Some(self.constant(node, at)?.floats().iter().copied().collect())
        });
        let sizes = match node.input(3).map(|name| self.value(name)) {
            Some(Value::Sizes(sizes)) => Some(
                sizes
                    .iter()
                    .map(|size| match size {
                        super::Extent::Number(number) => *number,
                        super::Extent::Batch => 0,
                    })
                    .collect(),
            ),
            Some(Value::Constant(constant)) => constant.ints(),
            _ => None,
        };
        let channels = self.shapes[x].size(0).number();
        let to = match (scales.filter(|scales| !scales.is_empty()), sizes) {
            (_, Some(sizes)) if sizes.len() == rank + 2 && Some(sizes[1]) == channels => {
                let mut to = [1; 3];
                to[..rank].copy_from_slice(&sizes[2..]);
                ResizeTo::Size(to)
            }
            (Some(scales), None) if scales.len() == rank + 2 && scales[..2] == [1.0, 1.0] => {
                let mut to = [1.0; 3];
                for (slot, scale) in to.iter_mut().zip(&scales[2..]) {
                    *slot = f64::from(*scale);
                }
                ResizeTo::Scale(to)
            }
            _ => return Err("sizes that are computed, or of other axes than space".to_owned()),
        };
        let coordinates = node.text(
            "coordinate_transformation_mode",
            if upsample || self.opset < 11 { "asymmetric" } else { "half_pixel" },
        );
        let nearest = node.text("nearest_mode", if upsample { "floor" } else { "round_prefer_floor" });
        let whole = matches!(to, ResizeTo::Scale(scale) if scale.iter().all(|scale| scale.fract() == 0.0));
        let linear = [Interpolation::Linear, Interpolation::Bilinear, Interpolation::Trilinear];
        let (mode, align_corners) = match (node.text("mode", "nearest").as_str(), coordinates.as_str()) {
            // With whole factors these pick the same rows.
            ("nearest", "asymmetric") if nearest == "floor" => (Interpolation::Nearest, None),
            ("nearest", "half_pixel") if whole && nearest.starts_with("round") => (Interpolation::Nearest, None),
            ("nearest", "half_pixel") if nearest == "round_prefer_ceil" => (Interpolation::NearestExact, None),
            ("linear" | "bilinear", "half_pixel" | "pytorch_half_pixel") if rank > 0 => (linear[rank - 1], Some(false)),
            ("linear" | "bilinear", "align_corners") if rank > 0 => (linear[rank - 1], Some(true)),
            ("cubic", "half_pixel" | "pytorch_half_pixel") if cubic(node) => (Interpolation::Bicubic, Some(false)),
            ("cubic", "align_corners") if cubic(node) => (Interpolation::Bicubic, Some(true)),
            (mode, coordinates) => {
                return Err(format!("mode `{mode}` with coordinates `{coordinates}` and `{nearest}`"));
            }
        };
        self.push(self.path(node), Op::Upsample(Upsample { rank: Some(rank), to, mode, align_corners }), &[x])
    }

    fn mean(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let rank = self.shapes[x].rank() + 1;
        let axes = node.ints("axes").or_else(|| self.constant(node, 1)?.ints()).ok_or("a mean over all axes")?;
        let mut axes: Vec<usize> = axes.iter().filter_map(|&axis| place(axis, rank)).collect();
        axes.sort_unstable();
        if !(3..=5).contains(&rank) || axes != (2..rank).collect::<Vec<_>>() {
            return Err("a mean over other axes than space".to_owned());
        }
        let op = match node.int("keepdims", 1) {
            0 => Op::GlobalPool { kind: PoolKind::Avg, keep_axes: false },
            _ => Op::AdaptivePool { kind: PoolKind::Avg, rank: rank - 2, size: [1; 3] },
        };
        self.push(self.path(node), op, &[x])
    }
}

fn cubic(node: Node<'_>) -> bool {
    (node.float("cubic_coeff_a", -0.75) + 0.75).abs() < 1e-6 && node.int("exclude_outside", 0) == 0
}

/// Operators that may be expressed, with the right attributes and shapes.
fn is_known(op: &str) -> bool {
    const LAYERS: [&str; 31] = [
        "Identity",
        "Dropout",
        "Cast",
        "Conv",
        "ConvTranspose",
        "MaxPool",
        "AveragePool",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "ReduceMean",
        "BatchNormalization",
        "InstanceNormalization",
        "GroupNormalization",
        "LayerNormalization",
        "Gemm",
        "MatMul",
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Sum",
        "Concat",
        "Slice",
        "Split",
        "Flatten",
        "Reshape",
        "Squeeze",
        "Unsqueeze",
        "Pad",
        "Resize",
        "Upsample",
    ];
    const OTHERS: [&str; 11] = [
        "DepthToSpace",
        "Transpose",
        "Softmax",
        "LogSoftmax",
        "PRelu",
        "Shape",
        "Gather",
        "Constant",
        "RMSNormalization",
        "LRN",
        "LpNormalization",
    ];
    LAYERS.contains(&op) || OTHERS.contains(&op) || super::activation::WORDS.contains(&op)
}

/// A convolution with the numbers of a node.
pub(super) fn conv_of(direction: Direction, rank: usize) -> Conv {
    Conv { bias: false, ..Conv::new(TORCH, direction, rank) }
}

/// The sizes of a shape as numbers.
pub(super) fn numbers(shape: &Shape) -> Vec<i64> {
    shape.sizes().iter().filter_map(|size| size.number()).collect()
}
