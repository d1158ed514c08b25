//! What a call does, by what is called.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use convshape_arith::op::Dialect;

use super::eval::{formatted, opaque, short};
use super::{Machine, PyResult};
use crate::port::program::PortedInput;
use crate::port::syntax::{Class, PyExpr, PyStmtKind};
use crate::port::value::{BASE, Instance, Modules, PyArgs, PyValue, Tensor, put};
use crate::port::{Unported, layer};
use crate::words;

/// The methods that run a model.
const RUNS: [&str; 3] = ["forward", "call", "__call__"];

/// Modules that hold others.
const HOLDERS: [&str; 6] = ["Sequential", "ModuleList", "ModuleDict", "ParameterList", "sequential", "Residual"];

impl Machine<'_> {
    pub(super) fn called(
        &mut self,
        function: PyValue,
        args: PyArgs,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        if args.all().any(PyValue::has_failed) {
            return Ok(PyValue::Failed);
        }
        match function {
            PyValue::Foreign(path) => self.foreign(&path, args, written, hint),
            PyValue::Layer(_) | PyValue::Modules(_) => self.apply(&function, args, written, hint),
            PyValue::Instance(instance) => self.run_instance(&instance, args, written, hint),
            PyValue::Class(class) => self.instance(&class, args, written),
            PyValue::Function(function, closure) => self.call(&function, None, closure, args),
            PyValue::Partial(partial) => {
                let (mut positional, mut named) = (partial.args.positional.clone(), partial.args.named.clone());
                positional.extend(args.positional);
                named.retain(|(name, _)| !args.named.iter().any(|(other, _)| other == name));
                named.extend(args.named);
                let function = partial.function.clone();
                self.called(function, PyArgs { positional, named, line: args.line }, written, hint)
            }
            PyValue::Method(instance, method) => self.call(&method, Some(instance), None, args),
            PyValue::Bound(of, name) => self.bound_call(*of, &name, args, written, hint),
            PyValue::Failed => Ok(PyValue::Failed),
            function if args.has_data() || function.has_data() => Err(match function {
                PyValue::Opaque(reason) => reason.at(written.line),
                _ => not_followed(written),
            }),
            PyValue::Opaque(reason) => Ok(PyValue::Opaque(reason)),
            _ => Ok(opaque(written)),
        }
    }

    /// A function or class of a framework, or of Python.
    fn foreign(&mut self, path: &str, args: PyArgs, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        let name = path.rsplit('.').next().unwrap_or(path);
        if let Some(value) = self.builtin(path, name, &args, written)? {
            return Ok(value);
        }
        if name == "Model" && !args.positional.is_empty() | !args.named.is_empty() {
            return self.model(&args, written);
        }
        if name == "super" {
            return Ok(self.parent());
        }
        if args.has_data() && !HOLDERS.contains(&name) {
            return self.function(path, args, written, hint);
        }
        match name {
            "Input" | "InputLayer" => self.input(&args, hint, written.line),
            name if HOLDERS.contains(&name) => self.holder(name, &args, written.line),
            "weight_norm" if matches!(args.all().collect::<Vec<_>>().as_slice(), [PyValue::Layer(_)]) => {
                let note = "`weight_norm` is left out: `load` folds it into the weight, which then trains as a whole";
                self.program.note(format!("line {}: {note}", written.line));
                Ok(args.all().next().cloned().unwrap_or(PyValue::Failed))
            }
            "Parameter" => Ok(self.parameter_of(&args).unwrap_or_else(|| opaque(written))),
            "Lambda" if matches!(args.positional.as_slice(), [PyValue::Function(..)]) => Ok(args.positional[0].clone()),
            name if name.starts_with(|first: char| first.is_ascii_uppercase()) && words::is_layer(name) => {
                self.layer(name, args, written)
            }
            "field" => match (args.get(usize::MAX, "default"), args.get(usize::MAX, "default_factory")) {
                (Some(default), _) => Ok(default.clone()),
                (None, Some(make)) => {
                    self.called(make.clone(), PyArgs { line: args.line, ..PyArgs::default() }, written, hint)
                }
                (None, None) => Ok(opaque(written)),
            },
            name if ["torchvision.", "timm.", "torch.hub.", "models."].iter().any(|from| path.starts_with(from)) => {
                let reason = format!(
                    "`{name}` is a model of another file: add its source, or export it to ONNX and use `cargo convshape import`"
                );
                Ok(PyValue::opaque(reason, Some(written.line)))
            }
            "summary" => {
                self.shape_hint(args.get(1, "input_size"));
                Ok(PyValue::None)
            }
            "randn" | "rand" | "zeros" | "ones" | "empty" | "full" | "tensor" => {
                Ok(self.filled(name, &args).unwrap_or_else(|| opaque(written)))
            }
            name => Ok(PyValue::opaque(self.no_layer(name), Some(written.line))),
        }
    }

    /// Why a name is not a layer.
    pub(super) fn no_layer(&self, name: &str) -> String {
        match words::instead(name) {
            Some(instead) => format!("`{name}` is not a layer of a chain: {instead}"),
            None => match words::find_function(name, self.program.dialect).map(|found| found.words.name(found.rank)) {
                Some(layer) if layer::has_params(&layer, self.program.dialect) => {
                    format!("`{name}` is given its weights: write the layer `{layer}`, whose parameters have names")
                }
                _ => format!("`{name}` is not a layer that a chain has"),
            },
        }
    }

    /// `super()` in a method.
    fn parent(&mut self) -> PyValue {
        let Some((instance, function)) =
            self.calls.last().and_then(|frame| Some((frame.instance.clone()?, frame.function.clone())))
        else {
            return PyValue::None;
        };
        let classes = self.ancestors(&instance.class);
        let own = classes
            .iter()
            .position(|class| class.method(&function.name).is_some_and(|method| Rc::ptr_eq(method, &function)));
        let rest = classes.into_iter().skip(own.map_or(1, |own| own + 1)).collect();
        PyValue::Super(instance, rest)
    }

    /// `Sequential(..)`, `ModuleList([..])`
    fn holder(&mut self, kind: &str, args: &PyArgs, line: usize) -> PyResult<PyValue> {
        let mut parts = Vec::new();
        let named = args.named.iter().filter(|(name, _)| name == "layers").map(|(_, value)| value);
        for value in args.positional.iter().chain(named) {
            self.part(None, value, line, &mut parts)?;
        }
        let named = args.named.iter().find(|(name, _)| name == "input_shape").map(|(_, shape)| shape);
        self.shape_hint(named);
        Ok(PyValue::Modules(Rc::new(Modules { kind: kind.to_owned(), parts: RefCell::new(parts) })))
    }

    /// A part of a sequence: a module, a list of them, or named ones.
    fn part(
        &mut self,
        name: Option<String>,
        value: &PyValue,
        line: usize,
        parts: &mut Vec<(String, PyValue)>,
    ) -> PyResult<()> {
        let pairs: Vec<(PyValue, PyValue)> = match value {
            PyValue::Dict(pairs) => pairs.borrow().clone(),
            value => match value.items() {
                Some(items) => {
                    return match items.as_slice() {
                        [PyValue::Text(name), value] => self.part(Some(name.clone()), value, line, parts),
                        items => items.iter().try_for_each(|item| self.part(None, item, line, parts)),
                    };
                }
                None => Vec::new(),
            },
        };
        for (key, value) in &pairs {
            match key {
                PyValue::Text(name) => self.part(Some(name.clone()), value, line, parts)?,
                PyValue::Opaque(reason) => return Err(reason.at(line)),
                _ => return Err(Unported::new(line, "a module's name is not a text")),
            }
        }
        match value {
            PyValue::Dict(_) => Ok(()),
            // An input in a sequence gives only its shape.
            PyValue::Data(_) if self.program.statements.is_empty() => {
                self.program.shapes.extend(self.program.inputs.pop().and_then(|input| input.shape));
                Ok(())
            }
            PyValue::Layer(_)
            | PyValue::Modules(_)
            | PyValue::Instance(_)
            | PyValue::Function(..)
            | PyValue::Tensor(_) => {
                self.used.extend(value.place());
                parts.push((name.unwrap_or_else(|| parts.len().to_string()), value.clone()));
                Ok(())
            }
            PyValue::Failed => {
                parts.push((String::new(), PyValue::Failed));
                Ok(())
            }
            PyValue::Opaque(reason) => Err(reason.at(line)),
            _ => Err(Unported::new(line, "this is not a layer")),
        }
    }

    /// A module as PyTorch prints it.
    pub(super) fn printed_module(
        &mut self,
        name: &str,
        parts: Vec<(String, PyValue)>,
        line: usize,
    ) -> PyResult<PyValue> {
        if words::is_layer(name) {
            let reason =
                format!("a printed `{name}` does not say all that it computes: write its line as Python has it");
            return Err(Unported::new(line, reason));
        }
        if !HOLDERS.contains(&name) {
            // The outermost is read last.
            self.program.class = Some(name.to_owned());
            self.program.note(format!(
                "`{name}` is printed without its `forward`: its parts are read as if each took what the one before gives"
            ));
        }
        let mut found = Vec::new();
        for (name, value) in parts {
            self.part(Some(name), &value, line, &mut found)?;
        }
        Ok(PyValue::Modules(Rc::new(Modules { kind: "Sequential".to_owned(), parts: RefCell::new(found) })))
    }

    /// An instance of a class of the program.
    pub(super) fn instance(&mut self, class: &Rc<Class>, args: PyArgs, written: &PyExpr) -> PyResult<PyValue> {
        if !self.is_module_class(class) && self.method(class, "__init__").is_none() {
            return self.record(class, &args);
        }
        if !self.is_module_class(class) {
            let reason = format!("`{}` is not a module: write out what it computes", class.name);
            return Ok(PyValue::opaque(reason, Some(written.line)));
        }
        let instance = Rc::new(Instance { class: class.clone(), attrs: RefCell::default(), made: RefCell::default() });
        self.made.push(PyValue::Instance(instance.clone()));
        self.named_by_flax(&PyValue::Instance(instance.clone()), &class.name, &args);
        let classes = self.ancestors(class);
        let own = self.method(class, "__init__");
        self.class_values(&classes, &instance, &args, own.is_none())?;
        if let Some(init) = own {
            self.call(&init, Some(instance.clone()), None, args)?;
        } else if let Some(layer) = self.base_layer(class) {
            let made = self.layer(&layer, args, written)?;
            instance.set(BASE, made);
        } else if self.bases(class).iter().any(|base| base.ends_with("Sequential")) {
            self.sequential(&instance, &args, written.line)?;
        }
        for method in ["setup", "build"] {
            if let Some(method) = self.method(class, method) {
                self.call(&method, Some(instance.clone()), None, PyArgs::default())?;
            }
        }
        let attrs: Vec<PyValue> = instance.attrs.borrow().iter().map(|(_, value)| value.clone()).collect();
        self.used.extend(attrs.iter().filter_map(PyValue::place));
        Ok(PyValue::Instance(instance))
    }

    /// An instance of a class that only has fields, such as a dataclass with the sizes of a model.
    fn record(&mut self, class: &Rc<Class>, args: &PyArgs) -> PyResult<PyValue> {
        let fields = Rc::new(Instance { class: class.clone(), attrs: RefCell::default(), made: RefCell::default() });
        let classes = self.ancestors(class);
        self.class_values(&classes, &fields, args, true)?;
        let pairs = fields.attrs.take().into_iter().map(|(name, value)| (PyValue::Text(name), value));
        Ok(PyValue::Dict(Rc::new(RefCell::new(pairs.collect()))))
    }

    /// Whether a class, or one that it extends, is a framework's module.
    pub(super) fn is_module_class(&mut self, class: &Rc<Class>) -> bool {
        let not = ["Dataset", "Enum", "ABC", "object", "Exception", "IterableDataset"];
        let bases = self.bases(class);
        let runs = RUNS.iter().any(|name| self.method(class, name).is_some());
        bases.iter().any(|base| !not.iter().any(|not| base.ends_with(not))) || runs
    }

    /// What the body of a class gives its instances; without `__init__` also its fields, as in a dataclass.
    fn class_values(
        &mut self,
        classes: &[Rc<Class>],
        instance: &Rc<Instance>,
        args: &PyArgs,
        fields: bool,
    ) -> PyResult<()> {
        let mut positional = args.positional.iter();
        for class in classes.iter().rev() {
            for stmt in &class.body {
                let (name, default) = match &stmt.kind {
                    PyStmtKind::Assign(targets, value) => {
                        (targets.first().map_or(String::new(), super::name_of), Some(value))
                    }
                    PyStmtKind::Declare(name) => (name.clone(), None),
                    _ => continue,
                };
                let given = positional.next().filter(|_| fields).cloned();
                let named =
                    args.named.iter().find(|(known, _)| *known == name && fields).map(|(_, value)| value.clone());
                let value = match (given.or(named), default) {
                    (Some(value), _) => value,
                    (None, Some(default)) => self.value(default, "")?.plain(),
                    (None, None) => self.missing(&name),
                };
                instance.set(&name, value);
            }
        }
        Ok(())
    }

    /// A value in the body of a class.
    pub(super) fn class_value(&mut self, class: &Rc<Class>, name: &str) -> PyResult<Option<PyValue>> {
        for class in self.ancestors(class) {
            for stmt in &class.body {
                match &stmt.kind {
                    PyStmtKind::Assign(targets, value)
                        if targets.first().is_some_and(|target| super::name_of(target) == name) =>
                    {
                        return self.value(value, "").map(|value| Some(value.plain()));
                    }
                    _ => {}
                }
            }
        }
        Ok(None)
    }

    /// The parts of a class that extends `nn.Sequential`.
    fn sequential(&mut self, instance: &Rc<Instance>, args: &PyArgs, line: usize) -> PyResult<()> {
        let mut parts = Vec::new();
        args.positional.iter().try_for_each(|value| self.part(None, value, line, &mut parts))?;
        parts.into_iter().for_each(|(name, value)| instance.set(&name, value));
        Ok(())
    }

    /// A method of a value: of a list, of modules, of the model's data.
    fn bound_call(&mut self, of: PyValue, name: &str, args: PyArgs, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        if of.is_module() && name.starts_with("register_") && name.ends_with("_hook") {
            let reason = format!("what `{}` adds cannot be followed", short(&written.text));
            return Err(Unported::new(written.line, reason));
        }
        match (&of, name) {
            (PyValue::Data(data), _) => {
                let args = PyArgs { positional: std::iter::once(of.clone()).chain(args.positional).collect(), ..args };
                let data = data.clone();
                self.data_method(&data, name, args, written, hint)
            }
            (PyValue::Super(instance, _), "__init__") => {
                let instance = instance.clone();
                if let Some(layer) = self.base_layer(&instance.class) {
                    let made = self.layer(&layer, args, written)?;
                    instance.set(BASE, made);
                } else if self.bases(&instance.class).iter().any(|base| base.ends_with("Sequential")) {
                    self.sequential(&instance, &args, written.line)?;
                }
                Ok(PyValue::None)
            }
            (PyValue::Super(instance, _), name) if RUNS.contains(&name) => {
                let instance = instance.clone();
                self.run_parts(&instance, args, written, hint)
            }
            (PyValue::Modules(modules), name) => {
                let modules = modules.clone();
                self.modules_method(&modules, name, args, written, hint)
            }
            (PyValue::Instance(instance), name) => {
                let instance = instance.clone();
                self.instance_method(&instance, name, args, written, hint)
            }
            (PyValue::Layer(_), name) if RUNS.contains(&name) => self.apply(&of, args, written, hint),
            (PyValue::List(items), name) => self.list_method(items, name, args, written),
            (PyValue::Dict(_), "parse_args" | "add_argument_group") => Ok(of),
            (PyValue::Dict(_), "parse_known_args") => Ok(PyValue::Tuple(vec![of, PyValue::list(Vec::new())])),
            (PyValue::Dict(pairs), "add_argument") => {
                if let Some((name, default)) = option(&args, written) {
                    put(&mut pairs.borrow_mut(), name, default);
                }
                Ok(PyValue::None)
            }
            (PyValue::Dict(pairs), name) => dict_method(pairs, name, args, written),
            (PyValue::Text(text), "format") if args.named.is_empty() => {
                Ok(placed_in(text, &args.positional).map_or_else(|| opaque(written), PyValue::Text))
            }
            (PyValue::Text(text), "lower") => Ok(PyValue::Text(text.to_lowercase())),
            (PyValue::Text(text), "upper") => Ok(PyValue::Text(text.to_uppercase())),
            (PyValue::Tensor(_), "requires_grad_" | "to" | "cuda" | "float" | "clone" | "detach") => Ok(of),
            _ if args.has_data() => Err(not_followed(written)),
            _ => Ok(opaque(written)),
        }
    }

    fn list_method(
        &mut self,
        items: &RefCell<Vec<PyValue>>,
        name: &str,
        args: PyArgs,
        written: &PyExpr,
    ) -> PyResult<PyValue> {
        match name {
            "append" => {
                items.borrow_mut().extend(args.positional);
                Ok(PyValue::None)
            }
            "extend" => {
                let more = args.positional.first().and_then(|value| self.items(value));
                let more = more.ok_or_else(|| {
                    Unported::new(written.line, format!("`{}` adds what is not known here", short(&written.text)))
                })?;
                self.spend(more.len(), written.line);
                items.borrow_mut().extend(more);
                Ok(PyValue::None)
            }
            "insert" => {
                let [at, value] = args.positional.as_slice() else { return Err(not_followed(written)) };
                let mut items = items.borrow_mut();
                let at = place_in(items.len(), at).ok_or_else(|| not_followed(written))?;
                items.insert(at, value.clone());
                Ok(PyValue::None)
            }
            "pop" => {
                let mut items = items.borrow_mut();
                let at = args.positional.first().map_or(Some(-1), PyValue::as_whole);
                let at = at.map(|at| if at < 0 { at + items.len() as i64 } else { at });
                let at = at.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < items.len());
                at.map(|at| items.remove(at)).ok_or_else(|| not_followed(written))
            }
            "reverse" => {
                items.borrow_mut().reverse();
                Ok(PyValue::None)
            }
            "clear" => {
                items.borrow_mut().clear();
                Ok(PyValue::None)
            }
            "copy" => Ok(PyValue::list(items.borrow().clone())),
            "index" | "count" if args.has_data() => Err(not_followed(written)),
            "index" | "count" => Ok(opaque(written)),
            // Others may change the list.
            _ => Err(not_followed(written)),
        }
    }

    /// `model.add(..)`, `net.add_module(..)`, `self.blocks.append(..)`
    fn modules_method(
        &mut self,
        modules: &Rc<Modules>,
        name: &str,
        args: PyArgs,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        match (name, args.positional.as_slice()) {
            ("add" | "append", [value]) => {
                let mut parts = modules.parts.borrow().clone();
                self.part(None, value, args.line, &mut parts)?;
                *modules.parts.borrow_mut() = parts;
                Ok(PyValue::Modules(modules.clone()))
            }
            ("extend", [value]) => {
                let mut parts = modules.parts.borrow().clone();
                let items = self.items(value).map_or_else(|| value.clone(), PyValue::list);
                self.part(None, &items, args.line, &mut parts)?;
                *modules.parts.borrow_mut() = parts;
                Ok(PyValue::Modules(modules.clone()))
            }
            ("insert", [at, value]) if modules.kind == "ModuleList" && value.is_module() => {
                let mut parts = modules.parts.borrow_mut();
                let at = place_in(parts.len(), at).ok_or_else(|| not_followed(written))?;
                parts.insert(at, (String::new(), value.clone()));
                // The parts of a list are named by their places.
                parts.iter_mut().enumerate().for_each(|(place, (name, _))| *name = place.to_string());
                self.used.extend(value.place());
                Ok(PyValue::None)
            }
            ("add_module", [PyValue::Text(name), value]) => {
                let mut parts = modules.parts.borrow().clone();
                self.part(Some(name.clone()), value, args.line, &mut parts)?;
                *modules.parts.borrow_mut() = parts;
                Ok(PyValue::None)
            }
            ("build", [shape]) => {
                self.shape_hint(Some(shape));
                Ok(PyValue::None)
            }
            ("items" | "named_children", []) => {
                let parts = modules.parts.borrow();
                let pair = |(name, value): &(String, PyValue)| {
                    PyValue::Tuple(vec![PyValue::Text(name.clone()), value.clone()])
                };
                Ok(PyValue::list(parts.iter().map(pair).collect()))
            }
            ("values" | "children", []) => {
                Ok(PyValue::list(modules.parts.borrow().iter().map(|(_, value)| value.clone()).collect()))
            }
            ("keys", []) => Ok(PyValue::list(modules.names())),
            ("to" | "cuda" | "cpu" | "eval" | "train" | "float" | "half" | "double" | "apply", _) => {
                Ok(PyValue::Modules(modules.clone()))
            }
            (name, _) if RUNS.contains(&name) => self.apply(&PyValue::Modules(modules.clone()), args, written, hint),
            ("add" | "append" | "extend" | "add_module" | "insert" | "pop" | "update" | "clear" | "__setitem__", _) => {
                Err(not_followed(written))
            }
            _ if args.has_data() => Err(not_followed(written)),
            _ => Ok(opaque(written)),
        }
    }

    /// A method that a class has from its framework.
    fn instance_method(
        &mut self,
        instance: &Rc<Instance>,
        name: &str,
        args: PyArgs,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        match (name, args.positional.as_slice()) {
            ("add_module" | "register_module", [PyValue::Text(name), value]) => {
                instance.set(name, value.clone());
                Ok(PyValue::None)
            }
            ("register_parameter", [PyValue::Text(name), value]) => {
                instance.set(name, value.clone());
                Ok(PyValue::None)
            }
            ("register_buffer", [PyValue::Text(name), ..]) => {
                let reason = format!("`{name}` is a buffer: numbers of your own are `Constant(path::NAME, [2, 8])`");
                instance.set(name, PyValue::opaque(reason, Some(written.line)));
                Ok(PyValue::None)
            }
            ("to" | "cuda" | "cpu" | "eval" | "train" | "float" | "half" | "double" | "apply", _) => {
                Ok(PyValue::Instance(instance.clone()))
            }
            // A class may extend `nn.ModuleDict`.
            ("children" | "named_children" | "items" | "values" | "keys", []) => {
                let attrs = instance.attrs.borrow();
                let parts = attrs.iter().filter(|(_, value)| value.is_module()).cloned().collect();
                let parts = Modules { kind: "ModuleDict".to_owned(), parts: RefCell::new(parts) };
                self.modules_method(&Rc::new(parts), name, args, written, hint)
            }
            ("param", [PyValue::Text(_), ..]) => Ok(PyValue::opaque(self.no_layer("param"), Some(written.line))),
            (name, _) if RUNS.contains(&name) => self.run_parts(instance, args, written, hint),
            _ if args.has_data() => Err(not_followed(written)),
            _ => Ok(opaque(written)),
        }
    }

    /// Runs the method that runs a model.
    pub(super) fn run_instance(
        &mut self,
        instance: &Rc<Instance>,
        args: PyArgs,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        if !args.has_data() {
            self.example(&args);
            let root = PyValue::Instance(instance.clone());
            if !self.roots.iter().any(|(_, known)| known.place() == root.place()) {
                self.roots.push((instance.class.name.clone(), root));
            }
            return Ok(opaque(written));
        }
        let method = RUNS.iter().find_map(|name| self.method(&instance.class, name));
        match method {
            Some(method) => self.call(&method, Some(instance.clone()), None, args),
            None => self.run_parts(instance, args, written, hint),
        }
    }

    /// Runs a model whose lines do not say how.
    pub(super) fn run_without_method(
        &mut self,
        instance: &Rc<Instance>,
        args: PyArgs,
        written: &PyExpr,
    ) -> PyResult<PyValue> {
        if !self.bases(&instance.class).iter().any(|base| base.ends_with("Sequential")) {
            let name = &instance.class.name;
            self.program.note(format!(
                "`{name}` has no `forward`: its parts are read as if each took what the one before gives"
            ));
        }
        let parts: Vec<PyValue> = instance.attrs.borrow().iter().map(|(_, value)| value.clone()).collect();
        self.in_order(&parts, args, written, "y")
    }

    /// The layer of the framework that a class extends: `class CausalConv1d(nn.Conv1d)`.
    fn base_layer(&mut self, class: &Rc<Class>) -> Option<String> {
        let names = self.bases(class).into_iter().map(|path| path.rsplit('.').next().unwrap_or_default().to_owned());
        let mut layers = names.filter(|name| words::named_layer(name, self.program.dialect).is_some());
        layers.find(|name| !HOLDERS.contains(&name.as_str()))
    }

    /// Runs a class that extends `nn.Sequential` or a layer.
    fn run_parts(&mut self, instance: &Rc<Instance>, args: PyArgs, written: &PyExpr, hint: &str) -> PyResult<PyValue> {
        if let Some(layer) = instance.get(BASE) {
            return self.apply(&layer, args, written, hint);
        }
        if !self.bases(&instance.class).iter().any(|base| base.ends_with("Sequential")) {
            let reason = format!("`{}` has no method that runs it", instance.class.name);
            return Err(Unported::new(written.line, reason));
        }
        let parts: Vec<PyValue> = instance.attrs.borrow().iter().map(|(_, value)| value.clone()).collect();
        self.in_order(&parts, args, written, hint)
    }

    /// Each part takes what the one before gives.
    pub(super) fn in_order(
        &mut self,
        parts: &[PyValue],
        mut args: PyArgs,
        written: &PyExpr,
        hint: &str,
    ) -> PyResult<PyValue> {
        let mut value = args.positional.first().cloned().unwrap_or(PyValue::Failed);
        for part in
            parts.iter().filter(|part| part.is_module() || matches!(part, PyValue::Function(..) | PyValue::Failed))
        {
            value = self.called(part.clone(), args, written, hint)?;
            args = PyArgs { positional: vec![value.clone()], named: Vec::new(), line: written.line };
        }
        Ok(value)
    }

    /// `Model(inputs, outputs)` of Keras.
    fn model(&mut self, args: &PyArgs, written: &PyExpr) -> PyResult<PyValue> {
        match args.get(1, "outputs") {
            Some(outputs) => self.gives(&outputs.clone(), written.line)?,
            None => return Ok(opaque(written)),
        }
        Ok(PyValue::opaque("a model in a model: write its layers out", None))
    }

    /// An input of a Keras model.
    fn input(&mut self, args: &PyArgs, hint: &str, line: usize) -> PyResult<PyValue> {
        let shape = args.get(0, "shape").or(args.get(1, "batch_shape")).or(args.get(1, "input_shape"));
        let sizes = shape.and_then(sizes);
        if self.program.inputs.iter().any(|input| input.name == hint) {
            return Err(Unported::new(line, format!("a second input called `{hint}`: give it another name")));
        }
        self.program
            .inputs
            .push(PortedInput { name: if hint.is_empty() { "x".to_owned() } else { hint.to_owned() }, shape: sizes });
        Ok(PyValue::data(self.input_label(self.program.inputs.len() - 1)))
    }

    /// Notes a shape that the program gives for the input.
    pub(super) fn shape_hint(&mut self, shape: Option<&PyValue>) {
        self.program.shapes.extend(shape.and_then(sizes));
    }

    /// Notes the shape of numbers that a model is run with.
    pub(super) fn example(&mut self, args: &PyArgs) {
        if let Some(PyValue::Tensor(tensor)) = args.positional.first() {
            self.batch_of(&tensor.shape);
        }
    }

    /// Notes the shape of a batch: more likely than not its first axis counts samples.
    pub(super) fn batch_of(&mut self, shape: &[i64]) {
        let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
        self.program.shapes.extend([sizes.get(1..).unwrap_or(&[]).to_vec(), sizes]);
    }

    /// `torch.zeros(1, 16, 64)`
    fn filled(&mut self, name: &str, args: &PyArgs) -> Option<PyValue> {
        let shape = match args.positional.as_slice() {
            [one] if one.items().is_some() => one.items()?,
            [one, _] if name == "full" => one.items()?,
            all => all.to_vec(),
        };
        if let ("tensor", [PyValue::Number(number)]) = (name, args.positional.as_slice()) {
            let init = Some(format!("{:?}", number.value));
            return Some(PyValue::Tensor(Rc::new(Tensor { shape: vec![1], init, is_parameter: false })));
        }
        // Zeros for each sample of a batch: the first states of a recurrent layer.
        if name == "zeros" && shape.iter().any(|size| matches!(size, PyValue::Batch)) {
            let init = Some("0.0".to_owned());
            return Some(PyValue::Tensor(Rc::new(Tensor { shape: Vec::new(), init, is_parameter: false })));
        }
        let shape: Vec<i64> = shape.iter().map(PyValue::as_whole).collect::<Option<_>>()?;
        let init = match (name, args.positional.get(1)) {
            ("zeros" | "empty", _) => Some("0.0".to_owned()),
            ("ones", _) => Some("1.0".to_owned()),
            ("randn", _) => Some("normal(1.0)".to_owned()),
            ("full", Some(PyValue::Number(number))) => Some(format!("{:?}", number.value)),
            ("rand", _) => None,
            _ => return None,
        };
        if self.calls.is_empty() && !shape.is_empty() {
            self.batch_of(&shape);
        }
        Some(PyValue::Tensor(Rc::new(Tensor { shape, init, is_parameter: false })))
    }

    /// `nn.Parameter(torch.zeros(1, 16))`, `nn.Parameter(torch.tensor(0.5))`
    fn parameter_of(&mut self, args: &PyArgs) -> Option<PyValue> {
        match args.get(0, "data")? {
            PyValue::Tensor(tensor) => {
                Some(PyValue::Tensor(Rc::new(Tensor { is_parameter: true, ..(**tensor).clone() })))
            }
            _ => None,
        }
    }

    /// In Flax, a layer that a method makes is called after its kind, and counted.
    pub(super) fn named_by_flax(&mut self, module: &PyValue, kind: &str, args: &PyArgs) {
        if self.program.dialect != Dialect::Flax || !self.is_running() {
            return;
        }
        let Some(owner) = self.calls.iter().rev().find_map(|frame| frame.instance.clone()) else { return };
        let named = args.named.iter().find_map(|(name, value)| match value {
            PyValue::Text(text) if name == "name" => Some(text.clone()),
            _ => None,
        });
        let own = named.unwrap_or_else(|| {
            let mut made: std::cell::RefMut<'_, HashMap<String, usize>> = owner.made.borrow_mut();
            let count = made.entry(kind.to_owned()).or_default();
            *count += 1;
            format!("{kind}_{}", *count - 1)
        });
        let path =
            PyValue::Instance(owner).place().and_then(|place| self.paths.get(&place)).cloned().unwrap_or_default();
        if let Some(place) = module.place() {
            self.paths.insert(place, if path.is_empty() { own } else { format!("{path}.{own}") });
        }
    }
}

