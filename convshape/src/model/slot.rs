//! Where a value of a chain is in memory while the chain runs.

use convshape_arith::op::{AxisOrder, MultiHead, Op};
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
    /// Elements after them that the step needs while it runs.
    pub(crate) room: usize,
}

impl Slot {
    pub(crate) const NONE: Slot = Slot { shape: Shape::unknown(0), place: 0, count: 0, room: 0 };

    /// That of a shape, not placed yet.
    pub(crate) const fn of(shape: Shape) -> Slot {
        #[expect(clippy::cast_possible_truncation, reason = "the number of elements was checked to fit memory")]
        let count = match shape.elements() {
            Ok(Size::Number(count)) => count.cast_unsigned() as usize,
            _ => 0,
        };
        Slot { shape, place: 0, count, room: 0 }
    }

    /// That of a layer's output, with the room that the layer needs.
    pub(crate) const fn of_layer(op: &Op, inputs: [&Shape; 2], shape: Shape, order: AxisOrder) -> Slot {
        let slot = Slot::of(shape);
        let Op::MultiHead(layer) = op.bind(inputs[0], order) else { return slot };
        let (Some(tokens), Some(keys)) = (inputs[0].numbers(), inputs[1].numbers()) else { return slot };
        Slot { room: room(&layer, tokens[0], keys[0]), ..slot }
    }

    /// All elements that it takes.
    pub(crate) const fn size(&self) -> usize {
        self.count + self.room
    }
}

/// The elements of queries, keys, values and what the heads give.
const fn room(layer: &MultiHead, tokens: usize, keys: usize) -> usize {
    let Some([width, values]) = layer.widths() else { return 0 };
    #[expect(clippy::cast_possible_truncation, reason = "shapes were checked to fit memory")]
    let [width, values] = [width.unsigned_abs() as usize, values.unsigned_abs() as usize];
    tokens * width + keys * (width + values) + tokens * values
}
