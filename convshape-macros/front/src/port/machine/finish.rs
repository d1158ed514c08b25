//! Which part of a program is the model, and running it.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Machine, PyResult, name_of};
use crate::port::Unported;
use crate::port::program::PortedInput;
use crate::port::stmts::{contains, mentions};
use crate::port::syntax::{Class, Function, PyExpr, PyKind, PyParam, PyStmt, PyStmtKind};
use crate::port::value::{BASE, Data, Instance, PyArgs, PyValue};

impl Machine<'_> {
    /// Runs the model of the program: what was only defined so far. `wanted` is its class, if there are several.
    pub(in crate::port) fn finish(&mut self, stmts: &[PyStmt], wanted: &str) {
        if self.program.shapes.is_empty() {
            functions_of(stmts).for_each(|function| self.examples_in(&function.body));
        }
        if self.faults.is_empty() && self.program.statements.is_empty() {
            match self.model_of(stmts, wanted) {
                Ok(()) => {}
                Err(fault) => self.fault(fault),
            }
        }
        if self.faults.is_empty() && self.program.statements.is_empty() {
            let line = self.runs(stmts, wanted).map_or(1, |method| method.line);
            let reason =
                if line == 1 { "there is no layer in these lines" } else { "no layer can be followed in this method" };
            self.fault(Unported::new(line, reason));
        }
        let last = self.program.statements.last().map(|statement| statement.label.clone());
        let outputs = self.returned.take().unwrap_or_default();
        if outputs.len() > 1 || outputs.first().is_some_and(|output| Some(output) != last.as_ref()) {
            outputs.iter().for_each(|output| self.program.name(output));
            self.program.outputs = outputs;
        }
        self.faults.sort_by_key(|fault| fault.line);
    }

    /// The method that runs the only class.
    fn runs(&mut self, stmts: &[PyStmt], wanted: &str) -> Option<Rc<Function>> {
        let class = self.candidates(stmts, wanted).into_iter().next()?;
        ["forward", "call", "__call__"].iter().find_map(|name| self.method(&class, name))
    }

    fn model_of(&mut self, stmts: &[PyStmt], wanted: &str) -> PyResult<()> {
        if let Some(function) = functions_of(stmts).find(|function| function.name == wanted) {
            return self.run_made(&function);
        }
        let used = self.used.clone();
        let unused = |value: &PyValue| value.place().is_some_and(|place| !used.contains(&place));
        let roots: Vec<(String, PyValue)> = self.roots.iter().filter(|(_, value)| unused(value)).cloned().collect();
        let instances: Vec<(String, Rc<Instance>)> = roots
            .iter()
            .filter_map(|(name, value)| match value {
                PyValue::Instance(instance) => Some((name.clone(), instance.clone())),
                _ => None,
            })
            .collect();
        let chosen = instances.iter().find(|(name, instance)| name == wanted || instance.class.name == wanted);
        match (instances.as_slice(), chosen) {
            (_, Some((_, instance))) => return self.run_model(&instance.clone()),
            ([], None) => {}
            ([(_, instance)], None) => return self.run_model(&instance.clone()),
            ([(first, _), (second, instance), ..], None) => {
                let reason =
                    format!("`{second}` is a second model, besides `{first}`: choose one with `--name {second}`");
                return Err(Unported::new(instance.class.line, reason));
            }
        }
        let candidates = self.candidates(stmts, wanted);
        let makers = match candidates.as_slice() {
            [] => Vec::new(),
            [class] if class.name == wanted || !self.is_open(class) => Vec::new(),
            _ => self.makers(stmts),
        };
        match makers.as_slice() {
            [] => {}
            [function] => return self.run_made(function),
            [first, second, ..] => {
                let (first, name) = (&first.name, &second.name);
                let reason = format!("`{first}` and `{name}` both make a model: choose one with `--name {name}`");
                return Err(Unported::new(second.line, reason));
            }
        }
        match candidates.as_slice() {
            [] => {}
            [class] => {
                let written = named(&class.name, class.line);
                let PyValue::Instance(instance) = self.instance(&class.clone(), self.open_args(), &written)? else {
                    return Ok(());
                };
                return self.run_model(&instance);
            }
            [first, second, ..] => {
                let reason = format!(
                    "`{}` is a second class, besides `{}`: choose one with `--name {}`",
                    second.name, first.name, second.name
                );
                return Err(Unported::new(second.line, reason));
            }
        }
        if roots.is_empty() { self.run_function(stmts) } else { self.run_roots(roots) }
    }

    fn open_args(&self) -> PyArgs {
        PyArgs { line: 1, ..PyArgs::default() }
    }

    /// The classes of modules that no other part of the program mentions.
    fn candidates(&mut self, stmts: &[PyStmt], wanted: &str) -> Vec<Rc<Class>> {
        let classes: Vec<Rc<Class>> =
            classes_of(stmts).into_iter().filter(|class| self.is_module_class(class)).collect();
        if let Some(class) = classes.iter().find(|class| class.name == wanted) {
            return vec![class.clone()];
        }
        let mut rest = Vec::new();
        for class in &classes {
            let others = classes.iter().filter(|other| !Rc::ptr_eq(other, class));
            let mut bodies = others.map(|other| (other.bases.as_slice(), other.body.as_slice()));
            if !bodies
                .any(|(bases, body)| bases.iter().any(|base| is_named(base, &class.name)) || uses(body, &class.name))
            {
                rest.push(class.clone());
            }
        }
        rest
    }

    /// Notes the shapes of numbers in lines that nothing runs, such as those of a test: `torch.randn(1, 3, 32, 32)`.
    fn examples_in(&mut self, body: &[PyStmt]) {
        let found = RefCell::new(Vec::new());
        let keep = |part: &PyExpr| {
            found.borrow_mut().extend(random_sizes(part));
            false
        };
        mentions(body, &mut |written| {
            contains(written, &keep);
        });
        found.take().iter().for_each(|sizes| self.batch_of(sizes));
    }

    /// Whether the constructor of a class takes what neither it nor a number of the program gives.
    fn is_open(&mut self, class: &Rc<Class>) -> bool {
        let init = self.method(class, "__init__");
        init.is_some_and(|init| {
            needed(&init.params).iter().any(|name| !matches!(self.missing(name), PyValue::Number(_)))
        })
    }

    /// Functions that need nothing and give an instance of a class, which no other one mentions:
    /// `def ResNet18(): return ResNet(BasicBlock, [2, 2, 2, 2])`. Without one, a function that runs an instance.
    fn makers(&mut self, stmts: &[PyStmt]) -> Vec<Rc<Function>> {
        let classes: Vec<Rc<Class>> =
            classes_of(stmts).into_iter().filter(|class| self.is_module_class(class)).collect();
        let open =
            |function: &Rc<Function>| function.params.iter().any(|param| param.default.is_none() && param.stars == 0);
        let gives = |stmt: &PyStmt| matches!(stmt.kind, PyStmtKind::Return(Some(_)));
        let makes = |function: &Rc<Function>| classes.iter().any(|class| uses(&function.body, &class.name));
        let (makers, tests): (Vec<Rc<Function>>, Vec<Rc<Function>>) = functions_of(stmts)
            .filter(|function| !open(function) && makes(function))
            .partition(|function| function.body.iter().any(gives));
        if makers.is_empty() {
            return tests.into_iter().take(1).collect();
        }
        let is_part = |maker: &Rc<Function>| makers.iter().any(|other| uses(&other.body, &maker.name));
        makers.iter().filter(|maker| !is_part(maker)).cloned().collect()
    }

    /// Runs a class with its inputs.
    fn run_model(&mut self, instance: &Rc<Instance>) -> PyResult<()> {
        self.program.class = Some(instance.class.name.clone());
        self.walk(&PyValue::Instance(instance.clone()), "");
        let method = ["forward", "call", "__call__"].iter().find_map(|name| self.method(&instance.class, name));
        let params = method.as_ref().map(|method| needed(&method.params)).unwrap_or_else(|| vec!["x".to_owned()]);
        let flags = ["train", "training", "deterministic", "is_training"];
        let (switches, inputs): (Vec<String>, Vec<String>) =
            params.into_iter().partition(|name| flags.contains(&name.as_str()));
        self.program.inputs = inputs.iter().map(|name| PortedInput { name: name.clone(), shape: None }).collect();
        let values = (0..inputs.len()).map(|at| (inputs[at].clone(), PyValue::data(self.input_label(at))));
        let mut named: Vec<(String, PyValue)> = values.collect();
        if self.trial.len() > 1 {
            self.labels.extend(inputs);
        }
        named.extend(switches.into_iter().map(|name| (name, PyValue::Bool(false))));
        let line = method.as_ref().map_or(instance.class.line, |method| method.line);
        let written = named_call(&instance.class.name, line);
        let args = match method {
            Some(_) => PyArgs { positional: Vec::new(), named, line },
            None => PyArgs { positional: named.into_iter().map(|(_, value)| value).collect(), named: Vec::new(), line },
        };
        let given = match method {
            Some(method) => self.call(&method, Some(instance.clone()), None, args)?,
            None => self.run_without_method(instance, args, &written)?,
        };
        self.gives(&given, line)
    }

    /// Notes what the model gives.
    pub(super) fn gives(&mut self, value: &PyValue, line: usize) -> PyResult<()> {
        let mut found = Vec::new();
        self.outputs(value, line, &mut found)?;
        let mut labels: Vec<String> = Vec::new();
        for data in found {
            let is_statement =
                !data.label.contains('.') && self.program.statements.iter().any(|s| s.label == data.label);
            let label = match is_statement && !labels.contains(&data.label) {
                true => data.label,
                false => self.emit("Identity", &[data], "y", line)?.label,
            };
            labels.push(label);
        }
        self.returned = Some(labels).filter(|labels| !labels.is_empty());
        Ok(())
    }

    fn outputs(&self, value: &PyValue, line: usize, found: &mut Vec<Data>) -> PyResult<()> {
        match value {
            PyValue::Data(data) => {
                self.is_plain(data, &named("the output", line))?;
                found.push(self.current(data)?);
            }
            PyValue::None | PyValue::Failed => {}
            PyValue::Opaque(reason) => return Err(reason.at(line)),
            PyValue::Dict(pairs) => {
                pairs.borrow().iter().try_for_each(|(_, value)| self.outputs(value, line, found))?;
            }
            value => match value.items() {
                Some(items) => items.iter().try_for_each(|item| self.outputs(item, line, found))?,
                None => return Err(Unported::new(line, "an output does not go through the model")),
            },
        }
        Ok(())
    }

    /// Modules in variables, or written alone: each takes what the one before gives.
    fn run_roots(&mut self, roots: Vec<(String, PyValue)>) -> PyResult<()> {
        let only = roots.len() == 1;
        let mut value = PyValue::data(self.input_label(0));
        let alone = roots.iter().filter(|(name, _)| name.is_empty()).count();
        let mut count = 0;
        for (name, module) in &roots {
            let is_sequence = matches!(module, PyValue::Modules(_));
            let path = match name.is_empty() {
                true if only && is_sequence => String::new(),
                true => {
                    count += 1;
                    (count - 1).to_string()
                }
                false if only && is_sequence => String::new(),
                false => name.clone(),
            };
            self.walk(module, &path);
        }
        let _ = alone;
        for (name, module) in roots {
            let written = named(&name, 1);
            let args = PyArgs { positional: vec![value], named: Vec::new(), line: 1 };
            value = self.called(module, args, &written, &name)?;
        }
        self.gives(&value, 1)
    }

    /// A function that nobody calls and that needs nothing, or only numbers of the program.
    fn run_function(&mut self, stmts: &[PyStmt]) -> PyResult<()> {
        let functions: Vec<Rc<Function>> =
            functions_of(stmts).filter(|function| self.makes_layers(&function.body)).collect();
        let Some(function) = functions.iter().rev().find(|function| {
            !functions.iter().any(|other| !Rc::ptr_eq(other, function) && uses(&other.body, &function.name))
        }) else {
            return Ok(());
        };
        self.run_made(&function.clone())
    }

    /// Runs what a function gives.
    fn run_made(&mut self, function: &Rc<Function>) -> PyResult<()> {
        match self.call(&function.clone(), None, None, PyArgs { line: function.line, ..PyArgs::default() })? {
            PyValue::Instance(instance) => self.run_model(&instance),
            module if module.is_module() => self.run_roots(vec![(String::new(), module)]),
            value if value.has_data() => self.gives(&value, function.line),
            _ => match self.roots.last().cloned() {
                Some((_, PyValue::Instance(instance))) => self.run_model(&instance),
                _ => Ok(()),
            },
        }
    }

    fn makes_layers(&self, body: &[PyStmt]) -> bool {
        let mut found = false;
        mentions(body, &mut |written| found |= contains(written, &|part| self.is_of_model(part)));
        found
    }

    /// Notes the names of modules in files.
    fn walk(&mut self, value: &PyValue, path: &str) {
        let Some(place) = value.place() else { return };
        if self.paths.contains_key(&place) {
            return;
        }
        self.paths.insert(place, path.to_owned());
        let parts = match value {
            PyValue::Modules(modules) => modules.parts.borrow().clone(),
            PyValue::Instance(instance) => instance.attrs.borrow().clone(),
            _ => Vec::new(),
        };
        for (name, part) in parts {
            let path = match (path, name.as_str()) {
                (path, BASE) => path.to_owned(),
                ("", name) => name.to_owned(),
                (path, name) => format!("{path}.{name}"),
            };
            self.walk(&part, &path);
        }
    }
}

