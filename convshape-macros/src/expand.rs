//! Checked graph to code. Nothing here can fail: every refusal came earlier. A refused chain gets the
//! same items, so that one mistake gives one report and editors keep working.

mod docs;
mod model;
mod ops;
mod program;
mod shapes;

use convshape_arith::op::Op;
use convshape_arith::receptive::Receptive;
use convshape_arith::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;

use crate::check::Checked;
use crate::graph::{Graph, NodeId, ValueId};
use crate::syntax::Chain;

/// Everything that the code is written from.
pub(crate) struct Expansion<'a> {
    /// The path of the library, whatever the user calls it.
    pub(crate) krate: TokenStream,
    pub(crate) chain: &'a Chain,
    pub(crate) graph: &'a Graph,
    pub(crate) checked: &'a Checked,
    /// Whether something was refused: then only signatures are written.
    pub(crate) refused: bool,
}

/// The struct and its items.
pub(crate) fn expand(expansion: &Expansion<'_>) -> TokenStream {
    let model = expansion.model();
    let program = expansion.program();
    let methods = expansion.methods();
    quote!(#model #program #methods)
}

impl Expansion<'_> {
    /// The shape of a value, as far as it is known.
    fn shape(&self, value: ValueId) -> Shape {
        self.checked.shapes.get(value).copied().flatten().unwrap_or(Shape::unknown(1))
    }

    fn op(&self, node: NodeId) -> Option<&Op> {
        self.checked.ops.get(node)?.as_ref()
    }

    /// The shapes that enter and leave a layer.
    fn ends(&self, node: NodeId) -> (Shape, Shape) {
        (self.shape(self.graph.nodes[node].inputs[0]), self.shape(self.graph.value(node)))
    }

    /// The shapes of the ports: those that were worked out, where the declaration leaves them open.
    fn outputs(&self) -> Vec<Shape> {
        let outputs = self.graph.outputs.iter();
        outputs
            .map(|output| output.value.filter(|_| !self.refused).map_or(output.shape, |value| self.shape(value)))
            .collect()
    }

    /// The receptive field of every value.
    fn receptive_fields(&self) -> Vec<Receptive> {
        let mut fields = vec![Receptive::INPUT; self.graph.inputs.len()];
        for (id, node) in self.graph.nodes.iter().enumerate() {
            let (input, output) = self.ends(id);
            let first = fields[node.inputs[0]];
            let joined = match self.op(id) {
                Some(Op::Concat | Op::Add | Op::Mul) => {
                    node.inputs[1..].iter().fold(first, |all, value| all.joined(fields[*value]))
                }
                _ => first,
            };
            fields.push(match self.op(id) {
                Some(op) => joined.through(op, &input, &output, self.graph.order()),
                None => Receptive::Whole,
            });
        }
        fields
    }
}
