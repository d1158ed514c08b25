//! Candidates for the value of a hole: the formula of one axis, solved for the open field.
//!
//! A window gives `floor((rows + border - extent) / stride) + 1` rows, so each quantity has an interval of solutions. A
//! transposed convolution gives `(rows - 1) * stride + extent - crop`, which has a single one. Limits and padding words
//! of a dialect are left to its own arithmetic, which checks the numbers nearby.

use super::AxisField;
use crate::op::{AxisOrder, Conv, Dialect, Direction, Op, Padding, Pool};
use crate::shape::Shape;
use crate::size::{Size, div_ceil, div_floor};

/// The most candidates around which values are tried.
const MOST: usize = 5;

/// How far before and after a candidate to look.
const BEFORE: i64 = 4;
const BEHIND: i64 = 6;

/// The candidates for a field's value, if any gives the target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchors {
    at: [i64; MOST],
    count: usize,
}

impl Anchors {
    const fn new(least: i64) -> Anchors {
        Anchors { at: [least; MOST], count: 1 }
    }

    const fn with(mut self, number: Option<i64>) -> Anchors {
        if let Some(number) = number
            && self.count < MOST
        {
            self.at[self.count] = number;
            self.count += 1;
        }
        self
    }

    /// The first value after `value` that is near a candidate.
    pub(super) const fn after(&self, value: i64) -> Option<i64> {
        // No value follows the largest number.
        if value == i64::MAX {
            return None;
        }
        let mut next: Option<i64> = None;
        let mut index = 0;
        while index < self.count {
            let low = self.at[index].saturating_sub(BEFORE);
            let candidate = if low > value { low } else { value.saturating_add(1) };
            let nearer = match next {
                Some(next) => candidate < next,
                None => true,
            };
            if candidate <= self.at[index].saturating_add(BEHIND) && nearer {
                next = Some(candidate);
            }
            index += 1;
        }
        next
    }

    /// The smallest and the largest number of the list, ignoring its first entry.
    pub(super) const fn ends(&self) -> (i64, i64) {
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        let mut index = 1;
        while index < self.count {
            low = if self.at[index] < low { self.at[index] } else { low };
            high = if self.at[index] > high { self.at[index] } else { high };
            index += 1;
        }
        (low, high)
    }
}

/// One axis as numbers.
struct AxisNumbers {
    rows: i64,
    target: i64,
    kernel: i64,
    stride: i64,
    dilation: i64,
    /// Total rows of border, or of cropping, on both sides; 0 if a word says it.
    border: i64,
    ceil: bool,
    /// The smallest kernel that a pooling's padding allows.
    least_kernel: i64,
}

/// The candidates for an open field that should give `target`.
pub(super) const fn anchors(
    op: &Op,
    field: AxisField,
    input: &Shape,
    order: AxisOrder,
    axis: usize,
    target: Size,
    least: i64,
) -> Anchors {
    let none = Anchors::new(least);
    let Some((rows, target)) = numbers(input.size(order.spatial(axis)), target) else { return none };
    match op {
        Op::Conv(conv) => match (conv.direction, of_conv(conv, axis, rows, target)) {
            (Direction::Forward, Some(numbers)) => window(&numbers, field, none),
            (Direction::Transposed, Some(numbers)) => scatter(conv, &numbers, field, axis, none),
            (_, None) => none,
        },
        Op::Pool(pool) => window(&of_pool(pool, axis, rows, target), field, none),
        _ => none,
    }
}

/// Both sizes as numbers. For symbolic sizes it uses the offsets, which the formulas treat in the same way.
const fn numbers(input: Size, target: Size) -> Option<(i64, i64)> {
    match (input, target) {
        (Size::Number(rows), Size::Number(target)) => Some((rows, target)),
        (Size::Symbolic { offset: rows, .. }, Size::Symbolic { offset: target, .. }) => Some((rows, target)),
        _ => None,
    }
}

const fn of_conv(conv: &Conv, axis: usize, rows: i64, target: i64) -> Option<AxisNumbers> {
    // The rows between those of a dilated input.
    let Some(gaps) = rows.checked_sub(1) else { return None };
    let Some(spread) = gaps.checked_mul(conv.input_dilation[axis]) else { return None };
    Some(AxisNumbers {
        rows: spread.saturating_add(1),
        target,
        kernel: conv.kernel[axis],
        stride: conv.stride[axis],
        dilation: conv.dilation[axis],
        border: border(conv.padding, axis),
        ceil: false,
        least_kernel: 1,
    })
}

