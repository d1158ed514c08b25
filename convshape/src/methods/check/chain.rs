//! A chain as a layer of another one.

use convshape_arith::binding::{Binding, Unmet};
use convshape_arith::code;
use convshape_arith::layer::axis_name;
use convshape_arith::op::{AxisOrder, Op, Source};
use convshape_arith::program::{Action, Step};
use convshape_arith::shape::Shape;
use convshape_arith::size::{Scope, Size};
use convshape_arith::text::Text;

use super::{begin, same, size};
use crate::model::chain::Chain;
use crate::model::parts::Parts;

/// The first output of a sub-chain, if it accepts its inputs.
#[track_caller]
pub const fn chain<T: Chain + Parts>(name: &str, inputs: &[Shape], order: AxisOrder) -> Shape {
    let mut text = Text::new();
    if T::INPUTS.len() != inputs.len() {
        begin(&mut text, code::OPERANDS).str("`").str(name).str("` reads ").num(size(inputs.len()));
        text.str(" statements, but its chain has ").num(size(T::INPUTS.len())).str(" inputs");
        panic!("{}", text.as_str());
    }
    if !matches!(
        (T::PROGRAM.order, order),
        (AxisOrder::ChannelsFirst, AxisOrder::ChannelsFirst) | (AxisOrder::ChannelsLast, AxisOrder::ChannelsLast)
    ) {
        begin(&mut text, code::RANK).str("`").str(name).str("` is a chain with its axes in another order");
        panic!("{}", text.as_str());
    }
    let mut binding = Binding::NONE;
    let mut port = 0;
    while port < inputs.len() {
        let (input, expected) = &T::INPUTS[port];
        binding = match binding.meet(expected, &inputs[port]) {
            Ok(bound) => bound,
            Err(unmet) => {
                begin(&mut text, code::CHANNELS).str("`").str(name).str("` takes ").shape(expected);
                text.str(" as `").str(input).str("`, but is given ").shape(&inputs[port]);
                explain(&mut text, &unmet, expected, &inputs[port], order);
                panic!("{}", text.as_str());
            }
        };
        port += 1;
    }
    binding.shape(&T::OUTPUT)
}

/// Which size does not fit, and why.
const fn explain(text: &mut Text, unmet: &Unmet, expected: &Shape, found: &Shape, order: AxisOrder) {
    let (axis, symbol) = match *unmet {
        Unmet::Rank | Unmet::Number { .. } | Unmet::Symbols => return,
        Unmet::Form { axis, symbol }
        | Unmet::Range { axis, symbol, .. }
        | Unmet::Contradiction { axis, symbol, .. } => (axis, symbol),
    };
    let (scope, around) = (expected.scope(), found.scope());
    text.str("\n").str(called(axis, found, order)).str(": ").size(found.size(axis), around);
    text.str(" is not ").size(expected.size(axis), scope);
    match *unmet {
        Unmet::Range { value, .. } => {
            text.str(" in its range: `").str(named(scope, symbol)).str("` would be ").size(value, around);
            text.str(", and is from ").num(scope[symbol as usize].low);
            if scope[symbol as usize].high < i64::MAX {
                text.str(" to ").num(scope[symbol as usize].high);
            }
        }
        Unmet::Contradiction { value, earlier, .. } => {
            text.str(": `").str(named(scope, symbol)).str("` would be ").size(value, around);
            text.str(" here, and is ").size(earlier, around).str(" elsewhere");
        }
        _ => {
            text.str(" for any `").str(named(scope, symbol)).str("`");
            nearest(text, expected.size(axis), found.size(axis));
        }
    }
}

/// The nearest smaller and larger size of that form.
const fn nearest(text: &mut Text, expected: Size, found: Size) {
    if let (Size::Symbolic { scale, offset, .. }, Size::Number(number)) = (expected, found)
        && let Some(rest) = number.checked_sub(offset)
        && let Some(above) = number.checked_add(scale)
    {
        let below = number - rest.rem_euclid(scale);
        text.str("\nnote: the nearest sizes that are: ");
        if below > 0 {
            text.num(below).str(" and ");
        }
        text.num(above - rest.rem_euclid(scale));
    }
}

