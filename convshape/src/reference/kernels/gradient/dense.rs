//! `Linear`.

use alloc::vec;
use alloc::vec::Vec;

use super::{Real, add};
use crate::reference::kernels::dense::Dense;

impl Dense {
    /// Adds the gradients of the parameters and of the input.
    pub(super) fn backward<T: Real>(&self, params: &[&[T]], x: &[T], dy: &[T], dparams: &mut [Vec<T>], dx: &mut [T]) {
        let (mut dweight, mut dinput) = (vec![0.0; params[0].len()], vec![0.0; x.len()]);
        let rows = x.chunks_exact(self.inputs).zip(dinput.chunks_exact_mut(self.inputs));
        for ((x, dx), dy) in rows.zip(dy.chunks_exact(self.outputs)) {
            for (output, dy) in dy.iter().enumerate() {
                let mut weight = self.weight.at(output, 0, [0; 3]);
                for (x, dx) in x.iter().zip(&mut *dx) {
                    dweight[weight] += x.get() * dy.get();
                    *dx += params[0][weight].get() * dy.get();
                    weight += self.weight.input_stride();
                }
                if let Some(dbias) = dparams.get_mut(1) {
                    dbias[self.bias + output] += *dy;
                }
            }
        }
        add(&dweight, &mut dparams[0]);
        add(&dinput, dx);
    }
}
