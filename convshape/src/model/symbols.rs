//! Sizes that only run time knows: what an input's sizes make of a chain's symbols.

use convshape_arith::shape::Shape;
use convshape_arith::size::{Scope, Size};

/// The most symbols whose values are worked out; a chain's inputs have no more axes than this.
const MOST: usize = 32;

/// The values of a chain's symbols, as far as inputs have told them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Symbols {
    values: [Option<i64>; MOST],
}

impl Symbols {
    pub(crate) const NONE: Symbols = Symbols { values: [None; MOST] };

    /// Learns from an array's sizes, without batch, what `expected` calls by symbols. `false` where
    /// the sizes are not of that form, are out of range or contradict what is known.
    pub(crate) fn learn(&mut self, sizes: &[usize], expected: &Shape) -> bool {
        sizes.len() == expected.rank()
            && sizes.iter().zip(expected.sizes()).all(|(found, expected_size)| {
                i64::try_from(*found).is_ok_and(|found| self.learn_size(found, *expected_size, expected.scope()))
            })
    }

    fn learn_size(&mut self, found: i64, expected: Size, scope: Scope) -> bool {
        match expected {
            Size::Number(number) => number == found,
            Size::Unknown => true,
            Size::Symbolic { scale, symbol, offset } => {
                let index = usize::from(symbol);
                let Some(range) = scope.get(index) else { return false };
                let Some(rest) = found.checked_sub(offset) else { return false };
                let value = rest / scale;
                if rest % scale != 0 || value < range.low || value > range.high {
                    return false;
                }
                match self.values.get_mut(index) {
                    Some(known) => *known.get_or_insert(value) == value,
                    None => false,
                }
            }
        }
    }

    /// A shape with the symbols replaced by their values.
    pub(crate) fn fix(&self, shape: &Shape) -> Shape {
        shape.with_symbols(&self.values)
    }
}
