//! The border around a value, and the layers that add or remove it: `Pad` and `Crop`.

use convshape_arith::op::{Amount, MAX_SPATIAL, PaddingMode, PerAxis};
use convshape_arith::size::Size;

use super::layout::SpatialLayout;
use super::number::Number;

/// The index of the element at a position of a padded axis; `None` in a constant border. Borders wider than the axis
/// mirror or wrap repeatedly, as in `numpy.pad`.
pub fn source(position: i64, size: usize, mode: PaddingMode) -> Option<usize> {
    let inside = usize::try_from(position).ok().filter(|&position| position < size);
    if inside.is_some() || size == 0 {
        return inside;
    }
    let last = size as i64 - 1;
    let position = match mode {
        PaddingMode::Zeros => return None,
        PaddingMode::Replicate => position.clamp(0, last),
        PaddingMode::Circular => position.rem_euclid(size as i64),
        PaddingMode::Reflect if last == 0 => 0,
        PaddingMode::Reflect => {
            let position = position.rem_euclid(2 * last);
            position.min(2 * last - position)
        }
    };
    usize::try_from(position).ok()
}

/// A border around a value; a negative one crops.
pub(super) struct Border {
    /// Rows added before the first one of each axis.
    pub(super) low: PerAxis<i64>,
    /// How it is filled.
    pub(super) mode: PaddingMode,
    /// The constant of mode `Zeros`.
    pub(super) value: f64,
}

impl Border {
    pub(super) fn run<T: Number>(&self, input: &SpatialLayout, x: &[T], output: &SpatialLayout, y: &mut [T]) {
        for position in output.positions() {
            let from = self.source(position, &input.sizes);
            for channel in 0..output.channels {
                y[output.at(channel, position)] = match from {
                    Some(from) => x[input.at(channel, from)],
                    None => T::of(self.value),
                };
            }
        }
    }

    pub(super) fn source(&self, position: PerAxis<usize>, sizes: &PerAxis<usize>) -> Option<PerAxis<usize>> {
        let mut from = [0; MAX_SPATIAL];
        for axis in 0..MAX_SPATIAL {
            from[axis] = source(position[axis] as i64 - self.low[axis], sizes[axis], self.mode)?;
        }
        Some(from)
    }
}

/// The low side of `Pad` or `Crop` on each axis.
pub(super) fn low(amount: Amount, input: &SpatialLayout, output: &SpatialLayout) -> PerAxis<i64> {
    let mut low = [0; MAX_SPATIAL];
    for (axis, low) in low.iter_mut().enumerate().take(input.rank) {
        let [from, to] = [input, output].map(|grid| Size::Number(grid.sizes[axis] as i64));
        (*low, _) = amount.rows(axis, from, Some(to));
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_borders_repeat() {
        let row = |mode| [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].map(|position| source(position, 3, mode).unwrap());
        assert_eq!(row(PaddingMode::Reflect), [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2]);
        assert_eq!(row(PaddingMode::Circular), [1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(row(PaddingMode::Replicate), [0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2]);
        assert_eq!(source(-1, 1, PaddingMode::Reflect), Some(0));
        assert_eq!(source(3, 3, PaddingMode::Zeros), None);
    }
}

/// `Pad` and `Crop`: the gradient of a border element goes to the element that it was copied from.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use super::Border;
    use crate::reference::kernels::layout::SpatialLayout;
    use crate::reference::kernels::number::Real;

    pub(in crate::reference::kernels) fn border<T: Real>(
        border: &Border,
        [input, output]: [&SpatialLayout; 2],
        dy: &[T],
        dx: &mut [T],
    ) {
        for position in output.positions() {
            let Some(from) = border.source(position, &input.sizes) else { continue };
            for channel in 0..output.channels {
                dx[input.at(channel, from)] += dy[output.at(channel, position)];
            }
        }
    }
}
