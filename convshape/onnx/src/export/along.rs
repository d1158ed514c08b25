//! Layers that work along an axis other than the channels, and matrix products.

use convshape::Shape;
use convshape::graph::op::Axis;
use convshape::graph::{Fault, Node, Reason, Size};

use super::writer::{FileValue, to_i64};
use super::{Export, ExportError, attribute};

impl Export<'_> {
    /// Whether an axis of a value is its channel axis.
    pub(super) fn is_channels(&self, axis: Axis, value: usize) -> bool {
        let (rank, order) = (self.graph.shape(value).rank(), self.graph.order());
        axis.index(rank, order) == Some(order.channel(rank))
    }

    /// The position of an axis in the chain's order, without the batch.
    pub(super) fn place(&self, axis: Axis, shape: &Shape) -> Result<usize, ExportError> {
        let place = axis.index(shape.rank(), self.graph.order());
        place.ok_or_else(|| self.fault(Fault::new(Reason::Axis { axis, found: *shape })))
    }

    /// The elements `start..end` along an axis.
    pub(super) fn part(&mut self, x: &FileValue, at: usize, start: i64, end: i64) -> FileValue {
        self.range(x, at, start, Some(end), x.shape.with(at, Size::Number(end - start)))
    }

    /// The same for ends that may count from the end, and the shape that this gives.
    pub(super) fn range(&mut self, x: &FileValue, at: usize, start: i64, end: Option<i64>, shape: Shape) -> FileValue {
        let lists = [start, end.unwrap_or(i64::MAX), to_i64(at) + 1].map(|number| self.writer.ints(&[number]));
        let [starts, ends, axes] = lists.each_ref().map(String::as_str);
        self.writer.node("Slice", &[&x.name, starts, ends, axes], Vec::new(), shape)
    }

    pub(super) fn join(&mut self, node: &Node, axis: Axis, inputs: &[FileValue]) -> Result<FileValue, ExportError> {
        let shape = *self.graph.shape(node.outputs[0]);
        let at = to_i64(self.place(axis, &shape)?) + 1;
        let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        Ok(self.writer.node("Concat", &names, vec![attribute::int("axis", at)], shape))
    }

    pub(super) fn stack(&mut self, node: &Node, axis: Axis) -> Result<FileValue, ExportError> {
        let shape = *self.graph.shape(node.outputs[0]);
        let at = self.place(axis, &shape)?;
        let one = shape.with(at, Size::Number(1));
        let mut inputs = Vec::new();
        for &value in &node.inputs {
            let x = self.natural(value);
            inputs.push(self.unsqueezed(&x, &[at], one));
        }
        self.join(node, axis, &inputs)
    }

    fn unsqueezed(&mut self, x: &FileValue, places: &[usize], shape: Shape) -> FileValue {
        let axes: Vec<i64> = places.iter().map(|&at| to_i64(at) + 1).collect();
        let axes = self.writer.ints(&axes);
        self.writer.node("Unsqueeze", &[&x.name, &axes], Vec::new(), shape)
    }

    pub(super) fn glu(&mut self, node: &Node, axis: Axis) -> Result<FileValue, ExportError> {
        let x = self.natural(node.inputs[0]);
        let at = self.place(axis, &x.shape)?;
        let half = self.graph.shape(node.outputs[0]).size(at).number().ok_or_else(|| self.symbol("a half", &x))?;
        let (a, b) = (self.part(&x, at, 0, half), self.part(&x, at, half, 2 * half));
        let gate = self.writer.same("Sigmoid", &b, &[], Vec::new());
        Ok(self.writer.same("Mul", &a, &[&gate.name], Vec::new()))
    }

    pub(super) fn product(&mut self, node: &Node, transposed: [bool; 2]) -> Result<FileValue, ExportError> {
        let shape = *self.graph.shape(node.outputs[0]);
        let mut operands = Vec::new();
        for (&value, transposed) in node.inputs.iter().zip(transposed) {
            let mut x = self.natural(value);
            let rank = x.shape.rank();
            if transposed {
                let mut axes: Vec<usize> = (0..rank).collect();
                axes.swap(rank - 2, rank - 1);
                x = self.writer.transpose(&x, &axes);
            }
            // ONNX would align the batch with another axis.
            if rank < shape.rank() {
                let missing = shape.rank() - rank;
                let sizes: Vec<Size> =
                    std::iter::repeat_n(Size::Number(1), missing).chain(x.shape.sizes().iter().copied()).collect();
                let wide = Shape::new(&sizes, x.shape.scope());
                x = self.unsqueezed(&x, &(0..missing).collect::<Vec<_>>(), wide);
            }
            operands.push(x);
        }
        Ok(self.writer.node("MatMul", &[&operands[0].name, &operands[1].name], Vec::new(), shape))
    }
}
