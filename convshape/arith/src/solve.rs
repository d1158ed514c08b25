//! The arithmetic run backwards: what fills a hole, what undoes a layer.

use crate::axis::{Scatter, Window};
use crate::fault::{Fault, Reason, tri};
use crate::layer::AxisMap;
use crate::op::{AutoPad, AxisOrder, Conv, Dialect, Direction, MAX_SPATIAL, Op, Padding, PaddingMode, PerAxis, Pool};
use crate::shape::Shape;
use crate::size::Size;

/// A field with one number per axis that can be left open, or changed to mend a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AxisField {
    /// `kernel`
    Kernel,
    /// `padding`
    Padding,
    /// `output_padding`
    OutputPadding,
    /// `stride`
    Stride,
}

impl AxisField {
    /// The word of the language.
    pub const fn name(self) -> &'static str {
        match self {
            AxisField::Kernel => "kernel",
            AxisField::Padding => "padding",
            AxisField::OutputPadding => "output_padding",
            AxisField::Stride => "stride",
        }
    }
}

impl Op {
    /// The numbers of a field, where the layer has it and it is one number per axis.
    pub const fn axis_field(&self, field: AxisField) -> Option<PerAxis<i64>> {
        match (self, field) {
            (Op::Conv(conv), AxisField::Kernel) => Some(conv.kernel),
            (Op::Conv(conv), AxisField::Stride) => Some(conv.stride),
            (Op::Conv(Conv { padding: Padding::Symmetric(padding), .. }), AxisField::Padding) => Some(*padding),
            (
                Op::Conv(Conv { direction: Direction::Transposed, output_size: None, output_padding, .. }),
                AxisField::OutputPadding,
            ) => match output_padding {
                Some(output_padding) => Some(*output_padding),
                None => Some([0; MAX_SPATIAL]),
            },
            (Op::Pool(pool), AxisField::Kernel) => Some(pool.kernel),
            (Op::Pool(pool), AxisField::Stride) => Some(pool.stride),
            (Op::Pool(pool), AxisField::Padding) => match pool.padding {
                Padding::Symmetric(padding) => Some(padding),
                _ => None,
            },
            _ => None,
        }
    }

    /// The layer with one number of a field replaced; unchanged where it has no such field.
    #[must_use]
    pub const fn with_axis_field(mut self, field: AxisField, axis: usize, value: i64) -> Op {
        match (&mut self, field) {
            (Op::Conv(conv), AxisField::Kernel) => conv.kernel[axis] = value,
            (Op::Conv(conv), AxisField::Stride) => conv.stride[axis] = value,
            (Op::Conv(conv), AxisField::Padding) => conv.padding = symmetric(conv.padding, axis, value),
            (Op::Conv(conv), AxisField::OutputPadding) => {
                let mut values = match conv.output_padding {
                    Some(values) => values,
                    None => [0; MAX_SPATIAL],
                };
                values[axis] = value;
                conv.output_padding = Some(values);
            }
            (Op::Pool(pool), AxisField::Kernel) => pool.kernel[axis] = value,
            (Op::Pool(pool), AxisField::Stride) => pool.stride[axis] = value,
            (Op::Pool(pool), AxisField::Padding) => pool.padding = symmetric(pool.padding, axis, value),
            _ => {}
        }
        self
    }
}

const fn symmetric(padding: Padding, axis: usize, value: i64) -> Padding {
    let mut values = match padding {
        Padding::Symmetric(values) => values,
        _ => [0; MAX_SPATIAL],
    };
    values[axis] = value;
    Padding::Symmetric(values)
}

/// The most solutions that are kept: enough to show that there are several.
pub const MOST_SOLUTIONS: usize = 3;

/// What fills the holes of one axis.
#[derive(Clone, Copy, Debug)]
pub struct Solutions {
    /// One number per open field, in the order the fields were given; `count` rows are filled.
    pub values: [[i64; MAX_SPATIAL]; MOST_SOLUTIONS],
    /// How many were found; the search stops at [`MOST_SOLUTIONS`].
    pub count: usize,
}

/// How many values are tried: a kernel over a minute of audio is still found.
const MOST_TRIALS: i64 = 1 << 20;

