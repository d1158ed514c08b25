//! Checks arrays of data against the inputs and outputs of a chain. The macro, const evaluation and run time share the
//! checks and the wording.

mod scaling;
mod words;

use crate::op::AxisOrder;
use crate::shape::{MAX_RANK, Shape};
use crate::size::Size;
use crate::symbols::Symbols;

pub use self::scaling::{Reader, UNSCALED, unscaled_reader};
pub use self::words::{Found, Library, arithmetic, expected, label, labels_look, misfit, note, remedy, sizes};

/// An input or output of a chain.
#[derive(Clone, Copy, Debug)]
pub struct ArrayPort<'a> {
    /// The shape of one sample.
    pub shape: &'a Shape,
    /// The position of the channel axis.
    pub order: AxisOrder,
    /// Whether it is an output, which makes the arrays labels.
    pub output: bool,
}

/// The class indices in an array of labels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Labels<'a> {
    /// The lowest and the highest.
    pub range: (i64, i64),
    /// Whether there are no others between them.
    pub two: bool,
    /// Whether they are maps, with a label for each position.
    pub map: bool,
    /// The first label below 0, and each label that is higher than all before it, with their samples, in the file's
    /// order. Whatever the number of classes, the first label that is not a class is one of them.
    pub candidates: &'a [(i64, usize)],
}

impl Labels<'_> {
    /// The first label that is not a class, and its sample.
    #[must_use]
    pub const fn outside(&self, classes: i64) -> Option<(i64, usize)> {
        let mut at = 0;
        while at < self.candidates.len() {
            let (label, sample) = self.candidates[at];
            if label < 0 || label >= classes {
                return Some((label, sample));
            }
            at += 1;
        }
        None
    }
}

/// What is wrong with an array. Axis 0 is the axis of samples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// Sizes differ for no recognised reason.
    Sizes,
    /// The number of axes differs for no recognised reason.
    Axes,
    /// It is a single sample, without an axis of samples.
    NoBatch,
    /// The axes are right but in a different order: axis `i` of the port is axis `order[i]` of the array.
    Permuted {
        /// The order.
        order: [u8; MAX_RANK + 1],
    },
    /// The channel axis is missing.
    NoChannels {
        /// Where it belongs.
        axis: usize,
        /// How many channels the port has.
        channels: i64,
    },
    /// An axis of size 1 is missing.
    NoAxis {
        /// Where it belongs.
        axis: usize,
    },
    /// There is an extra axis of size 1.
    ExtraAxis {
        /// Which one.
        axis: usize,
    },
    /// Only the number of channels is wrong.
    Channels {
        /// The axis of channels.
        axis: usize,
        /// How many the array has.
        found: i64,
        /// How many the port has.
        expected: i64,
    },
    /// The number of elements is right, but the axes differ.
    Reshaped {
        /// How many.
        elements: i64,
    },
    /// Labels that are class indices, stored as floating-point numbers.
    FloatClasses,
    /// Labels that are class indices, with a last axis of size 1.
    ClassAxis {
        /// The axis.
        axis: usize,
    },
    /// One-hot labels for an output with a single element.
    OneHot {
        /// The axis of classes.
        axis: usize,
        /// How many classes.
        classes: i64,
    },
    /// Labels with the wrong number of classes.
    Classes {
        /// The axis of classes.
        axis: usize,
        /// How many classes the labels have.
        found: i64,
        /// How many classes the output has.
        expected: i64,
    },
    /// One label per step, but the chain gives one for the whole sequence.
    Steps {
        /// How many steps.
        steps: i64,
    },
    /// One class index per sample, but the chain gives a map.
    OnePerSample,
    /// Class indices for an output that has its classes on another axis.
    OtherClassAxis {
        /// The axis that has the classes.
        axis: usize,
    },
}

