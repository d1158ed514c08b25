//! Normalisations over neighbours, and by norms.

use convshape::Shape;
use convshape::graph::Op;
use convshape::graph::op::{Axes, Dialect};

use super::batch::Tensor;
use super::node::Node;
use super::{Import, Lowered, TORCH};

impl Import {
    pub(super) fn local_response(&mut self, node: Node<'_>) -> Lowered {
        let x = self.batch_first(node)?;
        let size = node.int("size", 0);
        // For odd windows both frameworks agree.
        let dialect = if size % 2 == 1 { TORCH } else { Dialect::Onnx };
        let (alpha, beta, k) = (node.float("alpha", 1e-4), node.float("beta", 0.75), node.float("bias", 1.0));
        self.one(node, Op::LocalResponseNorm { dialect, size, alpha, beta, k }, x)
    }

    pub(super) fn lp_norm(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let axis = self.axis(node.int("axis", -1), x)?;
        let axes = Axes::of(&[axis]).ok_or("over no axis")?;
        #[expect(clippy::cast_precision_loss, reason = "1 or 2")]
        let p = node.int("p", 2) as f64;
        self.one(node, Op::LpNorm { p, axes, eps: 1e-12 }, x)
    }

    pub(super) fn rms_norm(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let sizes = self.last_axes(node, x)?;
        let weight = self.constant(node, 1).ok_or("parameters that are computed")?.floats();
        if weight.len() as i64 != sizes.iter().product::<i64>() {
            return Err("parameters of another size".to_owned());
        }
        let op = Op::RmsNorm { dialect: TORCH, size: Some(Shape::of(&sizes)), eps: node.float("epsilon", 1e-5) };
        let y = self.one(node, op, x)?;
        let dims: Vec<usize> = sizes.iter().map(|&size| usize::try_from(size).unwrap_or(1)).collect();
        self.give(y.value, "weight", dims, weight.iter().copied().collect());
        Ok(y)
    }

    /// The sizes over which a node normalises, from the given axis on.
    pub(super) fn last_axes(&self, node: Node<'_>, x: Tensor) -> Result<Vec<i64>, String> {
        let axis = self.index(node.int("axis", -1), x)?;
        match x.batch {
            Some(batch) if batch >= axis => Err("it works along the batch".to_owned()),
            _ => Ok(self.sizes(x)[axis..].to_vec()),
        }
    }
}
