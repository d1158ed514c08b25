//! Operators that read numbers of the file alone.

mod learned;

use convshape::ndarray::{ArrayD, ArrayView1, Axis, IxDyn, Zip, concatenate};

use super::constant::{Constant, both, place};
use super::node::Node;

/// The most elements that are computed ahead.
const MAX_COUNT: usize = 1 << 28;

/// The most elements of an array that is filled with one number: no more than a file could contain.
pub(super) const MAX_REPEATED: usize = 1 << 24;

/// The most elements of all arrays that operators such as `ConstantOfShape` fill: a few bytes of a file can ask for
/// any number. A large network has about as many.
pub(super) const MAX_FILLED: usize = 1 << 28;

/// A node that reads numbers.
pub(super) struct Call<'a> {
    pub(super) node: Node<'a>,
    pub(super) opset: i64,
    /// `None` for an input that is left out.
    pub(super) inputs: &'a [Option<Constant>],
}

/// What a node computes; `None` if its inputs do not fit, or the result would be too large.
pub(super) type Operator = fn(&Call<'_>) -> Option<Constant>;

/// The operator of this name, if it is computed ahead.
pub(super) fn operator(name: &str) -> Option<Operator> {
    let operator: Operator = match name {
        "Identity" | "Dropout" => |call| call.input(0).cloned(),
        "Cast" => cast,
        "Shape" => |call| Some(Constant::list(&sizes(call.input(0)?))),
        "Reshape" => |call| reshaped(call.input(0)?, &call.input(1)?.ints()?),
        "Flatten" => flattened,
        "ReduceProd" => |call| call.reduced(i64::checked_mul, |a, b| a * b),
        "ReduceSum" => |call| call.reduced(i64::checked_add, |a, b| a + b),
        "ReduceMean" => mean,
        "ReduceMax" => |call| call.reduced(|a, b| Some(a.max(b)), f32::max),
        "ReduceMin" => |call| call.reduced(|a, b| Some(a.min(b)), f32::min),
        "Unsqueeze" => |call| unsqueezed(call.input(0)?, &call.list("axes", 1)?),
        "Squeeze" => |call| squeezed(call.input(0)?, call.list("axes", 1)),
        "Transpose" => transposed,
        "ConstantOfShape" => constant_of_shape,
        "Concat" => joined,
        "Gather" => gathered,
        "Slice" => sliced,
        "Expand" => |call| broadcast(call.input(0)?, &call.input(1)?.ints()?),
        "Tile" => |call| tiled(call.input(0)?, &call.input(1)?.ints()?),
        "Range" => range,
        "Where" => chosen,
        "Trilu" => triangle,
        "GatherElements" => gathered_elements,
        "GatherND" => gathered_parts,
        "ScatterElements" => scattered_elements,
        "CumSum" => cumulated,
        "EyeLike" => diagonal,
        "NonZero" => nonzero,
        "Size" => {
            |call| Some(Constant::Ints(convshape::ndarray::arr0(call.input(0)?.floats().len() as i64).into_dyn()))
        }
        "OneHot" => one_hot,
        "Round" => |call| call.each(f32::round_ties_even),
        "Sign" => |call| call.each(|x| if x == 0.0 { 0.0 } else { x.signum() }),
        "IsNaN" => |call| Some(Constant::Ints(call.input(0)?.floats().mapv(|x| i64::from(x.is_nan())))),
        "Clip" => clipped,
        "ScatterND" => scattered,
        "Equal" => |call| call.compare(|a, b| a == b),
        "Less" => |call| call.compare(|a, b| a < b),
        "Greater" => |call| call.compare(|a, b| a > b),
        "LessOrEqual" => |call| call.compare(|a, b| a <= b),
        "GreaterOrEqual" => |call| call.compare(|a, b| a >= b),
        "And" => |call| call.compare(|a, b| a != 0.0 && b != 0.0),
        "Or" => |call| call.compare(|a, b| a != 0.0 || b != 0.0),
        "Not" => |call| Some(Constant::Ints(call.input(0)?.floats().mapv(|x| i64::from(x == 0.0)))),
        "Sqrt" => |call| call.each(f32::sqrt),
        "Log" => |call| call.each(f32::ln),
        "Sin" => |call| call.each(f32::sin),
        "Cos" => |call| call.each(f32::cos),
        "Exp" => |call| call.each(f32::exp),
        "Floor" => |call| call.each(f32::floor),
        "Ceil" => |call| call.each(f32::ceil),
        "Reciprocal" => |call| call.each(f32::recip),
        "Sigmoid" => |call| call.each(|x| 1.0 / (1.0 + (-x).exp())),
        "Relu" => |call| call.each(|x| x.max(0.0)),
        "Abs" => |call| match call.input(0)? {
            Constant::Ints(array) => Some(Constant::Ints(array.mapv(i64::wrapping_abs))),
            Constant::Floats(_) => call.each(f32::abs),
        },
        "Neg" => |call| match call.input(0)? {
            Constant::Ints(array) => Some(Constant::Ints(array.mapv(i64::wrapping_neg))),
            Constant::Floats(_) => call.each(|x| -x),
        },
        "Tanh" => |call| call.each(f32::tanh),
        "DequantizeLinear" => dequantised,
        "MatMul" => learned::product,
        "Gemm" => learned::gemm,
        "Softmax" => learned::softmax,
        "LayerNormalization" => learned::layer_norm,
        "BatchNormalization" => learned::batch_norm,
        "Add" => |call| call.combine(i64::checked_add, |a, b| a + b),
        "Sub" => |call| call.combine(i64::checked_sub, |a, b| a - b),
        "Mul" => |call| call.combine(i64::checked_mul, |a, b| a * b),
        "Div" => |call| call.combine(i64::checked_div, |a, b| a / b),
        "Pow" => |call| call.combine(|a, b| a.checked_pow(u32::try_from(b).ok()?), f32::powf),
        "Mod" => |call| call.combine(i64::checked_rem_euclid, |a, b| a - b * (a / b).floor()),
        "Max" => |call| call.combine(|a, b| Some(a.max(b)), f32::max),
        "Min" => |call| call.combine(|a, b| Some(a.min(b)), f32::min),
        _ => return None,
    };
    Some(operator)
}

impl Call<'_> {
    pub(super) fn input(&self, at: usize) -> Option<&Constant> {
        self.inputs.get(at)?.as_ref()
    }

    /// Whole numbers of an attribute or, in later versions, of an input.
    fn list(&self, name: &str, at: usize) -> Option<Vec<i64>> {
        self.node.ints(name).or_else(|| self.input(at)?.ints())
    }

    /// A function of each element.
    fn each(&self, function: impl Fn(f32) -> f32) -> Option<Constant> {
        Some(Constant::Floats(self.input(0)?.floats().mapv(function)))
    }

    /// All elements along some axes as one, by a function of two.
    fn reduced(&self, whole: impl Fn(i64, i64) -> Option<i64>, real: impl Fn(f32, f32) -> f32) -> Option<Constant> {
        let constant = self.input(0)?;
        let rank = constant.shape().len();
        let axes = self.list("axes", 1).unwrap_or_default();
        if axes.is_empty() && self.node.int("noop_with_empty_axes", 0) != 0 {
            return Some(constant.clone());
        }
        let axes = if axes.is_empty() { (0..rank as i64).collect() } else { axes };
        let mut axes: Vec<usize> = axes.iter().map(|&axis| place(axis, rank)).collect::<Option<_>>()?;
        axes.sort_unstable();
        axes.dedup();
        let keep = self.node.int("keepdims", 1) != 0;
        let mut result = constant.clone();
        for &axis in axes.iter().rev() {
            if *result.shape().get(axis)? == 0 {
                return None;
            }
            result = match result {
                Constant::Ints(array) => {
                    let of = |lane: ArrayView1<'_, i64>| {
                        lane.iter().copied().map(Some).reduce(|a, b| whole(a?, b?)).flatten()
                    };
                    let found = array.map_axis(Axis(axis), of);
                    found
                        .iter()
                        .all(Option::is_some)
                        .then(|| Constant::Ints(found.mapv(|number| number.unwrap_or(0))))?
                }
                Constant::Floats(array) => Constant::Floats(
                    array.map_axis(Axis(axis), |lane| lane.iter().copied().reduce(&real).unwrap_or_default()),
                ),
            };
            if keep {
                result = both!(result, array => array.insert_axis(Axis(axis)));
            }
        }
        Some(result)
    }

    /// A condition on each pair of elements, as 0 and 1.
    fn compare(&self, holds: impl Fn(f32, f32) -> bool) -> Option<Constant> {
        let (a, b) = (self.input(0)?.floats(), self.input(1)?.floats());
        let found = zipped(&a, &b, |a, b| if holds(a, b) { 1.0 } else { 0.0 })?;
        Some(Constant::Ints(found.mapv(|x| i64::from(x != 0.0))))
    }

    /// A function of each pair of elements; for whole numbers one that may have no result.
    fn combine(&self, whole: impl Fn(i64, i64) -> Option<i64>, real: impl Fn(f32, f32) -> f32) -> Option<Constant> {
        let (a, b) = (self.input(0)?, self.input(1)?);
        if let (Constant::Ints(a), Constant::Ints(b)) = (a, b) {
            let zipped = zipped(a, b, |a, b| whole(a, b).unwrap_or(i64::MIN))?;
            return zipped.iter().all(|&number| number != i64::MIN).then_some(Constant::Ints(zipped));
        }
        Some(Constant::Floats(zipped(&a.floats(), &b.floats(), real)?))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn mean(call: &Call<'_>) -> Option<Constant> {
    let count = call.input(0)?.floats().len();
    let sum = call.reduced(|_, _| None, |a, b| a + b)?;
    let each = (count / sum.floats().len().max(1)) as f32;
    matches!(sum, Constant::Floats(_)).then(|| Constant::Floats(sum.floats().mapv(|x| x / each)))
}

/// `DequantizeLinear`: `(x - zero point) * scale`, with one of these for all, for each place along an axis, or for each
/// block of such places.
fn dequantised(call: &Call<'_>) -> Option<Constant> {
    let x = call.input(0)?.floats();
    let axis = place(call.node.int("axis", 1), x.ndim().max(1))?;
    let block = usize::try_from(call.node.int("block_size", 0)).ok()?;
    let along = |numbers: &Constant| -> Option<ArrayD<f32>> {
        let numbers = numbers.floats();
        match numbers.ndim() {
            1 if numbers.len() > 1 => {
                let mut sizes = vec![1; x.ndim()];
                *sizes.get_mut(axis)? = numbers.len();
                Some(numbers.to_shape(sizes).ok()?.into_owned())
            }
            rank if rank > 1 && block > 0 => {
                let places: Vec<usize> = (0..*x.shape().get(axis)?).map(|at| at / block).collect();
                let fits = rank == x.ndim() && places.last().is_none_or(|last| *last < numbers.shape()[axis]);
                fits.then(|| numbers.select(Axis(axis), &places))
            }
            _ => Some(numbers),
        }
    };
    let scale = along(call.input(1)?)?;
    let moved = match call.input(2) {
        Some(zero) => zipped(&x, &along(zero)?, |x, zero| x - zero)?,
        None => x.clone(),
    };
    Some(Constant::Floats(zipped(&moved, &scale, |x, scale| x * scale)?))
}

fn flattened(call: &Call<'_>) -> Option<Constant> {
    let constant = call.input(0)?;
    let axis = place(call.node.int("axis", 1), constant.shape().len())?;
    let count = |sizes: &[usize]| sizes.iter().product::<usize>() as i64;
    reshaped(constant, &[count(constant.shape().get(..axis)?), count(&constant.shape()[axis..])])
}

fn sizes(constant: &Constant) -> Vec<i64> {
    constant.shape().iter().map(|&size| size as i64).collect()
}

fn cast(call: &Call<'_>) -> Option<Constant> {
    Some(match (call.node.int("to", 1), call.input(0)?) {
        (1 | 10 | 11 | 16, constant) => Constant::Floats(constant.floats()),
        #[expect(clippy::cast_possible_truncation, reason = "as the operator does")]
        (_, Constant::Floats(array)) => Constant::Ints(array.mapv(|x| x as i64)),
        (_, ints) => ints.clone(),
    })
}

fn transposed(call: &Call<'_>) -> Option<Constant> {
    let first = call.input(0)?;
    let rank = first.shape().len();
    let order: Option<Vec<usize>> = match call.node.ints("perm") {
        Some(order) => order.iter().map(|&axis| usize::try_from(axis).ok()).collect(),
        None => Some((0..rank).rev().collect()),
    };
    let order = order?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted != (0..rank).collect::<Vec<_>>() {
        return None;
    }
    Some(both!(first, array => array.clone().permuted_axes(order).as_standard_layout().into_owned()))
}

fn constant_of_shape(call: &Call<'_>) -> Option<Constant> {
    let sizes: Option<Vec<usize>> = call.input(0)?.ints()?.iter().map(|&size| usize::try_from(size).ok()).collect();
    let sizes = sizes?;
    let count = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    count.filter(|&count| count < MAX_FILLED)?;
    Some(match call.node.tensor("value") {
        Some(value) => both!(&value, array => ArrayD::from_elem(sizes, *array.iter().next()?)),
        None => Constant::Floats(ArrayD::zeros(sizes)),
    })
}

fn joined(call: &Call<'_>) -> Option<Constant> {
    let all: Vec<&Constant> = call.inputs.iter().map(Option::as_ref).collect::<Option<_>>()?;
    let axis = Axis(place(call.node.int("axis", 0), all.first()?.shape().len())?);
    let ints: Option<Vec<_>> = all
        .iter()
        .map(|constant| match constant {
            Constant::Ints(array) => Some(array.view()),
            Constant::Floats(_) => None,
        })
        .collect();
    match ints {
        Some(views) => concatenate(axis, &views).ok().map(Constant::Ints),
        None => {
            let arrays: Vec<_> = all.iter().map(|constant| constant.floats()).collect();
            let views: Vec<_> = arrays.iter().map(|array| array.view()).collect();
            concatenate(axis, &views).ok().map(Constant::Floats)
        }
    }
}

/// Elements along an axis, each by an index of its own.
fn gathered_elements(call: &Call<'_>) -> Option<Constant> {
    let (first, indices) = (call.input(0)?, call.input(1)?);
    let axis = place(call.node.int("axis", 0), first.shape().len())?;
    let size = *first.shape().get(axis)?;
    let Constant::Ints(indices) = indices else { return None };
    let fits = indices.ndim() == first.shape().len()
        && indices.shape().iter().zip(first.shape()).enumerate().all(|(at, (own, all))| at == axis || own <= all);
    let inside = |&index: &i64| place(index, size).is_some_and(|index| index < size);
    if !fits || !indices.iter().all(inside) {
        return None;
    }
    Some(both!(first, array => ArrayD::from_shape_fn(indices.raw_dim(), |at| {
        let mut from = at.clone();
        from[axis] = place(indices[&at], size).unwrap_or(0);
        array[from]
    })))
}

/// The first numbers with others at some places, each by an index of its own along an axis.
fn scattered_elements(call: &Call<'_>) -> Option<Constant> {
    let (first, updates) = (call.input(0)?, call.input(2)?.floats());
    let Constant::Ints(indices) = call.input(1)? else { return None };
    let axis = place(call.node.int("axis", 0), first.shape().len())?;
    let size = *first.shape().get(axis)?;
    let fits = indices.shape() == updates.shape()
        && indices.ndim() == first.shape().len()
        && indices.shape().iter().zip(first.shape()).enumerate().all(|(at, (own, all))| at == axis || own <= all);
    if !fits || call.node.text("reduction", "none") != "none" {
        return None;
    }
    let mut values = first.floats();
    for ((at, &index), &new) in indices.indexed_iter().zip(&updates) {
        let mut to = at.clone();
        to[axis] = place(index, size).filter(|at| *at < size)?;
        values[to] = new;
    }
    #[expect(clippy::cast_possible_truncation, reason = "they were whole")]
    Some(match first {
        Constant::Ints(_) => Constant::Ints(values.mapv(|x| x as i64)),
        Constant::Floats(_) => Constant::Floats(values),
    })
}

/// Parts by the indices of their first axes.
fn gathered_parts(call: &Call<'_>) -> Option<Constant> {
    let (first, places) = (call.input(0)?, call.input(1)?);
    let (&depth, before) = places.shape().split_last()?;
    let sizes = first.shape();
    if depth == 0 || depth > sizes.len() || call.node.int("batch_dims", 0) != 0 {
        return None;
    }
    let rest = &sizes[depth..];
    let each = rest.iter().product::<usize>();
    let mut picked = Vec::new();
    for row in places.ints()?.chunks_exact(depth) {
        let mut at = 0;
        for (&index, &size) in row.iter().zip(sizes) {
            at = at * size + place(index, size).filter(|at| *at < size)?;
        }
        picked.extend(at * each..(at + 1) * each);
    }
    let shape = [before, rest].concat();
    Some(both!(first, array => {
        let flat: Vec<_> = array.iter().copied().collect();
        ArrayD::from_shape_vec(IxDyn(&shape), picked.iter().map(|&at| flat[at]).collect()).ok()?
    }))
}

/// Sums of all elements up to each.
fn cumulated(call: &Call<'_>) -> Option<Constant> {
    let mut result = call.input(0)?.clone();
    let axis = place(*call.input(1)?.ints()?.first()?, result.shape().len())?;
    if axis >= result.shape().len() || call.node.int("exclusive", 0) != 0 || call.node.int("reverse", 0) != 0 {
        return None;
    }
    match &mut result {
        Constant::Ints(array) => array.accumulate_axis_inplace(Axis(axis), |before, x| *x = x.wrapping_add(*before)),
        Constant::Floats(array) => array.accumulate_axis_inplace(Axis(axis), |before, x| *x += before),
    }
    Some(result)
}

/// `EyeLike`: ones on a diagonal.
fn diagonal(call: &Call<'_>) -> Option<Constant> {
    let &[rows, columns] = call.input(0)?.shape() else { return None };
    let shift = call.node.int("k", 0);
    let ones = ArrayD::from_shape_fn(IxDyn(&[rows, columns]), |at| i64::from(at[1] as i64 - at[0] as i64 == shift));
    let ones = Constant::Ints(ones);
    Some(if matches!(call.node.int("dtype", 1), 6 | 7 | 9) { ones } else { Constant::Floats(ones.floats()) })
}

/// The indices of all elements that are not 0, a row for each axis.
fn nonzero(call: &Call<'_>) -> Option<Constant> {
    let array = call.input(0)?.floats();
    let found: Vec<_> = array.indexed_iter().filter(|(_, x)| **x != 0.0).map(|(at, _)| at).collect();
    let all = (0..array.ndim()).flat_map(|axis| found.iter().map(move |at| at[axis] as i64)).collect();
    ArrayD::from_shape_vec(IxDyn(&[array.ndim(), found.len()]), all).ok().map(Constant::Ints)
}

/// `OneHot` along the last axis.
fn one_hot(call: &Call<'_>) -> Option<Constant> {
    let (indices, values) = (call.input(0)?, call.input(2)?);
    let rank = indices.shape().len();
    let depth = usize::try_from(*call.input(1)?.ints()?.first()?).ok()?;
    let count = indices.shape().iter().product::<usize>().checked_mul(depth)?;
    if place(call.node.int("axis", -1), rank + 1)? != rank || count >= MAX_REPEATED {
        return None;
    }
    let sizes = [indices.shape(), &[depth]].concat();
    let places: Option<Vec<usize>> = indices.ints()?.iter().map(|&index| place(index, depth)).collect();
    let places = places?;
    let hits = (0..count).map(|at| places[at / depth] == at % depth);
    Some(both!(values, values => {
        let values: Vec<_> = values.iter().copied().collect();
        let [off, on] = values[..] else { return None };
        ArrayD::from_shape_vec(IxDyn(&sizes), hits.map(|hit| if hit { on } else { off }).collect()).ok()?
    }))
}

fn clipped(call: &Call<'_>) -> Option<Constant> {
    let bound = |at: usize, name: &str, open: f32| match call.node.input(at) {
        Some(_) => call.input(at)?.scalar(),
        #[expect(clippy::cast_possible_truncation, reason = "it was f32")]
        None => Some(call.node.float(name, open) as f32),
    };
    let (min, max) = (bound(1, "min", f32::MIN)?, bound(2, "max", f32::MAX)?);
    #[expect(clippy::cast_possible_truncation, reason = "a bound of whole numbers")]
    Some(match call.input(0)? {
        Constant::Ints(array) => Constant::Ints(array.mapv(|x| x.max(min as i64).min(max as i64))),
        Constant::Floats(array) => Constant::Floats(array.mapv(|x| x.max(min).min(max))),
    })
}

/// Elements along an axis by their indices, whose own axes take that axis' place.
fn gathered(call: &Call<'_>) -> Option<Constant> {
    let (first, indices) = (call.input(0)?, call.input(1)?);
    let axis = place(call.node.int("axis", 0), first.shape().len())?;
    let size = *first.shape().get(axis)?;
    let picked = indices.ints()?.iter().map(|&index| place(index, size).filter(|&index| index < size)).collect();
    let picked: Option<Vec<usize>> = picked;
    let picked = picked?;
    let mut sizes = first.shape().to_vec();
    sizes.splice(axis..=axis, indices.shape().iter().copied());
    Some(both!(first, array => array.select(Axis(axis), &picked).to_shape(sizes).ok()?.into_owned()))
}

fn sliced(call: &Call<'_>) -> Option<Constant> {
    let (starts, ends) = (call.list("starts", 1)?, call.list("ends", 2)?);
    let axes = call.list("axes", 3).unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = call.list("steps", 4).unwrap_or_else(|| vec![1; starts.len()]);
    let mut result = call.input(0)?.clone();
    for (((&start, &end), &axis), &step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = place(axis, result.shape().len())?;
        let size = *result.shape().get(axis)? as i64;
        // A negative step begins at the last element and may go to the first.
        let (least, most) = if step < 0 { (-1, size - 1) } else { (0, size) };
        let bound = |at: i64| (if at < 0 { at.saturating_add(size) } else { at }).clamp(least, most);
        let (start, end) = (bound(start), bound(end));
        let count = (end - start).checked_div(step)? + i64::from((end - start).checked_rem(step)? != 0);
        let picked: Option<Vec<usize>> =
            (0..count).map(|at| usize::try_from(start + at * step).ok().filter(|&at| (at as i64) < size)).collect();
        let picked = picked?;
        result = both!(&result, array => array.select(Axis(axis), &picked));
    }
    Some(result)
}

fn range(call: &Call<'_>) -> Option<Constant> {
    let number = |at: usize| call.input(at)?.ints()?.first().copied();
    let (start, end, step) = (number(0)?, number(1)?, number(2)?);
    let count = end.checked_sub(start)?.checked_add(step - step.signum())?.checked_div(step)?.max(0);
    (count < MAX_COUNT as i64).then(|| Constant::list(&(0..count).map(|at| start + at * step).collect::<Vec<_>>()))
}

/// The upper or lower triangle of matrices, zeros elsewhere.
pub(super) fn triangle(call: &Call<'_>) -> Option<Constant> {
    let first = call.input(0)?;
    let shift = call.input(1).map_or(Some(0), |shift| shift.ints()?.first().copied())?;
    let upper = call.node.int("upper", 1) != 0;
    let &[.., rows, columns] = first.shape() else { return None };
    let mut at = 0..;
    let mut keep = || {
        let index = at.next().unwrap_or(0) % (rows * columns).max(1);
        let right = (index % columns.max(1)) as i64 - (index / columns.max(1)) as i64;
        if upper { right >= shift } else { right <= shift }
    };
    Some(both!(first, array => array.mapv(|x| if keep() { x } else { Default::default() })))
}

/// Of two arrays the first where a condition is not 0.
fn chosen(call: &Call<'_>) -> Option<Constant> {
    fn pick<T: Copy + Default>(condition: &ArrayD<f32>, then: &ArrayD<T>, other: &ArrayD<T>) -> Option<ArrayD<T>> {
        let sizes = common(&[condition.shape(), then.shape(), other.shape()])?;
        let mut result = ArrayD::from_elem(IxDyn(&sizes), T::default());
        let zip = Zip::from(&mut result)
            .and(condition.broadcast(&*sizes)?)
            .and(then.broadcast(&*sizes)?)
            .and(other.broadcast(&*sizes)?);
        zip.for_each(|result, &condition, &then, &other| *result = if condition != 0.0 { then } else { other });
        Some(result)
    }
    let condition = call.input(0)?.floats();
    Some(match (call.input(1)?, call.input(2)?) {
        (Constant::Ints(then), Constant::Ints(other)) => Constant::Ints(pick(&condition, then, other)?),
        (then, other) => Constant::Floats(pick(&condition, &then.floats(), &other.floats())?),
    })
}

/// Element by element, axes of size 1 stretched.
fn zipped<T: Copy + Default>(a: &ArrayD<T>, b: &ArrayD<T>, compute: impl Fn(T, T) -> T) -> Option<ArrayD<T>> {
    let sizes = common(&[a.shape(), b.shape()])?;
    let mut result = ArrayD::from_elem(IxDyn(&sizes), T::default());
    let (a, b) = (a.broadcast(IxDyn(&sizes))?, b.broadcast(IxDyn(&sizes))?);
    Zip::from(&mut result).and(&a).and(&b).for_each(|result, &a, &b| *result = compute(a, b));
    Some(result)
}

/// The shape to which some shapes broadcast.
pub(super) fn common(shapes: &[&[usize]]) -> Option<Vec<usize>> {
    let rank = shapes.iter().map(|shape| shape.len()).max()?;
    let mut sizes = vec![1; rank];
    for shape in shapes {
        for (own, &size) in sizes[rank - shape.len()..].iter_mut().zip(*shape) {
            match (*own, size) {
                (_, 1) => {}
                (1, size) => *own = size,
                (own, size) if own == size => {}
                _ => return None,
            }
        }
    }
    let count = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    count.is_some_and(|count| count < MAX_COUNT).then_some(sizes)
}

fn broadcast(constant: &Constant, target: &[i64]) -> Option<Constant> {
    let target: Option<Vec<usize>> = target.iter().map(|&size| usize::try_from(size).ok()).collect();
    let sizes = common(&[constant.shape(), &target?])?;
    Some(both!(constant, array => array.broadcast(sizes)?.to_owned()))
}

fn tiled(constant: &Constant, counts: &[i64]) -> Option<Constant> {
    let mut result = constant.clone();
    for (axis, &count) in counts.iter().enumerate() {
        let count = usize::try_from(count).ok().filter(|count| *count > 0)?;
        let size = *result.shape().get(axis)?;
        let elements = result.shape().iter().try_fold(1_usize, |product, &size| product.checked_mul(size))?;
        elements.checked_mul(count).filter(|&count| count < MAX_COUNT)?;
        let picked: Vec<usize> = (0..size.checked_mul(count)?).map(|at| at % size).collect();
        result = both!(&result, array => array.select(Axis(axis), &picked));
    }
    Some(result)
}

/// The first numbers with others at some places. Each row of places has the first axes of one part.
fn scattered(call: &Call<'_>) -> Option<Constant> {
    if call.node.text("reduction", "none") != "none" {
        return None;
    }
    let (first, places, updates) = (call.input(0)?, call.input(1)?, call.input(2)?.floats());
    let depth = *places.shape().last()?;
    let sizes = first.shape();
    if depth == 0 || depth > sizes.len() {
        return None;
    }
    let places = places.ints()?;
    let each: usize = sizes[depth..].iter().product();
    let mut values = first.floats();
    if updates.len() != places.len() / depth * each {
        return None;
    }
    let (numbers, mut updates) = (values.as_slice_mut()?, updates.iter());
    for row in places.chunks_exact(depth) {
        let mut at = 0;
        for (&index, &size) in row.iter().zip(sizes) {
            at = at * size + place(index, size).filter(|at| *at < size)?;
        }
        numbers[at * each..(at + 1) * each].iter_mut().zip(&mut updates).for_each(|(number, new)| *number = *new);
    }
    #[expect(clippy::cast_possible_truncation, reason = "they were whole")]
    Some(match first {
        Constant::Ints(_) => Constant::Ints(values.mapv(|x| x as i64)),
        Constant::Floats(_) => Constant::Floats(values),
    })
}

fn reshaped(constant: &Constant, target: &[i64]) -> Option<Constant> {
    let old = constant.shape();
    let count: usize = old.iter().product();
    let mut sizes = Vec::new();
    for (axis, &size) in target.iter().enumerate() {
        sizes.push(if size == 0 { i64::try_from(*old.get(axis)?).ok()? } else { size });
    }
    let known: i64 =
        sizes.iter().filter(|size| **size > 0).try_fold(1_i64, |product, &size| product.checked_mul(size))?;
    let sizes: Vec<usize> = sizes
        .iter()
        .map(|&size| match size {
            -1 => count.checked_div(usize::try_from(known).ok()?),
            size => usize::try_from(size).ok(),
        })
        .collect::<Option<_>>()?;
    if sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size)) != Some(count) {
        return None;
    }
    Some(both!(constant, array => array.to_shape(sizes).ok()?.into_owned()))
}

