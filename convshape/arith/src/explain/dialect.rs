//! The same word can mean different things in different frameworks. If that is the likely cause of an error, this says
//! so and names the word to use.

use crate::axis::extent;
use crate::dialect::same_rows;
use crate::op::{AxisOrder, Conv, Dialect, Direction, MAX_SPATIAL, Op, Padding, PerAxis, Pool};
use crate::shape::Shape;
use crate::text::Text;

/// Writes how another framework's meaning of a layer's fields explains an error, and returns whether it does.
///
/// `wanted` is the output that the layer should give, if that is known. Without it the layer was rejected, and a
/// meaning under which it runs is the explanation. Not useful for correct layers. Starts without a line break: it is
/// one note.
pub const fn dialect_note(text: &mut Text, op: &Op, input: &Shape, wanted: Option<&Shape>, order: AxisOrder) -> bool {
    let goal = Goal { input, wanted, order };
    match op {
        Op::Conv(conv) => match (conv.direction, conv.dialect) {
            (Direction::Transposed, Dialect::Jax | Dialect::Flax) => lax_transposed(text, conv, &goal),
            (Direction::Transposed, Dialect::Keras) => keras_transposed(text, conv, &goal),
            (Direction::Transposed, Dialect::Torch) => torch_transposed(text, conv),
            (Direction::Forward, Dialect::Torch) => torch_same(text, conv, &goal),
            (Direction::Forward, Dialect::Flax) => flax_same(text, conv, &goal),
            _ => false,
        },
        Op::Pool(pool) => stride_of_one(text, pool, &goal),
        _ => false,
    }
}

/// What a layer is expected to give.
struct Goal<'a> {
    input: &'a Shape,
    wanted: Option<&'a Shape>,
    order: AxisOrder,
}

impl Goal<'_> {
    const fn met_by(&self, op: Op) -> bool {
        match (op.output(&[*self.input], self.order), self.wanted) {
            (Ok(output), Some(wanted)) => output.fits(wanted),
            (Ok(_), None) => true,
            (Err(_), _) => false,
        }
    }
}

/// The layer with PyTorch's meaning of the fields, without those that PyTorch does not have.
const fn as_torch(conv: &Conv) -> Op {
    Op::Conv(Conv { dialect: Dialect::Torch, transpose_kernel: false, ..*conv })
}

const fn lax_transposed(text: &mut Text, conv: &Conv, goal: &Goal<'_>) -> bool {
    let mut reach = [1; MAX_SPATIAL];
    // Whether the full output is the one that `valid` gives.
    let mut full = true;
    let mut axis = 0;
    while axis < conv.rank {
        let Ok(rows) = extent(conv.kernel[axis], conv.dilation[axis]) else { return false };
        reach[axis] = rows;
        full &= rows >= conv.stride[axis];
        axis += 1;
    }
    match conv.padding {
        Padding::Symmetric(padding) if !conv.consistent_padding && goal.met_by(as_torch(conv)) => {
            pads_the_dilated(text, conv, &padding, &reach, full);
            true
        }
        Padding::Pairs(pairs) if !conv.consistent_padding && goal.met_by(as_torch(conv)) => {
            crops_by_pairs(text, conv, &pairs, &reach);
            true
        }
        Padding::Valid if !full => fills_the_stride(text, conv, goal, &reach),
        Padding::Same => {
            let valid = Conv { padding: Padding::Valid, ..*conv };
            if !goal.met_by(Op::Conv(valid)) {
                return false;
            }
            if matches!(conv.dialect, Dialect::Flax) {
                text.str("`padding: same`, the default of flax, gives input * stride: `padding: valid` crops nothing");
            } else {
                text.str("`padding: same` gives input * stride: `padding: valid` crops nothing");
            }
            true
        }
        _ => false,
    }
}

/// What PyTorch's `padding` is in `lax`, which pads the dilated input. `reach` is how many rows a kernel covers.
const fn pads_the_dilated(text: &mut Text, conv: &Conv, padding: &PerAxis<i64>, reach: &PerAxis<i64>, full: bool) {
    let mut same_as = [0; MAX_SPATIAL];
    let mut zero = true;
    let mut axis = 0;
    while axis < conv.rank {
        same_as[axis] = reach[axis] - 1 - padding[axis];
        zero &= padding[axis] == 0;
        axis += 1;
    }
    text.str(conv.dialect.name()).str(" pads the dilated input");
    if zero {
        text.str(", so `padding: 0` gives the smallest output");
    }
    text.str(": what PyTorch calls `padding: ").per_axis(axes(padding, conv.rank));
    text.str("` is `padding: ").per_axis(axes(&same_as, conv.rank)).str("` here");
    if zero && full {
        text.str(", or `padding: valid`");
    }
}

const fn crops_by_pairs(text: &mut Text, conv: &Conv, pairs: &PerAxis<(i64, i64)>, reach: &PerAxis<i64>) {
    let mut same_as = [(0, 0); MAX_SPATIAL];
    let mut axis = 0;
    while axis < conv.rank {
        same_as[axis] = (reach[axis] - 1 - pairs[axis].0, reach[axis] - 1 - pairs[axis].1);
        axis += 1;
    }
    text.str(conv.dialect.name()).str(" pads the dilated input: to crop `");
    write_pairs(text, pairs, conv.rank);
    text.str("` rows of the output, write `padding: ");
    write_pairs(text, &same_as, conv.rank);
    text.str("`");
}

