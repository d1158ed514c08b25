//! Attention as products and a softmax, because an operator for it came only with opset 23.

use convshape::Shape;
use convshape::graph::op::{Attention, MultiHead, Projection};
use convshape::graph::{LinearPart, Node, Op, Size};

use super::writer::{FileValue, to_i64};
use super::{Export, ExportError, attribute};

impl Export<'_> {
    pub(super) fn attention(&mut self, node: &Node, layer: &Attention) -> Result<FileValue, ExportError> {
        let operands = [0, 1, 2].map(|operand| self.natural(node.inputs[operand]));
        let added = node.inputs.get(3).map(|&value| self.natural(value));
        self.attended(layer, &operands, added)
    }

    /// The linear layers of an [`Op::MultiHead`] and the attention between them.
    pub(super) fn multi_head(&mut self, node: &Node, layer: &MultiHead) -> Result<FileValue, ExportError> {
        let [query, key, value, output] = layer.linear_layers();
        let mut operands = Vec::new();
        for (place, part) in [query, key, value].iter().enumerate() {
            let x = self.natural(*node.inputs.get(place).unwrap_or(&node.inputs[0]));
            operands.push(self.part_of_linear(node, part, &x));
        }
        let attended = self.attended(&layer.attention(), &operands, None)?;
        Ok(self.part_of_linear(node, &output, &attended))
    }

    /// A linear layer whose weight and bias may be parts of a node's parameters.
    fn part_of_linear(&mut self, node: &Node, part: &LinearPart, x: &FileValue) -> FileValue {
        let param = |place: Option<usize>| place.map_or(&[][..], |place| &self.params[node.params[place]]);
        let (weight, bias) = (param(part.params[0]), param(part.params[1]));
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        let outputs = count(part.outputs);
        let (weight, bias) = match part.op {
            Op::Projection(Projection { inputs, rows, bias: own, .. }) => {
                let (row, inputs) = (count(rows.0), count(inputs));
                let first = count(own.map_or(0, |(first, _)| first));
                let bias = if own.is_some() { &bias[first..first + outputs] } else { bias };
                (turned(&weight[row * inputs..(row + outputs) * inputs], inputs), bias.to_vec())
            }
            Op::Linear { dialect, .. } if convshape::graph::WeightLayout::linear(dialect).out_axis == 0 => {
                (turned(weight, weight.len() / outputs.max(1)), bias.to_vec())
            }
            _ => (weight.to_vec(), bias.to_vec()),
        };
        let inputs = to_i64(weight.len() / outputs.max(1));
        let weight = self.writer.floats(&[inputs, part.outputs], &weight);
        let shape = x.shape.with(x.shape.rank() - 1, Size::Number(part.outputs));
        let y = self.writer.node("MatMul", &[&x.name, &weight], Vec::new(), shape);
        if bias.is_empty() {
            return y;
        }
        let bias = self.writer.floats(&[part.outputs], &bias);
        self.writer.same("Add", &y, &[&bias], Vec::new())
    }

    fn attended(
        &mut self,
        layer: &Attention,
        operands: &[FileValue],
        added: Option<FileValue>,
    ) -> Result<FileValue, ExportError> {
        let [q, k, v] = operands else { return Err(self.inexpressible("attention without queries, keys and values")) };
        let (last, scope) = (q.shape.rank() - 1, q.shape.scope());
        let width = q.shape.size(last).number().ok_or_else(|| self.symbol("a number of features", q))?;
        let scale = self.writer.scalar(layer.factor(width / layer.heads.max(1)));
        let q = self.split(q, layer.heads, [1, 0, 2])?;
        let q = self.writer.same("Mul", &q, &[&scale], Vec::new());
        let keys = self.split(k, layer.heads, [1, 2, 0])?;
        let scores = q.shape.with(last + 1, keys.shape.size(last + 1));
        let mut scores = self.writer.node("MatMul", &[&q.name, &keys.name], Vec::new(), scores);
        if let Some(mut added) = added {
            let missing = scores.shape.rank() - added.shape.rank();
            if missing > 0 {
                let axes: Vec<i64> = (1..).take(missing).collect();
                let axes = self.writer.ints(&axes);
                let sizes = [vec![Size::Number(1); missing], added.shape.sizes().to_vec()].concat();
                let wide = Shape::new(&sizes, scope);
                added = self.writer.node("Unsqueeze", &[&added.name, &axes], Vec::new(), wide);
            }
            scores = self.writer.same("Add", &scores, &[&added.name], Vec::new());
        }
        if layer.causal {
            let sizes = self.writer.sizes("Shape", &[&scores.name], Vec::new());
            let nothing = self.writer.scalar(f64::NEG_INFINITY);
            let all = self.writer.node("Expand", &[&nothing, &sizes], Vec::new(), scores.shape);
            let one = self.writer.ints(&[1]);
            let later = self.writer.same("Trilu", &all, &[&one], vec![attribute::int("upper", 1)]);
            scores = self.writer.same("Add", &scores, &[&later.name], Vec::new());
        }
        let weights = self.writer.same("Softmax", &scores, &[], vec![attribute::int("axis", -1)]);
        let values = self.split(v, layer.heads, [1, 0, 2])?;
        let shape = weights.shape.with(last + 1, values.shape.size(last + 1));
        let heads = self.writer.node("MatMul", &[&weights.name, &values.name], Vec::new(), shape);
        let tokens = self.writer.transpose(&heads, &order(last, [1, 0, 2]));
        let mut sizes = vec![0; last + 2];
        sizes[last + 1] = v.shape.size(last).number().unwrap_or(-1);
        let sizes = self.writer.ints(&sizes);
        let shape = Shape::new(&tokens.shape.sizes()[..=last], scope).with(last, v.shape.size(last));
        Ok(self.writer.node("Reshape", &[&tokens.name, &sizes], Vec::new(), shape))
    }

    /// `[.., tokens, features]` as `[.., tokens, heads, features per head]`, with the last three axes permuted.
    fn split(&mut self, x: &FileValue, heads: i64, last_axes: [usize; 3]) -> Result<FileValue, ExportError> {
        let last = x.shape.rank() - 1;
        let features = x.shape.size(last).number().ok_or_else(|| self.symbol("a number of features", x))?;
        let each = features / heads.max(1);
        let sizes = [vec![0; last + 1], vec![heads, each]].concat();
        let sizes = self.writer.ints(&sizes);
        let shape = [&x.shape.sizes()[..last], &[heads, each].map(Size::Number)].concat();
        let split = self.writer.node("Reshape", &[&x.name, &sizes], Vec::new(), Shape::new(&shape, x.shape.scope()));
        Ok(self.writer.transpose(&split, &order(last, last_axes)))
    }
}

/// An order of axes in which only the last three move; they begin one before `last`.
fn order(last: usize, [a, b, c]: [usize; 3]) -> Vec<usize> {
    let first = last - 1;
    (0..first).chain([first + a, first + b, first + c]).collect()
}

/// A matrix with rows of `columns` numbers, transposed.
fn turned(x: &[f32], columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| x.iter().skip(column).step_by(columns.max(1)).copied()).collect()
}