/// Fills the open fields of one axis so that the layer gives `target`: every combination that the
/// layer accepts, smallest numbers first.
///
/// At most three fields are open. Each candidate goes through the layer's own arithmetic, so
/// nothing that the dialect refuses is found.
pub const fn fill_axis(
    op: &Op,
    open: &[AxisField],
    input: &Shape,
    order: AxisOrder,
    axis: usize,
    target: Size,
) -> Solutions {
    let mut found = Solutions { values: [[0; MAX_SPATIAL]; MOST_SOLUTIONS], count: 0 };
    let mut limits = [0_i64; MAX_SPATIAL];
    let mut at = [0_i64; MAX_SPATIAL];
    let mut field = 0;
    while field < open.len() {
        at[field] = least(open[field]);
        limits[field] = most(open[field], op, input.size(order.spatial(axis)), axis, target);
        field += 1;
    }
    let mut trials = 0;
    loop {
        let mut candidate = *op;
        let mut field = 0;
        while field < open.len() {
            candidate = candidate.with_axis_field(open[field], axis, at[field]);
            field += 1;
        }
        if gives(&candidate, input, order, axis, target) {
            found.values[found.count] = at;
            found.count += 1;
        }
        trials += 1;
        if found.count == MOST_SOLUTIONS || trials == MOST_TRIALS {
            return found;
        }
        // The next combination, the last field fastest.
        let mut field = open.len();
        loop {
            if field == 0 {
                return found;
            }
            field -= 1;
            if at[field] < limits[field] {
                at[field] += 1;
                break;
            }
            at[field] = least(open[field]);
        }
    }
}

const fn least(field: AxisField) -> i64 {
    match field {
        AxisField::Kernel | AxisField::Stride => 1,
        AxisField::Padding | AxisField::OutputPadding => 0,
    }
}

/// Beyond this no value of the field can give the target: one term of the formula is never more
/// than all others together.
const fn most(field: AxisField, op: &Op, input: Size, axis: usize, target: Size) -> i64 {
    let (kernel, stride, dilation, padding) = match op {
        Op::Conv(conv) => (conv.kernel[axis], conv.stride[axis], conv.dilation[axis], conv.padding),
        Op::Pool(pool) => (pool.kernel[axis], pool.stride[axis], pool.dilation[axis], pool.padding),
        _ => return 0,
    };
    // Kernel and stride may be open as well: a few more of each count.
    let kernel = kernel.saturating_add(4);
    let step = (if stride > dilation { stride } else { dilation }).saturating_add(4);
    if let AxisField::OutputPadding = field {
        return step;
    }
    let border = match padding {
        Padding::Symmetric(padding) => padding[axis].saturating_abs().saturating_mul(2),
        Padding::Pairs(pairs) => pairs[axis].0.saturating_abs().saturating_add(pairs[axis].1.saturating_abs()),
        _ => 0,
    };
    let rows = rows(input).saturating_add(rows(target)).saturating_add(kernel);
    rows.saturating_mul(step).saturating_add(border)
}

/// The numbers in a size.
const fn rows(size: Size) -> i64 {
    match size {
        Size::Number(n) => n.saturating_abs(),
        Size::Symbolic { scale, offset, .. } => scale.saturating_add(offset.saturating_abs()),
        Size::Unknown => 0,
    }
}

/// For a field that no value of gives `target` on one axis: the value that gives the most of the sizes
/// below it, and the one that gives the least of those above it; the smaller value where several do.
pub const fn nearest_values(
    op: &Op,
    open: AxisField,
    input: &Shape,
    order: AxisOrder,
    axis: usize,
    target: i64,
) -> [Option<i64>; 2] {
    let limit = most(open, op, input.size(order.spatial(axis)), axis, Size::Number(target));
    let mut nearest: [Option<(i64, i64)>; 2] = [None, None];
    let mut value = least(open);
    while value <= limit && value <= MOST_TRIALS >> 4 {
        if let Some(rows) = size_given(&op.with_axis_field(open, axis, value), input, order, axis) {
            let side = (rows > target) as usize;
            let nearer = match nearest[side] {
                Some((_, known)) => known.abs_diff(target) > rows.abs_diff(target),
                None => true,
            };
            if nearer {
                nearest[side] = Some((value, rows));
            }
        }
        value += 1;
    }
    let mut values = [None; 2];
    if let Some((value, _)) = nearest[0] {
        values[0] = Some(value);
    }
    if let Some((value, _)) = nearest[1] {
        values[1] = Some(value);
    }
    values
}

/// How many rows a layer gives on one axis, if it gives any.
const fn size_given(op: &Op, input: &Shape, order: AxisOrder, axis: usize) -> Option<i64> {
    let size = input.size(order.spatial(axis));
    let output = match op.axis_map(input, order, axis) {
        Ok(Some(AxisMap::Window(window))) => window.output(size, input.scope()),
        Ok(Some(AxisMap::Scatter(scatter))) => scatter.output(size, input.scope()),
        _ => return None,
    };
    match output {
        Ok(Size::Number(rows)) if rows >= 1 => Some(rows),
        _ => None,
    }
}

