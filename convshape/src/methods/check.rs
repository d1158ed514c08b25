//! The checks of a chain whose sizes are known to const evaluation only, with the arithmetic and the messages of the
//! macro. `conv_chain!` calls these in constants with the spans of the user's tokens, so that an error points there.

mod chain;
mod data;
mod weights;

use convshape_arith::code::{self, Code};
use convshape_arith::explain;
use convshape_arith::fault::{Fault, Reason};
use convshape_arith::layer::representable;
use convshape_arith::op::{AxisOrder, MAX_SPATIAL, Op};
use convshape_arith::operator::Operator;
use convshape_arith::receptive::Receptive;
use convshape_arith::shape::Shape;
use convshape_arith::size::{Size, SizeError};
use convshape_arith::solve::{self, AxisField};
use convshape_arith::text::Text;

pub use self::chain::{chain, chain_macs, chain_output, chain_params, port};
pub use self::data::data;
pub use self::weights::{chain_weights, weights};

/// A `usize` as the `i64` of the arithmetic. A value that does not fit is rejected like a size below 1.
pub const fn size(n: usize) -> i64 {
    n.cast_signed() as i64
}

/// Arithmetic on sizes.
#[track_caller]
pub const fn whole(operator: Operator, a: i64, b: i64) -> i64 {
    match operator.apply(Size::Number(a), Size::Number(b)) {
        Ok(Size::Number(result)) => result,
        Ok(_) => refused(SizeError::NotLinear, operator),
        Err(error) => refused(error, operator),
    }
}

/// Arithmetic on real numbers.
#[track_caller]
pub const fn real(operator: Operator, a: f64, b: f64) -> f64 {
    match operator.apply_real(a, b) {
        Ok(result) => result,
        Err(error) => refused(error, operator),
    }
}

#[track_caller]
const fn refused(error: SizeError, operator: Operator) -> ! {
    let mut text = Text::new();
    match error {
        SizeError::DivisionByZero => begin(&mut text, code::NOT_FIXED).str("division by zero"),
        SizeError::NegativeExponent => begin(&mut text, code::NOT_FIXED).str("a negative exponent"),
        SizeError::Overflow => begin(&mut text, code::TOO_LARGE).str("the result of this does not fit 64 bits"),
        SizeError::Indivisible { .. } | SizeError::NotLinear => {
            begin(&mut text, code::NOT_FIXED).str("const evaluation has `").str(operator.symbol());
            text.str("` for whole numbers only")
        }
    };
    panic!("{}", text.as_str());
}

const fn begin(text: &mut Text, code: Code) -> &mut Text {
    text.str("[").str(code.id).str("] ")
}

/// An input's shape, each size at least 1.
#[track_caller]
pub const fn input(shape: Shape) -> Shape {
    if let Err(fault) = representable(&shape) {
        let mut text = Text::new();
        explain::input(begin(&mut text, explain::input_code(&fault)), &shape, &fault);
        panic!("{}", text.as_str());
    }
    shape
}

/// The output shape of a layer.
#[track_caller]
pub const fn layer(name: &str, op: &Op, inputs: &[Shape], order: AxisOrder, operands: &[&str]) -> Shape {
    match op.output(inputs, order) {
        Ok(shape) => shape,
        Err(fault) => {
            let mut text = Text::new();
            explain::title(begin(&mut text, fault.reason.code(op)), name, &fault, inputs, order, operands);
            explain::refusal(&mut text, op, &fault, inputs, order);
            explain::closed_form_help(&mut text, name, op, &fault);
            panic!("{}", text.as_str());
        }
    }
}

/// Checks that a shape has the number of spatial axes of the layer's name.
#[track_caller]
pub const fn named_rank(name: &str, input: Shape, least: usize, most: usize) -> Shape {
    if input.rank() <= least || input.rank() > most + 1 {
        let fault = Fault::new(Reason::NamedRank { least: least + 1, most: most + 1, found: input });
        let mut text = Text::new();
        // The order of axes is not shown here.
        explain::title(begin(&mut text, code::RANK), name, &fault, &[input], AxisOrder::ChannelsFirst, &[]);
        panic!("{}", text.as_str());
    }
    input
}

/// The activation of a layer that gives `shape`.
#[track_caller]
pub const fn activation(name: &str, op: &Op, shape: &Shape, order: AxisOrder) {
    if let Err(fault) = op.output(&[*shape], order) {
        let mut text = Text::new();
        explain::title(begin(&mut text, fault.reason.code(op)), name, &fault, &[*shape], order, &[]);
        panic!("{}", text.as_str());
    }
}

