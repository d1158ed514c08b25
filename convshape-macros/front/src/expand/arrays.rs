//! The user's arrays that a chain uses as constants. Only the compiler knows how many elements they have.

use convshape_arith::op::{Op, Source};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::Expansion;
use crate::graph::NodeId;

impl Expansion<'_> {
    /// The layers that use such arrays, if their shapes are known here. A deferred chain checks all its layers.
    fn arrays(&self) -> Vec<(NodeId, &Op)> {
        if self.deferred() || self.refused {
            return Vec::new();
        }
        let array = |id| {
            let op = self.op(id)?;
            matches!(op, Op::Source { of: Source::Constant(_) | Source::OneHot(_), .. }).then_some((id, op))
        };
        (0..self.graph.nodes.len()).filter_map(array).collect()
    }

    /// What const evaluation checks about them.
    pub(super) fn array_checks(&self) -> TokenStream {
        let order = self.order_value();
        let checks = self.arrays().into_iter().map(|(id, op)| {
            let node = &self.graph.nodes[id];
            let (name, op, input) = (&node.name, self.plain(op), self.shape_of(node.inputs[0]));
            let arguments = quote!(#name, &#op, &[#input], #order, &[]);
            let check = self.on(node.spans.op.span(), &quote!(layer), &arguments);
            quote!(#check;)
        });
        quote!(#(#checks)*)
    }

    /// Evaluates `CHECK` where nothing else does.
    pub(super) fn array_check_now(&self) -> TokenStream {
        if self.arrays().is_empty() || self.chain.generics.is_some() {
            return TokenStream::new();
        }
        let name = &self.chain.name;
        quote_spanned!(name.span()=> const _: () = #name::CHECK;)
    }
}
