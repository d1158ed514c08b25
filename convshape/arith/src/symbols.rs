//! Run-time sizes: the values of a chain's symbols, found from the sizes of arrays.

use crate::shape::Shape;
use crate::size::{Scope, Size};

/// The most symbols that are solved for; a chain's inputs have no more axes than this.
const MOST: usize = 32;

/// The values of a chain's symbols, as far as they are known.
#[derive(Clone, Copy, Debug)]
pub struct Symbols {
    values: [Option<i64>; MOST],
}

impl Symbols {
    /// No values.
    pub const NONE: Symbols = Symbols { values: [None; MOST] };

    /// Finds the values of symbols in `expected` from an array's sizes, without the batch axis. `false` if a size does
    /// not have that form, is out of range, or contradicts a known value.
    pub const fn learn(&mut self, sizes: &[usize], expected: &Shape) -> bool {
        let mut axis = 0;
        while axis < sizes.len() && axis < expected.rank() {
            if !self.learn_size(sizes[axis], expected.size(axis), expected.scope()) {
                return false;
            }
            axis += 1;
        }
        sizes.len() == expected.rank()
    }

    /// Like [`Symbols::learn`], for one axis.
    pub const fn learn_size(&mut self, found: usize, expected: Size, scope: Scope) -> bool {
        let found = found.cast_signed() as i64;
        if found < 0 {
            return false;
        }
        match expected {
            Size::Number(number) => number == found,
            Size::Unknown => true,
            Size::Symbolic { scale, symbol, offset } => {
                let index = symbol as usize;
                if index >= scope.len() || index >= MOST {
                    return false;
                }
                let Some(rest) = found.checked_sub(offset) else { return false };
                let value = rest / scale;
                if rest % scale != 0 || value < scope[index].low || value > scope[index].high {
                    return false;
                }
                match self.values[index] {
                    Some(known) => known == value,
                    None => {
                        self.values[index] = Some(value);
                        true
                    }
                }
            }
        }
    }

    /// A shape with the symbols replaced by their values.
    #[must_use]
    pub fn fix(&self, shape: &Shape) -> Shape {
        shape.with_symbols(&self.values)
    }
}
