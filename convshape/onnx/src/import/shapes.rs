//! What changes a value's shape, and parts of values.

use convshape::graph::Op;
use convshape::graph::op::{Amount, Axis};
use convshape::ndarray::{ArrayD, IxDyn};

use super::batch::{Tensor, named, positions};
use super::constant::{Constant, place};
use super::node::Node;
use super::{Import, Lowered, Value};

impl Import {
    /// `Squeeze` and `Unsqueeze`.
    pub(super) fn squeeze(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let axes = node.ints("axes").or_else(|| self.constant(node, 1)?.ints());
        let sizes = self.sizes(x);
        if node.op() == "Unsqueeze" {
            let axes = axes.ok_or("axes that are computed")?;
            let rank = sizes.len() + axes.len();
            let new: Option<Vec<usize>> = axes.iter().map(|&axis| place(axis, rank).filter(|at| *at < rank)).collect();
            let new = new.ok_or("an axis that is not there")?;
            let mut old = sizes.iter().enumerate();
            let (mut target, mut batch) = (Vec::new(), None);
            for at in 0..rank {
                match new.contains(&at) {
                    true => target.push(1),
                    false => {
                        let (axis, &size) = old.next().ok_or("an axis twice")?;
                        batch = batch.or((x.batch == Some(axis)).then_some(at));
                        target.push(size);
                    }
                }
            }
            // A value without a batch gets one in front.
            let batch = batch.or((self.batch == 1 && target[0] == 1).then_some(0));
            return self.placed(x, &target, batch);
        }
        let gone: Vec<usize> = match axes {
            Some(axes) => axes.iter().map(|&axis| self.index(axis, x)).collect::<Result<_, _>>()?,
            None => (0..sizes.len()).filter(|&axis| sizes[axis] == 1 && x.batch != Some(axis)).collect(),
        };
        if gone.iter().any(|&axis| sizes[axis] != 1) {
            return Err("it takes away an axis that is not of size 1".to_owned());
        }
        let left: Vec<usize> = (0..sizes.len()).filter(|axis| !gone.contains(axis)).collect();
        let batch = x.batch.and_then(|batch| left.iter().position(|&axis| axis == batch));
        let target: Vec<i64> = left.iter().map(|&axis| sizes[axis]).collect();
        self.placed(x, &target, batch)
    }

    /// `Flatten` and `Reshape`.
    pub(super) fn reshape(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let sizes = self.sizes(x);
        let target = match node.op() {
            "Flatten" => {
                let axis = node.int("axis", 1);
                let at = place(axis, sizes.len()).filter(|&at| at <= sizes.len()).ok_or("an axis that is not there")?;
                vec![sizes[..at].iter().product(), sizes[at..].iter().product()]
            }
            _ => self.target(node, &sizes)?,
        };
        if let Some(norm) = self.regrouped(node, x, &target) {
            return norm;
        }
        self.reshaped(x, &target)
    }

    /// The sizes that a `Reshape` gives.
    pub(super) fn target(&self, node: Node<'_>, sizes: &[i64]) -> Result<Vec<i64>, String> {
        let given = node.ints("shape").or_else(|| self.constant(node, 1)?.ints());
        written(&given.ok_or("a shape that is computed")?, sizes, node.int("allowzero", 0) != 0)
    }

    /// `Expand`: further axes in front, and axes of size 1 that are repeated.
    pub(super) fn expand(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let target = self.constant(node, 1).and_then(|sizes| sizes.ints()).ok_or("a shape that is computed")?;
        let x = self.widened(x, target.len())?;
        let sizes = self.sizes(x);
        let full: Vec<i64> = match target.len() < sizes.len() {
            true => sizes[..sizes.len() - target.len()].iter().copied().chain(target).collect(),
            false => target,
        };
        let repeats = full.iter().zip(&sizes).any(|(&size, &own)| size != 1 && size != own);
        // Elementwise layers repeat what they read, unless both operands wait for it.
        let broadcasts = |op: &String| matches!(op.as_str(), "Add" | "Sub" | "Mul" | "Div");
        let name = node.0.output.first().map_or("", String::as_str);
        let readers = self.makers.values().filter(|reader| reader.input.iter().any(|input| input == name));
        let mut others = readers.flat_map(|reader| &reader.input).filter(|input| *input != name);
        let is_expanded = |input: &String| self.makers.get(input).is_some_and(|maker| maker.op_type == "Expand");
        let alone = !others.any(is_expanded);
        if !repeats || alone && self.readers.get(name).is_some_and(|readers| readers.iter().all(broadcasts)) {
            return Ok(x);
        }
        self.stretched(node, x, &full)
    }

