//! Functions of Python itself.

use super::eval::{opaque, short};
use super::{Machine, PyResult};
use crate::port::Unported;
use crate::port::syntax::{Class, Operator, PyExpr};
use crate::port::value::{Partial, PyArgs, PyNumber, PyValue, put, whole};
use std::cell::RefCell;
use std::rc::Rc;

const PARTIAL: &str = "functools.partial";

/// Functions that say nothing about a model.
const SILENT: [&str; 4] = ["print", "breakpoint", "display", "assert"];

impl Machine<'_> {
    /// The value of one of Python's functions; `None` if it is not one that is known.
    pub(super) fn builtin(
        &mut self,
        path: &str,
        name: &str,
        args: &PyArgs,
        written: &PyExpr,
    ) -> PyResult<Option<PyValue>> {
        if SILENT.contains(&path) {
            return Ok(Some(PyValue::None));
        }
        let first = args.positional.first();
        let items = |at: usize| args.positional.get(at).and_then(|value| self.items(value));
        let found = match (path, first) {
            ("range" | "torch.arange" | "np.arange", Some(_)) => range(&args.positional),
            ("len", Some(_)) => items(0).map(|items| PyValue::whole(items.len() as i64)),
            ("list" | "tuple" | "sorted" | "set" | "iter", None) => Some(PyValue::list(Vec::new())),
            ("list" | "iter", Some(_)) => items(0).map(PyValue::list),
            ("sorted", Some(_)) if args.named.is_empty() => items(0).and_then(sorted),
            ("set", Some(_)) => items(0).map(|items| {
                let mut found: Vec<PyValue> = Vec::new();
                for item in items {
                    if !found.iter().any(|known| known.equals(&item) == Some(true)) {
                        found.push(item);
                    }
                }
                PyValue::list(found)
            }),
            ("tuple", Some(_)) => items(0).map(PyValue::Tuple),
            ("reversed", Some(_)) => items(0).map(|items| PyValue::list(items.into_iter().rev().collect())),
            ("zip", Some(_)) => {
                let lists: Option<Vec<Vec<PyValue>>> = (0..args.positional.len()).map(items).collect();
                lists.map(zipped)
            }
            ("enumerate", Some(_)) => {
                let start = args.get(1, "start").and_then(PyValue::as_whole).unwrap_or(0);
                items(0).map(|items| {
                    let pair = |(at, item)| PyValue::Tuple(vec![PyValue::whole(start + at as i64), item]);
                    PyValue::list(items.into_iter().enumerate().map(pair).collect())
                })
            }
            ("OrderedDict" | "collections.OrderedDict" | "dict", _) => Some(dict(items(0), args, first)),
            ("type", Some(PyValue::Instance(instance))) => Some(PyValue::Class(instance.class.clone())),
            ("type", Some(PyValue::Partial(_))) => Some(PyValue::Foreign(PARTIAL.to_owned())),
            ("type", Some(PyValue::Class(_) | PyValue::Foreign(_))) => Some(PyValue::Foreign("type".to_owned())),
            (_, Some(function)) if name == "partial" => {
                let (function, positional) = (function.clone(), args.positional[1..].to_vec());
                let args = PyArgs { positional, ..args.clone() };
                Some(PyValue::Partial(Rc::new(Partial { function, args })))
            }
            _ if name == "ArgumentParser" => Some(PyValue::Dict(Rc::default())),
            (_, None) if matches!(name, "Namespace" | "SimpleNamespace") => Some(dict(None, args, None)),
            ("isinstance" | "callable" | "hasattr" | "id", _) => {
                let classes = match first {
                    Some(PyValue::Instance(instance)) => self.ancestors(&instance.class.clone()),
                    _ => Vec::new(),
                };
                instance(path, args, &classes)
            }
            ("getattr", Some(of)) => return self.got(of.clone(), args, written),
            ("setattr", Some(PyValue::Instance(instance))) => {
                if let (Some(PyValue::Text(name)), Some(value)) = (args.positional.get(1), args.positional.get(2)) {
                    instance.set(name, value.clone());
                    return Ok(Some(PyValue::None));
                }
                None
            }
            ("setattr", Some(PyValue::Layer(_) | PyValue::Modules(_))) => {
                return Err(Unported::new(written.line, format!("`{}` cannot be followed", short(&written.text))));
            }
            ("str", Some(PyValue::Number(number))) => Some(PyValue::Text(number.text.clone())),
            ("str", Some(PyValue::Text(text))) => Some(PyValue::Text(text.clone())),
            ("bool", Some(value)) => value.truth().map(PyValue::Bool),
            ("sum", Some(list)) if list.has_data() && list.items().is_some() => {
                let start = args.get(1, "start").cloned();
                let mut values = start.into_iter().chain(items(0).unwrap_or_default());
                let first = values.next().unwrap_or(PyValue::Failed);
                let sum =
                    values.try_fold(first, |sum, value| self.arithmetic(Operator::Add, sum, value, written, "sum"));
                return sum.map(Some);
            }
            _ => numeric(path, name, args, items(0)),
        };
        let is_python = matches!(
            path,
            "range"
                | "len"
                | "list"
                | "tuple"
                | "reversed"
                | "zip"
                | "enumerate"
                | "isinstance"
                | "hasattr"
                | "int"
                | "float"
                | "bool"
                | "str"
                | "type"
                | "id"
                | "callable"
                | "setattr"
                | "set"
                | "iter"
                | "sorted"
        );
        let unknown = || match first {
            Some(PyValue::Opaque(reason)) => PyValue::Opaque(reason.clone()),
            _ => opaque(written),
        };
        Ok(found.or_else(|| is_python.then(unknown)))
    }

    /// `getattr(nn, "ReLU")`
    fn got(&mut self, of: PyValue, args: &PyArgs, written: &PyExpr) -> PyResult<Option<PyValue>> {
        match args.positional.get(1) {
            Some(PyValue::Text(name)) => {
                let name = name.clone();
                match self.attribute(of, &name, written, "")? {
                    PyValue::Bound(..) if args.positional.len() > 2 => Ok(args.positional.get(2).cloned()),
                    value => Ok(Some(value)),
                }
            }
            _ if args.has_data() => Err(Unported::new(written.line, format!("`{}` cannot be followed", written.text))),
            _ => Ok(Some(opaque(written))),
        }
    }
}

