//! Numbers of a file, and what is computed from numbers alone.

use convshape::ndarray::{ArrayD, Axis, IxDyn, Slice, Zip};

use crate::import::node::Node;
use crate::proto::{self, data};

/// An array that the file knows.
#[derive(Clone, Debug)]
pub(super) enum Constant {
    Floats(ArrayD<f32>),
    Ints(ArrayD<i64>),
}

impl Constant {
    pub(super) fn list(numbers: &[i64]) -> Constant {
        Constant::Ints(ArrayD::from_shape_vec(IxDyn(&[numbers.len()]), numbers.to_vec()).unwrap_or_default())
    }

    pub(super) fn shape(&self) -> &[usize] {
        match self {
            Constant::Floats(array) => array.shape(),
            Constant::Ints(array) => array.shape(),
        }
    }

    /// The numbers as sizes.
    pub(super) fn ints(&self) -> Option<Vec<i64>> {
        match self {
            Constant::Ints(array) => Some(array.iter().copied().collect()),
            Constant::Floats(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of a network are small")]
    pub(super) fn floats(&self) -> ArrayD<f32> {
        match self {
            Constant::Floats(array) => array.clone(),
            Constant::Ints(array) => array.mapv(|number| number as f32),
        }
    }

    /// The single number.
    pub(super) fn scalar(&self) -> Option<f32> {
        let floats = self.floats();
        (floats.len() == 1).then(|| floats.iter().next().copied()).flatten()
    }

    /// A tensor of the file.
    pub(super) fn read(tensor: &proto::Tensor) -> Result<Constant, String> {
        let sizes: Option<Vec<usize>> = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
        let sizes = sizes.ok_or("a tensor with a negative size")?;
        let count = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        let count = count.ok_or("a tensor larger than memory")?;
        if tensor.data_location == 1 || !tensor.external_data.is_empty() {
            return Err(format!("the numbers of `{}` are in another file", tensor.name));
        }
        let raw = &tensor.raw_data;
        let ints = |numbers: Vec<i64>| shaped(&sizes, count, numbers).map(Constant::Ints);
        let floats = |numbers: Vec<f32>| shaped(&sizes, count, numbers).map(Constant::Floats);
        macro_rules! bytes {
            ($kind:ty, $convert:expr) => {
                raw.chunks_exact(size_of::<$kind>())
                    .map(|bytes| $convert(<$kind>::from_le_bytes(bytes.try_into().unwrap_or_default())))
                    .collect()
            };
        }
        let is_raw = !raw.is_empty();
        #[expect(clippy::cast_possible_truncation, reason = "every number becomes f32")]
        match tensor.data_type {
            data::FLOAT if is_raw => floats(bytes!(f32, |x| x)),
            data::FLOAT => floats(tensor.float_data.clone()),
            data::DOUBLE if is_raw => floats(bytes!(f64, |x| x as f32)),
            data::DOUBLE => floats(tensor.double_data.iter().map(|&x| x as f32).collect()),
            data::FLOAT16 if is_raw => floats(bytes!(u16, |bits| half::f16::from_bits(bits).to_f32())),
            data::FLOAT16 => {
                floats(tensor.int32_data.iter().map(|&bits| half::f16::from_bits(bits as u16).to_f32()).collect())
            }
            data::BFLOAT16 if is_raw => floats(bytes!(u16, |bits| half::bf16::from_bits(bits).to_f32())),
            data::INT64 if is_raw => ints(bytes!(i64, |x| x)),
            data::INT64 => ints(tensor.int64_data.clone()),
            data::INT32 if is_raw => ints(bytes!(i32, i64::from)),
            data::UINT8 | data::BOOL if is_raw => ints(bytes!(u8, i64::from)),
            data::INT8 if is_raw => ints(bytes!(i8, i64::from)),
            data::INT32 | data::UINT8 | data::INT8 | data::BOOL => {
                ints(tensor.int32_data.iter().map(|&x| i64::from(x)).collect())
            }
            other => Err(format!("elements of type {other} in `{}`", tensor.name)),
        }
    }
}

fn shaped<T>(sizes: &[usize], count: usize, numbers: Vec<T>) -> Result<ArrayD<T>, String> {
    if numbers.len() != count {
        return Err(format!("a tensor of {count} elements has {} numbers", numbers.len()));
    }
    ArrayD::from_shape_vec(IxDyn(sizes), numbers).map_err(|error| error.to_string())
}

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
            let scalar = second?.shape().is_empty();
            Some(match first {
                Constant::Ints(array) => Constant::Ints(gathered(array, axis, &wanted?, scalar)),
                Constant::Floats(array) => Constant::Floats(gathered(array, axis, &wanted?, scalar)),
            })
        }
        "Slice" => {
            let list = |name: &str, at: usize| node.ints(name).or_else(|| inputs.get(at)?.as_ref()?.ints());
            let (starts, ends) = (list("starts", 1)?, list("ends", 2)?);
            let axes = list("axes", 3).unwrap_or_else(|| (0..starts.len() as i64).collect());
            if list("steps", 4).is_some_and(|steps| steps.iter().any(|&step| step != 1)) {
                return None;
            }
            let mut result = first.clone();
            for ((&start, &end), &axis) in starts.iter().zip(&ends).zip(&axes) {
                let axis = place(axis, result.shape().len())?;
                let size = *result.shape().get(axis)? as i64;
                let bound = |at: i64| (if at < 0 { at.saturating_add(size) } else { at }).clamp(0, size);
                let bounds = (isize::try_from(bound(start)).ok()?, isize::try_from(bound(end)).ok()?);
                let slice = Slice::from(bounds.0..bounds.1.max(bounds.0));
                result = match result {
                    Constant::Ints(array) => Constant::Ints(array.slice_axis(Axis(axis), slice).to_owned()),
                    Constant::Floats(array) => Constant::Floats(array.slice_axis(Axis(axis), slice).to_owned()),
                };
            }
            Some(result)
        }
        "Sqrt" => Some(Constant::Floats(first.floats().mapv(f32::sqrt))),
        "Reciprocal" => Some(Constant::Floats(first.floats().mapv(f32::recip))),
        "Neg" => Some(match first {
            Constant::Ints(array) => Constant::Ints(array.mapv(i64::wrapping_neg)),
            Constant::Floats(array) => Constant::Floats(array.mapv(|x| -x)),
        }),
        "Exp" => Some(Constant::Floats(first.floats().mapv(f32::exp))),
        "Floor" => Some(Constant::Floats(first.floats().mapv(f32::floor))),
        "Ceil" => Some(Constant::Floats(first.floats().mapv(f32::ceil))),
        op @ ("Add" | "Sub" | "Mul" | "Div" | "Pow") => binary(op, first, second?),
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
        _ => a.powf(b),
    };
    Some(Constant::Floats(zipped(&a.floats(), &b.floats(), compute)?))
}

