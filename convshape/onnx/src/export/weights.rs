//! Parameters in the layouts of ONNX.

use convshape::graph::op::{Conv, Direction};
use convshape::graph::{Node, Size, WeightLayout};
use convshape::{Constants, Shape};

use super::writer::to_i64;
use super::{Export, ExportError};

impl Export<'_> {
    /// A parameter with its elements unchanged, in another shape.
    pub(super) fn param(&mut self, node: &Node, place: usize, dims: &[i64]) -> String {
        let index = node.params[place];
        let numbers = &self.params[index];
        self.writer.weight(index, &self.graph.params()[index].name, dims, numbers)
    }

    /// A matrix, transposed.
    pub(super) fn transposed(&mut self, node: &Node, place: usize) -> String {
        let index = node.params[place];
        let param = &self.graph.params()[index];
        let sizes = sizes(&param.shape);
        let (rows, columns) = (sizes[0], sizes[1]);
        let numbers = &self.params[index];
        let turned: Vec<f32> =
            (0..columns).flat_map(|column| (0..rows).map(move |row| numbers[row * columns + column])).collect();
        self.writer.weight(index, &param.name, &[to_i64(columns), to_i64(rows)], &turned)
    }

    /// The kernel of a convolution: `[O, I / groups, ..]`, transposed `[I, O / groups, ..]`.
    pub(super) fn kernel(&mut self, node: &Node, place: usize, conv: &Conv) -> String {
        let index = node.params[place];
        let param = &self.graph.params()[index];
        let (numbers, dims) = of_onnx(self.params[index].to_vec(), &param.shape, conv);
        self.writer.weight(index, &param.name, &dims, &numbers)
    }

    /// The kernel of a convolution that reads it as an input. Its numbers are written into the file, because engines
    /// expect a kernel to be constant.
    ///
    /// # Errors
    /// If it depends on the chain's input: then every sample has its own kernel.
    pub(super) fn kernel_of(&mut self, value: usize, conv: &Conv) -> Result<String, ExportError> {
        let shapes: Vec<Shape> = self.graph.values().iter().map(|value| value.shape).collect();
        let params = self.params;
        let mut constants =
            Constants::new(self.graph.nodes(), &shapes, self.graph.order(), |param: usize| params[param].as_slice());
        let Some(numbers) = constants.get(value) else {
            return Err(self.inexpressible("convolution with a kernel for each sample"));
        };
        let (numbers, dims) = of_onnx(numbers.to_vec(), &shapes[value], conv);
        Ok(self.writer.floats(&dims, &numbers))
    }
}

/// A kernel in the layout of ONNX, and its sizes there.
fn of_onnx(mut numbers: Vec<f32>, shape: &Shape, conv: &Conv) -> (Vec<f32>, Vec<i64>) {
    conv.mask_weight(&mut numbers);
    // A tied layer reads the array with swapped channels.
    let (numbers, mut dims) = permuted(&numbers, &sizes(shape), &conv.weight_layout(), conv);
    if conv.depth_multiplier.is_some() && conv.direction == Direction::Forward {
        // A depthwise kernel has its outputs grouped by input channel; a transposed one keeps them apart.
        dims[0] *= dims[1];
        dims[1] = 1;
    }
    (numbers, dims)
}

/// The sizes of a parameter, which are numbers in every graph.
fn sizes(shape: &Shape) -> Vec<usize> {
    let number = |size: &Size| size.number().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
    shape.sizes().iter().map(number).collect()
}

/// The elements of a kernel with the channels first, and its sizes in that order.
fn permuted(numbers: &[f32], sizes: &[usize], layout: &WeightLayout, conv: &Conv) -> (Vec<f32>, Vec<i64>) {
    let channels = match (conv.direction, conv.depth_multiplier) {
        // The outputs of each input channel are adjacent.
        (Direction::Transposed, _) | (_, Some(_)) => [layout.in_axis, layout.out_axis],
        (Direction::Forward, None) => [layout.out_axis, layout.in_axis],
    };
    let taps = layout.first_tap_axis..layout.first_tap_axis + conv.rank;
    let axes: Vec<usize> = channels.into_iter().chain(taps).collect();
    let mut strides = vec![1; sizes.len()];
    for axis in (1..sizes.len()).rev() {
        strides[axis - 1] = strides[axis] * sizes[axis];
    }
    let mut permuted = Vec::with_capacity(numbers.len());
    let mut place = vec![0; axes.len()];
    for _ in 0..numbers.len() {
        let at: usize = axes
            .iter()
            .enumerate()
            .map(|(slot, &axis)| {
                let reversed = layout.flipped && slot >= 2;
                let index = if reversed { sizes[axis] - 1 - place[slot] } else { place[slot] };
                index * strides[axis]
            })
            .sum();
        permuted.push(numbers[at]);
        for slot in (0..axes.len()).rev() {
            place[slot] += 1;
            if place[slot] < sizes[axes[slot]] {
                break;
            }
            place[slot] = 0;
        }
    }
    (permuted, axes.iter().map(|&axis| to_i64(sizes[axis])).collect())
}
