//! The memory that a run needs beside its inputs and outputs.

use alloc::vec::Vec;
use core::fmt;

use convshape_arith::axis::Window;
use convshape_arith::op::{AxisOrder, Direction, Op};
use convshape_arith::shape::Shape;

use crate::model::Model;
use crate::parts::Linked;
use crate::program::Action;

/// Memory for the activations of a chain while it runs, to be used again and again: with it,
/// `forward_into` allocates nothing.
pub struct Workspace {
    /// With room to begin at a multiple of [`LINE`].
    memory: Vec<f32>,
    start: usize,
}

/// The elements of a cache line: a vector that begins with one never straddles two.
pub(crate) const LINE: usize = 16;

impl Workspace {
    /// Memory for one sample of a model.
    #[must_use]
    pub fn new<M: Model>() -> Workspace {
        Workspace::with_elements(M::WORKSPACE_BYTES.div_ceil(size_of::<f32>()))
    }

    pub(crate) fn with_elements(count: usize) -> Workspace {
        let memory = alloc::vec![0.0; count + LINE];
        let start = memory.as_ptr().align_offset(LINE * size_of::<f32>());
        Workspace { memory, start: if start < LINE { start } else { 0 } }
    }

    pub(crate) fn get(&self) -> &[f32] {
        &self.memory[self.start..self.memory.len() - LINE + self.start]
    }

    #[cfg(feature = "std")]
    pub(crate) fn get_mut(&mut self) -> &mut [f32] {
        let end = self.memory.len() - LINE + self.start;
        &mut self.memory[self.start..end]
    }
}

impl Clone for Workspace {
    /// As large, and empty.
    fn clone(&self) -> Workspace {
        Workspace::with_elements(self.get().len())
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workspace of {} bytes", size_of_val(self.get()))
    }
}

/// The most values of a chain whose workspace is known while it compiles.
const MOST_VALUES: usize = 256;
/// The most values that a layer reads there.
const MOST_INPUTS: usize = 8;

/// Bytes that are enough for one sample: every value with its border has a place of its own. Zero
/// where sizes are known at run time only.
pub(crate) const fn workspace_bytes(linked: Linked) -> usize {
    let mut inputs = [Shape::unknown(0); MOST_INPUTS];
    let ports = linked.program.inputs;
    if ports.len() > MOST_INPUTS {
        return 0;
    }
    let mut port = 0;
    while port < ports.len() {
        inputs[port] = ports[port].shape;
        port += 1;
    }
    match elements(linked, inputs.split_at(ports.len()).0) {
        Some(elements) => (elements + LINE) * size_of::<f32>(),
        None => 0,
    }
}

const fn elements(linked: Linked, inputs: &[Shape]) -> Option<usize> {
    let program = linked.program;
    if program.values > MOST_VALUES || inputs.len() != program.inputs.len() {
        return None;
    }
    let order = program.order;
    let mut shapes = [Shape::unknown(0); MOST_VALUES];
    let mut sum = 0;
    let mut value = 0;
    while value < inputs.len() {
        shapes[value] = inputs[value];
        sum += match padded(&shapes[value], [0; 3], order) {
            Some(elements) => elements,
            None => return None,
        };
        value += 1;
    }
    let mut index = 0;
    while index < program.steps.len() {
        let step = &program.steps[index];
        if step.inputs.len() > MOST_INPUTS {
            return None;
        }
        let mut read = [Shape::unknown(0); MOST_INPUTS];
        let mut input = 0;
        while input < step.inputs.len() {
            read[input] = shapes[step.inputs[input]];
            input += 1;
        }
        let read = read.split_at(step.inputs.len()).0;
        match step.action {
            Action::Layer(op) => {
                let op = op.bind(&read[0], order);
                let Ok(output) = op.output(read, order) else { return None };
                shapes[step.output] = output;
                // The input once more, with its border or for the layer's definition to read.
                let mut input = 0;
                while input < read.len() {
                    sum += match padded(&read[input], border(&op, &read[input], order), order) {
                        Some(elements) => elements,
                        None => return None,
                    };
                    input += 1;
                }
                let Some(elements) = padded(&output, [0; 3], order) else { return None };
                sum += 2 * elements;
            }
            Action::Chain { index } => {
                if index >= linked.chains.len() {
                    return None;
                }
                let chain = linked.chains[index];
                sum += match elements(chain, read) {
                    Some(elements) => elements,
                    None => return None,
                };
                let mut port = 0;
                while port < chain.program.outputs.len() {
                    shapes[step.output + port] = chain.program.outputs[port].shape;
                    port += 1;
                }
            }
        }
        index += 1;
    }
    Some(sum)
}

/// The elements of a shape with `border` rows more on each axis, and what may be read behind it.
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

/// At most that many rows of border does a convolution read, both sides together.
const fn border(op: &Op, input: &Shape, order: AxisOrder) -> [i64; 3] {
    let mut border = [0; 3];
    let Op::Conv(conv) = op else { return border };
    let mut axis = 0;
    while axis < conv.rank {
        border[axis] = match conv.direction {
            Direction::Forward => match conv.windows(input, order) {
                // More where the last of several outputs at a time overhangs.
                Ok(windows) => {
                    let Window { lo, hi, stride, dilation, .. } = windows[axis];
                    least_zero(lo) + least_zero(hi) + if stride > dilation { stride } else { dilation }
                }
                Err(_) => 0,
            },
            Direction::Transposed => match conv.scatters(input, order) {
                Ok(scatters) => {
                    let scatter = scatters[axis];
                    let reach = (scatter.kernel - 1) * scatter.dilation;
                    let (low, high) = (reach - scatter.lo, reach - scatter.hi);
                    least_zero(low / scatter.stride + 1) + least_zero(high / scatter.stride + 1) + 1
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
