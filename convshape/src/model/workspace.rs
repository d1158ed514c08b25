//! The memory that a run needs in addition to its inputs and outputs.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
#[cfg(feature = "alloc")]
use core::fmt;

use convshape_arith::axis::Window;
use convshape_arith::lower::Split;
use convshape_arith::op::{AxisOrder, Direction, Op};
use convshape_arith::program::Program;
use convshape_arith::shape::Shape;

use crate::model::parts::Parts;
use crate::model::slot::{Slot, elements};

/// Memory for the values of one sample: a [`Workspace`], which grows as needed, or the caller's array `[0.0;
/// Model::WORKSPACE_BYTES / 4]`. An array that is too small does not compile.
pub trait Memory {
    /// Its number of elements, if it cannot grow.
    const ELEMENTS: Option<usize>;

    /// The first `count` elements, if it has them or can grow.
    fn elements(&mut self, count: usize) -> Option<&mut [f32]>;
}

impl<const N: usize> Memory for [f32; N] {
    const ELEMENTS: Option<usize> = Some(N);

    fn elements(&mut self, count: usize) -> Option<&mut [f32]> {
        self.get_mut(..count)
    }
}

#[cfg(feature = "alloc")]
impl Memory for Workspace {
    const ELEMENTS: Option<usize> = None;

    fn elements(&mut self, count: usize) -> Option<&mut [f32]> {
        if self.get().len() < count {
            *self = Workspace::with_elements(count);
        }
        Some(self.get_mut())
    }
}

/// Checks that a chain can run in such memory.
///
/// # Panics
/// If it cannot. It is called at compile time.
pub(crate) const fn check<M: Parts, R: Memory>() {
    if let Some(found) = R::ELEMENTS {
        let bytes = workspace_bytes(M::PROGRAM, M::SLOTS);
        assert!(bytes > 0, "this chain's memory is known at run time only: give it a `Workspace`");
        assert!(found * size_of::<f32>() >= bytes, "the chain needs `WORKSPACE_BYTES / 4` elements of memory");
    }
}

/// Reusable memory for the values of a chain while it runs. With it, `forward_into` does not allocate.
#[cfg(feature = "alloc")]
pub struct Workspace {
    /// With spare elements, so that it can start at a cache line.
    memory: Vec<f32>,
    start: usize,
}

/// Whether there is memory for this many elements. Requests below a gigabyte are not checked. Larger ones may be
/// absurd, such as one sample broadcast to a batch of billions.
#[cfg(feature = "ndarray")]
pub(crate) fn is_allocatable(elements: Option<usize>) -> bool {
    const USUAL: usize = 1 << 28;
    elements.is_some_and(|count| count <= USUAL || Vec::<f32>::new().try_reserve_exact(count).is_ok())
}

/// Elements per cache line. A vector at a multiple of it never crosses a line.
pub(crate) const LINE: usize = 16;

#[cfg(feature = "alloc")]
impl Workspace {
    pub(crate) fn with_elements(count: usize) -> Workspace {
        let memory = alloc::vec![0.0; count + LINE];
        let start = memory.as_ptr().align_offset(LINE * size_of::<f32>());
        Workspace { memory, start: if start < LINE { start } else { 0 } }
    }

    /// Moves elements to the start of a cache line within their own allocation.
    #[cfg(feature = "std")]
    pub(crate) fn of(mut elements: Vec<f32>) -> Workspace {
        let count = elements.len();
        elements.reserve_exact(LINE);
        let start = elements.as_ptr().align_offset(LINE * size_of::<f32>());
        let start = if start < LINE { start } else { 0 };
        elements.resize(count + LINE, 0.0);
        elements.copy_within(..count, start);
        Workspace { memory: elements, start }
    }

    pub(crate) fn get(&self) -> &[f32] {
        &self.memory[self.start..self.memory.len() - LINE + self.start]
    }

    pub(crate) fn get_mut(&mut self) -> &mut [f32] {
        let end = self.memory.len() - LINE + self.start;
        &mut self.memory[self.start..end]
    }
}

#[cfg(feature = "alloc")]
impl Clone for Workspace {
    /// A workspace of the same size; the elements are not copied.
    fn clone(&self) -> Workspace {
        Workspace::with_elements(self.get().len())
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workspace of {} bytes", size_of_val(self.get()))
    }
}

/// An upper bound of the bytes for one sample. Zero if sizes are known only at run time.
pub(crate) const fn workspace_bytes(program: &'static Program, slots: &[Slot]) -> usize {
    if slots.is_empty() {
        return 0;
    }
    let mut most = elements(slots);
    if cfg!(feature = "std") {
        most = match fast_elements(program, slots) {
            Some(elements) if elements + LINE > most => elements + LINE,
            Some(_) => most,
            None => return 0,
        };
    }
    most * size_of::<f32>()
}