/// The sizes in `torch.randn(1, 3, 32, 32)`.
fn random_sizes(written: &PyExpr) -> Option<Vec<i64>> {
    let PyKind::Call(of, args) = &*written.kind else { return None };
    let args: Vec<&PyExpr> = args.iter().filter(|arg| arg.name.is_none()).map(|arg| &arg.value).collect();
    let sizes = match args.as_slice() {
        [one] => match &*one.kind {
            PyKind::Tuple(items) | PyKind::List(items) => items.iter().collect(),
            _ => return None,
        },
        several => several.to_vec(),
    };
    let size = |size: &&PyExpr| if let PyKind::Number(text) = &*size.kind { text.parse().ok() } else { None };
    (name_of(of) == "randn").then(|| sizes.iter().map(size).collect())?
}

fn functions_of(stmts: &[PyStmt]) -> impl Iterator<Item = Rc<Function>> {
    stmts.iter().filter_map(|stmt| match &stmt.kind {
        PyStmtKind::Def(function) => Some(function.clone()),
        _ => None,
    })
}

fn classes_of(stmts: &[PyStmt]) -> Vec<Rc<Class>> {
    let class = |stmt: &PyStmt| match &stmt.kind {
        PyStmtKind::Class(class) => vec![class.clone()],
        PyStmtKind::If(branches, _) => branches.iter().flat_map(|(_, body)| classes_of(body)).collect(),
        PyStmtKind::Body(body) => classes_of(body),
        _ => Vec::new(),
    };
    stmts.iter().flat_map(class).collect()
}

