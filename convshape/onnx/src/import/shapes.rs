//! Shapes that files compute, and what changes a value's shape.

use convshape::Shape;
use convshape::graph::Op;
use convshape::graph::op::{Amount, Axis, AxisOrder};

use super::constant::{Constant, fold, place};
use super::lower::{Lowered, numbers};
use super::node::Node;
use super::{Extent, Import, Value};

impl Import {
    /// What a node computes of sizes; `None` where it reads no sizes.
    pub(super) fn sizes(&self, node: Node<'_>, inputs: &[Option<Value>]) -> Option<Value> {
        match (node.op(), inputs.first()?.as_ref()?) {
            ("Shape", Value::Tensor(value)) => {
                let sizes = numbers(&self.shapes[*value]);
                let all: Vec<Extent> =
                    std::iter::once(Extent::Batch).chain(sizes.into_iter().map(Extent::Number)).collect();
                let rank = all.len();
                let bound = |name: &str, default: i64| {
                    let at = node.int(name, default);
                    usize::try_from(if at < 0 { at + rank as i64 } else { at }).unwrap_or(0).min(rank)
                };
                let (start, end) = (bound("start", 0), bound("end", rank as i64));
                Some(settled(all[start.min(end)..end].to_vec()))
            }
            ("Cast" | "Identity" | "Unsqueeze" | "Squeeze", Value::Sizes(sizes)) => Some(settled(sizes.clone())),
            ("Gather", Value::Sizes(sizes)) => {
                let indices = self.constant(node, 1)?.ints()?;
                let picked = indices.iter().map(|&index| sizes.get(place(index, sizes.len())?).copied());
                Some(settled(picked.collect::<Option<_>>()?))
            }
            ("Slice", Value::Sizes(sizes)) => {
                // The places of what is kept, by the same operator.
                let places: Vec<i64> = (0..sizes.len() as i64).collect();
                let mut constants: Vec<Option<Constant>> =
                    (0..node.0.input.len()).map(|at| self.constant(node, at)).collect();
                constants[0] = Some(Constant::list(&places));
                let kept = fold(&node, &constants)?.ints()?;
                Some(settled(kept.iter().filter_map(|&at| sizes.get(usize::try_from(at).ok()?).copied()).collect()))
            }
            ("Concat", _) if inputs.iter().flatten().any(|input| matches!(input, Value::Sizes(_))) => {
                let mut all = Vec::new();
                for input in inputs {
                    match input.as_ref()? {
                        Value::Sizes(sizes) => all.extend(sizes),
                        Value::Constant(constant) => all.extend(constant.ints()?.into_iter().map(Extent::Number)),
                        Value::Tensor(_) | Value::Unknown => return None,
                    }
                }
                Some(settled(all))
            }
            _ => None,
        }
    }

    /// The target of a reshape without the batch, or why it is none.
    fn target(&self, node: Node<'_>, x: usize) -> Result<Vec<i64>, String> {
        let sizes = numbers(&self.shapes[x]);
        let all: i64 = sizes.iter().product();
        let axes = || node.ints("axes").or_else(|| self.constant(node, 1)?.ints());
        match node.op() {
            "Flatten" => match place(node.int("axis", 1), sizes.len() + 1) {
                Some(1) => Ok(vec![all]),
                _ => Err("it moves the batch".to_owned()),
            },
            "Squeeze" => {
                let gone: Vec<usize> = match axes() {
                    Some(axes) => axes.iter().filter_map(|&axis| place(axis, sizes.len() + 1)).collect(),
                    None => (1..=sizes.len()).filter(|&axis| sizes[axis - 1] == 1).collect(),
                };
                if gone.contains(&0) || gone.iter().any(|&axis| sizes.get(axis - 1) != Some(&1)) {
                    return Err("it takes away the batch".to_owned());
                }
                Ok((0..sizes.len()).filter(|axis| !gone.contains(&(axis + 1))).map(|axis| sizes[axis]).collect())
            }
            "Unsqueeze" => {
                let axes = axes().ok_or("axes that are computed")?;
                let rank = sizes.len() + 1 + axes.len();
                let mut places: Vec<usize> = axes.iter().filter_map(|&axis| place(axis, rank)).collect();
                places.sort_unstable();
                let mut target = sizes;
                for at in places {
                    if at == 0 || at > target.len() + 1 {
                        return Err("an axis in front of the batch".to_owned());
                    }
                    target.insert(at - 1, 1);
                }
                Ok(target)
            }
            _ => self.reshape_target(node, &sizes, all),
        }
    }

