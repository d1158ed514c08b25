//! Normalisations, and arithmetic with numbers: a factor and a summand per channel.

use convshape::Shape;
use convshape::graph::Op;
use convshape::graph::op::{Activation, Conv, Source};

use super::batch::Tensor;
use super::constant::Constant;
use super::node::Node;
use super::{Import, Lowered, Statement, TORCH, Value};

/// Added to variances that were not in the file; they are so much less.
const EPS: f64 = 1e-5;

impl Import {
    pub(super) fn batch_norm(&mut self, node: Node<'_>) -> Lowered {
        if node.int("training_mode", 0) != 0 {
            return self.standardised(node);
        }
        let (x, has_frames) = self.with_frames(node)?;
        let eps = node.float("epsilon", 1e-5);
        let channels = self.shapes[x.value].size(0).number();
        let op = Op::BatchNorm { dialect: TORCH, channels, eps, affine: true, momentum: 0.1 };
        let fields = ["weight", "bias", "running_mean", "running_var"];
        let y = self.normalised(node, x, op, &fields, channels)?;
        self.without_frames(y, has_frames)
    }

    /// A normalisation by the statistics of what is read: of a kernel, which has no batch.
    fn standardised(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let sizes = self.sizes(x);
        if x.batch.is_some() || sizes.len() < 3 || sizes[0] != 1 {
            return Err("statistics of the batch".to_owned());
        }
        let channels = sizes[1];
        let inner = self.placed(x, &sizes, Some(0))?.value;
        let op = Op::InstanceNorm {
            dialect: TORCH,
            channels: Some(channels),
            eps: node.float("epsilon", 1e-5),
            affine: false,
        };
        let mut y = self.push(self.path(node), op, &[inner])?;
        let mut along = vec![1; sizes.len() - 1];
        along[0] = usize::try_from(channels).unwrap_or(1);
        for (at, op, neutral) in [(1, Op::Mul, 1.0), (2, Op::Add, 0.0)] {
            let numbers = self.constant(node, at).ok_or("parameters that are computed")?;
            if numbers.floats().len() != along[0] {
                return Err("parameters that are not one per channel".to_owned());
            }
            if numbers.floats().iter().any(|&number| number != neutral) {
                let parameter = self.parameter(node.input(at).unwrap_or_default(), &numbers, &along, true)?;
                y = self.push(self.path(node), op, &[y, parameter])?;
            }
        }
        self.placed(Tensor { value: y, batch: None }, &sizes, None)
    }

    pub(super) fn instance_norm(&mut self, node: Node<'_>) -> Lowered {
        let x = self.batch_first(node)?;
        let channels = self.shapes[x.value].size(0).number();
        let op = Op::InstanceNorm { dialect: TORCH, channels, eps: node.float("epsilon", 1e-5), affine: true };
        self.normalised(node, x, op, &["weight", "bias"], channels)
    }

    pub(super) fn group_norm(&mut self, node: Node<'_>) -> Lowered {
        if self.opset < 21 {
            return Err("before opset 21 it has a factor per group".to_owned());
        }
        let x = self.batch_first(node)?;
        let channels = self.shapes[x.value].size(0).number();
        let groups = node.int("num_groups", 1);
        let op = Op::GroupNorm { dialect: TORCH, channels, groups, eps: node.float("epsilon", 1e-5) };
        self.normalised(node, x, op, &["weight", "bias"], channels)
    }

    fn normalised(
        &mut self,
        node: Node<'_>,
        x: Tensor,
        op: Op,
        fields: &[&'static str],
        channels: Option<i64>,
    ) -> Lowered {
        let mut params = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let numbers = self.constant(node, at + 1).ok_or("parameters that are computed")?.floats();
            if Some(numbers.len() as i64) != channels {
                return Err("parameters that are not one per channel".to_owned());
            }
            params.push((*field, numbers.iter().copied().collect::<Vec<f32>>()));
        }
        let y = self.one(node, op, x)?;
        for (field, numbers) in params {
            self.give(y.value, field, vec![numbers.len()], numbers);
        }
        Ok(y)
    }