/// Element by element, axes of size 1 stretched.
fn zipped<T: Copy + Default>(a: &ArrayD<T>, b: &ArrayD<T>, compute: impl Fn(T, T) -> T) -> Option<ArrayD<T>> {
    let rank = a.ndim().max(b.ndim());
    let size =
        |array: &ArrayD<T>, axis: usize| (axis + array.ndim()).checked_sub(rank).map_or(1, |axis| array.shape()[axis]);
    let sizes: Vec<usize> = (0..rank)
        .map(|axis| match (size(a, axis), size(b, axis)) {
            (1, other) | (other, 1) => Some(other),
            (one, other) => (one == other).then_some(one),
        })
        .collect::<Option<_>>()?;
    let count = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    count.filter(|&count| count < 1 << 28)?;
    let mut result = ArrayD::from_elem(IxDyn(&sizes), T::default());
    let (a, b) = (a.broadcast(IxDyn(&sizes))?, b.broadcast(IxDyn(&sizes))?);
    Zip::from(&mut result).and(&a).and(&b).for_each(|result, &a, &b| *result = compute(a, b));
    Some(result)
}

fn gathered<T: Clone>(array: &ArrayD<T>, axis: usize, indices: &[usize], scalar: bool) -> ArrayD<T> {
    let picked = array.select(Axis(axis), indices);
    if scalar { picked.index_axis_move(Axis(axis), 0) } else { picked }
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

/// An index, which may count from the end.
pub(super) fn place(index: i64, size: usize) -> Option<usize> {
    let size = i64::try_from(size).ok()?;
    usize::try_from(if index < 0 { index.checked_add(size)? } else { index }).ok()
}
