//! Comparisons, whose results are 0 and 1, and choices by them.

use convshape::graph::Op;
use convshape::graph::op::Activation;

use super::batch::Tensor;
use super::constant::Constant;
use super::node::Node;
use super::{Import, Lowered};

/// Takes every difference of two numbers to 1 or more: the smallest normal number is 1.2e-38.
const STEEP: f64 = 1e38;

impl Import {
    /// `a > b` and its like: 1 where it holds, else 0.
    pub(super) fn comparison(&mut self, node: Node<'_>) -> Lowered {
        let holds = match node.op() {
            "Greater" => self.above(node, [0, 1])?,
            "Less" => self.above(node, [1, 0])?,
            "GreaterOrEqual" => {
                let less = self.above(node, [1, 0])?;
                self.inverted(node, less)?
            }
            "LessOrEqual" => {
                let greater = self.above(node, [0, 1])?;
                self.inverted(node, greater)?
            }
            "Equal" => {
                let difference = self.difference(node, [0, 1])?;
                let differs = self.nonzero(node, difference)?;
                self.inverted(node, differs)?
            }
            _ => return Err("there is no such comparison".to_owned()),
        };
        Ok(self.condition(holds))
    }

    /// `not`, `and`, `or`, `xor` of zeros and ones.
    pub(super) fn logic(&mut self, node: Node<'_>) -> Lowered {
        let result = match node.op() {
            "Not" => {
                let x = self.tensor(node, 0)?;
                self.inverted(node, x)?
            }
            "And" => self.combined(node, Op::Mul, &[0, 1])?,
            "Or" => self.combined(node, Op::Maximum, &[0, 1])?,
            "Xor" => {
                let difference = self.difference(node, [0, 1])?;
                self.one(node, Op::Activation(Activation::Abs), difference)?
            }
            _ => return Err("there is no such condition".to_owned()),
        };
        Ok(self.condition(result))
    }

    /// A cast to bool is 1 where a number is not 0. To whole numbers only zeros and ones can be cast.
    pub(super) fn cast_to_whole(&mut self, node: Node<'_>) -> Lowered {
        /// ONNX's number of the type.
        const BOOL: i64 = 9;
        let x = self.tensor(node, 0)?;
        match node.int("to", 1) {
            _ if self.conditions.contains(&x.value) => Ok(x),
            kind if kind != BOOL && self.whole.contains(&x.value) => Ok(x),
            BOOL => {
                let x = self.nonzero(node, x)?;
                Ok(self.condition(x))
            }
            _ => Err("a cast that rounds".to_owned()),
        }
    }

    /// -1, 0 or 1.
    pub(super) fn sign(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        self.steep(node, x, -1.0)
    }

    /// `condition ? a : b`, as `condition * a + (1 - condition) * b`.
    pub(super) fn choice(&mut self, node: Node<'_>) -> Lowered {
        if let Some(softplus) = self.softplus(node) {
            return Ok(softplus);
        }
        if let Some(softmax) = self.masked_softmax(node) {
            return Ok(softmax);
        }
        let rank = self.ranks(node);
        let samples = (0..3).filter_map(|at| Some(self.sample(self.tensor(node, at).ok()?).len()));
        let axes = samples.max().unwrap_or(1);
        let condition = match (self.constant(node, 0), node.input(0)) {
            (Some(constant), Some(name)) => {
                let sizes = padded(&constant, axes);
                Tensor { value: self.parameter(name, &constant, &sizes, false)?, batch: None }
            }
            _ => self.tensor(node, 0)?,
        };
        let otherwise = self.inverted(node, condition)?;
        let mut terms = Vec::new();
        for (at, factor) in [(1, condition), (2, otherwise)] {
            if let Some(term) = self.term(node, at, factor, axes)? {
                terms.push(term);
            }
        }
        let sum = match terms.as_slice() {
            [] => self.one(node, Op::Scale { by: 0.0 }, condition)?,
            [only] => *only,
            terms => self.joined_all(node, Op::Add, terms)?,
        };
        self.widened(sum, rank)
    }

