//! Elements by their places: known places, places that are computed, and the places of extremes.

use convshape::Shape;
use convshape::graph::op::{Activation, Axes, Reduction, Source};
use convshape::graph::{Init, Op};
use convshape::ndarray::Array2;

use super::batch::{Tensor, named};
use super::constant::Constant;
use super::node::Node;
use super::{Import, Lowered};

/// The most numbers of a matrix that is written for a node.
const MAX_NUMBERS: usize = 1 << 24;

/// Takes every difference of two numbers to 1 or more.
const STEEP: f64 = 1e38;

impl Import {
    /// A matrix times what is along an axis of the file.
    pub(super) fn along(&mut self, node: Node<'_>, x: Tensor, axis: usize, matrix: &Array2<f32>) -> Lowered {
        let at = self.position(axis as i64, x)?;
        Ok(Tensor { value: self.times(node, x.value, at, matrix)?, ..x })
    }

    /// A matrix times what is along an axis of a value.
    fn times(&mut self, node: Node<'_>, value: usize, at: usize, matrix: &Array2<f32>) -> Result<usize, String> {
        if let Some((source, order)) = self.beneath(value) {
            let y = self.times(node, source, order[at], matrix)?;
            return self.turned(y, &order);
        }
        if matrix.len() >= MAX_NUMBERS {
            return Err("a matrix larger than memory".to_owned());
        }
        let free = |value: usize| Tensor { value, batch: None };
        let mut sizes = self.sample(free(value));
        let is_last = at + 1 == sizes.len();
        let matrix = if is_last { matrix.t() } else { matrix.view() };
        let numbers = Constant::Floats(matrix.as_standard_layout().into_owned().into_dyn());
        let matrix = self.numbers(super::names::snake(node.op()), &numbers);
        let op = Op::MatMul { transpose_a: false, transpose_b: false };
        let y = if is_last {
            let rows = if at == 0 { self.placed(free(value), &[1, sizes[0]], None)?.value } else { value };
            self.push(self.path(node), op, &[rows, matrix])?
        } else {
            let rest = sizes[at + 1..].iter().product();
            let columns = self.placed(free(value), &[&sizes[..=at], &[rest]].concat(), None)?;
            self.push(self.path(node), op, &[matrix, columns.value])?
        };
        let y = free(y);
        let own = self.sample(y);
        sizes[at] = own[own.len() - if is_last { 1 } else { 2 }];
        Ok(self.placed(y, &sizes, None)?.value)
    }

    /// Numbers that no training changes.
    pub(super) fn numbers(&mut self, path: String, numbers: &Constant) -> usize {
        let sizes = numbers.shape().to_vec();
        let shape = Shape::of(&sizes.iter().map(|&size| size as i64).collect::<Vec<_>>());
        let floats: Vec<f32> = numbers.floats().iter().copied().collect();
        let of = Source::Parameter { init: Init::Constant(0.0), trained: false };
        let params = vec![(String::new(), sizes, floats)];
        let op = Op::Source { of, shape };
        if let Some(at) = self.statements.iter().position(|other| other.op == op && other.params == params) {
            return self.inputs.len() + at;
        }
        let value = self.push_source(path, op, shape);
        params.into_iter().for_each(|(field, shape, numbers)| self.give(value, field, shape, numbers));
        value
    }

    /// The elements at these indices along an axis, counted as in the file.
    pub(super) fn picked(&mut self, node: Node<'_>, x: Tensor, axis: usize, places: &[i64]) -> Lowered {
        /// More pieces are written as a matrix of zeros and ones.
        const MAX_PIECES: usize = 4;
        let size = self.sizes(x)[axis];
        let runs: Vec<&[i64]> = places.chunk_by(|one, next| one + 1 == *next).collect();
        if runs.len() > MAX_PIECES {
            let (rows, columns) = (places.len(), usize::try_from(size).unwrap_or(0));
            rows.checked_mul(columns).filter(|&count| count < MAX_NUMBERS).ok_or("elements in another order")?;
            let mut matrix = Array2::zeros((rows, columns));
            for (row, &place) in places.iter().enumerate() {
                matrix[[row, usize::try_from(place).unwrap_or(0)]] = 1.0;
            }
            return self.along(node, x, axis, &matrix);
        }
        let mut parts = Vec::new();
        for run in runs {
            parts.push(self.part(node, x, axis, run[0], run[run.len() - 1] + 1)?);
        }
        match parts.as_slice() {
            [only] => Ok(*only),
            parts => {
                let values: Vec<usize> = parts.iter().map(|part| part.value).collect();
                let op = Op::Concat { axis: named(self.position(axis as i64, x)?, x) };
                Ok(Tensor { value: self.push(self.path(node), op, &values)?, ..x })
            }
        }
    }

