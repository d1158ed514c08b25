//! What rustdoc and editors show: the table of layers on the struct, a line on each field.

use proc_macro2::TokenStream;
use quote::quote;

use super::Expansion;
use crate::graph::NodeId;

impl Expansion<'_> {
    /// The table of layers, after the user's own words.
    pub(super) fn struct_docs(&self) -> TokenStream {
        let mut lines = vec![
            String::new(),
            "| layer | kind | input | output | parameters |".to_owned(),
            "|---|---|---|---|---:|".to_owned(),
        ];
        for id in 0..self.graph.nodes.len() {
            let node = &self.graph.nodes[id];
            let (input, output) = self.ends(id);
            let (params, _) = self.costs(id);
            lines.push(format!("| `{}` | `{}` | `{input}` | `{output}` | {params} |", node.name, node.op_name));
        }
        quote!(#(#[doc = #lines])*)
    }

    /// The user's words on a layer are its own; this line says what it does to shapes.
    pub(super) fn layer_doc(&self, id: NodeId) -> String {
        let node = &self.graph.nodes[id];
        let (input, output) = self.ends(id);
        let (params, macs) = self.costs(id);
        format!("`{}`: `{input}` to `{output}`, {params} parameters, {macs} multiply-adds.", node.op_name)
    }
}
