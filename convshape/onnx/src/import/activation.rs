//! Elementwise functions, and the patterns that exporters write for some of them.

use convshape::graph::Op;
use convshape::graph::op::Activation;

use super::attention::MASKED;
use super::batch::Tensor;
use super::node::Node;
use super::{Import, Value};

/// The slope of a `HardSigmoid` that a framework has as a layer.
fn known_slope(node: Node<'_>) -> Option<f64> {
    let alpha = node.float("alpha", 0.2);
    let known = [1.0 / 6.0, 0.2].into_iter().find(|known| (known - alpha).abs() < 1e-6);
    known.filter(|_| node.float("beta", 0.5) == 0.5)
}

/// Whether a `HardSigmoid` is a layer of a framework.
pub(super) fn is_hard_sigmoid(node: Node<'_>) -> bool {
    known_slope(node).is_some()
}

impl Import {
    /// The activation of a node, if it is one.
    pub(super) fn activation(&mut self, node: Node<'_>) -> Result<Option<Op>, String> {
        let activation = match node.op() {
            "Relu" => Activation::Relu,
            "Clip" => self.clip(node)?,
            "LeakyRelu" => Activation::LeakyRelu { slope: node.float("alpha", 0.01) },
            "Elu" => Activation::Elu { alpha: node.float("alpha", 1.0) },
            "Sigmoid" => Activation::Sigmoid,
            "Tanh" => Activation::Tanh,
            "Softplus" => Activation::Softplus,
            "HardSwish" => Activation::Hardswish,
            "HardSigmoid" => {
                let alpha = known_slope(node).ok_or("with another slope")?;
                Activation::Hardsigmoid { alpha }
            }
            "Gelu" => Activation::Gelu { tanh: node.text("approximate", "none") == "tanh" },
            "Exp" => Activation::Exp,
            "Mish" => Activation::Mish,
            "Celu" => Activation::Celu { alpha: node.float("alpha", 1.0) },
            "Softsign" => Activation::Softsign,
            "Selu" if (node.float("alpha", 1.673_263_2) - 1.673_263_2).abs() > 1e-5 => return Ok(None),
            "Selu" if (node.float("gamma", 1.050_701) - 1.050_701).abs() > 1e-5 => return Ok(None),
            "Selu" => Activation::Selu,
            "Reciprocal" => Activation::Pow { exponent: -1.0 },
            "Neg" => return Ok(Some(Op::Scale { by: -1.0 })),
            "Sqrt" => Activation::Sqrt,
            "Abs" => Activation::Abs,
            "Log" => Activation::Log,
            "Sin" => Activation::Sin,
            "Cos" => Activation::Cos,
            _ => return Ok(None),
        };
        Ok(Some(Op::Activation(activation)))
    }

    fn clip(&self, node: Node<'_>) -> Result<Activation, String> {
        let bound = |name: &str, place: usize, open: f32| match node.input(place) {
            Some(_) => self.constant(node, place).and_then(|bound| bound.scalar()).ok_or("a bound that is computed"),
            #[expect(clippy::cast_possible_truncation, reason = "it was f32")]
            None => Ok(node.float(name, open) as f32),
        };
        let (min, max) = (bound("min", 1, f32::MIN)?, bound("max", 2, f32::MAX)?);
        Ok(match (min, max) {
            (0.0, 6.0) => Activation::Relu6,
            (0.0, f32::MAX..) => Activation::Relu,
            (min, max) => Activation::Clamp { min: f64::from(min.max(f32::MIN)), max: f64::from(max.min(f32::MAX)) },
        })
    }

    /// A product as the activation that it ends: `x * sigmoid(x)`, `x * hardsigmoid(x)`.
    pub(super) fn gated(&self, a: Tensor, b: Tensor) -> Option<(Op, Tensor)> {
        let gate =
            |x: Tensor, gate: Tensor| match self.made_from(gate.value, x.value).filter(|_| x.batch == gate.batch)? {
                Op::Activation(Activation::Sigmoid) => Some((Op::Activation(Activation::Silu), x)),
                Op::Activation(Activation::Hardsigmoid { alpha }) if alpha < 0.19 => {
                    Some((Op::Activation(Activation::Hardswish), x))
                }
                _ => None,
            };
        gate(a, b).or_else(|| gate(b, a))
    }

    /// `relu6(x + 3) / 6` and `x * relu6(x + 3) / 6`, seen from the last division: the activation, and `x`.
    pub(super) fn sixth(&mut self, y: usize) -> Result<Option<(Op, usize)>, String> {
        let (below, order) = self.beneath(y).map_or((y, None), |(below, order)| (below, Some(order)));
        let shifted = |value: usize| -> Option<usize> {
            let (Op::Activation(Activation::Relu6), inner) = self.made(value)? else { return None };
            let (Op::Activation(Activation::AddScalar { by: 3.0 }), x) = self.made(inner[0])? else { return None };
            Some(x[0])
        };
        let found = match self.made(below) {
            Some((Op::Mul, factors)) => match factors[..] {
                [x, gate] | [gate, x] if shifted(gate) == Some(x) => Some((Activation::Hardswish, x)),
                _ => None,
            },
            _ => shifted(below).map(|x| (Activation::Hardsigmoid { alpha: 1.0 / 6.0 }, x)),
        };
        let Some((activation, x)) = found else { return Ok(None) };
        let x = match order {
            Some(order) => self.turned(x, &order)?,
            None => x,
        };
        Ok(Some((Op::Activation(activation), x)))
    }