    /// `CumSum`: a triangle of ones times what is along the axis.
    pub(super) fn cumulative(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let axis =
            self.constant(node, 1).and_then(|axis| axis.ints()?.first().copied()).ok_or("an axis that is computed")?;
        let axis = self.index(axis, x)?;
        let size = usize::try_from(self.sizes(x)[axis]).unwrap_or(0);
        if size >= 1 << 12 {
            return Err("a matrix larger than memory".to_owned());
        }
        let (exclusive, reverse) = (node.int("exclusive", 0) != 0, node.int("reverse", 0) != 0);
        let matrix = Array2::from_shape_fn((size, size), |(row, column)| {
            let (row, column) = if reverse { (column, row) } else { (row, column) };
            if column < row || column == row && !exclusive { 1.0 } else { 0.0 }
        });
        self.along(node, x, axis, &matrix)
    }

    /// `ArgMax` and `ArgMin`: the first place of the extreme.
    pub(super) fn extreme_place(&mut self, node: Node<'_>) -> Lowered {
        if node.int("select_last_index", 0) != 0 {
            return Err("the last of equal extremes".to_owned());
        }
        let mut x = self.tensor(node, 0)?;
        if node.op() == "ArgMin" {
            x = self.one(node, Op::Scale { by: -1.0 }, x)?;
        }
        let axis = self.index(node.int("axis", 0), x)?;
        let (_, first) = self.extremes(node, x, axis)?;
        let first = self.push(self.path(node), Op::Scale { by: -1.0 }, &[first])?;
        #[expect(clippy::cast_precision_loss, reason = "a size")]
        let count = Activation::AddScalar { by: self.sizes(x)[axis] as f64 };
        let value = self.push(self.path(node), Op::Activation(count), &[first])?;
        let y = Tensor { value, ..x };
        let y = if node.int("keepdims", 1) != 0 { y } else { self.without_axis(y, axis)? };
        self.whole.insert(y.value);
        Ok(y)
    }

    /// `Hardmax`: 1 at the first place of the maximum, 0 elsewhere.
    pub(super) fn hardmax(&mut self, node: Node<'_>) -> Lowered {
        let x = self.tensor(node, 0)?;
        let axis = self.softmax_axis(node, x)?;
        let (weighed, first) = self.extremes(node, x, axis)?;
        let below = self.push(self.path(node), Op::Sub, &[weighed, first])?;
        Ok(Tensor { value: self.is_zero(node, below)?, ..x })
    }

    /// `size - place` at the maxima along an axis, 0 elsewhere; and the largest of these, that of the first maximum.
    fn extremes(&mut self, node: Node<'_>, x: Tensor, axis: usize) -> Result<(usize, usize), String> {
        let at = self.position(axis as i64, x)?;
        let sizes = self.sample(x);
        let axes = Axes::of(&[named(at, x)]).ok_or("over no axis")?;
        let largest = Op::Reduce { kind: Reduction::Max, axes: Some(axes), keep: true };
        let peak = self.push(self.path(node), largest, &[x.value])?;
        let below = self.push(self.path(node), Op::Sub, &[x.value, peak])?;
        let hits = self.is_zero(node, below)?;
        let mut wide = vec![1; sizes.len()];
        wide[at] = usize::try_from(sizes[at]).unwrap_or(1);
        let left = Array2::from_shape_fn((1, wide[at]), |(_, place)| (wide[at] - place) as f32);
        let left = Constant::Floats(left.into_dyn().to_shape(wide).map_err(|error| error.to_string())?.into_owned());
        let left = self.numbers("places".to_owned(), &left);
        let weighed = self.push(self.path(node), Op::Mul, &[hits, left])?;
        Ok((weighed, self.push(self.path(node), largest, &[weighed])?))
    }

