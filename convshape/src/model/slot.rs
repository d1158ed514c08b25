//! The offset of a value in memory while a chain runs.

use convshape_arith::op::{AxisOrder, MultiHead, Op};
use convshape_arith::shape::{MAX_RANK, Shape};
use convshape_arith::size::Size;

/// The position of one value in memory.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Its shape, without symbols.
    pub(crate) shape: Shape,
    /// The chain's input that it is. It is in the caller's memory.
    pub(crate) input: Option<usize>,
    /// The offset of its first element. Unused for inputs.
    pub(crate) place: usize,
    /// How many elements it has.
    pub(crate) count: usize,
    /// Elements of scratch space after them, for the step that computes the value.
    pub(crate) room: usize,
}

impl Slot {
    pub(crate) const NONE: Slot = Slot { shape: Shape::unknown(0), input: None, place: 0, count: 0, room: 0 };

    /// The slot of a shape, without an offset yet.
    pub(crate) const fn of(shape: Shape) -> Slot {
        #[expect(clippy::cast_possible_truncation, reason = "the number of elements was checked to fit memory")]
        let count = match shape.elements() {
            Ok(Size::Number(count)) => count.cast_unsigned() as usize,
            _ => 0,
        };
        Slot { shape, input: None, place: 0, count, room: 0 }
    }

    /// The slot of a layer's output, with the scratch space of the layer.
    pub(crate) const fn of_layer(op: &Op, inputs: [&Shape; 2], shape: Shape, order: AxisOrder) -> Slot {
        let slot = Slot::of(shape);
        let Op::MultiHead(layer) = op.bind(core::slice::from_ref(inputs[0]), order) else { return slot };
        let (Some(tokens), Some(keys)) = (inputs[0].numbers(), inputs[1].numbers()) else { return slot };
        Slot { room: room(&layer, rows(&tokens, inputs[0]), rows(&keys, inputs[1])), ..slot }
    }

    /// All elements that it needs, including scratch space.
    pub(crate) const fn size(&self) -> usize {
        self.count + self.room
    }
}

/// The elements that a run needs.
pub(crate) const fn elements(slots: &[Slot]) -> usize {
    let (mut most, mut value) = (0, 0);
    while value < slots.len() {
        let end = slots[value].place + slots[value].size();
        most = if slots[value].input.is_none() && end > most { end } else { most };
        value += 1;
    }
    most
}

/// The tokens of a value: all but its last axis.
const fn rows(sizes: &[usize; MAX_RANK], shape: &Shape) -> usize {
    let (mut rows, mut axis) = (1, 0);
    while axis + 1 < shape.rank() {
        rows *= sizes[axis];
        axis += 1;
    }
    rows
}

/// The elements of queries, keys, values and the output of the heads.
const fn room(layer: &MultiHead, tokens: usize, keys: usize) -> usize {
    let Some([width, values]) = layer.widths() else { return 0 };
    #[expect(clippy::cast_possible_truncation, reason = "shapes were checked to fit memory")]
    let [width, values] = [width.unsigned_abs() as usize, values.unsigned_abs() as usize];
    tokens * width + keys * (width + values) + tokens * values
}