    /// `x / 2 * (1 + erf(x / sqrt(2)))`, however its factors are put together, seen from its last node.
    pub(super) fn erf_gelu(&self, node: Node<'_>) -> Option<Tensor> {
        let mut factors = Vec::new();
        self.factors(node.0.output.first()?, &mut factors, 4);
        let (mut half, mut gate, mut x) = (None, None, None);
        for name in &factors {
            match (self.values.get(*name), self.one_plus_erf(name)) {
                (Some(Value::Constant(number)), _) => half = number.scalar(),
                (_, Some(inner)) => gate = Some(inner),
                (Some(Value::Tensor(value)), None) => x = Some(*value),
                _ => return None,
            }
        }
        let matches = factors.len() == 3 && half.is_some_and(|half| (half - 0.5).abs() < 1e-6) && gate == x;
        x.filter(|_| matches)
    }

    /// The names that a product is made of.
    fn factors<'a>(&'a self, name: &'a str, factors: &mut Vec<&'a str>, depth: usize) {
        match self.makers.get(name).filter(|maker| maker.op_type == "Mul" && depth > 0 && maker.input.len() == 2) {
            Some(maker) => maker.input.iter().for_each(|input| self.factors(input, factors, depth - 1)),
            None => factors.push(name),
        }
    }

    /// `x` of `1 + erf(x / sqrt(2))`.
    fn one_plus_erf(&self, name: &str) -> Option<Tensor> {
        let of = |name: &str, op: &str| self.makers.get(name).filter(|maker| maker.op_type == op);
        let number = |name: &String| match self.values.get(name) {
            Some(Value::Constant(number)) => number.scalar(),
            _ => None,
        };
        let add = of(name, "Add")?;
        let erf = add.input.iter().find_map(|input| of(input, "Erf"))?;
        add.input.iter().filter_map(number).find(|one| *one == 1.0)?;
        let scaled = self.makers.get(erf.input.first()?)?;
        let factor = scaled.input.iter().find_map(number)?;
        let expected = match scaled.op_type.as_str() {
            "Div" => std::f32::consts::SQRT_2,
            "Mul" => std::f32::consts::FRAC_1_SQRT_2,
            _ => return None,
        };
        let x = scaled.input.iter().find_map(|input| match self.values.get(input) {
            Some(Value::Tensor(value)) => Some(*value),
            _ => None,
        })?;
        ((factor - expected).abs() < 1e-5).then_some(x)
    }

    /// A softmax whose rows without any key are 0: of a mask that the file knows, and that has no such row.
    pub(super) fn masked_softmax(&mut self, node: Node<'_>) -> Option<Tensor> {
        let y = self.tensor(node, 2).ok()?;
        let test = self.makers.get(node.input(0)?).filter(|maker| maker.op_type == "IsNaN")?;
        let (tested, name) = (self.values.get(test.input.first()?), test.output.first()?.clone());
        let is_zero = self.constant(node, 1)?.scalar() == Some(0.0);
        let (Some(Value::Tensor(x)), (Op::Softmax { .. }, scores)) = (tested, self.made(y.value)?) else { return None };
        let (Op::Add, operands) = self.made(scores[0])? else { return None };
        let has_keys = |value: &usize| {
            let statement = &self.statements[self.maker(*value)?];
            let (Op::Source { .. }, [(_, shape, numbers)]) = (statement.op, statement.params.as_slice()) else {
                return None;
            };
            let rows = numbers.chunks_exact((*shape.last()?).max(1));
            Some(rows.into_iter().all(|row| row.iter().any(|number| number.is_finite() && *number > MASKED)))
        };
        let is_same = *x == y && is_zero && operands.iter().find_map(has_keys)?;
        is_same.then(|| self.pending.remove(&name))?;
        Some(y)
    }

    /// `Softplus` that gives back what is large: `x > 20 ? x : softplus(x)`.
    pub(super) fn softplus(&self, node: Node<'_>) -> Option<Tensor> {
        let (x, y) = (self.tensor(node, 1).ok()?, self.tensor(node, 2).ok()?);
        let compared = self.makers.get(node.input(0)?).filter(|maker| maker.op_type == "Greater").map(Node);
        let of_x = compared.is_some_and(|compared| self.tensor(compared, 0) == Ok(x));
        let bound = compared.and_then(|compared| self.constant(compared, 1)?.scalar());
        let is_softplus = self.made_from(y.value, x.value) == Some(Op::Activation(Activation::Softplus));
        (of_x && is_softplus && bound.is_some_and(|bound| bound >= 16.0)).then_some(y)
    }
}