fn unsqueezed(constant: &Constant, axes: &[i64]) -> Option<Constant> {
    let mut sizes = sizes(constant);
    let rank = sizes.len() + axes.len();
    let mut places: Vec<usize> = axes.iter().map(|&axis| place(axis, rank)).collect::<Option<_>>()?;
    places.sort_unstable();
    for at in places {
        (at <= sizes.len()).then(|| sizes.insert(at, 1))?;
    }
    viewed(constant, &sizes)
}

fn squeezed(constant: &Constant, axes: Option<Vec<i64>>) -> Option<Constant> {
    let sizes = sizes(constant);
    let rank = sizes.len();
    let gone: Vec<usize> = match axes {
        Some(axes) => axes.iter().map(|&axis| place(axis, rank)).collect::<Option<_>>()?,
        None => (0..rank).filter(|&axis| sizes[axis] == 1).collect(),
    };
    let left: Vec<i64> = (0..rank).filter(|axis| !gone.contains(axis)).map(|axis| sizes[axis]).collect();
    viewed(constant, &left)
}

/// The elements in another shape, where 0 is a size like others.
fn viewed(constant: &Constant, sizes: &[i64]) -> Option<Constant> {
    let sizes: Vec<usize> = sizes.iter().map(|&size| usize::try_from(size).ok()).collect::<Option<_>>()?;
    Some(both!(constant, array => array.to_shape(sizes).ok()?.into_owned()))
}
