//! The weights of a convolution in the order in which they are read.

use std::ops::Range;
use std::vec::Vec;

use convshape_arith::op::PerAxis;

use super::super::buffer::View;
use super::super::simd::{MOST_LANES, Runs};
use super::{Conv, Panel, Sum};

impl Conv {
    /// `[panel][tap][input channel][output channel of the panel]`
    pub(super) fn pack_products(
        &mut self,
        packed: &mut Vec<f32>,
        sum: &Sum<'_>,
        taps: &[(PerAxis<usize>, usize)],
        (inputs, outputs): (usize, usize),
        positions: usize,
        x: &View,
    ) {
        let lanes = self.level.lanes();
        let channels = outputs * sum.groups;
        let narrow = positions <= self.level.positions()[2];
        let mut first = 0;
        while first < channels {
            // Groups of less than a vector share a panel, with zeros where they do not meet.
            let end = if outputs < lanes { channels } else { first - first % outputs + outputs };
            let rest = end - first;
            let vectors = match rest.div_ceil(lanes) {
                1 => 1,
                2 | 3 => 2,
                _ if narrow => 4,
                _ => 2,
            };
            let count = rest.min(vectors * lanes);
            let groups = first / outputs..(first + count - 1) / outputs + 1;
            let sources = groups.start * inputs..groups.end * inputs;
            let weights = packed.len();
            let offsets = taps.iter().map(|(_, place)| place + sources.start);
            let runs = Runs::new(offsets, sources.len(), true);
            for &(tap, _) in taps {
                for input in sources.clone() {
                    for channel in first..first + vectors * lanes {
                        let meets = channel < first + count && input / inputs == channel / outputs;
                        packed.push(if meets { (sum.weight)(channel, input, tap) * sum.scale[channel] } else { 0.0 });
                    }
                }
            }
            debug_assert!(sources.end <= x.channels);
            self.push_panel(packed, sum, runs, weights, first..first + count, vectors);
            first += count;
        }
    }

    /// `[tap][vector of input channels][output channel][lane]`
    pub(super) fn pack_dots(
        &mut self,
        packed: &mut Vec<f32>,
        sum: &Sum<'_>,
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
                        packed.push((sum.weight)(channel, input, tap) * sum.scale[channel]);
                    }
                }
            }
        }
        self.push_panel(packed, sum, runs, weights, 0..outputs, 1);
    }

    /// `[vector of channels][tap][lane]`
    pub(super) fn pack_depthwise(
        &mut self,
        packed: &mut Vec<f32>,
        sum: &Sum<'_>,
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
                        (sum.weight)(channel, channel, tap) * sum.scale[channel]
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
        sum: &Sum<'_>,
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
        self.panels.push(Panel { runs, weights, shift, first: channels.start, channels: channels.len(), vectors });
    }
}
