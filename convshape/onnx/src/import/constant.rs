//! Numbers of a file.

use convshape::ndarray::{ArrayD, Axis, IxDyn};

use super::external;
use crate::proto::{self, data};

/// An array that the file knows.
#[derive(Clone, Debug)]
pub(super) enum Constant {
    Floats(ArrayD<f32>),
    Ints(ArrayD<i64>),
}

/// A constant with another array in place of its own, computed in the same way for both kinds of elements.
macro_rules! both {
    ($constant:expr, $array:ident => $result:expr) => {
        match $constant {
            Constant::Ints($array) => Constant::Ints($result),
            Constant::Floats($array) => Constant::Floats($result),
        }
    };
}
pub(super) use both;

impl Constant {
    pub(super) fn list(numbers: &[i64]) -> Constant {
        Constant::Ints(ArrayD::from_shape_vec(IxDyn(&[numbers.len()]), numbers.to_vec()).unwrap_or_default())
    }

    pub(super) fn whole(number: i64) -> Constant {
        Constant::Ints(convshape::ndarray::arr0(number).into_dyn())
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

    /// The elements `start..end` along an axis.
    pub(super) fn part(&self, axis: usize, start: i64, end: i64) -> Option<Constant> {
        let picked: Vec<usize> = (usize::try_from(start).ok()?..usize::try_from(end).ok()?).collect();
        let fits = picked.last().is_some_and(|&last| last < self.shape()[axis]);
        fits.then(|| both!(self, array => array.select(Axis(axis), &picked)))
    }

    /// A tensor of the file.
    pub(super) fn read(tensor: &proto::TensorProto) -> Result<Constant, String> {
        let sizes: Option<Vec<usize>> = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
        let sizes = sizes.ok_or("a tensor with a negative size")?;
        let count = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        let count = count.ok_or("a tensor larger than memory")?;
        if external::is_external(tensor) {
            return Err(format!("the numbers of `{}` are in another file, which `import_file` reads", tensor.name));
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
            data::BFLOAT16 if !is_raw => {
                floats(tensor.int32_data.iter().map(|&bits| half::bf16::from_bits(bits as u16).to_f32()).collect())
            }
            data::BFLOAT16 => floats(bytes!(u16, |bits| half::bf16::from_bits(bits).to_f32())),
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

/// An index, which may count from the end.
pub(super) fn place(index: i64, size: usize) -> Option<usize> {
    let size = i64::try_from(size).ok()?;
    usize::try_from(if index < 0 { index.checked_add(size)? } else { index }).ok()
}
