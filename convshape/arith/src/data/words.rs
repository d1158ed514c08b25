//! The wording for an array that does not fit.

use super::{ArrayPort, Cause, Labels, fresh, is_one, matches, number};
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
pub const fn expected<'t>(text: &'t mut Text, port: &ArrayPort<'_>) -> &'t mut Text {
    text.str("[N");
    let mut axis = 0;
    while axis < port.shape.rank() {
        text.str(", ").size(port.shape.size(axis), port.shape.scope());
        axis += 1;
    }
    text.str("]")
}

/// An array in a message.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its shape, the axis of samples first.
    pub shape: &'a [usize],
    /// The type of its elements: `float32`.
    pub dtype: &'a str,
    /// Whether they are whole numbers.
    pub whole: bool,
}

/// Appends that an array does not fit, and what differs. [`remedy`] follows, if there is one.
pub const fn misfit<'t>(
    text: &'t mut Text,
    array: &Found<'_>,
    name: &str,
    port: &ArrayPort<'_>,
    cause: Cause,
) -> &'t mut Text {
    text.str("`").str(array.name).str("` does not fit `").str(name).str("`: found ");
    sizes(text, array.shape).str(" of ").str(array.dtype).str(", expected ");
    expected(text, port);
    if port.output && !is_one(port.classes()) {
        indices(text.str(", or whole numbers "), port);
    }
    arithmetic(text.str("\n"), port, array.shape, array.whole);
    let mut looks = Text::new();
    if !note(&mut looks, port, cause).as_str().is_empty() {
        text.str("\nnote: ").str(looks.as_str());
    }
    text
}

