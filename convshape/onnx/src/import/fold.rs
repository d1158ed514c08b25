//! Operators that read numbers of the file alone.

use convshape::ndarray::{ArrayD, Axis, IxDyn, Zip};

use super::constant::{Constant, place};
use super::node::Node;

/// The operators of [`fold`], and those that give constants or sizes.
pub(super) const OPERATORS: [&str; 47] = [
    "Abs",
    "Add",
    "And",
    "Cast",
    "Ceil",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Cos",
    "Div",
    "Dropout",
    "Equal",
    "Exp",
    "Expand",
    "Floor",
    "Gather",
    "Greater",
    "GreaterOrEqual",
    "Identity",
    "Less",
    "LessOrEqual",
    "Log",
    "Max",
    "Min",
    "Mod",
    "Mul",
    "Neg",
    "Not",
    "Or",
    "Pow",
    "Range",
    "Reciprocal",
    "Relu",
    "Reshape",
    "ScatterND",
    "Shape",
    "Sigmoid",
    "Sin",
    "Slice",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Tile",
    "Transpose",
    "Trilu",
    "Unsqueeze",
    "Where",
];

/// An operator on constants; `None` for one that is not computed ahead.
pub(super) fn fold(node: &Node<'_>, inputs: &[Option<Constant>]) -> Option<Constant> {
    let first = inputs.first()?.as_ref()?;
    let second = inputs.get(1).and_then(Option::as_ref);
    match node.op() {
        "Identity" | "Dropout" => Some(first.clone()),
        "Cast" => Some(match (node.int("to", 1), first) {
            (1 | 10 | 11 | 16, constant) => Constant::Floats(constant.floats()),
            #[expect(clippy::cast_possible_truncation, reason = "as the operator does")]
            (_, Constant::Floats(array)) => Constant::Ints(array.mapv(|x| x as i64)),
            (_, ints) => ints.clone(),
        }),
        "Shape" => Some(Constant::list(&first.shape().iter().map(|&size| size as i64).collect::<Vec<_>>())),
        "Reshape" => reshaped(first, &second?.ints()?),
        "Unsqueeze" | "Squeeze" => {
            let axes = node.ints("axes").or_else(|| second.and_then(Constant::ints));
            squeezed(first, node.op() == "Unsqueeze", axes)
        }
        "Transpose" => {
            let rank = first.shape().len();
            let order: Option<Vec<usize>> = match node.ints("perm") {
                Some(order) => order.iter().map(|&axis| usize::try_from(axis).ok()).collect(),
                None => Some((0..rank).rev().collect()),
            };
            let order = order?;
            let mut sorted = order.clone();
            sorted.sort_unstable();
            if sorted != (0..rank).collect::<Vec<_>>() {
                return None;
            }
            Some(match first {
                Constant::Floats(array) => {
                    Constant::Floats(array.clone().permuted_axes(order).as_standard_layout().into_owned())
                }
                Constant::Ints(array) => {
                    Constant::Ints(array.clone().permuted_axes(order).as_standard_layout().into_owned())
                }
            })
        }
        "ConstantOfShape" => {
            let sizes: Option<Vec<usize>> = first.ints()?.iter().map(|&size| usize::try_from(size).ok()).collect();
            let sizes = sizes?;
            // No more than a file could have held.
            sizes
                .iter()
                .try_fold(1_usize, |product, &size| product.checked_mul(size))
                .filter(|&count| count < 1 << 24)?;
            match node.tensor("value") {
                Some(Constant::Ints(value)) => Some(Constant::Ints(ArrayD::from_elem(sizes, *value.iter().next()?))),
                Some(Constant::Floats(value)) => {
                    Some(Constant::Floats(ArrayD::from_elem(sizes, *value.iter().next()?)))
                }
                None => Some(Constant::Floats(ArrayD::zeros(sizes))),
            }
        }
        "Concat" => {
            let all: Vec<&Constant> = inputs.iter().map(Option::as_ref).collect::<Option<_>>()?;
            let axis = place(node.int("axis", 0), first.shape().len())?;
            let ints: Option<Vec<_>> = all
                .iter()
                .map(|constant| match constant {
                    Constant::Ints(array) => Some(array.view()),
                    Constant::Floats(_) => None,
                })
                .collect();
            match ints {
                Some(views) => convshape::ndarray::concatenate(Axis(axis), &views).ok().map(Constant::Ints),
                None => {
                    let arrays: Vec<_> = all.iter().map(|constant| constant.floats()).collect();
                    let views: Vec<_> = arrays.iter().map(|array| array.view()).collect();
                    convshape::ndarray::concatenate(Axis(axis), &views).ok().map(Constant::Floats)
                }
            }
        }
        "Gather" => {
            let axis = place(node.int("axis", 0), first.shape().len())?;
            let size = *first.shape().get(axis)?;
            let indices = second?.ints()?;
            let wanted: Option<Vec<usize>> =
                indices.iter().map(|&index| place(index, size).filter(|&index| index < size)).collect();
            let (wanted, shape) = (wanted?, second?.shape());
            Some(match first {
                Constant::Ints(array) => Constant::Ints(gathered(array, axis, &wanted, shape)?),
                Constant::Floats(array) => Constant::Floats(gathered(array, axis, &wanted, shape)?),
            })
        }
        "Slice" => {
            let list = |name: &str, at: usize| node.ints(name).or_else(|| inputs.get(at)?.as_ref()?.ints());
            let (starts, ends) = (list("starts", 1)?, list("ends", 2)?);
            let axes = list("axes", 3).unwrap_or_else(|| (0..starts.len() as i64).collect());
            let steps = list("steps", 4).unwrap_or_else(|| vec![1; starts.len()]);
            let mut result = first.clone();
            for (((&start, &end), &axis), &step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
                let axis = place(axis, result.shape().len())?;
                let size = *result.shape().get(axis)? as i64;
                // A negative step begins at the last element and may go to the first.
                let (least, most) = if step < 0 { (-1, size - 1) } else { (0, size) };
                let bound = |at: i64| (if at < 0 { at.saturating_add(size) } else { at }).clamp(least, most);
                let (start, end) = (bound(start), bound(end));
                let count = (end - start).checked_div(step)? + i64::from((end - start).checked_rem(step)? != 0);
                let picked: Option<Vec<usize>> = (0..count)
                    .map(|at| usize::try_from(start + at * step).ok().filter(|&at| (at as i64) < size))
                    .collect();
                let picked = picked?;
                result = match result {
                    Constant::Ints(array) => Constant::Ints(array.select(Axis(axis), &picked)),
                    Constant::Floats(array) => Constant::Floats(array.select(Axis(axis), &picked)),
                };
            }
            Some(result)
        }
        "Expand" => broadcast(first, &second?.ints()?),
        "Tile" => tiled(first, &second?.ints()?),
        "Range" => {
            let number = |at: usize| inputs.get(at)?.as_ref()?.ints()?.first().copied();
            let (start, end, step) = (number(0)?, number(1)?, number(2)?);
            let count = end.checked_sub(start)?.checked_add(step - step.signum())?.checked_div(step)?.max(0);
            (count < MAX_COUNT as i64)
                .then(|| Constant::list(&(0..count).map(|at| start + at * step).collect::<Vec<_>>()))
        }
        "Where" => {
            let (then, other) = (second?, inputs.get(2)?.as_ref()?);
            let condition = first.floats();
            Some(match (then, other) {
                (Constant::Ints(then), Constant::Ints(other)) => Constant::Ints(chosen(&condition, then, other)?),
                _ => Constant::Floats(chosen(&condition, &then.floats(), &other.floats())?),
            })
        }
        "Trilu" => {
            let shift = second.map_or(Some(0), |shift| shift.ints()?.first().copied())?;
            let upper = node.int("upper", 1) != 0;
            let &[.., rows, columns] = first.shape() else { return None };
            let mut at = 0..;
            let mut keep = || {
                let index = at.next().unwrap_or(0) % (rows * columns).max(1);
                let right = (index % columns.max(1)) as i64 - (index / columns.max(1)) as i64;
                if upper { right >= shift } else { right <= shift }
            };
            Some(match first {
                Constant::Ints(array) => Constant::Ints(array.mapv(|x| if keep() { x } else { 0 })),
                Constant::Floats(array) => Constant::Floats(array.mapv(|x| if keep() { x } else { 0.0 })),
            })
        }
        "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" | "And" | "Or" => {
            let (a, b) = (first.floats(), second?.floats());
            let holds = match node.op() {
                "Equal" => |a: f32, b: f32| a == b,
                "Less" => |a: f32, b: f32| a < b,
                "Greater" => |a: f32, b: f32| a > b,
                "LessOrEqual" => |a: f32, b: f32| a <= b,
                "GreaterOrEqual" => |a: f32, b: f32| a >= b,
                "And" => |a: f32, b: f32| a != 0.0 && b != 0.0,
                _ => |a: f32, b: f32| a != 0.0 || b != 0.0,
            };
            Some(Constant::Ints(
                zipped(&a, &b, |a, b| if holds(a, b) { 1.0 } else { 0.0 })?.mapv(|x| i64::from(x != 0.0)),
            ))
        }
        "Not" => Some(Constant::Ints(first.floats().mapv(|x| i64::from(x == 0.0)))),
        "ScatterND" if node.text("reduction", "none") == "none" => {
            scattered(first, &second?.ints()?, second?.shape(), inputs.get(2)?.as_ref()?)
        }
        "Sqrt" => Some(Constant::Floats(first.floats().mapv(f32::sqrt))),
        "Log" => Some(Constant::Floats(first.floats().mapv(f32::ln))),
        "Sin" => Some(Constant::Floats(first.floats().mapv(f32::sin))),
        "Cos" => Some(Constant::Floats(first.floats().mapv(f32::cos))),
        "Sigmoid" => Some(Constant::Floats(first.floats().mapv(|x| 1.0 / (1.0 + (-x).exp())))),
        "Relu" => Some(Constant::Floats(first.floats().mapv(|x| x.max(0.0)))),
        "Abs" => Some(match first {
            Constant::Ints(array) => Constant::Ints(array.mapv(i64::wrapping_abs)),
            Constant::Floats(array) => Constant::Floats(array.mapv(f32::abs)),
        }),
        "Reciprocal" => Some(Constant::Floats(first.floats().mapv(f32::recip))),
        "Neg" => Some(match first {
            Constant::Ints(array) => Constant::Ints(array.mapv(i64::wrapping_neg)),
            Constant::Floats(array) => Constant::Floats(array.mapv(|x| -x)),
        }),
        "Exp" => Some(Constant::Floats(first.floats().mapv(f32::exp))),
        "Floor" => Some(Constant::Floats(first.floats().mapv(f32::floor))),
        "Ceil" => Some(Constant::Floats(first.floats().mapv(f32::ceil))),
        op @ ("Add" | "Sub" | "Mul" | "Div" | "Pow" | "Mod" | "Max" | "Min") => binary(op, first, second?),
        _ => None,
    }
}

