//! Documentation for rustdoc and editors: on the struct, the table of layers and their picture; on a field, what its
//! layer does.

use convshape_arith::figure::{self, Drawn};
use convshape_arith::text::Thousands;
use proc_macro2::TokenStream;
use quote::quote;

use super::Expansion;
use crate::graph::{NodeId, Recipe, ValueId};
use crate::unseen::visible;

/// A longer table is collapsed.
const LONGEST_TABLE: usize = 40;

impl Expansion<'_> {
    /// The table of layers and the picture, after the user's own docs.
    pub(super) fn struct_docs(&self) -> TokenStream {
        let mut table = "\n| layer | kind | input | output | parameters |\n|---|---|---|---|---:|\n".to_owned();
        for id in self.rows() {
            let node = &self.graph.nodes[id];
            let (input, output) = self.ends(id);
            let (input, output) = (visible(&input), visible(&output));
            let params = self.known_costs(id).map_or("-".to_owned(), |(params, _)| params.to_string());
            table += &format!("| `{}` | `{}` | `{input}` | `{output}` | {params} |\n", node.name, node.op_name);
        }
        if self.graph.nodes.len() > LONGEST_TABLE {
            let count = self.rows().count();
            table = format!("\n<details><summary>{count} layers</summary>\n{table}\n</details>\n");
        }
        if self.refused {
            return quote!(#[doc = #table]);
        }
        let picture = format!("\n<figure style=\"overflow-x:auto;margin:1em 0\">{}</figure>\n", self.picture());
        quote!(#[doc = #table] #[doc = #picture])
    }

    /// The user's docs for a layer, then how it changes shapes.
    pub(super) fn layer_docs(&self, id: NodeId) -> TokenStream {
        let node = &self.graph.nodes[id];
        let (input, output) = self.ends(id);
        let mut line = format!("`{}`: `{} -> {}`", node.op_name, visible(&input), visible(&output));
        if let Some((params, macs)) = self.known_costs(id) {
            line += &format!(", {} parameters, {} MACs", Thousands(params), Thousands(macs));
        }
        after(&node.docs, line)
    }

    /// Parameters and multiply-adds, if the macro can see them.
    pub(crate) fn known_costs(&self, id: NodeId) -> Option<(u64, u64)> {
        let node = &self.graph.nodes[id];
        let seen = !self.graph.deferred() && !matches!(node.recipe, Recipe::Chain { .. });
        // While a chain has errors, only the layers whose shapes are known have costs.
        let mut ends = node.inputs.iter().copied().chain([self.graph.given_by(id)]);
        let known = |value: ValueId| {
            let shape = self.checked.shapes.get(value).copied().flatten();
            shape.is_some_and(|shape| shape.is_known() && Self::is_fixed(&shape))
        };
        let right = !self.refused || ends.all(known);
        (seen && right).then(|| self.costs(id))
    }

    /// The nodes that are layers: rows of the table and of `LAYERS`.
    pub(crate) fn rows(&self) -> impl Iterator<Item = NodeId> + '_ {
        let nodes = self.graph.nodes.iter().enumerate();
        nodes.filter(|(_, node)| node.recipe.is_layer()).map(|(id, _)| id)
    }

    /// For each value its index among the inputs and layers; the outputs of a sub-chain share its index.
    pub(super) fn places(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.graph.inputs.len()).collect();
        let mut next = places.len();
        for node in &self.graph.nodes {
            places.push(match node.recipe {
                Recipe::Port { of, .. } | Recipe::Param { of, .. } => places[self.graph.value(of)],
                Recipe::Same => places[node.inputs[0]],
                _ if node.is_output_of_run() => places[node.inputs[0]],
                _ => {
                    next += 1;
                    next - 1
                }
            });
        }
        places
    }

    /// The layer whose input shape a layer restores.
    pub(super) fn undone(&self, id: NodeId) -> Option<ValueId> {
        let node = &self.graph.nodes[id];
        let of = match node.recipe {
            Recipe::Undo { of, .. } | Recipe::Unpool { of } => Some(of),
            _ => node.restores.as_ref().and_then(|restores| restores.node),
        };
        of.map(|of| self.graph.value(of))
    }

    fn picture(&self) -> String {
        let places = self.places();
        let reads: Vec<Vec<usize>> =
            self.rows().map(|id| self.graph.nodes[id].inputs.iter().map(|value| places[*value]).collect()).collect();
        let inputs = self.graph.inputs.iter().map(|input| Drawn {
            name: &input.name,
            op: "input",
            output: visible(&input.shape),
            params: 0,
            reads: &[],
            undoes: None,
        });
        let layers = self.rows().zip(&reads).map(|(id, reads)| {
            let node = &self.graph.nodes[id];
            Drawn {
                name: &node.name,
                op: &node.op_name,
                output: visible(&self.ends(id).1),
                params: self.known_costs(id).map_or(0, |(params, _)| params),
                reads,
                undoes: self.undone(id).map(|value| places[value]),
            }
        });
        let drawn: Vec<Drawn<'_>> = inputs.chain(layers).collect();
        let mut picture = String::new();
        // Writing to a string never fails.
        let _ = figure::write(&mut picture, &self.chain.name.to_string(), self.graph.order(), &drawn);
        picture
    }
}

/// The user's own docs, and a line after them.
pub(super) fn after(docs: &TokenStream, line: String) -> TokenStream {
    let gap = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
    quote!(#docs #gap #[doc = #line])
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proc_macro2::TokenStream;
    use quote::quote;

    const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../convshape/src");

    /// The picture on the library's first page shows the chain above it.
    #[test]
    fn the_first_picture() {
        let page = fs::read_to_string(Path::new(DOCS).join("lib.rs")).expect("the library");
        let lines = page.lines().skip_while(|line| *line != "//! convshape::conv_chain! {").skip(1);
        let chain: String = lines.take_while(|line| *line != "//! }").map(|line| line.replace("//!", "\n")).collect();
        let tokens: TokenStream = chain.parse().expect("tokens");
        let (picture, _) = crate::read(quote!(::convshape), tokens, Path::new("."), |chain| {
            format!("\n<figure style=\"overflow-x:auto;margin:1em 0\">{}</figure>\n", chain.expect("a chain").picture())
        });
        let file = Path::new(DOCS).join("docs/picture.html");
        if std::env::var_os("CONVSHAPE_BLESS").is_some() {
            fs::write(&file, &picture).expect("the picture is written");
        }
        let shown = fs::read_to_string(file).expect("the picture");
        assert!(shown == picture, "docs/picture.html is another chain's: run with CONVSHAPE_BLESS=1");
    }
}