/// Whether statements, and the functions in them, mention a name.
fn uses(stmts: &[PyStmt], name: &str) -> bool {
    let mut found = false;
    mentions(stmts, &mut |written| found |= contains(written, &|part| is_named(part, name)));
    found
        || stmts.iter().any(|stmt| match &stmt.kind {
            PyStmtKind::Def(function) => {
                uses(&function.body, name)
                    || function
                        .params
                        .iter()
                        .filter_map(|param| param.default.as_ref())
                        .any(|default| contains(default, &|part| is_named(part, name)))
            }
            PyStmtKind::Class(class) => uses(&class.body, name),
            _ => false,
        })
}

fn is_named(written: &PyExpr, name: &str) -> bool {
    matches!(&*written.kind, PyKind::Name(found) if found == name)
}

/// An expression for messages about code that no line contains.
fn named(text: &str, line: usize) -> PyExpr {
    PyExpr { line, text: text.into(), kind: Rc::new(PyKind::None) }
}

fn named_call(name: &str, line: usize) -> PyExpr {
    named(&format!("{name}(..)"), line)
}

/// The parameters that a caller of a method must give.
fn needed(params: &[PyParam]) -> Vec<String> {
    let given = |param: &&PyParam| param.default.is_none() && param.stars == 0;
    params.iter().skip(1).filter(given).map(|param| param.name.clone()).collect()
}
