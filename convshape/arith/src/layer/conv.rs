//! Convolutions and other layers with a sliding window.

use super::{MOST_ELEMENTS, at_least_one, channels_are, rank_is, some};
use crate::axis::Window;
use crate::fault::{Fault, Reason, tri};
use crate::op::{AxisOrder, Conv, Direction, PerAxis, WeightFrom};
use crate::param::weight_shape;
use crate::shape::Shape;
use crate::size::Size;

/// The layer with omitted channel counts taken from its input.
pub(super) const fn bind_conv(conv: Conv, found: Option<i64>) -> Conv {
    let inputs = or(conv.inputs, found);
    match (conv.depth_multiplier, inputs) {
        (Some(multiplier), Some(inputs)) => {
            Conv { inputs: Some(inputs), groups: inputs, outputs: inputs.saturating_mul(multiplier), ..conv }
        }
        _ => Conv { inputs, ..conv },
    }
}

pub(super) const fn conv_macs(conv: &Conv, input: &Shape, output: &Shape) -> i64 {
    let (places, channels) = match conv.direction {
        Direction::Forward => (output, conv.inputs),
        Direction::Transposed => (input, Some(conv.outputs)),
    };
    let (Ok(Size::Number(mut product)), Some(channels)) = (places.elements(), channels) else { return 0 };
    let Some(group) = channels.checked_div(conv.groups) else { return 0 };
    product = product.saturating_mul(group);
    let mut axis = 0;
    while axis < conv.rank {
        product = product.saturating_mul(conv.kernel[axis]);
        axis += 1;
    }
    product
}

pub(super) const fn or(written: Option<i64>, found: Option<i64>) -> Option<i64> {
    match written {
        Some(_) => written,
        None => found,
    }
}

pub(crate) const fn conv_output(conv: &Conv, input: &Shape, order: AxisOrder) -> Result<Shape, Fault> {
    tri!(rank_is(input, conv.rank + 1));
    tri!(channels_are(conv.inputs, input, order));
    if let Some(multiplier) = conv.depth_multiplier {
        tri!(at_least_one("depth_multiplier", multiplier));
    }
    // For a depthwise layer they are unknown until its inputs are known.
    let open = conv.depth_multiplier.is_some() && conv.inputs.is_none();
    if !open {
        tri!(some("output channels", conv.outputs));
    }
    tri!(at_least_one("groups", conv.groups));
    if let Some(inputs) = conv.inputs
        && inputs % conv.groups != 0
    {
        return Err(Fault::new(Reason::Groups { side: "input channel", channels: inputs, groups: conv.groups }));
    }
    if conv.outputs % conv.groups != 0 {
        return Err(Fault::new(Reason::Groups { side: "output channel", channels: conv.outputs, groups: conv.groups }));
    }
    let output = match conv.direction {
        Direction::Forward => {
            let windows = tri!(conv.windows(input, order));
            tri!(slide(&windows, conv.rank, input, order))
        }
        Direction::Transposed => {
            let scatters = tri!(conv.scatters(input, order));
            let mut output = *input;
            let mut axis = 0;
            while axis < conv.rank {
                let place = order.spatial(axis);
                let size = match scatters[axis].output(input.size(place), input.scope()) {
                    Ok(size) => size,
                    Err(reason) => return Err(Fault::on(axis, reason)),
                };
                output = output.with(place, size);
                axis += 1;
            }
            output
        }
    };
    let outputs = if open { Size::Unknown } else { Size::Number(conv.outputs) };
    let output = output.with(order.channel(input.rank()), outputs);
    // The weight must fit the address space as well.
    match weight_elements(conv) {
        Some(count) if count <= MOST_ELEMENTS => Ok(output),
        _ => Err(Fault::new(Reason::TooManyElements { shape: output })),
    }
}

/// Checks that a layer which reads its weight reads something with the axes of one. The weight is not among the inputs
/// where only the first input is known.
pub(super) const fn weight_is_kernel(conv: &Conv, inputs: &[Shape]) -> Result<(), Fault> {
    match (conv.weight, inputs) {
        (WeightFrom::Input, [_, found, ..]) if found.rank() != conv.rank + 2 => {
            Err(Fault::new(Reason::Weight { expected: weight_shape(conv), found: *found }))
        }
        _ => Ok(()),
    }
}

/// Checks the sizes of a weight that is read.
pub(super) const fn weight_fits(conv: &Conv, inputs: &[Shape]) -> Result<(), Fault> {
    let (WeightFrom::Input, [_, found, ..]) = (conv.weight, inputs) else { return Ok(()) };
    let expected = weight_shape(conv);
    if found.fits(&expected) { Ok(()) } else { Err(Fault::new(Reason::Weight { expected, found: *found })) }
}

pub(super) const fn weight_elements(conv: &Conv) -> Option<i64> {
    let Some(inputs) = conv.inputs else { return Some(0) };
    let mut product = conv.outputs;
    let mut axis = 0;
    while axis <= conv.rank {
        product = match product.checked_mul(if axis == conv.rank { inputs } else { conv.kernel[axis] }) {
            Some(product) => product,
            None => return None,
        };
        axis += 1;
    }
    Some(product)
}

pub(super) const fn slide(
    windows: &PerAxis<Window>,
    rank: usize,
    input: &Shape,
    order: AxisOrder,
) -> Result<Shape, Fault> {
    let mut output = *input;
    let mut axis = 0;
    while axis < rank {
        let place = order.spatial(axis);
        let size = match windows[axis].output(input.size(place), input.scope()) {
            Ok(size) => size,
            Err(reason) => return Err(Fault::on(axis, reason)),
        };
        if let Some(smallest) = size.smallest(input.scope())
            && smallest < 1
        {
            return Err(Fault::on(axis, Reason::EmptyOutput { output: size }));
        }
        output = output.with(place, size);
        axis += 1;
    }
    Ok(output)
}

/// The input with every spatial size replaced.
pub(super) const fn with_sizes(
    input: &Shape,
    order: AxisOrder,
    sizes: &PerAxis<i64>,
    field: &'static str,
) -> Result<Shape, Fault> {
    let mut output = *input;
    let mut axis = 0;
    while axis + 1 < input.rank() {
        if axis >= sizes.len() {
            return Err(Fault::new(Reason::FieldRank { field, written: sizes.len(), axes: input.rank() - 1 }));
        }
        if sizes[axis] < 1 {
            return Err(Fault::on(axis, Reason::NotPositive { field, value: sizes[axis] }));
        }
        output = output.with(order.spatial(axis), Size::Number(sizes[axis]));
        axis += 1;
    }
    Ok(output)
}
