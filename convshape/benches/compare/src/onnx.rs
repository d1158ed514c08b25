//! A network as an ONNX file, for the libraries that read such files.
//!
//! The field numbers are those of `onnx.proto`, version 1.17. Lists of integers are written one by one, because rten
//! reads them in no other way.

use convshape::ndarray::ArrayD;

use crate::net::{Layer, Net, Step, Window};

/// `TensorProto.FLOAT`
const FLOAT: usize = 1;

/// The bytes of the file.
pub(crate) fn encode(net: &Net) -> Vec<u8> {
    let mut graph = Message::default();
    for step in &net.steps {
        graph.message(1, node(step));
    }
    graph.text(2, "net");
    for step in &net.steps {
        for (index, array) in step.weights.iter().enumerate() {
            graph.message(5, tensor(&weight(step, index), array));
        }
    }
    graph.message(11, port(0, net.x.shape()));
    graph.message(12, port(net.output, &net.output_shape));

    let mut operators = Message::default();
    operators.text(1, "");
    operators.number(2, 17);

    let mut model = Message::default();
    model.number(1, 8);
    model.message(7, graph);
    model.message(8, operators);
    model.0
}

fn value(number: usize) -> String {
    format!("v{number}")
}

fn weight(step: &Step, index: usize) -> String {
    format!("w{}.{index}", step.output)
}

fn node(step: &Step) -> Message {
    let (op, attributes) = match &step.layer {
        Layer::Conv(at) => ("Conv", window(at)),
        Layer::ConvTranspose(at) => {
            let mut attributes = window(at);
            attributes.push(ints("output_padding", &at.output_padding));
            ("ConvTranspose", attributes)
        }
        Layer::MaxPool(at) => ("MaxPool", vec![ints("kernel_shape", &at.kernel), ints("strides", &at.stride)]),
        Layer::BatchNorm { eps } => ("BatchNormalization", vec![float("epsilon", *eps)]),
        Layer::Relu => ("Relu", vec![]),
        Layer::LeakyRelu(slope) => ("LeakyRelu", vec![float("alpha", *slope)]),
        Layer::Elu(alpha) => ("Elu", vec![float("alpha", *alpha)]),
        Layer::Sigmoid => ("Sigmoid", vec![]),
        Layer::Tanh => ("Tanh", vec![]),
        Layer::Concat => ("Concat", vec![int("axis", 1)]),
    };
    let mut node = Message::default();
    for &input in &step.inputs {
        node.text(1, &value(input));
    }
    for index in 0..step.weights.len() {
        node.text(1, &weight(step, index));
    }
    node.text(2, &value(step.output));
    node.text(3, &format!("n{}", step.output));
    node.text(4, op);
    for attribute in attributes {
        node.message(5, attribute);
    }
    node
}

fn window(at: &Window) -> Vec<Message> {
    vec![
        ints("kernel_shape", &at.kernel),
        ints("strides", &at.stride),
        ints("pads", &[&at.padding[..], &at.padding[..]].concat()),
        ints("dilations", &at.dilation),
        int("group", at.groups),
    ]
}

fn tensor(name: &str, array: &ArrayD<f32>) -> Message {
    let mut tensor = Message::default();
    for &size in array.shape() {
        tensor.number(1, size);
    }
    tensor.number(2, FLOAT);
    tensor.text(8, name);
    tensor.bytes(9, &array.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
    tensor
}

/// An input or output of the graph.
fn port(number: usize, sizes: &[usize]) -> Message {
    let mut shape = Message::default();
    for &size in sizes {
        let mut dimension = Message::default();
        dimension.number(1, size);
        shape.message(1, dimension);
    }
    let mut tensor = Message::default();
    tensor.number(1, FLOAT);
    tensor.message(2, shape);
    let mut kind = Message::default();
    kind.message(1, tensor);
    let mut port = Message::default();
    port.text(1, &value(number));
    port.message(2, kind);
    port
}

fn float(name: &str, value: f64) -> Message {
    let mut attribute = Message::default();
    attribute.text(1, name);
    attribute.float(2, value as f32);
    attribute.number(20, 1);
    attribute
}

fn int(name: &str, value: usize) -> Message {
    let mut attribute = Message::default();
    attribute.text(1, name);
    attribute.number(3, value);
    attribute.number(20, 2);
    attribute
}

fn ints(name: &str, values: &[usize]) -> Message {
    let mut attribute = Message::default();
    attribute.text(1, name);
    for &value in values {
        attribute.number(8, value);
    }
    attribute.number(20, 7);
    attribute
}

/// A protocol buffers message: fields one after the other, each preceded by its number and kind.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    /// A number in groups of seven bits, the lowest first; the eighth bit marks that more follow.
    fn varint(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn number(&mut self, field: usize, number: usize) {
        self.varint(field << 3);
        self.varint(number);
    }

    fn bytes(&mut self, field: usize, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: usize, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: usize, message: Message) {
        self.bytes(field, &message.0);
    }

    fn float(&mut self, field: usize, number: f32) {
        self.varint(field << 3 | 5);
        self.0.extend_from_slice(&number.to_le_bytes());
    }
}
