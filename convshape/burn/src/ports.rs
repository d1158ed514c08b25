//! The inputs and outputs of a chain: one or several tensors of any rank.

use burn::tensor::{Device, Tensor, TensorData};

use crate::BurnError;

/// A tensor whose number of axes is known only at run time.
#[derive(Clone, Debug)]
pub struct AnyTensor {
    pub(crate) dims: Vec<usize>,
    pub(crate) flat: Tensor<1>,
}

impl AnyTensor {
    /// The sizes of its axes, the batch first.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// A tensor of these sizes on a device, from its elements in row-major order.
    ///
    /// # Errors
    /// If `dims` does not match the number of elements.
    pub fn new(elements: Vec<f32>, dims: Vec<usize>, device: &Device) -> Result<AnyTensor, BurnError> {
        let count = elements.len();
        AnyTensor::from_flat(Tensor::from_data(TensorData::new(elements, [count]), device), dims)
    }

    /// A tensor of these sizes, from its elements in row-major order.
    ///
    /// # Errors
    /// If `dims` does not match the number of elements.
    pub fn from_flat(flat: Tensor<1>, dims: Vec<usize>) -> Result<AnyTensor, BurnError> {
        let found = flat.dims()[0];
        match dims.iter().product::<usize>() {
            count if count == found => Ok(AnyTensor { dims, flat }),
            _ => Err(BurnError::Elements { found, expected: dims }),
        }
    }

    /// Its elements in row-major order.
    pub fn into_flat(self) -> Tensor<1> {
        self.flat
    }
}

impl<const D: usize> From<Tensor<D>> for AnyTensor {
    fn from(tensor: Tensor<D>) -> AnyTensor {
        let dims = tensor.dims().to_vec();
        AnyTensor { flat: tensor.reshape([dims.iter().product::<usize>()]), dims }
    }
}

impl<const D: usize> TryFrom<AnyTensor> for Tensor<D> {
    type Error = BurnError;

    fn try_from(tensor: AnyTensor) -> Result<Tensor<D>, BurnError> {
        let AnyTensor { dims, flat } = tensor;
        match <[usize; D]>::try_from(dims) {
            Ok(dims) => Ok(flat.reshape(dims)),
            Err(found) => Err(BurnError::Rank { found, expected: D }),
        }
    }
}

/// The inputs or outputs of a chain, in the order of its ports: a `Tensor<D>`, a tuple of two to six tensors, or a
/// `Vec<AnyTensor>` in code for any chain.
pub trait Ports: Sized {
    /// The number of tensors; `None` if it is known only at run time.
    const COUNT: Option<usize>;

    /// The tensors in order.
    fn into_tensors(self) -> Vec<AnyTensor>;

    /// The ports with these tensors, of which there are [`Ports::COUNT`].
    ///
    /// # Errors
    /// If a tensor has the wrong number of axes.
    fn from_tensors(tensors: Vec<AnyTensor>) -> Result<Self, BurnError>;
}

impl Ports for Vec<AnyTensor> {
    const COUNT: Option<usize> = None;

    fn into_tensors(self) -> Vec<AnyTensor> {
        self
    }

    fn from_tensors(tensors: Vec<AnyTensor>) -> Result<Self, BurnError> {
        Ok(tensors)
    }
}

impl<const D: usize> Ports for Tensor<D> {
    const COUNT: Option<usize> = Some(1);

    fn into_tensors(self) -> Vec<AnyTensor> {
        vec![self.into()]
    }

    fn from_tensors(tensors: Vec<AnyTensor>) -> Result<Self, BurnError> {
        let found = tensors.len();
        let first = tensors.into_iter().next().ok_or_else(|| missing(found, 1))?;
        first.try_into()
    }
}

fn missing(found: usize, expected: usize) -> BurnError {
    BurnError::Ports { chain: String::new(), ports: "outputs", found, expected }
}

macro_rules! tuples {
    ($($count:literal: $($rank:ident $field:tt),+;)+) => {$(
        impl<$(const $rank: usize),+> Ports for ($(Tensor<$rank>,)+) {
            const COUNT: Option<usize> = Some($count);

            fn into_tensors(self) -> Vec<AnyTensor> {
                vec![$(self.$field.into()),+]
            }

            fn from_tensors(tensors: Vec<AnyTensor>) -> Result<Self, BurnError> {
                let found = tensors.len();
                let mut tensors = tensors.into_iter();
                let mut next = || tensors.next().ok_or_else(|| missing(found, $count));
                Ok(($(Tensor::<$rank>::try_from(next()?)?,)+))
            }
        }
    )+};
}

tuples! {
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
}