/// `padding: _` where no number of rows on both sides does: the word that does, where the dialect pads
/// by words, else pairs, with the odd row at the end as in `same`. Fewest rows first; a dialect that
/// takes negative numbers may crop. The layer with that padding, which gives `target` on every axis.
///
/// In PyTorch `padding` is a number, and nothing else is found.
pub const fn uneven_padding(op: &Op, input: &Shape, order: AxisOrder, target: &Shape) -> Option<Op> {
    let (dialect, rank) = match op {
        Op::Conv(conv) => (conv.dialect, conv.rank),
        Op::Pool(pool) => (pool.dialect, pool.rank),
        _ => return None,
    };
    if let Dialect::Torch = dialect {
        return None;
    }
    padding_pairs(op, input, order, target, rank, matches!(dialect, Dialect::Keras))
}

/// As [`uneven_padding`], in any dialect: what a suggestion may say.
pub const fn suggested_padding(op: &Op, input: &Shape, order: AxisOrder, target: &Shape) -> Option<Op> {
    match op {
        Op::Conv(Conv { rank, .. }) | Op::Pool(Pool { rank, .. }) => {
            padding_pairs(op, input, order, target, *rank, false)
        }
        _ => None,
    }
}

const fn padding_pairs(
    op: &Op,
    input: &Shape,
    order: AxisOrder,
    target: &Shape,
    rank: usize,
    words: bool,
) -> Option<Op> {
    if input.rank() != rank + 1 || target.rank() != rank + 1 {
        return None;
    }
    if words {
        let same = with_padding(op, Padding::Same);
        let mut axis = 0;
        while axis < rank && gives(&same, input, order, axis, target.size(order.spatial(axis))) {
            axis += 1;
        }
        if axis == rank {
            return Some(same);
        }
    }
    let mut pairs = [(0, 0); MAX_SPATIAL];
    let mut axis = 0;
    while axis < rank {
        let size = target.size(order.spatial(axis));
        let most = most(AxisField::Padding, op, input.size(order.spatial(axis)), axis, size);
        let mut total = 0;
        loop {
            let lo = total / 2;
            pairs[axis] = (lo, total - lo);
            if gives(&with_padding(op, Padding::Pairs(pairs)), input, order, axis, size) {
                break;
            }
            // 0, 1, -1, 2, -2, ..
            total = if total > 0 { -total } else { 1 - total };
            if total > most || total > MOST_TRIALS {
                return None;
            }
        }
        axis += 1;
    }
    Some(with_padding(op, Padding::Pairs(pairs)))
}

const fn with_padding(op: &Op, padding: Padding) -> Op {
    match *op {
        Op::Conv(conv) => Op::Conv(Conv { padding, ..conv }),
        Op::Pool(pool) => Op::Pool(Pool { padding, ..pool }),
        other => other,
    }
}

/// Whether one axis of the layer gives `target`.
pub const fn gives(op: &Op, input: &Shape, order: AxisOrder, axis: usize, target: Size) -> bool {
    let size = input.size(order.spatial(axis));
    match op.axis_map(input, order, axis) {
        Ok(Some(AxisMap::Window(window))) => match window.output(size, input.scope()) {
            Ok(output) => output.same(target) && positive(output, input),
            Err(_) => false,
        },
        Ok(Some(AxisMap::Scatter(scatter))) => match scatter.output(size, input.scope()) {
            Ok(output) => output.same(target),
            Err(_) => false,
        },
        _ => false,
    }
}

const fn positive(size: Size, input: &Shape) -> bool {
    matches!(size.smallest(input.scope()), Some(smallest) if smallest >= 1)
}

/// The layer whose shape map is the exact reverse of `conv` at `input`: kernel, stride, dilation,
/// groups and bias the same, channels swapped, the offset the same, written as the dialect writes it.
///
/// A transposed convolution wins back the rows a floor dropped: its full output has
/// `(o - 1) * stride + extent - lo - hi` rows; what is missing to `input` is at most `stride - 1`, so
/// as an `output_padding` it is accepted by every dialect that has one. jax and flax pad the dilated
/// input instead.
///
/// # Errors
/// Why `conv` itself is refused, or has no reverse: a depthwise convolution, one with an input
/// dilation.
pub const fn undo(conv: &Conv, input: &Shape, order: AxisOrder) -> Result<Conv, Fault> {
    if conv.depth_multiplier.is_some() {
        return Err(Fault::new(Reason::TransposedGroups));
    }
    let channels = input.size(order.channel(input.rank()));
    let inputs = match conv.inputs {
        Some(inputs) => inputs,
        None => match channels {
            Size::Number(channels) => channels,
            _ => 1,
        },
    };
    let undone = Conv {
        inputs: Some(conv.outputs),
        outputs: inputs,
        auto_pad: AutoPad::NotSet,
        output_padding: None,
        output_size: None,
        padding_mode: PaddingMode::Zeros,
        transpose_kernel: false,
        consistent_padding: false,
        tied: false,
        ..*conv
    };
    match conv.direction {
        Direction::Forward => transposed(conv, undone, input, order),
        Direction::Transposed => forward(conv, undone, input, order),
    }
}