impl ArrayPort<'_> {
    /// The position of the channel axis, which is also the class axis, in an array of samples.
    #[must_use]
    pub const fn channel_axis(&self) -> usize {
        self.order.channel(self.shape.rank()) + 1
    }

    /// How many classes the output has, unless that is a symbol.
    #[must_use]
    pub const fn classes(&self) -> Option<i64> {
        self.shape.size(self.channel_axis() - 1).number()
    }

    /// Whether the port's first or last axis certainly counts channels. The two axes of a sequence may be steps and
    /// features.
    const fn has_channels(&self) -> bool {
        self.output || self.shape.rank() != 2 || matches!(self.order, AxisOrder::ChannelsLast)
    }

    /// Whether an array of that shape fits. All its axes but the first must match the port; integers for an output may
    /// also lack the class axis. Learns the values of symbols from the sizes.
    pub const fn fits(&self, sizes: &[usize], whole: bool, symbols: &mut Symbols) -> bool {
        if sizes.is_empty() {
            return false;
        }
        let mut learnt = *symbols;
        let mut fits = learnt.learn(sizes.split_at(1).1, self.shape);
        if !fits && self.output && whole {
            learnt = *symbols;
            fits = without(self, self.channel_axis(), sizes, &mut learnt);
        }
        if fits {
            *symbols = learnt;
        }
        fits
    }

    /// Whether labels of that shape are class indices: the output's axes without the class axis.
    #[must_use]
    pub const fn takes_numbers(&self, sizes: &[usize]) -> bool {
        self.output && without(self, self.channel_axis(), sizes, &mut fresh())
    }

    /// What is wrong with an array.
    #[must_use]
    pub const fn cause(&self, sizes: &[usize], whole: bool) -> Cause {
        let rank = self.shape.rank();
        if let Some(cause) = self.cause_in_classes(sizes, whole) {
            return cause;
        }
        let found = match sizes.len() {
            axes if axes == rank => self.cause_without_axis(sizes),
            axes if axes == rank + 1 => self.cause_in_sizes(sizes),
            axes if axes == rank + 2 => self.cause_with_axis(sizes),
            _ => None,
        };
        if let Some(cause) = found {
            return cause;
        }
        if let Ok(Size::Number(elements)) = self.shape.elements()
            && elements > 1
            && !sizes.is_empty()
            && let Some(found) = product(sizes.split_at(1).1)
            && found == elements
        {
            return Cause::Reshaped { elements };
        }
        if sizes.len() == rank + 1 { Cause::Sizes } else { Cause::Axes }
    }

    /// What is wrong with the labels of an output that has classes.
    const fn cause_in_classes(&self, sizes: &[usize], whole: bool) -> Option<Cause> {
        if !self.output || is_one(self.classes()) {
            return None;
        }
        if !whole && self.takes_numbers(sizes) {
            return Some(Cause::FloatClasses);
        }
        let axis = self.channel_axis();
        if self.shape.rank() + 1 == sizes.len() && sizes[axis] == 1 && self.fits_with(sizes, axis) {
            return Some(Cause::ClassAxis { axis });
        }
        if whole && self.shape.rank() > 1 && sizes.len() == 1 {
            return Some(Cause::OnePerSample);
        }
        let mut other = self.shape.rank();
        while whole && other > 0 {
            if without(self, other, sizes, &mut fresh()) {
                return Some(Cause::OtherClassAxis { axis: other });
            }
            other -= 1;
        }
        if whole && self.shape.rank() > 1 && sizes.len() == self.shape.rank() {
            return Some(Cause::Sizes);
        }
        None
    }

    /// What is wrong with an array that has the right number of axes.
    const fn cause_in_sizes(&self, sizes: &[usize]) -> Option<Cause> {
        if let Some(order) = self.order_of(sizes, 0) {
            return Some(Cause::Permuted { order });
        }
        let (rank, axis) = (self.shape.rank(), self.channel_axis());
        // For a vector, any size could be a different number of channels.
        if (rank > 1 || self.output)
            && self.has_channels()
            && self.fits_with(sizes, axis)
            && let Some(expected) = self.classes()
        {
            let found = number(sizes[axis]);
            return Some(match (self.output, expected, found) {
                // Colours are likelier than three classes.
                (false, _, _) | (true, 1, 3) if rank > 2 || !self.output => Cause::Channels { axis, found, expected },
                (_, 1, _) => Cause::OneHot { axis, classes: found },
                _ => Cause::Classes { axis, found, expected },
            });
        }
        // A different number of channels is likelier than samples on another axis.
        let mut samples = rank;
        while samples > 0 {
            if let Some(order) = self.order_of(sizes, samples) {
                return Some(Cause::Permuted { order });
            }
            samples -= 1;
        }
        None
    }

    /// What an array lacks that has one axis too few.
    const fn cause_without_axis(&self, sizes: &[usize]) -> Option<Cause> {
        if matches(sizes, self.shape) {
            return Some(Cause::NoBatch);
        }
        let channel = self.channel_axis();
        if self.shape.rank() > 1
            && self.has_channels()
            && without(self, channel, sizes, &mut fresh())
            && let Some(channels) = self.classes()
            && (!self.output || channels == 1)
        {
            return Some(Cause::NoChannels { axis: channel, channels });
        }
        let mut axis = 1;
        while axis <= self.shape.rank() {
            if is_one(self.shape.size(axis - 1).number()) && without(self, axis, sizes, &mut fresh()) {
                return Some(Cause::NoAxis { axis });
            }
            axis += 1;
        }
        None
    }

    /// Which axis an array has that has one too many.
    const fn cause_with_axis(&self, sizes: &[usize]) -> Option<Cause> {
        let mut axis = self.shape.rank() + 1;
        while axis >= 1 {
            if sizes[axis] == 1 && self.fits_less(sizes, axis) {
                return Some(Cause::ExtraAxis { axis });
            }
            axis -= 1;
        }
        if self.output && self.fits_less(sizes, 1) {
            return Some(Cause::Steps { steps: number(sizes[1]) });
        }
        None
    }

    /// Whether all axes but this one fit.
    const fn fits_with(&self, sizes: &[usize], axis: usize) -> bool {
        matches(sizes.split_at(1).1, &self.shape.with(axis - 1, Size::Unknown))
    }

    /// Whether the array without one of its axes fits.
    const fn fits_less(&self, sizes: &[usize], axis: usize) -> bool {
        let mut less = [0; MAX_RANK + 1];
        let (mut from, mut to) = (1, 0);
        while from < sizes.len() {
            if from != axis {
                less[to] = sizes[from];
                to += 1;
            }
            from += 1;
        }
        matches(less.split_at(to).0, self.shape)
    }

    /// An order of the array's axes that fits, with the samples on this axis. Axes of equal size keep their order.
    #[must_use]
    pub const fn order_of(&self, sizes: &[usize], samples: usize) -> Option<[u8; MAX_RANK + 1]> {
        let mut order = [0_u8; MAX_RANK + 1];
        #[expect(clippy::cast_possible_truncation, reason = "at most MAX_RANK")]
        {
            order[0] = samples as u8;
        }
        if self.arrange(sizes, &mut order, 1, Symbols::NONE) { Some(order) } else { None }
    }

    /// Completes an order, starting at position `place`.
    const fn arrange(&self, sizes: &[usize], order: &mut [u8; MAX_RANK + 1], place: usize, symbols: Symbols) -> bool {
        if place > self.shape.rank() {
            return true;
        }
        let mut axis = 0;
        while axis < sizes.len() {
            let mut used = false;
            let mut before = 0;
            while before < place {
                used |= order[before] as usize == axis;
                before += 1;
            }
            let mut learnt = symbols;
            if !used && learnt.learn_size(sizes[axis], self.shape.size(place - 1), self.shape.scope()) {
                #[expect(clippy::cast_possible_truncation, reason = "at most MAX_RANK")]
                {
                    order[place] = axis as u8;
                }
                if self.arrange(sizes, order, place + 1, learnt) {
                    return true;
                }
            }
            axis += 1;
        }
        false
    }
}

