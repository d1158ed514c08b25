//! `Linear`: a matrix over the last axis.

use convshape_arith::op::Op;
use convshape_arith::weight::WeightMap;

use super::count;
use super::number::Number;

/// A linear layer, or some of the outputs of a larger one.
pub(super) struct Dense {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) weight: WeightMap,
    /// The index of the first output's bias.
    pub(super) bias: usize,
}

impl Dense {
    /// For an [`Op::Linear`] whose features are known, or an [`Op::Projection`].
    pub(super) fn new(op: &Op) -> Dense {
        let (inputs, outputs, bias) = match *op {
            Op::Linear { inputs, outputs, .. } => (inputs.unwrap_or(0), outputs, 0),
            Op::Projection(part) => (part.inputs, part.outputs, part.bias.map_or(0, |(first, _)| first)),
            _ => unreachable!("not a linear layer"),
        };
        let weight = WeightMap::of(op).expect("a bound linear layer has a weight");
        Dense { inputs: count(inputs), outputs: count(outputs), weight, bias: count(bias) }
    }

    /// `params` are the weight and, if there is one, the bias.
    pub(super) fn run<T: Number>(&self, params: &[&[T]], x: &[T], y: &mut [T]) {
        let (weight, bias) = (params[0], params.get(1));
        for (x, y) in x.chunks_exact(self.inputs).zip(y.chunks_exact_mut(self.outputs)) {
            for (output, y) in y.iter_mut().enumerate() {
                let mut sum = bias.map_or(0.0, |bias| bias[self.bias + output].get());
                let row = weight[self.weight.at(output, 0, [0; 3])..].iter().step_by(self.weight.input_stride());
                for (w, x) in row.zip(x) {
                    sum += w.get() * x.get();
                }
                *y = T::of(sum);
            }
        }
    }
}

/// `Linear`.
#[cfg(feature = "train")]
pub(super) mod gradient {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::Dense;
    use crate::reference::kernels::number::{Real, add};

    impl Dense {
        /// Adds the gradients of the parameters and of the input.
        pub(in crate::reference::kernels) fn backward<T: Real>(
            &self,
            params: &[&[T]],
            x: &[T],
            dy: &[T],
            dparams: &mut [Vec<T>],
            dx: &mut [T],
        ) {
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
}
