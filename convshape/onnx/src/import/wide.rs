//! Values with more axes than a chain's have: windows of volumes, between the reshape that makes them and the next one.

use super::batch::Tensor;
use super::node::Node;
use super::{Import, Lowered, MAX_RANK, Value};

/// A reshaped and permuted value that no statement has given yet.
#[derive(Clone, Debug)]
pub(super) struct Wide {
    x: Tensor,
    /// Its sizes in the file, before the permutation.
    sizes: Vec<i64>,
    /// The batch among them.
    batch: Option<usize>,
    order: Vec<usize>,
}

impl Import {
    /// What a node makes of such a value, or makes that is one; `None` for other nodes.
    pub(super) fn wide(&mut self, node: Node<'_>) -> Option<Result<Value, String>> {
        match (node.op(), self.value(node.input(0)?)) {
            ("Transpose", Value::Wide(wide)) => {
                let order = node.order(wide.order.len())?;
                let order = order.into_iter().map(|axis| wide.order[axis]).collect();
                Some(Ok(Value::Wide(Wide { order, ..wide })))
            }
            ("Reshape", Value::Wide(wide)) => {
                let sizes: Vec<i64> = wide.order.iter().map(|&axis| wide.sizes[axis]).collect();
                let narrowed = self.target(node, &sizes).and_then(|target| self.narrowed(node, &wide, &target));
                Some(narrowed.map(Value::Tensor))
            }
            ("Reshape", Value::Tensor(x)) => {
                let target = self.target(node, &self.sizes(x)).ok()?;
                let batch = self.batch_after(x, &target).ok()?;
                let is_wide = target.len() - usize::from(batch.is_some()) > MAX_RANK;
                let order = (0..target.len()).collect();
                is_wide.then_some(Ok(Value::Wide(Wide { x, sizes: target, batch, order })))
            }
            _ => None,
        }
    }

    /// The value with fewer axes: those that stay neighbours are permuted as one.
    fn narrowed(&mut self, node: Node<'_>, wide: &Wide, target: &[i64]) -> Lowered {
        let is_axis = |axis: &usize| wide.sizes[*axis] != 1 || wide.batch == Some(*axis);
        let order: Vec<usize> = wide.order.iter().copied().filter(is_axis).collect();
        let kept: Vec<usize> = (0..wide.sizes.len()).filter(is_axis).collect();
        let place = |axis: usize| kept.iter().position(|other| *other == axis);
        // Runs of axes, in the order after the permutation.
        let mut runs: Vec<Vec<usize>> = Vec::new();
        for axis in order {
            let follows = |run: &&mut Vec<usize>| {
                let last = run[run.len() - 1];
                place(axis) == place(last).map(|at| at + 1) && ![Some(axis), Some(last)].contains(&wide.batch)
            };
            match runs.last_mut().filter(follows) {
                Some(run) => run.push(axis),
                None => runs.push(vec![axis]),
            }
        }
        let mut sorted = runs.clone();
        sorted.sort();
        let sizes: Vec<i64> = sorted.iter().map(|run| run.iter().map(|&axis| wide.sizes[axis]).product()).collect();
        let batch = sorted.iter().position(|run| wide.batch.is_some_and(|batch| *run == [batch]));
        let order: Vec<usize> = runs.iter().filter_map(|run| sorted.iter().position(|other| other == run)).collect();
        let x = self.placed(wide.x, &sizes, batch)?;
        let y = self.permuted(self.path(node), x, &order)?;
        self.reshaped(y, target)
    }
}