const fn of_pool(pool: &Pool, axis: usize, rows: i64, target: i64) -> AxisNumbers {
    let border = border(pool.padding, axis);
    AxisNumbers {
        rows,
        target,
        kernel: pool.kernel[axis],
        stride: pool.stride[axis],
        dilation: pool.dilation[axis],
        border,
        // onnxruntime rounds as if it were, if a window is too large.
        ceil: pool.ceil_mode || matches!(pool.dialect, Dialect::Onnx),
        least_kernel: border,
    }
}

const fn border(padding: Padding, axis: usize) -> i64 {
    match padding {
        Padding::Symmetric(padding) => padding[axis].saturating_mul(2),
        Padding::Pairs(pairs) => pairs[axis].0.saturating_add(pairs[axis].1),
        _ => 0,
    }
}

impl AxisNumbers {
    const fn extent(&self) -> i64 {
        self.kernel.saturating_sub(1).saturating_mul(self.dilation).saturating_add(1)
    }

    /// The kernel that covers this many rows.
    const fn kernel_of(&self, extent: i64) -> Option<i64> {
        match div_floor(extent.saturating_sub(1), self.dilation) {
            Some(taps) => Some(taps.saturating_add(1)),
            None => None,
        }
    }
}

/// `(target - 1) * stride <= rows + border - extent < target * stride`. With `ceil`, a window counts up to `stride - 1`
/// rows earlier, unless it starts in the border.
const fn window(numbers: &AxisNumbers, field: AxisField, none: Anchors) -> Anchors {
    let AxisNumbers { rows, target, stride, ceil, .. } = *numbers;
    let low = target.saturating_sub(1).saturating_mul(stride);
    let high = low.saturating_add(stride.saturating_sub(1));
    let more = if ceil { stride.saturating_sub(1) } else { 0 };
    let next = if ceil { stride } else { 0 };
    match field {
        AxisField::Kernel => {
            let padded = rows.saturating_add(numbers.border);
            none.with(numbers.kernel_of(padded.saturating_sub(high.saturating_add(next))))
                .with(numbers.kernel_of(padded.saturating_sub(low)))
                .with(numbers.kernel_of(padded.saturating_sub(low).saturating_add(more)))
                .with(Some(numbers.least_kernel))
        }
        AxisField::Padding => {
            let short = numbers.extent().saturating_sub(rows);
            none.with(div_ceil(low.saturating_add(short).saturating_sub(more), 2))
                .with(div_ceil(low.saturating_add(short), 2))
                .with(div_floor(high.saturating_add(short).saturating_add(next), 2))
        }
        AxisField::OutputPadding | AxisField::Stride => none,
    }
}

/// `(rows - 1) * stride + extent - crop + output_padding = target`.
const fn scatter(conv: &Conv, numbers: &AxisNumbers, field: AxisField, axis: usize, none: Anchors) -> Anchors {
    let AxisNumbers { rows, target, stride, .. } = *numbers;
    let steps = rows.saturating_sub(1).saturating_mul(stride);
    // jax and flax pad the dilated input, so a missing border row (of `extent - 1`) is a cropped row.
    let pads = matches!(conv.dialect, Dialect::Jax | Dialect::Flax) && !conv.consistent_padding;
    let written = matches!(conv.padding, Padding::Symmetric(_) | Padding::Pairs(_));
    let extra = match (conv.output_size, conv.output_padding) {
        (None, Some(values)) => values[axis],
        _ => 0,
    };
    let beyond = target.saturating_sub(steps).saturating_sub(extra);
    match field {
        // With padding: `target = steps + 2 + border - extent`.
        AxisField::Kernel if pads && written => {
            none.with(numbers.kernel_of(steps.saturating_add(2).saturating_add(numbers.border).saturating_sub(target)))
        }
        AxisField::Kernel => {
            let extent = beyond.saturating_add(numbers.border);
            let choice = if conv.output_size.is_some() { stride.saturating_sub(1) } else { 0 };
            none.with(numbers.kernel_of(extent)).with(numbers.kernel_of(extent.saturating_sub(choice)))
        }
        AxisField::Padding if pads => {
            none.with(div_floor(target.saturating_sub(steps).saturating_sub(2).saturating_add(numbers.extent()), 2))
        }
        AxisField::Padding => {
            let crop = numbers.extent().saturating_sub(beyond);
            let choice = if conv.output_size.is_some() { stride.saturating_sub(1) } else { 0 };
            none.with(div_floor(crop, 2)).with(div_floor(crop.saturating_add(choice), 2))
        }
        AxisField::OutputPadding => {
            let bare = beyond.saturating_add(extra);
            match conv.padding {
                // keras' `same` gives `steps + extent % 2 + output_padding`.
                Padding::Same => none.with(Some(bare.saturating_sub(numbers.extent() % 2))),
                _ => none.with(Some(bare.saturating_sub(numbers.extent()).saturating_add(numbers.border))),
            }
        }
        AxisField::Stride => none,
    }
}