/// Symbols with no known values.
const fn fresh() -> Symbols {
    Symbols::NONE
}

/// Whether sizes match those of a shape.
const fn matches(sizes: &[usize], shape: &Shape) -> bool {
    fresh().learn(sizes, shape)
}

/// Whether an array's axes, without the first and without this one, match the port. The index counts the axis of
/// samples.
const fn without(port: &ArrayPort<'_>, axis: usize, sizes: &[usize], symbols: &mut Symbols) -> bool {
    if sizes.len() != port.shape.rank() {
        return false;
    }
    let (mut from, mut to) = (1, 1);
    while to <= port.shape.rank() {
        if to != axis {
            if !symbols.learn_size(sizes[from], port.shape.size(to - 1), port.shape.scope()) {
                return false;
            }
            from += 1;
        }
        to += 1;
    }
    true
}

const fn is_one(size: Option<i64>) -> bool {
    matches!(size, Some(1))
}

/// A size as a signed integer.
const fn number(size: usize) -> i64 {
    size.cast_signed() as i64
}

/// The product of sizes, if it fits.
const fn product(sizes: &[usize]) -> Option<i64> {
    let mut product: i64 = 1;
    let mut axis = 0;
    while axis < sizes.len() {
        match product.checked_mul(number(sizes[axis])) {
            Some(next) => product = next,
            None => return None,
        }
        axis += 1;
    }
    Some(product)
}

impl Cause {
    /// Whether the problem is one of labels and not of sizes.
    #[must_use]
    pub const fn is_of_labels(self) -> bool {
        matches!(
            self,
            Cause::FloatClasses
                | Cause::ClassAxis { .. }
                | Cause::OneHot { .. }
                | Cause::Classes { .. }
                | Cause::Steps { .. }
                | Cause::OnePerSample
                | Cause::OtherClassAxis { .. }
        )
    }
}
