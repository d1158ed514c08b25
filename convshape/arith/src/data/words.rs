//! The wording for an array that does not fit.

use super::{Cause, Port, fresh, matches, number};
use crate::layer;
use crate::op::AxisOrder;
use crate::size::{Scope, Size};
use crate::text::Text;

/// Appends an array's shape: `[60000, 28, 28]`.
pub const fn sizes<'t>(text: &'t mut Text, sizes: &[usize]) -> &'t mut Text {
    text.str("[");
    let mut axis = 0;
    while axis < sizes.len() {
        text.str(if axis > 0 { ", " } else { "" }).num(number(sizes[axis]));
        axis += 1;
    }
    text.str("]")
}

/// Appends the shape that a port takes: `[N, 1, 28, 28]`.
pub const fn expected<'t>(text: &'t mut Text, port: &Port<'_>) -> &'t mut Text {
    text.str("[N");
    let mut axis = 0;
    while axis < port.shape.rank() {
        text.str(", ").size(port.shape.size(axis), port.shape.scope());
        axis += 1;
    }
    text.str("]")
}

/// Appends the shape of class indices for an output: `[N, 28, 28]`.
pub const fn indices<'t>(text: &'t mut Text, port: &Port<'_>) -> &'t mut Text {
    text.str("[N");
    let mut axis = 0;
    while axis < port.shape.rank() {
        if axis + 1 != port.channel_axis() {
            text.str(", ").size(port.shape.size(axis), port.shape.scope());
        }
        axis += 1;
    }
    text.str("]")
}

/// Appends a label that is not a class, and the lowest and the highest label of the array.
pub const fn label<'t>(
    text: &'t mut Text,
    array: &str,
    (found, sample): (i64, usize),
    port: &str,
    classes: i64,
    [low, high]: [i64; 2],
) -> &'t mut Text {
    text.str("`").str(array).str("` has the label ").num(found).str(" in sample ").num(number(sample));
    text.str(", and `").str(port).str("` has ").num(classes).str(" classes, 0 to ").num(classes.saturating_sub(1));
    text.str("\nlabels from ").num(low).str(" to ").num(high)
}

/// Appends the axes that differ, each with its numbers: `channels 28, expected 1; width 1, expected 28`.
pub const fn arithmetic<'t>(text: &'t mut Text, port: &Port<'_>, sizes: &[usize]) -> &'t mut Text {
    let rank = port.shape.rank();
    if sizes.len() != rank + 1 {
        let axes = if sizes.len() == 1 { " axis, expected " } else { " axes, expected " };
        return text.num(number(sizes.len())).str(axes).num(number(rank + 1));
    }
    let all = matches(sizes.split_at(1).1, port.shape);
    // Every axis fits by itself, so two of them must contradict each other.
    let mut alone = true;
    let mut axis = 0;
    while axis < rank {
        alone &= fresh().learn_size(sizes[axis + 1], port.shape.size(axis), port.shape.scope());
        axis += 1;
    }
    let mut first = true;
    let mut axis = 0;
    while axis < rank {
        let size = port.shape.size(axis);
        let right = fresh().learn_size(sizes[axis + 1], size, port.shape.scope());
        let symbol = matches!(size, Size::Symbolic { .. });
        if !right || alone && !all && symbol {
            text.str(if first { "" } else { "; " });
            first = false;
            match axis_name(axis, port) {
                Some(name) => text.str(name).str(" "),
                None => text.str("size "),
            };
            text.num(number(sizes[axis + 1]));
            if axis_name(axis, port).is_none() {
                text.str(" on axis ").num(number(axis + 1));
            }
            text.str(", expected ").size(size, port.shape.scope());
            if !right {
                range(text, size, port.shape.scope());
            }
        }
        axis += 1;
    }
    text
}

/// Appends the range of a size's symbol, unless it is `1..`: ` for h in 3..`.
const fn range(text: &mut Text, size: Size, scope: Scope) {
    let Size::Symbolic { symbol, .. } = size else { return };
    let symbol = scope[symbol as usize];
    let open = symbol.high == i64::MAX;
    if symbol.low > 1 || !open {
        text.str(" for ").str(symbol.name).str(" in ").num(symbol.low).str("..");
    }
    if !open {
        text.str("=").num(symbol.high);
    }
}

