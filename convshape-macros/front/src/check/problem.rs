//! What can be wrong with a graph, and where.

use convshape_arith::fault::Fault;
use convshape_arith::op::Op;
use convshape_arith::shape::Shape;

use crate::fields;
use crate::graph::{Graph, NodeId};

/// Something wrong with a graph.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Problem {
    /// An input of size zero, or too large for memory.
    Input { input: usize, fault: Fault },
    /// A layer rejects its input.
    Layer { node: NodeId, op: Op, inputs: Vec<Shape>, fault: Fault },
    /// `restores enc` does not hold.
    Restores { node: NodeId, found: Shape, wanted: Shape },
    /// `-> [16, 14, 14]` does not hold.
    Comment { node: NodeId, found: Shape, written: Shape },
    /// The output differs from the declared one.
    Output { output: usize, found: Shape },
    /// A repeated body does not keep its shape.
    Body { body: usize, input: Shape, output: Shape },
    /// A hole that has no target.
    NoTarget { node: NodeId },
    /// A hole with no solution, or with several.
    Hole { node: NodeId, target: Shape, solutions: Vec<Filling> },
    /// A stride drops rows, so that nothing reads them.
    Lossy { node: NodeId, axis: usize, rows: i64, input: Shape },
    /// Nothing reads a statement.
    Unread { node: NodeId },
}

/// One solution for the holes of a node: a value per field.
pub(crate) type Filling = Vec<(&'static str, fields::Setting)>;

impl Problem {
    /// The subject of a problem, to tell whether an edit has fixed it.
    pub(crate) fn place(&self) -> Place {
        match self {
            Problem::Input { input, .. } => Place::Input(*input),
            Problem::Layer { node, .. } => Place::Layer(*node),
            Problem::Restores { node, .. } => Place::Restores(*node),
            Problem::Comment { node, .. } => Place::Comment(*node),
            Problem::Output { output, .. } => Place::Output(*output),
            Problem::Body { body, .. } => Place::Body(*body),
            Problem::NoTarget { node } | Problem::Hole { node, .. } => Place::Hole(*node),
            Problem::Lossy { node, .. } => Place::Lossy(*node),
            Problem::Unread { node } => Place::Unread(*node),
        }
    }

    /// The layer at fault, if there is one.
    pub(crate) fn node(&self) -> Option<NodeId> {
        match self {
            Problem::Layer { node, .. }
            | Problem::Restores { node, .. }
            | Problem::Comment { node, .. }
            | Problem::NoTarget { node }
            | Problem::Hole { node, .. }
            | Problem::Lossy { node, .. }
            | Problem::Unread { node } => Some(*node),
            Problem::Input { .. } | Problem::Output { .. } | Problem::Body { .. } => None,
        }
    }

    /// The part of the graph whose check finds it.
    pub(crate) fn spot(&self, graph: &Graph) -> Spot {
        match self {
            Problem::Input { input, .. } => Spot::Input(*input),
            Problem::Output { output, .. } => Spot::Output(*output),
            Problem::Body { body, .. } => match graph.producer(graph.bodies[*body].output) {
                Some(node) => Spot::Node(node),
                None => Spot::Input(graph.bodies[*body].output),
            },
            Problem::Layer { node, .. }
            | Problem::Restores { node, .. }
            | Problem::Comment { node, .. }
            | Problem::NoTarget { node }
            | Problem::Hole { node, .. }
            | Problem::Lossy { node, .. }
            | Problem::Unread { node } => Spot::Node(*node),
        }
    }
}

/// A part of a graph that is checked separately.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Spot {
    Input(usize),
    Node(NodeId),
    Output(usize),
}

/// Where a problem occurs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Input(usize),
    Layer(NodeId),
    Restores(NodeId),
    Comment(NodeId),
    Output(usize),
    Body(usize),
    Hole(NodeId),
    Lossy(NodeId),
    Unread(NodeId),
}
