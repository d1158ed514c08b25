//! Normalisations for which opset 17 has no operator that every engine supports.

use convshape::Shape;
use convshape::graph::op::Op;
use convshape::graph::{Node, Size};

use super::writer::{FileValue, to_i64};
use super::{Export, ExportError, attribute};

impl Export<'_> {
    /// ONNX's own operator came with opset 23.
    pub(super) fn rms_norm(&mut self, node: &Node, size: Option<&Shape>, eps: f64) -> FileValue {
        let x = self.natural(node.inputs[0]);
        let size = size.unwrap_or(&x.shape);
        let dims: Vec<i64> = size.sizes().iter().filter_map(|size| size.number()).collect();
        let weight = self.param(node, 0, &dims);
        let axes: Vec<usize> = (x.shape.rank() - size.rank()..x.shape.rank()).collect();
        let kept = axes.iter().fold(x.shape, |shape, &axis| shape.with(axis, Size::Number(1)));
        let axes = attribute::ints("axes", axes.iter().map(|&axis| to_i64(axis) + 1));
        let w = &mut self.writer;
        let square = w.same("Mul", &x, &[&x.name], Vec::new());
        let mean = w.node("ReduceMean", &[&square.name], vec![axes], kept);
        let eps = w.scalar(eps);
        let sum = w.same("Add", &mean, &[&eps], Vec::new());
        let root = w.same("Sqrt", &sum, &[], Vec::new());
        let normal = w.same("Div", &x, &[&root.name], Vec::new());
        w.same("Mul", &normal, &[&weight], Vec::new())
    }

    /// Engines run ONNX's own operator only for images and odd windows; otherwise it is a mean over the channels as a
    /// spatial axis.
    pub(super) fn local_response(&mut self, node: &Node) -> Result<FileValue, ExportError> {
        let Op::LocalResponseNorm { dialect, size, alpha, beta, k } = node.op else {
            return Err(self.inexpressible("a local response norm"));
        };
        let x = self.first(node.inputs[0]);
        if size % 2 == 1 && x.shape.rank() == 3 {
            let floats = [("alpha", alpha), ("beta", beta), ("bias", k)];
            let attributes = floats.into_iter().map(|(name, number)| attribute::float(name, number));
            let attributes = attributes.chain([attribute::int("size", size)]).collect();
            return Ok(self.writer.same("LRN", &x, &[], attributes));
        }
        let channels = x.shape.size(0);
        let positions = (1..x.shape.rank()).try_fold(Size::Number(1), |product, axis| product.mul(x.shape.size(axis)));
        let flat = Shape::new(&[Size::Number(1), channels, positions.unwrap_or(Size::Unknown)], x.shape.scope());
        let (below, above) = dialect.channel_window(size);
        let w = &mut self.writer;
        let square = w.same("Mul", &x, &[&x.name], Vec::new());
        let Some(square) = w.reshape(&square, flat) else { return Err(self.symbol("a local response norm", &x)) };
        // Engines require that a border is smaller than the window, which holds here.
        let attributes = vec![
            attribute::ints("kernel_shape", [size, 1]),
            attribute::ints("pads", [below, 0, above, 0]),
            attribute::int("count_include_pad", 1),
        ];
        let mean = w.node("AveragePool", &[&square.name], attributes, flat);
        let [alpha, k, beta] = [alpha, k, beta].map(|number| w.scalar(number));
        let scaled = w.same("Mul", &mean, &[&alpha], Vec::new());
        let base = w.same("Add", &scaled, &[&k], Vec::new());
        let power = w.same("Pow", &base, &[&beta], Vec::new());
        let Some(power) = w.reshape(&power, x.shape) else { return Err(self.symbol("a local response norm", &x)) };
        Ok(w.same("Div", &x, &[&power.name], Vec::new()))
    }

    /// ONNX's own operator divides zeros by zero.
    pub(super) fn lp_norm(&mut self, node: &Node, p: f64, eps: f64) -> Result<FileValue, ExportError> {
        let x = self.natural(node.inputs[0]);
        let over = node.op.reduced_axes(&x.shape, self.graph.order()).map_err(|fault| self.fault(fault))?;
        let axes: Vec<usize> = (0..x.shape.rank()).filter(|&axis| over[axis]).collect();
        let kept = axes.iter().fold(x.shape, |shape, &axis| shape.with(axis, Size::Number(1)));
        let numbers: Vec<i64> = axes.iter().map(|&axis| to_i64(axis) + 1).collect();
        let w = &mut self.writer;
        let norm = if p == 1.0 || p == 2.0 {
            let op = if p == 1.0 { "ReduceL1" } else { "ReduceL2" };
            w.node(op, &[&x.name], vec![attribute::ints("axes", numbers)], kept)
        } else {
            let (axes, exponent, inverse) = (w.ints(&numbers), w.scalar(p), w.scalar(1.0 / p));
            let size = w.same("Abs", &x, &[], Vec::new());
            let power = w.same("Pow", &size, &[&exponent], Vec::new());
            let sum = w.node("ReduceSum", &[&power.name, &axes], Vec::new(), kept);
            w.same("Pow", &sum, &[&inverse], Vec::new())
        };
        let least = w.scalar(eps);
        let divisor = w.same("Max", &norm, &[&least], Vec::new());
        Ok(w.same("Div", &x, &[&divisor.name], Vec::new()))
    }
}
