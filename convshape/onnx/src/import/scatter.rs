//! Parts of a value that are replaced by others, and elements by a place of their own.

use convshape::graph::Op;

use super::batch::{Tensor, named};
use super::constant::{Constant, place};
use super::node::Node;
use super::{Import, Lowered};

impl Import {
    /// `ScatterND` whose places are a box: what an assignment to slices comes to.
    pub(super) fn scatter(&mut self, node: Node<'_>) -> Lowered {
        let places = self.constant(node, 1).ok_or("places that are computed")?;
        if node.text("reduction", "none") != "none" {
            return Err("places that add up".to_owned());
        }
        let data = self.whole_operand(node, 0)?;
        let sizes = self.sizes(data);
        let depth =
            places.shape().last().copied().filter(|depth| (1..=sizes.len()).contains(depth)).ok_or("no places")?;
        let rows = places.ints().ok_or("places that are no whole numbers")?;
        let rows: Option<Vec<Vec<i64>>> = rows
            .chunks_exact(depth)
            .map(|row| {
                let index = |(&index, &size): (&i64, &i64)| {
                    let size = usize::try_from(size).ok()?;
                    place(index, size).filter(|&at| at < size).map(|at| at as i64)
                };
                row.iter().zip(&sizes).map(index).collect()
            })
            .collect();
        let rows = rows.ok_or("places beyond the axis")?;
        let (first, last) = rows.first().zip(rows.last()).ok_or("no places")?;
        let mut ranges: Vec<(i64, i64)> = first.iter().zip(last).map(|(&first, &last)| (first, last + 1)).collect();
        let mut next = first.clone();
        for row in &rows {
            if *row != next {
                return Err("places that are no part of the value".to_owned());
            }
            for axis in (0..depth).rev() {
                next[axis] += 1;
                if next[axis] < ranges[axis].1 {
                    break;
                }
                next[axis] = ranges[axis].0;
            }
        }
        ranges.extend(sizes[depth..].iter().map(|&size| (0, size)));
        if ranges.iter().any(|(start, end)| start >= end)
            || ranges[..depth].iter().map(|(a, b)| b - a).product::<i64>() != rows.len() as i64
        {
            return Err("places that are no part of the value".to_owned());
        }
        let updates = self.whole_operand(node, 2)?;
        let target: Vec<i64> = ranges.iter().map(|(start, end)| end - start).collect();
        if data.batch.is_some_and(|batch| ranges[batch] != (0, self.batch)) {
            return Err("it works along the batch".to_owned());
        }
        let updates = self.placed(updates, &target, data.batch)?;
        self.replaced(node, data, updates, &ranges, 0)
    }

    /// An operand as a value; numbers of the file have the batch as an axis.
    fn whole_operand(&mut self, node: Node<'_>, at: usize) -> Lowered {
        match (self.constant(node, at), node.input(at)) {
            (Some(constant), Some(_)) if self.batch == 1 => {
                let wide = Constant::Floats(constant.floats());
                Ok(Tensor { value: self.numbers("start".to_owned(), &wide), batch: None })
            }
            _ => self.tensor(node, at),
        }
    }

    /// The value whose part in some ranges is another one.
    fn replaced(&mut self, node: Node<'_>, x: Tensor, part: Tensor, ranges: &[(i64, i64)], from: usize) -> Lowered {
        let sizes = self.sizes(x);
        let Some(axis) = (from..sizes.len()).find(|&axis| ranges[axis] != (0, sizes[axis])) else { return Ok(part) };
        let (start, end) = ranges[axis];
        let (x, part) = if x.batch == part.batch { (x, part) } else { (self.merged(x)?, self.merged(part)?) };
        let slab = self.part(node, x, axis, start, end)?;
        let middle = self.replaced(node, slab, part, ranges, axis + 1)?;
        let mut pieces = Vec::new();
        if start > 0 {
            pieces.push(self.part(node, x, axis, 0, start)?.value);
        }
        pieces.push(middle.value);
        if end < sizes[axis] {
            pieces.push(self.part(node, x, axis, end, sizes[axis])?.value);
        }
        let op = Op::Concat { axis: named(self.position(axis as i64, x)?, x) };
        Ok(Tensor { value: self.push(self.path(node), op, &pieces)?, ..x })
    }

    /// `GatherElements` by places that are the same along all other axes.
    pub(super) fn gather_elements(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let axis = self.index(node.int("axis", 0), x)?;
        let places = self.constant(node, 1).ok_or("places that are computed")?;
        let sizes = self.sizes(x);
        let shape: Vec<i64> = places.shape().iter().map(|&size| size as i64).collect();
        let fits =
            shape.len() == sizes.len() && (0..sizes.len()).all(|other| other == axis || shape[other] == sizes[other]);
        let numbers = places.ints().filter(|_| fits).ok_or("places of another size")?;
        let step: usize = places.shape()[axis + 1..].iter().product();
        let count = places.shape()[axis];
        let along = |at: usize| numbers[at / step % count * step];
        if (0..numbers.len()).any(|at| numbers[at] != along(at)) {
            return Err("places that differ along other axes".to_owned());
        }
        let size = sizes[axis];
        let places: Vec<i64> =
            (0..count).map(|at| along(at * step)).map(|at| if at < 0 { at + size } else { at }).collect();
        if places.is_empty() || places.iter().any(|at| !(0..size).contains(at)) {
            return Err("places beyond the axis".to_owned());
        }
        self.picked(node, x, axis, &places)
    }

    /// `OneHot`: one number at the place that is given, another elsewhere.
    pub(super) fn one_hot_between(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let depth =
            self.constant(node, 1).and_then(|depth| depth.scalar()).ok_or("a number of classes that is computed")?;
        let values = self.constant(node, 2).ok_or("numbers that are computed")?.floats();
        let rank = self.sizes(x).len();
        let is_last = place(node.int("axis", -1), rank + 1) == Some(rank);
        let values: Vec<f32> = values.iter().copied().collect();
        let ([off, on], true, 1.0..=1e6) = (values.as_slice(), is_last, depth) else {
            return Err("along another axis than the last".to_owned());
        };
        let (off, on) = (f64::from(*off), f64::from(*on));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the range")]
        let mut y = self.one_hot(node, x, depth as usize)?;
        if on - off != 1.0 {
            y = self.one(node, Op::Scale { by: on - off }, y)?;
        }
        if off != 0.0 {
            y = self.one(node, Op::Activation(convshape::graph::op::Activation::AddScalar { by: off }), y)?;
        }
        Ok(y)
    }
}
