//! From a checked graph to code. Nothing fails here: every error was reported earlier. A chain with errors gets the
//! same items, so that one mistake gives one message and editors keep working.

mod arrays;
mod data;
mod deferred;
mod distinct;
mod docs;
mod editor;
mod graph;
mod layers;
mod methods;
mod model;
mod ops;
mod program;
mod shapes;
mod typed;
mod weights;

use convshape_arith::op::{Class, Op};
use convshape_arith::receptive::Receptive;
use convshape_arith::shape::Shape;
use convshape_arith::size::Size;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;

use crate::check::Checked;
use crate::data::DataArrays;
use crate::graph::{Graph, NodeId, Recipe, ValueId};
use crate::groups::Groups;
use crate::syntax::Chain;
use crate::weights::WeightsFile;

/// Everything that the code depends on.
pub(crate) struct Expansion<'a> {
    /// The path of the library, under whatever name the user imports it.
    pub(crate) krate: TokenStream,
    pub(crate) chain: &'a Chain,
    pub(crate) graph: &'a Graph,
    pub(crate) checked: &'a Checked,
    pub(crate) groups: &'a Groups,
    /// The weight file to compile in.
    pub(crate) weights: Option<&'a WeightsFile>,
    /// The data files that were checked against the ports.
    pub(crate) data: Option<&'a DataArrays>,
    /// Whether the chain has errors; then the methods have no bodies.
    pub(crate) refused: bool,
}

/// The struct and its items.
pub(crate) fn expand(expansion: &Expansion<'_>) -> TokenStream {
    let model = expansion.model();
    let program = expansion.program();
    let methods = expansion.methods();
    let (constants, arrays) = (expansion.constants(), expansion.array_check_now());
    let editor = expansion.editor();
    quote!(#model #constants #arrays #program #methods #editor)
}

impl Expansion<'_> {
    /// Whether const evaluation computes the shapes, which are then constants of the type.
    fn deferred(&self) -> bool {
        self.graph.deferred() && !self.refused
    }

    /// `<const H: usize>` as written, and `<H>`.
    fn generics(&self) -> (TokenStream, TokenStream) {
        let Some(generics) = &self.chain.generics else { return (TokenStream::new(), TokenStream::new()) };
        let arguments = parameters(generics.clone());
        (generics.clone(), quote!(<#(#arguments),*>))
    }

    /// The shape of a value, as far as it is known.
    fn shape(&self, value: ValueId) -> Shape {
        self.checked.shapes.get(value).copied().flatten().unwrap_or(Shape::unknown(1))
    }

    fn op(&self, node: NodeId) -> Option<&Op> {
        self.checked.ops.get(node)?.as_ref()
    }

    /// The input and output shapes of a layer.
    fn ends(&self, node: NodeId) -> (Shape, Shape) {
        (self.shape(self.graph.nodes[node].inputs[0]), self.shape(self.graph.given_by(node)))
    }

    /// The shapes of the outputs: as declared, with unknown sizes filled in from the check.
    pub(crate) fn outputs(&self) -> Vec<Shape> {
        let complete = |declared: &Shape, found: Shape| {
            (0..declared.rank().min(found.rank())).fold(*declared, |shape, axis| match declared.size(axis) {
                Size::Unknown => shape.with(axis, found.size(axis)),
                _ => shape,
            })
        };
        let outputs = self.graph.outputs.iter();
        outputs
            .map(|output| match output.value {
                Some(value) => complete(&output.shape, self.shape(value)),
                None => output.shape,
            })
            .collect()
    }

    /// The receptive field of every value.
    fn receptive_fields(&self) -> Vec<Receptive> {
        let mut fields = vec![Receptive::INPUT; self.graph.inputs.len()];
        for (id, node) in self.graph.nodes.iter().enumerate() {
            let (input, output) = self.ends(id);
            let first = fields[node.inputs[0]];
            let joined = match self.op(id) {
                Some(op) if op.class() == Class::Join => {
                    node.inputs[1..].iter().fold(first, |all, value| all.joined(fields[*value]))
                }
                _ => first,
            };
            fields.push(match self.op(id) {
                _ if matches!(node.recipe, Recipe::Same) => first,
                Some(op) => joined.through(op, &input, &output, self.graph.order()),
                None => Receptive::Whole,
            });
        }
        fields
    }
}

/// The names that generics declare: `H` of `<const H: usize>`.
fn parameters(generics: TokenStream) -> Vec<Ident> {
    let mut names = Vec::new();
    let mut open = false;
    for token in generics {
        match token {
            TokenTree::Punct(punct) if matches!(punct.as_char(), '<' | ',') => open = true,
            TokenTree::Ident(word) if open && word != "const" => {
                names.push(word);
                open = false;
            }
            _ => {}
        }
    }
    names
}
