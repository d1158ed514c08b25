//! Normalisations, and arithmetic with numbers: a factor and a summand per channel.

use convshape::Shape;
use convshape::graph::Op;

use super::constant::{Constant, place};
use super::lower::{Lowered, TORCH, numbers};
use super::node::Node;
use super::{Import, Value};

/// Added to variances that were not in the file; they are so much less.
const EPS: f64 = 1e-5;

impl Import {
    pub(super) fn batch_norm(&mut self, node: Node<'_>) -> Lowered {
        if node.int("training_mode", 0) != 0 {
            return Err("statistics of the batch".to_owned());
        }
        let x = self.tensor(node, 0)?;
        let eps = node.float("epsilon", 1e-5);
        let channels = self.shapes[x].size(0).number();
        let op = Op::BatchNorm { dialect: TORCH, channels, eps, affine: true, momentum: 0.1 };
        let fields = ["weight", "bias", "running_mean", "running_var"];
        self.normalised(node, x, op, &fields, channels)
    }

    pub(super) fn instance_norm(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let channels = self.shapes[x].size(0).number();
        let op = Op::InstanceNorm { dialect: TORCH, channels, eps: node.float("epsilon", 1e-5), affine: true };
        self.normalised(node, x, op, &["weight", "bias"], channels)
    }

    pub(super) fn group_norm(&mut self, node: Node<'_>) -> Lowered {
        if self.opset < 21 {
            return Err("before opset 21 it has a factor per group".to_owned());
        }
        let x = self.tensor(node, 0)?;
        let channels = self.shapes[x].size(0).number();
        let groups = node.int("num_groups", 1);
        let op = Op::GroupNorm { dialect: TORCH, channels, groups, eps: node.float("epsilon", 1e-5) };
        self.normalised(node, x, op, &["weight", "bias"], channels)
    }

    fn normalised(
        &mut self,
        node: Node<'_>,
        x: usize,
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
        let value = self.push(self.path(node), op, &[x])?;
        for (field, numbers) in params {
            self.give(value, field, vec![numbers.len()], numbers);
        }
        Ok(value)
    }

    pub(super) fn layer_norm(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let shape = self.shapes[x];
        let axis = place(node.int("axis", -1), shape.rank() + 1).filter(|&axis| axis > 0).ok_or("over the batch")?;
        let sizes: Vec<i64> = numbers(&shape).get(axis - 1..).map(<[i64]>::to_vec).unwrap_or_default();
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
        let value = self.push(self.path(node), op, &[x])?;
        let dims: Vec<usize> = sizes.iter().map(|&size| usize::try_from(size).unwrap_or(1)).collect();
        self.give(value, "weight", dims.clone(), weight.iter().copied().collect());
        self.give(value, "bias", dims, bias);
        Ok(value)
    }

    /// A sum, difference, product or quotient.
    pub(super) fn arithmetic(&mut self, node: Node<'_>) -> Lowered {
        if node.op() == "Mul"
            && let Some(x) = self.erf_gelu(node)
        {
            let gelu = Op::Activation(convshape::graph::op::Activation::Gelu { tanh: false });
            return self.push(self.path(node), gelu, &[x]);
        }
        let values: Vec<Value> = node.0.input.iter().map(|name| self.value(name)).collect();
        match values.as_slice() {
            [Value::Tensor(a), Value::Tensor(b)] if node.op() == "Mul" => match self.gated(*a, *b) {
                Some((op, x)) => self.push(self.path(node), op, &[x]),
                None => self.push(self.path(node), Op::Mul, &[*a, *b]),
            },
            [Value::Tensor(x), Value::Constant(constant)] => self.with_constant(node, *x, constant, false),
            [Value::Constant(constant), Value::Tensor(x)] => self.with_constant(node, *x, constant, true),
            values if matches!(node.op(), "Add" | "Sum") => {
                let tensor = |value: &Value| match value {
                    Value::Tensor(value) => Some(*value),
                    _ => None,
                };
                let inputs: Option<Vec<usize>> = values.iter().map(tensor).collect();
                let inputs = inputs.ok_or("a sum with several numbers")?;
                match inputs.as_slice() {
                    [only] => Ok(*only),
                    _ => self.push(self.path(node), Op::Add, &inputs),
                }
            }
            _ => Err("of two values of the network".to_owned()),
        }
    }