    /// The value with axes of size 1 repeated up to these sizes.
    fn stretched(&mut self, node: Node<'_>, x: Tensor, full: &[i64]) -> Lowered {
        let sizes = self.sizes(x);
        if full.iter().zip(&sizes).any(|(&size, &own)| size < 1 || size != own && own != 1 && size != 1) {
            return Err(format!("{full:?} does not broadcast with {sizes:?}"));
        }
        let mut wide = full.to_vec();
        if let Some(batch) = x.batch {
            if full[batch] != self.batch && full[batch] != 1 {
                return Err("it repeats the batch".to_owned());
            }
            wide.remove(batch);
        }
        let wide: Option<Vec<usize>> = wide.iter().map(|&size| usize::try_from(size).ok()).collect();
        let wide = wide.ok_or("a negative size")?;
        let count = wide.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        count.filter(|&count| count < 1 << 24).ok_or("a value larger than memory")?;
        let zeros = Constant::Floats(ArrayD::zeros(wide.clone()));
        let zeros = self.parameter("expand", &zeros, &wide, false)?;
        Ok(Tensor { value: self.push(self.path(node), Op::Add, &[x.value, zeros])?, ..x })
    }

    /// Repeats the value along each axis.
    pub(super) fn tile(&mut self, node: Node<'_>) -> Lowered {
        /// More copies are not written out.
        const MAX_COPIES: i64 = 64;
        let x = self.tensor(node, 0)?;
        let repeats = self.constant(node, 1).and_then(|repeats| repeats.ints()).ok_or("repeats that are computed")?;
        let mut sizes = self.sizes(x);
        if repeats.len() != sizes.len() || repeats.iter().any(|&times| times < 1) {
            return Err(format!("{repeats:?} times {sizes:?}"));
        }
        if repeats.iter().zip(&sizes).any(|(&times, &size)| size != 1 && times > MAX_COPIES) {
            return Err(format!("{repeats:?} copies"));
        }
        let mut y = x;
        for (axis, &times) in repeats.iter().enumerate().filter(|(_, times)| **times > 1) {
            if sizes[axis] != 1 {
                let op = Op::Concat { axis: self.axis(axis as i64, y)? };
                let copies = vec![y.value; usize::try_from(times).unwrap_or(1)];
                y = Tensor { value: self.push(self.path(node), op, &copies)?, ..y };
                sizes[axis] *= times;
            }
        }
        let full: Vec<i64> =
            repeats.iter().zip(&sizes).map(|(&times, &size)| if size == 1 { times } else { size }).collect();
        if full == sizes { Ok(y) } else { self.stretched(node, y, &full) }
    }

    pub(super) fn concat(&mut self, node: Node<'_>) -> Lowered {
        let count = node.0.input.len();
        let tensors = (0..count).filter_map(|at| self.tensor(node, at).ok()).collect::<Vec<_>>();
        let first = *tensors.first().ok_or("an input is missing")?;
        let axis = self.index(node.int("axis", 1), first)?;
        let batch = tensors.iter().find_map(|x| x.batch);
        let mut values = Vec::new();
        for at in 0..count {
            values.push(match (self.constant(node, at), node.input(at)) {
                (Some(constant), _) if constant.shape().contains(&0) => continue,
                (Some(constant), Some(name)) => {
                    // Numbers of the file have the batch as an axis of size 1.
                    let mut sizes = constant.shape().to_vec();
                    let own = batch.filter(|&at| at != axis && sizes.get(at) == Some(&1));
                    own.map(|at| sizes.remove(at));
                    Tensor { value: self.parameter(name, &constant, &sizes, true)?, batch: own }
                }
                _ => self.tensor(node, at)?,
            });
        }
        if values.iter().any(|x| x.batch != values[0].batch || x.batch == Some(axis)) {
            values = values.into_iter().map(|x| self.merged(x)).collect::<Result<_, _>>()?;
        }
        let first = values[0];
        if let [only] = values.as_slice() {
            return Ok(*only);
        }
        let at = self.position(axis as i64, first)?;
        let values: Vec<usize> = values.iter().map(|x| x.value).collect();
        let are_turned = values.iter().all(|&value| self.beneath(value).is_some());
        let value = match self.all_beneath(&values)?.filter(|_| are_turned) {
            Some((sources, order)) => {
                let y = self.push(self.path(node), Op::Concat { axis: named(order[at], first) }, &sources)?;
                self.turned(y, &order)?
            }
            None => self.push(self.path(node), Op::Concat { axis: named(at, first) }, &values)?,
        };
        Ok(Tensor { value, ..first })
    }

