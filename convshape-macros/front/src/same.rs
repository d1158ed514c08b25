//! Whether two chains are the same network.

use convshape_arith::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::Expansion;
use crate::graph::{NodeId, Recipe, ValueId};

/// Whether two chains run the same layers on the same values, with the same ports and names in files, however they are
/// written: with blocks and repeats or line by line. The names of statements and structs do not matter. Returns `false`
/// if a chain does not compile, or has layers that only the compiler knows.
pub fn same(a: TokenStream, b: TokenStream) -> bool {
    network(a).zip(network(b)).is_some_and(|(a, b)| a == b)
}

/// What one node does.
#[derive(PartialEq)]
struct Network {
    inputs: Vec<(String, Shape)>,
    layers: Vec<ComparedLayer>,
    outputs: Vec<(String, Shape, Option<ValueId>)>,
}

#[derive(PartialEq)]
struct ComparedLayer {
    /// Its operation, its activation, and its parameters' name in files.
    text: String,
    reads: Vec<ValueId>,
    gives: Shape,
    /// The layers whose parameters it uses.
    shares: [Option<NodeId>; 2],
}

/// A chain's network; `None` if it does not compile or is not fully known here.
fn network(tokens: TokenStream) -> Option<Network> {
    let (network, sink) = crate::read(quote!(::convshape), tokens, &crate::crate_folder(), |chain| {
        chain.filter(|chain| !chain.refused).and_then(of)
    });
    network.filter(|_| !sink.refused())
}

fn of(chain: &Expansion<'_>) -> Option<Network> {
    let graph = chain.graph;
    let shape = |value: ValueId| chain.checked.shapes[value].filter(Shape::is_known);
    let layer = |id: NodeId| {
        let node = &graph.nodes[id];
        let op = chain.checked.ops[id].filter(|_| matches!(node.recipe, Recipe::Given(_)))?;
        let file_name = if op.params().iter().count() > 0 { node.file_name.as_str() } else { "" };
        let text = format!("{op:?} {:?} {file_name:?}", node.activation);
        let gives = shape(graph.value(id))?;
        Some(ComparedLayer { text, reads: node.inputs.clone(), gives, shares: [node.first_run, node.tied] })
    };
    let outputs = graph.outputs.iter().zip(chain.outputs());
    Some(Network {
        inputs: graph.inputs.iter().map(|input| (input.name.clone(), input.shape)).collect(),
        layers: (0..graph.nodes.len()).map(layer).collect::<Option<_>>()?,
        outputs: outputs.map(|(output, shape)| (output.name.clone(), shape, output.value)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(body: &str) -> TokenStream {
        format!("struct Net {{ {body} }}").parse().expect("Rust")
    }

    #[test]
    fn blocks_and_repeats_are_their_lines() {
        let short = "block B(c) { fc: Linear(c -> c); Add(input); }
            input: [4]; #[name(transparent)] b: repeat 2 { #[name = \"b.{#}\"] B(4); } output: b [4];";
        let long = |second: &str, read: &str| {
            format!(
                "input: [4];
                #[name = \"b.0.fc\"] f: Linear(4 -> 4); x: Add(input);
                #[name = \"{second}\"] g: Linear(4 -> 4); b: Add(g, {read}); output: b [4];"
            )
        };
        let same = |long: &str| same(chain(short), chain(long));
        assert!(same(&long("b.1.fc", "x")));
        // A parameter with a different name, a value from elsewhere, another order of operands.
        assert!(!same(&long("b.2.fc", "x")));
        assert!(!same(&long("b.1.fc", "f")));
        assert!(!same(&long("b.1.fc", "x").replace("(g, x)", "(x, g)")));
        // A different activation, number or port.
        assert!(!same(&long("b.1.fc", "x").replacen("4 -> 4", "4 -> 4, activation: Relu", 1)));
        assert!(!same(&long("b.1.fc", "x").replacen("4 -> 4", "4 -> 4, bias: false", 1)));
        assert!(!same(&long("b.1.fc", "x").replace("b: Add", "y: Add").replace("output: b", "output: y")));
    }

    #[test]
    fn what_does_not_compile_is_like_nothing() {
        let wrong = chain("input: [4]; fc: Linear(5 -> 4); output: [4];");
        assert!(!same(wrong.clone(), wrong));
    }
}
