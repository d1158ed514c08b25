//! Linear layers and convolutions with kernel 1 that have many weights, as products of matrices.
//!
//! The parameter is one matrix, the channels of all positions are another. Both are packed block by block while they are
//! multiplied, and the gradient of the weights is added up in the order of the parameter. A packed copy of all weights,
//! made anew for each step, and a gradient in another order would each pass through memory once more.

use std::vec::Vec;

use super::elements::Finish;
use super::permutation::zeros;
use super::weight_gradient::GradientOf;
use super::{Machine, SumViews};
use crate::cpu::math::Epilogue;
use crate::cpu::matmul::multiply;
use crate::cpu::taps::{Line, all_taps};
use crate::cpu::tuning::{BLOCKWISE_WEIGHTS, CHUNK};
use crate::reference::kernels::Product;

/// A layer as a product of matrices, of which both are whole.
pub(super) struct DenseSum {
    positions: usize,
    inputs: usize,
    outputs: usize,
    /// The first weight, and the strides of outputs and inputs among the weights.
    first: usize,
    strides: [usize; 2],
    /// The number of elements of the parameter.
    count: usize,
    epilogue: Epilogue,
}

impl DenseSum {
    /// `None` if packed weights are faster, or if the layer is not such a product.
    pub(super) fn new(
        weight: &GradientOf<'_>,
        views: &SumViews,
        dense_output: bool,
        epilogue: Epilogue,
        samples: usize,
    ) -> Option<DenseSum> {
        let SumViews { x, y, dx, dy } = views;
        let (inputs, outputs) = (x.channels, y.channels);
        let [[(depth, 0), (height, 0), (width, 0)]] = all_taps(weight.lines).collect::<Vec<_>>()[..] else {
            return None;
        };
        let tap = [depth, height, width];
        let is_fixed = |(line, size): (&Line, &usize)| line.step == 1 || *size == 1;
        let matrices = [x, y, dx, dy].iter().all(|view| view.is_whole() && view.buffer.size == x.buffer.size)
            && weight.lines.iter().zip(&x.buffer.size).all(is_fixed);
        if weight.groups != 1 || !matrices || inputs * outputs < BLOCKWISE_WEIGHTS || inputs == 1 || outputs == 1 {
            return None;
        }
        let place = |output, input| match dense_output {
            true => (weight.place)(output, input, tap),
            false => (weight.place)(input, output, tap),
        };
        let first = place(0, 0);
        let strides = [place(1, 0).checked_sub(first)?, place(0, 1).checked_sub(first)?];
        let is_matrix = strides == [inputs, 1] || strides == [1, outputs];
        let positions = samples * x.grid().positions();
        (is_matrix && place(outputs - 1, inputs - 1) == first + inputs * outputs - 1).then_some(DenseSum {
            positions,
            inputs,
            outputs,
            first,
            strides,
            count: weight.count,
            epilogue,
        })
    }

    /// Multiply-adds of a batch.
    pub(super) fn work(&self) -> usize {
        self.positions * self.inputs * self.outputs
    }

    /// `bias` is empty, or has an element for each channel of the output.
    pub(super) fn forward(&self, on: Machine, weight: &[f32], bias: &[f32], x: &[f32], y: &mut [f32]) {
        let DenseSum { positions, inputs, outputs, first, strides: [output, input], epilogue, .. } = *self;
        let product = Product::single([positions, outputs, inputs], [inputs, 1], [input, output]);
        let y = &mut y[..positions * outputs];
        multiply(on.level, on.threads, &product, [x, &weight[first..]], y, false);
        let bias = &bias[..bias.len().min(outputs)];
        on.threads.share_chunks(y, (CHUNK / outputs).max(1) * outputs, &|_, y| {
            on.level.run(Finish { bias, width: outputs, epilogue, y });
        });
    }

