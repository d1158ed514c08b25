//! Building graphs: layer by layer, from a program, or from another graph with new sizes.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::{Graph, GraphError, Node, Parameter, Port, Value};
use crate::op::{AxisOrder, Op, Source, WeightFrom};
use crate::program::{FlatLayer, HasProgram};
use crate::shape::Shape;
use crate::size::{Size, Symbol};

/// A layer to add to a graph.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// The name in messages.
    pub name: &'a str,
    /// The name in files, without the parameter's.
    pub file_name: &'a str,
    /// Its operation. Channel counts may be left out.
    pub op: Op,
    /// The values it reads.
    pub inputs: &'a [usize],
    /// The node whose weight it uses in place of its own.
    pub tied: Option<usize>,
    /// The node that it runs again, using its parameters.
    pub first_run: Option<usize>,
}

impl<'a> Layer<'a> {
    /// A layer whose name in files is its name, with a weight of its own.
    pub const fn new(name: &'a str, op: Op, inputs: &'a [usize]) -> Layer<'a> {
        Layer { name, file_name: name, op, inputs, tied: None, first_run: None }
    }
}

impl Graph {
    /// The graph of a model. Its sizes may be symbols, see [`Graph::bind`].
    ///
    /// # Panics
    /// Never for a model that compiled: the compiler checked its layers with the same arithmetic.
    pub fn of<M: HasProgram + ?Sized>() -> Graph {
        let program = M::PROGRAM;
        let mut graph = Graph::new(program.name, program.order);
        let mut sources = alloc::vec![0; program.flat_values()];
        program.sources(&mut sources);
        // The graph's value of each of the program's.
        let mut values = alloc::vec![0; sources.len()];
        for port in program.inputs {
            values[port.value] = graph.input(port.name, port.shape);
        }
        for layer in const { M::PROGRAM.flat() } {
            let [name, file_name] = [layer.name, layer.file_name].map(|name| name.to_string());
            let inputs: Vec<usize> = layer.inputs().map(|value| values[sources[value]]).collect();
            let FlatLayer { op, tied, first_run, .. } = layer;
            let pushed = Layer { name: &name, file_name: &file_name, op: *op, inputs: &inputs, tied, first_run };
            values[layer.output()] = graph.push_layer(&pushed).unwrap_or_else(|error| panic!("{error}"));
        }
        for port in program.outputs {
            graph.outputs.push(Port { name: port.name.to_owned(), value: values[sources[port.value]] });
        }
        graph
    }

    /// A graph without inputs and layers.
    #[must_use]
    pub fn new(name: &str, order: AxisOrder) -> Graph {
        let (inputs, outputs, nodes) = Default::default();
        Graph { name: name.to_owned(), order, inputs, outputs, nodes, values: Vec::new(), params: Vec::new() }
    }

    /// Adds an input and returns its value. All inputs must be added before the first layer.
    ///
    /// # Panics
    /// If there is a layer already.
    pub fn input(&mut self, name: &str, shape: Shape) -> usize {
        assert!(self.nodes.is_empty(), "inputs come before layers");
        let value = self.values.len();
        self.inputs.push(Port { name: name.to_owned(), value });
        self.values.push(Value { shape, node: None });
        value
    }

    /// Adds a layer and returns its first output; further outputs have the next numbers.
    ///
    /// # Errors
    /// If the layer rejects its inputs. The graph is then unchanged.
    pub fn push(&mut self, name: &str, op: Op, inputs: &[usize]) -> Result<usize, GraphError> {
        self.push_layer(&Layer::new(name, op, inputs))
    }

    /// Like [`Graph::push`], with every option of a layer.
    ///
    /// # Errors
    /// If the layer rejects its inputs, or a weight cannot be shared. The graph is then unchanged.
    pub fn push_layer(&mut self, layer: &Layer<'_>) -> Result<usize, GraphError> {
        let name = || layer.name.to_owned();
        let (least, most) = layer.op.operands();
        if !(least..=most).contains(&layer.inputs.len()) {
            return Err(GraphError::Operands { layer: name(), found: layer.inputs.len() });
        }
        let mut shapes = Vec::with_capacity(layer.inputs.len());
        for &value in layer.inputs {
            let known = self.values.get(value).ok_or(GraphError::NoValue { reader: name(), value })?;
            shapes.push(known.shape);
        }
        let mut op = layer.op.bind(&shapes, self.order);
        let first_run = layer.first_run.and_then(|of| self.nodes.get(of));
        let tied = layer.tied.or(first_run.and_then(|first| first.tied));
        if let Op::Conv(conv) = &mut op {
            conv.weight = match conv.weight {
                _ if tied.is_some() => WeightFrom::Tied,
                WeightFrom::Tied => WeightFrom::Own,
                weight => weight,
            };
        }
        let output = op.output(&shapes, self.order);
        let output = output.map_err(|fault| GraphError::Layer { layer: name(), fault })?;

        let node = self.nodes.len();
        let mut params = Vec::new();
        if let Some(of) = tied {
            params.push(self.tied_weight(&op, of).ok_or(GraphError::Tied { layer: name(), of })?);
        }
        let (own, params) = match layer.first_run {
            None => self.own_parameters(layer, &op, params).ok_or(GraphError::Params { layer: name() })?,
            Some(of) => {
                (Vec::new(), self.parameters_of(of, &op, params).ok_or(GraphError::Tied { layer: name(), of })?)
            }
        };
        let value = self.values.len();
        self.params.extend(own);
        self.values.push(Value { shape: output, node: Some(node) });
        self.nodes.push(Node {
            name: name(),
            file_name: layer.file_name.to_owned(),
            op,
            inputs: layer.inputs.to_vec(),
            outputs: [value].into(),
            params,
            tied,
            first_run: layer.first_run,
            macs: op.macs(&shapes, &output, self.order),
        });
        Ok(value)
    }

