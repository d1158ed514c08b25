//! A chain with symbolic sizes used as a layer of another chain: finds the values of its symbols there.

use crate::shape::Shape;
use crate::size::{Scope, Size};

/// The most symbols that a chain used as a layer may have.
pub const MAX_SYMBOLS: usize = 16;

/// The value of each symbol of a sub-chain, in terms of the symbols of the chain around it.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    sizes: [Option<Size>; MAX_SYMBOLS],
    scope: Scope,
}

/// Why a value does not fit an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unmet {
    /// It has a different number of axes.
    Rank,
    /// A size differs.
    Number {
        /// The axis.
        axis: usize,
    },
    /// No value of the symbol gives this size.
    Form {
        /// The axis.
        axis: usize,
        /// The symbol's index.
        symbol: u8,
    },
    /// The symbol would be out of its range.
    Range {
        /// The axis.
        axis: usize,
        /// The symbol's index.
        symbol: u8,
        /// The value it would need.
        value: Size,
    },
    /// Two axes need different values of the symbol.
    Contradiction {
        /// The axis.
        axis: usize,
        /// The symbol's index.
        symbol: u8,
        /// The value this axis needs.
        value: Size,
        /// The value an earlier axis needs.
        earlier: Size,
    },
    /// The chain has more than [`MAX_SYMBOLS`] symbols.
    Symbols,
}

impl Binding {
    /// Nothing is bound.
    pub const NONE: Binding = Binding { sizes: [None; MAX_SYMBOLS], scope: &[] };

    /// Binds the symbols that occur in one input.
    ///
    /// # Errors
    /// If the value does not have the input's shape for any value of its symbols.
    pub const fn meet(mut self, input: &Shape, found: &Shape) -> Result<Binding, Unmet> {
        if input.rank() != found.rank() {
            return Err(Unmet::Rank);
        }
        let mut axis = 0;
        while axis < input.rank() {
            let size = found.size(axis);
            if let Size::Symbolic { .. } = size {
                self.scope = found.scope();
            }
            match (input.size(axis), size) {
                (Size::Symbolic { scale, symbol, offset }, Size::Number(_) | Size::Symbolic { .. }) => {
                    self = match self.bind(axis, (scale, symbol, offset), input.scope(), size, found.scope()) {
                        Ok(bound) => bound,
                        Err(unmet) => return Err(unmet),
                    };
                }
                (wanted, found) => {
                    if !wanted.fits(found) {
                        return Err(Unmet::Number { axis });
                    }
                }
            }
            axis += 1;
        }
        Ok(self)
    }

    const fn bind(
        mut self,
        axis: usize,
        (scale, symbol, offset): (i64, u8, i64),
        scope: Scope,
        size: Size,
        around: Scope,
    ) -> Result<Binding, Unmet> {
        let place = symbol as usize;
        if place >= MAX_SYMBOLS || place >= scope.len() {
            return Err(Unmet::Symbols);
        }
        let form = Unmet::Form { axis, symbol };
        // The size is `scale * symbol + offset`, so the symbol is `(size - offset) / scale`.
        let value = match size {
            Size::Number(number) => match number.checked_sub(offset) {
                Some(rest) if rest % scale == 0 => Size::Number(rest / scale),
                _ => return Err(form),
            },
            Size::Symbolic { scale: outer, symbol, offset: outer_offset } => match outer_offset.checked_sub(offset) {
                Some(rest) if rest % scale == 0 && outer % scale == 0 => {
                    Size::Symbolic { scale: outer / scale, symbol, offset: rest / scale }
                }
                _ => return Err(form),
            },
            Size::Unknown => return Ok(self),
        };
        let above = match value.smallest(around) {
            Some(smallest) => smallest >= scope[place].low,
            None => false,
        };
        let below = scope[place].high == i64::MAX
            || match value.largest(around) {
                Some(largest) => largest <= scope[place].high,
                None => false,
            };
        if !above || !below {
            return Err(Unmet::Range { axis, symbol, value });
        }
        match self.sizes[place] {
            Some(earlier) if !earlier.same(value) => Err(Unmet::Contradiction { axis, symbol, value, earlier }),
            _ => {
                self.sizes[place] = Some(value);
                Ok(self)
            }
        }
    }

