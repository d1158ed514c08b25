//! One node as a statement.

use convshape::Shape;
use convshape::graph::op::{Axis, Conv, DepthOrder, Direction, PoolKind, Source};
use convshape::graph::{Init, Op};

use super::activation;
use super::batch::Tensor;
use super::constant::Constant;
use super::fold::{self, Call};
use super::node::Node;
use super::shared::without_digits;
use super::{Import, Lowered, MAX_RANK, Refusal, TORCH, Value};

/// Why a node has no counterpart in the language.
const NO_LAYER: &str = "there is no such layer";

/// Operators that the language leaves out on purpose, and what to say of them.
const LEFT_OUT: [(&[&str], &str); 5] = [
    (&["TopK", "Sort"], "the language does not sort; leave it out of the export, and sort in Rust behind the chain"),
    (&["Floor", "Ceil", "Round", "Mod"], "the language does not round; leave it out of the export, or round in Rust"),
    (&["QuantizeLinear", "DynamicQuantizeLinear"], "the language does not round: only weights may be quantised"),
    (
        &["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"],
        "random numbers are drawn outside of a chain; make them an input",
    ),
    (
        &["NonMaxSuppression", "NonZero", "Unique", "Compress"],
        "the shape of its output depends on the data; leave it out of the export",
    ),
];

/// Why an operator has no counterpart in the language.
fn missing(op: &str) -> &'static str {
    LEFT_OUT.iter().find(|(ops, _)| ops.contains(&op)).map_or(NO_LAYER, |(_, reason)| reason)
}

impl Import {
    /// Reads one node. Afterwards its outputs are known, or the node is refused.
    pub(super) fn node(&mut self, node: Node<'_>) {
        let early = self.ahead(node).map(Ok).or_else(|| self.list(node)).or_else(|| self.wide(node));
        if let Some(Ok(value)) = early {
            self.name(node, 0, value);
            return;
        }
        let poisoned = node.0.input.iter().any(|name| matches!(self.values.get(name), Some(Value::Unknown)));
        if let ("IsNaN", Some(output)) = (node.op(), node.0.output.first()) {
            // Known as a part of a masked softmax alone, whose last node comes later.
            if !poisoned {
                let refusal = self.refusal(node, NO_LAYER.to_owned());
                self.pending.insert(output.clone(), refusal);
            }
            self.name(node, 0, Value::Unknown);
            return;
        }
        let outputs = match node.op() {
            _ if let Some(Err(reason)) = early => Err(reason),
            "If" => self.branch(node),
            "Loop" => self.turns(node),
            "Split" => self.split(node),
            "Slice" => self.slice(node).map(|part| vec![part]),
            "LSTM" | "GRU" | "RNN" => self.recurrent(node),
            _ => self.layer(node).map(|value| vec![Value::Tensor(value)]),
        };
        match outputs {
            Ok(outputs) => {
                for (at, output) in outputs.into_iter().enumerate() {
                    self.name(node, at, output);
                }
            }
            Err(reason) => {
                // A layer that the language has may be fine: its input is what was refused.
                let is_size = node.op() == "Shape" || !self.reads_refused(node);
                let is_missing = reason == missing(node.op()) && (fold::operator(node.op()).is_none() || !is_size);
                if !poisoned || is_missing {
                    let refusal = self.refusal(node, reason);
                    self.refusals.push(refusal);
                }
                for (at, output) in node.0.output.iter().enumerate() {
                    self.name(node, at, Value::Unknown);
                    if !poisoned || !is_size {
                        self.refused.insert(output.clone());
                    }
                }
            }
        }
    }

    /// Whether it reads a value of the network that a refused node would give, and not only sizes of one.
    fn reads_refused(&self, node: Node<'_>) -> bool {
        node.0.input.iter().any(|name| self.refused.contains(name))
    }

