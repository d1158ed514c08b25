//! Runs a program: its statements one after the other, with values that may be the model's data.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use convshape_arith::op::Dialect;

use super::program::Program;
use super::stmts::{assigned, contains, mentions};
use super::syntax::{Class, Function, Operator, PyExpr, PyKind, PyParam, PyStmt, PyStmtKind};
use super::value::{Instance, PyArgs, PyScope, PyValue, put};
use super::{InputSizes, Unported};
use crate::words;

mod builtins;
mod calls;
mod data;
mod emit;
mod eval;
mod finish;
mod layers;
mod shapes;

pub(super) type PyResult<T> = Result<T, Unported>;

/// Most statements that a program may run, where an item of a new list counts as one, and a layer as more; and most
/// calls within each other.
const MOST_STEPS: usize = 100_000;
const LAYER_STEPS: usize = 16;
const DEEPEST: usize = 48;

/// Most statements of a chain that are checked for the shapes that its program asks for.
const MOST_DRAFTED: usize = 100_000;

/// Attributes of layers whose numbers come from a file.
const WEIGHTS: [&str; 4] = ["weight", "bias", "data", "grad"];

/// Attributes of layers that change nothing of what a model predicts.
const SWITCHES: [&str; 4] = ["requires_grad", "trainable", "training", "gradient_checkpointing"];

pub(super) struct Machine<'a> {
    pub(super) program: Program,
    /// The shapes of the inputs that are tried; none in the first reading.
    trial: &'a [String],
    /// Whether the program asked for a size that only a trial knows.
    pub(super) asked: bool,
    globals: PyScope,
    calls: Vec<Frame>,
    /// Every module, so that no other one takes its place in memory.
    made: Vec<PyValue>,
    /// The names of modules in files.
    paths: HashMap<*const (), String>,
    /// The labels of modules that ran.
    ran: HashMap<*const (), String>,
    /// Modules that the program keeps in a variable, or writes alone.
    roots: Vec<(String, PyValue)>,
    /// Modules that another one contains, or that ran.
    used: HashSet<*const ()>,
    labels: HashSet<String>,
    /// The last number of the labels with a hint.
    numbered: HashMap<String, usize>,
    /// What was changed in place, in order.
    changes: Vec<emit::Change>,
    /// The defaults of parameters, where their functions are defined.
    defaults: HashMap<*const PyParam, PyValue>,
    /// How many copies the program made of values.
    copies: usize,
    /// The shapes that were asked for, by the label of the value.
    sizes: InputSizes,
    /// How many statements were checked for these shapes.
    pub(super) drafted: usize,
    returned: Option<Vec<String>>,
    steps: usize,
    pub(super) faults: Vec<Unported>,
}

/// A call that runs.
struct Frame {
    scope: PyScope,
    closure: Option<PyScope>,
    function: Rc<Function>,
    instance: Option<Rc<Instance>>,
}

/// What runs after a statement.
enum Flow {
    Next,
    Return(PyValue),
    Break,
    Continue,
}

