//! Parameters in the layouts of ONNX.

use convshape::graph::op::{Conv, Direction};
use convshape::graph::{Node, Parameter, Size, WeightLayout};

use super::Export;
use super::writer::to_i64;

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
        let sizes = sizes(param);
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
        // A tied layer reads the array with swapped channels.
        let layout = conv.weight_layout();
        let mut own = self.params[index].to_vec();
        conv.mask_weight(&mut own);
        let (numbers, mut dims) = permuted(&own, &sizes(param), &layout, conv);
        if conv.depth_multiplier.is_some() && conv.direction == Direction::Forward {
            // A depthwise kernel has its outputs grouped by input channel; a transposed one keeps them apart.
            dims[0] *= dims[1];
            dims[1] = 1;
        }
        self.writer.weight(index, &param.name, &dims, &numbers)
    }
}

/// The sizes of a parameter, which are numbers in every graph.
fn sizes(param: &Parameter) -> Vec<usize> {
    let number = |size: &Size| size.number().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
    param.shape.sizes().iter().map(number).collect()
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
