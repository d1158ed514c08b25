//! Sizes that only run time knows: what an array's sizes make of a chain's symbols.

use crate::shape::Shape;
use crate::size::{Scope, Size};

/// The most symbols whose values are worked out; a chain's inputs have no more axes than this.
const MOST: usize = 32;

/// The values of a chain's symbols, as far as arrays have told them.
#[derive(Clone, Copy, Debug)]
pub struct Symbols {
    values: [Option<i64>; MOST],
}

impl Symbols {
    /// Nothing is known.
    pub const NONE: Symbols = Symbols { values: [None; MOST] };

    /// Learns from an array's sizes, without batch, what `expected` calls by symbols. `false` where
    /// the sizes are not of that form, are out of range or contradict what is known.
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

    /// As [`Symbols::learn`], of one axis.
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