    /// The branch of an `If` whose condition the file knows.
    fn branch(&mut self, node: Node<'_>) -> Result<Vec<Value>, String> {
        let holds = self.constant(node, 0).and_then(|holds| holds.scalar()).ok_or("a condition that is computed")?;
        let name = if holds == 0.0 { "else_branch" } else { "then_branch" };
        let graph = node.graph(name).ok_or("a branch is missing")?;
        self.inside(graph)?;
        Ok(graph.output.iter().map(|port| self.value(&port.name)).collect())
    }

    /// The nodes of a graph inside a node.
    pub(super) fn inside(&mut self, graph: &crate::proto::Graph) -> Result<(), String> {
        for tensor in &graph.initializer {
            self.values.insert(tensor.name.clone(), Value::Constant(Constant::read(tensor)?));
        }
        for inner in super::order::sorted(graph, true)? {
            self.node(Node(inner));
        }
        Ok(())
    }

    /// Binds the name of an output to a value.
    fn name(&mut self, node: Node<'_>, at: usize, value: Value) {
        if let Some(name) = node.0.output.get(at).filter(|name| !name.is_empty()) {
            self.values.insert(name.clone(), value);
        }
    }

    fn refusal(&self, node: Node<'_>, reason: String) -> Refusal {
        let shape = |name: &String| match self.values.get(name) {
            Some(Value::Tensor(x)) => format!("{:?}", self.sizes(*x)),
            Some(Value::Constant(constant)) => format!("{:?}", constant.shape()),
            _ => "?".to_owned(),
        };
        let inputs = node.0.input.iter().filter(|name| !name.is_empty()).map(shape).collect();
        Refusal { name: node.name().to_owned(), op: node.full_op(), version: self.opset, inputs, reason }
    }