impl<'a> Machine<'a> {
    pub(super) fn new(program: Program, trial: &'a [String]) -> Machine<'a> {
        Machine {
            labels: HashSet::from(["input".to_owned(), "output".to_owned()]),
            program,
            trial,
            asked: false,
            numbered: HashMap::new(),
            globals: PyScope::default(),
            calls: Vec::new(),
            made: Vec::new(),
            changes: Vec::new(),
            defaults: HashMap::new(),
            copies: 0,
            paths: HashMap::new(),
            ran: HashMap::new(),
            sizes: InputSizes::new(),
            drafted: 0,
            roots: Vec::new(),
            used: HashSet::new(),
            returned: None,
            steps: 0,
            faults: Vec::new(),
        }
    }

    /// Runs statements outside functions.
    pub(super) fn run(&mut self, stmts: &[PyStmt]) {
        self.block(stmts);
    }

    fn block(&mut self, stmts: &[PyStmt]) -> Flow {
        for stmt in stmts {
            if !self.spend(1, stmt.line) {
                return Flow::Return(PyValue::Failed);
            }
            match self.statement(stmt) {
                Ok(Flow::Next) => {}
                Ok(flow) => return flow,
                Err(fault) => {
                    self.fault(fault);
                    self.failed(stmt);
                }
            }
        }
        Flow::Next
    }

    /// Counts work that the program asks for; false if it is too much, which is listed once.
    fn spend(&mut self, steps: usize, line: usize) -> bool {
        let could = self.steps < MOST_STEPS;
        self.steps = self.steps.saturating_add(steps);
        let can = self.steps < MOST_STEPS;
        if could && !can {
            self.fault(Unported::new(line, "the program runs too long to be followed"));
        }
        can
    }

    /// Lists a line, once.
    fn fault(&mut self, fault: Unported) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// What a listed line would have given is not missed again.
    fn failed(&mut self, stmt: &PyStmt) {
        match &stmt.kind {
            PyStmtKind::Assign(targets, _) => {
                targets.iter().for_each(|target| drop(self.assign(target, PyValue::Failed)));
            }
            PyStmtKind::Augment(target, ..) => drop(self.assign(target, PyValue::Failed)),
            _ => {}
        }
    }

    fn statement(&mut self, stmt: &PyStmt) -> PyResult<Flow> {
        match &stmt.kind {
            PyStmtKind::Expr(value) => self.alone(value)?,
            PyStmtKind::Assign(targets, value) => {
                let hint = targets.first().map_or(String::new(), name_of);
                let value = self.value(value, &hint)?;
                targets.iter().try_for_each(|target| self.assign(target, value.clone()))?;
            }
            PyStmtKind::Augment(target, operator, value) => self.augment(target, *operator, value)?,
            PyStmtKind::Declare(_) | PyStmtKind::Nothing => {}
            PyStmtKind::Return(None) => return Ok(Flow::Return(PyValue::None)),
            PyStmtKind::Return(Some(value)) => {
                return self.value(value, "y").map(Flow::Return).or_else(|fault| {
                    self.fault(fault);
                    Ok(Flow::Return(PyValue::Failed))
                });
            }
            PyStmtKind::If(branches, otherwise) => return self.branch(stmt.line, branches, otherwise),
            PyStmtKind::For(target, values, body, otherwise) => {
                return self.turns(stmt.line, target, values, body, otherwise);
            }
            PyStmtKind::While(condition, body, otherwise) => {
                return self.turns_while(stmt.line, condition, body, otherwise);
            }
            PyStmtKind::Body(body) => return Ok(self.block(body)),
            PyStmtKind::Def(function) => {
                self.keep_defaults(function);
                let closure = self.calls.last().map(|frame| frame.scope.clone());
                self.bind(&function.name, PyValue::Function(function.clone(), closure));
            }
            PyStmtKind::Class(class) => {
                for stmt in &class.body {
                    if let PyStmtKind::Def(function) = &stmt.kind {
                        self.keep_defaults(function);
                    }
                }
                self.bind(&class.name, PyValue::Class(class.clone()));
            }
            PyStmtKind::Import(names) => {
                for (name, path) in names {
                    self.bind(name, PyValue::Foreign(path.clone()));
                }
            }
            PyStmtKind::Delete(targets) => targets.iter().try_for_each(|target| self.delete(target))?,
            PyStmtKind::Outer if !self.calls.is_empty() => {
                return Err(Unported::new(stmt.line, "a function that changes variables outside cannot be followed"));
            }
            PyStmtKind::Outer => {}
            PyStmtKind::Break => return Ok(Flow::Break),
            PyStmtKind::Continue => return Ok(Flow::Continue),
            PyStmtKind::Raise if self.calls.is_empty() => {}
            PyStmtKind::Raise => return Err(Unported::new(stmt.line, "the program stops here with an error")),
        }
        Ok(Flow::Next)
    }

    /// An expression whose value is not kept.
    fn alone(&mut self, written: &PyExpr) -> PyResult<()> {
        if let PyKind::Text(_) = &*written.kind {
            return Ok(());
        }
        let value = self.value(written, "y")?;
        if self.calls.is_empty() {
            // Layers written one per line end with a comma.
            let values = if let PyValue::Tuple(items) = value { items } else { vec![value] };
            let is_name = matches!(&*written.kind, PyKind::Name(_));
            let known: Vec<_> = self.roots.iter().filter_map(|(_, root)| root.place()).collect();
            let is_new = |value: &PyValue| value.place().is_some_and(|place| !known.contains(&place));
            let modules = values.into_iter().filter(|value| value.is_module() && !is_name && is_new(value));
            self.roots.extend(modules.map(|module| (String::new(), module)));
        }
        Ok(())
    }

    fn augment(&mut self, target: &PyExpr, operator: Operator, value: &PyExpr) -> PyResult<()> {
        let old = self.value(target, "")?;
        let value = self.value(value, "y")?;
        if let (PyValue::List(items), Some(more)) = (&old, value.items()) {
            self.spend(more.len(), target.line);
            items.borrow_mut().extend(more);
            return Ok(());
        }
        let new = match (self.binary(operator, old.clone(), value, target, &name_of(target))?, old) {
            // PyTorch changes a value of the model in place, under all its names.
            (PyValue::Data(new), PyValue::Data(old)) if self.program.dialect == Dialect::Torch => {
                let sign = Operator::ALL.iter().find(|(_, known, _)| *known == operator).map_or("", |(sign, ..)| sign);
                let whole = PyExpr { text: format!("{} {sign}= ..", target.text).into(), ..target.clone() };
                PyValue::Data(self.changed(&old, new, &whole))
            }
            (new, _) => new,
        };
        self.assign(target, new)
    }

    fn scope(&self) -> &PyScope {
        self.calls.last().map_or(&self.globals, |frame| &frame.scope)
    }

    fn bind(&mut self, name: &str, value: PyValue) {
        if self.calls.is_empty() && value.is_module() {
            self.roots.retain(|(root, _)| root != name);
            self.roots.push((name.to_owned(), value.clone()));
        }
        self.scope().borrow_mut().insert(name.to_owned(), value);
    }

    /// Gives a value to what is left of `=`.
    fn assign(&mut self, target: &PyExpr, value: PyValue) -> PyResult<()> {
        let unread = || Unported::new(target.line, format!("`{}` cannot be given a value", target.text));
        match &*target.kind {
            PyKind::Name(name) => self.bind(name, value.plain()),
            PyKind::Attribute(of, name) => match self.value(of, "")? {
                PyValue::Instance(instance) if self.method(&instance.class, name).is_some() => {
                    let reason =
                        format!("`{}` is a method of the class: what replaces it cannot be followed", target.text);
                    return Err(Unported::new(target.line, reason));
                }
                PyValue::Instance(instance) => instance.set(name, value.plain()),
                PyValue::Dict(pairs) => put(&mut pairs.borrow_mut(), PyValue::Text(name.clone()), value.plain()),
                of if of.has_data() || value.has_data() => return Err(unread()),
                PyValue::Layer(leaf) => {
                    let is_weight = WEIGHTS.contains(&name.as_str());
                    let from_file = matches!(value, PyValue::Tensor(_) | PyValue::Opaque(_) | PyValue::Failed);
                    // A program may keep its own numbers at a layer.
                    let is_own = matches!(value, PyValue::Number(_) | PyValue::Bool(_) | PyValue::Text(_));
                    let changes = if is_weight { !from_file } else { !is_own || self.is_argument(&leaf.call, name) };
                    if changes && !SWITCHES.contains(&name.as_str()) {
                        let reason = format!(
                            "`{}` changes a layer after it was made: write it in the layer's own line",
                            target.text
                        );
                        return Err(Unported::new(target.line, reason));
                    }
                }
                PyValue::Modules(_) if value.is_module() => return Err(unread()),
                _ => {}
            },
            PyKind::Tuple(targets) | PyKind::List(targets) => self.unpack(targets, value, target)?,
            PyKind::Index(of, indices) => self.assign_item(of, indices, value, target)?,
            PyKind::Star(of) => self.assign(of, value)?,
            _ if value.has_data() || self.is_in_model() => return Err(unread()),
            _ => {}
        }
        Ok(())
    }

    /// `del self.fc`
    fn delete(&mut self, target: &PyExpr) -> PyResult<()> {
        let (PyKind::Attribute(of, _) | PyKind::Index(of, _)) = &*target.kind else { return Ok(()) };
        match (self.value(of, "")?, &*target.kind) {
            (PyValue::Instance(instance), PyKind::Attribute(_, name)) => {
                instance.attrs.borrow_mut().retain(|(known, _)| known != name);
                Ok(())
            }
            (of, _) if of.is_module() || self.is_in_model() => {
                Err(Unported::new(target.line, format!("`del {}` cannot be followed", target.text)))
            }
            _ => Ok(()),
        }
    }

    /// `a, b = ..`
    fn unpack(&mut self, targets: &[PyExpr], value: PyValue, whole: &PyExpr) -> PyResult<()> {
        let items = match &value {
            PyValue::Failed | PyValue::Opaque(_) => vec![value.clone(); targets.len()],
            // The batch is not the first axis, so that axis can be unpacked.
            PyValue::Data(data) if data.batch > 0 => self.unbound(&data.clone(), 0, whole, &name_of(whole))?,
            value => self.items(value).unwrap_or_default(),
        };
        // A first reading does not know how many sizes there are.
        let items = if self.is_first_reading() && self.asked && items.len() != targets.len() {
            vec![items.first().cloned().unwrap_or(PyValue::whole(1)); targets.len()]
        } else {
            items
        };
        let star = targets.iter().position(|target| matches!(&*target.kind, PyKind::Star(_)));
        let items = match star {
            Some(at) if items.len() + 1 >= targets.len() => {
                let mut items = items;
                let end = items.len() + 1 + at - targets.len();
                let rest = items.drain(at..end).collect();
                items.insert(at, PyValue::list(rest));
                items
            }
            _ => items,
        };
        if items.len() != targets.len() {
            if !value.has_data() && !self.is_in_model() {
                return Ok(());
            }
            let reason = format!("`{}` takes {} values, which are not known here", whole.text, targets.len());
            return Err(Unported::new(whole.line, reason));
        }
        targets.iter().zip(items).try_for_each(|(target, item)| self.assign(target, item))
    }

    fn branch(&mut self, line: usize, branches: &[(PyExpr, Vec<PyStmt>)], otherwise: &[PyStmt]) -> PyResult<Flow> {
        for (at, (condition, body)) in branches.iter().enumerate() {
            match self.condition(condition)? {
                Some(true) => return Ok(self.block(body)),
                Some(false) => {}
                None => {
                    let rest = || branches[at..].iter().map(|(_, body)| body.as_slice()).chain([otherwise]);
                    if rest().any(|body| self.matters(body)) {
                        let reason = format!(
                            "whether `{}` holds is not known here: keep the lines that the model runs",
                            condition.text
                        );
                        return Err(Unported::new(line, reason));
                    }
                    rest().try_for_each(|body| self.not_run(body))?;
                    return Ok(Flow::Next);
                }
            }
        }
        Ok(self.block(otherwise))
    }

    /// Whether a condition holds, if the program says.
    fn condition(&mut self, written: &PyExpr) -> PyResult<Option<bool>> {
        if written.text.contains("__name__") {
            return Ok(Some(true));
        }
        let value = self.value(written, "")?;
        if value.has_data() {
            let reason = format!("`{}` depends on the values that go through the model", written.text);
            return Err(Unported::new(written.line, reason));
        }
        Ok(self.truth(&value, written))
    }

    fn turns(
        &mut self,
        line: usize,
        target: &PyExpr,
        written: &PyExpr,
        body: &[PyStmt],
        otherwise: &[PyStmt],
    ) -> PyResult<Flow> {
        let values = self.value(written, "")?;
        let Some(items) = self.items(&values) else {
            self.assign(target, eval::opaque(written))?;
            if !values.has_failed() && self.matters(body) {
                return Err(match values {
                    PyValue::Opaque(reason) if reason.says_why() => reason.at(line),
                    _ => {
                        let text = &written.text;
                        Unported::new(
                            line,
                            format!("`{text}` is not known here: write out the lines that its turns run"),
                        )
                    }
                });
            }
            self.not_run(body)?;
            return Ok(Flow::Next);
        };
        for item in items {
            self.assign(target, item)?;
            match self.block(body) {
                Flow::Break => return Ok(Flow::Next),
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
        }
        Ok(self.block(otherwise))
    }

    fn turns_while(
        &mut self,
        line: usize,
        condition: &PyExpr,
        body: &[PyStmt],
        otherwise: &[PyStmt],
    ) -> PyResult<Flow> {
        while self.spend(1, line) {
            match self.condition(condition)? {
                Some(true) => {}
                Some(false) => break,
                None if self.matters(body) => {
                    let reason = format!("how often `{}` holds is not known here: write out the turns", condition.text);
                    return Err(Unported::new(line, reason));
                }
                None => {
                    self.not_run(body)?;
                    break;
                }
            }
            match self.block(body) {
                Flow::Break => return Ok(Flow::Next),
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
        }
        Ok(self.block(otherwise))
    }

    /// What statements that are not run give a value to is not known after them.
    fn not_run(&mut self, stmts: &[PyStmt]) -> PyResult<()> {
        let mut targets = Vec::new();
        assigned(stmts, &mut targets);
        for target in targets {
            let reason =
                format!("whether `{}` changes here is not known: keep the lines that the model runs", target.text);
            match &*target.kind {
                PyKind::Name(name) => {
                    let is_known = self.found(name).is_some_and(|value| value.truth().is_some() && !value.is_module());
                    if is_known {
                        self.bind(name, PyValue::opaque(reason, Some(target.line)));
                    }
                }
                PyKind::Attribute(of, name) if self.is_in_model() => match self.value(of, "")? {
                    PyValue::Instance(instance) => instance.set(name, PyValue::opaque(reason, Some(target.line))),
                    _ if SWITCHES.contains(&name.as_str()) || WEIGHTS.contains(&name.as_str()) => {}
                    _ => return Err(Unported::new(target.line, reason)),
                },
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether statements that are not run make layers, or read or give what goes through the model.
    fn matters(&self, stmts: &[PyStmt]) -> bool {
        let mut found = false;
        mentions(stmts, &mut |written| found |= contains(written, &|part| self.is_of_model(part)));
        found || self.is_in_model() && stmts.iter().any(|stmt| matches!(stmt.kind, PyStmtKind::Return(Some(_))))
    }

    fn is_of_model(&self, written: &PyExpr) -> bool {
        match &*written.kind {
            PyKind::Name(name) => self.found(name).is_some_and(|value| value.has_data()),
            PyKind::Call(of, _) => {
                let name = name_of(of);
                let upper = name.starts_with(|first: char| first.is_ascii_uppercase());
                upper && (words::is_layer(&name) || matches!(name.as_str(), "Sequential" | "ModuleList"))
            }
            _ => false,
        }
    }

    fn is_first_reading(&self) -> bool {
        self.trial.is_empty()
    }

    /// Whether a method of the model runs.
    fn is_in_model(&self) -> bool {
        self.calls.iter().any(|frame| frame.instance.is_some())
    }

    fn found(&self, name: &str) -> Option<PyValue> {
        let frame = self.calls.last();
        let local = frame.and_then(|frame| frame.scope.borrow().get(name).cloned());
        let outer = || frame.and_then(|frame| frame.closure.as_ref()?.borrow().get(name).cloned());
        local.or_else(outer).or_else(|| self.globals.borrow().get(name).cloned())
    }

    /// The items that a loop or an assignment goes through.
    pub(super) fn items(&self, value: &PyValue) -> Option<Vec<PyValue>> {
        match value {
            PyValue::Dict(pairs) => Some(pairs.borrow().iter().map(|(key, _)| key.clone()).collect()),
            PyValue::Text(text) => Some(text.chars().map(|letter| PyValue::Text(letter.to_string())).collect()),
            PyValue::Modules(modules) if modules.kind == "ModuleDict" => Some(modules.names()),
            PyValue::Modules(modules) => Some(modules.parts.borrow().iter().map(|(_, part)| part.clone()).collect()),
            value => value.items(),
        }
    }

    /// Runs a function.
    fn call(
        &mut self,
        function: &Rc<Function>,
        instance: Option<Rc<Instance>>,
        closure: Option<PyScope>,
        args: PyArgs,
    ) -> PyResult<PyValue> {
        if self.calls.len() >= DEEPEST {
            return Err(Unported::new(function.line, format!("`{}` calls itself too often", function.name)));
        }
        let wraps = |decorator: &&String| {
            let name = decorator.split(['(', '.']).next().unwrap_or_default().trim();
            matches!(self.found(name), Some(PyValue::Function(..)))
        };
        if let Some(decorator) = function.decorators.iter().find(wraps) {
            let reason = format!("what `@{decorator}` does to `{}` cannot be followed", function.name);
            return Err(Unported::new(function.line, reason));
        }
        let scope = self.bound(function, instance.as_ref(), args)?;
        self.calls.push(Frame { scope, closure, function: function.clone(), instance });
        let flow = self.block(&function.body);
        self.calls.pop();
        Ok(if let Flow::Return(value) = flow { value } else { PyValue::None })
    }

    /// Python computes defaults once, where a function is defined.
    fn keep_defaults(&mut self, function: &Function) {
        for param in &function.params {
            if let Some(Ok(value)) = param.default.as_ref().map(|default| self.value(default, "")) {
                self.defaults.insert(std::ptr::from_ref(param), value);
            }
        }
    }

    /// The parameters of a function with their values.
    fn bound(&mut self, function: &Function, instance: Option<&Rc<Instance>>, args: PyArgs) -> PyResult<PyScope> {
        let mut scope = HashMap::new();
        let mut params = function.params.iter();
        let is_static = function.decorators.iter().any(|decorator| decorator == "staticmethod");
        if let Some(instance) = instance.filter(|_| !is_static)
            && let Some(own) = params.next()
        {
            scope.insert(own.name.clone(), PyValue::Instance(instance.clone()));
        }
        let mut positional = args.positional.into_iter();
        let mut named = args.named;
        for param in params {
            let value = if param.stars == 1 {
                PyValue::Tuple(positional.by_ref().collect())
            } else if param.stars == 2 {
                let pairs = std::mem::take(&mut named).into_iter().map(|(name, value)| (PyValue::Text(name), value));
                PyValue::Dict(Rc::new(RefCell::new(pairs.collect())))
            } else if let Some(value) = positional.next() {
                value
            } else if let Some(at) = named.iter().position(|(name, _)| *name == param.name) {
                named.remove(at).1
            } else if let Some(kept) = self.defaults.get(&std::ptr::from_ref(param)) {
                kept.clone()
            } else if let Some(default) = &param.default {
                self.value(default, "")?
            } else {
                self.missing(&param.name)
            };
            scope.insert(param.name.clone(), value);
        }
        let extra =
            positional.next().map(|_| "values".to_owned()).or(named.first().map(|(name, _)| format!("`{name}`")));
        match extra {
            Some(extra) => Err(Unported::new(args.line, format!("`{}` does not take these {extra}", function.name))),
            None => Ok(Rc::new(RefCell::new(scope))),
        }
    }

    /// A parameter that nobody gives: a number of the program with this name, or not known.
    fn missing(&self, name: &str) -> PyValue {
        let known = self.globals.borrow().get(name).filter(|value| matches!(value, PyValue::Number(_))).cloned();
        let reason = format!("`{name}` is a parameter without a number: write `{name} = 16` in a line before");
        known.unwrap_or(PyValue::opaque(reason, None))
    }

    /// A class with the classes of the program that it extends, its own first.
    fn ancestors(&mut self, class: &Rc<Class>) -> Vec<Rc<Class>> {
        let mut found = vec![class.clone()];
        let mut at = 0;
        while at < found.len() && at < DEEPEST {
            for base in found[at].clone().bases.iter() {
                if let Ok(PyValue::Class(base)) = self.value(base, "")
                    && !found.iter().any(|known| Rc::ptr_eq(known, &base))
                {
                    found.push(base);
                }
            }
            at += 1;
        }
        found
    }

    /// The names of the framework's classes that a class extends.
    fn bases(&mut self, class: &Rc<Class>) -> Vec<String> {
        let ancestors = self.ancestors(class);
        let bases: Vec<PyExpr> = ancestors.iter().flat_map(|class| class.bases.iter().cloned()).collect();
        let names = bases.iter().map(|base| match self.value(base, "") {
            Ok(PyValue::Foreign(path)) => path,
            _ => String::new(),
        });
        names.filter(|name| !name.is_empty()).collect()
    }

    fn method(&mut self, class: &Rc<Class>, name: &str) -> Option<Rc<Function>> {
        self.ancestors(class).iter().find_map(|class| class.method(name).cloned())
    }
}

impl Instance {
    pub(super) fn get(&self, name: &str) -> Option<PyValue> {
        self.attrs.borrow().iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    pub(super) fn set(&self, name: &str, value: PyValue) {
        let mut attrs = self.attrs.borrow_mut();
        // A module that replaces another one keeps its place.
        match attrs.iter_mut().find(|(known, old)| known == name && old.is_module()) {
            Some((_, old)) => *old = value,
            None => {
                attrs.retain(|(known, _)| known != name);
                attrs.push((name.to_owned(), value));
            }
        }
    }
}

/// The fault of what no chain says.
pub(super) fn unread(written: &PyExpr) -> Unported {
    Unported::new(written.line, format!("`{}` cannot be translated", eval::short(&written.text)))
}

/// The last name of `a.b.c`.
pub(super) fn name_of(written: &PyExpr) -> String {
    match &*written.kind {
        PyKind::Name(name) | PyKind::Attribute(_, name) => name.clone(),
        PyKind::Tuple(items) => items.first().map_or(String::new(), name_of),
        _ => String::new(),
    }
}
