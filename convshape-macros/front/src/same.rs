//! Whether two chains are the same network.

use convshape_arith::graph::{Graph, Node};
use proc_macro2::TokenStream;

/// Whether two chains run the same layers on the same values, with the same ports and names in files, however they are
/// written: with blocks and repeats or line by line. The names of statements and structs do not matter. Returns `false`
/// if a chain does not compile, or has layers that only the compiler knows.
pub fn same(a: TokenStream, b: TokenStream) -> bool {
    let graph = |tokens| crate::graph(tokens, &crate::crate_folder());
    let Some((a, b)) = graph(a).zip(graph(b)) else { return false };
    let unnamed = |graph: &Graph| -> Vec<Node> {
        let mut nodes = graph.nodes().to_vec();
        for node in &mut nodes {
            (node.name, node.file_name) = Default::default();
            // A later run of a block is one of all its layers.
            node.first_run = node.first_run.filter(|_| !node.params.is_empty());
        }
        nodes
    };
    unnamed(&a) == unnamed(&b)
        && a.values() == b.values()
        && a.params() == b.params()
        && a.inputs() == b.inputs()
        && a.outputs() == b.outputs()
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
    fn later_runs_in_a_block_are_later_runs_of_its_lines() {
        let short =
            "block B() { fc: Linear(4 -> 4); Add(input); reuse fc; } input: x [4]; a: B; b: B; reuse a; output: [4];";
        let long = "input: x [4]; #[name = \"a.fc\"] f: Linear(4 -> 4); Add(x); a: reuse f;
            #[name = \"b.fc\"] g: Linear(4 -> 4); Add(a); b: reuse g; reuse f; Add(b); reuse f; output: [4];";
        assert!(same(chain(short), chain(long)));
        assert!(!same(chain(short), chain(&long.replace("reuse f; output", "reuse g; output"))));
    }

    #[test]
    fn what_does_not_compile_is_like_nothing() {
        let wrong = chain("input: [4]; fc: Linear(5 -> 4); output: [4];");
        assert!(!same(wrong.clone(), wrong));
    }
}