    /// The elements `start..end` along an axis of the file.
    pub(super) fn part(&mut self, node: Node<'_>, x: Tensor, axis: usize, start: i64, end: i64) -> Lowered {
        if (start, end) == (0, self.sizes(x)[axis]) {
            return Ok(x);
        }
        let at = self.position(axis as i64, x)?;
        if let Some(value) = self.part_of_view(node, x.value, at, start, end)? {
            return Ok(Tensor { value, ..x });
        }
        self.one(node, Op::Slice { axis: named(at, x), start, end: Some(end) }, x)
    }

    /// A part of a permutation as the permutation of a part, and a part of a split axis as a part of that axis: what
    /// `chunk` and `unbind` of queries, keys and values come to.
    fn part_of_view(
        &mut self,
        node: Node<'_>,
        value: usize,
        at: usize,
        start: i64,
        end: i64,
    ) -> Result<Option<usize>, String> {
        let free = |value: usize| Tensor { value, batch: None };
        let Some((op, inputs)) = self.made(value) else { return Ok(None) };
        let source = free(inputs.first().copied().unwrap_or(value));
        let mut sizes = self.sample(free(value));
        match op {
            Op::Permute { axes, .. } => {
                let order = positions(&axes);
                let Some(order) = order else { return Ok(None) };
                let part = self.part(node, source, order[at], start, end)?;
                Ok(Some(self.permuted(self.path(node), part, &order)?.value))
            }
            Op::Reshape { .. } | Op::Flatten { .. } => {
                let product = |sizes: &[i64]| sizes.iter().product::<i64>();
                let from = self.sample(source);
                let before = product(&sizes[..at]);
                let split = (0..from.len()).find(|&axis| product(&from[..axis]) == before && from[axis] >= sizes[at]);
                let Some(split) = split.filter(|&axis| from[axis] % sizes[at] == 0) else { return Ok(None) };
                let each = from[split] / sizes[at];
                if !(at + 1..=sizes.len()).any(|last| product(&sizes[at + 1..last]) == each) {
                    return Ok(None);
                }
                let part = self.part(node, source, split, start * each, end * each)?;
                sizes[at] = end - start;
                Ok(Some(self.placed(part, &sizes, None)?.value))
            }
            _ => Ok(None),
        }
    }

    /// Parts of a value. Without elements they are numbers, that a `Concat` leaves out: `roll` by 0 writes such.
    pub(super) fn slice(&mut self, node: Node<'_>) -> Result<Value, String> {
        let mut x = self.tensor(node, 0)?;
        let list = |name: &str, at: usize| node.ints(name).or_else(|| self.constant(node, at)?.ints());
        let computed = "a range that is computed";
        let (starts, ends) = (list("starts", 1).ok_or(computed)?, list("ends", 2).ok_or(computed)?);
        let axes = match node.input(3) {
            Some(_) => list("axes", 3).ok_or(computed)?,
            None => node.ints("axes").unwrap_or_else(|| (0..starts.len() as i64).collect()),
        };
        let steps = if node.input(4).is_some() { list("steps", 4).ok_or(computed)? } else { Vec::new() };
        let before = self.sizes(x);
        let mut ranges: Vec<(i64, i64)> = before.iter().map(|&size| (0, size)).collect();
        let (mut strides, mut backwards) = (Vec::new(), Vec::new());
        for (at, ((&start, &end), &axis)) in starts.iter().zip(&ends).zip(&axes).enumerate() {
            let axis = self.index(axis, x)?;
            let size = before[axis];
            let bound = |at: i64| if at < 0 { at.saturating_add(size).max(0) } else { at.min(size) };
            let range = (bound(start), bound(end));
            match steps.get(at).copied().unwrap_or(1) {
                1 => ranges[axis] = range,
                step @ 2.. => strides.push((axis, range, step)),
                step if step < 0 => {
                    // From the last element to the first at most.
                    let bound = |at: i64| (if at < 0 { at.saturating_add(size) } else { at }).clamp(-1, size - 1);
                    let mut places = Vec::new();
                    let mut at = bound(start);
                    while at > bound(end) {
                        places.push(at);
                        at = at.saturating_add(step);
                    }
                    backwards.push((axis, places));
                }
                step => return Err(format!("with step {step}")),
            }
        }
        if ranges.iter().any(|(start, end)| start >= end) {
            let sizes = ranges.iter().map(|(start, end)| usize::try_from(end - start).unwrap_or(0)).collect::<Vec<_>>();
            return Ok(Value::Constant(Constant::Floats(ArrayD::zeros(sizes))));
        }
        // What is cut off in space is a border.
        let rank = before.len();
        let cut = |axis: usize| ranges[axis] != (0, before[axis]);
        if x.batch == Some(0) && (4..=5).contains(&rank) && (2..rank).filter(|&axis| cut(axis)).count() > 1 {
            let mut pairs = [(0, 0); 3];
            for axis in 2..rank {
                let (start, end) = ranges[axis];
                pairs[axis - 2] = (start, before[axis] - end);
                ranges[axis] = (0, before[axis] - start - pairs[axis - 2].1);
            }
            let amount = Amount::Pairs { rank: Some(rank - 2), pairs };
            x = self.one(node, Op::Crop { amount }, x)?;
        }
        for (axis, (start, end)) in ranges.into_iter().enumerate() {
            x = self.part(node, x, axis, start, end)?;
        }
        for (axis, range, step) in strides {
            x = self.strided(node, x, axis, range, step)?;
        }
        for (axis, places) in backwards {
            if places.is_empty() {
                return Err("a range without elements".to_owned());
            }
            x = self.picked(node, x, axis, &places)?;
        }
        Ok(Value::Tensor(x))
    }