impl Modules {
    /// The keys of a `ModuleDict`.
    pub(super) fn names(&self) -> Vec<PyValue> {
        self.parts.borrow().iter().map(|(name, _)| PyValue::Text(name.clone())).collect()
    }

    pub(super) fn part(&self, name: &str) -> Option<PyValue> {
        self.parts.borrow().iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// An option of `argparse` with its default: `add_argument("--nz", type=int, default=100)`.
fn option(args: &PyArgs, written: &PyExpr) -> Option<(PyValue, PyValue)> {
    let named = |name: &str| args.get(usize::MAX, name).cloned();
    let texts = args.positional.iter().filter_map(|value| match value {
        PyValue::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let word = texts.clone().find(|text| text.starts_with("--")).or(texts.clone().next_back())?;
    let name = PyValue::Text(word.trim_start_matches('-').replace('-', "_"));
    let default = named("default").or_else(|| match named("action") {
        Some(PyValue::Text(action)) if action == "store_true" => Some(PyValue::Bool(false)),
        Some(PyValue::Text(action)) if action == "store_false" => Some(PyValue::Bool(true)),
        _ => None,
    });
    let unknown = || PyValue::opaque(format!("`{word}` has no default: write one"), Some(written.line));
    Some((named("dest").unwrap_or(name), default.unwrap_or_else(unknown)))
}

/// `"layer{}".format(3)`
fn placed_in(text: &str, values: &[PyValue]) -> Option<String> {
    let mut pieces = text.split('{');
    let mut whole = pieces.next()?.to_owned();
    for (at, piece) in pieces.enumerate() {
        let (place, rest) = piece.split_once('}')?;
        let (place, form) = place.split_once(':').unwrap_or((place, ""));
        let place = if place.is_empty() { at } else { place.parse().ok()? };
        whole += &formatted(values.get(place)?.clone(), form)?;
        whole += rest;
    }
    Some(whole)
}

fn dict_method(
    pairs: &RefCell<Vec<(PyValue, PyValue)>>,
    name: &str,
    args: PyArgs,
    written: &PyExpr,
) -> PyResult<PyValue> {
    match name {
        "copy" => Ok(PyValue::Dict(Rc::new(RefCell::new(pairs.borrow().clone())))),
        "update" => {
            let mut more: Vec<(PyValue, PyValue)> = match args.positional.as_slice() {
                [] => Vec::new(),
                [PyValue::Dict(more)] => more.borrow().clone(),
                _ => return Err(not_followed(written)),
            };
            more.extend(args.named.into_iter().map(|(name, value)| (PyValue::Text(name), value)));
            let mut pairs = pairs.borrow_mut();
            more.into_iter().for_each(|(key, value)| put(&mut pairs, key, value));
            Ok(PyValue::None)
        }
        "setdefault" => {
            let [key, value] = args.positional.as_slice() else { return Err(not_followed(written)) };
            let mut pairs = pairs.borrow_mut();
            if !pairs.iter().any(|(known, _)| known.equals(key) == Some(true)) {
                pairs.push((key.clone(), value.clone()));
            }
            Ok(PyValue::None)
        }
        "items" => {
            let pairs = pairs.borrow();
            Ok(PyValue::list(
                pairs.iter().map(|(key, value)| PyValue::Tuple(vec![key.clone(), value.clone()])).collect(),
            ))
        }
        "values" => Ok(PyValue::list(pairs.borrow().iter().map(|(_, value)| value.clone()).collect())),
        "keys" => Ok(PyValue::list(pairs.borrow().iter().map(|(key, _)| key.clone()).collect())),
        "get" | "pop" => {
            let key = args.positional.first();
            let mut pairs = pairs.borrow_mut();
            let at = pairs.iter().position(|(known, _)| key.is_some_and(|key| known.equals(key) == Some(true)));
            let default = args.positional.get(1).cloned().unwrap_or(PyValue::None);
            Ok(match at {
                Some(at) if name == "pop" => pairs.remove(at).1,
                Some(at) => pairs[at].1.clone(),
                None => default,
            })
        }
        // Others may change the dictionary.
        _ => Err(not_followed(written)),
    }
}

/// Where Python puts an item into a list of this length.
fn place_in(count: usize, at: &PyValue) -> Option<usize> {
    let (at, end) = (at.as_whole()?, count as i64);
    usize::try_from(if at < 0 { at + end } else { at }.clamp(0, end)).ok()
}

fn not_followed(written: &PyExpr) -> Unported {
    Unported::new(written.line, format!("`{}` cannot be followed", short(&written.text)))
}

/// The sizes of a shape, as the program writes them.
fn sizes(shape: &PyValue) -> Option<Vec<String>> {
    let size = |value: &PyValue| match value {
        PyValue::None => "None".to_owned(),
        value => value.text().unwrap_or_else(|| "None".to_owned()),
    };
    Some(match shape {
        PyValue::Number(number) => vec![number.text.clone()],
        shape => shape.items()?.iter().map(size).collect(),
    })
}
