//! `Pad` and `Crop`: the gradient of a border element goes to the element that it was copied from.

use super::Real;
use crate::reference::kernels::border::Border;
use crate::reference::kernels::layout::SpatialLayout;

pub(super) fn border<T: Real>(border: &Border, [input, output]: [&SpatialLayout; 2], dy: &[T], dx: &mut [T]) {
    for position in output.positions() {
        let Some(from) = border.source(position, &input.sizes) else { continue };
        for channel in 0..output.channels {
            dx[input.at(channel, from)] += dy[output.at(channel, position)];
        }
    }
}
