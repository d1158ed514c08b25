//! What an expression of the program can be.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::Unported;
use super::syntax::{Class, Function};

/// The largest number that is a size or an axis.
const LARGEST: f64 = 1e9;

/// The whole number of a size.
#[allow(clippy::cast_possible_truncation, reason = "sizes are smaller than what a f64 has, and larger ones saturate")]
pub(super) fn whole(value: f64) -> i64 {
    value as i64
}

/// The batch axis of what has none.
pub(super) const NO_BATCH: usize = 8;

/// The variables of a function, or of the whole program.
pub(super) type PyScope = Rc<RefCell<HashMap<String, PyValue>>>;

#[derive(Clone)]
pub(super) enum PyValue {
    None,
    Bool(bool),
    Number(PyNumber),
    Text(String),
    List(Rc<RefCell<Vec<PyValue>>>),
    Tuple(Vec<PyValue>),
    Dict(Rc<RefCell<Vec<(PyValue, PyValue)>>>),
    /// What goes through the model.
    Data(Data),
    /// The number of samples in a batch.
    Batch,
    Layer(Rc<Leaf>),
    Modules(Rc<Modules>),
    Instance(Rc<Instance>),
    /// A free parameter, or numbers of the program.
    Tensor(Rc<Tensor>),
    Class(Rc<Class>),
    Function(Rc<Function>, Option<PyScope>),
    /// `functools.partial(f, ..)`
    Partial(Rc<Partial>),
    /// A method of an instance of a class.
    Method(Rc<Instance>, Rc<Function>),
    /// `super()`: the instance, and the classes after the method's own.
    Super(Rc<Instance>, Vec<Rc<Class>>),
    /// A name of a framework or of Python, with dots.
    Foreign(String),
    /// A method of a value.
    Bound(Box<PyValue>, String),
    /// What says nothing about the model, unless the model reads it: the reason why it cannot.
    Opaque(Rc<Reason>),
    /// What a listed line would have given.
    Failed,
}

/// Why the model cannot read a value.
pub(super) struct Reason {
    pub(super) text: String,
    /// The line to change, unless it is the one that reads the value.
    pub(super) line: Option<usize>,
}

/// The reason for what has no other one.
pub(super) const NOT_FOLLOWED: &str = "cannot be followed";

impl Reason {
    /// Whether it says why a value cannot be followed.
    pub(super) fn says_why(&self) -> bool {
        !self.text.ends_with(NOT_FOLLOWED)
    }

    /// What is listed if this line reads the value.
    pub(super) fn at(&self, line: usize) -> Unported {
        Unported::new(self.line.unwrap_or(line), self.text.clone())
    }
}

/// A number, as the program writes it.
#[derive(Clone)]
pub(super) struct PyNumber {
    pub(super) text: String,
    pub(super) value: f64,
    pub(super) is_whole: bool,
    /// Whether the text is one number.
    pub(super) is_plain: bool,
}

/// A value of the chain.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Data {
    /// The statement, or the input, that gives it, perhaps with a port.
    pub(super) label: String,
    /// Which axis counts the samples, in the program.
    pub(super) batch: usize,
    /// Whether its axes of size 1 were stretched, which sums and products do themselves.
    pub(super) stretched: bool,
    /// The memory that it shares with its views, as a path: a part of a split has its own within the whole.
    pub(super) memory: String,
}

/// The construction of a layer.
pub(super) struct Leaf {
    pub(super) line: usize,
    pub(super) call: String,
    /// Values without a name come first.
    pub(super) args: Vec<(Option<String>, PyValue)>,
    /// Keras' and Flax' `name`.
    pub(super) label: Option<String>,
}

/// `Sequential`, `ModuleList` or `ModuleDict`.
pub(super) struct Modules {
    pub(super) kind: String,
    pub(super) parts: RefCell<Vec<(String, PyValue)>>,
}

/// The attribute with the layer that a class extends, which has the name of its instance in files.
pub(super) const BASE: &str = "super()";

/// An instance of a class of the program.
pub(super) struct Instance {
    pub(super) class: Rc<Class>,
    pub(super) attrs: RefCell<Vec<(String, PyValue)>>,
    /// How often each layer without a name was made in a method, as Flax counts.
    pub(super) made: RefCell<HashMap<String, usize>>,
}

/// A function with some of its arguments.
pub(super) struct Partial {
    pub(super) function: PyValue,
    pub(super) args: PyArgs,
}

