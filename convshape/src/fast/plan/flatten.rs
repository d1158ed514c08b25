//! The layers of a program and its sub-chains in a row.

use std::format;
use std::vec::Vec;

use convshape_arith::op::{Amount, AutoPad, AxisOrder, Conv, Direction, Op, Padding, PaddingMode};
use convshape_arith::shape::Shape;

use super::Node;
use crate::parts::Linked;
use convshape_arith::program::Action;

#[derive(Default)]
pub(super) struct Flat {
    pub(super) nodes: Vec<Node>,
    pub(super) shapes: Vec<Shape>,
    params: usize,
}

impl Flat {
    pub(super) fn value(&mut self, shape: Shape) -> usize {
        self.shapes.push(shape);
        self.shapes.len() - 1
    }

    /// The nodes of a program on these values, those of sub-chains in their place; gives the values
    /// of its outputs.
    pub(super) fn flatten(&mut self, linked: Linked, prefix: &str, inputs: &[usize]) -> Option<Vec<usize>> {
        let program = linked.program;
        let mut values: Vec<usize> = inputs.to_vec();
        values.resize(program.values, usize::MAX);
        // The place of each step's first parameter.
        let mut first = Vec::new();
        for step in program.steps {
            first.push(self.params);
            let read: Vec<usize> = step.inputs.iter().map(|&value| values[value]).collect();
            let name = format!("{prefix}{}", step.name);
            match step.action {
                Action::Layer(op) => {
                    let shapes: Vec<Shape> = read.iter().map(|&value| self.shapes[value]).collect();
                    let mut op = op.bind(&shapes[0], program.order);
                    let shape = op.output(&shapes, program.order).ok()?;
                    shape.numbers()?;
                    let mut read = read;
                    if let Op::Conv(conv) = op
                        && let Some((pad, rest)) = apart(&conv, &shapes[0], program.order)
                        && let Ok(padded) = pad.output(&shapes, program.order)
                        && rest.output(&[padded], program.order) == Ok(shape)
                    {
                        let border = self.value(padded);
                        let name = name.clone();
                        self.nodes.push(Node { name, op: pad, inputs: read, output: border, params: Vec::new() });
                        (op, read) = (rest, [border].into());
                    }
                    let output = self.value(shape);
                    values[step.output] = output;
                    let own = self.params..self.params + op.params().len();
                    self.params = own.end;
                    let tied = step.tied.map(|of| first[of]);
                    let params = tied.into_iter().chain(own).collect();
                    self.nodes.push(Node { name, op, inputs: read, output, params });
                }
                Action::Chain { index } => {
                    let outputs = self.flatten(*linked.chains.get(index)?, &format!("{name}."), &read)?;
                    for (port, output) in outputs.into_iter().enumerate() {
                        values[step.output + port] = output;
                    }
                }
            }
        }
        Some(program.outputs.iter().map(|port| values[port.value]).collect())
    }
}

/// A convolution with another border than zeros, as a layer that adds it and one without.
fn apart(conv: &Conv, shape: &Shape, order: AxisOrder) -> Option<(Op, Op)> {
    let mode = conv.border();
    if mode == PaddingMode::Zeros || conv.direction == Direction::Transposed {
        return None;
    }
    let windows = conv.windows(shape, order).ok()?;
    let pairs = windows.map(|window| (window.lo, window.hi));
    let amount = Amount::Pairs { rank: None, pairs };
    let (padding, padding_mode, auto_pad) = (Padding::Pairs([(0, 0); 3]), PaddingMode::Zeros, AutoPad::NotSet);
    let rest = Conv { padding, padding_mode, auto_pad, ..*conv };
    Some((Op::Pad { amount, mode, value: 0.0 }, Op::Conv(rest)))
}
