//! Normalisations by neighbours and norms, and channels in another order.

use convshape::Shape;
use convshape::graph::Op;
use convshape::graph::op::{Axes, Axis, Dialect};

use super::Import;
use super::constant::place;
use super::lower::{Lowered, TORCH, numbers};
use super::node::Node;

impl Import {
    pub(super) fn local_response(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let size = node.int("size", 0);
        // Of odd windows both frameworks have the same.
        let dialect = if size % 2 == 1 { TORCH } else { Dialect::Onnx };
        let (alpha, beta, k) = (node.float("alpha", 1e-4), node.float("beta", 0.75), node.float("bias", 1.0));
        self.push(self.path(node), Op::LocalResponseNorm { dialect, size, alpha, beta, k }, &[x])
    }

    pub(super) fn lp_norm(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let axis = place(node.int("axis", -1), self.shapes[x].rank() + 1).filter(|&axis| axis > 0);
        let axis = axis.ok_or("over the batch")?;
        let axis = if axis == 1 { Axis::Channels } else { Axis::At(axis as i64 - 1) };
        let axes = Axes::of(&[axis]).ok_or("over no axis")?;
        #[expect(clippy::cast_precision_loss, reason = "1 or 2")]
        let p = node.int("p", 2) as f64;
        self.push(self.path(node), Op::LpNorm { p, axes, eps: 1e-12 }, &[x])
    }

    pub(super) fn rms_norm(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let shape = self.shapes[x];
        let axis = place(node.int("axis", -1), shape.rank() + 1).filter(|&axis| axis > 0).ok_or("over the batch")?;
        let sizes: Vec<i64> = numbers(&shape).get(axis - 1..).map(<[i64]>::to_vec).unwrap_or_default();
        let weight = self.constant(node, 1).ok_or("parameters that are computed")?.floats();
        if weight.len() as i64 != sizes.iter().product::<i64>() {
            return Err("parameters of another size".to_owned());
        }
        let op = Op::RmsNorm { dialect: TORCH, size: Some(Shape::of(&sizes)), eps: node.float("epsilon", 1e-5) };
        let value = self.push(self.path(node), op, &[x])?;
        let dims: Vec<usize> = sizes.iter().map(|&size| usize::try_from(size).unwrap_or(1)).collect();
        self.give(value, "weight", dims, weight.iter().copied().collect());
        Ok(value)
    }

    /// Channels of equal parts in turn.
    pub(super) fn gather(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        if self.axis(node.int("axis", 0), x)? != Axis::Channels {
            return Err("not over the channels".to_owned());
        }
        let order = self.constant(node, 1).and_then(|order| order.ints()).ok_or("places that are computed")?;
        let count = self.shapes[x].size(0).number().ok_or("an open number of channels")?;
        let is_shuffle = |groups: &i64| {
            let from = |at: i64| at % groups * (count / groups) + at / groups;
            count % groups == 0 && order.iter().copied().eq((0..count).map(from))
        };
        // The second channel taken is the first of the second part.
        let groups = order.get(1).and_then(|&size| count.checked_div(size)).filter(|groups| *groups > 0);
        let groups = groups.filter(is_shuffle);
        let groups = groups.ok_or("channels in an order that is no shuffle of equal parts")?;
        self.push(self.path(node), Op::ChannelShuffle { groups }, &[x])
    }
}