    /// Every `step`-th element: of rows of `step` elements the same place of each.
    fn strided(&mut self, node: Node<'_>, x: Tensor, axis: usize, range: (i64, i64), step: i64) -> Lowered {
        let size = self.sizes(x)[axis];
        let count = (range.1 - range.0).max(0) / step + i64::from((range.1 - range.0).max(0) % step != 0);
        if count < 1 {
            return Err("a range without elements".to_owned());
        }
        let Some(rows) = count.checked_mul(step).filter(|&rows| rows <= size) else {
            let places: Vec<i64> = (0..count).map(|at| range.0 + at * step).collect();
            return self.picked(node, x, axis, &places);
        };
        let first = range.0.min(size - rows);
        let x = self.part(node, x, axis, first, first + rows)?;
        let mut sizes = self.sizes(x);
        sizes.splice(axis..=axis, [count, step]);
        let batch = x.batch.map(|batch| batch + usize::from(axis < batch));
        let x = self.placed(x, &sizes, batch)?;
        let at = range.0 - first;
        let x = self.part(node, x, axis + 1, at, at + 1)?;
        sizes.remove(axis + 1);
        self.placed(x, &sizes, batch.map(|batch| batch - usize::from(axis < batch)))
    }

    /// Pieces along an axis, each a statement.
    pub(super) fn split(&mut self, node: Node<'_>) -> Result<Vec<Value>, String> {
        let constant = self.constant(node, 0);
        let (sizes, axis) = match &constant {
            Some(constant) => (constant.shape().iter().map(|&size| size as i64).collect(), node.int("axis", 0)),
            None => {
                let x = self.tensor(node, 0)?;
                (self.sizes(x), node.int("axis", 0))
            }
        };
        let axis = place(axis, sizes.len()).filter(|&axis| axis < sizes.len()).ok_or("an axis that is not there")?;
        let size = sizes[axis];
        let count = node.0.output.len().max(1) as i64;
        let given = node.ints("split").or_else(|| self.constant(node, 1)?.ints());
        let each = (size + count - 1) / count;
        let pieces: Vec<i64> = given.unwrap_or_else(|| (0..count).map(|piece| each.min(size - piece * each)).collect());
        let sum = pieces.iter().try_fold(0_i64, |sum, &piece| sum.checked_add(piece));
        if pieces.len() as i64 != count || pieces.iter().any(|&piece| piece < 0) || sum != Some(size) {
            return Err("pieces that do not add up".to_owned());
        }
        let mut start = 0;
        let mut parts = Vec::new();
        for piece in pieces {
            parts.push(match &constant {
                Some(constant) => Value::Constant(constant.part(axis, start, start + piece).ok_or("an empty piece")?),
                None => {
                    let x = self.tensor(node, 0)?;
                    Value::Tensor(self.part(node, x, axis, start, start + piece)?)
                }
            });
            start += piece;
        }
        Ok(parts)
    }