    /// Adds the gradient of the weight, and writes that of the input.
    pub(super) fn backward(
        &self,
        on: Machine,
        weight: &[f32],
        [x, dy]: [&[f32]; 2],
        dweight: &mut Vec<f32>,
        dx: Option<&mut [f32]>,
    ) {
        let DenseSum { positions, inputs, outputs, first, strides: [output, input], count, .. } = *self;
        let is_first = dweight.is_empty();
        zeros(dweight, count);
        let (rows, columns, factors) = if input == 1 { (outputs, inputs, [dy, x]) } else { (inputs, outputs, [x, dy]) };
        let product = Product::single([rows, columns, positions], [1, rows], [columns, 1]);
        let gradient = &mut dweight[first..first + rows * columns];
        multiply(on.level, on.threads, &product, factors, gradient, !is_first);
        if let Some(dx) = dx {
            let product = Product::single([positions, inputs, outputs], [outputs, 1], [output, input]);
            let dx = &mut dx[..positions * inputs];
            multiply(on.level, on.threads, &product, [dy, &weight[first..]], dx, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use convshape_arith::op::{AxisOrder, PerAxis};

    use super::*;
    use crate::cpu::buffer::{Buffer, Grid, View};
    use crate::cpu::simd::Level;
    use crate::cpu::threads::Threads;

    const POSITIONS: usize = 90;
    const CHANNELS: [usize; 2] = [50, 37];

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 7 + seed) % 23) as f32 - 11.0).collect()
    }

    #[test]
    fn both_layouts_of_weights_are_multiplied_and_gradients_added() {
        let [inputs, outputs] = CHANNELS;
        let view = |channels| {
            let buffer = Buffer::new(&Grid { channels, size: [1, 1, POSITIONS] });
            View { order: AxisOrder::ChannelsLast, buffer, channel: 0, channels }
        };
        let views = SumViews { x: view(inputs), y: view(outputs), dx: view(inputs), dy: view(outputs) };
        let lines = [(); 3].map(|()| Line { step: 1, ..Line::single() });
        let (x, dy) = (numbers(POSITIONS * inputs, 1), numbers(POSITIONS * outputs, 2));
        // A weight before the matrix, which other layers use.
        let (weight, bias) = (numbers(1 + inputs * outputs, 3), numbers(outputs, 4));
        for strides in [[inputs, 1], [1, outputs]] {
            let at = |output: usize, input: usize| 1 + output * strides[0] + input * strides[1];
            let place = |output: usize, input: usize, _: PerAxis<usize>| at(output, input);
            let of = GradientOf { groups: 1, count: weight.len(), place: &place, lines: &lines };
            let dense = DenseSum::new(&of, &views, true, Epilogue::Relu, 1).expect("a product of matrices");
            for level in Level::all() {
                let on = Machine { level, threads: Threads::ONE };
                let mut y = std::vec![f32::NAN; POSITIONS * outputs];
                dense.forward(on, &weight, &bias, &x, &mut y);
                // Small whole numbers: sums are exact in any order.
                for (position, y) in y.chunks_exact(outputs).enumerate() {
                    for (output, y) in y.iter().enumerate() {
                        let product = |input: usize| x[position * inputs + input] * weight[at(output, input)];
                        assert_eq!(*y, ((0..inputs).map(product).sum::<f32>() + bias[output]).max(0.0));
                    }
                }
                let (mut dweight, mut dx) = (Vec::new(), std::vec![f32::NAN; POSITIONS * inputs]);
                dense.backward(on, &weight, [&x, &dy], &mut dweight, Some(&mut dx));
                dense.backward(on, &weight, [&x, &dy], &mut dweight, None);
                assert_eq!(dweight[0], 0.0);
                for output in 0..outputs {
                    for input in 0..inputs {
                        let product = |at: usize| x[at * inputs + input] * dy[at * outputs + output];
                        let sum = (0..POSITIONS).map(product).sum::<f32>();
                        assert_eq!(dweight[at(output, input)], 2.0 * sum);
                    }
                }
                for (position, dx) in dx.chunks_exact(inputs).enumerate() {
                    for (input, dx) in dx.iter().enumerate() {
                        let product = |output: usize| dy[position * outputs + output] * weight[at(output, input)];
                        assert_eq!(*dx, (0..outputs).map(product).sum::<f32>());
                    }
                }
            }
        }
    }
}
