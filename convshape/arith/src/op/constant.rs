//! Arrays that are a `const` or `static` in the user's code.

use crate::shape::{MAX_RANK, Shape};
use crate::size::Size;

/// An array's elements in order, whatever their type and nesting.
pub trait Elements: Send + Sync {
    /// The element at `index` in row-major order; 0 beyond the end.
    fn element(&self, index: usize) -> f64;
}

/// An array that a chain can use as a constant: `[f32; 4]`, `[[f32; 4]; 2]`.
#[diagnostic::on_unimplemented(
    message = "`Constant` takes an array of numbers, not `{Self}`",
    label = "not an array such as `[f32; 4]` or `[[f32; 4]; 2]`"
)]
pub trait Array: Elements + Sized + 'static {
    /// How many elements it has.
    const COUNT: usize;
    /// The sizes of its axes; a single size if it has more axes than a shape can have.
    const SHAPE: Shape;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Elements for $number {
            fn element(&self, index: usize) -> f64 {
                #[allow(clippy::cast_lossless, clippy::cast_precision_loss, trivial_numeric_casts)]
                if index == 0 { *self as f64 } else { 0.0 }
            }
        }

        impl Array for $number {
            const COUNT: usize = 1;
            const SHAPE: Shape = Shape::of(&[]);
        }
    )*};
}

numbers!(f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 usize);

impl<T: Array, const N: usize> Elements for [T; N] {
    fn element(&self, index: usize) -> f64 {
        let (Some(row), Some(column)) = (index.checked_div(T::COUNT), index.checked_rem(T::COUNT)) else { return 0.0 };
        self.get(row).map_or(0.0, |row| row.element(column))
    }
}

impl<T: Array, const N: usize> Array for [T; N] {
    const COUNT: usize = N.saturating_mul(T::COUNT);
    const SHAPE: Shape = {
        let rank = T::SHAPE.rank() + 1;
        if rank > MAX_RANK {
            Shape::of(&[Self::COUNT.cast_signed() as i64])
        } else {
            let mut shape = Shape::unknown(rank).with(0, Size::Number(N.cast_signed() as i64));
            let mut axis = 1;
            while axis < rank {
                shape = shape.with(axis, T::SHAPE.size(axis - 1));
                axis += 1;
            }
            shape
        }
    };
}

/// The array of a [`Source::Constant`](super::Source::Constant).
#[derive(Clone, Copy)]
pub struct Constant(ArrayOrKey);

#[derive(Clone, Copy)]
enum ArrayOrKey {
    Array {
        elements: &'static dyn Elements,
        shape: Shape,
    },
    /// Only the compiler knows the array.
    Later(usize),
}

impl Constant {
    /// The constant for an array.
    pub const fn of<A: Array>(array: &'static A) -> Constant {
        Constant(ArrayOrKey::Array { elements: array, shape: A::SHAPE })
    }

    /// A placeholder for an array that the macro cannot see. The macro gives it this number.
    pub const fn later(key: usize) -> Constant {
        Constant(ArrayOrKey::Later(key))
    }

    /// The macro's number for the array, if the macro cannot see it.
    pub const fn key(&self) -> Option<usize> {
        match self.0 {
            ArrayOrKey::Later(key) => Some(key),
            ArrayOrKey::Array { .. } => None,
        }
    }

    /// The sizes of the array's axes; `None` if the macro cannot see it.
    pub const fn shape(&self) -> Option<&Shape> {
        match &self.0 {
            ArrayOrKey::Array { shape, .. } => Some(shape),
            ArrayOrKey::Later(_) => None,
        }
    }

    /// The element at `index` in row-major order; 0 beyond the end.
    pub fn element(&self, index: usize) -> f64 {
        match self.0 {
            ArrayOrKey::Array { elements, .. } => elements.element(index),
            ArrayOrKey::Later(_) => 0.0,
        }
    }
}

/// Compares the address of the array, not its elements.
impl PartialEq for Constant {
    fn eq(&self, other: &Constant) -> bool {
        match (self.0, other.0) {
            (ArrayOrKey::Array { elements: a, shape: of_a }, ArrayOrKey::Array { elements: b, shape: of_b }) => {
                core::ptr::addr_eq(a, b) && of_a == of_b
            }
            (ArrayOrKey::Later(a), ArrayOrKey::Later(b)) => a == b,
            _ => false,
        }
    }
}

/// Leaves out the elements, which may be many.
impl core::fmt::Debug for Constant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match &self.0 {
            ArrayOrKey::Array { shape, .. } => write!(f, "Constant({shape})"),
            ArrayOrKey::Later(key) => write!(f, "Constant(later {key})"),
        }
    }
}
