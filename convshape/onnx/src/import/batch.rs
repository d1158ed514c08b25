//! Tracks the batch axis of values.
//!
//! A chain has no batch axis. A file has one, initially the first; transposes, squeezes and reshapes move it. If they
//! merge it with another axis, as attention over windows does, the file's batch size must be 1.

use convshape::Shape;
use convshape::graph::Op;
use convshape::graph::op::{Axes, Axis};

use super::node::Node;
use super::{Import, Lowered, MAX_RANK, Value, numbers};

/// A value of the chain, as it is in the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tensor {
    /// Its index.
    pub(super) value: usize,
    /// The batch axis in the file; `None` if it was merged with another or removed.
    pub(super) batch: Option<usize>,
}

impl Tensor {
    /// A value with the batch first.
    pub(super) fn batched(value: usize) -> Tensor {
        Tensor { value, batch: Some(0) }
    }
}

impl Import {
    /// Sizes without the batch.
    pub(super) fn sample(&self, x: Tensor) -> Vec<i64> {
        numbers(&self.shapes[x.value])
    }

    /// Sizes in the file.
    pub(super) fn sizes(&self, x: Tensor) -> Vec<i64> {
        let mut sizes = self.sample(x);
        if let Some(batch) = x.batch {
            sizes.insert(batch, self.batch);
        }
        sizes
    }

    /// An axis of the file, possibly counted from the end, as an index.
    pub(super) fn index(&self, axis: i64, x: Tensor) -> Result<usize, String> {
        let rank = self.sizes(x).len();
        super::constant::place(axis, rank).filter(|&axis| axis < rank).ok_or_else(|| format!("there is no axis {axis}"))
    }

    /// An axis of the file as an axis of the sample, counted from 0.
    pub(super) fn position(&self, axis: i64, x: Tensor) -> Result<usize, String> {
        let axis = self.index(axis, x)?;
        match x.batch {
            Some(batch) if batch == axis => Err("it works along the batch".to_owned()),
            batch => Ok(axis - usize::from(batch.is_some_and(|batch| batch < axis))),
        }
    }

    /// An axis of the file as the language names it.
    pub(super) fn axis(&self, axis: i64, x: Tensor) -> Result<Axis, String> {
        Ok(named(self.position(axis, x)?, x))
    }

    /// The value with these sizes in the file.
    pub(super) fn reshaped(&mut self, x: Tensor, target: &[i64]) -> Lowered {
        let batch = self.batch_after(x, target)?;
        self.placed(x, target, batch)
    }

    /// The batch axis of a value after a reshape to these sizes in the file; `None` if it is merged with another.
    pub(super) fn batch_after(&self, x: Tensor, target: &[i64]) -> Result<Option<usize>, String> {
        let product = |sizes: &[i64]| sizes.iter().try_fold(1_i64, |product, &size| product.checked_mul(size));
        let sizes = self.sizes(x);
        if product(target).is_none() || product(target) != product(&sizes) {
            return Err(format!("{target:?} has another number of elements than {sizes:?}"));
        }
        // The batch is still an axis if as many elements precede it as before.
        let before = product(&sizes[..x.batch.unwrap_or(0)]);
        let batch = (0..target.len()).find(|&at| target[at] == self.batch && product(&target[..at]) == before);
        match (batch, self.batch) {
            (None, 2..) => Err("it merges the batch with another axis".to_owned()),
            (batch, _) => Ok(batch),
        }
    }

    /// The same elements with these sizes in the file, including the batch.
    pub(super) fn placed(&mut self, x: Tensor, target: &[i64], batch: Option<usize>) -> Lowered {
        let mut sizes = target.to_vec();
        if let Some(batch) = batch {
            sizes.remove(batch);
        }
        if sizes.is_empty() {
            sizes.push(1);
        }
        // Two reshapes in a row become one.
        let mut source = x.value;
        while let Some(Op::Reshape { .. } | Op::Flatten { .. }) = self.maker(source).map(|at| self.statements[at].op) {
            source = self.statements[source - self.inputs.len()].inputs[0];
        }
        let rank = sizes.len();
        let value = match numbers(&self.shapes[source]) == sizes {
            true => source,
            false if rank > MAX_RANK => return Err(format!("a value with {rank} axes besides the batch")),
            false if rank == 1 => self.push(String::new(), Op::FLATTEN, &[source])?,
            false => self.push(String::new(), Op::Reshape { shape: Shape::of(&sizes) }, &[source])?,
        };
        Ok(Tensor { value, batch })
    }

    /// The largest number of axes of a node's inputs in the file.
    pub(super) fn ranks(&self, node: Node<'_>) -> usize {
        let rank = |name: &String| match self.values.get(name) {
            Some(Value::Tensor(x)) => self.sizes(*x).len(),
            Some(Value::Constant(constant)) => constant.shape().len(),
            Some(Value::Wide(_) | Value::List(_) | Value::Unknown) | None => 0,
        };
        node.0.input.iter().map(rank).max().unwrap_or(0)
    }

    /// The value with leading axes of size 1, for `rank` axes in the file.
    pub(super) fn widened(&mut self, x: Tensor, rank: usize) -> Lowered {
        let mut sizes = self.sizes(x);
        let more = rank.saturating_sub(sizes.len());
        sizes.splice(0..0, vec![1; more]);
        let front = (self.batch == 1 && more > 0).then_some(0);
        self.placed(x, &sizes, x.batch.map(|batch| batch + more).or(front))
    }

