//! Every layer as nodes.

use convshape::Shape;
use convshape::graph::op::{Activation, Amount, DepthOrder, Pieces, PoolKind, Reduction, Source};
use convshape::graph::{AxisOrder, Fault, Node, Op, Size};

use super::writer::{FileValue, to_i64};
use super::{Export, ExportError, Output, attribute};

/// The nodes of one layer.
pub(super) fn layer(export: &mut Export<'_>, node: &Node) -> Result<Output, ExportError> {
    let input = node.inputs[0];
    Ok(match &node.op {
        Op::Conv(conv) => Output::First(export.conv(node, conv)?),
        Op::SeparableConv(conv) => Output::First(export.separable(node, conv)?),
        Op::Pool(pool) => {
            let x = export.first(input);
            Output::First(export.pool(pool, &x)?)
        }
        Op::MaxUnpool(pool) => {
            let (x, taken) = (export.first(input), export.first(node.inputs[1]));
            Output::First(export.unpool(pool, &x, &taken)?)
        }
        Op::AdaptivePool { kind, size, .. } => {
            let x = export.first(input);
            Output::First(export.adaptive(*kind, size, &x)?)
        }
        Op::GlobalPool { kind, keep_axes } => Output::First(export.global_pool(*kind, input, *keep_axes)),
        Op::Upsample(upsample) => Output::First(export.upsample(node, upsample)?),
        Op::PixelShuffle { factor } => Output::First(export.depth_to_space(node, *factor, DepthOrder::Crd)),
        Op::DepthToSpace { factor, order } => Output::First(export.depth_to_space(node, *factor, *order)),
        Op::PixelUnshuffle { factor } => Output::First(export.space_to_depth(node, *factor)),
        Op::ChannelShuffle { groups } => Output::First(export.shuffle(input, *groups)),
        Op::Pad { amount, mode, value, axis: Some(axis) } => {
            let x = export.natural(input);
            let at = export.place(*axis, &x.shape)?;
            let like = node.inputs.get(1).map(|&value| *export.graph.shape(value));
            let sides = export.sides(amount, 0, &x, (at, like))?;
            Output::Natural(export.writer.pad_from(at, &x, &[sides], *mode, *value))
        }
        Op::Pad { amount, mode, value, axis: None } => {
            let x = export.first(input);
            let rows = export.rows(node, amount, &x)?;
            Output::First(export.writer.pad(&x, &rows, *mode, *value))
        }
        Op::Crop { amount } => {
            let x = export.first(input);
            let rows = export.rows(node, amount, &x)?;
            Output::First(export.writer.crop(&x, &rows))
        }
        Op::Split { axis, index, pieces } => {
            let x = export.natural(input);
            let at = export.place(*axis, &x.shape)?;
            Output::Natural(export.piece(node, &x, at, (*index, *pieces)))
        }
        Op::Recurrent(layer) => Output::Natural(export.recurrent(node, layer)),
        Op::RecurrentOutput { layer, output } => Output::Natural(export.recurrent_output(node, layer, *output)?),
        Op::Slice { axis, start, end } => match export.is_channels(*axis, input) {
            true => Output::First(export.channels(node, *start, *end)),
            false => {
                let x = export.natural(input);
                let at = export.place(*axis, &x.shape)?;
                Output::Natural(export.range(&x, at, *start, *end, *export.graph.shape(node.outputs[0])))
            }
        },
        Op::Linear { outputs, bias, .. } => Output::Natural(export.linear(node, *outputs, *bias)),
        op if *op == Op::FLATTEN => {
            let x = export.natural(input);
            let shape = *export.graph.shape(node.outputs[0]);
            Output::Natural(export.writer.node("Flatten", &[&x.name], vec![attribute::int("axis", 1)], shape))
        }
        Op::Reshape { .. } | Op::ReshapeLike | Op::Flatten { .. } | Op::Unflatten { .. } => {
            let x = export.natural(input);
            let shape = *export.graph.shape(node.outputs[0]);
            let reshaped = export.writer.reshape(&x, shape);
            Output::Natural(reshaped.ok_or_else(|| export.symbol("a reshape", &x))?)
        }
        Op::Concat { axis } if !export.is_channels(*axis, input) => {
            let inputs: Vec<FileValue> = node.inputs.iter().map(|&value| export.natural(value)).collect();
            Output::Natural(export.join(node, *axis, &inputs)?)
        }
        Op::Stack { axis } => Output::Natural(export.stack(node, *axis)?),
        Op::MatMul { transpose_a, transpose_b } => Output::Natural(export.product(node, [*transpose_a, *transpose_b])?),
        Op::Attention(layer) => Output::Natural(export.attention(node, layer)?),
        Op::MultiHead(layer) => Output::Natural(export.multi_head(node, layer)?),
        // No model has it, but a lowered graph.
        Op::Projection(_) => return Err(export.inexpressible("a part of a linear layer")),
        Op::Glu { axis } => Output::Natural(export.glu(node, *axis)?),
        Op::Concat { .. } => {
            let inputs: Vec<FileValue> = node.inputs.iter().map(|&value| export.first(value)).collect();
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            let shape = export.output_first(node);
            Output::First(export.writer.node("Concat", &names, vec![attribute::int("axis", 1)], shape))
        }
        Op::Add => Output::First(export.broadcast("Add", node)),
        Op::Mul => Output::First(export.broadcast("Mul", node)),
        Op::Sub => Output::First(export.broadcast("Sub", node)),
        Op::Div => Output::First(export.broadcast("Div", node)),
        Op::Maximum => Output::First(export.broadcast("Max", node)),
        Op::Minimum => Output::First(export.broadcast("Min", node)),
        Op::Permute { .. } => {
            let x = export.natural(input);
            let axes = node.op.permutation(&x.shape, export.graph.order()).map_err(|fault| export.fault(fault))?;
            Output::Natural(export.writer.transpose(&x, &axes[..x.shape.rank()]))
        }
        Op::Reduce { kind, .. } => Output::Natural(export.reduce(node, *kind)?),
        Op::Scale { by } => export.with_number("Mul", input, *by),
        Op::BatchNorm { eps, affine, .. } => Output::First(export.batch_norm(node, *eps, *affine)),
        Op::GroupNorm { groups, eps, .. } => Output::First(export.group_norm(node, *groups, *eps)?),
        Op::InstanceNorm { eps, affine, .. } => Output::First(export.instance_norm(node, *eps, *affine)),
        Op::LayerNorm { size, eps, .. } => Output::Natural(export.layer_norm(node, size.as_ref(), *eps)),
        Op::RmsNorm { size, eps, .. } => Output::Natural(export.rms_norm(node, size.as_ref(), *eps)),
        Op::LocalResponseNorm { .. } => Output::First(export.local_response(node)?),
        Op::LpNorm { p, eps, .. } => Output::Natural(export.lp_norm(node, *p, *eps)?),
        Op::Activation(activation) => export.unary(input, |export, x| export.activation(activation, x)),
        Op::Prelu { channels } => {
            let x = export.first(input);
            let slope = export.param(node, 0, &per_channel(*channels, &x));
            Output::First(export.writer.same("PRelu", &x, &[&slope], Vec::new()))
        }
        Op::Snake { .. } => Output::First(export.snake(node)),
        Op::Softmax { axis, log } => {
            let op = if *log { "LogSoftmax" } else { "Softmax" };
            if export.is_channels(*axis, input) {
                let x = export.first(input);
                Output::First(export.writer.same(op, &x, &[], vec![attribute::int("axis", 1)]))
            } else {
                let x = export.natural(input);
                let at = to_i64(export.place(*axis, &x.shape)?) + 1;
                Output::Natural(export.writer.same(op, &x, &[], vec![attribute::int("axis", at)]))
            }
        }
        Op::Custom { .. } | Op::CustomOutput { .. } => {
            return Err(export.inexpressible("operator for a layer of your own (`Custom`)"));
        }
        Op::Source { of, .. } => Output::Natural(export.source(node, *of)),
        // The identity outside training.
        Op::Dropout { .. } | Op::Identity => export.unary(input, |_, x| x.clone()),
    })
}

