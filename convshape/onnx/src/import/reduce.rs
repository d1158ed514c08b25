//! Reductions along axes.

use convshape::graph::Op;
use convshape::graph::op::{Activation, Axes, PoolKind, Reduction};

use super::batch::{Tensor, named};
use super::node::Node;
use super::{Import, Lowered};

/// A reduction, and what is applied to each element before and after it.
struct Steps {
    before: Option<Activation>,
    kind: Reduction,
    after: Option<Activation>,
}

impl Steps {
    fn of(op: &str) -> Result<Steps, String> {
        let (before, kind, after) = match op {
            "ReduceMean" => (None, Reduction::Mean, None),
            "ReduceSum" => (None, Reduction::Sum, None),
            "ReduceMax" => (None, Reduction::Max, None),
            "ReduceMin" => (None, Reduction::Min, None),
            "ReduceSumSquare" => (Some(Activation::Square), Reduction::Sum, None),
            "ReduceL1" => (Some(Activation::Abs), Reduction::Sum, None),
            "ReduceL2" => (Some(Activation::Square), Reduction::Sum, Some(Activation::Sqrt)),
            "ReduceLogSum" => (None, Reduction::Sum, Some(Activation::Log)),
            "ReduceLogSumExp" => (Some(Activation::Exp), Reduction::Sum, Some(Activation::Log)),
            _ => return Err("there is no such reduction".to_owned()),
        };
        Ok(Steps { before, kind, after })
    }

    /// The kind of pooling that gives the same over all positions.
    fn pool(&self) -> Option<PoolKind> {
        match self.kind {
            Reduction::Mean => Some(PoolKind::Avg),
            Reduction::Max => Some(PoolKind::Max),
            Reduction::Sum | Reduction::Min => None,
        }
    }
}

impl Import {
    pub(super) fn reduce(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let Some(axes) = self.reduced_axes(node, x)? else { return Ok(x) };
        let keep = node.int("keepdims", 1) != 0;
        if node.op() == "ReduceProd" {
            return self.products_along(node, x, &axes, keep);
        }
        let value = self.reduced(node, x, &axes, keep)?;
        let sizes = self.sizes(x);
        let kept: Vec<usize> = (0..sizes.len()).filter(|axis| keep || !axes.contains(axis)).collect();
        let target: Vec<i64> = kept.iter().map(|&axis| if axes.contains(&axis) { 1 } else { sizes[axis] }).collect();
        let batch = x.batch.and_then(|batch| kept.iter().position(|&axis| axis == batch));
        self.placed(Tensor { value, batch }, &target, batch)
    }

    /// The axes of the file that a node reduces, in order; `None` if it reduces none.
    fn reduced_axes(&self, node: Node<'_>, x: Tensor) -> Result<Option<Vec<usize>>, String> {
        let given = match node.ints("axes") {
            Some(axes) => axes,
            None if node.input(1).is_some() => {
                self.constant(node, 1).and_then(|axes| axes.ints()).ok_or("axes that are computed")?
            }
            None => Vec::new(),
        };
        if given.is_empty() {
            let all = || (0..self.sizes(x).len()).collect();
            return Ok((node.int("noop_with_empty_axes", 0) == 0).then(all));
        }
        let mut axes: Vec<usize> = given.iter().map(|&axis| self.index(axis, x)).collect::<Result<_, _>>()?;
        axes.sort_unstable();
        axes.dedup();
        Ok(Some(axes))
    }

    fn products_along(&mut self, node: Node<'_>, x: Tensor, axes: &[usize], keep: bool) -> Lowered {
        let mut y = x;
        for &axis in axes.iter().rev() {
            y = self.product_along(node, y, axis)?;
            if !keep {
                y = self.without_axis(y, axis)?;
            }
        }
        Ok(y)
    }

    /// The reduced value, with its other axes in the order of the file.
    fn reduced(&mut self, node: Node<'_>, x: Tensor, axes: &[usize], keep: bool) -> Result<usize, String> {
        let steps = Steps::of(node.op())?;
        let rank = self.sample(x).len();
        // A permuted value is reduced before the permutation.
        let (source, order) = self.beneath(x.value).unwrap_or_else(|| (x.value, (0..rank).collect()));
        let mut positions = Vec::new();
        for &axis in axes {
            positions.push(order[self.position(axis as i64, x)?]);
        }
        positions.sort_unstable();
        let named: Vec<_> = positions.iter().map(|&position| named(position, x)).collect();
        let over = if positions.len() == rank { None } else { Some(Axes::of(&named).ok_or("too many axes")?) };
        // The largest exponent is subtracted first and added to the logarithm, so that nothing overflows.
        let mut value = source;
        let mut peak = None;
        if node.op() == "ReduceLogSumExp" {
            let largest = |keep| Op::Reduce { kind: Reduction::Max, axes: over, keep };
            let kept = self.push(self.path(node), largest(true), &[source])?;
            peak = Some(if keep { kept } else { self.push(self.path(node), largest(false), &[source])? });
            value = self.push(self.path(node), Op::Sub, &[source, kept])?;
        }
        if let Some(activation) = steps.before {
            value = self.push(self.path(node), Op::Activation(activation), &[value])?;
        }
        let is_space = x.batch == Some(0) && (2..=4).contains(&rank) && positions.iter().copied().eq(1..rank);
        let op = match steps.pool().filter(|_| is_space) {
            Some(kind) if keep => Op::AdaptivePool { kind, rank: rank - 1, size: [1; 3] },
            Some(kind) => Op::GlobalPool { kind, keep_axes: false },
            None => Op::Reduce { kind: steps.kind, axes: over, keep },
        };
        value = self.push(self.path(node), op, &[value])?;
        if let Some(activation) = steps.after {
            value = self.push(self.path(node), Op::Activation(activation), &[value])?;
        }
        if let Some(peak) = peak {
            value = self.push(self.path(node), Op::Add, &[value, peak])?;
        }
        let left: Vec<usize> = order.into_iter().filter(|axis| keep || !positions.contains(axis)).collect();
        if left.is_empty() {
            return Ok(value);
        }
        let place = |axis: &usize| left.iter().filter(|other| *other < axis).count();
        let order: Vec<usize> = left.iter().map(place).collect();
        self.turned(value, &order)
    }
}
