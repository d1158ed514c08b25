//! The nodes in an order in which each reads what is there: files may have them in any.

use std::collections::{HashMap, HashSet};

use crate::proto;

/// The names that a graph gives by itself.
fn given(graph: &proto::Graph) -> HashSet<&str> {
    let numbers = graph.initializer.iter().map(|tensor| tensor.name.as_str());
    let inputs = graph.input.iter().map(|port| port.name.as_str());
    numbers.chain(inputs).chain(graph.node.iter().flat_map(|node| node.output.iter().map(String::as_str))).collect()
}

/// The graphs inside a node: the branches of an `If`, the body of a `Loop`.
fn branches(node: &proto::NodeProto) -> impl Iterator<Item = &proto::Graph> {
    node.attribute.iter().filter_map(|attribute| attribute.g.as_deref())
}

/// The names that a node reads, itself or in its branches.
fn reads(node: &proto::NodeProto) -> Vec<&str> {
    let mut names: Vec<&str> = node.input.iter().map(String::as_str).collect();
    for branch in branches(node) {
        let own = given(branch);
        let inside = branch.node.iter().flat_map(reads).chain(branch.output.iter().map(|port| port.name.as_str()));
        names.extend(inside.filter(|name| !own.contains(name)));
    }
    names
}

/// All nodes of a graph, with those of branches.
pub(super) fn all(graph: &proto::Graph) -> Vec<&proto::NodeProto> {
    let mut nodes = Vec::new();
    for node in &graph.node {
        nodes.push(node);
        branches(node).for_each(|branch| nodes.extend(all(branch)));
    }
    nodes
}

/// The nodes of a file, or of a branch, which may read what is around it.
pub(super) fn sorted(graph: &proto::Graph, is_branch: bool) -> Result<Vec<&proto::NodeProto>, String> {
    let mut known: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    known.extend(graph.input.iter().map(|port| port.name.as_str()));
    if is_branch {
        let own = given(graph);
        known.extend(graph.node.iter().flat_map(reads).filter(|name| !own.contains(name)));
    }
    known.insert("");
    // How many inputs each node waits for, and who waits for a name.
    let mut waiting: Vec<usize> = Vec::new();
    let mut waiters: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut ready = std::collections::BTreeSet::new();
    for (index, node) in graph.node.iter().enumerate() {
        let open: Vec<&str> = reads(node).into_iter().filter(|name| !known.contains(name)).collect();
        for name in &open {
            waiters.entry(name).or_default().push(index);
        }
        if open.is_empty() {
            ready.insert(index);
        }
        waiting.push(open.len());
    }
    let mut sorted = Vec::new();
    while let Some(index) = ready.pop_first() {
        let node = &graph.node[index];
        sorted.push(node);
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if !known.insert(name) {
                return Err(format!("two nodes give `{name}`"));
            }
            for waiter in waiters.remove(name.as_str()).unwrap_or_default() {
                waiting[waiter] -= 1;
                if waiting[waiter] == 0 {
                    ready.insert(waiter);
                }
            }
        }
    }
    match sorted.len() == graph.node.len() {
        true => Ok(sorted),
        false => Err("nodes read what no node gives, or each other in a circle".to_owned()),
    }
}
