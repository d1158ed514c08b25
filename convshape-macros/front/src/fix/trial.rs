//! Tries edits on a graph: only what depends on an edit is checked again, and everything is restored afterwards.
//!
//! The check of a chain goes through its layers in order. A trial keeps the result of that check, makes its edits,
//! and visits in order the layers whose inputs have changed. Most edits that do not help fail a few layers further
//! down, so that a trial costs far less than a check of the whole chain.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::edit::Touched;
use super::{Edit, Reread};
use crate::check::{Checked, Plan, Problem, Spot, check, trials};
use crate::graph::{Graph, NodeId, Recipe, Replaced, ValueId};
use crate::syntax::Strictness;

/// The total number of layer visits for all searches in a chain: this many, and more for long chains, in which a single
/// working fix visits every layer.
const VISITS: usize = 40_000;
const VISITS_PER_LAYER: usize = 20;

/// Numbers that are tried for a hole in the time of one visit.
const NUMBERS_PER_VISIT: usize = 2;

/// A graph in which edits are tried.
pub(super) struct Trial<'a> {
    pub(super) graph: Graph,
    /// The check of the graph without edits.
    pub(super) checked: Checked,
    plan: Plan,
    /// For each value, the nodes that look at it.
    readers: Vec<Vec<NodeId>>,
    /// The nodes of each statement.
    origins: HashMap<usize, Vec<NodeId>>,
    /// Visits left.
    visits: usize,
    /// Whether parts of the chain could not be read.
    pub(super) unread: bool,
    again: &'a Reread<'a>,
}

/// The problems after edits.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// In the order of the chain, up to the first that is not accepted.
    pub(super) left: Vec<Problem>,
    /// Whether the trial completed: all remaining problems were accepted.
    pub(super) accepted: bool,
}

