//! The nodes in an order in which each reads what is there: files may have them in any.

use std::collections::{HashMap, HashSet};

use crate::proto;

pub(super) fn sorted(graph: &proto::Graph) -> Result<Vec<&proto::Node>, String> {
    let mut known: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    known.extend(graph.input.iter().map(|port| port.name.as_str()));
    known.insert("");
    // How many inputs each node waits for, and who waits for a name.
    let mut waiting: Vec<usize> = Vec::new();
    let mut waiters: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut ready = std::collections::BTreeSet::new();
    for (index, node) in graph.node.iter().enumerate() {
        let open: Vec<&str> = node.input.iter().map(String::as_str).filter(|name| !known.contains(name)).collect();
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
