//! Where a value of a chain is in memory while the chain runs.

use convshape_arith::shape::Shape;
use convshape_arith::size::Size;

/// The place of one value.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Its shape, all numbers.
    pub(crate) shape: Shape,
    /// Its first element in memory. Nothing for inputs, which are the caller's.
    pub(crate) place: usize,
    /// How many elements it has.
    pub(crate) count: usize,
}

impl Slot {
    pub(crate) const NONE: Slot = Slot { shape: Shape::unknown(0), place: 0, count: 0 };

    /// That of a shape, not placed yet.
    pub(crate) const fn of(shape: Shape) -> Slot {
        #[expect(clippy::cast_possible_truncation, reason = "the number of elements was checked to fit memory")]
        let count = match shape.elements() {
            Ok(Size::Number(count)) => count.cast_unsigned() as usize,
            _ => 0,
        };
        Slot { shape, place: 0, count }
    }
}
