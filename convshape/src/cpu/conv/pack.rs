//! Packs the weights of a convolution in the order in which they are read.

use std::ops::Range;
use std::vec::Vec;

use convshape_arith::op::PerAxis;

use super::super::buffer::View;
use super::super::simd::{MOST_LANES, Runs};
use super::super::tile::panels;
use super::super::tuning::{PANEL_WEIGHTS, READ_WEIGHTS as TOGETHER};
use super::{Conv, Panel, TapSum};

impl Conv {
    /// `[panel][tap][input channel][output channel of the panel]`; over planes, taps are contiguous within a channel.
    /// A panel with many weights is in parts, each of some taps and input channels.
    pub(super) fn pack_products(
        &mut self,
        packed: &mut Vec<f32>,
        sum: &TapSum<'_>,
        taps: &[(PerAxis<usize>, usize)],
        (inputs, outputs): (usize, usize),
        positions: usize,
        x: &View,
    ) {
        let lanes = self.level.lanes();
        // Few positions fit next to four vectors of sums on every processor. A single one has partial sums.
        let most = if (2..=self.level.positions()[3]).contains(&positions) { 4 } else { self.level.panel() };
        // The threads divide the channels of a single position, at whole numbers of panels.
        let wide = most * lanes;
        let of_group: Vec<Range<usize>> = match positions {
            1 => (0..outputs).step_by(wide).map(|first| first..outputs.min(first + wide)).collect(),
            _ => panels(outputs, lanes, most).collect(),
        };
        // Panels do not cross groups.
        for (group, panel) in (0..sum.groups).flat_map(|group| of_group.iter().map(move |panel| (group, panel))) {
            let (first, count) = (group * outputs + panel.start, panel.len());
            let vectors = count.div_ceil(lanes);
            let sources = group * inputs..(group + 1) * inputs;
            let step = x.buffer.channel_stride();
            let by_tap = taps.iter().flat_map(|tap| sources.clone().map(move |input| (tap, input)));
            let by_input = sources.clone().flat_map(|input| taps.iter().map(move |tap| (tap, input)));
            let order: Vec<_> = if x.buffer.planar { by_input.collect() } else { by_tap.collect() };
            let width = vectors * lanes;
            // A single position has several partial sums, each of inputs from the whole panel.
            let parts = if positions == 1 { 1 } else { (order.len() * width).div_ceil(PANEL_WEIGHTS).max(1) };
            for part in 0..parts {
                let order = &order[part * order.len() / parts..(part + 1) * order.len() / parts];
                let weights = packed.len();
                let runs = Runs::new(order.iter().map(|((_, place), input)| place + input * step), 1, true);
                // Contiguous weights of an output channel are read together.
                packed.resize(weights + order.len() * width, 0.0);
                for (block, order) in packed[weights..].chunks_mut(TOGETHER * width).zip(order.chunks(TOGETHER)) {
                    for channel in 0..count {
                        for (row, ((tap, _), input)) in block.chunks_exact_mut(width).zip(order) {
                            row[channel] = sum.weights.at(first + channel, *input, *tap) * sum.scale[first + channel];
                        }
                    }
                }
                self.push_panel(packed, sum, runs, weights, first..first + count, vectors);
                if let Some(panel) = self.panels.last_mut() {
                    (panel.alone, panel.begins, panel.ends) = (positions == 1, part == 0, part + 1 == parts);
                    if !panel.begins {
                        packed[panel.shift..].fill(0.0);
                    }
                }
            }
            debug_assert!(sources.end <= x.channels);
        }
    }

    /// `[tap][vector of input channels][output channel][lane]`
    pub(super) fn pack_dots(
        &mut self,
        packed: &mut Vec<f32>,
        sum: &TapSum<'_>,
        taps: &[(PerAxis<usize>, usize)],
        inputs: usize,
        outputs: usize,
        x: &View,
    ) {
        let lanes = self.level.lanes();
        let weights = packed.len();
        let runs = Runs::new(taps.iter().map(|(_, place)| *place), x.channels, true);
        for &(tap, _) in taps {
            for vector in (0..inputs).step_by(lanes) {
                for channel in 0..outputs {
                    for input in vector..vector + lanes {
                        packed.push(sum.weights.at(channel, input, tap) * sum.scale[channel]);
                    }
                }
            }
        }
        self.push_panel(packed, sum, runs, weights, 0..outputs, 1);
    }

    /// `[panel][tap][input channel of a group][lane]`
    pub(super) fn pack_grouped(
        &mut self,
        packed: &mut Vec<f32>,
        sum: &TapSum<'_>,
        taps: &[(PerAxis<usize>, usize)],
        inputs: usize,
        outputs: usize,
    ) {
        let lanes = self.level.lanes();
        // The number of groups whose inputs fit in a vector, and whose outputs do too.
        let together = lanes / inputs.max(outputs);
        for group in (0..sum.groups).step_by(together) {
            let first = group * outputs;
            let count = together.min(sum.groups - group) * outputs;
            let weights = packed.len();
            let runs = Runs::new(taps.iter().map(|(_, place)| place + group * inputs), lanes, false);
            let mut index = Vec::with_capacity(inputs * lanes);
            for input in 0..inputs {
                for lane in 0..lanes {
                    let source = lane.min(count - 1) / outputs * inputs + input;
                    #[expect(clippy::cast_possible_truncation, reason = "less than the lanes of a vector")]
                    index.push(f32::from_bits(source as u32));
                }
            }
            for &(tap, _) in taps {
                for input in 0..inputs {
                    for channel in first..first + lanes {
                        packed.push(if channel < first + count {
                            let source = channel / outputs * inputs + input;
                            sum.weights.at(channel, source, tap) * sum.scale[channel]
                        } else {
                            0.0
                        });
                    }
                }
            }
            self.push_panel(packed, sum, runs, weights, first..first + count, 1);
            if let Some(panel) = self.panels.last_mut() {
                panel.index = index;
            }
        }
    }

    /// `[vector of channels][tap][lane]`
    pub(super) fn pack_depthwise(
        &mut self,
        packed: &mut Vec<f32>,
        sum: &TapSum<'_>,
        taps: &[(PerAxis<usize>, usize)],
        channels: usize,
    ) {
        let lanes = self.level.lanes();
        for first in (0..channels).step_by(lanes) {
            let count = lanes.min(channels - first);
            let weights = packed.len();
            let runs = Runs::new(taps.iter().map(|(_, place)| place + first), lanes, false);
            for &(tap, _) in taps {
                for channel in first..first + lanes {
                    packed.push(if channel < channels {
                        sum.weights.at(channel, channel, tap) * sum.scale[channel]
                    } else {
                        0.0
                    });
                }
            }
            self.push_panel(packed, sum, runs, weights, first..first + count, 1);
        }
    }

    fn push_panel(
        &mut self,
        packed: &mut Vec<f32>,
        sum: &TapSum<'_>,
        runs: Runs,
        weights: usize,
        channels: Range<usize>,
        vectors: usize,
    ) {
        let lanes = self.level.lanes();
        let weights = weights..packed.len();
        let shift = packed.len();
        packed.extend(&sum.shift[channels.clone()]);
        packed.resize(shift + (vectors * lanes).max(MOST_LANES), 0.0);
        self.panels.push(Panel {
            runs,
            weights,
            shift,
            first: channels.start,
            channels: channels.len(),
            vectors,
            alone: false,
            begins: true,
            ends: true,
            index: Vec::new(),
        });
    }
}
