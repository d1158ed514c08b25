//! A chain from an ONNX file: source code, and the weights that it loads.
//!
//! Numbers that the file knows are computed first; each other node becomes one statement, or a part
//! of one. What no chain can say is collected, so that it is listed at once.

mod activation;
mod affine;
mod attention;
mod batch;
mod chain;
mod compare;
mod constant;
mod einsum;
mod error;
mod external;
mod fold;
mod frames;
mod functions;
mod kernel;
mod lines;
mod loops;
mod lower;
mod matrix;
mod names;
mod node;
mod norm;
mod open;
mod order;
mod pick;
mod pieces;
mod recurrent;
mod reduce;
mod resize;
mod sampling;
mod scatter;
mod shapes;
mod shared;
mod source;
mod spelled;
mod turned;
mod turns;
mod wide;
mod window;
mod words;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use convshape::Shape;
use convshape::graph::op::Dialect;
use convshape::graph::{AxisOrder, Op};
use prost::Message;

pub use self::error::{ImportError, Refusal};

use self::batch::Tensor;
use self::constant::Constant;
use self::node::Node;
use self::open::OpenSizes;
use self::wide::Wide;
use crate::proto;

/// What a node gives, or why no chain can say it.
type Lowered = Result<Tensor, String>;

/// Whose defaults and names the chain has.
const TORCH: Dialect = Dialect::Torch;

/// The sizes of a shape as numbers.
fn numbers(shape: &Shape) -> Vec<i64> {
    shape.sizes().iter().filter_map(|size| size.number()).collect()
}

/// A chain that was imported.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Imported {
    /// One `convshape::conv_chain!` item, which compiles in any module.
    pub source: String,
    /// A safetensors file with the chain's parameters.
    pub weights: Vec<u8>,
}

/// The chain that an ONNX file holds, as a struct called `name`: [`Importer`] without options.
///
/// The first axis of every input is the batch, the second where a sequence comes first. Other sizes that the file leaves
/// open become symbols. Inputs and outputs keep the order of the file.
///
/// # Errors
/// If the bytes are no ONNX model, or if nodes cannot be expressed: all of them are listed.
pub fn import(bytes: &[u8], name: &str) -> Result<Imported, ImportError> {
    Importer::new(name).bytes(bytes)
}

/// As [`import`], from a file. Numbers that it keeps in other files of its folder are read.
///
/// # Errors
/// Those of [`import`], and if a file cannot be read, is not in the folder of the model, or is shorter than the model
/// says.
pub fn import_file(path: impl AsRef<Path>, name: &str) -> Result<Imported, ImportError> {
    Importer::new(name).file(path)
}

/// An import with numbers for sizes that the file leaves open.
#[derive(Clone, Debug)]
pub struct Importer {
    name: String,
    sizes: Vec<(String, i64)>,
}

impl Importer {
    /// For a struct with this name.
    pub fn new(name: impl Into<String>) -> Importer {
        Importer { name: name.into(), sizes: Vec::new() }
    }

    /// Puts a number for an open size. Its name is that in the file; a size without a name is called after its input and
    /// its axis, where the batch is axis 0: `images.2`.
    #[must_use]
    pub fn size(mut self, name: impl Into<String>, number: i64) -> Importer {
        self.sizes.push((name.into(), number));
        self
    }

    /// Imports the bytes of a file.
    ///
    /// # Errors
    /// Those of [`import`](import()), and if no input has an open size of a name that was given.
    pub fn bytes(&self, bytes: &[u8]) -> Result<Imported, ImportError> {
        let model = proto::Model::decode(bytes).map_err(|error| ImportError::Malformed(error.to_string()))?;
        of_model(model, self)
    }

    /// Imports a file.
    ///
    /// # Errors
    /// Those of [`import_file`], and if no input has an open size of a name that was given.
    pub fn file(&self, path: impl AsRef<Path>) -> Result<Imported, ImportError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(ImportError::Read)?;
        let mut model = proto::Model::decode(&*bytes).map_err(|error| ImportError::Malformed(error.to_string()))?;
        if let Some(graph) = &mut model.graph {
            external::read(graph, path.parent().unwrap_or(Path::new(""))).map_err(ImportError::Malformed)?;
        }
        of_model(model, self)
    }
}