impl Export<'_> {
    /// Numbers as a value of one sample, repeated for each sample of the layer's input.
    fn source(&mut self, node: &Node, of: Source) -> FileValue {
        let shape = *self.graph.shape(node.outputs[0]);
        let sizes = shape.sizes().iter().filter_map(|size| size.number());
        let dims: Vec<i64> = std::iter::once(1).chain(sizes).collect();
        let numbers = match of {
            Source::Parameter { .. } | Source::Shared { .. } => self.param(node, 0, &dims),
            Source::Arange | Source::Constant(_) | Source::OneHot(_) => {
                let count = usize::try_from(dims.iter().product::<i64>()).unwrap_or(0);
                #[expect(clippy::cast_possible_truncation, reason = "all numbers of the file are of f32")]
                let numbers: Vec<f32> = (0..count).map(|index| of.element(index, &shape) as f32).collect();
                self.writer.floats(&dims, &numbers)
            }
        };
        let x = self.natural(node.inputs[0]);
        let w = &mut self.writer;
        let batch = w.sizes("Shape", &[&x.name], vec![attribute::int("start", 0), attribute::int("end", 1)]);
        let ones = w.ints(&vec![1; dims.len() - 1]);
        let target = w.sizes("Concat", &[&batch, &ones], vec![attribute::int("axis", 0)]);
        w.node("Expand", &[&numbers, &target], Vec::new(), shape)
    }

    pub(super) fn inexpressible(&self, what: &'static str) -> ExportError {
        ExportError::Inexpressible { layer: self.writer.layer(), what }
    }

    pub(super) fn symbol(&self, what: &'static str, x: &FileValue) -> ExportError {
        ExportError::Symbol { layer: self.writer.layer(), what, shape: x.shape.to_string() }
    }

    pub(super) fn fault(&self, fault: Fault) -> ExportError {
        ExportError::Fault { layer: self.writer.layer(), fault }
    }

    /// With the axes kept, and then in the shape wanted: an operator without any axis left gives no axis.
    fn reduce(&mut self, node: &Node, kind: Reduction) -> Result<FileValue, ExportError> {
        let x = self.natural(node.inputs[0]);
        let over = node.op.reduced_axes(&x.shape, self.graph.order()).map_err(|fault| self.fault(fault))?;
        let axes: Vec<usize> = (0..x.shape.rank()).filter(|&axis| over[axis]).collect();
        let kept = axes.iter().fold(x.shape, |shape, &axis| shape.with(axis, Size::Number(1)));
        let numbers = axes.iter().map(|&axis| to_i64(axis) + 1);
        let reduced = match kind {
            Reduction::Sum => {
                let axes = self.writer.ints(&numbers.collect::<Vec<_>>());
                self.writer.node("ReduceSum", &[&x.name, &axes], Vec::new(), kept)
            }
            Reduction::Mean | Reduction::Max | Reduction::Min => {
                let op = match kind {
                    Reduction::Max => "ReduceMax",
                    Reduction::Min => "ReduceMin",
                    Reduction::Mean | Reduction::Sum => "ReduceMean",
                };
                self.writer.node(op, &[&x.name], vec![attribute::ints("axes", numbers)], kept)
            }
        };
        let shape = *self.graph.shape(node.outputs[0]);
        if shape == kept {
            return Ok(reduced);
        }
        self.writer.reshape(&reduced, shape).ok_or_else(|| self.symbol("a reduction", &x))
    }

    /// What a node gives, with the channels first.
    fn output_first(&self, node: &Node) -> Shape {
        let shape = self.graph.shape(node.outputs[0]);
        if !self.reordered(shape.rank()) {
            return *shape;
        }
        let sizes = shape.sizes().to_vec();
        let (channels, space) = sizes.split_last().map_or((Size::Unknown, &sizes[..]), |(last, space)| (*last, space));
        let sizes: Vec<Size> = std::iter::once(channels).chain(space.iter().copied()).collect();
        Shape::new(&sizes, shape.scope())
    }

    /// What works alike in every order of axes, in the one that is there.
    fn unary(&mut self, input: usize, nodes: impl FnOnce(&mut Self, &FileValue) -> FileValue) -> Output {
        match self.values[input].first.clone() {
            Some(x) => Output::First(nodes(self, &x)),
            None => {
                let x = self.natural(input);
                Output::Natural(nodes(self, &x))
            }
        }
    }

    /// An operator on a value and a number.
    fn with_number(&mut self, op: &str, input: usize, number: f64) -> Output {
        let number = self.writer.scalar(number);
        self.unary(input, |export, x| export.writer.same(op, x, &[&number], Vec::new()))
    }

    /// Rows of a border on both sides of each axis.
    fn rows(&mut self, node: &Node, amount: &Amount, x: &FileValue) -> Result<Vec<(i64, i64)>, ExportError> {
        let like = node.inputs.get(1).map(|&value| self.first(value).shape);
        (1..x.shape.rank()).map(|at| self.sides(amount, at - 1, x, (at, like))).collect()
    }

    /// The rows of one pair of an amount, for the axis at a position.
    fn sides(
        &self,
        amount: &Amount,
        pair: usize,
        x: &FileValue,
        (at, like): (usize, Option<Shape>),
    ) -> Result<(i64, i64), ExportError> {
        let target = like.map(|like| like.size(at));
        let total = target.map(|target| target.sub(x.shape.size(at)).ok().and_then(Size::number));
        match total {
            Some(None) => Err(self.symbol("`like`", x)),
            _ => Ok(amount.rows(pair, x.shape.size(at), target)),
        }
    }

    fn global_pool(&mut self, kind: PoolKind, input: usize, keep_axes: bool) -> FileValue {
        let x = self.first(input);
        let kept = (1..x.shape.rank()).fold(x.shape, |shape, axis| shape.with(axis, Size::Number(1)));
        let op = match kind {
            PoolKind::Max => "GlobalMaxPool",
            PoolKind::Avg => "GlobalAveragePool",
        };
        let pooled = self.writer.node(op, &[&x.name], Vec::new(), kept);
        if keep_axes {
            return pooled;
        }
        let shape = Shape::new(&[x.shape.size(0)], x.shape.scope());
        self.writer.node("Flatten", &[&pooled.name], vec![attribute::int("axis", 1)], shape)
    }

    fn depth_to_space(&mut self, node: &Node, factor: i64, order: DepthOrder) -> FileValue {
        let x = self.first(node.inputs[0]);
        let mode = match order {
            DepthOrder::Dcr => "DCR",
            DepthOrder::Crd => "CRD",
        };
        let shape = self.output_first(node);
        let attributes = vec![attribute::int("blocksize", factor), attribute::text("mode", mode)];
        self.writer.node("DepthToSpace", &[&x.name], attributes, shape)
    }

    /// ONNX puts the position in the block before the channel, PyTorch after it.
    fn space_to_depth(&mut self, node: &Node, factor: i64) -> FileValue {
        let x = self.first(node.inputs[0]);
        let shape = self.output_first(node);
        let y = self.writer.node("SpaceToDepth", &[&x.name], vec![attribute::int("blocksize", factor)], shape);
        let channels = x.shape.size(0).number().unwrap_or(1);
        let order: Vec<i64> = (0..channels)
            .flat_map(|channel| (0..factor * factor).map(move |place| place * channels + channel))
            .collect();
        let order = self.writer.ints(&order);
        self.writer.same("Gather", &y, &[&order], vec![attribute::int("axis", 1)])
    }

    /// The channels in another order.
    fn shuffle(&mut self, input: usize, groups: i64) -> FileValue {
        let x = self.first(input);
        let size = x.shape.size(0).number().unwrap_or(groups) / groups;
        let order: Vec<i64> = (0..size).flat_map(|at| (0..groups).map(move |group| group * size + at)).collect();
        let order = self.writer.ints(&order);
        self.writer.same("Gather", &x, &[&order], vec![attribute::int("axis", 1)])
    }

    fn channels(&mut self, node: &Node, start: i64, end: Option<i64>) -> FileValue {
        let x = self.first(node.inputs[0]);
        let output = self.graph.shape(node.outputs[0]);
        let shape = x.shape.with(0, output.size(self.graph.order().channel(output.rank())));
        self.range(&x, 0, start, end, shape)
    }

    fn piece(&mut self, node: &Node, x: &FileValue, at: usize, (index, pieces): (i64, Pieces)) -> FileValue {
        let shape = *self.graph.shape(node.outputs[0]);
        match (pieces, shape.size(at).number()) {
            (Pieces::Sized { start, end, .. }, _) => self.part(x, at, start, end),
            (Pieces::Equal { .. }, Some(size)) => self.part(x, at, index * size, (index + 1) * size),
            // Only ONNX can say where the pieces begin of an axis that is known at run time.
            (Pieces::Equal { count }, None) => self.writer.equal_piece(x, at, (index, count), shape),
        }
    }

    fn linear(&mut self, node: &Node, outputs: i64, bias: bool) -> FileValue {
        let x = self.natural(node.inputs[0]);
        let param = &self.graph.params()[node.params[0]];
        let sizes: Vec<i64> = param.shape.sizes().iter().filter_map(|size| size.number()).collect();
        let outputs_first = param.layout.is_none_or(|layout| layout.out_axis == 0);
        let last = x.shape.rank() - 1;
        let shape = x.shape.with(last, Size::Number(outputs));
        if last == 0 {
            let weight = self.param(node, 0, &sizes);
            let bias = bias.then(|| self.param(node, 1, &[outputs]));
            let inputs: Vec<&str> = [x.name.as_str(), &weight].into_iter().chain(bias.as_deref()).collect();
            return self.writer.node("Gemm", &inputs, vec![attribute::int("transB", i64::from(outputs_first))], shape);
        }
        let weight = match outputs_first {
            true => self.transposed(node, 0),
            false => self.param(node, 0, &sizes),
        };
        let y = self.writer.node("MatMul", &[&x.name, &weight], Vec::new(), shape);
        match bias {
            true => {
                let bias = self.param(node, 1, &[outputs]);
                self.writer.same("Add", &y, &[&bias], Vec::new())
            }
            false => y,
        }
    }

    /// Elementwise on several values, which may have fewer axes than the result.
    fn broadcast(&mut self, op: &str, node: &Node) -> FileValue {
        let output = *self.graph.shape(node.outputs[0]);
        let rank = output.rank();
        let operands: Vec<FileValue> = node.inputs.iter().map(|&value| self.widened(value, &output)).collect();
        let mut result = operands[0].clone();
        for operand in &operands[1..] {
            let larger = |axis: usize| match (result.shape.size(axis), operand.shape.size(axis)) {
                (Size::Number(1), size) => size,
                (size, _) => size,
            };
            let shape = (0..rank).fold(result.shape, |shape, axis| shape.with(axis, larger(axis)));
            result = self.writer.node(op, &[&result.name, &operand.name], Vec::new(), shape);
        }
        result
    }

    /// A value with the axes of the one that it broadcasts to.
    fn widened(&mut self, value: usize, output: &Shape) -> FileValue {
        let x = self.first(value);
        let own = *self.graph.shape(value);
        let more = output.rank() - own.rank();
        if more == 0 {
            return x;
        }
        // New axes come before the value's own, but after its channels.
        let order = self.graph.order();
        let has_channels = order == AxisOrder::ChannelsLast || own.is_over_channels(output, order);
        let start = usize::from(has_channels);
        let axes: Vec<i64> = (start..start + more).map(|axis| to_i64(axis + 1)).collect();
        let axes = self.writer.ints(&axes);
        let mut sizes = x.shape.sizes().to_vec();
        sizes.splice(start..start, std::iter::repeat_n(Size::Number(1), more));
        let shape = Shape::new(&sizes, x.shape.scope());
        self.writer.node("Unsqueeze", &[&x.name, &axes], Vec::new(), shape)
    }

    fn batch_norm(&mut self, node: &Node, eps: f64, affine: bool) -> FileValue {
        let x = self.first(node.inputs[0]);
        let channels = x.shape.size(0).number().unwrap_or(1);
        let [scale, shift] = self.affine(node, affine, channels);
        let statistics = if affine { 2 } else { 0 };
        let mean = self.param(node, statistics, &[channels]);
        let variance = self.param(node, statistics + 1, &[channels]);
        let epsilon = vec![attribute::float("epsilon", eps)];
        self.writer.same("BatchNormalization", &x, &[&scale, &shift, &mean, &variance], epsilon)
    }

    fn instance_norm(&mut self, node: &Node, eps: f64, affine: bool) -> FileValue {
        let x = self.first(node.inputs[0]);
        let [scale, shift] = self.affine(node, affine, x.shape.size(0).number().unwrap_or(1));
        self.writer.same("InstanceNormalization", &x, &[&scale, &shift], vec![attribute::float("epsilon", eps)])
    }

    /// Groups as channels of one long axis; the operator of its own came late and changed its meaning.
    fn group_norm(&mut self, node: &Node, groups: i64, eps: f64) -> Result<FileValue, ExportError> {
        let x = self.first(node.inputs[0]);
        let elements = x.shape.elements().ok().and_then(|elements| elements.div_floor(groups).ok());
        let grouped = Shape::new(&[Size::Number(groups), elements.unwrap_or(Size::Unknown)], x.shape.scope());
        let Some(flat) = self.writer.reshape(&x, grouped) else { return Err(self.symbol("a group norm", &x)) };
        let [scale, shift] = self.affine(node, false, groups);
        let epsilon = vec![attribute::float("epsilon", eps)];
        let normal = self.writer.same("InstanceNormalization", &flat, &[&scale, &shift], epsilon);
        let back = self.writer.sizes("Shape", &[&x.name], Vec::new());
        let y = self.writer.node("Reshape", &[&normal.name, &back], Vec::new(), x.shape);
        let channels = per_channel(x.shape.size(0).number().unwrap_or(1), &x);
        let (weight, bias) = (self.param(node, 0, &channels), self.param(node, 1, &channels));
        let y = self.writer.same("Mul", &y, &[&weight], Vec::new());
        Ok(self.writer.same("Add", &y, &[&bias], Vec::new()))
    }

    fn layer_norm(&mut self, node: &Node, size: Option<&Shape>, eps: f64) -> FileValue {
        let x = self.natural(node.inputs[0]);
        let size = size.unwrap_or(&x.shape);
        let dims: Vec<i64> = size.sizes().iter().filter_map(|size| size.number()).collect();
        let (weight, bias) = (self.param(node, 0, &dims), self.param(node, 1, &dims));
        let attributes = vec![attribute::int("axis", -to_i64(size.rank())), attribute::float("epsilon", eps)];
        self.writer.same("LayerNormalization", &x, &[&weight, &bias], attributes)
    }

    /// Weight and bias, or 1 and 0.
    fn affine(&mut self, node: &Node, affine: bool, channels: i64) -> [String; 2] {
        if affine {
            return [0, 1].map(|place| self.param(node, place, &[channels]));
        }
        let count = usize::try_from(channels).unwrap_or(0);
        [1.0, 0.0].map(|number| self.writer.floats(&[channels], &vec![number; count]))
    }

    /// `x + sin(weight * x)^2 / weight`
    fn snake(&mut self, node: &Node) -> FileValue {
        let x = self.first(node.inputs[0]);
        let weight = self.param(node, 0, &per_channel(x.shape.size(0).number().unwrap_or(1), &x));
        let w = &mut self.writer;
        let angle = w.same("Mul", &x, &[&weight], Vec::new());
        let sine = w.same("Sin", &angle, &[], Vec::new());
        let square = w.same("Mul", &sine, &[&sine.name], Vec::new());
        let part = w.same("Div", &square, &[&weight], Vec::new());
        w.same("Add", &x, &[&part.name], Vec::new())
    }

    fn activation(&mut self, activation: &Activation, x: &FileValue) -> FileValue {
        let w = &mut self.writer;
        match *activation {
            Activation::Relu => w.same("Relu", x, &[], Vec::new()),
            Activation::Relu6 => self.clip(x, 0.0, 6.0),
            Activation::LeakyRelu { slope } => w.same("LeakyRelu", x, &[], vec![attribute::float("alpha", slope)]),
            Activation::Elu { alpha } => w.same("Elu", x, &[], vec![attribute::float("alpha", alpha)]),
            Activation::Gelu { tanh } => self.gelu(x, tanh),
            Activation::Silu => {
                let gate = w.same("Sigmoid", x, &[], Vec::new());
                w.same("Mul", x, &[&gate.name], Vec::new())
            }
            Activation::Sigmoid => w.same("Sigmoid", x, &[], Vec::new()),
            Activation::Tanh => w.same("Tanh", x, &[], Vec::new()),
            Activation::Softplus => w.same("Softplus", x, &[], Vec::new()),
            Activation::Hardswish => w.same("HardSwish", x, &[], Vec::new()),
            Activation::Hardsigmoid { alpha } => {
                w.same("HardSigmoid", x, &[], vec![attribute::float("alpha", alpha), attribute::float("beta", 0.5)])
            }
            Activation::Clamp { min, max } | Activation::Hardtanh { min, max } => self.clip(x, min, max),
            Activation::Exp => w.same("Exp", x, &[], Vec::new()),
            // The operator of its own came with opset 18.
            Activation::Mish => {
                let softplus = w.same("Softplus", x, &[], Vec::new());
                let gate = w.same("Tanh", &softplus, &[], Vec::new());
                w.same("Mul", x, &[&gate.name], Vec::new())
            }
            Activation::Selu => w.same("Selu", x, &[], Vec::new()),
            Activation::Celu { alpha } => w.same("Celu", x, &[], vec![attribute::float("alpha", alpha)]),
            Activation::Softsign => w.same("Softsign", x, &[], Vec::new()),
            Activation::LogSigmoid => {
                let turned = w.same("Neg", x, &[], Vec::new());
                let softplus = w.same("Softplus", &turned, &[], Vec::new());
                w.same("Neg", &softplus, &[], Vec::new())
            }
            Activation::Sqrt => w.same("Sqrt", x, &[], Vec::new()),
            Activation::Rsqrt => {
                let root = w.same("Sqrt", x, &[], Vec::new());
                w.same("Reciprocal", &root, &[], Vec::new())
            }
            Activation::Square => w.same("Mul", x, &[&x.name], Vec::new()),
            Activation::Abs => w.same("Abs", x, &[], Vec::new()),
            Activation::Log => w.same("Log", x, &[], Vec::new()),
            Activation::Sin => w.same("Sin", x, &[], Vec::new()),
            Activation::Cos => w.same("Cos", x, &[], Vec::new()),
            Activation::Pow { exponent } => {
                let exponent = w.scalar(exponent);
                w.same("Pow", x, &[&exponent], Vec::new())
            }
            Activation::AddScalar { by } => {
                let by = w.scalar(by);
                w.same("Add", x, &[&by], Vec::new())
            }
        }
    }

    fn clip(&mut self, x: &FileValue, min: f64, max: f64) -> FileValue {
        let (min, max) = (self.writer.scalar(min), self.writer.scalar(max));
        self.writer.same("Clip", x, &[&min, &max], Vec::new())
    }

    /// `x / 2 * (1 + erf(x / sqrt(2)))`, or with `tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))` for the
    /// second factor's function; the operator of its own came with opset 20.
    fn gelu(&mut self, x: &FileValue, tanh: bool) -> FileValue {
        let w = &mut self.writer;
        let inner = if tanh {
            let (cubic, root) = (w.scalar(0.044_715), w.scalar((2.0 / std::f64::consts::PI).sqrt()));
            let square = w.same("Mul", x, &[&x.name], Vec::new());
            let cube = w.same("Mul", &square, &[&x.name], Vec::new());
            let cube = w.same("Mul", &cube, &[&cubic], Vec::new());
            let sum = w.same("Add", x, &[&cube.name], Vec::new());
            let scaled = w.same("Mul", &sum, &[&root], Vec::new());
            w.same("Tanh", &scaled, &[], Vec::new())
        } else {
            let root = w.scalar(std::f64::consts::SQRT_2);
            let scaled = w.same("Div", x, &[&root], Vec::new());
            w.same("Erf", &scaled, &[], Vec::new())
        };
        let (one, half) = (w.scalar(1.0), w.scalar(0.5));
        let gate = w.same("Add", &inner, &[&one], Vec::new());
        let product = w.same("Mul", x, &[&gate.name], Vec::new());
        w.same("Mul", &product, &[&half], Vec::new())
    }
}

/// The sizes of one number per channel, as far as the axes go; a single one for all.
fn per_channel(channels: i64, x: &FileValue) -> Vec<i64> {
    let mut dims = vec![channels];
    dims.resize(x.shape.rank(), 1);
    dims
}