    /// 1 where a value that is never positive is 0.
    fn is_zero(&mut self, node: Node<'_>, value: usize) -> Result<usize, String> {
        let steep = self.push(self.path(node), Op::Scale { by: STEEP }, &[value])?;
        let clamp = Op::Activation(Activation::Clamp { min: -1.0, max: 0.0 });
        let clamped = self.push(self.path(node), clamp, &[steep])?;
        self.push(self.path(node), Op::Activation(Activation::AddScalar { by: 1.0 }), &[clamped])
    }

    /// The value without an axis of size 1.
    pub(super) fn without_axis(&mut self, x: Tensor, axis: usize) -> Lowered {
        let mut sizes = self.sizes(x);
        sizes.remove(axis);
        self.placed(x, &sizes, x.batch.map(|batch| batch - usize::from(axis < batch)))
    }

    /// 1 at the place that a whole number names, 0 elsewhere, along a further axis at the end: `relu(1 - |x - place|)`.
    pub(super) fn one_hot(&mut self, node: Node<'_>, x: Tensor, count: usize) -> Lowered {
        self.hat(node, x, count)
    }

    /// `relu(1 - |x - place|)` for the places along a further axis at the end.
    pub(super) fn hat(&mut self, node: Node<'_>, x: Tensor, count: usize) -> Lowered {
        let mut sizes = self.sizes(x);
        let cells = self.sample(x).iter().product::<i64>();
        usize::try_from(cells)
            .ok()
            .and_then(|cells| cells.checked_mul(count))
            .filter(|&all| all < MAX_NUMBERS)
            .ok_or("a table larger than memory")?;
        sizes.push(1);
        let x = self.placed(x, &sizes, x.batch)?;
        let mut wide = vec![1; self.sample(x).len()];
        wide.last_mut().into_iter().for_each(|last| *last = count as i64);
        let shape = Shape::of(&[count as i64]);
        let op = Op::Source { of: Source::Arange, shape };
        let places = match self.statements.iter().position(|other| other.op == op) {
            Some(at) => self.inputs.len() + at,
            None => self.push_source(String::new(), op, shape),
        };
        let places = self.placed(Tensor { value: places, batch: None }, &wide, None)?;
        let away = self.push(self.path(node), Op::Sub, &[x.value, places.value])?;
        let mut value = self.push(self.path(node), Op::Activation(Activation::Abs), &[away])?;
        for op in [
            Op::Scale { by: -1.0 },
            Op::Activation(Activation::AddScalar { by: 1.0 }),
            Op::Activation(Activation::Relu),
        ] {
            value = self.push(self.path(node), op, &[value])?;
        }
        Ok(Tensor { value, ..x })
    }

    /// Rows of a table that the file knows, by places that are computed.
    pub(super) fn looked_up(&mut self, node: Node<'_>, table: &Constant) -> Lowered {
        let x = self.tensor(node, 1)?;
        if node.int("axis", 0) != 0 || table.shape().is_empty() {
            return Err("places that are computed".to_owned());
        }
        let rows = table.shape()[0];
        let width: usize = table.shape()[1..].iter().product();
        let hits = self.one_hot(node, x, rows)?;
        let weight = self.parameter(node.input(0).unwrap_or_default(), table, &[rows, width], true)?;
        let op = Op::MatMul { transpose_a: false, transpose_b: false };
        let value = self.push(self.path(node), op, &[hits.value, weight])?;
        let mut target = self.sizes(x);
        target.extend(table.shape()[1..].iter().map(|&size| size as i64));
        let front = (self.batch == 1 && target.first() == Some(&1)).then_some(0);
        self.placed(Tensor { value, batch: None }, &target, x.batch.or(front))
    }
}