fn binary(op: &str, a: &Constant, b: &Constant) -> Option<Constant> {
    if let (Constant::Ints(a), Constant::Ints(b)) = (a, b) {
        let compute = |a: i64, b: i64| match op {
            "Add" => a.checked_add(b),
            "Sub" => a.checked_sub(b),
            "Mul" => a.checked_mul(b),
            "Div" => a.checked_div(b),
            "Mod" => a.checked_rem_euclid(b),
            "Max" => Some(a.max(b)),
            "Min" => Some(a.min(b)),
            _ => a.checked_pow(u32::try_from(b).ok()?),
        };
        let zipped = zipped(a, b, |a, b| compute(a, b).unwrap_or(i64::MIN))?;
        return zipped.iter().all(|&number| number != i64::MIN).then_some(Constant::Ints(zipped));
    }
    let compute = |a: f32, b: f32| match op {
        "Add" => a + b,
        "Sub" => a - b,
        "Mul" => a * b,
        "Div" => a / b,
        "Mod" => a - b * (a / b).floor(),
        "Max" => a.max(b),
        "Min" => a.min(b),
        _ => a.powf(b),
    };
    Some(Constant::Floats(zipped(&a.floats(), &b.floats(), compute)?))
}

/// Element by element, axes of size 1 stretched.
fn zipped<T: Copy + Default>(a: &ArrayD<T>, b: &ArrayD<T>, compute: impl Fn(T, T) -> T) -> Option<ArrayD<T>> {
    let sizes = common(&[a.shape(), b.shape()])?;
    let mut result = ArrayD::from_elem(IxDyn(&sizes), T::default());
    let (a, b) = (a.broadcast(IxDyn(&sizes))?, b.broadcast(IxDyn(&sizes))?);
    Zip::from(&mut result).and(&a).and(&b).for_each(|result, &a, &b| *result = compute(a, b));
    Some(result)
}

