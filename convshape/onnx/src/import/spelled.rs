//! Operators without a layer of their own, as several layers.

use convshape::graph::Op;
use convshape::graph::op::Activation;

use super::batch::Tensor;
use super::constant::Constant;
use super::node::Node;
use super::{Import, Lowered};

impl Import {
    /// Functions of each element.
    pub(super) fn spelled_out(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0);
        match node.op() {
            "Tan" => {
                let x = x?;
                let (sine, cosine) =
                    (self.function(node, Activation::Sin, x)?, self.function(node, Activation::Cos, x)?);
                self.joined_all(node, Op::Div, &[sine, cosine])
            }
            "Erf" => {
                // The Gelu of `z` is `z / 2 * (1 + erf(z / sqrt(2)))`. Beyond 10 the function is 1, and it is odd.
                let x = x?;
                let size = self.function(node, Activation::Abs, x)?;
                let scaled = self.one(node, Op::Scale { by: std::f64::consts::SQRT_2 }, size)?;
                let z = self.function(node, Activation::Clamp { min: 1e-6, max: 10.0 }, scaled)?;
                let gelu = self.function(node, Activation::Gelu { tanh: false }, z)?;
                let half = self.joined_all(node, Op::Div, &[gelu, z])?;
                let twice = self.one(node, Op::Scale { by: 2.0 }, half)?;
                let of_size = self.function(node, Activation::AddScalar { by: -1.0 }, twice)?;
                let sign = self.steep(node, x, -1.0)?;
                self.joined_all(node, Op::Mul, &[of_size, sign])
            }
            "Sinh" | "Cosh" => {
                let x = x?;
                let grown = self.function(node, Activation::Exp, x)?;
                let negated = self.one(node, Op::Scale { by: -1.0 }, x)?;
                let shrunk = self.function(node, Activation::Exp, negated)?;
                let op = if node.op() == "Sinh" { Op::Sub } else { Op::Add };
                let both = self.joined_all(node, op, &[grown, shrunk])?;
                self.one(node, Op::Scale { by: 0.5 }, both)
            }
            "Mean" => {
                let places: Vec<usize> = (0..node.0.input.len()).collect();
                let sum = self.combined(node, Op::Add, &places)?;
                #[expect(clippy::cast_precision_loss, reason = "a few operands")]
                let by = 1.0 / places.len() as f64;
                self.one(node, Op::Scale { by }, sum)
            }
            "ThresholdedRelu" => {
                // x where it is larger than alpha.
                let (x, alpha) = (x?, node.float("alpha", 1.0));
                let above = self.function(node, Activation::AddScalar { by: -alpha }, x)?;
                let holds = self.steep(node, above, 0.0)?;
                self.joined_all(node, Op::Mul, &[x, holds])
            }
            _ => {
                // `Shrink`: x - bias above lambd, x + bias below -lambd, 0 between.
                let (x, lambd, bias) = (x?, node.float("lambd", 0.5), node.float("bias", 0.0));
                let negated = self.one(node, Op::Scale { by: -1.0 }, x)?;
                let mut parts = Vec::new();
                for (side, sign) in [(x, 1.0), (negated, -1.0)] {
                    let above = self.function(node, Activation::AddScalar { by: -lambd }, side)?;
                    let holds = self.steep(node, above, 0.0)?;
                    let moved = match bias {
                        0.0 => x,
                        bias => self.function(node, Activation::AddScalar { by: -sign * bias }, x)?,
                    };
                    parts.push(self.joined_all(node, Op::Mul, &[moved, holds])?);
                }
                self.joined_all(node, Op::Add, &parts)
            }
        }
    }

    fn function(&mut self, node: Node<'_>, activation: Activation, x: Tensor) -> Lowered {
        self.one(node, Op::Activation(activation), x)
    }

    /// `clamp(alpha x + beta, 0, 1)`
    pub(super) fn hard_sigmoid(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let (alpha, beta) = (node.float("alpha", 0.2), node.float("beta", 0.5));
        let scaled = self.one(node, Op::Scale { by: alpha }, x)?;
        let moved = self.function(node, Activation::AddScalar { by: beta }, scaled)?;
        self.function(node, Activation::Clamp { min: 0.0, max: 1.0 }, moved)
    }

    /// `relu(x) - slope * relu(-x)`, where the slopes are not one for each channel.
    pub(super) fn prelu_of(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let slopes = self.operand(node, 1, self.sample(x).len())?;
        let above = self.function(node, Activation::Relu, x)?;
        let negated = self.one(node, Op::Scale { by: -1.0 }, x)?;
        let below = self.function(node, Activation::Relu, negated)?;
        let below = self.joined_all(node, Op::Mul, &[below, slopes])?;
        self.joined_all(node, Op::Sub, &[above, below])
    }

    /// The product of all elements along an axis.
    pub(super) fn product_along(&mut self, node: Node<'_>, x: Tensor, axis: usize) -> Lowered {
        /// More factors are not written out.
        const MAX_FACTORS: i64 = 64;
        let size = self.sizes(x)[axis];
        if size > MAX_FACTORS {
            return Err(format!("a product of {size} factors"));
        }
        let parts = (0..size).map(|at| self.part(node, x, axis, at, at + 1)).collect::<Result<Vec<_>, _>>()?;
        self.joined_all(node, Op::Mul, &parts)
    }

    /// `Trilu`: the value where a triangle has ones.
    pub(super) fn triangle(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let sizes = self.sizes(x);
        let &[.., rows, columns] = sizes.as_slice() else { return Err("no matrix".to_owned()) };
        if x.batch.is_some_and(|batch| batch + 2 >= sizes.len()) {
            return Err("it works along the batch".to_owned());
        }
        let count = |size: i64| usize::try_from(size).unwrap_or(0);
        let ones = Constant::Floats(convshape::ndarray::ArrayD::ones(vec![count(rows), count(columns)]));
        let inputs = [Some(ones), self.constant(node, 1)];
        let call = super::fold::Call { node, opset: self.opset, inputs: &inputs };
        let mask = super::fold::triangle(&call).ok_or("a diagonal that is computed")?;
        let mask = Tensor { value: self.numbers("triangle".to_owned(), &mask), batch: None };
        self.joined_all(node, Op::Mul, &[x, mask])
    }

    /// `SpaceToDepth`: moves each block of `size` by `size` positions into the channels, ordered by position, then channel.
    pub(super) fn space_to_depth(&mut self, node: Node<'_>) -> Lowered {
        let x = self.batch_first(node)?;
        let size = node.int("blocksize", 1);
        let &[batch, channels, height, width] = self.sizes(x).as_slice() else {
            return Err("a value without height and width".to_owned());
        };
        if size < 1 || height % size != 0 || width % size != 0 {
            return Err(format!("blocks of {size} in {height} x {width}"));
        }
        let split = self.placed(x, &[batch, channels, height / size, size, width / size, size], Some(0))?;
        let turned = self.permuted(self.path(node), split, &[0, 3, 5, 1, 2, 4])?;
        self.placed(turned, &[batch, channels * size * size, height / size, width / size], Some(0))
    }
}
