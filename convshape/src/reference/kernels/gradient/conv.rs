//! Convolutions and transposed ones, as they are defined: each tap of each output element.

use alloc::vec;
use alloc::vec::Vec;

use super::{Real, add};
use crate::reference::kernels::conv::Geometry;
use crate::reference::kernels::layout::SpatialLayout;

impl Geometry {
    /// Adds the gradients of the weight, the bias and the input.
    pub(super) fn backward<T: Real>(
        &self,
        weight: &[T],
        [input, output]: [&SpatialLayout; 2],
        [x, dy]: [&[T]; 2],
        [to_weight, dx]: [&mut [T]; 2],
        mut dbias: Option<&mut Vec<T>>,
    ) {
        let (mut dweight, mut dinput) = (vec![0.0; weight.len()], vec![0.0; x.len()]);
        for position in output.positions() {
            for channel in 0..output.channels {
                let dy = dy[output.at(channel, position)];
                let sources = self.sources(channel, input, output);
                self.for_each_tap(position, &input.sizes, |tap, source| {
                    let mut at = self.weight.at(channel, sources.start, tap);
                    let mut element = input.at(sources.start, source);
                    for _ in sources.clone() {
                        dweight[at] += x[element].get() * dy.get();
                        dinput[element] += weight[at].get() * dy.get();
                        at += self.weight.input_stride();
                        element += input.channel_stride;
                    }
                });
                if let Some(dbias) = &mut dbias {
                    dbias[channel] += dy;
                }
            }
        }
        add(&dweight, to_weight);
        add(&dinput, dx);
    }
}
