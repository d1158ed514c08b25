//! Masks of kernels, for models that read pixels in order.

use super::{Conv, MAX_SPATIAL, Mask, PerAxis};

impl Conv {
    /// How many elements are not masked. They are the first ones.
    const fn kept_taps(&self) -> i64 {
        let (mut taps, mut middle, mut axis) = (1_i64, 0_i64, 0);
        while axis < self.rank {
            taps = taps.saturating_mul(self.kernel[axis]);
            middle = middle.saturating_mul(self.kernel[axis]).saturating_add(self.kernel[axis] / 2);
            axis += 1;
        }
        match self.mask {
            None => taps,
            Some(Mask::A) => middle,
            Some(Mask::B) => middle + 1,
        }
    }

    /// Whether an element is not masked.
    pub fn keeps(&self, tap: PerAxis<usize>) -> bool {
        let axes = (0..self.rank.min(MAX_SPATIAL)).map(|axis| (self.kernel[axis], tap[axis] as i64));
        self.mask.is_none() || axes.fold(0, |index, (size, tap)| index * size + tap) < self.kept_taps()
    }

    /// Sets the masked elements of a weight, or of its gradient, to zero.
    pub fn mask_weight<T: Copy + Default>(&self, weight: &mut [T]) {
        let (Some(_), Some(shape)) = (self.mask, self.weight_shape().and_then(|shape| shape.numbers())) else { return };
        // The spatial axes are adjacent in every layout.
        let taps = self.weight_layout().first_tap_axis;
        let within: usize = shape[taps + self.rank..].iter().product();
        let all: usize = shape[taps..taps + self.rank].iter().product();
        let kept = usize::try_from(self.kept_taps()).unwrap_or(0);
        for taps in weight.chunks_exact_mut((all * within).max(1)) {
            taps[(kept * within).min(all * within)..].fill(T::default());
        }
    }
}