/// Of two arrays the first where a condition is not 0.
fn chosen<T: Copy + Default>(condition: &ArrayD<f32>, then: &ArrayD<T>, other: &ArrayD<T>) -> Option<ArrayD<T>> {
    let sizes = common(&[condition.shape(), then.shape(), other.shape()])?;
    let mut result = ArrayD::from_elem(IxDyn(&sizes), T::default());
    let zip = Zip::from(&mut result)
        .and(condition.broadcast(&*sizes)?)
        .and(then.broadcast(&*sizes)?)
        .and(other.broadcast(&*sizes)?);
    zip.for_each(|result, &condition, &then, &other| *result = if condition != 0.0 { then } else { other });
    Some(result)
}

/// The most elements that are computed ahead.
const MAX_COUNT: usize = 1 << 28;

/// The shape to which some shapes broadcast.
fn common(shapes: &[&[usize]]) -> Option<Vec<usize>> {
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
    Some(match constant {
        Constant::Ints(array) => Constant::Ints(array.broadcast(sizes)?.to_owned()),
        Constant::Floats(array) => Constant::Floats(array.broadcast(sizes)?.to_owned()),
    })
}

fn tiled(constant: &Constant, counts: &[i64]) -> Option<Constant> {
    let mut result = constant.clone();
    for (axis, &count) in counts.iter().enumerate() {
        let count = usize::try_from(count).ok().filter(|count| *count > 0)?;
        let sizes = result.shape().iter().try_fold(1_usize, |product, &size| product.checked_mul(size))?;
        sizes.checked_mul(count).filter(|&count| count < MAX_COUNT)?;
        (axis < result.shape().len()).then_some(())?;
        result = match result {
            Constant::Ints(array) => {
                Constant::Ints(convshape::ndarray::concatenate(Axis(axis), &vec![array.view(); count]).ok()?)
            }
            Constant::Floats(array) => {
                Constant::Floats(convshape::ndarray::concatenate(Axis(axis), &vec![array.view(); count]).ok()?)
            }
        };
    }
    Some(result)
}