/// Appends the shape of class indices for an output: `[N, 28, 28]`.
const fn indices<'t>(text: &'t mut Text, port: &ArrayPort<'_>) -> &'t mut Text {
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

/// Appends the first label that is not a class, what the labels look like, and what to write.
pub const fn label<'t>(text: &'t mut Text, array: &str, labels: &Labels<'_>, port: &str, classes: i64) -> &'t mut Text {
    let Some((found, sample)) = labels.outside(classes) else { return text };
    text.str("`").str(array).str("` has the label ");
    whole(text, found).str(" in sample ").num(number(sample));
    text.str(", and `").str(port).str("` has ").num(classes).str(" classes, 0 to ").num(classes.saturating_sub(1));
    whole(text.str("\nlabels from "), labels.range.0);
    whole(text.str(" to "), labels.range.1);
    let (low, high) = labels.range;
    let mut looks = Text::new();
    if labels_look(&mut looks, labels, classes) {
        text.str("\nnote: ").str(looks.as_str()).str("\nhelp: write the file with `");
        return if low == 1 && high == classes {
            text.str(array).str(" - 1`")
        } else {
            text.str("(").str(array).str(" == ").num(high).str(").astype(\"int64\")`")
        };
    }
    if low >= 0 && high < MOST_CLASSES {
        return text.str("\nhelp: let the chain give ").num(high + 1).str(" classes");
    }
    text.str("\nnote: classes are counted from 0").str(if labels.map {
        "; only -100, -1 and 255 may stand where a loss leaves a place out"
    } else {
        ", and each sample has one"
    })
}

/// More classes than that are a mistake in the labels.
const MOST_CLASSES: i64 = 1 << 20;

/// Appends a label. Larger ones than fit are cut off.
const fn whole(text: &mut Text, label: i64) -> &mut Text {
    if label == i64::MAX { text.str("2^63 or more") } else { text.num(label) }
}

/// Appends what labels outside of the classes look like. Returns whether they look like something.
pub const fn labels_look(text: &mut Text, labels: &Labels<'_>, classes: i64) -> bool {
    let (low, high) = labels.range;
    if low == 1 && high == classes {
        text.str("the classes look counted from 1");
        return true;
    }
    let two = labels.two && low < high && classes == 2;
    if two {
        text.str("the classes look like ").num(low).str(" and ").num(high);
    }
    two
}

/// Appends the axes that differ, each with its numbers: `channels 28, expected 1; width 1, expected 28`. Whole numbers
/// may be class indices, without the axis of classes.
pub const fn arithmetic<'t>(text: &'t mut Text, port: &ArrayPort<'_>, sizes: &[usize], whole: bool) -> &'t mut Text {
    let (rank, channel) = (port.shape.rank(), port.channel_axis());
    let indices = whole && port.output && rank > 1 && sizes.len() == rank && !is_one(port.classes());
    if sizes.len() != rank + 1 && !indices {
        let axes = if sizes.len() == 1 { " axis, expected " } else { " axes, expected " };
        return text.num(number(sizes.len())).str(axes).num(number(rank + 1));
    }
    let all = !indices && matches(sizes.split_at(1).1, port.shape);
    // Every axis fits by itself, so two of them must contradict each other.
    let mut alone = true;
    let mut pass = 0;
    let mut first = true;
    while pass < 2 {
        let (mut axis, mut at) = (0, 1);
        while axis < rank {
            if indices && axis + 1 == channel {
                axis += 1;
                continue;
            }
            let size = port.shape.size(axis);
            let right = fresh().learn_size(sizes[at], size, port.shape.scope());
            if pass == 0 {
                alone &= right;
            } else if !right || alone && !all && matches!(size, Size::Symbolic { .. }) {
                text.str(if first { "" } else { "; " });
                first = false;
                match axis_name(axis, port) {
                    Some(name) => text.str(name).str(" ").num(number(sizes[at])),
                    None => text.str("size ").num(number(sizes[at])).str(" on axis ").num(number(at)),
                };
                text.str(", expected ").size(size, port.shape.scope());
                if !right {
                    range(text, size, port.shape.scope());
                }
            }
            axis += 1;
            at += 1;
        }
        pass += 1;
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

/// The name of a sample's axis. Shapes that only a `Reshape` makes have unnamed axes, and so have sequences, in which
/// some layers read steps first and others channels.
const fn axis_name(axis: usize, port: &ArrayPort<'_>) -> Option<&'static str> {
    let rank = port.shape.rank();
    if rank == 2 && matches!(port.order, AxisOrder::ChannelsFirst) {
        return None;
    }
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
pub const fn note<'t>(text: &'t mut Text, port: &ArrayPort<'_>, cause: Cause) -> &'t mut Text {
    let channels = match port.order {
        AxisOrder::ChannelsFirst => "this chain takes the channel axis first",
        AxisOrder::ChannelsLast => "this chain takes the channel axis last",
    };
    let does = if port.output { "gives" } else { "takes" };
    match cause {
        Cause::Sizes | Cause::Axes => text,
        Cause::NoBatch => text.str("the batch axis is missing: this is one sample"),
        Cause::Permuted { order } if order[0] != 0 => {
            text.str("the samples look to be on axis ").num(order[0] as i64).str(": they belong on axis 0")
        }
        Cause::Permuted { .. } if port.shape.rank() > 2 => text.str("the axes look permuted: ").str(channels),
        Cause::Permuted { .. } => text.str("the axes look permuted"),
        Cause::NoChannels { channels: 1, .. } => text.str("the channel axis, of size 1, is missing"),
        Cause::NoChannels { channels, .. } => {
            text.str("the channel axis is missing: the chain takes ").num(channels).str(" channels")
        }
        Cause::NoAxis { axis } => text.str("an axis of size 1 is missing, axis ").num(number(axis)),
        Cause::ExtraAxis { axis } => text.str("there is an axis of size 1 too many, axis ").num(number(axis)),
        Cause::Channels { found: 3, expected: 1, .. } => {
            text.str("these look like colour images, and the chain ").str(does).str(" grey ones")
        }
        Cause::Channels { found: 1, expected: 3, .. } => {
            text.str("these look like grey images, and the chain ").str(does).str(" colour ones")
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
        Cause::FloatClasses => text.str("these look like class numbers, which are stored as whole numbers"),
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
        Cause::OnePerSample => {
            text.str("there is one label for each sample, and the chain gives one for each position")
        }
        Cause::OtherClassAxis { axis } => {
            text.str("these look like class numbers for an output with its classes on axis ").num(number(axis));
            text.str(", and a loss reads them on axis ").num(number(port.channel_axis())).str(": end the chain with `");
            order(text, port.shape.rank(), axis - 1, port.channel_axis() - 1).str("`")
        }
    }
}

/// Appends the layer that moves an axis to another place.
const fn order(text: &mut Text, rank: usize, from: usize, to: usize) -> &mut Text {
    text.str("Permute(");
    let (mut at, mut axis) = (0, 0);
    while at < rank {
        text.str(if at > 0 { ", " } else { "" });
        if at == to {
            text.num(number(from));
        } else {
            axis += if axis == from { 1 } else { 0 };
            text.num(number(axis));
            axis += 1;
        }
        at += 1;
    }
    text.str(");")
}

/// How an array is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Library {
    /// In Python, for writing the file again.
    Numpy,
    /// In Rust, at run time.
    Ndarray,
}

/// Appends how to make the array `name` fit if a single step does it. Returns whether it did.
pub const fn remedy(text: &mut Text, port: &ArrayPort<'_>, cause: Cause, name: &str, library: Library) -> bool {
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
