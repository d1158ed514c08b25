//! Operators that the file defines itself, written out where they are used.

use std::collections::HashMap;

use crate::proto::{Attribute, Function, Graph, NodeProto};

/// Functions inside functions; a file whose functions call each other in a circle ends here.
const MOST_LEVELS: usize = 32;

/// The most nodes of the graph after each use of a function is replaced by the function's nodes.
const MOST_NODES: usize = 1 << 20;

/// The graph without uses of these functions.
pub(super) fn inlined(mut graph: Graph, functions: &[Function]) -> Result<Graph, String> {
    if !functions.is_empty() {
        Inlining { functions, uses: 0, nodes: 0 }.graph(&mut graph, 0)?;
    }
    Ok(graph)
}

struct Inlining<'a> {
    functions: &'a [Function],
    uses: usize,
    nodes: usize,
}

impl<'a> Inlining<'a> {
    fn graph(&mut self, graph: &mut Graph, level: usize) -> Result<(), String> {
        let mut nodes = Vec::new();
        for mut node in std::mem::take(&mut graph.node) {
            for inner in node.attribute.iter_mut().filter_map(|attribute| attribute.g.as_deref_mut()) {
                self.graph(inner, level)?;
            }
            match self.function(&node) {
                Some(function) => nodes.extend(self.body(function, &node, level)?),
                None => nodes.push(node),
            }
        }
        graph.node = nodes;
        Ok(())
    }

    fn function(&self, node: &NodeProto) -> Option<&'a Function> {
        let is_it = |function: &&Function| {
            (&function.domain, &function.name, &function.overload) == (&node.domain, &node.op_type, &node.overload)
        };
        self.functions.iter().find(is_it)
    }

    /// The nodes of one use, under names of their own.
    fn body(&mut self, function: &'a Function, node: &NodeProto, level: usize) -> Result<Vec<NodeProto>, String> {
        self.uses += 1;
        self.nodes = self.nodes.saturating_add(function.node.len());
        if level >= MOST_LEVELS || self.nodes > MOST_NODES {
            return Err(format!("the function `{}` is too large, or uses itself", function.name));
        }
        let ports = function.input.iter().zip(&node.input).chain(function.output.iter().zip(&node.output));
        let mut names: HashMap<String, String> = ports.map(|(own, outer)| (own.clone(), outer.clone())).collect();
        // An input that is left out.
        for name in function.input.iter().skip(node.input.len()) {
            names.insert(name.clone(), String::new());
        }
        let prefix = format!("{}#{}", node.output.first().map_or("", String::as_str), self.uses);
        let mut body = Graph { node: function.node.clone(), ..Graph::default() };
        for inner in &mut body.node {
            given(inner, function, node);
            if inner.name.is_empty() {
                inner.name.clone_from(&node.name);
            }
            if inner.metadata_props.is_empty() {
                inner.metadata_props.clone_from(&node.metadata_props);
            }
        }
        renamed(&mut body, &mut names, &prefix);
        self.graph(&mut body, level + 1)?;
        Ok(body.node)
    }
}

/// Puts the values of a use, or else the function's defaults, for attributes that refer to them.
fn given(inner: &mut NodeProto, function: &Function, node: &NodeProto) {
    inner.attribute.retain_mut(|attribute| {
        if attribute.ref_attr_name.is_empty() {
            return true;
        }
        let mut all = node.attribute.iter().chain(&function.attribute_proto);
        let Some(value) = all.find(|other| other.name == attribute.ref_attr_name) else { return false };
        *attribute = Attribute { name: attribute.name.clone(), ..value.clone() };
        true
    });
    for graph in inner.attribute.iter_mut().filter_map(|attribute| attribute.g.as_deref_mut()) {
        graph.node.iter_mut().for_each(|inner| given(inner, function, node));
    }
}

/// Gives the values of a body, and of the graphs in it, names that no other use has.
fn renamed(graph: &mut Graph, names: &mut HashMap<String, String>, prefix: &str) {
    let mut rename = |name: &mut String| {
        if !name.is_empty() {
            let new = names.entry(name.clone()).or_insert_with(|| format!("{prefix}/{name}"));
            name.clone_from(new);
        }
    };
    for port in graph.input.iter_mut().chain(&mut graph.output) {
        rename(&mut port.name);
    }
    graph.initializer.iter_mut().for_each(|tensor| rename(&mut tensor.name));
    for node in &mut graph.node {
        node.input.iter_mut().chain(&mut node.output).for_each(&mut rename);
    }
    for node in &mut graph.node {
        for inner in node.attribute.iter_mut().filter_map(|attribute| attribute.g.as_deref_mut()) {
            renamed(inner, names, prefix);
        }
    }
}