/// `torch.zeros(1, 16, 64)`, alone or in `nn.Parameter`.
#[derive(Clone)]
pub(super) struct Tensor {
    pub(super) shape: Vec<i64>,
    /// The chain's `init`.
    pub(super) init: Option<String>,
    pub(super) is_parameter: bool,
}

impl PyValue {
    pub(super) fn opaque(text: impl Into<String>, line: Option<usize>) -> PyValue {
        PyValue::Opaque(Rc::new(Reason { text: text.into(), line }))
    }

    pub(super) fn list(values: Vec<PyValue>) -> PyValue {
        PyValue::List(Rc::new(RefCell::new(values)))
    }

    pub(super) fn data(label: impl Into<String>) -> PyValue {
        PyValue::Data(Data::new(label))
    }

    pub(super) fn whole(value: i64) -> PyValue {
        PyValue::Number(PyNumber { text: value.to_string(), value: value as f64, is_whole: true, is_plain: value >= 0 })
    }

    pub(super) fn real(value: f64) -> PyValue {
        PyValue::Number(PyNumber { text: format!("{value:?}"), value, is_whole: false, is_plain: value >= 0.0 })
    }

    pub(super) fn as_whole(&self) -> Option<i64> {
        match self {
            PyValue::Number(number) if number.is_whole && number.value.abs() <= LARGEST => Some(whole(number.value)),
            _ => None,
        }
    }

    /// Python counts `True` as 1.
    pub(super) fn counted(self) -> PyValue {
        if let PyValue::Bool(value) = self { PyValue::whole(i64::from(value)) } else { self }
    }

    /// A number as one number.
    pub(super) fn plain(self) -> PyValue {
        match self {
            PyValue::Number(number) if number.is_plain => PyValue::Number(number),
            PyValue::Number(number) if number.is_whole => PyValue::whole(whole(number.value)),
            PyValue::Number(number) => PyValue::real(number.value),
            value => value,
        }
    }

    /// The items of a list or a tuple.
    pub(super) fn items(&self) -> Option<Vec<PyValue>> {
        match self {
            PyValue::List(items) => Some(items.borrow().clone()),
            PyValue::Tuple(items) => Some(items.clone()),
            _ => None,
        }
    }

    /// Whether the model's data is in it.
    pub(super) fn has_data(&self) -> bool {
        match self {
            PyValue::Data(_) => true,
            PyValue::List(items) => items.borrow().iter().any(PyValue::has_data),
            PyValue::Tuple(items) => items.iter().any(PyValue::has_data),
            PyValue::Dict(pairs) => pairs.borrow().iter().any(|(_, value)| value.has_data()),
            PyValue::Bound(of, _) => of.has_data(),
            _ => false,
        }
    }

    /// Whether it is, or has, what a listed line would have given.
    pub(super) fn has_failed(&self) -> bool {
        match self {
            PyValue::Failed => true,
            PyValue::List(items) => items.borrow().iter().any(PyValue::has_failed),
            PyValue::Tuple(items) => items.iter().any(PyValue::has_failed),
            PyValue::Bound(of, _) => of.has_failed(),
            _ => false,
        }
    }

    pub(super) fn is_module(&self) -> bool {
        matches!(self, PyValue::Layer(_) | PyValue::Modules(_) | PyValue::Instance(_))
    }

    /// Where a module is in memory, which tells one from another.
    pub(super) fn place(&self) -> Option<*const ()> {
        match self {
            PyValue::Layer(leaf) => Some(Rc::as_ptr(leaf).cast()),
            PyValue::Modules(modules) => Some(Rc::as_ptr(modules).cast()),
            PyValue::Instance(instance) => Some(Rc::as_ptr(instance).cast()),
            PyValue::Tensor(tensor) => Some(Rc::as_ptr(tensor).cast()),
            _ => None,
        }
    }