    /// Elements along an axis by their places.
    pub(super) fn gather(&mut self, node: Node<'_>) -> Lowered {
        if let ("Gather", Some(table), None) = (node.op(), self.constant(node, 0), self.constant(node, 1)) {
            return self.looked_up(node, &table);
        }
        let given = self.constant(node, 1).ok_or("places that are computed")?;
        let x = self.tensor(node, 0)?;
        let (x, given) = match node.op() {
            "Gather" => (x, given),
            _ => self.one_axis(node, x, &given)?,
        };
        let axis = self.index(node.int("axis", 0), x)?;
        let size = self.sizes(x)[axis];
        let places = given.ints().ok_or("places that are no whole numbers")?;
        let places: Vec<i64> = places.iter().map(|&at| if at < 0 { at.saturating_add(size) } else { at }).collect();
        if places.is_empty() || places.iter().any(|at| !(0..size).contains(at)) {
            return Err("places beyond the axis".to_owned());
        }
        if let (Some(groups), Axis::Channels) = (shuffle(&places, size), self.axis(axis as i64, x)?) {
            return self.one(node, Op::ChannelShuffle { groups }, x);
        }
        let y = self.picked(node, x, axis, &places)?;
        // The axis is replaced by the axes of the places, of which a single place has none.
        let own: Vec<i64> = given.shape().iter().map(|&size| size as i64).collect();
        if own.len() == 1 {
            return Ok(y);
        }
        let mut target = self.sizes(y);
        target.splice(axis..=axis, own.iter().copied());
        let batch = y.batch.map(|batch| if axis < batch { batch + own.len() - 1 } else { batch });
        let front = (self.batch == 1 && target.len() > 1 && target[0] == 1).then_some(0);
        self.placed(y, &target, batch.or(front))
    }
}

impl Import {
    /// What `GatherND` reads with the axes of its places as one, and the places along that.
    fn one_axis(&mut self, node: Node<'_>, x: Tensor, places: &Constant) -> Result<(Tensor, Constant), String> {
        let sizes = self.sizes(x);
        let (&depth, before) = places.shape().split_last().ok_or("no places")?;
        if !(1..=sizes.len()).contains(&depth) || node.int("batch_dims", 0) != 0 {
            return Err("places of another number of axes".to_owned());
        }
        let x = if x.batch.is_some_and(|batch| batch < depth) { self.merged(x)? } else { x };
        let rows = places.ints().ok_or("places that are no whole numbers")?;
        let mut flat = Vec::new();
        for row in rows.chunks_exact(depth) {
            let mut at = 0;
            for (&index, &size) in row.iter().zip(&sizes) {
                let index = if index < 0 { index.saturating_add(size) } else { index };
                at = at * size + Some(index).filter(|at| (0..size).contains(at)).ok_or("places beyond the axis")?;
            }
            flat.push(at);
        }
        let target = [&[sizes[..depth].iter().product()], &sizes[depth..]].concat();
        let x = self.placed(x, &target, x.batch.map(|batch| batch + 1 - depth))?;
        let flat = ArrayD::from_shape_vec(IxDyn(before), flat).map_err(|error| error.to_string())?;
        Ok((x, Constant::Ints(flat)))
    }
}

/// The number of equal parts whose elements some places take in turn.
fn shuffle(places: &[i64], size: i64) -> Option<i64> {
    // The second element taken is the first of the second part, so its place is the size of a part.
    let groups = size.checked_div(*places.get(1)?).filter(|groups| *groups > 1 && *groups < size)?;
    let each = size / groups;
    let order = (0..size).map(|at| at % groups * each + at / groups);
    (size % groups == 0 && places.iter().copied().eq(order)).then_some(groups)
}

/// The sizes of a reshape: 0 is the size before, -1 what is left.
fn written(target: &[i64], sizes: &[i64], zero: bool) -> Result<Vec<i64>, String> {
    let mut given = Vec::new();
    for (axis, &size) in target.iter().enumerate() {
        given.push(match size {
            0 if !zero => *sizes.get(axis).ok_or("a size of an axis that is not there")?,
            size => size,
        });
    }
    let product = |sizes: Vec<i64>| sizes.into_iter().try_fold(1_i64, i64::checked_mul);
    let all = product(sizes.to_vec()).unwrap_or(0);
    let known = product(given.iter().copied().filter(|size| *size != -1).collect()).unwrap_or(0);
    if known <= 0 || all % known != 0 || given.iter().filter(|size| **size == -1).count() > 1 {
        return Err(format!("{target:?} does not fit the elements of {sizes:?}"));
    }
    given.iter_mut().filter(|size| **size == -1).for_each(|size| *size = all / known);
    Ok(given)
}