    pub(super) fn layer_norm(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let sizes = self.last_axes(node, x)?;
        let size = Shape::of(&sizes);
        let count: i64 = sizes.iter().product();
        let weight = self.constant(node, 1).ok_or("parameters that are computed")?.floats();
        let bias = match node.input(2) {
            Some(_) => self.constant(node, 2).ok_or("parameters that are computed")?.floats().iter().copied().collect(),
            None => vec![0.0; weight.len()],
        };
        if weight.len() as i64 != count || bias.len() as i64 != count {
            return Err("parameters of another size".to_owned());
        }
        let op = Op::LayerNorm { dialect: TORCH, size: Some(size), eps: node.float("epsilon", 1e-5) };
        let y = self.one(node, op, x)?;
        let dims: Vec<usize> = sizes.iter().map(|&size| usize::try_from(size).unwrap_or(1)).collect();
        self.give(y.value, "weight", dims.clone(), weight.iter().copied().collect());
        self.give(y.value, "bias", dims, bias);
        Ok(y)
    }

    /// A sum, difference, product, quotient, maximum or minimum.
    pub(super) fn arithmetic(&mut self, node: Node<'_>) -> Lowered {
        if node.op() == "Mul"
            && let Some(x) = self.erf_gelu(node)
        {
            return self.one(node, Op::Activation(Activation::Gelu { tanh: false }), x);
        }
        let values: Vec<Value> = node.0.input.iter().map(|name| self.value(name)).collect();
        match (node.op(), values.as_slice()) {
            ("Mul", [Value::Tensor(a), Value::Tensor(b)]) if let Some((op, x)) = self.gated(*a, *b) => {
                return self.one(node, op, x);
            }
            ("Add" | "Sum" | "Sub" | "Mul" | "Div", [Value::Tensor(x), Value::Constant(constant)]) => {
                if let Some(value) = self.with_constant(node, *x, constant, false)? {
                    return Ok(value);
                }
            }
            ("Add" | "Sum" | "Sub" | "Mul", [Value::Constant(constant), Value::Tensor(x)]) => {
                if let Some(value) = self.with_constant(node, *x, constant, true)? {
                    return Ok(value);
                }
            }
            _ => {}
        }
        let places: Vec<usize> = (0..values.len()).collect();
        self.combined(node, operator(node)?, &places)
    }

    /// An operator on inputs of a node that broadcast.
    pub(super) fn combined(&mut self, node: Node<'_>, op: Op, places: &[usize]) -> Lowered {
        let samples = places.iter().filter_map(|&at| Some(self.sample(self.tensor(node, at).ok()?).len()));
        let rank = samples.max().unwrap_or(1);
        let operands = places.iter().map(|&at| self.operand(node, at, rank)).collect::<Result<Vec<_>, _>>()?;
        let y = self.joined_all(node, op, &operands)?;
        self.widened(y, self.ranks(node))
    }

    /// An operator on values that broadcast.
    pub(super) fn joined_all(&mut self, node: Node<'_>, op: Op, operands: &[Tensor]) -> Lowered {
        if let [only] = operands {
            return Ok(*only);
        }
        let (operands, place) = self.aligned(operands)?;
        // Give all operands the same number of axes: one with a single axis would be broadcast over the channels.
        let rank = operands.iter().map(|x| self.sample(*x).len()).max().unwrap_or(1);
        let mut inputs = Vec::new();
        for x in operands {
            let mut sizes = self.sample(x);
            sizes.splice(0..0, vec![1; rank.saturating_sub(sizes.len())]);
            inputs.push(self.placed(Tensor { batch: None, ..x }, &sizes, None)?.value);
        }
        let value = self.across(self.path(node), op, &inputs)?;
        let rank = self.shapes[value].rank() + 1;
        Ok(Tensor { value, batch: place.map(|place| rank - place) })
    }