/// Fills in the fields that a layer leaves open so that its output is `target`.
#[track_caller]
pub const fn fill(name: &str, op: Op, open: &[AxisField], input: &Shape, target: &Shape, order: AxisOrder) -> Op {
    let mut filled = op;
    let mut axis = 0;
    while axis + 1 < input.rank() && axis < MAX_SPATIAL && input.rank() == target.rank() {
        let solutions = solve::fill_axis(&op, open, input, order, axis, target.size(order.spatial(axis)));
        if solutions.count == 0
            && matches!(open, [AxisField::Padding])
            && let Some(padded) = solve::uneven_padding(&op, input, order, target)
        {
            return padded;
        }
        if solutions.count != 1 {
            let mut text = Text::new();
            let code = if solutions.count == 0 { code::NO_SOLUTION } else { code::AMBIGUOUS };
            explain::hole(begin(&mut text, code), name, target, solutions.count);
            if solutions.count == 0 {
                explain::nearest_fillings(&mut text, &op, open, input, target, order);
            }
            panic!("{}", text.as_str());
        }
        let mut field = 0;
        while field < open.len() {
            filled = filled.with_axis_field(open[field], axis, solutions.values[0][field]);
            field += 1;
        }
        axis += 1;
    }
    filled
}

/// The channels of a target, for a layer that leaves its own open.
#[track_caller]
pub const fn channels(target: &Shape, order: AxisOrder) -> i64 {
    match target.size(order.channel(target.rank())) {
        Size::Number(channels) => channels,
        _ => {
            let mut text = Text::new();
            begin(&mut text, code::NO_TARGET).str("nothing says how many channels this layer gives");
            panic!("{}", text.as_str());
        }
    }
}

/// A parameter of a layer as a value.
///
/// # Panics
/// Never: the macro has seen how many parameters the layer has.
pub const fn param(of: &Op, param: usize) -> Op {
    match of.shared_param(param) {
        Some(op) => op,
        None => panic!("the layer has this parameter"),
    }
}

/// The layer that undoes `op`.
#[track_caller]
pub const fn undo(op: &Op, input: &Shape, order: AxisOrder) -> convshape_arith::op::Conv {
    if let Op::Conv(conv) = op
        && let Ok(undone) = solve::undo(conv, input, order)
    {
        return undone;
    }
    let mut text = Text::new();
    begin(&mut text, code::UNDO).str("only a convolution or transposed convolution that is accepted can be undone");
    panic!("{}", text.as_str());
}

/// The layer that undoes the pooling `op`.
#[track_caller]
pub const fn unpool(op: &Op) -> Op {
    if let Op::Pool(pool) = op {
        return Op::MaxUnpool(*pool);
    }
    let mut text = Text::new();
    begin(&mut text, code::UNDO).str("only a max pooling has places to put values back to");
    panic!("{}", text.as_str());
}

/// `-> [16, 14, 14]` must hold.
#[track_caller]
pub const fn comment(name: &str, found: &Shape, written: &Shape) {
    if !found.fits(written) {
        let mut text = Text::new();
        explain::comment(begin(&mut text, code::COMMENT), name, found, written);
        panic!("{}", text.as_str());
    }
}

/// `restores enc1` must hold: the output of a layer has the shape of another's input.
#[track_caller]
pub const fn restores(
    name: &str,
    of: &str,
    found: &Shape,
    wanted: &Shape,
    op: Option<&Op>,
    input: &Shape,
    order: AxisOrder,
) {
    if !found.fits(wanted) {
        let mut text = Text::new();
        explain::restores(begin(&mut text, code::RESTORES), name, of, found, wanted);
        explain::mismatch(&mut text, name, op, input, found, wanted, order);
        panic!("{}", text.as_str());
    }
}

/// The output of the chain must have the declared shape.
#[track_caller]
pub const fn output(
    name: &str,
    giver: &str,
    found: &Shape,
    declared: &Shape,
    op: Option<&Op>,
    input: &Shape,
    order: AxisOrder,
) {
    if !found.fits(declared) {
        let mut text = Text::new();
        explain::output(begin(&mut text, code::OUTPUT), giver, found, name, declared);
        explain::mismatch(&mut text, giver, op, input, found, declared, order);
        panic!("{}", text.as_str());
    }
}

/// A repeated body must keep its shape.
#[track_caller]
pub const fn body(name: &str, input: &Shape, output: &Shape) {
    if !input.fits(output) {
        let mut text = Text::new();
        explain::body(begin(&mut text, code::REPEAT_SHAPE), name, input, output);
        panic!("{}", text.as_str());
    }
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// Trainable parameters of a layer.
pub const fn params(op: &Op) -> u64 {
    match op.params().trainable() {
        Some(params) => params,
        None => 0,
    }
}

/// The rows of a receptive field; without one, a value that [`rows`] skips.
pub const fn field(field: Receptive) -> [u64; MAX_SPATIAL] {
    match field {
        Receptive::Rows { rows, .. } => [rows[0].cast_unsigned(), rows[1].cast_unsigned(), rows[2].cast_unsigned()],
        Receptive::Whole => [0; MAX_SPATIAL],
    }
}

/// The rows for each spatial axis; none if every element depends on the whole input.
pub const fn rows(rows: &'static [u64; MAX_SPATIAL], output: &Shape) -> &'static [u64] {
    let spatial = output.rank().saturating_sub(1);
    if rows[0] == 0 || spatial > MAX_SPATIAL { &[] } else { rows.split_at(spatial).0 }
}