    /// Whether Python takes it for true, if the program says.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            PyValue::None => Some(false),
            PyValue::Bool(value) => Some(*value),
            PyValue::Number(number) => Some(number.value != 0.0),
            PyValue::Text(text) => Some(!text.is_empty()),
            PyValue::List(items) => Some(!items.borrow().is_empty()),
            PyValue::Tuple(items) => Some(!items.is_empty()),
            PyValue::Dict(pairs) => Some(!pairs.borrow().is_empty()),
            PyValue::Modules(modules) => Some(!modules.parts.borrow().is_empty()),
            PyValue::Layer(_)
            | PyValue::Instance(_)
            | PyValue::Class(_)
            | PyValue::Function(..)
            | PyValue::Partial(_)
            | PyValue::Method(..) => Some(true),
            PyValue::Data(_)
            | PyValue::Batch
            | PyValue::Tensor(_)
            | PyValue::Super(..)
            | PyValue::Foreign(_)
            | PyValue::Bound(..)
            | PyValue::Opaque(_)
            | PyValue::Failed => None,
        }
    }

    /// Whether two values are equal, if the program says.
    pub(super) fn equals(&self, other: &PyValue) -> Option<bool> {
        Some(match (self, other) {
            (PyValue::Data(_) | PyValue::Batch | PyValue::Opaque(_) | PyValue::Failed, PyValue::None)
            | (PyValue::None, PyValue::Data(_) | PyValue::Batch) => match self {
                PyValue::Data(_) | PyValue::Batch | PyValue::None => false,
                _ => return None,
            },
            (PyValue::None, PyValue::None) | (PyValue::Batch, PyValue::Batch) => true,
            (PyValue::Bool(a), PyValue::Bool(b)) => a == b,
            (PyValue::Number(a), PyValue::Number(b)) => a.value == b.value,
            (PyValue::Bool(a), PyValue::Number(b)) | (PyValue::Number(b), PyValue::Bool(a)) => {
                b.value == f64::from(u8::from(*a))
            }
            (PyValue::Text(a), PyValue::Text(b)) => a == b,
            (PyValue::Foreign(a), PyValue::Foreign(b)) => a == b,
            (PyValue::Class(a), PyValue::Class(b)) => Rc::ptr_eq(a, b),
            (PyValue::Tuple(_) | PyValue::List(_), PyValue::Tuple(_) | PyValue::List(_)) => {
                let (a, b) = (self.items()?, other.items()?);
                let pairs = a.iter().zip(&b).map(|(a, b)| a.equals(b)).collect::<Option<Vec<bool>>>()?;
                a.len() == b.len() && pairs.into_iter().all(|equal| equal)
            }
            (PyValue::Opaque(_) | PyValue::Failed | PyValue::Data(_) | PyValue::Batch, _)
            | (_, PyValue::Opaque(_) | PyValue::Failed | PyValue::Data(_) | PyValue::Batch) => return None,
            _ => match (self.place(), other.place()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        })
    }

    /// A number or a word as the chain's parser reads Python; `None` for what no layer takes.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            PyValue::None => "None".to_owned(),
            PyValue::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
            PyValue::Number(number) => number.text.clone(),
            PyValue::Text(text) => format!("{text:?}"),
            PyValue::List(items) => format!("[{}]", texts(&items.borrow())?),
            PyValue::Tuple(items) if items.len() == 1 => format!("[{}]", texts(items)?),
            PyValue::Tuple(items) => format!("({})", texts(items)?),
            _ => return None,
        })
    }
}

/// The value of a key of a dict.
pub(super) fn found(pairs: &[(PyValue, PyValue)], key: &PyValue) -> Option<PyValue> {
    pairs.iter().find(|(known, _)| known.equals(key) == Some(true)).map(|(_, value)| value.clone())
}

/// Gives a key of a dict a value; a known one keeps its place.
pub(super) fn put(pairs: &mut Vec<(PyValue, PyValue)>, key: PyValue, value: PyValue) {
    match pairs.iter_mut().find(|(known, _)| known.equals(&key) == Some(true)) {
        Some((_, old)) => *old = value,
        None => pairs.push((key, value)),
    }
}

fn texts(values: &[PyValue]) -> Option<String> {
    Some(values.iter().map(PyValue::text).collect::<Option<Vec<String>>>()?.join(", "))
}

impl Data {
    pub(super) fn new(label: impl Into<String>) -> Data {
        let label = label.into();
        Data { memory: label.clone(), label, batch: 0, stretched: false }
    }
}

impl PyNumber {
    /// The text as an operand.
    pub(super) fn operand(&self) -> String {
        if self.is_plain { self.text.clone() } else { format!("({})", self.text) }
    }
}

/// Arguments of a call with their values.
#[derive(Clone, Default)]
pub(super) struct PyArgs {
    pub(super) positional: Vec<PyValue>,
    pub(super) named: Vec<(String, PyValue)>,
    /// Lines of all of them, for messages.
    pub(super) line: usize,
}

impl PyArgs {
    /// The value at a position or under a name.
    pub(super) fn get(&self, at: usize, name: &str) -> Option<&PyValue> {
        self.positional.get(at).or_else(|| self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &PyValue> {
        self.positional.iter().chain(self.named.iter().map(|(_, value)| value))
    }

    pub(super) fn has_data(&self) -> bool {
        self.all().any(PyValue::has_data)
    }
}