fn range(args: &[PyValue]) -> Option<PyValue> {
    const MOST: i64 = 4096;
    let bounds: Vec<i64> = args.iter().map(PyValue::as_whole).collect::<Option<_>>()?;
    let (low, high, step) = match bounds.as_slice() {
        [high] => (0, *high, 1),
        [low, high] => (*low, *high, 1),
        [low, high, step] => (*low, *high, *step),
        _ => return None,
    };
    let count = if step == 0 { return None } else { (high - low + step - step.signum()) / step };
    (count <= MOST).then(|| PyValue::list((0..count.max(0)).map(|at| PyValue::whole(low + at * step)).collect()))
}

/// Numbers or words in order.
fn sorted(mut items: Vec<PyValue>) -> Option<PyValue> {
    let is = |kind: fn(&PyValue) -> bool| items.iter().all(kind);
    if !is(|item| matches!(item, PyValue::Number(_))) && !is(|item| matches!(item, PyValue::Text(_))) {
        return None;
    }
    items.sort_by(|a, b| match (a, b) {
        (PyValue::Number(a), PyValue::Number(b)) => a.value.total_cmp(&b.value),
        (PyValue::Text(a), PyValue::Text(b)) => a.cmp(b),
        _ => std::cmp::Ordering::Equal,
    });
    Some(PyValue::list(items))
}

fn zipped(lists: Vec<Vec<PyValue>>) -> PyValue {
    let count = lists.iter().map(Vec::len).min().unwrap_or(0);
    let row = |at: usize| PyValue::Tuple(lists.iter().filter_map(|list| list.get(at).cloned()).collect());
    PyValue::list((0..count).map(row).collect())
}

fn dict(items: Option<Vec<PyValue>>, args: &PyArgs, first: Option<&PyValue>) -> PyValue {
    let mut pairs = match first {
        Some(PyValue::Dict(pairs)) => pairs.borrow().clone(),
        _ => {
            let pair = |pair: PyValue| match pair.items()?.as_slice() {
                [key, value] => Some((key.clone(), value.clone())),
                _ => None,
            };
            items.unwrap_or_default().into_iter().filter_map(pair).collect()
        }
    };
    for (name, value) in &args.named {
        put(&mut pairs, PyValue::Text(name.clone()), value.clone());
    }
    PyValue::Dict(Rc::new(RefCell::new(pairs)))
}

