//! A chain as a graph of layers. Everything that runs, prints or exports a chain reads this.
//!
//! A [`Graph`] is a list of nodes in the order in which they run. Nodes, values and parameters are
//! numbered from 0: a value is an input of the chain or an output of a node, a node reads values
//! with smaller numbers, and lists the parameters that it uses. The layers of a chain inside a
//! chain are nodes like all others.
//!
//! Make one with [`Graph::of`] from a model's type, or layer by layer with [`Graph::new`]. Sizes
//! may be symbols; [`Graph::bind`] puts numbers in their place.

mod build;
mod error;
mod lower;

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::dialect::WeightLayout;
use crate::op::{AxisOrder, Op};
use crate::param::{Init, Role};
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
    /// Its name: `input` or `output` if the chain gives it none.
    pub name: String,
    /// The value that enters or leaves here.
    pub value: usize,
}

/// What a layer reads or gives.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Value {
    /// Its shape without the batch axis, in the graph's order of axes.
    pub shape: Shape,
    /// The node that gives it; `None` for an input of the chain.
    pub node: Option<usize>,
}

/// One layer.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Node {
    /// The name in messages, with the names around it: `blocks.0.c`. An activation that is an
    /// argument of a layer is a node of its own and has the name of that layer.
    pub name: String,
    /// The name in files, without the parameter's: `encoder.0`.
    pub file_name: String,
    /// What it does. Channel counts that the chain leaves out are filled in.
    pub op: Op,
    /// The values that it reads.
    pub inputs: Vec<usize>,
    /// The values that it gives.
    pub outputs: Vec<usize>,
    /// The parameters that it uses, in the order of [`Op::params`]; a tied weight comes first.
    pub params: Vec<usize>,
    /// The node whose weight it uses instead of one of its own, or whose parameter it gives as a value.
    pub tied: Option<usize>,
    /// The node of which it is another run: its parameters are that node's.
    pub first_run: Option<usize>,
    /// Multiply-accumulates for one sample, see [`Op::macs`]; 0 while a size is a symbol.
    pub macs: u64,
}

/// One parameter.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Parameter {
    /// The name in files: `enc1.weight`.
    pub name: String,
    /// The node that it belongs to. Other nodes may use it too.
    pub node: usize,
    /// What it does.
    pub role: Role,
    /// The sizes of its axes, in the layout of the layer's dialect.
    pub shape: Shape,
    /// Which axis is what, for a matrix or kernel.
    pub layout: Option<WeightLayout>,
    /// How a fresh model draws it.
    pub init: Init,
    /// Its elements among those of all parameters in order.
    pub elements: Range<usize>,
}

impl Graph {
    /// The name of the chain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The position of the channel axis in all shapes.
    pub fn order(&self) -> AxisOrder {
        self.order
    }

    /// The inputs. Their values are the first ones: `0..inputs().len()`.
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

    /// The symbols that shapes speak of; none if all sizes are numbers.
    pub fn symbols(&self) -> Scope {
        let is_symbol = |size: &Size| matches!(size, Size::Symbolic { .. });
        let mut shapes = self.inputs.iter().map(|port| self.shape(port.value));
        shapes.find(|shape| shape.sizes().iter().any(is_symbol)).map_or(&[], Shape::scope)
    }

    /// Multiply-accumulates of all nodes for one sample; nodes whose sizes are symbols count as 0.
    pub fn macs(&self) -> u64 {
        self.nodes.iter().map(|node| node.macs).fold(0, u64::saturating_add)
    }

    /// How many nodes and outputs read each value's elements.
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