/// `valid` fills up to the stride if the kernel is smaller.
const fn fills_the_stride(text: &mut Text, conv: &Conv, goal: &Goal<'_>, reach: &PerAxis<i64>) -> bool {
    let padding = Padding::Symmetric([0; MAX_SPATIAL]);
    if !goal.met_by(as_torch(&Conv { padding, ..*conv })) {
        return false;
    }
    let mut written = [0; MAX_SPATIAL];
    let mut axis = 0;
    while axis < conv.rank {
        written[axis] = reach[axis] - 1;
        axis += 1;
    }
    text.str("where the stride is larger than the kernel, `valid` gives input * stride in ").str(conv.dialect.name());
    text.str(": `padding: ").per_axis(axes(&written, conv.rank));
    text.str("` is what PyTorch calls `padding: 0`");
    true
}

const fn keras_transposed(text: &mut Text, conv: &Conv, goal: &Goal<'_>) -> bool {
    if conv.output_size.is_some() {
        return false;
    }
    match conv.output_padding {
        Some(_) if goal.met_by(Op::Conv(Conv { output_padding: None, ..*conv })) => {
            text.str("in keras `output_padding: 0` is not the default: left out, or as `output_padding: none`, it is ");
            text.str(if matches!(conv.padding, Padding::Same) {
                "what makes `same` give input * stride"
            } else {
                "as many rows as the stride is larger than the kernel"
            });
            true
        }
        None if goal.met_by(Op::Conv(Conv { output_padding: Some([0; MAX_SPATIAL]), ..*conv })) => {
            text.str("where the stride is larger than the kernel, keras adds rows at the end: `output_padding: 0` ");
            text.str("adds none, as in PyTorch");
            true
        }
        _ => false,
    }
}

/// PyTorch takes no words for the padding of a transposed convolution.
const fn torch_transposed(text: &mut Text, conv: &Conv) -> bool {
    match conv.padding {
        Padding::Valid => {
            text.str("PyTorch has no `valid` for a transposed convolution: `padding: 0` crops nothing");
            true
        }
        Padding::Same => {
            let Some((padding, output_padding)) = conv.crop_to_stride() else { return false };
            let mut any = false;
            let mut axis = 0;
            while axis < conv.rank {
                any |= output_padding[axis] > 0;
                axis += 1;
            }
            text.str("PyTorch has no `same` for a transposed convolution: `padding: ");
            text.per_axis(axes(&padding, conv.rank));
            if any {
                text.str(", output_padding: ").per_axis(axes(&output_padding, conv.rank));
            }
            text.str("` gives input * stride");
            true
        }
        _ => false,
    }
}

/// `same` with a stride, which the other frameworks allow.
const fn torch_same(text: &mut Text, conv: &Conv, goal: &Goal<'_>) -> bool {
    if !matches!(conv.padding, Padding::Same) {
        return false;
    }
    let mut pairs = [(0, 0); MAX_SPATIAL];
    let mut strided = false;
    let mut axis = 0;
    while axis < conv.rank {
        let size = goal.input.size(goal.order.spatial(axis));
        let Ok(reach) = extent(conv.kernel[axis], conv.dilation[axis]) else { return false };
        let Ok(rows) = same_rows(reach, conv.stride[axis], size) else { return false };
        pairs[axis] = (rows / 2, rows - rows / 2);
        strided |= conv.stride[axis] > 1;
        axis += 1;
    }
    if !strided {
        return false;
    }
    text.str("where other frameworks have it, `same` leaves ceil(input / stride) rows: `padding: ");
    write_pairs(text, &pairs, conv.rank);
    text.str("` does that here");
    true
}

const fn flax_same(text: &mut Text, conv: &Conv, goal: &Goal<'_>) -> bool {
    let same = matches!(conv.padding, Padding::Same);
    if same && goal.met_by(Op::Conv(Conv { padding: Padding::Valid, ..*conv })) {
        text.str("`padding: same` is the default of flax; PyTorch's is `padding: valid`");
        return true;
    }
    false
}

/// In PyTorch and keras, the stride of a pooling defaults to its window.
const fn stride_of_one(text: &mut Text, pool: &Pool, goal: &Goal<'_>) -> bool {
    let mut axis = 0;
    while axis < pool.rank {
        if pool.stride[axis] != 1 {
            return false;
        }
        axis += 1;
    }
    if matches!(pool.dialect, Dialect::Torch | Dialect::Keras) || goal.wanted.is_none() {
        return false;
    }
    if !goal.met_by(Op::Pool(Pool { stride: pool.kernel, ..*pool })) {
        return false;
    }
    text.str("pooling in ").str(pool.dialect.name()).str(" has stride 1 unless another is written: `stride: ");
    text.per_axis(axes(&pool.kernel, pool.rank)).str("` is what PyTorch and keras take");
    true
}

const fn axes(values: &PerAxis<i64>, rank: usize) -> &[i64] {
    values.split_at(rank).0
}

const fn write_pairs(text: &mut Text, pairs: &PerAxis<(i64, i64)>, rank: usize) {
    text.str("[");
    let mut axis = 0;
    while axis < rank {
        text.str(if axis > 0 { ", (" } else { "(" }).num(pairs[axis].0).str(", ").num(pairs[axis].1).str(")");
        axis += 1;
    }
    text.str("]");
}