    /// The value with permuted axes; `order[k]` becomes axis `k`.
    pub(super) fn permuted(&mut self, path: String, x: Tensor, order: &[usize]) -> Lowered {
        let batch = x.batch.and_then(|batch| order.iter().position(|&axis| axis == batch));
        let inner = |axis: usize| axis - usize::from(x.batch.is_some_and(|batch| batch < axis));
        let order: Vec<usize> = order.iter().filter(|axis| Some(**axis) != x.batch).map(|&axis| inner(axis)).collect();
        let sizes = self.sample(x);
        // Axes of size 1 do not change the order of the elements.
        let wide: Vec<usize> = order.iter().copied().filter(|&axis| sizes[axis] != 1).collect();
        if wide.is_sorted() {
            let target = order.iter().map(|&axis| sizes[axis]).collect();
            return self.ordered(x.value, target, batch);
        }
        // Axes of size 1 are left out, and two permutations in a row become one.
        let kept: Vec<usize> = (0..sizes.len()).filter(|&axis| sizes[axis] != 1).collect();
        let target: Vec<i64> = order.iter().map(|&axis| sizes[axis]).collect();
        let squeezed: Vec<i64> = kept.iter().map(|&axis| sizes[axis]).collect();
        let mut source = self.placed(Tensor { batch: None, ..x }, &squeezed, None)?.value;
        let mut order: Vec<usize> =
            wide.iter().filter_map(|axis| kept.iter().position(|other| other == axis)).collect();
        while let Some((Op::Permute { axes, .. }, inputs)) = self.made(source) {
            let Some(first) = positions(&axes) else { break };
            order = order.iter().map(|&axis| first[axis]).collect();
            source = inputs[0];
        }
        if order.is_sorted() {
            return self.ordered(source, target, batch);
        }
        let axes: Vec<Axis> = order.iter().map(|&axis| Axis::At(axis as i64)).collect();
        let axes = Axes::of(&axes).ok_or_else(|| format!("more than {MAX_RANK} axes"))?;
        let value = self.push(path, Op::Permute { axes, swap: false }, &[source])?;
        self.ordered(value, target, batch)
    }

    /// A value with these sizes of the sample.
    fn ordered(&mut self, value: usize, mut sizes: Vec<i64>, batch: Option<usize>) -> Lowered {
        if let Some(batch) = batch {
            sizes.insert(batch, self.batch);
        }
        self.placed(Tensor { value, batch: None }, &sizes, batch)
    }

    /// The value with the batch first, as layers with channels and spatial axes require.
    pub(super) fn in_front(&mut self, x: Tensor) -> Lowered {
        let sizes = self.sizes(x);
        match x.batch {
            Some(0) => Ok(x),
            _ if self.batch == 1 && sizes.len() > 1 && sizes[0] == 1 => self.placed(x, &sizes, Some(0)),
            _ => Err("the batch is not in front".to_owned()),
        }
    }

    /// The value with its batch of 1 as an ordinary axis.
    pub(super) fn merged(&mut self, x: Tensor) -> Lowered {
        let sizes = self.sizes(x);
        match x.batch {
            None => Ok(x),
            Some(_) if self.batch == 1 => self.placed(x, &sizes, None),
            Some(_) => Err("it moves the batch".to_owned()),
        }
    }

    /// Values aligned at their last axes, and the position of the result's batch, counted from the end.
    pub(super) fn aligned(&mut self, values: &[Tensor]) -> Result<(Vec<Tensor>, Option<usize>), String> {
        let from_end = |import: &Import, x: &Tensor| x.batch.map(|batch| import.sizes(*x).len() - batch);
        let places: Vec<usize> = values.iter().filter_map(|x| from_end(self, x)).collect();
        let Some(&place) = places.first() else { return Ok((values.to_vec(), None)) };
        // A value without a batch must not extend to that axis, or must have size 1 there.
        let fits = |import: &Import, x: &Tensor| {
            let sizes = import.sizes(*x);
            x.batch.is_some() || sizes.len() < place || sizes[sizes.len() - place] == 1
        };
        if places.iter().any(|other| *other != place) || !values.iter().all(|x| fits(self, x)) {
            let merged = values.iter().map(|&x| self.merged(x)).collect::<Result<Vec<_>, _>>()?;
            return Ok((merged, None));
        }
        let mut aligned = Vec::new();
        for &x in values {
            let sizes = self.sizes(x);
            let reaches = x.batch.is_none() && sizes.len() >= place;
            aligned.push(if reaches { self.placed(x, &sizes, Some(sizes.len() - place))? } else { x });
        }
        Ok((aligned, Some(place)))
    }
}

/// An axis of the sample; in a value with the batch first, the first one has the channels.
pub(super) fn named(position: usize, x: Tensor) -> Axis {
    match (position, x.batch) {
        (0, Some(0)) => Axis::Channels,
        _ => Axis::At(position as i64),
    }
}

/// Axes that are all written as numbers from the front.
pub(super) fn positions(axes: &Axes) -> Option<Vec<usize>> {
    let position = |axis: &Axis| match axis {
        Axis::At(at) => usize::try_from(*at).ok(),
        Axis::Channels | Axis::Depth | Axis::Height | Axis::Width | Axis::Length => None,
    };
    axes.as_slice().iter().map(position).collect()
}
