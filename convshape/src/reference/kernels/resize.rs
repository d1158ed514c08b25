//! `Upsample`: interpolation as `torch.nn.functional.interpolate` does it.

use convshape_arith::op::{Interpolation, PerAxis, ResizeTo, Upsample};

use super::layout::SpatialLayout;
use super::number::Number;

/// The input rows of one output row, each with its weight: 1, 2 or 4, depending on the mode.
#[derive(Debug)]
pub struct Taps {
    rows: [(usize, f64); 4],
    count: usize,
}

impl Taps {
    /// The rows with their weights.
    pub fn iter(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.rows.iter().take(self.count).copied()
    }

    fn one(row: f64, size: usize) -> Taps {
        Taps { rows: [(clamped(row, size), 1.0); 4], count: 1 }
    }

    /// Linear interpolation between the two rows around `center`.
    fn linear(center: f64, size: usize) -> Taps {
        let center = center.max(0.0);
        let below = libm::floor(center);
        let part = center - below;
        let (below, above) = (clamped(below, size), clamped(below + 1.0, size));
        Taps { rows: [(below, 1.0 - part), (above, part), (0, 0.0), (0, 0.0)], count: 2 }
    }

    /// Cubic convolution over four rows (Keys, 1981, with a = -0.75); the edge rows are repeated.
    fn cubic(center: f64, size: usize) -> Taps {
        const A: f64 = -0.75;
        let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
        let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
        let below = libm::floor(center);
        let part = center - below;
        let rows = [
            (clamped(below - 1.0, size), far(1.0 + part)),
            (clamped(below, size), near(part)),
            (clamped(below + 1.0, size), near(1.0 - part)),
            (clamped(below + 2.0, size), far(2.0 - part)),
        ];
        Taps { rows, count: 4 }
    }
}

/// A row index clamped to the axis.
fn clamped(row: f64, size: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of floats stops at the ends, and at zero")]
    let row = row as usize;
    row.min(size - 1)
}

/// The rows of the input that make row `row` of the output.
///
/// Rounding decides which row is nearest if two are equally near: scale and position are rounded as in PyTorch's
/// kernels for `f32`. Between two rows the position is computed in `f64`; PyTorch's has a rounding error.
pub fn taps(op: &Upsample, axis: usize, row: usize, input: usize, output: usize) -> Taps {
    // How many input rows one output row represents. A written scale is used as it is, even though the output size was
    // rounded down.
    let ratio = match op.to {
        ResizeTo::Scale(scale) => 1.0 / scale[axis],
        ResizeTo::Size(_) | ResizeTo::Like => input as f64 / output as f64,
    };
    let row = row as f64;
    let center = if op.align_corners != Some(true) {
        (row + 0.5) * ratio - 0.5
    } else if output == 1 {
        0.0
    } else {
        row * ((input - 1) as f64 / (output - 1) as f64)
    };
    match op.mode {
        Interpolation::Nearest => Taps::one(rounded(row * rounded(ratio)), input),
        Interpolation::NearestExact => {
            let center = rounded((row + 0.5) * rounded(ratio) - 0.5).max(0.0);
            Taps::one(rounded(center + 0.5), input)
        }
        Interpolation::Linear | Interpolation::Bilinear | Interpolation::Trilinear => Taps::linear(center, input),
        Interpolation::Bicubic => Taps::cubic(center, input),
    }
}

/// The nearest `f32`.
fn rounded(value: f64) -> f64 {
    <f32 as Number>::of(value).get()
}

/// The input rows, on each axis, that contribute to a position of the output.
pub(super) fn position_taps(
    op: &Upsample,
    input: &SpatialLayout,
    output: &SpatialLayout,
    position: PerAxis<usize>,
) -> PerAxis<Taps> {
    [0, 1, 2].map(|axis| {
        // A missing axis has one row, whatever the scale.
        if axis < input.rank {
            taps(op, axis, position[axis], input.sizes[axis], output.sizes[axis])
        } else {
            Taps::one(0.0, 1)
        }
    })
}

pub(super) fn upsample<T: Number>(op: &Upsample, input: &SpatialLayout, x: &[T], output: &SpatialLayout, y: &mut [T]) {
    for position in output.positions() {
        let [depth, height, width] = position_taps(op, input, output, position);
        for channel in 0..output.channels {
            let mut sum = 0.0;
            for (d, by_depth) in depth.iter() {
                for (h, by_height) in height.iter() {
                    for (w, by_width) in width.iter() {
                        sum += by_depth * by_height * by_width * x[input.at(channel, [d, h, w])].get();
                    }
                }
            }
            y[output.at(channel, position)] = T::of(sum);
        }
    }
}

/// `Upsample`: the gradient of each output element goes to its input elements with the weights of the forward pass.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use convshape_arith::op::Upsample;

    use super::position_taps;
    use crate::reference::kernels::layout::SpatialLayout;
    use crate::reference::kernels::number::Real;

    pub(in crate::reference::kernels) fn upsample<T: Real>(
        op: &Upsample,
        [input, output]: [&SpatialLayout; 2],
        dy: &[T],
        dx: &mut [T],
    ) {
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
}