    /// What needs no layer: numbers, sizes, other names.
    fn ahead(&mut self, node: Node<'_>) -> Option<Value> {
        if node.op() == "Constant" {
            let numbers = node.tensor("value").or_else(|| node.ints("value_ints").map(|list| Constant::list(&list)));
            let single = || {
                let has = |name: &str| node.0.attribute.iter().any(|attribute| attribute.name == name);
                let scalar = |name: &str| has(name).then(|| node.int(name, 0));
                let int = scalar("value_int").map(Constant::whole);
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
        if let ("Shape", Some(Some(Value::Tensor(x)))) = (node.op(), inputs.first()) {
            return Some(Value::Constant(shape_of(&self.sizes(*x), node)));
        }
        let constants: Vec<Option<Constant>> =
            (0..node.0.input.len()).map(|place| self.constant(node, place)).collect();
        let all = constants.iter().zip(&inputs).all(|(constant, input)| constant.is_some() || input.is_none());
        if all && !constants.is_empty() {
            let call = Call { node, opset: self.opset, inputs: &constants };
            if node.op() == "ConstantOfShape" {
                let sizes = constants[0].as_ref().and_then(Constant::ints)?;
                let count =
                    sizes.iter().try_fold(1, |count: usize, &size| count.checked_mul(usize::try_from(size).ok()?));
                self.filled = self.filled.saturating_add(count?);
                if self.filled > fold::MAX_FILLED {
                    return None;
                }
            }
            return fold::operator(node.op())?(&call).map(Value::Constant);
        }
        None
    }

    /// The value of the chain that a node reads.
    pub(super) fn tensor(&self, node: Node<'_>, place: usize) -> Lowered {
        match node.input(place).map(|name| self.value(name)) {
            Some(Value::Tensor(x)) => Ok(x),
            Some(Value::Wide(_)) => Err(format!("a value with more than {MAX_RANK} axes besides the batch")),
            Some(Value::List(_)) => Err("it reads a list of values".to_owned()),
            Some(Value::Constant(_) | Value::Unknown) => {
                Err("it reads numbers where a value of the network is meant".to_owned())
            }
            None => Err("an input is missing".to_owned()),
        }
    }

    /// The value of the chain that a node reads, with the batch in front.
    pub(super) fn batch_first(&mut self, node: Node<'_>) -> Lowered {
        let x = self.first(node)?;
        self.in_front(x)
    }

    /// The value of the chain that a node reads first, which may be numbers of the file.
    pub(super) fn first(&mut self, node: Node<'_>) -> Lowered {
        match (self.constant(node, 0), node.input(0)) {
            // A network can begin with an array of the file, such as a learnt first value.
            (Some(Constant::Floats(array)), Some(name)) => {
                let constant = Constant::Floats(array);
                let value = self.parameter(name, &constant, constant.shape(), true)?;
                Ok(Tensor { value, batch: None })
            }
            _ => self.tensor(node, 0),
        }
    }

    /// The value of the chain that a node reads. Numbers of the file become a parameter of at least `rank` axes.
    pub(super) fn operand(&mut self, node: Node<'_>, place: usize, rank: usize) -> Lowered {
        match (self.constant(node, place), node.input(place)) {
            (Some(constant), Some(name)) => {
                let mut sizes = constant.shape().to_vec();
                while sizes.len() > rank && sizes[0] == 1 {
                    sizes.remove(0);
                }
                sizes.splice(0..0, vec![1; rank.saturating_sub(sizes.len())]);
                Ok(Tensor { value: self.parameter(name, &constant, &sizes, true)?, batch: None })
            }
            _ => self.tensor(node, place),
        }
    }

    /// Numbers of the file as a parameter of a shape.
    pub(super) fn parameter(
        &mut self,
        name: &str,
        constant: &Constant,
        sizes: &[usize],
        trained: bool,
    ) -> Result<usize, String> {
        if !(1..=MAX_RANK).contains(&sizes.len()) || sizes.contains(&0) {
            return Err(format!("numbers of shape {sizes:?}"));
        }
        let key = (name.to_owned(), sizes.to_vec());
        if let Some(&value) = self.parameters.get(&key) {
            return Ok(value);
        }
        let shape = Shape::of(&sizes.iter().map(|&size| size as i64).collect::<Vec<_>>());
        let of = Source::Parameter { init: Init::Constant(0.0), trained };
        let is_named = !name.contains("::") && !name.contains('/');
        let value =
            self.push_source(if is_named { name.to_owned() } else { String::new() }, Op::Source { of, shape }, shape);
        self.give(value, "", sizes.to_vec(), constant.floats().iter().copied().collect());
        self.parameters.insert(key, value);
        Ok(value)
    }

    /// The module that a node belongs to: as the exporter says, else of a parameter's name, else of its own.
    pub(super) fn path(&self, node: Node<'_>) -> String {
        if let Some(module) = node.module() {
            let weight = node.0.input.iter().find_map(|name| Some((name, name.strip_suffix(".weight")?)));
            let of_shared = weight.filter(|(name, owner)| {
                // Of equal numbers the exporter keeps those that are read first; of one parameter the last name.
                let is_first = self.first_readers.get(*name).is_some_and(|first| first == owner);
                !is_first && without_digits(owner) == without_digits(module)
            });
            return of_shared.map_or(module, |(_, owner)| owner).to_owned();
        }
        // A layer may share its weight, but then it has a bias of its own.
        let source = |name: &'_ String| match self.makers.get(name) {
            Some(maker) if maker.op_type == "Transpose" => maker.input.first().cloned().unwrap_or_default(),
            _ => name.clone(),
        };
        let inputs: Vec<String> = node.0.input.iter().skip(1).map(source).collect();
        let named = |end: &str| inputs.iter().find_map(|name| name.strip_suffix(end));
        let of_parameter = named(".bias").or_else(|| named(".weight"));
        if let Some(path) = of_parameter.filter(|path| !path.is_empty() && !path.contains("::")) {
            return path.to_owned();
        }
        let Some((scopes, _)) = node.0.name.strip_prefix('/').and_then(|name| name.rsplit_once('/')) else {
            return String::new();
        };
        scopes.split('/').fold(String::new(), |path, scope| inside(&path, scope))
    }

    fn layer(&mut self, node: Node<'_>) -> Lowered {
        match node.op() {
            "Identity" | "Dropout" => self.tensor(node, 0),
            "Cast" if matches!(node.int("to", 1), 1 | 10 | 11 | 16) => self.tensor(node, 0),
            "Conv" => self.conv(node),
            "ConvTranspose" => self.conv_transpose(node),
            "MaxPool" => self.pool(node, PoolKind::Max),
            "AveragePool" => self.pool(node, PoolKind::Avg),
            "LpPool" => self.power_pool(node),
            "GlobalAveragePool" => self.global_pool(node, PoolKind::Avg),
            "GlobalMaxPool" => self.global_pool(node, PoolKind::Max),
            op if op.starts_with("Reduce") => self.reduce(node),
            "BatchNormalization" => self.batch_norm(node),
            "InstanceNormalization" => self.instance_norm(node),
            "GroupNormalization" => self.group_norm(node),
            "LayerNormalization" => self.layer_norm(node),
            "RMSNormalization" => self.rms_norm(node),
            "LRN" => self.local_response(node),
            "LpNormalization" => self.lp_norm(node),
            "Gather" | "GatherND" => self.gather(node),
            "Gemm" => self.gemm(node),
            "MatMul" => self.matrix(node),
            "Add" | "Sub" | "Mul" | "Div" | "Sum" | "Max" | "Min" => self.arithmetic(node),
            "Pow" => self.power(node),
            "Where" => self.choice(node),
            "Greater" | "Less" | "GreaterOrEqual" | "LessOrEqual" | "Equal" => self.comparison(node),
            "Not" | "And" | "Or" | "Xor" => self.logic(node),
            "Cast" => self.cast_to_whole(node),
            "Sign" => self.sign(node),
            "CumSum" => self.cumulative(node),
            "ArgMax" | "ArgMin" => self.extreme_place(node),
            "Hardmax" => self.hardmax(node),
            "OneHot" => self.one_hot_between(node),
            "Trilu" => self.triangle(node),
            "GridSample" => self.grid_sample(node),
            "Col2Im" => self.col2im(node),
            "GatherElements" => self.gather_elements(node),
            "ScatterND" => self.scatter(node),
            "Erf" | "Tan" | "Sinh" | "Cosh" | "Mean" | "ThresholdedRelu" | "Shrink" => self.spelled_out(node),
            "Einsum" => self.einsum(node),
            "Concat" => self.concat(node),
            "Flatten" | "Reshape" => self.reshape(node),
            "Squeeze" | "Unsqueeze" => self.squeeze(node),
            "Expand" => self.expand(node),
            "Tile" => self.tile(node),
            "Pad" => self.pad(node),
            "Resize" | "Upsample" => self.resize(node),
            "DepthToSpace" => {
                let factor = node.int("blocksize", 1);
                let op = match node.text("mode", "DCR").as_str() {
                    "CRD" => Op::PixelShuffle { factor },
                    _ => Op::DepthToSpace { factor, order: DepthOrder::Dcr },
                };
                match op {
                    Op::PixelShuffle { .. } => self.on_channels(node, |import, x| import.one(node, op, x)),
                    _ => {
                        let x = self.batch_first(node)?;
                        self.one(node, op, x)
                    }
                }
            }
            "SpaceToDepth" => self.space_to_depth(node),
            "Transpose" => self.transpose(node),
            "HardSigmoid" if !activation::is_hard_sigmoid(node) => self.hard_sigmoid(node),
            "Softmax" | "LogSoftmax" => self.softmax(node),
            "PRelu" => self.prelu(node),
            _ => match self.activation(node)? {
                Some(op) => {
                    let x = self.tensor(node, 0)?;
                    self.one(node, op, x)
                }
                None => Err(missing(node.op()).to_owned()),
            },
        }
    }

    /// A layer on one value that keeps the place of the batch.
    pub(super) fn one(&mut self, node: Node<'_>, op: Op, x: Tensor) -> Lowered {
        Ok(Tensor { value: self.on(self.path(node), op, x.value)?, ..x })
    }

    /// A layer on several values whose batch is `place` axes from the end.
    pub(super) fn joined(&mut self, path: String, op: Op, values: &[usize], place: Option<usize>) -> Lowered {
        let value = self.push(path, op, values)?;
        let rank = self.shapes[value].rank() + 1;
        Ok(Tensor { value, batch: place.map(|place| rank - place) })
    }

    fn global_pool(&mut self, node: Node<'_>, kind: PoolKind) -> Lowered {
        self.on_channels(node, |import, x| {
            let rank = import.sample(x).len() - 1;
            match (1..=3).contains(&rank) {
                true => import.one(node, Op::AdaptivePool { kind, rank, size: [1; 3] }, x),
                false => Err("a value without space".to_owned()),
            }
        })
    }

    fn softmax(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let (index, rank) = (self.softmax_axis(node, x)?, self.sizes(x).len());
        let log = node.op() == "LogSoftmax";
        let axis = self.axis(index as i64, x)?;
        let axis = if index + 1 == rank && axis != Axis::Channels { Axis::At(-1) } else { axis };
        self.one(node, Op::Softmax { axis, log }, x)
    }

    /// The axis of a `Softmax` or its like.
    pub(super) fn softmax_axis(&self, node: Node<'_>, x: Tensor) -> Result<usize, String> {
        let index = self.index(node.int("axis", if self.opset < 13 { 1 } else { -1 }), x)?;
        // Until opset 13, all axes from this one on were joined into one.
        match self.opset < 13 && self.sizes(x)[index + 1..].iter().any(|&size| size != 1) {
            true => Err("over several axes at once".to_owned()),
            false => Ok(index),
        }
    }

    fn prelu(&mut self, node: Node<'_>) -> Lowered {
        let (x, has_frames) = self.with_frames(node)?;
        let slope = self.constant(node, 1).ok_or("slopes that are computed")?.floats();
        let slope: Vec<f32> = slope.iter().copied().collect();
        if slope.len() != 1 && self.sample(x)[0] != slope.len() as i64 {
            return self.prelu_of(node);
        }
        let y = self.one(node, Op::Prelu { channels: slope.len() as i64 }, x)?;
        self.give(y.value, "weight", vec![slope.len()], slope);
        self.without_frames(y, has_frames)
    }

    /// Gives a parameter to the statement of a value.
    pub(super) fn give(&mut self, value: usize, field: impl Into<String>, shape: Vec<usize>, numbers: Vec<f32>) {
        if let Some(statement) = self.maker(value) {
            self.statements[statement].params.push((field.into(), shape, numbers));
        }
    }

    fn transpose(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let order = node.order(self.sizes(x).len()).ok_or("an order of axes that are not there")?;
        self.permuted(self.path(node), x, &order)
    }
}

/// The path of a module inside another: `layer1.0` inside `layer1` says both.
fn inside(path: &str, scope: &str) -> String {
    let starts = path.match_indices('.').map(|(at, _)| at + 1);
    let known = std::iter::once(0)
        .chain(starts)
        .find(|&start| scope.strip_prefix(&path[start..]).is_some_and(|rest| rest.starts_with('.')));
    match known {
        Some(start) => format!("{}{scope}", &path[..start]),
        None if path.is_empty() => scope.to_owned(),
        None => format!("{path}.{scope}"),
    }
}

/// The sizes that `Shape` gives.
fn shape_of(sizes: &[i64], node: Node<'_>) -> Constant {
    let rank = sizes.len();
    let bound = |name: &str, default: i64| {
        let at = node.int(name, default);
        usize::try_from(if at < 0 { at.saturating_add(rank as i64) } else { at }).unwrap_or(0).min(rank)
    };
    let (start, end) = (bound("start", 0), bound("end", rank as i64));
    Constant::list(&sizes[start.min(end)..end])
}

/// A convolution with the numbers of a node.
pub(super) fn conv_of(direction: Direction, rank: usize) -> Conv {
    Conv { bias: false, ..Conv::new(TORCH, direction, rank) }
}