/// The name of a sample's axis. Shapes that only a `Reshape` makes have unnamed axes.
const fn axis_name(axis: usize, port: &Port<'_>) -> Option<&'static str> {
    let rank = port.shape.rank();
    if axis == port.order.channel(rank) {
        return Some(match (port.output, rank) {
            (true, 1) => "outputs",
            (false, 1) => "features",
            _ => "channels",
        });
    }
    if rank < 2 || rank > 4 {
        return None;
    }
    Some(match port.order {
        AxisOrder::ChannelsFirst => layer::axis_name(axis - 1, rank - 1),
        AxisOrder::ChannelsLast => layer::axis_name(axis, rank - 1),
    })
}

/// Appends what is probably wrong with the array, if that is known.
pub const fn note<'t>(text: &'t mut Text, port: &Port<'_>, cause: Cause) -> &'t mut Text {
    let channels = match port.order {
        AxisOrder::ChannelsFirst => "this chain takes the channel axis first",
        AxisOrder::ChannelsLast => "this chain takes the channel axis last",
    };
    match cause {
        Cause::Sizes | Cause::Axes => text,
        Cause::NoBatch => text.str("the batch axis is missing: this is one sample"),
        Cause::Permuted { order } if order[0] != 0 => {
            text.str("the samples look to be on axis ").num(order[0] as i64).str(": they belong on axis 0")
        }
        Cause::Permuted { .. } if port.shape.rank() > 1 => text.str("the axes look permuted: ").str(channels),
        Cause::Permuted { .. } => text.str("the axes look permuted"),
        Cause::NoChannels { channels: 1, .. } => text.str("the channel axis, of size 1, is missing"),
        Cause::NoChannels { channels, .. } => {
            text.str("the channel axis is missing: the chain takes ").num(channels).str(" channels")
        }
        Cause::NoAxis { axis } => text.str("an axis of size 1 is missing, axis ").num(number(axis)),
        Cause::ExtraAxis { axis } => text.str("there is an axis of size 1 too many, axis ").num(number(axis)),
        Cause::Channels { found: 3, expected: 1, .. } => {
            text.str("these look like colour images, and the chain takes grey ones")
        }
        Cause::Channels { found: 1, expected: 3, .. } => {
            text.str("these look like grey images, and the chain takes colour ones")
        }
        Cause::Channels { found: 4, expected: 3, .. } => {
            text.str("the fourth channel looks like transparency, which the chain does not take")
        }
        Cause::Channels { .. } => text.str("only the number of channels differs"),
        Cause::Reshaped { elements } => {
            text.str("there are as many elements in a sample, in other axes: ");
            let mut axis = 0;
            while axis < port.shape.rank() {
                text.str(if axis > 0 { " * " } else { "" }).size(port.shape.size(axis), port.shape.scope());
                axis += 1;
            }
            text.str(" = ").num(elements)
        }
        Cause::FloatClasses => {
            text.str("these look like class numbers, which are whole numbers; as they are, the loss reads them as ")
                .str("probabilities or values and needs one for each of ");
            expected(text, port)
        }
        Cause::ClassAxis { .. } => text.str("these look like class numbers, with an axis of size 1 too many"),
        Cause::OneHot { classes, .. } => text
            .str("the labels look one-hot, a number for each of ")
            .num(classes)
            .str(" classes, and the chain gives one number"),
        Cause::Classes { found, expected, .. } => {
            text.str("the labels have ").num(found).str(" classes, the chain gives ").num(expected)
        }
        Cause::Steps { steps } => {
            text.str("there is a label for each of ").num(steps).str(" steps, and the chain gives one for all of them")
        }
    }
}

/// The Python expression that changes an array as needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Library {
    /// In Python, for writing the file again.
    Numpy,
    /// In Rust, at run time.
    Ndarray,
}

/// Appends how to make the array `name` fit if a single step does it. Returns whether it did.
pub const fn remedy(text: &mut Text, port: &Port<'_>, cause: Cause, name: &str, library: Library) -> bool {
    let last = match port.order {
        AxisOrder::ChannelsFirst => false,
        AxisOrder::ChannelsLast => true,
    };
    let numpy = matches!(library, Library::Numpy);
    match cause {
        Cause::NoBatch => call(text, name, numpy, "[None]", ".insert_axis(Axis(0))"),
        Cause::Permuted { order } => {
            text.str("`").str(name).str(if numpy { ".transpose(" } else { ".permuted_axes([" });
            let mut axis = 0;
            while axis <= port.shape.rank() {
                text.str(if axis > 0 { ", " } else { "" }).num(order[axis] as i64);
                axis += 1;
            }
            text.str(if numpy { ")`" } else { "])`" });
            true
        }
        Cause::NoChannels { axis, channels: 1 } | Cause::NoAxis { axis } if numpy => {
            text.str("`").str(name).str(if last && axis > 1 { "[..., None]`" } else { "[:, None]`" });
            if !(last && axis == port.shape.rank() || axis == 1) {
                // An axis that is neither the first nor the last of a sample.
                return false;
            }
            true
        }
        Cause::NoChannels { axis, channels: 1 } | Cause::NoAxis { axis } => {
            text.str("`").str(name).str(".insert_axis(Axis(").num(number(axis)).str("))`");
            true
        }
        Cause::ExtraAxis { axis } | Cause::ClassAxis { axis } => {
            if numpy {
                text.str("`").str(name).str(".squeeze(").num(number(axis)).str(")`");
            } else {
                text.str("`").str(name).str(".remove_axis(Axis(").num(number(axis)).str("))`");
            }
            true
        }
        Cause::Channels { axis, found: 3, expected: 1 } if numpy => {
            text.str("`").str(name).str(".mean(").num(number(axis)).str(", keepdims=True)`");
            true
        }
        Cause::Channels { axis, found: 1, expected } if numpy => {
            text.str("`").str(name).str(".repeat(").num(expected).str(", axis=").num(number(axis)).str(")`");
            true
        }
        Cause::Channels { found: 4, expected: 3, .. } if numpy => {
            call(text, name, numpy, if last { "[..., :3]" } else { "[:, :3]" }, "")
        }
        Cause::Reshaped { .. } if numpy => {
            text.str("`").str(name).str(".reshape(-1");
            let mut axis = 0;
            while axis < port.shape.rank() {
                text.str(", ").size(port.shape.size(axis), port.shape.scope());
                axis += 1;
            }
            text.str(")`");
            true
        }
        Cause::FloatClasses => call(text, name, numpy, ".astype(\"int64\")", ""),
        Cause::OneHot { classes: 2, .. } => {
            call(text, name, numpy, if last { "[..., 1:]" } else { "[:, 1:]" }, ".slice_axis(Axis(1), (1..).into())")
        }
        Cause::Steps { .. } => call(text, name, numpy, "[:, -1]", ".index_axis(Axis(1), steps - 1)"),
        _ => false,
    }
}

/// Appends one of two method calls on `name`. An empty string means that there is none.
const fn call(text: &mut Text, name: &str, numpy: bool, python: &str, rust: &str) -> bool {
    let call = if numpy { python } else { rust };
    if !call.is_empty() {
        text.str("`").str(name).str(call).str("`");
    }
    !call.is_empty()
}