impl<'a> Trial<'a> {
    pub(super) fn new(graph: &Graph, checked: &Checked, again: &'a Reread<'a>) -> Trial<'a> {
        let layers = graph.nodes.len();
        let mut readers = vec![Vec::new(); graph.inputs.len() + layers];
        let mut origins: HashMap<usize, Vec<NodeId>> = HashMap::new();
        for (id, node) in graph.nodes.iter().enumerate() {
            origins.entry(node.origin).or_default().push(id);
            for value in looks_at(graph, id) {
                readers[value].push(id);
            }
        }
        let plan = Plan::new(graph);
        for body in &graph.bodies {
            if let Some(end) = graph.producer(body.output) {
                readers[body.input].push(end);
            }
        }
        Trial {
            graph: graph.clone(),
            checked: checked.clone(),
            plan,
            readers,
            origins,
            visits: VISITS.saturating_add(VISITS_PER_LAYER.saturating_mul(layers)),
            unread: false,
            again,
        }
    }

    /// Whether the searches of this chain have used up their visits.
    pub(super) fn is_spent(&self) -> bool {
        self.visits == 0
    }

    /// The nodes of a statement: passes of a repeat and uses of a block.
    pub(super) fn turns(&self, node: NodeId) -> &[NodeId] {
        self.origins.get(&self.graph.nodes[node].origin).map_or(&[], Vec::as_slice)
    }

    /// A trial of another form of the same chain, with the visits that are left.
    pub(super) fn of(&self, graph: &Graph, checked: &Checked) -> Trial<'a> {
        Trial { visits: self.visits, unread: self.unread, ..Trial::new(graph, checked, self.again) }
    }

    /// Adds the visits of another trial.
    pub(super) fn spend_as(&mut self, other: &Trial<'_>) {
        self.visits = self.visits.min(other.visits);
    }

    /// The problems after some edits. The trial ends at the first problem that is not accepted.
    pub(super) fn run(&mut self, edits: &[Edit], accepts: &dyn Fn(&Problem) -> bool) -> Outcome {
        if edits.iter().any(Edit::is_argument) {
            if !self.affords_reading() {
                return Outcome { left: Vec::new(), accepted: false };
            }
            let Some(graph) = self.reread(edits) else { return Outcome { left: Vec::new(), accepted: false } };
            let left = check(&graph).problems;
            let accepted = left.iter().all(accepts);
            return Outcome { left, accepted };
        }
        self.inspect(edits, accepts, |_, _| ()).0
    }

    /// Whether a chain may be read once more. It is paid for.
    fn affords_reading(&mut self) -> bool {
        let layers = self.graph.nodes.len();
        let affords = self.visits / 4 >= layers;
        self.visits = self.visits.saturating_sub(if affords { 2 * layers } else { 0 });
        affords
    }

    /// The graph with a different argument of a block.
    pub(super) fn reread(&self, edits: &[Edit]) -> Option<Graph> {
        let replaced: Vec<Replaced> = edits.iter().flat_map(Edit::replaced).copied().collect();
        if replaced.is_empty() {
            return None;
        }
        let mut graph = (self.again)(&replaced)?;
        for edit in edits.iter().filter(|edit| !edit.is_argument()) {
            // Other arguments may take other branches: only where all layers stay is a layer still the same.
            let node = edit.node().filter(|_| graph.nodes.len() == self.graph.nodes.len())?;
            let origin = graph.nodes[node].origin;
            let turns: Vec<NodeId> =
                (0..graph.nodes.len()).filter(|turn| graph.nodes[*turn].origin == origin).collect();
            edit.apply(&mut graph, &turns, &mut Vec::new(), &mut Touched::default());
        }
        Some(graph)
    }

    /// A look at the chain after edits.
    pub(super) fn seen<T>(&mut self, edits: &[Edit], look: impl FnOnce(&Graph, &Checked) -> T) -> Option<T> {
        if !edits.iter().any(Edit::is_argument) {
            return Some(self.inspect(edits, &|_| true, look).1);
        }
        if !self.affords_reading() {
            return None;
        }
        let graph = self.reread(edits)?;
        let checked = check(&graph);
        Some(look(&graph, &checked))
    }

    /// Tries edits, and inspects the shapes after them.
    pub(super) fn inspect<T>(
        &mut self,
        edits: &[Edit],
        accepts: &dyn Fn(&Problem) -> bool,
        look: impl FnOnce(&Graph, &Checked) -> T,
    ) -> (Outcome, T) {
        let before = std::mem::take(&mut self.checked.problems);
        let mut log = Log::default();
        let mut touched = Touched::default();
        for edit in edits {
            let turns = edit
                .node()
                .map_or(&[][..], |node| self.origins.get(&self.graph.nodes[node].origin).map_or(&[], Vec::as_slice));
            edit.apply(&mut self.graph, turns, &mut log.graph, &mut touched);
        }
        let (fresh, visited) = self.visit(&touched, &mut log, accepts);
        let mut left = fresh.left;
        let mut accepted = fresh.accepted;
        if accepted {
            let old = before.iter().filter(|problem| !visited.contains(&problem.spot(&self.graph)));
            left.extend(old.cloned());
            accepted = left.iter().all(accepts);
            let graph = &self.graph;
            left.sort_by_key(|problem| problem.spot(graph));
        }
        let seen = look(&self.graph, &self.checked);
        log.roll_back(&mut self.graph, &mut self.checked);
        self.checked.problems = before;
        (Outcome { left, accepted }, seen)
    }

    /// Checks again what depends on what was touched.
    fn visit(
        &mut self,
        touched: &Touched,
        log: &mut Log,
        accepts: &dyn Fn(&Problem) -> bool,
    ) -> (Outcome, BTreeSet<Spot>) {
        let mut visited = BTreeSet::new();
        let mut left = Vec::new();
        let mut queue: BinaryHeap<Reverse<NodeId>> = touched.nodes.iter().copied().map(Reverse).collect();
        let mut outputs: BTreeSet<usize> = touched.outputs.iter().copied().collect();
        for output in &touched.outputs {
            queue.extend(self.plan.aimed_at(&self.graph, *output).map(Reverse));
        }
        for input in &touched.inputs {
            log.shapes.push((*input, self.checked.shapes[*input]));
            let before = self.checked.shapes[*input];
            self.checked.input(&self.graph, *input);
            visited.insert(Spot::Input(*input));
            if before != self.checked.shapes[*input] {
                queue.extend(self.readers[*input].iter().copied().map(Reverse));
                outputs.extend(self.outputs_of(*input));
            }
        }
        let mut last = None;
        loop {
            for problem in self.checked.problems.drain(..) {
                let accepted = accepts(&problem);
                left.push(problem);
                if !accepted {
                    return (Outcome { left, accepted: false }, visited);
                }
            }
            let Some(Reverse(node)) = queue.pop() else { break };
            if last == Some(node) {
                continue;
            }
            last = Some(node);
            let cost = 1 + self.numbers(node) / NUMBERS_PER_VISIT;
            if cost > self.visits / 4 + 1 {
                return (Outcome { left, accepted: false }, visited);
            }
            self.visits = self.visits.saturating_sub(cost);
            let value = self.graph.value(node);
            log.keep(&self.checked, node, value, &self.plan);
            visited.insert(Spot::Node(node));
            if self.checked.visit(&self.graph, &self.plan, node) {
                queue.extend(self.readers[value].iter().copied().map(Reverse));
                outputs.extend(self.outputs_of(value));
            }
            if self.graph.lossy == Strictness::Deny {
                self.checked.lossy(&self.graph, node);
            }
        }
        for output in outputs {
            visited.insert(Spot::Output(output));
            self.checked.output(&self.graph, output);
        }
        left.append(&mut self.checked.problems);
        let accepted = left.iter().all(accepts);
        (Outcome { left, accepted }, visited)
    }

    /// How many numbers are tried for the holes of a node.
    fn numbers(&self, node: NodeId) -> usize {
        let written = &self.graph.nodes[node];
        match &self.checked.ops[node] {
            Some(op) if !written.holes.is_empty() => trials(written, op, self.checked.shape(written.inputs[0])),
            _ => 0,
        }
    }

    /// The declared outputs that a value is.
    fn outputs_of(&self, value: ValueId) -> impl Iterator<Item = usize> + '_ {
        (0..self.graph.outputs.len()).filter(move |output| self.graph.outputs[*output].value == Some(value))
    }
}

