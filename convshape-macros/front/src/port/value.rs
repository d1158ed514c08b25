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
pub(super) type Scope = Rc<RefCell<HashMap<String, Value>>>;

#[derive(Clone)]
pub(super) enum Value {
    None,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Rc<RefCell<Vec<Value>>>),
    Tuple(Vec<Value>),
    Dict(Rc<RefCell<Vec<(Value, Value)>>>),
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
    Function(Rc<Function>, Option<Scope>),
    /// A method of an instance of a class.
    Method(Rc<Instance>, Rc<Function>),
    /// `super()`: the instance, and the classes after the method's own.
    Super(Rc<Instance>, Vec<Rc<Class>>),
    /// A name of a framework or of Python, with dots.
    Foreign(String),
    /// A method of a value.
    Bound(Box<Value>, String),
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

impl Reason {
    /// What is listed if this line reads the value.
    pub(super) fn at(&self, line: usize) -> Unported {
        Unported::new(self.line.unwrap_or(line), self.text.clone())
    }
}

/// A number, as the program writes it.
#[derive(Clone)]
pub(super) struct Number {
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
    pub(super) args: Vec<(Option<String>, Value)>,
    /// Keras' and Flax' `name`.
    pub(super) label: Option<String>,
}

/// `Sequential`, `ModuleList` or `ModuleDict`.
pub(super) struct Modules {
    pub(super) kind: String,
    pub(super) parts: RefCell<Vec<(String, Value)>>,
}

/// An instance of a class of the program.
pub(super) struct Instance {
    pub(super) class: Rc<Class>,
    pub(super) attrs: RefCell<Vec<(String, Value)>>,
    /// How often each layer without a name was made in a method, as Flax counts.
    pub(super) made: RefCell<HashMap<String, usize>>,
}

/// `torch.zeros(1, 16, 64)`, alone or in `nn.Parameter`.
#[derive(Clone)]
pub(super) struct Tensor {
    pub(super) shape: Vec<i64>,
    /// The chain's `init`.
    pub(super) init: Option<String>,
    pub(super) is_parameter: bool,
}

impl Value {
    pub(super) fn opaque(text: impl Into<String>, line: Option<usize>) -> Value {
        Value::Opaque(Rc::new(Reason { text: text.into(), line }))
    }

    pub(super) fn list(values: Vec<Value>) -> Value {
        Value::List(Rc::new(RefCell::new(values)))
    }

    pub(super) fn data(label: impl Into<String>) -> Value {
        Value::Data(Data::new(label))
    }

    pub(super) fn whole(value: i64) -> Value {
        Value::Number(Number { text: value.to_string(), value: value as f64, is_whole: true, is_plain: value >= 0 })
    }

    pub(super) fn real(value: f64) -> Value {
        Value::Number(Number { text: format!("{value:?}"), value, is_whole: false, is_plain: value >= 0.0 })
    }

    pub(super) fn as_whole(&self) -> Option<i64> {
        match self {
            Value::Number(number) if number.is_whole && number.value.abs() <= LARGEST => Some(whole(number.value)),
            _ => None,
        }
    }

    /// A number as one number.
    pub(super) fn plain(self) -> Value {
        match self {
            Value::Number(number) if number.is_plain => Value::Number(number),
            Value::Number(number) if number.is_whole => Value::whole(whole(number.value)),
            Value::Number(number) => Value::real(number.value),
            value => value,
        }
    }

    /// The items of a list or a tuple.
    pub(super) fn items(&self) -> Option<Vec<Value>> {
        match self {
            Value::List(items) => Some(items.borrow().clone()),
            Value::Tuple(items) => Some(items.clone()),
            _ => None,
        }
    }

    /// Whether the model's data is in it.
    pub(super) fn has_data(&self) -> bool {
        match self {
            Value::Data(_) => true,
            Value::List(items) => items.borrow().iter().any(Value::has_data),
            Value::Tuple(items) => items.iter().any(Value::has_data),
            Value::Dict(pairs) => pairs.borrow().iter().any(|(_, value)| value.has_data()),
            Value::Bound(of, _) => of.has_data(),
            _ => false,
        }
    }

    /// Whether it is, or has, what a listed line would have given.
    pub(super) fn has_failed(&self) -> bool {
        match self {
            Value::Failed => true,
            Value::List(items) => items.borrow().iter().any(Value::has_failed),
            Value::Tuple(items) => items.iter().any(Value::has_failed),
            Value::Bound(of, _) => of.has_failed(),
            _ => false,
        }
    }

    pub(super) fn is_module(&self) -> bool {
        matches!(self, Value::Layer(_) | Value::Modules(_) | Value::Instance(_))
    }