    /// Adds an output.
    ///
    /// # Errors
    /// If there is no such value.
    pub fn output(&mut self, name: &str, value: usize) -> Result<(), GraphError> {
        if value >= self.values.len() {
            return Err(GraphError::NoValue { reader: name.to_owned(), value });
        }
        self.outputs.push(Port { name: name.to_owned(), value });
        Ok(())
    }

    /// The graph with its symbols replaced by numbers: `graph.bind(&[("h", 12)])`.
    ///
    /// # Errors
    /// If the graph has no symbol of that name, a symbol has no value or one out of range, or a layer rejects the
    /// sizes.
    pub fn bind(&self, values: &[(&str, i64)]) -> Result<Graph, GraphError> {
        let symbols = self.symbols();
        let mut numbers = alloc::vec![None; symbols.len()];
        for &(name, value) in values {
            let index = symbols.iter().position(|symbol| symbol.name == name);
            let index = index.ok_or_else(|| GraphError::NoSymbol { name: name.to_owned() })?;
            let Symbol { low, high, .. } = symbols[index];
            if value < low || value > high {
                return Err(GraphError::Range { symbol: symbols[index], value });
            }
            numbers[index] = Some(value);
        }
        let shapes: Vec<Shape> = self.inputs.iter().map(|port| self.shape(port.value).with_symbols(&numbers)).collect();
        for (port, shape) in self.inputs.iter().zip(&shapes) {
            for (size, symbolic) in shape.sizes().iter().zip(self.shape(port.value).sizes()) {
                if let (Size::Unknown, Size::Symbolic { symbol, .. }) = (size, symbolic) {
                    return Err(GraphError::Unbound { symbol: symbols[usize::from(*symbol)] });
                }
            }
        }
        self.with_inputs(&shapes)
    }

    /// The graph with other input shapes; all later shapes are computed again.
    ///
    /// # Errors
    /// If the number of shapes is not the number of inputs, or a layer rejects its inputs.
    pub fn with_inputs(&self, shapes: &[Shape]) -> Result<Graph, GraphError> {
        if shapes.len() != self.inputs.len() {
            return Err(GraphError::Inputs { found: shapes.len(), expected: self.inputs.len() });
        }
        let mut graph = Graph::new(&self.name, self.order);
        for (port, shape) in self.inputs.iter().zip(shapes) {
            graph.input(&port.name, *shape);
        }
        for Node { name, file_name, op, inputs, tied, first_run, .. } in &self.nodes {
            let (tied, first_run) = (*tied, *first_run);
            graph.push_layer(&Layer { name, file_name, op: *op, inputs, tied, first_run })?;
        }
        graph.outputs.clone_from(&self.outputs);
        Ok(graph)
    }

    /// A layer's own parameters, and the indices of all it uses, a tied one first.
    fn own_parameters(
        &self,
        layer: &Layer<'_>,
        op: &Op,
        mut params: Vec<usize>,
    ) -> Option<(Vec<Parameter>, Vec<usize>)> {
        let mut own = Vec::new();
        let mut start = self.params.last().map_or(0, |param| param.elements.end);
        for spec in op.params().iter() {
            let count = spec.shape.elements().ok().and_then(|count| usize::try_from(count.number()?).ok());
            let end = start.checked_add(count?)?;
            params.push(self.params.len() + own.len());
            own.push(Parameter {
                name: format!("{}{}{}", layer.file_name, spec.separator(), spec.suffix),
                node: self.nodes.len(),
                role: spec.role,
                shape: spec.shape,
                layout: spec.layout,
                init: spec.init,
                elements: start..end,
            });
            start = end;
        }
        Some((own, params))
    }

    /// The parameters of an earlier run, if the layer can use them all.
    fn parameters_of(&self, of: usize, op: &Op, tied: Vec<usize>) -> Option<Vec<usize>> {
        let params = &self.nodes.get(of)?.params;
        let own = params.get(tied.len()..)?;
        let same = own.iter().map(|&param| self.params[param].shape).eq(op.params().iter().map(|spec| spec.shape));
        same.then(|| params.clone())
    }

    /// The parameter of another layer, if this layer can use it.
    fn tied_weight(&self, op: &Op, of: usize) -> Option<usize> {
        let of = self.nodes.get(of)?;
        let shared = usize::from(of.tied.is_some());
        let (wanted, param) = match op {
            Op::Conv(conv) => (conv.weight_shape()?, *of.params.first()?),
            Op::Source { of: Source::Shared { param, .. }, shape } => (*shape, *of.params.get(shared + param)?),
            _ => return None,
        };
        (wanted == self.params[param].shape).then_some(param)
    }
}