/// The chain of a model.
fn of_model(model: proto::Model, importer: &Importer) -> Result<Imported, ImportError> {
    let Importer { name, sizes } = importer;
    if !names::is_identifier(name) {
        return Err(ImportError::Name(name.clone()));
    }
    let malformed = |text: String| ImportError::Malformed(text);
    let graph = model.graph.ok_or_else(|| malformed("it has no graph".to_owned()))?;
    let graph = &functions::inlined(graph, &model.functions).map_err(malformed)?;
    let own = model.opset_import.iter().find(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
    let opset =
        own.map(|set| set.version).ok_or_else(|| malformed("it names no version of the operators".to_owned()))?;
    let read = |turn: i64| {
        let mut import = Import::new(graph, opset, OpenSizes::new(sizes, turn))?;
        for node in order::sorted(graph, false).map_err(malformed)? {
            import.node(Node(node));
        }
        import.refusals.extend(std::mem::take(&mut import.pending).into_values());
        let outputs = import.outputs(graph);
        if !import.refusals.is_empty() {
            return Err(ImportError::Inexpressible(import.refusals));
        }
        Ok(source::alive(import, outputs?))
    };
    let (mut import, mut outputs) = read(0)?;
    if let Some(unknown) = import.open.unused() {
        return Err(ImportError::NoSize { name: unknown.to_owned(), open: import.open.names() });
    }
    if import.open.are_there() {
        import.make_symbolic(&read(1)?.0)?;
    }
    let import = import.with_shared_parameters(&mut outputs);
    source::write(name, import, outputs)
}

/// What a name of the file stands for.
#[derive(Clone, Debug)]
enum Value {
    /// Numbers that are known from the file.
    Constant(Constant),
    /// A value of the chain.
    Tensor(Tensor),
    /// A value between a reshape and a permutation that no statement has given yet.
    Wide(Wide),
    /// A list of values.
    List(Vec<Value>),
    /// A value after a refused node, or one whose meaning depends on later nodes.
    Unknown,
}

/// One statement that is being made.
#[derive(Clone, PartialEq, Debug)]
struct Statement {
    /// Its module in the file, as far as a name says it: `layer1.0.conv1`.
    path: String,
    op: Op,
    inputs: Vec<usize>,
    /// Its parameters by their field: `weight`; a free one has none.
    params: Vec<(String, Vec<usize>, Vec<f32>)>,
    /// The value of the earlier statement that it runs again, with the parameters of that.
    first_run: Option<usize>,
}

/// An import that is being made.
struct Import {
    opset: i64,
    values: HashMap<String, Value>,
    /// The operators of the nodes that read a name of the file; none for an output.
    readers: HashMap<String, Vec<String>>,
    inputs: Vec<String>,
    open: OpenSizes,
    /// Shapes without batch: of the inputs, then of what the statements give.
    shapes: Vec<Shape>,
    statements: Vec<Statement>,
    refusals: Vec<Refusal>,
    /// Values of the network that are not known because a node was refused.
    refused: HashSet<String>,
    /// Nodes that are refused unless a pattern takes them, by their output.
    pending: BTreeMap<String, Refusal>,
    /// How many elements `ConstantOfShape` gave.
    filled: usize,
    /// The batch that the file was written for; 1 where it is open.
    batch: i64,
    /// Free parameters by the names of their numbers and their shapes.
    parameters: HashMap<(String, Vec<usize>), usize>,
    /// Values that are 0 or 1 everywhere.
    conditions: HashSet<usize>,
    /// Values that are whole numbers everywhere.
    whole: HashSet<usize>,
    /// The modules of the nodes that read a name first, as far as the exporter says them.
    first_readers: HashMap<String, String>,
    /// The nodes that compute a name, for patterns over several.
    makers: HashMap<String, proto::NodeProto>,
}

/// The axis of an input that is the batch: the first, or the second of a sequence that comes first.
fn batch_axis(port: &proto::ValueInfo, dims: &[proto::Dimension], graph: &proto::Graph) -> usize {
    let is_open = |dim: &proto::Dimension| !matches!(dim.value, Some(proto::Size::Value(size)) if size > 0);
    let reads = |node: &proto::NodeProto| {
        let is_first = !node.attribute.iter().any(|attribute| attribute.name == "layout" && attribute.i != 0);
        let sequences = [0, 5, 6].iter().any(|&at| node.input.get(at) == Some(&port.name));
        matches!(node.op_type.as_str(), "LSTM" | "GRU" | "RNN") && is_first && sequences
    };
    let is_second = match dims {
        [first @ proto::Dimension { value: Some(proto::Size::Value(2..)) }, second, rest @ ..] => {
            is_open(second) && !is_open(first) && !rest.iter().any(is_open)
        }
        _ => false,
    };
    usize::from(dims.len() == 3 && graph.node.iter().any(reads) || is_second)
}

/// Whether an element type has only integers.
fn is_whole(kind: i32) -> bool {
    use proto::data;
    matches!(kind, data::INT64 | data::INT32 | data::INT8 | data::UINT8 | data::BOOL)
}

/// The largest number of axes of a sample.
const MAX_RANK: usize = 6;

const ORDER: AxisOrder = AxisOrder::ChannelsFirst;

impl Import {
    fn new(graph: &proto::Graph, opset: i64, open: OpenSizes) -> Result<Import, ImportError> {
        let mut import = Import {
            opset,
            values: HashMap::new(),
            readers: HashMap::new(),
            inputs: Vec::new(),
            open,
            shapes: Vec::new(),
            statements: Vec::new(),
            refusals: Vec::new(),
            refused: HashSet::new(),
            pending: BTreeMap::new(),
            filled: 0,
            batch: 1,
            parameters: HashMap::new(),
            conditions: HashSet::new(),
            whole: HashSet::new(),
            first_readers: HashMap::new(),
            makers: HashMap::new(),
        };
        for tensor in &graph.initializer {
            let constant = Constant::read(tensor).map_err(ImportError::Malformed)?;
            import.values.insert(tensor.name.clone(), Value::Constant(constant));
        }
        for port in &graph.output {
            import.readers.entry(port.name.clone()).or_default().push(String::new());
        }
        let nodes = order::all(graph);
        for (node, name) in nodes.iter().flat_map(|node| node.input.iter().map(move |name| (node, name))) {
            import.readers.entry(name.clone()).or_default().push(node.op_type.clone());
            if let Some(module) = Node(node).module() {
                import.first_readers.entry(name.clone()).or_insert_with(|| module.to_owned());
            }
        }
        for node in nodes {
            for output in &node.output {
                import.makers.insert(output.clone(), node.clone());
            }
        }
        for port in &graph.input {
            // Old files list their numbers among the inputs.
            if !import.values.contains_key(&port.name) {
                import.input(port, graph)?;
            }
        }
        Ok(import)
    }

    fn input(&mut self, port: &proto::ValueInfo, graph: &proto::Graph) -> Result<(), ImportError> {
        let malformed = |text: &str| ImportError::Malformed(format!("input `{}` {text}", port.name));
        let tensor = port.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
        let tensor = tensor.ok_or_else(|| malformed("is no tensor"))?;
        let dims = tensor.shape.as_ref().ok_or_else(|| malformed("has no shape"))?;
        let number = |dim: &proto::Dimension| match dim.value {
            Some(proto::Size::Value(size)) if size > 0 => Some(size),
            _ => None,
        };
        let place = batch_axis(port, &dims.dim, graph);
        let batch = dims.dim.get(place).ok_or_else(|| malformed("has no axes"))?;
        let sizes: Vec<(usize, &proto::Dimension)> =
            dims.dim.iter().enumerate().filter(|(axis, _)| *axis != place).collect();
        if sizes.is_empty() && number(batch).unwrap_or(1) != 1 || sizes.len() > MAX_RANK {
            return Err(malformed("has another number of axes than a batch of values with 1 to 6"));
        }
        let (value, rank) = (self.shapes.len(), sizes.len());
        let open = &mut self.open;
        let size = |(at, (axis, dim)): (usize, (usize, &proto::Dimension))| {
            number(dim).or_else(|| open.number(dim, &format!("{}.{axis}", port.name), (value, at), rank))
        };
        let sizes: Option<Vec<i64>> = sizes.into_iter().enumerate().map(size).collect();
        let sizes = sizes.ok_or_else(|| malformed("has more open sizes than a chain has symbols"))?;
        if sizes.iter().any(|&size| size < 1) {
            return Err(malformed("has a size below 1"));
        }
        if sizes.iter().try_fold(1_i64, |product, &size| product.checked_mul(size)).is_none_or(|count| count > 1 << 40)
        {
            return Err(malformed("is larger than memory"));
        }
        if let Some(size) = number(batch) {
            if !self.inputs.is_empty() && self.batch != size {
                return Err(malformed("has another batch than the first input"));
            }
            self.batch = size;
        }
        // One number a sample, as the time of a diffusion: the batch is an axis again where a node adds one.
        let batch = (!sizes.is_empty()).then_some(place);
        let sizes = if sizes.is_empty() { vec![1] } else { sizes };
        self.values.insert(port.name.clone(), Value::Tensor(Tensor { value: self.shapes.len(), batch }));
        if is_whole(tensor.elem_type) {
            self.whole.insert(self.shapes.len());
        }
        self.shapes.push(Shape::of(&sizes));
        self.inputs.push(port.name.clone());
        Ok(())
    }

    fn value(&self, name: &str) -> Value {
        self.values.get(name).cloned().unwrap_or(Value::Unknown)
    }

    /// The numbers that an input of a node names.
    fn constant(&self, node: Node<'_>, place: usize) -> Option<Constant> {
        match self.value(node.input(place)?) {
            Value::Constant(constant) => Some(constant),
            Value::Tensor(_) | Value::Wide(_) | Value::List(_) | Value::Unknown => None,
        }
    }

    /// The statement that gives a value.
    fn maker(&self, value: usize) -> Option<usize> {
        value.checked_sub(self.inputs.len())
    }

    /// Whether one node alone reads a value, by whichever of its names.
    fn read_once(&self, value: usize) -> bool {
        let names = self.values.iter().filter(|(_, named)| matches!(named, Value::Tensor(x) if x.value == value));
        names.map(|(name, _)| self.readers.get(name)).all(|readers| readers.is_some_and(|readers| readers.len() == 1))
    }

    /// Adds a statement and gives its value.
    fn push(&mut self, path: String, op: Op, inputs: &[usize]) -> Result<usize, String> {
        let (least, most) = op.operands();
        if !(least.max(1)..=most).contains(&inputs.len()) {
            return Err(format!("it reads {} values", inputs.len()));
        }
        let shapes: Vec<Shape> = inputs.iter().map(|&value| self.shapes[value]).collect();
        let op = op.bind(&shapes, ORDER);
        let shape = op.output(&shapes, ORDER).map_err(|fault| format!("the chain refuses it: {:?}", fault.reason))?;
        // The same part or view of a value is written once.
        let is_view = matches!(
            op,
            Op::Reshape { .. } | Op::Flatten { .. } | Op::Permute { .. } | Op::Slice { .. } | Op::Scale { .. }
        );
        let same = |statement: &Statement| statement.op == op && statement.inputs == inputs;
        if let Some(at) = self.statements.iter().position(same).filter(|_| is_view) {
            return Ok(self.inputs.len() + at);
        }
        self.statements.push(Statement { path, op, inputs: inputs.to_vec(), params: Vec::new(), first_run: None });
        self.shapes.push(shape);
        Ok(self.shapes.len() - 1)
    }

    /// Adds a statement that reads nothing.
    fn push_source(&mut self, path: String, op: Op, shape: Shape) -> usize {
        self.statements.push(Statement { path, op, inputs: Vec::new(), params: Vec::new(), first_run: None });
        self.shapes.push(shape);
        self.shapes.len() - 1
    }

    /// A value without a batch of its own, with the axis of size 1 that the file leaves open as its batch.
    fn with_open_batch(&mut self, x: Tensor, port: &proto::ValueInfo) -> Result<Tensor, String> {
        let sizes = self.sizes(x);
        let shape = port.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref()?.shape.as_ref());
        let dims = shape.map_or(&[][..], |shape| &shape.dim);
        let is_batch = |axis: &usize| sizes[*axis] == 1 && !matches!(dims[*axis].value, Some(proto::Size::Value(_)));
        let batch = (0..dims.len()).find(is_batch).filter(|_| dims.len() == sizes.len() && x.batch.is_none());
        match batch {
            Some(batch) => self.placed(x, &sizes, Some(batch)),
            None => Err("no axis is open".to_owned()),
        }
    }

    fn outputs(&mut self, graph: &proto::Graph) -> Result<Vec<(String, usize)>, ImportError> {
        let mut outputs = Vec::new();
        for port in &graph.output {
            match self.value(&port.name) {
                Value::Tensor(x) => {
                    // A batch of 1 that was merged and is in front again.
                    let x = self.in_front(x).or_else(|_| self.with_open_batch(x, port)).unwrap_or(x);
                    outputs.push((port.name.clone(), x.value));
                }
                Value::Unknown if !self.refusals.is_empty() => {}
                Value::Wide(_) | Value::List(_) => {
                    let text = format!("output `{}` is a list, or has more than {MAX_RANK} axes", port.name);
                    return Err(ImportError::Malformed(text));
                }
                Value::Constant(_) | Value::Unknown => {
                    return Err(ImportError::Malformed(format!(
                        "output `{}` does not depend on the inputs",
                        port.name
                    )));
                }
            }
        }
        match outputs.is_empty() && self.refusals.is_empty() {
            true => Err(ImportError::Malformed("it has no outputs".to_owned())),
            false => Ok(outputs),
        }
    }
}
