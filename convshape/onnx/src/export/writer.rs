//! The file under construction: nodes, constants, names, shapes.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use convshape::Shape;
use convshape::graph::op::{Cell, Recurrent};
use convshape::graph::{AxisOrder, Graph, Size};
use prost::Message;

use super::attribute;
use crate::proto::{self, Attribute, data};

/// The version of the operators, which includes all that are used.
const OPSET: i64 = 17;
/// The version of the format that belongs to it.
const IR_VERSION: i64 = 8;
/// The name of the first axis of every value.
const BATCH: &str = "batch";

/// A value of the file: its name, and its shape without the batch axis.
#[derive(Clone, Debug)]
pub(super) struct FileValue {
    pub(super) name: String,
    pub(super) shape: Shape,
}

#[derive(Default)]
pub(super) struct Writer {
    graph: proto::Graph,
    names: HashSet<String>,
    /// The layer whose nodes are being written, and where they begin.
    layer: String,
    start: usize,
    /// Values that keep their names because others may already read them.
    kept: HashSet<String>,
    /// Constants written so far, by their elements.
    constants: HashMap<(Vec<i64>, Vec<u8>), String>,
    /// Parameters written so far, with their shapes and orders.
    weights: HashMap<usize, Vec<usize>>,
}

impl Writer {
    /// Keeps a name for a port.
    pub(super) fn reserve(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    /// The nodes that follow belong to this layer.
    pub(super) fn begin(&mut self, layer: &str) {
        layer.clone_into(&mut self.layer);
        self.start = self.graph.node.len();
    }

    /// The layer is complete: its output gets the layer's name.
    pub(super) fn end(&mut self, tensor: FileValue) -> FileValue {
        let own = self.graph.node[self.start..].iter().any(|node| node.output.contains(&tensor.name));
        if !own || self.kept.contains(&tensor.name) {
            return tensor;
        }
        let name = self.unique(&self.layer.clone());
        self.rename(&tensor.name, &name);
        FileValue { name, ..tensor }
    }

    pub(super) fn layer(&self) -> String {
        self.layer.clone()
    }

    pub(super) fn input(&mut self, name: &str, shape: Shape) -> FileValue {
        let tensor = FileValue { name: self.unique(name), shape };
        self.graph.input.push(info(&tensor));
        tensor
    }

    /// A node with one output.
    pub(super) fn node(&mut self, op: &str, inputs: &[&str], attributes: Vec<Attribute>, shape: Shape) -> FileValue {
        let name = format!("{}/{op}", self.layer);
        let tensor = FileValue { name: self.unique(&name), shape };
        self.graph.node.push(proto::NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![tensor.name.clone()],
            name: tensor.name.clone(),
            op_type: op.to_owned(),
            attribute: attributes,
            ..Default::default()
        });
        self.graph.value_info.push(info(&tensor));
        tensor
    }

