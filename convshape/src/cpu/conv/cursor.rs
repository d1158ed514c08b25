//! Iterates over the positions of a block.

use super::Strides;

/// The positions of a block in order.
#[derive(Clone, Copy)]
pub(super) struct Cursor {
    pub(super) index: [usize; 4],
    pub(super) count: [usize; 4],
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) x_steps: Strides,
    pub(super) y_steps: Strides,
}

impl Cursor {
    /// Writes the offsets of the next positions, as many as fit.
    #[inline(never)]
    pub(super) fn fill(&mut self, x: &mut [usize], y: &mut [usize]) {
        let mut at = *self;
        for (x, y) in x.iter_mut().zip(y) {
            (*x, *y) = (at.x, at.y);
            at.x += at.x_steps.0[3];
            at.y += at.y_steps.0[3];
            at.index[3] += 1;
            if at.index[3] == at.count[3] {
                at.carry();
            }
        }
        *self = at;
    }

    #[inline(always)]
    fn carry(&mut self) {
        let mut axis = 3;
        while axis > 0 && self.index[axis] == self.count[axis] {
            self.index[axis] = 0;
            self.x -= self.count[axis] * self.x_steps.0[axis];
            self.y -= self.count[axis] * self.y_steps.0[axis];
            axis -= 1;
            self.index[axis] += 1;
            self.x += self.x_steps.0[axis];
            self.y += self.y_steps.0[axis];
        }
    }
}
