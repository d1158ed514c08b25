//! The shape of one value, without the batch axis.

use core::fmt;

use crate::size::{Scope, Size, SizeError};

/// The most axes of a shape, including the channel axis.
pub const MAX_RANK: usize = 6;

/// The sizes of one value, without the batch axis, in the chain's order of axes.
///
/// `Display` writes it as in the language: `[16, 14, 14]`, `[3, 16*h, 16*w + 4]`, `[_, 7, 7]`.
#[derive(Clone, Copy)]
pub struct Shape {
    dims: [Size; MAX_RANK],
    rank: u8,
    scope: Scope,
}

impl Shape {
    /// A shape made of numbers.
    ///
    /// # Panics
    /// If there are more than [`MAX_RANK`] axes.
    pub const fn of(numbers: &[i64]) -> Shape {
        let mut shape = Shape::unknown(numbers.len());
        let mut axis = 0;
        while axis < numbers.len() {
            shape.dims[axis] = Size::Number(numbers[axis]);
            axis += 1;
        }
        shape
    }

    /// A shape of any sizes, with the symbols of `scope`.
    ///
    /// # Panics
    /// If there are more than [`MAX_RANK`] axes.
    pub const fn new(sizes: &[Size], scope: Scope) -> Shape {
        let mut shape = Shape::unknown(sizes.len());
        shape.scope = scope;
        let mut axis = 0;
        while axis < sizes.len() {
            shape.dims[axis] = sizes[axis];
            axis += 1;
        }
        shape
    }

    /// A shape with a known number of axes and unknown sizes.
    ///
    /// # Panics
    /// If there are more than [`MAX_RANK`] axes.
    pub const fn unknown(rank: usize) -> Shape {
        assert!(rank <= MAX_RANK, "a shape has at most 6 axes");
        #[expect(clippy::cast_possible_truncation, reason = "at most MAX_RANK")]
        Shape { dims: [Size::Unknown; MAX_RANK], rank: rank as u8, scope: &[] }
    }

    /// The number of axes, including the channel axis.
    pub const fn rank(&self) -> usize {
        self.rank as usize
    }

    /// The symbols that its sizes use.
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// The sizes in order.
    pub const fn sizes(&self) -> &[Size] {
        self.dims.split_at(self.rank as usize).0
    }

    /// The size of one axis; unknown if there is no such axis.
    pub const fn size(&self, axis: usize) -> Size {
        if axis < self.rank as usize { self.dims[axis] } else { Size::Unknown }
    }

    /// The same shape with one size replaced.
    ///
    /// # Panics
    /// If there is no such axis.
    pub const fn with(mut self, axis: usize, size: Size) -> Shape {
        assert!(axis < self.rank as usize, "no such axis");
        self.dims[axis] = size;
        self
    }

    /// Whether the two agree on all axes that both know.
    pub const fn fits(&self, other: &Shape) -> bool {
        if self.rank != other.rank {
            return false;
        }
        let mut axis = 0;
        while axis < self.rank as usize {
            if !self.dims[axis].fits(other.dims[axis]) {
                return false;
            }
            axis += 1;
        }
        true
    }

    /// Whether every size is known.
    pub const fn is_known(&self) -> bool {
        let mut axis = 0;
        while axis < self.rank as usize {
            if !self.dims[axis].is_known() {
                return false;
            }
            axis += 1;
        }
        true
    }

    /// The number of elements.
    pub const fn elements(&self) -> Result<Size, SizeError> {
        let mut product = Size::Number(1);
        let mut axis = 0;
        while axis < self.rank as usize {
            product = match product.mul(self.dims[axis]) {
                Ok(product) => product,
                Err(error) => return Err(error),
            };
            axis += 1;
        }
        Ok(product)
    }

    /// The shape with symbols replaced by numbers, indexed as in the scope. A size is unknown if its symbol has no
    /// value, or if the result overflows.
    #[must_use]
    pub fn with_symbols(&self, numbers: &[Option<i64>]) -> Shape {
        let mut shape = Shape::unknown(self.rank());
        for (size, dim) in self.sizes().iter().zip(&mut shape.dims) {
            *dim = match *size {
                Size::Symbolic { scale, symbol, offset } => {
                    let number = numbers.get(usize::from(symbol)).copied().flatten();
                    let number = number.and_then(|number| scale.checked_mul(number)?.checked_add(offset));
                    number.map_or(Size::Unknown, Size::Number)
                }
                size => size,
            };
        }
        shape
    }

    /// Whether its sizes are these numbers.
    pub fn is(&self, sizes: &[usize]) -> bool {
        self.numbers().is_some_and(|numbers| &numbers[..self.rank()] == sizes)
    }

    /// The sizes as numbers, if all are numbers.
    #[expect(clippy::cast_possible_truncation, reason = "compared with the largest usize first")]
    pub const fn numbers(&self) -> Option<[usize; MAX_RANK]> {
        let mut numbers = [1; MAX_RANK];
        let mut axis = 0;
        while axis < self.rank() {
            match self.size(axis).number() {
                Some(number) if number >= 0 && number as u64 <= usize::MAX as u64 => numbers[axis] = number as usize,
                _ => return None,
            }
            axis += 1;
        }
        Some(numbers)
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Shape) -> bool {
        self.sizes() == other.sizes()
    }
}

impl Eq for Shape {}

/// Uses `Display`: the fields would fill the screen.
impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