    /// A node of which only the second output is read. Returns its name.
    pub(super) fn second(&mut self, op: &str, inputs: &[&str], attributes: Vec<Attribute>, shape: Shape) -> String {
        let first = self.node(op, inputs, attributes, shape);
        let name = self.unique(&format!("{}/places", self.layer));
        if let Some(node) = self.graph.node.last_mut() {
            node.output.push(name.clone());
        }
        debug_assert_ne!(first.name, name, "names are given once");
        let mut places = info(&FileValue { name: name.clone(), shape });
        if let Some(tensor) = places.r#type.as_mut().and_then(|kind| kind.tensor_type.as_mut()) {
            tensor.elem_type = data::INT64;
        }
        self.graph.value_info.push(places);
        name
    }

    /// Piece `index` of `count` equal ones.
    pub(super) fn equal_piece(
        &mut self,
        x: &FileValue,
        at: usize,
        (index, count): (i64, i64),
        shape: Shape,
    ) -> FileValue {
        let piece = self.node("Split", &[&x.name], vec![attribute::int("axis", to_i64(at) + 1)], shape);
        for _ in 1..count {
            let other = FileValue { name: self.unique(&format!("{}/unread", self.layer)), shape };
            self.graph.value_info.push(info(&other));
            self.graph.node.last_mut().into_iter().for_each(|node| node.output.push(other.name.clone()));
        }
        self.graph
            .node
            .last_mut()
            .into_iter()
            .for_each(|node| node.output.swap(0, usize::try_from(index).unwrap_or(0)));
        piece
    }

    /// A node that gives a value of its input's shape.
    pub(super) fn same(&mut self, op: &str, x: &FileValue, more: &[&str], attributes: Vec<Attribute>) -> FileValue {
        let inputs: Vec<&str> = [x.name.as_str()].into_iter().chain(more.iter().copied()).collect();
        self.node(op, &inputs, attributes, x.shape)
    }

    /// A node whose output is not a value of the chain: a list of sizes, including the batch, or a value with the batch
    /// elsewhere.
    pub(super) fn sizes(&mut self, op: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        let tensor = self.node(op, inputs, attributes, Shape::unknown(0));
        // Inference finds its type.
        self.graph.value_info.pop();
        tensor.name
    }

    /// An output of the chain: the value itself under the output's name, or a copy if it has another role too.
    pub(super) fn output(&mut self, port: &str, tensor: &FileValue) -> FileValue {
        let of_node = self.graph.node.iter().any(|node| node.output.contains(&tensor.name));
        let is_output = self.graph.output.iter().any(|output| output.name == tensor.name);
        if of_node && !is_output {
            self.start = 0;
            self.rename(&tensor.name, port);
            // Outputs have their shape where they are declared.
            self.graph.value_info.retain(|info| info.name != port);
        } else {
            self.graph.node.push(proto::NodeProto {
                input: vec![tensor.name.clone()],
                output: vec![port.to_owned()],
                name: port.to_owned(),
                op_type: "Identity".to_owned(),
                ..Default::default()
            });
        }
        let tensor = FileValue { name: port.to_owned(), shape: tensor.shape };
        self.graph.output.push(info(&tensor));
        tensor
    }

    /// Renames a value in the nodes of the current layer.
    fn rename(&mut self, from: &str, to: &str) {
        for node in &mut self.graph.node[self.start..] {
            if node.output[0] == from {
                to.clone_into(&mut node.name);
            }
            for name in node.input.iter_mut().chain(&mut node.output).filter(|name| *name == from) {
                to.clone_into(name);
            }
        }
        for info in self.graph.value_info.iter_mut().filter(|info| info.name == from) {
            to.clone_into(&mut info.name);
        }
    }

    /// The name of a value stays.
    pub(super) fn keep(&mut self, tensor: &FileValue) {
        self.kept.insert(tensor.name.clone());
    }

    pub(super) fn transpose(&mut self, x: &FileValue, axes: &[usize]) -> FileValue {
        let sizes: Vec<Size> = axes.iter().map(|&axis| x.shape.size(axis)).collect();
        let order = std::iter::once(0).chain(axes.iter().map(|&axis| to_i64(axis) + 1));
        self.node("Transpose", &[&x.name], vec![attribute::ints("perm", order)], Shape::new(&sizes, x.shape.scope()))
    }

    /// Swaps the first two axes: `[batch, rows, ..]` and `[rows, batch, ..]`, whose `shape` is given without the batch.
    pub(super) fn turned(&mut self, x: &str, shape: Shape, batch: usize) -> String {
        self.elsewhere("Transpose", &[x], vec![attribute::ints("perm", [1, 0, 2])], shape, batch)
    }

    /// A node whose output has the batch at axis `batch`; `shape` leaves the batch out.
    pub(super) fn elsewhere(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
        shape: Shape,
        batch: usize,
    ) -> String {
        let tensor = self.node(op, inputs, attributes, shape);
        self.graph.value_info.pop();
        self.declare(&tensor, batch);
        tensor.name
    }

    fn declare(&mut self, tensor: &FileValue, batch: usize) {
        let mut info = info(tensor);
        let shape =
            info.r#type.as_mut().and_then(|kind| kind.tensor_type.as_mut()).and_then(|kind| kind.shape.as_mut());
        if let Some(shape) = shape {
            shape.dim[..=batch].rotate_left(1);
        }
        self.graph.value_info.push(info);
    }

    /// A node of a recurrent layer: its outputs at all steps, its final states, its final cell states.
    pub(super) fn run(&mut self, layer: &Recurrent, length: &Shape, inputs: &[String]) -> Vec<String> {
        let (op, activation) = match layer.cell {
            Cell::Lstm => ("LSTM", None),
            Cell::Gru { .. } => ("GRU", None),
            Cell::Rnn { relu } => ("RNN", Some(if relu { "Relu" } else { "Tanh" })),
        };
        let mut attributes = vec![attribute::int("hidden_size", layer.hidden)];
        if layer.bidirectional {
            attributes.push(attribute::text("direction", "bidirectional"));
        }
        if let Cell::Gru { reset_after } = layer.cell {
            attributes.push(attribute::int("linear_before_reset", i64::from(reset_after)));
        }
        if let Some(activation) = activation {
            let each = vec![activation; if layer.bidirectional { 2 } else { 1 }];
            attributes.push(attribute::texts("activations", &each));
        }
        let states = if layer.cell == Cell::Lstm { 2 } else { 1 };
        let output: Vec<String> = (0..=states).map(|_| self.unique(&format!("{}/{op}", self.layer))).collect();
        self.graph.node.push(proto::NodeProto {
            input: inputs.to_vec(),
            output: output.clone(),
            name: output[0].clone(),
            op_type: op.to_owned(),
            attribute: attributes,
            ..Default::default()
        });
        for (place, name) in output.iter().enumerate() {
            let state = [Size::Number(layer.directions()), Size::Number(layer.hidden)];
            let (shape, batch) = match place {
                0 => (Shape::new(&[length.size(0), state[0], state[1]], length.scope()), 2),
                _ => (Shape::new(&state, length.scope()), 1),
            };
            self.declare(&FileValue { name: name.clone(), shape }, batch);
        }
        output
    }

    /// The same elements in another shape; the batch stays.
    pub(super) fn reshape(&mut self, x: &FileValue, shape: Shape) -> Option<FileValue> {
        // At most one size may be left to the engine.
        let open = shape.sizes().iter().filter(|size| size.number().is_none()).count();
        let sizes: Vec<i64> = shape.sizes().iter().map(|size| size.number().unwrap_or(-1)).collect();
        let sizes: Vec<i64> = std::iter::once(0).chain(sizes).collect();
        let sizes = self.ints(&sizes);
        (open <= 1).then(|| self.node("Reshape", &[&x.name, &sizes], Vec::new(), shape))
    }

    /// A list of integers.
    pub(super) fn ints(&mut self, numbers: &[i64]) -> String {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant("ints", data::INT64, vec![to_i64(numbers.len())], bytes)
    }

    /// A single number.
    #[expect(clippy::cast_possible_truncation, reason = "all numbers of the file are of f32")]
    pub(super) fn scalar(&mut self, number: f64) -> String {
        self.constant("number", data::FLOAT, Vec::new(), (number as f32).to_le_bytes().to_vec())
    }

    /// Numbers that are not a parameter.
    pub(super) fn floats(&mut self, dims: &[i64], numbers: &[f32]) -> String {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant("numbers", data::FLOAT, dims.to_vec(), bytes)
    }

    /// A parameter under its own name; one that several layers use in the same form is written once.
    pub(super) fn weight(&mut self, index: usize, name: &str, dims: &[i64], numbers: &[f32]) -> String {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let there = self.weights.entry(index).or_default();
        let alike = there.iter().map(|&place| &self.graph.initializer[place]);
        if let Some(known) = alike.clone().find(|known| known.dims == dims && known.raw_data == bytes) {
            return known.name.clone();
        }
        there.push(self.graph.initializer.len());
        let name = self.unique(name);
        self.initializer(name, data::FLOAT, dims.to_vec(), bytes)
    }

    fn constant(&mut self, name: &str, data_type: i32, dims: Vec<i64>, bytes: Vec<u8>) -> String {
        let key = (std::iter::once(i64::from(data_type)).chain(dims.iter().copied()).collect(), bytes.clone());
        if let Some(known) = self.constants.get(&key) {
            return known.clone();
        }
        let name = self.unique(&format!("{}/{name}", self.layer));
        self.constants.insert(key, name.clone());
        self.initializer(name, data_type, dims, bytes)
    }

    fn initializer(&mut self, name: String, data_type: i32, dims: Vec<i64>, bytes: Vec<u8>) -> String {
        self.graph.initializer.push(proto::TensorProto {
            dims,
            data_type,
            name: name.clone(),
            raw_data: Bytes::from(bytes),
            ..Default::default()
        });
        name
    }

    fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut count = 1;
        while !self.names.insert(unique.clone()) {
            count += 1;
            unique = format!("{name}.{count}");
        }
        unique
    }

    /// The bytes of the whole file.
    pub(super) fn finish(self, graph: &Graph) -> Vec<u8> {
        let order = match graph.order() {
            AxisOrder::ChannelsFirst => "channels first",
            AxisOrder::ChannelsLast => "channels last",
        };
        let entry = |key: &str, value: &str| proto::Entry { key: key.to_owned(), value: value.to_owned() };
        let model = proto::Model {
            ir_version: IR_VERSION,
            producer_name: "convshape".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(proto::Graph { name: graph.name().to_owned(), ..self.graph }),
            opset_import: vec![proto::OperatorSet { domain: String::new(), version: OPSET }],
            metadata_props: vec![entry("convshape.chain", graph.name()), entry("convshape.axes", order)],
            functions: Vec::new(),
        };
        model.encode_to_vec()
    }
}

/// A value's name, type and shape.
fn info(tensor: &FileValue) -> proto::ValueInfo {
    let batch = proto::Size::Param(BATCH.to_owned());
    let sizes = tensor.shape.sizes().iter().map(|size| match size.number() {
        Some(number) => proto::Size::Value(number),
        None => {
            let text = Shape::new(&[*size], tensor.shape.scope()).to_string();
            proto::Size::Param(text.trim_matches(['[', ']']).to_owned())
        }
    });
    let dim = std::iter::once(batch).chain(sizes).map(|value| proto::Dimension { value: Some(value) }).collect();
    let shape = Some(proto::TensorShape { dim });
    let tensor_type = Some(proto::TensorType { elem_type: data::FLOAT, shape });
    proto::ValueInfo { name: tensor.name.clone(), r#type: Some(proto::Type { tensor_type }) }
}

pub(super) fn to_i64(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