    /// A shape of the sub-chain in terms of the chain around it. A size is unknown if its symbol is not bound, or if
    /// the result overflows.
    pub const fn shape(&self, shape: &Shape) -> Shape {
        let mut sizes = [Size::Unknown; crate::shape::MAX_RANK];
        let mut axis = 0;
        while axis < shape.rank() {
            sizes[axis] = match shape.size(axis) {
                Size::Symbolic { scale, symbol, offset } => self.size(scale, symbol, offset),
                size => size,
            };
            axis += 1;
        }
        Shape::new(sizes.split_at(shape.rank()).0, self.scope)
    }

    const fn size(&self, scale: i64, symbol: u8, offset: i64) -> Size {
        let bound = if (symbol as usize) < MAX_SYMBOLS { self.sizes[symbol as usize] } else { None };
        match bound {
            Some(value) => match value.times(scale) {
                Ok(size) => match size.plus(offset) {
                    Ok(size) => size,
                    Err(_) => Size::Unknown,
                },
                Err(_) => Size::Unknown,
            },
            None => Size::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::size::Symbol;

    const INNER: Scope = &[Symbol { name: "h", low: 1, high: 8 }, Symbol { name: "w", low: 1, high: i64::MAX }];
    const OUTER: Scope = &[Symbol { name: "n", low: 1, high: 2 }];

    fn symbolic(scale: i64, symbol: u8, offset: i64) -> Size {
        Size::Symbolic { scale, symbol, offset }
    }

    #[test]
    fn numbers_and_symbols_are_bound() {
        let input = Shape::new(&[Size::Number(3), symbolic(16, 0, 0), symbolic(4, 1, 2)], INNER);
        let output = Shape::new(&[Size::Number(8), symbolic(4, 0, 1), symbolic(1, 1, 0)], INNER);
        let bound = Binding::NONE.meet(&input, &Shape::of(&[3, 64, 42])).expect("of that form");
        assert_eq!(bound.shape(&output), Shape::of(&[8, 17, 10]));
        let found = Shape::new(&[Size::Number(3), symbolic(32, 0, 16), symbolic(8, 0, 2)], OUTER);
        let bound = Binding::NONE.meet(&input, &found).expect("of that form");
        let expected = Shape::new(&[Size::Number(8), symbolic(8, 0, 5), symbolic(2, 0, 0)], OUTER);
        assert_eq!(bound.shape(&output), expected);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let input = Shape::new(&[Size::Number(3), symbolic(16, 0, 0), symbolic(16, 0, 0)], INNER);
        let meet = |sizes: &[Size]| Binding::NONE.meet(&input, &Shape::new(sizes, OUTER)).map(|_| ());
        let number = Size::Number;
        assert_eq!(meet(&[number(3), number(64)]), Err(Unmet::Rank));
        assert_eq!(meet(&[number(4), number(64), number(64)]), Err(Unmet::Number { axis: 0 }));
        assert_eq!(meet(&[number(3), number(60), number(64)]), Err(Unmet::Form { axis: 1, symbol: 0 }));
        let nine = Unmet::Range { axis: 1, symbol: 0, value: number(9) };
        assert_eq!(meet(&[number(3), number(144), number(144)]), Err(nine));
        let high = Unmet::Range { axis: 1, symbol: 0, value: symbolic(5, 0, 0) };
        assert_eq!(meet(&[number(3), symbolic(80, 0, 0), symbolic(80, 0, 0)]), Err(high));
        let two = Unmet::Contradiction { axis: 2, symbol: 0, value: number(3), earlier: number(4) };
        assert_eq!(meet(&[number(3), number(64), number(48)]), Err(two));
    }
}
