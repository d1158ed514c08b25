//! A chain as a graph of layers. Everything that runs, prints or exports a chain reads it.
//!
//! A [`Graph`] is a list of nodes in the order in which they run. Nodes, values and parameters are numbered from 0. A
//! value is an input of the chain or an output of a node. A node reads values with smaller numbers and lists the
//! parameters that it uses. A chain used as a layer is expanded: its layers are ordinary nodes.
//!
//! Create a graph from a model's type with [`Graph::of`], or layer by layer with [`Graph::new`]. Sizes may be symbols;
//! [`Graph::bind`] replaces them with numbers.

mod build;
mod error;
mod lower;

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::op::{AxisOrder, Init, Op, Role, WeightLayout};
use crate::shape::Shape;
use crate::size::{Scope, Size};

pub use self::build::Layer;
pub use self::error::GraphError;

/// A chain as a list of nodes, in the order in which they run.
#[derive(Clone, PartialEq, Debug)]
pub struct Graph {
    name: String,
    order: AxisOrder,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    nodes: Vec<Node>,
    values: Vec<Value>,
    params: Vec<Parameter>,
}

/// A named input or output of a graph.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Port {
    /// Its name; `input` or `output` if the chain does not name it.
    pub name: String,
    /// The value of this input or output.
    pub value: usize,
}

/// A value: what layers read and give.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Value {
    /// Its shape without the batch axis, in the graph's order of axes.
    pub shape: Shape,
    /// The node that computes it; `None` for an input of the chain.
    pub node: Option<usize>,
}

/// One layer.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Node {
    /// The name in messages, including the names of the blocks around it: `blocks.0.c`. An activation written as a
    /// field of a layer is a node of its own with that layer's name.
    pub name: String,
    /// The name in files, without the parameter's: `encoder.0`.
    pub file_name: String,
    /// Its operation, with the channel counts filled in.
    pub op: Op,
    /// The values it reads.
    pub inputs: Vec<usize>,
    /// The values it gives.
    pub outputs: Vec<usize>,
    /// The parameters it uses, in the order of [`Op::params`]; a tied weight comes first.
    pub params: Vec<usize>,
    /// The node whose weight it uses in place of its own, or whose parameter it gives as a value.
    pub tied: Option<usize>,
    /// The node that it runs again: it uses that node's parameters.
    pub first_run: Option<usize>,
    /// Multiply-accumulates for one sample, see [`Op::macs`]; 0 if a size is a symbol.
    pub macs: u64,
}

/// One parameter.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Parameter {
    /// The name in files: `enc1.weight`.
    pub name: String,
    /// The node that owns it. Other nodes may use it too.
    pub node: usize,
    /// Its role.
    pub role: Role,
    /// The sizes of its axes, in the layout of the layer's dialect.
    pub shape: Shape,
    /// The meaning of its axes, for a matrix or kernel.
    pub layout: Option<WeightLayout>,
    /// How a new model initialises it.
    pub init: Init,
    /// The range of its elements among those of all parameters.
    pub elements: Range<usize>,
}

impl Graph {
    /// The name of the chain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The position of the channel axis in every shape.
    pub fn order(&self) -> AxisOrder {
        self.order
    }

    /// The inputs. Their values come first: `0..inputs().len()`.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// The outputs.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// The layers, in the order in which they run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The values: the inputs, then the outputs of each node.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The parameters, in the order of the model's fields.
    pub fn params(&self) -> &[Parameter] {
        &self.params
    }

    /// The shape of a value.
    ///
    /// # Panics
    /// If there is no value with that number.
    pub fn shape(&self, value: usize) -> &Shape {
        &self.values[value].shape
    }

    /// The symbols used in shapes; empty if all sizes are numbers.
    pub fn symbols(&self) -> Scope {
        let is_symbol = |size: &Size| matches!(size, Size::Symbolic { .. });
        let mut shapes = self.inputs.iter().map(|port| self.shape(port.value));
        shapes.find(|shape| shape.sizes().iter().any(is_symbol)).map_or(&[], Shape::scope)
    }

    /// Multiply-accumulates of all nodes for one sample; nodes with symbolic sizes count as 0.
    pub fn macs(&self) -> u64 {
        self.nodes.iter().map(|node| node.macs).fold(0, u64::saturating_add)
    }

    /// For each value, whether it is the same for all samples: it depends on parameters and constants alone, and no
    /// dropout draws it.
    pub fn constants(&self) -> Vec<bool> {
        let mut constants = alloc::vec![false; self.values.len()];
        for node in &self.nodes {
            let is_constant = match node.op {
                Op::Source { .. } => true,
                Op::Dropout { .. } => false,
                _ => node.inputs.iter().all(|&value| constants[value]),
            };
            node.outputs.iter().for_each(|&value| constants[value] = is_constant);
        }
        constants
    }

    /// For each value, how many nodes and outputs read its elements.
    pub fn readers(&self) -> Vec<usize> {
        let mut readers = alloc::vec![0; self.values.len()];
        let outputs = self.outputs.iter().map(|port| &port.value);
        let nodes = self.nodes.iter().filter(|node| !matches!(node.op, Op::Source { .. }));
        for &value in nodes.flat_map(|node| &node.inputs).chain(outputs) {
            readers[value] += 1;
        }
        readers
    }
}