const fn called(axis: usize, shape: &Shape, order: AxisOrder) -> &'static str {
    let spatial = shape.rank().saturating_sub(1);
    let channel = order.channel(shape.rank());
    match order {
        _ if axis == channel => "channels",
        AxisOrder::ChannelsFirst => axis_name(axis - 1, spatial),
        AxisOrder::ChannelsLast => axis_name(axis, spatial),
    }
}

const fn named(scope: Scope, symbol: u8) -> &'static str {
    scope[symbol as usize].name
}

/// The values of a sub-chain's symbols for inputs that [`chain`] has accepted.
const fn bound<T: Chain>(inputs: &[Shape]) -> Binding {
    let mut binding = Binding::NONE;
    let mut port = 0;
    while port < inputs.len() && port < T::INPUTS.len() {
        if let Ok(bound) = binding.meet(&T::INPUTS[port].1, &inputs[port]) {
            binding = bound;
        }
        port += 1;
    }
    binding
}

/// One of a sub-chain's outputs.
pub const fn chain_output<T: Chain>(port: usize, inputs: &[Shape]) -> Shape {
    bound::<T>(inputs).shape(&T::OUTPUTS[port].1)
}

/// The index of an output of a sub-chain, by its name or number.
#[track_caller]
pub const fn port<T: Chain>(name: &str) -> usize {
    let mut port = 0;
    while port < T::OUTPUTS.len() {
        if same(T::OUTPUTS[port].0, name) {
            return port;
        }
        port += 1;
    }
    if let Some(port) = number(name)
        && port < T::OUTPUTS.len()
    {
        return port;
    }
    let mut text = Text::new();
    begin(&mut text, code::UNKNOWN_NAME).str("the sub-chain has no output `").str(name).str("`; it has");
    let mut port = 0;
    while port < T::OUTPUTS.len() {
        text.str(if port > 0 { ", `" } else { " `" }).str(T::OUTPUTS[port].0).str("`");
        port += 1;
    }
    panic!("{}", text.as_str());
}

/// Parses a short decimal number: `enc.0` is the first output.
const fn number(text: &str) -> Option<usize> {
    let digits = text.as_bytes();
    let (mut number, mut index) = (0, 0);
    while index < digits.len() {
        let digit = digits[index];
        if !digit.is_ascii_digit() || index == 4 {
            return None;
        }
        number = 10 * number + (digit - b'0') as usize;
        index += 1;
    }
    if index > 0 { Some(number) } else { None }
}

/// Trainable parameters of a sub-chain.
pub const fn chain_params<T: Chain>() -> u64 {
    let mut sum = 0;
    let mut layer = 0;
    while layer < T::LAYERS.len() {
        sum += T::LAYERS[layer].params;
        layer += 1;
    }
    sum
}

/// Multiply-adds of a sub-chain on these inputs.
pub const fn chain_macs<T: Chain + Parts>(inputs: &[Shape]) -> u64 {
    let binding = bound::<T>(inputs);
    let (steps, order) = (T::PROGRAM.steps, T::PROGRAM.order);
    let (mut sum, mut layer, mut step) = (0_u64, 0, 0);
    while layer < T::LAYERS.len() && step < steps.len() {
        // Outputs of recurrent layers and shared parameters have no row.
        if let Action::Layer(
            Op::RecurrentOutput { .. } | Op::CustomOutput { .. } | Op::Source { of: Source::Shared { .. }, .. },
        ) = &steps[step].action
        {
            step += 1;
            continue;
        }
        let info = &T::LAYERS[layer];
        sum = sum.saturating_add(match &steps[step].action {
            // A row is a layer with its activation, whose output has the same shape.
            Action::Layer(op) => op.macs(&[binding.shape(&info.input)], &binding.shape(&info.output), order),
            Action::Chain { .. } => info.macs,
        });
        layer += 1;
        step += 1;
        if step < steps.len() && is_activation(&steps[step], info.name) {
            step += 1;
        }
    }
    sum
}

/// Whether a step is the activation of the layer of this name.
const fn is_activation(step: &Step, name: &str) -> bool {
    matches!(step.action, Action::Layer(Op::Activation(_))) && same(step.name, name)
}
