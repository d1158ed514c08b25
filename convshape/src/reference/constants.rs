//! Values that depend on parameters alone: the same for every input, so they can be computed once.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use convshape_arith::graph::Node;
use convshape_arith::op::{AxisOrder, Op};
use convshape_arith::shape::Shape;

use crate::model::slot::Slot;
use crate::reference::kernels;

/// The elements of constant values, in the chain's order of axes.
#[allow(missing_debug_implementations, reason = "hidden")]
pub struct Constants<'a, P> {
    nodes: &'a [Node],
    shapes: &'a [Shape],
    order: AxisOrder,
    params: P,
    known: BTreeMap<usize, Vec<f32>>,
}

impl<'a, P: Fn(usize) -> &'a [f32]> Constants<'a, P> {
    /// `shapes` are those of all values, and `params` gives the elements of a parameter.
    pub fn new(nodes: &'a [Node], shapes: &'a [Shape], order: AxisOrder, params: P) -> Self {
        Constants { nodes, shapes, order, params, known: BTreeMap::new() }
    }

    /// A value's elements; `None` if it depends on an input of the chain.
    pub fn get(&mut self, value: usize) -> Option<&[f32]> {
        if !self.known.contains_key(&value) {
            let elements = self.compute(value)?;
            self.known.insert(value, elements);
        }
        self.known.get(&value).map(Vec::as_slice)
    }

    fn compute(&mut self, value: usize) -> Option<Vec<f32>> {
        let node = self.nodes.iter().find(|node| node.outputs.contains(&value))?;
        // A source takes only the number of samples from its input.
        let inputs = if matches!(node.op, Op::Source { .. }) { &[][..] } else { &node.inputs };
        for &input in inputs {
            self.get(input)?;
        }
        let shape = &self.shapes[value];
        let own: Vec<&[f32]> = node.params.iter().map(|&param| (self.params)(param)).collect();
        let mut read: Vec<(&Shape, &[f32])> =
            inputs.iter().map(|input| (&self.shapes[*input], &self.known[input][..])).collect();
        if read.is_empty() {
            read.push((shape, &[]));
        }
        let keys = read.get(1).unwrap_or(&read[0]).0;
        let slot = Slot::of_layer(&node.op, [read[0].0, keys], *shape, self.order);
        let mut elements = vec![0.0; slot.size()];
        kernels::apply(&node.op, self.order, &own, &read[..], shape, &mut elements).ok()?;
        elements.truncate(slot.count);
        Some(elements)
    }
}
