//! Convolutions and transposed ones, as they are defined: each tap of each output element.

use alloc::vec;
use alloc::vec::Vec;

use super::{Real, add};
use crate::reference::kernels::conv::Geometry;
use crate::reference::kernels::layout::SpatialLayout;

impl Geometry {
    /// Adds the gradients of the parameters and of the input.
    pub(super) fn backward<T: Real>(
        &self,
        params: &[&[T]],
        [input, output]: [&SpatialLayout; 2],
        x: &[T],
        dy: &[T],
        dparams: &mut [Vec<T>],
        dx: &mut [T],
    ) {
        let (mut dweight, mut dinput) = (vec![0.0; params[0].len()], vec![0.0; x.len()]);
        for position in output.positions() {
            for channel in 0..output.channels {
                let dy = dy[output.at(channel, position)];
                let sources = self.sources(channel, input, output);
                self.for_each_tap(position, &input.sizes, |tap, source| {
                    let mut weight = self.weight.at(channel, sources.start, tap);
                    let mut element = input.at(sources.start, source);
                    for _ in sources.clone() {
                        dweight[weight] += x[element].get() * dy.get();
                        dinput[element] += params[0][weight].get() * dy.get();
                        weight += self.weight.input_stride();
                        element += input.channel_stride;
                    }
                });
                if let Some(dbias) = dparams.get_mut(1) {
                    dbias[channel] += dy;
                }
            }
        }
        add(&dweight, &mut dparams[0]);
        add(&dinput, dx);
    }
}
