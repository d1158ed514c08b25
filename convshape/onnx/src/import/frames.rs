//! Samples that a file merged with another axis, as the frames of a film: `[frames, channels, height, width]`.
//!
//! A layer that treats each channel alone takes the frames as further channels. A convolution takes them as an axis
//! after the channels, along which its kernel has size 1.

use convshape::graph::op::{Conv, Padding, PerAxis};

use super::batch::Tensor;
use super::node::Node;
use super::{Import, Lowered};

impl Import {
    /// The value for a layer over channels and space, and whether its frames became the first axis of space.
    pub(super) fn with_frames(&mut self, node: Node<'_>) -> Result<(Tensor, bool), String> {
        let x = self.first(node)?;
        match self.in_front(x) {
            Ok(x) => Ok((x, false)),
            Err(reason) => match self.frames(x) {
                Some(order) => Ok((Tensor::batched(self.turned(x.value, &order)?), true)),
                None => Err(reason),
            },
        }
    }

    /// The value that such a layer gave, as the file has it.
    pub(super) fn without_frames(&mut self, y: Tensor, has_frames: bool) -> Lowered {
        match self.frames(Tensor { batch: None, ..y }).filter(|_| has_frames) {
            Some(order) => Ok(Tensor { value: self.turned(y.value, &order)?, batch: None }),
            None => Ok(y),
        }
    }

    /// The order that swaps frames and channels.
    fn frames(&self, x: Tensor) -> Option<Vec<usize>> {
        let rank = self.sample(x).len();
        let order: Vec<usize> = [1, 0].into_iter().chain(2..rank).collect();
        (x.batch.is_none() && rank >= 2).then_some(order)
    }

    /// A layer that treats each channel alone.
    pub(super) fn on_channels(
        &mut self,
        node: Node<'_>,
        layer: impl FnOnce(&mut Import, Tensor) -> Lowered,
    ) -> Lowered {
        let x = self.first(node)?;
        let reason = match self.in_front(x) {
            Ok(x) => return layer(self, x),
            Err(reason) => reason,
        };
        let Some(swapped) = self.frames(x) else { return Err(reason) };
        // Frames that come after the channels are merged with them as they are.
        let (source, order) = match self.beneath(x.value).filter(|(_, order)| *order == swapped) {
            Some((source, order)) => (source, Some(order)),
            None => (x.value, None),
        };
        let sizes = self.sample(Tensor { value: source, batch: None });
        let merged: Vec<i64> = std::iter::once(sizes[0] * sizes[1]).chain(sizes[2..].iter().copied()).collect();
        let x = self.placed(Tensor { value: source, batch: None }, &merged, None)?;
        let y = layer(self, Tensor::batched(x.value))?;
        let mut target = self.sample(y);
        let channels = target[0] / sizes[if order.is_some() { 1 } else { 0 }];
        let first = if order.is_some() { [channels, sizes[1]] } else { [sizes[0], channels] };
        target.splice(0..1, first);
        let y = self.placed(Tensor { batch: None, ..y }, &target, None)?;
        match order {
            Some(order) => Ok(Tensor { value: self.turned(y.value, &order)?, batch: None }),
            None => Ok(y),
        }
    }
}

/// The convolution with a further axis of space in front, along which it does nothing.
pub(super) fn with_front_axis(conv: Conv) -> Conv {
    let front = |values: PerAxis<i64>, first: i64| [first, values[0], values[1]];
    Conv {
        rank: conv.rank + 1,
        kernel: front(conv.kernel, 1),
        stride: front(conv.stride, 1),
        dilation: front(conv.dilation, 1),
        padding: match conv.padding {
            Padding::Symmetric(rows) => Padding::Symmetric(front(rows, 0)),
            Padding::Pairs([a, b, _]) => Padding::Pairs([(0, 0), a, b]),
            other => other,
        },
        output_padding: conv.output_padding.map(|rows| front(rows, 0)),
        ..conv
    }
}