/// The first numbers with others at some places. Each row of `places` has the first axes of one part.
fn scattered(first: &Constant, places: &[i64], shape: &[usize], updates: &Constant) -> Option<Constant> {
    let depth = *shape.last()?;
    let sizes = first.shape();
    if depth == 0 || depth > sizes.len() {
        return None;
    }
    let each: usize = sizes[depth..].iter().product();
    let mut values = first.floats();
    let updates = updates.floats();
    if updates.len() != places.len() / depth * each {
        return None;
    }
    let (numbers, mut updates) = (values.as_slice_mut()?, updates.iter());
    for row in places.chunks_exact(depth) {
        let mut at = 0;
        for (&place, &size) in row.iter().zip(sizes) {
            at = at * size + super::constant::place(place, size).filter(|at| *at < size)?;
        }
        numbers[at * each..(at + 1) * each].iter_mut().zip(&mut updates).for_each(|(number, new)| *number = *new);
    }
    #[expect(clippy::cast_possible_truncation, reason = "they were whole")]
    Some(match first {
        Constant::Ints(_) => Constant::Ints(values.mapv(|x| x as i64)),
        Constant::Floats(_) => Constant::Floats(values),
    })
}

/// Elements along an axis by their indices, whose own axes take that axis' place.
fn gathered<T: Copy>(array: &ArrayD<T>, axis: usize, indices: &[usize], shape: &[usize]) -> Option<ArrayD<T>> {
    let picked = array.select(Axis(axis), indices);
    let mut sizes = array.shape().to_vec();
    sizes.splice(axis..=axis, shape.iter().copied());
    Some(picked.to_shape(sizes).ok()?.into_owned())
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
    Some(match constant {
        Constant::Ints(array) => Constant::Ints(array.to_shape(sizes).ok()?.into_owned()),
        Constant::Floats(array) => Constant::Floats(array.to_shape(sizes).ok()?.into_owned()),
    })
}

fn squeezed(constant: &Constant, insert: bool, axes: Option<Vec<i64>>) -> Option<Constant> {
    let mut sizes: Vec<i64> = constant.shape().iter().map(|&size| size as i64).collect();
    if insert {
        let axes = axes?;
        let rank = sizes.len() + axes.len();
        let mut places: Vec<usize> = axes.iter().map(|&axis| place(axis, rank)).collect::<Option<_>>()?;
        places.sort_unstable();
        for at in places {
            (at <= sizes.len()).then(|| sizes.insert(at, 1))?;
        }
    } else {
        let rank = sizes.len();
        let gone: Vec<usize> = match axes {
            Some(axes) => axes.iter().map(|&axis| place(axis, rank)).collect::<Option<_>>()?,
            None => (0..rank).filter(|&axis| sizes[axis] == 1).collect(),
        };
        sizes = (0..rank).filter(|axis| !gone.contains(axis)).map(|axis| sizes[axis]).collect();
    }
    if sizes.contains(&0) {
        return None;
    }
    reshaped(constant, &sizes)
}