    fn reshape_target(&self, node: Node<'_>, sizes: &[i64], all: i64) -> Result<Vec<i64>, String> {
        let given = node.input(1).map(|name| self.value(name));
        let target: Vec<Extent> = match given {
            Some(Value::Sizes(sizes)) => sizes,
            Some(Value::Constant(constant)) => {
                constant.ints().ok_or("a shape that is no list of sizes")?.into_iter().map(Extent::Number).collect()
            }
            None => node.ints("shape").ok_or("no shape")?.into_iter().map(Extent::Number).collect(),
            Some(_) => return Err("a shape that is computed".to_owned()),
        };
        let (first, rest) = target.split_first().ok_or("a shape without axes")?;
        let rest: Option<Vec<i64>> = rest
            .iter()
            .enumerate()
            .map(|(axis, size)| match size {
                Extent::Number(0) => sizes.get(axis).copied(),
                Extent::Number(size) => Some(*size),
                Extent::Batch => None,
            })
            .collect();
        let mut rest = rest.ok_or("it moves the batch")?;
        let product = |sizes: &[i64]| sizes.iter().try_fold(1_i64, |product, &size| product.checked_mul(size));
        let written: Vec<i64> = rest.iter().copied().filter(|size| *size != -1).collect();
        let known = product(&written).unwrap_or(0);
        if known <= 0 || all % known != 0 {
            return Err("it moves the batch".to_owned());
        }
        rest.iter_mut().filter(|size| **size == -1).for_each(|size| *size = all / known);
        let keeps = match first {
            Extent::Batch | Extent::Number(0 | -1) => true,
            Extent::Number(number) => Some(*number) == self.batch,
        };
        match keeps && product(&rest) == Some(all) {
            true => Ok(rest),
            false => Err("it moves the batch".to_owned()),
        }
    }

    pub(super) fn reshape(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let target = self.target(node, x)?;
        if target == numbers(&self.shapes[x]) {
            return Ok(x);
        }
        if let Some(norm) = self.regrouped(node, x, &target) {
            return norm;
        }
        // The operators of a head that ends in vectors: the mean without its axes.
        match target.len() {
            0 => Err("it takes away all axes".to_owned()),
            1 => self.push(String::new(), Op::FLATTEN, &[x]),
            2..=6 => self.push(String::new(), Op::Reshape { shape: Shape::of(&target) }, &[x]),
            _ => Err("more than 6 axes".to_owned()),
        }
    }

    pub(super) fn slice(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let list = |name: &str, at: usize| node.ints(name).or_else(|| self.constant(node, at)?.ints());
        let (starts, ends) =
            (list("starts", 1).ok_or("a range that is computed")?, list("ends", 2).ok_or("a range that is computed")?);
        let axes = list("axes", 3).unwrap_or_else(|| (0..starts.len() as i64).collect());
        if list("steps", 4).is_some_and(|steps| steps.iter().any(|&step| step != 1)) {
            return Err("with steps".to_owned());
        }
        let sizes = numbers(&self.shapes[x]);
        let mut value = x;
        let mut pairs = [(0, 0); 3];
        for ((&start, &end), &axis) in starts.iter().zip(&ends).zip(&axes) {
            let axis =
                place(axis, sizes.len() + 1).filter(|&axis| axis <= sizes.len()).ok_or("an axis that is not there")?;
            if axis == 0 {
                return Err("a part of the batch".to_owned());
            }
            let size = sizes[axis - 1];
            let bound = |at: i64| if at < 0 { at.saturating_add(size).max(0) } else { at.min(size) };
            let (start, end) = (bound(start), bound(end));
            match axis {
                1 if (start, end) != (0, size) => {
                    value = self.push(self.path(node), Op::Slice { axis: Axis::Channels, start, end }, &[value])?
                }
                1 => {}
                axis if axis - 2 < 3 => pairs[axis - 2] = (start, size - end),
                _ => return Err("an axis that is not there".to_owned()),
            }
        }
        if pairs != [(0, 0); 3] {
            let amount = Amount::Pairs { rank: Some(sizes.len() - 1), pairs };
            value = self.push(self.path(node), Op::Crop { amount }, &[value])?;
        }
        Ok(value)
    }

    /// Pieces along an axis, each a statement.
    pub(super) fn split(&mut self, node: Node<'_>, outputs: &[String]) -> Result<(), String> {
        let x = self.tensor(node, 0)?;
        let sizes = numbers(&self.shapes[x]);
        let axis = self.axis(node.int("axis", 0), x)?;
        let size = axis.index(sizes.len(), AxisOrder::ChannelsFirst).map_or(0, |at| sizes[at]);
        let count = outputs.len() as i64;
        let given = node.ints("split").or_else(|| self.constant(node, 1)?.ints());
        let each = (size + count - 1) / count;
        let pieces: Vec<i64> = given.unwrap_or_else(|| (0..count).map(|piece| each.min(size - piece * each)).collect());
        if pieces.len() != outputs.len()
            || pieces.iter().try_fold(0_i64, |sum, &piece| sum.checked_add(piece)) != Some(size)
        {
            return Err("pieces that do not add up".to_owned());
        }
        let mut start = 0;
        for (piece, output) in pieces.iter().zip(outputs) {
            let value = self.push(String::new(), Op::Slice { axis, start, end: start + piece }, &[x])?;
            self.values.insert(output.clone(), Value::Tensor(value));
            start += piece;
        }
        Ok(())
    }
}

/// Sizes that are all numbers are a list of numbers.
fn settled(sizes: Vec<Extent>) -> Value {
    let numbers: Option<Vec<i64>> = sizes
        .iter()
        .map(|size| match size {
            Extent::Number(number) => Some(*number),
            Extent::Batch => None,
        })
        .collect();
    match numbers {
        Some(numbers) => Value::Constant(Constant::list(&numbers)),
        None => Value::Sizes(sizes),
    }
}