/// An upper bound of what the fast path's plan needs, as if every value had its own memory, including its border. The
/// plan itself shares memory between values that are not needed at the same time. The tests of the kernels compare the
/// two for random chains.
const fn fast_elements(program: &'static Program, slots: &[Slot]) -> Option<usize> {
    let order = program.order;
    let mut sum = 0;
    let mut value = 0;
    while value < program.inputs.len() {
        sum += match padded(&slots[value].shape, [0; 3], order) {
            Some(elements) => elements,
            None => return None,
        };
        value += 1;
    }
    let mut layers = program.flat();
    while let Some(layer) = layers.step() {
        let (inputs, output) = (layer.step.inputs, &slots[layer.output()]);
        let first = &slots[layer.first_value + inputs[0]].shape;
        let bound = layer.op.bind(core::slice::from_ref(first), order);
        let mut op = bound;
        // The value between the two halves of a split layer, with the border that the second one reads.
        if let Ok(Some(Split { first, middle, second })) = op.split(first, order) {
            sum += match padded(&middle, border(&second, &middle, order), order) {
                Some(elements) => 2 * elements,
                None => return None,
            };
            op = first;
        }
        // A second copy of the input, with its border or in the caller's order.
        let mut input = 0;
        while input < inputs.len() {
            let shape = &slots[layer.first_value + inputs[input]].shape;
            sum += match padded(shape, border(&op, shape, order), order) {
                Some(elements) => elements,
                None => return None,
            };
            input += 1;
        }
        let Some(elements) = padded(&output.shape, [0; 3], order) else { return None };
        let keys = &slots[layer.first_value + inputs[if inputs.len() > 1 { 1 } else { 0 }]].shape;
        // Multi-head attention has values for queries, keys, values and the heads' output.
        sum += 2 * elements + 2 * output.room + packed(&bound, keys, &output.shape);
    }
    Some(sum)
}

/// An upper bound of attention's packed keys and values, padded to whole vectors.
const fn packed(op: &Op, keys: &Shape, output: &Shape) -> usize {
    if keys.rank() < 2 {
        return 0;
    }
    let (tokens, last) = (keys.rank() - 2, keys.rank() - 1);
    let (heads, widths) = match op {
        Op::Attention(layer) => (layer.heads, [keys.size(last).number(), output.size(last).number()]),
        Op::MultiHead(layer) => match layer.widths() {
            Some([width, values]) => (layer.heads, [Some(width), Some(values)]),
            None => return 0,
        },
        _ => return 0,
    };
    let (Some(each), [Some(width), Some(values)]) = (keys.size(tokens).number(), widths) else { return 0 };
    let (mut windows, mut axis) = (1, 0);
    while axis < tokens {
        let Some(size) = keys.size(axis).number() else { return 0 };
        (windows, axis) = (windows * size, axis + 1);
    }
    let lanes = LINE as i64;
    let elements = windows * ((each + lanes) * width + each * (values + heads * lanes));
    #[expect(clippy::cast_possible_truncation, reason = "sizes that do not fit are refused before")]
    if elements < 0 { 0 } else { elements.cast_unsigned() as usize + 8 * LINE }
}

/// The elements of a shape with `border` more rows on each axis, and elements that may be read past its end.
const fn padded(shape: &Shape, border: [i64; 3], order: AxisOrder) -> Option<usize> {
    let mut product: i64 = 1;
    let mut axis = 0;
    while axis < shape.rank() {
        let Some(size) = shape.size(axis).number() else { return None };
        let mut size = size;
        let mut spatial = 0;
        while spatial + 1 < shape.rank() && spatial < 3 {
            if order.spatial(spatial) == axis {
                size += border[spatial];
            }
            spatial += 1;
        }
        product = match product.checked_mul(size) {
            Some(product) => product,
            None => return None,
        };
        axis += 1;
    }
    if product < 0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "sizes that do not fit are refused before")]
    Some(product.cast_unsigned() as usize + 2 * LINE)
}

/// An upper bound of the border rows that a convolution reads, on both sides together.
const fn border(op: &Op, input: &Shape, order: AxisOrder) -> [i64; 3] {
    let mut border = [0; 3];
    let Op::Conv(conv) = op else { return border };
    // A layer whose channels fill a vector may compute four outputs at a time from parts of three taps: the last tile
    // has at most three outputs and two taps too many.
    let lanes = LINE as i64;
    let inputs = match input.size(order.channel(input.rank())).number() {
        Some(inputs) => inputs,
        None => 0,
    };
    let in_tiles = conv.groups == 1 && inputs >= lanes && conv.outputs >= lanes;
    let overhang = if in_tiles { 5 } else { 1 };
    let mut axis = 0;
    while axis < conv.rank {
        border[axis] = match conv.direction {
            Direction::Forward => match conv.windows(input, order) {
                Ok(windows) => {
                    let Window { lo, hi, stride, dilation, .. } = windows[axis];
                    least_zero(lo) + least_zero(hi) + overhang * if stride > dilation { stride } else { dilation }
                }
                Err(_) => 0,
            },
            Direction::Transposed => match conv.scatters(input, order) {
                Ok(scatters) => {
                    let scatter = scatters[axis];
                    let reach = (scatter.kernel - 1) * scatter.dilation;
                    let (low, high) = (reach - scatter.lo, reach - scatter.hi);
                    least_zero(low / scatter.stride + 1)
                        + least_zero(high / scatter.stride + 1)
                        + overhang * scatter.dilation
                }
                Err(_) => 0,
            },
        };
        axis += 1;
    }
    border
}

const fn least_zero(rows: i64) -> i64 {
    if rows < 0 { 0 } else { rows }
}