    /// Where a module is in memory, which tells one from another.
    pub(super) fn place(&self) -> Option<*const ()> {
        match self {
            Value::Layer(leaf) => Some(Rc::as_ptr(leaf).cast()),
            Value::Modules(modules) => Some(Rc::as_ptr(modules).cast()),
            Value::Instance(instance) => Some(Rc::as_ptr(instance).cast()),
            Value::Tensor(tensor) => Some(Rc::as_ptr(tensor).cast()),
            _ => None,
        }
    }

    /// Whether Python takes it for true, if the program says.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Value::None => Some(false),
            Value::Bool(value) => Some(*value),
            Value::Number(number) => Some(number.value != 0.0),
            Value::Text(text) => Some(!text.is_empty()),
            Value::List(items) => Some(!items.borrow().is_empty()),
            Value::Tuple(items) => Some(!items.is_empty()),
            Value::Dict(pairs) => Some(!pairs.borrow().is_empty()),
            Value::Modules(modules) => Some(!modules.parts.borrow().is_empty()),
            Value::Layer(_) | Value::Instance(_) | Value::Class(_) | Value::Function(..) | Value::Method(..) => {
                Some(true)
            }
            Value::Data(_)
            | Value::Batch
            | Value::Tensor(_)
            | Value::Super(..)
            | Value::Foreign(_)
            | Value::Bound(..)
            | Value::Opaque(_)
            | Value::Failed => None,
        }
    }

    /// Whether two values are equal, if the program says.
    pub(super) fn equals(&self, other: &Value) -> Option<bool> {
        Some(match (self, other) {
            (Value::Data(_) | Value::Batch | Value::Opaque(_) | Value::Failed, Value::None)
            | (Value::None, Value::Data(_) | Value::Batch) => match self {
                Value::Data(_) | Value::Batch | Value::None => false,
                _ => return None,
            },
            (Value::None, Value::None) | (Value::Batch, Value::Batch) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a.value == b.value,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Foreign(a), Value::Foreign(b)) => a == b,
            (Value::Class(a), Value::Class(b)) => Rc::ptr_eq(a, b),
            (Value::Tuple(_) | Value::List(_), Value::Tuple(_) | Value::List(_)) => {
                let (a, b) = (self.items()?, other.items()?);
                let pairs = a.iter().zip(&b).map(|(a, b)| a.equals(b)).collect::<Option<Vec<bool>>>()?;
                a.len() == b.len() && pairs.into_iter().all(|equal| equal)
            }
            (Value::Opaque(_) | Value::Failed | Value::Data(_) | Value::Batch, _)
            | (_, Value::Opaque(_) | Value::Failed | Value::Data(_) | Value::Batch) => return None,
            _ => match (self.place(), other.place()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        })
    }

    /// A number or a word as the chain's parser reads Python; `None` for what no layer takes.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Value::None => "None".to_owned(),
            Value::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
            Value::Number(number) => number.text.clone(),
            Value::Text(text) => format!("{text:?}"),
            Value::List(items) => format!("[{}]", texts(&items.borrow())?),
            Value::Tuple(items) if items.len() == 1 => format!("[{}]", texts(items)?),
            Value::Tuple(items) => format!("({})", texts(items)?),
            _ => return None,
        })
    }
}

/// Gives a key of a dict a value; a known one keeps its place.
pub(super) fn put(pairs: &mut Vec<(Value, Value)>, key: Value, value: Value) {
    match pairs.iter_mut().find(|(known, _)| known.equals(&key) == Some(true)) {
        Some((_, old)) => *old = value,
        None => pairs.push((key, value)),
    }
}

fn texts(values: &[Value]) -> Option<String> {
    Some(values.iter().map(Value::text).collect::<Option<Vec<String>>>()?.join(", "))
}

impl Data {
    pub(super) fn new(label: impl Into<String>) -> Data {
        let label = label.into();
        Data { memory: label.clone(), label, batch: 0, stretched: false }
    }
}

impl Number {
    /// The text as an operand.
    pub(super) fn operand(&self) -> String {
        if self.is_plain { self.text.clone() } else { format!("({})", self.text) }
    }
}

/// Arguments of a call with their values.
#[derive(Clone, Default)]
pub(super) struct Args {
    pub(super) positional: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
    /// Lines of all of them, for messages.
    pub(super) line: usize,
}

impl Args {
    /// The value at a position or under a name.
    pub(super) fn get(&self, at: usize, name: &str) -> Option<&Value> {
        self.positional.get(at).or_else(|| self.named.iter().find(|(known, _)| known == name).map(|(_, value)| value))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Value> {
        self.positional.iter().chain(self.named.iter().map(|(_, value)| value))
    }

    pub(super) fn has_data(&self) -> bool {
        self.all().any(Value::has_data)
    }
}