/// What undoes a convolution.
const fn transposed(conv: &Conv, undone: Conv, input: &Shape, order: AxisOrder) -> Result<Conv, Fault> {
    let windows = tri!(conv.windows(input, order));
    let mut pairs = [(0, 0); MAX_SPATIAL];
    let mut output_padding = [0; MAX_SPATIAL];
    let mut padded = false;
    let mut axis = 0;
    while axis < conv.rank {
        let Window { kernel, stride, dilation, input_dilation, lo, hi, .. } = windows[axis];
        if input_dilation != 1 {
            let what = "an input dilation and a layer that undoes it";
            return Err(Fault::on(axis, Reason::Exclusive { field: "input_dilation", what }));
        }
        let size = input.size(order.spatial(axis));
        let output = match windows[axis].output(size, input.scope()) {
            Ok(output) => output,
            Err(reason) => return Err(Fault::on(axis, reason)),
        };
        let plain = Scatter { kernel, stride, dilation, lo, hi };
        let missing = match (plain.unchecked_output(output), size) {
            (Ok(Size::Number(short)), Size::Number(size)) => size - short,
            (Ok(Size::Symbolic { offset: short, .. }), Size::Symbolic { offset: size, .. }) => size - short,
            _ => 0,
        };
        output_padding[axis] = missing;
        padded |= missing != 0;
        pairs[axis] = match conv.dialect {
            // Rows of border around the dilated input.
            Dialect::Jax | Dialect::Flax => {
                let most = dilation.saturating_mul(kernel - 1);
                (most.saturating_sub(lo), most.saturating_sub(hi).saturating_add(missing))
            }
            Dialect::Torch | Dialect::Onnx | Dialect::Keras => (lo, hi),
        };
        axis += 1;
    }
    let output_padding = match conv.dialect {
        Dialect::Jax | Dialect::Flax => None,
        // Left out, it is not zero there.
        Dialect::Keras => Some(output_padding),
        Dialect::Torch | Dialect::Onnx => {
            if padded {
                Some(output_padding)
            } else {
                None
            }
        }
    };
    let padding = as_written(&pairs, conv.rank, conv.dialect);
    Ok(Conv { direction: Direction::Transposed, padding, output_padding, ..undone })
}

/// What undoes a transposed convolution.
const fn forward(conv: &Conv, undone: Conv, input: &Shape, order: AxisOrder) -> Result<Conv, Fault> {
    let scatters = tri!(conv.scatters(input, order));
    let mut pairs = [(0, 0); MAX_SPATIAL];
    let mut axis = 0;
    while axis < conv.rank {
        // A floor leaves out up to `stride - 1` more rows at the end: both sides alike where that
        // does, else no crop where that does.
        let Scatter { lo, hi, stride, .. } = scatters[axis];
        let most = hi.saturating_add(stride - 1);
        let end = if hi <= lo && lo <= most {
            lo
        } else if hi < 0 && 0 <= most {
            0
        } else {
            hi
        };
        pairs[axis] = (lo, end);
        axis += 1;
    }
    let padding = as_written(&pairs, conv.rank, conv.dialect);
    Ok(Conv { direction: Direction::Forward, padding, ..undone })
}

/// `padding: 1` where both sides are equal on every axis and none is negative, else pairs. keras has
/// no numbers: `valid` where they are zero.
const fn as_written(pairs: &PerAxis<(i64, i64)>, rank: usize, dialect: Dialect) -> Padding {
    let mut values = [0; MAX_SPATIAL];
    let mut zero = true;
    let mut axis = 0;
    while axis < rank {
        if pairs[axis].0 != pairs[axis].1 || pairs[axis].0 < 0 {
            return Padding::Pairs(*pairs);
        }
        values[axis] = pairs[axis].0;
        zero &= values[axis] == 0;
        axis += 1;
    }
    match dialect {
        Dialect::Keras if zero => Padding::Valid,
        Dialect::Keras => Padding::Pairs(*pairs),
        _ => Padding::Symmetric(values),
    }
}