    /// An operand of a choice where it is chosen, 0 elsewhere; `None` if it is 0 everywhere.
    fn term(&mut self, node: Node<'_>, at: usize, factor: Tensor, axes: usize) -> Result<Option<Tensor>, String> {
        let (Some(constant), Some(name)) = (self.constant(node, at), node.input(at)) else {
            let x = self.tensor(node, at)?;
            return self.joined_all(node, Op::Mul, &[factor, x]).map(Some);
        };
        // 0 times infinity is NaN.
        let finite = constant.floats().mapv(|x| x.clamp(f32::MIN, f32::MAX));
        let finite = Constant::Floats(finite);
        match finite.scalar() {
            Some(0.0) => Ok(None),
            Some(1.0) => Ok(Some(factor)),
            Some(number) => self.one(node, Op::Scale { by: f64::from(number) }, factor).map(Some),
            None => {
                let value = self.parameter(name, &finite, &padded(&finite, axes), true)?;
                self.joined_all(node, Op::Mul, &[factor, Tensor { value, batch: None }]).map(Some)
            }
        }
    }

    /// 1 where the first operand is larger than the second.
    fn above(&mut self, node: Node<'_>, operands: [usize; 2]) -> Lowered {
        let difference = self.difference(node, operands)?;
        self.steep(node, difference, 0.0)
    }

    fn difference(&mut self, node: Node<'_>, [a, b]: [usize; 2]) -> Lowered {
        let number = |import: &Import, at: usize| import.constant(node, at).and_then(|number| number.scalar());
        match (number(self, a), number(self, b)) {
            (None, Some(by)) => {
                let x = self.tensor(node, a)?;
                self.shifted(node, x, -by)
            }
            (Some(by), None) => {
                let x = self.tensor(node, b)?;
                let negated = self.one(node, Op::Scale { by: -1.0 }, x)?;
                self.shifted(node, negated, by)
            }
            _ => self.combined(node, Op::Sub, &[a, b]),
        }
    }

    fn shifted(&mut self, node: Node<'_>, x: Tensor, by: f32) -> Lowered {
        match by == 0.0 {
            true => Ok(x),
            false => self.one(node, Op::Activation(Activation::AddScalar { by: f64::from(by) }), x),
        }
    }

    fn nonzero(&mut self, node: Node<'_>, x: Tensor) -> Lowered {
        let size = self.one(node, Op::Activation(Activation::Abs), x)?;
        self.steep(node, size, 0.0)
    }

    /// The lower bound, 0 or 1: below, at and above 0.
    pub(super) fn steep(&mut self, node: Node<'_>, x: Tensor, min: f64) -> Lowered {
        let steep = self.one(node, Op::Scale { by: STEEP }, x)?;
        self.one(node, Op::Activation(Activation::Clamp { min, max: 1.0 }), steep)
    }

    /// 1 for 0 and 0 for 1.
    fn inverted(&mut self, node: Node<'_>, x: Tensor) -> Lowered {
        if let Some((Op::Activation(Activation::AddScalar { by: 1.0 }), inner)) = self.made(x.value)
            && let Some((Op::Scale { by: -1.0 }, inner)) = self.made(inner[0])
        {
            return Ok(Tensor { value: inner[0], ..x });
        }
        let negated = self.one(node, Op::Scale { by: -1.0 }, x)?;
        self.shifted(node, negated, 1.0)
    }

    fn condition(&mut self, x: Tensor) -> Tensor {
        self.conditions.insert(x.value);
        x
    }
}

/// A constant's sizes, with axes of size 1 added or removed at the front to reach this number of axes.
fn padded(constant: &Constant, axes: usize) -> Vec<usize> {
    let mut sizes = constant.shape().to_vec();
    while sizes.len() > axes && sizes[0] == 1 {
        sizes.remove(0);
    }
    sizes.splice(0..0, vec![1; axes.saturating_sub(sizes.len())]);
    sizes
}