/// The values that the check of a node looks at.
fn looks_at(graph: &Graph, id: NodeId) -> Vec<ValueId> {
    let node = &graph.nodes[id];
    let mut values = node.inputs.clone();
    values.extend(node.restores.iter().map(|restores| restores.input));
    match node.recipe {
        Recipe::Undo { of, .. } | Recipe::Unpool { of } => {
            values.push(graph.value(of));
            values.extend(graph.nodes[of].inputs.first());
        }
        Recipe::Again { of } | Recipe::Param { of, .. } => values.push(graph.value(of)),
        Recipe::Given(_) | Recipe::Chain { .. } | Recipe::Port { .. } | Recipe::Same | Recipe::Broken => {}
    }
    values.sort_unstable();
    values.dedup();
    values
}

/// The state before an edit.
#[derive(Default)]
struct Log {
    graph: Vec<super::edit::Before>,
    shapes: Vec<(ValueId, Option<convshape_arith::shape::Shape>)>,
    nodes: Vec<(NodeId, crate::check::KeptFacts)>,
}

impl Log {
    fn keep(&mut self, checked: &Checked, node: NodeId, value: ValueId, plan: &Plan) {
        self.shapes.push((value, checked.shapes[value]));
        self.nodes.push((node, checked.keep(node, value, plan)));
    }

    /// In reverse order, so that a thing that changed twice gets its first state back.
    fn roll_back(self, graph: &mut Graph, checked: &mut Checked) {
        for (value, shape) in self.shapes.into_iter().rev() {
            checked.shapes[value] = shape;
        }
        for (node, kept) in self.nodes.into_iter().rev() {
            checked.restore(node, kept);
        }
        for before in self.graph.into_iter().rev() {
            before.restore(graph);
        }
    }
}