    /// A power with a number as exponent or base.
    pub(super) fn power(&mut self, node: Node<'_>) -> Lowered {
        if let Some(base) = self.constant(node, 0).and_then(|base| base.scalar()).filter(|base| *base > 0.0) {
            // base ^ x = e ^ (x ln base)
            let x = self.tensor(node, 1)?;
            let scaled = self.one(node, Op::Scale { by: f64::from(base).ln() }, x)?;
            return self.one(node, Op::Activation(Activation::Exp), scaled);
        }
        let x = self.tensor(node, 0)?;
        let exponent = self.constant(node, 1).and_then(|exponent| exponent.scalar());
        let activation = match exponent.ok_or("an exponent that is not one number")? {
            1.0 => return Ok(x),
            2.0 => Activation::Square,
            0.5 => Activation::Sqrt,
            exponent => Activation::Pow { exponent: f64::from(exponent) },
        };
        self.one(node, Op::Activation(activation), x)
    }

    /// A factor or a summand per channel, or one for all; `None` if the numbers go along other axes.
    fn with_constant(
        &mut self,
        node: Node<'_>,
        x: Tensor,
        constant: &Constant,
        swapped: bool,
    ) -> Result<Option<Tensor>, String> {
        // Behind a permutation, the numbers go along the axes before it.
        let is_once = self.read_once(x.value);
        if let Some((source, order)) =
            self.beneath(x.value).filter(|_| x.batch == Some(0) && self.is_aligned(x, constant))
            && let Some(turned) = before(constant, &order)
        {
            let below = self.with_numbers(node, Tensor::batched(source), &turned, swapped, is_once)?;
            return match below {
                Some(y) => Ok(Some(Tensor { value: self.turned(y.value, &order)?, ..x })),
                None => Ok(None),
            };
        }
        self.with_numbers(node, x, constant, swapped, is_once)
    }

    /// Multiplies or adds the numbers of a constant, one per channel. `is_once` says whether this node alone reads the
    /// value, so that the layer which gives it may be changed instead.
    fn with_numbers(
        &mut self,
        node: Node<'_>,
        x: Tensor,
        constant: &Constant,
        swapped: bool,
        is_once: bool,
    ) -> Result<Option<Tensor>, String> {
        // x * factor + summand
        let is_last = self.is_matrix(x.value);
        let numbers = match constant.scalar() {
            Some(number) if x.batch != Some(0) => Some(vec![number]),
            _ if x.batch == Some(0) || is_last => per_channel(constant, &self.sample(x), is_last),
            _ => None,
        };
        let Some(numbers) = numbers.filter(|_| self.is_aligned(x, constant)) else { return Ok(None) };
        let op = operator(node)?;
        let pairs = numbers.into_iter().map(|number| scale_and_shift(op, number, swapped));
        let Some(pairs) = pairs.collect::<Option<Vec<_>>>() else { return Ok(None) };
        let (factors, summands): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        if is_once && self.read_once(x.value) && self.absorbed(x.value, &factors, &summands) {
            return Ok(Some(x));
        }
        if constant.scalar().is_some() {
            let (factor, summand) = (f64::from(factors[0]), f64::from(summands[0]));
            if (factor - 1.0 / 6.0).abs() < 1e-6
                && summand == 0.0
                && let Some((op, source)) = self.sixth(x.value)?
            {
                return self.one(node, op, Tensor { value: source, ..x }).map(Some);
            }
            let mut y = x;
            if factor != 1.0 {
                y = self.one(node, Op::Scale { by: factor }, y)?;
            }
            if summand != 0.0 {
                y = self.one(node, Op::Activation(Activation::AddScalar { by: summand }), y)?;
            }
            return Ok(Some(y));
        }
        if is_last && self.sample(x).len() > 1 || x.batch != Some(0) {
            return Ok(None);
        }
        let is_fused = is_once && self.read_once(x.value) && self.is_normalised(x.value, &factors, &summands);
        Ok(is_fused.then_some(x))
    }