    fn with_constant(&mut self, node: Node<'_>, x: usize, constant: &Constant, swapped: bool) -> Lowered {
        let shape = self.shapes[x];
        // x * factor + summand
        let by = |numbers: Vec<f32>, f: fn(f32) -> (f32, f32)| numbers.into_iter().map(f).unzip();
        let is_last = self.is_matrix(x);
        let numbers = per_channel(constant, &shape, is_last).ok_or("with numbers that are not one per channel")?;
        let (factors, summands): (Vec<f32>, Vec<f32>) = match (node.op(), swapped) {
            ("Add" | "Sum", _) => by(numbers, |number| (1.0, number)),
            ("Sub", false) => by(numbers, |number| (1.0, -number)),
            ("Sub", true) => by(numbers, |number| (-1.0, number)),
            ("Mul", _) => by(numbers, |number| (number, 0.0)),
            ("Div", false) => by(numbers, |number| (number.recip(), 0.0)),
            _ => return Err("a number by a value".to_owned()),
        };
        let plain = constant.scalar().filter(|_| summands.iter().all(|&summand| summand == 0.0));
        let first = node.0.input.iter().find(|name| matches!(self.values.get(*name), Some(Value::Tensor(_))));
        let alone = first.is_some_and(|name| self.read_once(name));
        if alone && self.absorbed(x, &factors, &summands) {
            return Ok(x);
        }
        if plain.is_some() {
            return self.push(self.path(node), Op::Scale { by: f64::from(factors[0]) }, &[x]);
        }
        if is_last && shape.rank() > 1 {
            return Err("with numbers that are not one per channel".to_owned());
        }
        let channels = factors.len();
        let op =
            Op::BatchNorm { dialect: TORCH, channels: shape.size(0).number(), eps: EPS, affine: true, momentum: 0.1 };
        let value = self.push(self.path(node), op, &[x])?;
        self.give(value, "weight", vec![channels], factors);
        self.give(value, "bias", vec![channels], summands);
        self.give(value, "running_mean", vec![channels], vec![0.0; channels]);
        // Its root with what is added is 1.
        #[expect(clippy::cast_possible_truncation, reason = "weights are of f32")]
        self.give(value, "running_var", vec![channels], vec![(1.0 - EPS) as f32; channels]);
        Ok(value)
    }

    /// Whether a value comes from a matrix, whose bias goes over the last axis.
    fn is_matrix(&self, x: usize) -> bool {
        self.maker(x).is_some_and(|statement| matches!(self.statements[statement].op, Op::Linear { .. }))
    }

    /// Puts a factor and a summand into the layer that gives a value, if it ends with such.
    fn absorbed(&mut self, x: usize, factors: &[f32], summands: &[f32]) -> bool {
        let Some(statement) = self.maker(x) else { return false };
        let statement = &mut self.statements[statement];
        let of =
            |params: &[(&str, Vec<usize>, Vec<f32>)], field: &str| params.iter().position(|param| param.0 == field);
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
            (Op::Linear { bias: has @ false, .. }, Some(_), None) if factors.iter().all(|&factor| factor == 1.0) => {
                *has = true;
                statement.params.push(("bias", vec![summands.len()], summands.to_vec()));
                true
            }
            _ => false,
        }
    }

    /// Groups as channels of one long axis: the reshape behind an instance norm that undoes the one before.
    pub(super) fn regrouped(&mut self, node: Node<'_>, x: usize, target: &[i64]) -> Option<Lowered> {
        let normal = self.statements.get(self.maker(x)?)?.clone();
        let Op::InstanceNorm { eps, affine: true, .. } = normal.op else { return None };
        let before = self.statements.get(self.maker(normal.inputs[0])?)?.clone();
        let Op::Reshape { .. } = before.op else { return None };
        let source = before.inputs[0];
        if numbers(&self.shapes[source]) != target || target.len() < 2 {
            return None;
        }
        let groups = self.shapes[normal.inputs[0]].size(0).number()?;
        let channels = target[0];
        if channels % groups != 0 {
            return None;
        }
        let each = usize::try_from(channels / groups).ok()?;
        let op = Op::GroupNorm { dialect: TORCH, channels: Some(channels), groups, eps };
        let value = match self.push(self.path(node), op, &[source]) {
            Ok(value) => value,
            Err(reason) => return Some(Err(reason)),
        };
        for (field, _, numbers) in normal.params {
            let spread: Vec<f32> = numbers.iter().flat_map(|&number| std::iter::repeat_n(number, each)).collect();
            self.give(value, field, vec![spread.len()], spread);
        }
        Some(Ok(value))
    }
}

/// One number per channel; of a matrix per feature.
fn per_channel(constant: &Constant, shape: &Shape, last: bool) -> Option<Vec<f32>> {
    let sizes = numbers(shape);
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