/// `isinstance(x, int)`, as far as values tell. `classes` are those of the value.
fn instance(path: &str, args: &PyArgs, classes: &[Rc<Class>]) -> Option<PyValue> {
    let value = args.positional.first()?;
    let kind = args.positional.get(1);
    let is = |kind: &PyValue| match (value, kind) {
        (PyValue::Number(number), PyValue::Foreign(kind)) => Some(match kind.as_str() {
            "int" => number.is_whole,
            "float" => !number.is_whole,
            _ => false,
        }),
        (PyValue::Tuple(_), PyValue::Foreign(kind)) => Some(kind == "tuple"),
        (PyValue::List(_), PyValue::Foreign(kind)) => Some(kind == "list"),
        (PyValue::Text(_), PyValue::Foreign(kind)) => Some(kind == "str"),
        (PyValue::Layer(leaf), PyValue::Foreign(kind)) => Some(kind.rsplit('.').next() == Some(&leaf.call)),
        (PyValue::Modules(modules), PyValue::Foreign(kind)) => Some(kind.rsplit('.').next() == Some(&modules.kind)),
        (PyValue::Instance(_), PyValue::Class(class)) => Some(classes.iter().any(|own| Rc::ptr_eq(own, class))),
        // A framework's layer has no class of the program.
        (PyValue::Layer(_) | PyValue::Modules(_), PyValue::Class(_)) => Some(false),
        (PyValue::Data(_), PyValue::Foreign(kind)) => Some(kind.ends_with("Tensor")),
        (PyValue::None, _) => Some(false),
        (value, PyValue::Foreign(kind)) if kind == PARTIAL => Some(matches!(value, PyValue::Partial(_))),
        _ => None,
    };
    match (path, kind) {
        ("isinstance", Some(kinds)) => {
            let kinds = kinds.items().unwrap_or_else(|| vec![kinds.clone()]);
            let found: Vec<bool> = kinds.iter().map(is).collect::<Option<_>>()?;
            Some(PyValue::Bool(found.contains(&true)))
        }
        ("hasattr", Some(PyValue::Text(name))) => match value {
            PyValue::Instance(instance) => Some(PyValue::Bool(instance.get(name).is_some())),
            _ => None,
        },
        _ => None,
    }
}

/// Functions of numbers.
fn numeric(path: &str, name: &str, args: &PyArgs, items: Option<Vec<PyValue>>) -> Option<PyValue> {
    let known = ["int", "float", "round", "min", "max", "sum", "abs", "pow"].contains(&path)
        || ["math.", "np.", "numpy.", "torch."].iter().any(|module| path.starts_with(module));
    if !known {
        return None;
    }
    let values = items.unwrap_or_else(|| args.positional.clone());
    let values: Vec<PyValue> = values.into_iter().map(PyValue::counted).collect();
    let numbers: Vec<&PyNumber> = values
        .iter()
        .map(|value| match value {
            PyValue::Number(number) => Some(number),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let all_whole = numbers.iter().all(|number| number.is_whole);
    let of = |value: f64| Some(if all_whole { PyValue::whole(whole(value)) } else { PyValue::real(value) });
    let values: Vec<f64> = numbers.iter().map(|number| number.value).collect();
    match (name, values.as_slice()) {
        ("int", [value]) => Some(PyValue::whole(whole(*value))),
        ("float", [value]) => Some(PyValue::real(*value)),
        ("round", [value]) => Some(PyValue::whole(whole(value.round_ties_even()))),
        ("ceil", [value]) => Some(PyValue::whole(whole(value.ceil()))),
        ("floor", [value]) => Some(PyValue::whole(whole(value.floor()))),
        ("sqrt", [value]) => Some(PyValue::real(value.sqrt())),
        ("log2", [value]) => Some(PyValue::real(value.log2())),
        ("log", [value]) => Some(PyValue::real(value.ln())),
        ("log", [value, base]) => Some(PyValue::real(value.ln() / base.ln())),
        ("exp", [value]) => Some(PyValue::real(value.exp())),
        ("pow", [value, power]) => of(value.powf(*power)),
        ("abs", [value]) => of(value.abs()),
        ("min", [_, ..]) => of(values.iter().copied().fold(f64::INFINITY, f64::min)),
        ("max", [_, ..]) => of(values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ("sum", _) => of(values.iter().sum()),
        ("prod", _) => of(values.iter().product()),
        _ => None,
    }
}