    /// Makes a factor per channel and the summand after it, or the other way round, a normalisation: so files spell one
    /// whose statistics are folded. A factor or a summand alone is arithmetic with a parameter, and trains as such.
    fn is_normalised(&mut self, x: usize, factors: &[f32], summands: &[f32]) -> bool {
        let Some((made, value, first)) = self.scaled(x).filter(|(.., first)| first.len() == factors.len()) else {
            return false;
        };
        let both = first.into_iter().zip(factors).zip(summands);
        let (factors, summands): (Vec<f32>, Vec<f32>) =
            both.map(|(((scale, shift), factor), summand)| (scale * factor, shift * factor + summand)).unzip();
        if factors.iter().all(|&factor| factor == 1.0) || summands.iter().all(|&summand| summand == 0.0) {
            return false;
        }
        let (channels, count) = (factors.len(), self.shapes[x].size(0).number());
        // The root of the variance with what is added to it is 1.
        #[expect(clippy::cast_possible_truncation, reason = "weights are of f32")]
        let variances = vec![(1.0 - EPS) as f32; channels];
        let params = [
            ("weight", factors),
            ("bias", summands),
            ("running_mean", vec![0.0; channels]),
            ("running_var", variances),
        ];
        let statement = &mut self.statements[made];
        statement.op = Op::BatchNorm { dialect: TORCH, channels: count, eps: EPS, affine: true, momentum: 0.1 };
        statement.inputs = vec![value];
        statement.params = params.map(|(field, numbers)| (field.to_owned(), vec![channels], numbers)).into();
        true
    }

    /// The arithmetic with a parameter along the channels that gives a value: its statement, the value that it reads, and
    /// the scale and shift of each channel.
    fn scaled(&self, x: usize) -> Option<(usize, usize, Vec<(f32, f32)>)> {
        let made = self.maker(x)?;
        let statement = &self.statements[made];
        let [first, second] = statement.inputs[..] else { return None };
        let numbers = |value: usize| {
            let Statement { op, params, .. } = &self.statements[self.maker(value)?];
            let (Op::Source { of: Source::Parameter { .. }, shape }, [(.., numbers)]) = (op, &params[..]) else {
                return None;
            };
            let along = shape.size(0).number() == i64::try_from(numbers.len()).ok();
            (along && shape.rank() == self.shapes[x].rank()).then_some(&numbers[..])
        };
        let (value, numbers) = match (numbers(first), numbers(second), statement.op) {
            (None, Some(numbers), _) => (first, numbers),
            (Some(numbers), None, Op::Add | Op::Mul) => (second, numbers),
            _ => return None,
        };
        let pairs =
            numbers.iter().map(|&number| scale_and_shift(statement.op, number, false)).collect::<Option<_>>()?;
        (self.shapes[value] == self.shapes[x]).then_some((made, value, pairs))
    }

    /// Whether numbers of the file add no axis to a value.
    fn is_aligned(&self, x: Tensor, constant: &Constant) -> bool {
        constant.shape().len() <= self.sizes(x).len()
    }

    /// Whether a value comes from a matrix, whose bias goes over the last axis.
    fn is_matrix(&self, x: usize) -> bool {
        self.maker(x).is_some_and(|statement| matches!(self.statements[statement].op, Op::Linear { .. }))
    }

    /// Folds a factor and a summand per channel into the layer that gives a value, if that layer ends with a scale or a
    /// bias.
    fn absorbed(&mut self, x: usize, factors: &[f32], summands: &[f32]) -> bool {
        let Some(statement) = self.maker(x) else { return false };
        let statement = &mut self.statements[statement];
        let of =
            |params: &[(String, Vec<usize>, Vec<f32>)], field: &str| params.iter().position(|param| param.0 == field);
        let (weight, bias) = (of(&statement.params, "weight"), of(&statement.params, "bias"));
        match (&mut statement.op, weight, bias) {
            (Op::BatchNorm { .. } | Op::GroupNorm { .. } | Op::InstanceNorm { .. }, Some(weight), Some(bias)) => {
                for (number, factor) in statement.params[weight].2.iter_mut().zip(factors) {
                    *number *= factor;
                }
                for ((number, factor), summand) in statement.params[bias].2.iter_mut().zip(factors).zip(summands) {
                    *number = *number * factor + summand;
                }
                true
            }
            (Op::Linear { bias: has @ false, .. } | Op::Conv(Conv { bias: has @ false, .. }), Some(_), None)
                if factors.iter().all(|&factor| factor == 1.0) =>
            {
                *has = true;
                statement.params.push(("bias".to_owned(), vec![summands.len()], summands.to_vec()));
                true
            }
            _ => false,
        }
    }

