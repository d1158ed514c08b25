//! `Upsample`: the gradient of each output element goes to its input elements with the weights of the forward pass.

use convshape_arith::op::Upsample;

use super::Real;
use crate::reference::kernels::layout::SpatialLayout;
use crate::reference::kernels::resize::position_taps;

pub(super) fn upsample<T: Real>(op: &Upsample, [input, output]: [&SpatialLayout; 2], dy: &[T], dx: &mut [T]) {
    for position in output.positions() {
        let [depth, height, width] = position_taps(op, input, output, position);
        for channel in 0..output.channels {
            let dy = dy[output.at(channel, position)].get();
            for (d, by_depth) in depth.iter() {
                for (h, by_height) in height.iter() {
                    for (w, by_width) in width.iter() {
                        dx[input.at(channel, [d, h, w])] += T::of(by_depth * by_height * by_width * dy);
                    }
                }
            }
        }
    }
}
