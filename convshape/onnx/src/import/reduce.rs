//! Reductions along axes.

use convshape::graph::Op;
use convshape::graph::op::{Activation, Axes, PoolKind, Reduction};

use super::Import;
use super::batch::{Tensor, named};
use super::lower::Lowered;
use super::node::Node;

impl Import {
    pub(super) fn reduce(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let (before, kind, after) = match node.op() {
            "ReduceMean" => (None, Reduction::Mean, None),
            "ReduceSum" => (None, Reduction::Sum, None),
            "ReduceMax" => (None, Reduction::Max, None),
            "ReduceMin" => (None, Reduction::Min, None),
            "ReduceSumSquare" => (Some(Activation::Square), Reduction::Sum, None),
            "ReduceProd" => (None, Reduction::Sum, None),
            "ReduceL1" => (Some(Activation::Abs), Reduction::Sum, None),
            "ReduceL2" => (Some(Activation::Square), Reduction::Sum, Some(Activation::Sqrt)),
            "ReduceLogSum" => (None, Reduction::Sum, Some(Activation::Log)),
            "ReduceLogSumExp" => (Some(Activation::Exp), Reduction::Sum, Some(Activation::Log)),
            _ => return Err("there is no such reduction".to_owned()),
        };
        let rank = self.sizes(x).len();
        let given = match node.ints("axes") {
            Some(axes) => axes,
            None if node.input(1).is_some() => {
                self.constant(node, 1).and_then(|axes| axes.ints()).ok_or("axes that are computed")?
            }
            None => Vec::new(),
        };
        if given.is_empty() && node.int("noop_with_empty_axes", 0) != 0 {
            return Ok(x);
        }
        let axes: Vec<i64> = if given.is_empty() { (0..rank as i64).collect() } else { given };
        let mut positions: Vec<usize> = axes.iter().map(|&axis| self.position(axis, x)).collect::<Result<_, _>>()?;
        positions.sort_unstable();
        positions.dedup();
        let keep = node.int("keepdims", 1) != 0;
        if node.op() == "ReduceProd" {
            let mut axes: Vec<usize> = axes.iter().map(|&axis| self.index(axis, x)).collect::<Result<_, _>>()?;
            axes.sort_unstable();
            let mut y = x;
            for axis in axes.into_iter().rev() {
                y = self.product_along(node, y, axis)?;
                if !keep {
                    y = self.without_axis(y, axis)?;
                }
            }
            return Ok(y);
        }
        let mut sizes = self.sizes(x);
        for &axis in &axes {
            sizes[self.index(axis, x)?] = 1;
        }
        let sample = self.sample(x).len();
        // What is behind a permutation is reduced before it.
        let (source, order) = self.beneath(x.value).unwrap_or_else(|| (x.value, (0..sample).collect()));
        positions.iter_mut().for_each(|position| *position = order[*position]);
        positions.sort_unstable();
        let named: Vec<_> = positions.iter().map(|&position| named(position, x)).collect();
        let all = positions.len() == sample;
        let over = if all { None } else { Some(Axes::of(&named).ok_or("too many axes")?) };
        // The largest exponent is subtracted first and added to the logarithm, so that nothing overflows.
        let mut input = source;
        let mut peak = None;
        if node.op() == "ReduceLogSumExp" {
            let largest = |keep| Op::Reduce { kind: Reduction::Max, axes: over, keep };
            let kept = self.push(self.path(node), largest(true), &[source])?;
            peak = Some(if keep { kept } else { self.push(self.path(node), largest(false), &[source])? });
            input = self.push(self.path(node), Op::Sub, &[source, kept])?;
        }
        if let Some(activation) = before {
            input = self.push(self.path(node), Op::Activation(activation), &[input])?;
        }
        let space = x.batch == Some(0) && (2..=4).contains(&sample) && positions.iter().copied().eq(1..sample);
        let pool = match kind {
            Reduction::Mean => Some(PoolKind::Avg),
            Reduction::Max => Some(PoolKind::Max),
            Reduction::Sum | Reduction::Min => None,
        };
        let op = match pool.filter(|_| space) {
            Some(kind) if keep => Op::AdaptivePool { kind, rank: sample - 1, size: [1; 3] },
            Some(kind) => Op::GlobalPool { kind, keep_axes: false },
            None => Op::Reduce { kind, axes: over, keep },
        };
        let mut value = self.push(self.path(node), op, &[input])?;
        if let Some(activation) = after {
            value = self.push(self.path(node), Op::Activation(activation), &[value])?;
        }
        if let Some(peak) = peak {
            value = self.push(self.path(node), Op::Add, &[value, peak])?;
        }
        let left: Vec<usize> = order.into_iter().filter(|axis| keep || !positions.contains(axis)).collect();
        if !left.is_empty() {
            let place = |axis: &usize| left.iter().filter(|other| *other < axis).count();
            let order: Vec<usize> = left.iter().map(place).collect();
            value = self.turned(value, &order)?;
        }
        let mut batch = x.batch;
        if !keep {
            let gone = |index: &usize| axes.iter().any(|&axis| self.index(axis, x) == Ok(*index));
            let left: Vec<usize> = (0..sizes.len()).filter(|index| !gone(index)).collect();
            batch = x.batch.and_then(|batch| left.iter().position(|&index| index == batch));
            sizes = left.iter().map(|&index| sizes[index]).collect();
        }
        self.placed(Tensor { value, batch }, &sizes, batch)
    }
}