    /// Groups as channels of one long axis: the reshape after an instance norm that undoes the one before.
    pub(super) fn regrouped(&mut self, node: Node<'_>, x: Tensor, target: &[i64]) -> Option<Lowered> {
        let normal = self.statements.get(self.maker(x.value)?)?.clone();
        let Op::InstanceNorm { eps, affine: true, .. } = normal.op else { return None };
        let before = self.statements.get(self.maker(normal.inputs[0])?)?.clone();
        let Op::Reshape { .. } = before.op else { return None };
        let source = Tensor::batched(before.inputs[0]);
        if x.batch != Some(0) || self.sizes(source) != target || target.len() < 3 {
            return None;
        }
        let groups = self.shapes[normal.inputs[0]].size(0).number()?;
        let channels = target[1];
        if channels % groups != 0 {
            return None;
        }
        let each = usize::try_from(channels / groups).ok()?;
        let op = Op::GroupNorm { dialect: TORCH, channels: Some(channels), groups, eps };
        let y = match self.one(node, op, source) {
            Ok(y) => y,
            Err(reason) => return Some(Err(reason)),
        };
        for (field, _, numbers) in normal.params {
            let spread: Vec<f32> = numbers.iter().flat_map(|&number| std::iter::repeat_n(number, each)).collect();
            self.give(y.value, field, vec![spread.len()], spread);
        }
        Some(Ok(y))
    }
}

/// The layer of a node of arithmetic.
fn operator(node: Node<'_>) -> Result<Op, String> {
    match node.op() {
        "Add" | "Sum" => Ok(Op::Add),
        "Sub" => Ok(Op::Sub),
        "Mul" => Ok(Op::Mul),
        "Div" => Ok(Op::Div),
        "Max" => Ok(Op::Maximum),
        "Min" => Ok(Op::Minimum),
        _ => Err("there is no such operator".to_owned()),
    }
}

/// The scale and the shift that arithmetic with a number gives the other operand; `swapped`: the number comes first.
fn scale_and_shift(op: Op, number: f32, swapped: bool) -> Option<(f32, f32)> {
    match (op, swapped) {
        (Op::Add, _) => Some((1.0, number)),
        (Op::Sub, false) => Some((1.0, -number)),
        (Op::Sub, true) => Some((-1.0, number)),
        (Op::Mul, _) => Some((number, 0.0)),
        (Op::Div, false) => Some((number.recip(), 0.0)),
        _ => None,
    }
}

/// A constant that meets a permuted value, with its axes in the order before the permutation.
fn before(constant: &Constant, order: &[usize]) -> Option<Constant> {
    let array = constant.floats();
    let mut sizes = array.shape().to_vec();
    while sizes.len() > order.len() && sizes[0] == 1 {
        sizes.remove(0);
    }
    sizes.splice(0..0, vec![1; order.len().saturating_sub(sizes.len())]);
    let mut inverse = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, &axis)| inverse[axis] = at);
    let wide =
        (sizes.len() == order.len()).then(|| array.to_shape(sizes).ok().map(|array| array.into_owned())).flatten()?;
    Some(Constant::Floats(wide.permuted_axes(inverse).as_standard_layout().into_owned()))
}

/// One number per channel; of a matrix per feature.
fn per_channel(constant: &Constant, sizes: &[i64], last: bool) -> Option<Vec<f32>> {
    let axis = if last { sizes.len() - 1 } else { 0 };
    let channels = usize::try_from(sizes[axis]).ok()?;
    let floats = constant.floats();
    if let Some(number) = constant.scalar() {
        return Some(vec![number; channels]);
    }
    // Aligned at the end: all sizes but that of the channels are 1.
    let place = floats.ndim().checked_sub(sizes.len() - axis)?;
    let others = floats.shape().iter().enumerate().all(|(at, &size)| at == place || size == 1);
    (others && floats.len() == channels && floats.ndim() <= sizes.len() + 1).then(|| floats.iter().copied().collect())
}
