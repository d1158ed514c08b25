//! Follows a program: which layers it makes, and in which order values go through them.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use convshape_arith::op::Dialect;
use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

use super::expr::{Arg, Call, Expr, expr, is_punct, is_word, line_of, split, text_of};
use super::lines::{Line, lines};
use super::{Unported, layer, named};
use crate::syntax::Layer;
use crate::words;

/// What the lines say.
pub(super) struct Program {
    pub(super) dialect: Dialect,
    /// The name of the model's class.
    pub(super) class: Option<String>,
    pub(super) statements: Vec<Statement>,
    /// The names of the outputs, unless the last statement is the only one.
    pub(super) outputs: Vec<String>,
    /// Shapes that the lines give for the input, perhaps with the batch in front.
    pub(super) shapes: Vec<Vec<String>>,
    pub(super) notes: Vec<String>,
}

/// One statement of the chain.
pub(super) struct Statement {
    pub(super) label: String,
    /// Whether its name is written.
    pub(super) is_named: bool,
    pub(super) file_name: Option<String>,
    pub(super) line: String,
    pub(super) layer: Layer,
}

/// What a program builds before it runs.
#[derive(Clone)]
enum Module {
    Layer(Rc<Leaf>),
    /// The parts of a sequence, with their names.
    Sequence(Vec<(String, Module)>),
}

/// The construction of a layer.
struct Leaf {
    /// Counts constructions.
    number: usize,
    line: usize,
    call: String,
    args: Vec<Arg>,
    /// Keras' `name`.
    label: Option<String>,
}

/// Arguments that say nothing about what a trained layer computes.
const INITIALISERS: &[&str] = &["initializer", "regularizer", "constraint"];

/// Words that begin lines without layers.
const SKIPPED: &[&str] = &[
    "import", "from", "pass", "print", "assert", "del", "raise", "global", "nonlocal", "super", "yield", "async",
    "await", "break", "continue", "else", "elif", "except", "finally",
];

/// Words that begin a block whose body does not run once.
const BRANCHES: &[&str] = &["for", "while", "if", "try"];

/// The value that goes into the model.
const INPUT: &str = "input";

type Read<T> = Result<T, Unported>;

impl Program {
    pub(super) fn read(python: &str) -> Result<Program, Vec<Unported>> {
        let lines = lines(python).map_err(|fault| vec![fault])?;
        let mut reader = Reader::new(dialect(&lines));
        reader.run(&lines);
        reader.finish()
    }
}

/// The framework that the lines are for.
fn dialect(lines: &[Line]) -> Dialect {
    fn words(tokens: impl IntoIterator<Item = TokenTree>, found: &mut Vec<String>) {
        for token in tokens {
            match token {
                TokenTree::Ident(word) => found.push(word.to_string()),
                TokenTree::Group(group) => words(group.stream(), found),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    lines.iter().for_each(|line| words(line.tokens.clone(), &mut found));
    let has = |names: &[&str]| found.iter().any(|word| names.contains(&word.as_str()));
    let keras = ["keras", "tf", "tensorflow", "Dense", "Conv1D", "Conv2D", "Conv3D", "MaxPooling2D", "LSTM"];
    if has(&keras) && !has(&["torch", "nn"]) { Dialect::Keras } else { Dialect::Torch }
}

struct Reader {
    program: Program,
    modules: HashMap<String, Module>,
    /// The names of modules in order.
    order: Vec<String>,
    /// Modules that another one contains or that were applied.
    used: HashSet<String>,
    /// The statement that computes each variable's value, by the variable's name.
    values: HashMap<String, String>,
    constants: HashMap<String, Vec<TokenTree>>,
    /// Names that only a caller knows.
    unknown: HashSet<String>,
    /// Functions and classes of the program.
    own: HashSet<String>,
    /// Layers written one per line.
    bare: Vec<(String, Module)>,
    /// How many layers were constructed.
    leaves: usize,
    /// The labels of layers that ran, by their numbers.
    ran: HashMap<usize, String>,
    labels: HashSet<String>,
    returned: Option<Vec<String>>,
    /// The line of the method that runs the model.
    runs: Option<usize>,
    faults: Vec<Unported>,
}

impl Reader {
    fn new(dialect: Dialect) -> Reader {
        Reader {
            program: Program {
                dialect,
                class: None,
                statements: Vec::new(),
                outputs: Vec::new(),
                shapes: Vec::new(),
                notes: Vec::new(),
            },
            modules: HashMap::new(),
            order: Vec::new(),
            used: HashSet::new(),
            values: HashMap::new(),
            constants: HashMap::new(),
            unknown: HashSet::new(),
            own: HashSet::new(),
            bare: Vec::new(),
            leaves: 0,
            ran: HashMap::new(),
            labels: HashSet::from([INPUT.to_owned(), "output".to_owned()]),
            returned: None,
            runs: None,
            faults: Vec::new(),
        }
    }

    fn run(&mut self, lines: &[Line]) {
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let inside = lines[at + 1..].iter().take_while(|inner| inner.indent > line.indent).count();
            let body = &lines[at + 1..at + 1 + inside];
            let read = self.statement(line, body);
            at += 1 + read.unwrap_or_else(|fault| {
                self.faults.push(fault);
                0
            });
        }
    }

    /// Reads a line, and gives the number of lines of its body to skip.
    fn statement(&mut self, line: &Line, body: &[Line]) -> Read<usize> {
        let first = match &line.tokens[0] {
            TokenTree::Ident(word) => word.to_string(),
            TokenTree::Punct(punct) if punct.as_char() == '@' => return Ok(0),
            _ => String::new(),
        };
        match first.as_str() {
            word if SKIPPED.contains(&word) && !body.iter().any(|line| self.makes_layers(&line.tokens)) => Ok(0),
            "class" => self.class(line, body),
            "def" => Ok(self.function(line, body)),
            word if BRANCHES.contains(&word) && !is_main(line) => {
                let mut inside = std::iter::once(line).chain(body);
                match inside.find(|line| self.makes_layers(&line.tokens)) {
                    Some(inside) => {
                        let reason = format!("a layer inside `{word}`: write out the layers that it gives");
                        self.faults.push(Unported::new(inside.number, reason));
                        Ok(body.len())
                    }
                    None => Ok(body.len()),
                }
            }
            "if" | "with" => Ok(0),
            "return" => self.returns(&line.tokens[1..]).map(|()| 0),
            _ => self.assignment(line).map(|()| 0),
        }
    }

    fn class(&mut self, line: &Line, body: &[Line]) -> Read<usize> {
        let Some(TokenTree::Ident(name)) = line.tokens.get(1) else { return Ok(0) };
        self.own.insert(name.to_string());
        if !body.iter().any(|line| self.makes_layers(&line.tokens)) {
            return Ok(body.len());
        }
        if let Some(first) = &self.program.class {
            let reason = format!("`{name}` is a second class, after `{first}`: write one class at a time");
            self.faults.push(Unported::new(line.number, reason));
            return Ok(body.len());
        }
        self.program.class = Some(name.to_string());
        Ok(0)
    }

    /// Reads the parameters of a function whose body runs: of a model's methods, or one without parameters. Gives the
    /// number of lines to skip.
    fn function(&mut self, line: &Line, body: &[Line]) -> usize {
        let Some(TokenTree::Ident(name)) = line.tokens.get(1) else { return body.len() };
        let params = line.tokens.iter().find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(split(group.stream(), ',')),
            _ => None,
        });
        let params = params.unwrap_or_default();
        let is_method = params.first().is_some_and(|param| is_word(&param[0], "self"));
        let runs = matches!(name.to_string().as_str(), "forward" | "call" | "__call__");
        let mut open = Vec::new();
        for param in params.iter().skip(usize::from(is_method)) {
            let Some(TokenTree::Ident(param_name)) = param.first() else { continue };
            let default = param.iter().position(|token| is_punct(token, '=')).map(|at| &param[at + 1..]);
            match default.and_then(|default| self.constant(default)) {
                Some(default) => {
                    self.constants.insert(param_name.to_string(), default);
                }
                None => open.push(param_name.to_string()),
            }
        }
        open.retain(|name| !self.constants.contains_key(name));
        match (is_method && runs, name == "__init__" || open.is_empty()) {
            (true, _) => {
                self.runs = Some(line.number);
                if let Some(input) = open.first() {
                    self.values.insert(input.clone(), INPUT.to_owned());
                }
                0
            }
            (false, true) => {
                self.unknown.extend(open);
                0
            }
            (false, false) => {
                self.own.insert(name.to_string());
                body.len()
            }
        }
    }

    fn returns(&mut self, tokens: &[TokenTree]) -> Read<()> {
        let items = split(tokens.iter().cloned(), ',');
        let values = items.iter().map(|item| self.value(item, "y")).collect::<Read<Option<Vec<String>>>>()?;
        match values {
            Some(values) if !values.is_empty() => self.returned = Some(values),
            _ => self.expression(tokens)?,
        }
        Ok(())
    }

    /// `a = ..`, `self.a = ..`, `a += ..`, or an expression alone.
    fn assignment(&mut self, line: &Line) -> Read<()> {
        let Some(at) = equals(&line.tokens) else { return self.expression(&line.tokens) };
        let (target, value) = (&line.tokens[..at], &line.tokens[at + 1..]);
        // `x: int = 3`
        let target = target.split(|token| is_punct(token, ':')).next().unwrap_or(target);
        let (target, sum) = match target {
            [target @ .., plus] if is_punct(plus, '+') => (target, true),
            target => (target, false),
        };
        let name = match target {
            [TokenTree::Ident(name)] => name.to_string(),
            [TokenTree::Ident(object), dot, TokenTree::Ident(name)] if object == "self" && is_punct(dot, '.') => {
                name.to_string()
            }
            _ if self.makes_layers(value) || self.value(value, "y")?.is_some() => {
                let reason = format!("`{}`: only a single name can be given", text_of(target));
                return Err(Unported::new(line.number, reason));
            }
            _ => return Ok(()),
        };
        if sum {
            let plus: TokenStream = format!("{name} + x").parse().unwrap_or_default();
            let tokens: Vec<TokenTree> = plus.into_iter().take(2).chain(value.iter().cloned()).collect();
            return self.assign(&name, &tokens);
        }
        self.assign(&name, value)
    }

    fn assign(&mut self, name: &str, value: &[TokenTree]) -> Read<()> {
        if let Some(constant) = self.constant(value) {
            self.unknown.remove(name);
            self.constants.insert(name.to_owned(), constant);
        } else if let Some(value) = self.value(value, name)? {
            self.values.insert(name.to_owned(), value);
        } else if let Some(module) = self.module(value)? {
            self.modules.insert(name.to_owned(), module);
            self.order.retain(|earlier| earlier != name);
            self.order.push(name.to_owned());
        } else {
            self.expression(value)?;
        }
        Ok(())
    }

    /// An expression whose value is not kept, or says nothing about the model.
    fn expression(&mut self, tokens: &[TokenTree]) -> Read<()> {
        // Layers written one per line end with a comma.
        if let Some(parts) = Some(split(tokens.iter().cloned(), ',')).filter(|parts| parts.len() > 1) {
            return parts.iter().try_for_each(|part| self.expression(part));
        }
        let tokens = match tokens {
            [inner @ .., comma] if is_punct(comma, ',') => inner,
            tokens => tokens,
        };
        if self.value(tokens, "y")?.is_some() {
            return Ok(());
        }
        if let Expr::Call(call) = expr(tokens)
            && let [args] = call.calls.as_slice()
        {
            match call.path.as_slice() {
                [.., object, method] if matches!(self.modules.get(object), Some(Module::Sequence(_))) => {
                    return self.method(object, method, args, tokens);
                }
                [.., name] if name == "Model" => return self.outputs(args),
                [.., name] if matches!(name.as_str(), "summary" | "randn" | "rand" | "zeros" | "ones" | "empty") => {
                    return self.shape_hint(name, args);
                }
                _ => {}
            }
        }
        if let Some(module) = self.module(tokens)? {
            self.bare.push((self.bare.len().to_string(), module));
            return Ok(());
        }
        match line_of(tokens).filter(|_| self.makes_layers(tokens)) {
            Some(line) => Err(Unported::new(line, format!("`{}` cannot be followed", text_of(tokens)))),
            None => Ok(()),
        }
    }

    /// `model.add(..)`, `model.build((None, 28, 28, 1))`
    fn method(&mut self, object: &str, method: &str, args: &[Arg], tokens: &[TokenTree]) -> Read<()> {
        let (name, value) = match (method, args) {
            ("add" | "append", [layer]) => (None, &layer.value),
            ("add_module", [name, layer]) => (Some(name), &layer.value),
            ("build", [shape]) => {
                self.shape(&shape.value);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let Some(module) = self.module(value)? else {
            return Err(Unported::new(line_of(tokens).unwrap_or(1), format!("`{}` is not a layer", text_of(value))));
        };
        if let Some(Module::Sequence(parts)) = self.modules.get_mut(object) {
            let name = name.and_then(|name| match expr(&name.value) {
                Expr::Text(name) => Some(name),
                Expr::Call(_) | Expr::List(_) | Expr::Other => None,
            });
            parts.push((name.unwrap_or_else(|| parts.len().to_string()), module));
        }
        Ok(())
    }

    /// `Model(inputs, outputs)`
    fn outputs(&mut self, args: &[Arg]) -> Read<()> {
        let outputs = args.iter().find(|arg| arg.name.as_deref() == Some("outputs")).or(args.get(1));
        let Some(outputs) = outputs else { return Ok(()) };
        let values = match expr(&outputs.value) {
            Expr::List(items) => items,
            Expr::Call(_) | Expr::Text(_) | Expr::Other => vec![outputs.value.clone()],
        };
        self.returned = values.iter().map(|value| self.value(value, "y")).collect::<Read<Option<Vec<String>>>>()?;
        Ok(())
    }

    /// The shape in `summary(model, (1, 28, 28))` or `torch.randn(1, 3, 32, 32)`.
    fn shape_hint(&mut self, name: &str, args: &[Arg]) -> Read<()> {
        if name == "summary" {
            let shape = args.iter().find(|arg| arg.name.as_deref() == Some("input_size")).or(args.get(1));
            shape.into_iter().for_each(|shape| self.shape(&shape.value));
        } else if let [shape] = args {
            self.shape(&shape.value);
        } else {
            let sizes = args.iter().filter(|arg| arg.name.is_none()).map(|arg| text_of(&self.known(&arg.value)));
            self.program.shapes.push(sizes.collect());
        }
        Ok(())
    }

    /// Notes a shape that the lines give for the input.
    fn shape(&mut self, tokens: &[TokenTree]) {
        if let Expr::List(items) = expr(&self.known(tokens)) {
            self.program.shapes.push(items.iter().map(|item| text_of(item)).collect());
        }
    }

    /// The label of the statement that computes an expression; `None` if the expression does not compute on the model's
    /// data.
    fn value(&mut self, tokens: &[TokenTree], hint: &str) -> Read<Option<String>> {
        let parts = split(tokens.iter().cloned(), '+');
        if parts.len() > 1 {
            let values = parts.iter().map(|part| self.value(part, hint)).collect::<Read<Option<Vec<String>>>>()?;
            return values.map(|values| self.emit_text(&values.join(" + "), &values, hint, tokens)).transpose();
        }
        let Expr::Call(call) = expr(tokens) else { return Ok(None) };
        let line = line_of(tokens).unwrap_or(1);
        let object =
            call.path.last().filter(|_| call.path.len() == 1 || call.path[0] == "self" && call.path.len() == 2);
        match call.calls.as_slice() {
            [] => Ok(object.and_then(|name| self.values.get(name)).cloned()),
            [_] if call.name() == "Model" => Ok(None),
            [args] if call.name() == "Input" => {
                let shape = args.iter().find(|arg| arg.name.as_deref().is_none_or(|name| name.ends_with("shape")));
                shape.into_iter().for_each(|shape| self.shape(&shape.value));
                if !self.program.statements.is_empty() || self.values.values().any(|value| value == INPUT) {
                    return Err(Unported::new(line, "a second input: write the chain's `input` with two ports"));
                }
                Ok(Some(INPUT.to_owned()))
            }
            [args] => {
                if let Some(module) = object.and_then(|name| self.modules.get(name)).cloned() {
                    let path = if self.program.class.is_some() { call.name() } else { "" };
                    return self.applied(&module, path, args, hint, line);
                }
                self.functional(&call, args, hint, tokens)
            }
            [_, operands] => {
                let made = Call { path: call.path.clone(), calls: vec![call.calls[0].clone()] };
                match self.layer(&made, line)? {
                    Some(module) => self.applied(&module, "", operands, hint, line),
                    None if self.reads_values(operands) => Err(self.no_layer(call.name(), line)),
                    None => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    /// A function or method on values: `F.relu(x)`, `torch.cat([a, b], 1)`, `x.view(-1, 784)`.
    fn functional(&mut self, call: &Call, args: &[Arg], hint: &str, tokens: &[TokenTree]) -> Read<Option<String>> {
        let line = line_of(tokens).unwrap_or(1);
        let object = call.path.first().filter(|_| call.path.len() == 2).and_then(|name| self.values.get(name)).cloned();
        let mut read: Vec<String> = object.iter().cloned().collect();
        let mut texts = Vec::new();
        for arg in args {
            let text = match expr(&arg.value) {
                Expr::List(items) => {
                    let values = items.iter().map(|item| self.value(item, hint)).collect::<Read<Option<Vec<_>>>>()?;
                    values.filter(|values| !values.is_empty()).map(|values| {
                        read.extend(values.iter().cloned());
                        format!("[{}]", values.join(", "))
                    })
                }
                Expr::Call(_) | Expr::Other => self.value(&arg.value, hint)?.inspect(|value| read.push(value.clone())),
                Expr::Text(_) => None,
            };
            let value = text.unwrap_or_else(|| self.sizes(&arg.value));
            texts.push(arg.name.as_ref().map_or(value.clone(), |name| format!("{name}={value}")));
        }
        if read.is_empty() {
            return Ok(None);
        }
        let name = call.name();
        if !layer::is_known(name, self.program.dialect) {
            return Err(self.no_layer(name, line));
        }
        let module = object.unwrap_or_else(|| call.path[..call.path.len() - 1].join("."));
        let module = if module.is_empty() || module == "self" { "F".to_owned() } else { module };
        let text = format!("{module}.{name}({})", texts.join(", "));
        self.emit_text(&text, &read, hint, tokens).map(Some)
    }

    /// An argument's text. The batch, which only run time knows, is -1.
    fn sizes(&self, tokens: &[TokenTree]) -> String {
        let of_shape = |token: &TokenTree| ["size", "shape", "batch_size"].iter().any(|word| is_word(token, word));
        if tokens.iter().any(of_shape) { "-1".to_owned() } else { text_of(&self.known(tokens)) }
    }

    /// A module on values.
    fn applied(&mut self, module: &Module, path: &str, args: &[Arg], hint: &str, line: usize) -> Read<Option<String>> {
        let mut operands = Vec::new();
        for arg in args.iter().filter(|arg| arg.name.is_none()) {
            let items = match expr(&arg.value) {
                Expr::List(items) => items,
                Expr::Call(_) | Expr::Text(_) | Expr::Other => vec![arg.value.clone()],
            };
            for item in items {
                operands.push(self.value(&item, hint)?.ok_or_else(|| {
                    Unported::new(line, format!("`{}` is not a value that goes through the model", text_of(&item)))
                })?);
            }
        }
        if operands.is_empty() {
            return Ok(None);
        }
        self.used.insert(path.to_owned());
        self.apply(module, path, operands, hint).map(Some)
    }

    fn apply(&mut self, module: &Module, path: &str, operands: Vec<String>, hint: &str) -> Read<String> {
        match module {
            Module::Sequence(parts) => {
                let mut operands = operands;
                for (name, part) in parts {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    operands = vec![self.apply(part, &path, operands, &path)?];
                }
                Ok(operands.swap_remove(0))
            }
            Module::Layer(leaf) => self.run_layer(leaf, path, &operands, hint),
        }
    }

    fn run_layer(&mut self, leaf: &Rc<Leaf>, path: &str, operands: &[String], hint: &str) -> Read<String> {
        let mut args: Vec<String> = leaf.args.iter().map(|arg| self.arg(arg)).collect();
        if operands.len() > 1 {
            args.insert(0, format!("[{}]", operands.join(", ")));
        }
        let module = if self.program.dialect == Dialect::Keras { "layers" } else { "nn" };
        let text = format!("{module}.{}({})", leaf.call, args.join(", "));
        let mut read = self.parsed(&text, if operands.len() > 1 { operands } else { &[] }, leaf.line)?;
        if let [operand] = operands
            && Some(operand) != self.previous().as_ref()
        {
            named(&mut self.program.statements, operand);
            let source =
                layer::read(&format!("Identity from {operand}"), self.program.dialect, &self.readable(operand));
            read.from = source.ok().and_then(|identity| identity.from);
        }
        let shared = layer::is_shared(&read, self.program.dialect);
        let first = self.ran.get(&leaf.number).filter(|_| shared).cloned();
        let last = path.rsplit('.').next().unwrap_or_default();
        let own = if last.starts_with(|first: char| first.is_ascii_digit()) { "" } else { last };
        let given = leaf.label.clone().or_else(|| Some(own.to_owned()).filter(|own| !own.is_empty()));
        let is_named = given.is_some() && !self.ran.contains_key(&leaf.number);
        let label = self.label(given.as_deref().unwrap_or(hint));
        let line = match &first {
            Some(first) => {
                named(&mut self.program.statements, first);
                let from = layer::source(&read).map(|from| format!(" from {from}")).unwrap_or_default();
                format!("reuse {first}{from}")
            }
            None => read.to_string(),
        };
        self.ran.entry(leaf.number).or_insert_with(|| label.clone());
        let file_name = Some(path.to_owned()).filter(|path| {
            self.program.dialect == Dialect::Torch && !path.is_empty() && *path != label && first.is_none()
        });
        self.push(Statement { label: label.clone(), is_named, file_name, line, layer: read });
        Ok(label)
    }

    /// A statement from a line of Python that reads values.
    fn emit_text(&mut self, text: &str, read: &[String], hint: &str, tokens: &[TokenTree]) -> Read<String> {
        let mut layer = self.parsed(text, read, line_of(tokens).unwrap_or(1))?;
        let previous = self.previous();
        match layer::source(&layer) {
            Some(from) if Some(&from) == previous.as_ref() => layer.from = None,
            Some(from) => named(&mut self.program.statements, &from),
            None => {}
        }
        let positional: Vec<String> = layer.args.positional.iter().map(ToString::to_string).collect();
        read.iter().filter(|label| positional.contains(label)).for_each(|label| {
            named(&mut self.program.statements, label);
        });
        let label = self.label(hint);
        let line = layer.to_string();
        self.push(Statement { label: label.clone(), is_named: false, file_name: None, line, layer });
        Ok(label)
    }

    fn parsed(&self, text: &str, labels: &[String], line: usize) -> Read<Layer> {
        let labels: Vec<String> = labels.iter().flat_map(|label| self.readable(label)).collect();
        layer::read(text, self.program.dialect, &labels).map_err(|reason| Unported::new(line, reason))
    }

    /// The label, unless it is the input, which the parser knows.
    fn readable(&self, label: &str) -> Vec<String> {
        if label == INPUT { Vec::new() } else { vec![label.to_owned()] }
    }

    fn previous(&self) -> Option<String> {
        let last = self.program.statements.last();
        Some(last.map_or_else(|| INPUT.to_owned(), |statement| statement.label.clone()))
    }

    fn push(&mut self, statement: Statement) {
        self.program.statements.push(statement);
    }

    /// A label that no other statement has.
    fn label(&mut self, hint: &str) -> String {
        let mut plain: String = hint.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if !plain.starts_with(|first: char| first.is_ascii_alphabetic()) {
            plain.insert_str(0, "layer");
        }
        if syn::parse_str::<syn::Ident>(&plain).is_err() {
            plain.push('_');
        }
        let candidates = std::iter::once(plain.clone()).chain((2..).map(|number| format!("{plain}{number}")));
        let label = candidates.into_iter().find(|label| !self.labels.contains(label)).unwrap_or(plain);
        self.labels.insert(label.clone());
        label
    }

    /// The module that an expression makes or names. `None` if it makes none.
    fn module(&mut self, tokens: &[TokenTree]) -> Read<Option<Module>> {
        let line = line_of(tokens).unwrap_or(1);
        let Expr::Call(call) = expr(tokens) else { return Ok(None) };
        match call.calls.as_slice() {
            [] => {
                let name = call.name().to_owned();
                let module =
                    self.modules.get(&name).filter(|_| call.path.len() == 1 || call.path[0] == "self").cloned();
                if module.is_some() {
                    self.used.insert(name);
                }
                Ok(module)
            }
            [args] if call.name() == "Sequential" => self.sequence(args).map(|parts| Some(Module::Sequence(parts))),
            [_] => self.layer(&call, line),
            _ => Ok(None),
        }
    }

    /// The layer that a call makes; `None` if it does not make a layer.
    fn layer(&mut self, call: &Call, line: usize) -> Read<Option<Module>> {
        let name = call.name();
        if name == "Sequential" {
            return self.sequence(&call.calls[0]).map(|parts| Some(Module::Sequence(parts)));
        }
        if !words::is_layer(name) && name != "InputLayer" {
            return Ok(None);
        }
        let args = &call.calls[0];
        let mut kept = Vec::new();
        let mut label = None;
        for arg in args {
            let name = arg.name.as_deref().unwrap_or_default();
            if let Some(word) = self.open_name(&arg.value) {
                let reason = format!("`{word}` is a parameter without a number: write `{word} = 16` in a line before");
                return Err(Unported::new(line, reason));
            } else if matches!(name, "input_shape" | "shape" | "batch_shape" | "batch_input_shape") {
                self.shape(&arg.value);
            } else if name == "input_dim" {
                self.program.shapes.push(vec![text_of(&self.known(&arg.value))]);
            } else if name == "name" {
                label = match expr(&arg.value) {
                    Expr::Text(text) => Some(text),
                    Expr::Call(_) | Expr::List(_) | Expr::Other => None,
                };
            } else if INITIALISERS.iter().any(|end| name.ends_with(end)) {
                self.program.notes.push(format!("line {line}: `{name}` is left out: it says nothing about shapes"));
            } else {
                kept.push(Arg { name: arg.name.clone(), value: self.known(&arg.value) });
            }
        }
        self.leaves += 1;
        let leaf = Leaf { number: self.leaves, line, call: name.to_owned(), args: kept, label };
        Ok(Some(Module::Layer(Rc::new(leaf))))
    }

    /// The parts of `Sequential(..)`: layers, a list of them, or named ones in an `OrderedDict`.
    fn sequence(&mut self, args: &[Arg]) -> Read<Vec<(String, Module)>> {
        let mut parts = Vec::new();
        for arg in args.iter().filter(|arg| arg.name.as_deref().is_none_or(|name| name == "layers")) {
            self.part(None, &arg.value, &mut parts)?;
        }
        Ok(parts)
    }

    fn part(&mut self, name: Option<String>, tokens: &[TokenTree], parts: &mut Vec<(String, Module)>) -> Read<()> {
        let line = line_of(tokens).unwrap_or(1);
        let listed = match expr(tokens) {
            Expr::List(items) => Some(items),
            Expr::Call(call) if call.name() == "OrderedDict" => match call.calls.first().map(Vec::as_slice) {
                Some([arg]) => match expr(&arg.value) {
                    Expr::List(items) => Some(items),
                    Expr::Call(_) | Expr::Text(_) | Expr::Other => None,
                },
                _ => None,
            },
            Expr::Call(_) | Expr::Text(_) | Expr::Other => None,
        };
        if let Some(items) = listed {
            // `("conv1", nn.Conv2d(..))`
            if let [name, value] = items.as_slice()
                && let Expr::Text(name) = expr(name)
            {
                return self.part(Some(name), value, parts);
            }
            return items.iter().try_for_each(|item| self.part(None, item, parts));
        }
        if let [star, ..] = tokens
            && is_punct(star, '*')
        {
            return Err(Unported::new(line, format!("`{}` unpacks a list: write its layers out", text_of(tokens))));
        }
        // As PyTorch prints a model: `(0): Conv2d(..)` without commas between the parts.
        if let [TokenTree::Group(index), colon, ..] = tokens
            && is_punct(colon, ':')
        {
            return self.printed(index, &tokens[2..], parts);
        }
        if let Expr::Call(call) = expr(tokens)
            && call.name() == "Input"
            && let Some(args) = call.calls.first()
        {
            let shape = args.iter().find(|arg| arg.name.as_deref().is_none_or(|name| name.ends_with("shape")));
            shape.into_iter().for_each(|shape| self.shape(&shape.value));
            return Ok(());
        }
        match self.module(tokens)? {
            Some(Module::Layer(leaf)) if leaf.call == "InputLayer" => Ok(()),
            Some(module) => {
                parts.push((name.unwrap_or_else(|| parts.len().to_string()), module));
                Ok(())
            }
            None => match expr(tokens) {
                Expr::Call(call) => Err(self.no_layer(call.name(), line)),
                _ => Err(Unported::new(line, format!("`{}` is not a layer", text_of(tokens)))),
            },
        }
    }

    /// The first part of a printed model, and those after it.
    fn printed(&mut self, index: &Group, rest: &[TokenTree], parts: &mut Vec<(String, Module)>) -> Read<()> {
        let next = |at: usize| {
            matches!(&rest[at..], [TokenTree::Group(group), colon, ..]
                if group.delimiter() == Delimiter::Parenthesis && is_punct(colon, ':'))
        };
        let end = (1..rest.len()).find(|&at| next(at)).unwrap_or(rest.len());
        self.part(Some(text_of(&index.stream().into_iter().collect::<Vec<_>>())), &rest[..end], parts)?;
        if end < rest.len() { self.part(None, &rest[end..], parts) } else { Ok(()) }
    }

    /// Whether the arguments of a call have values of the model.
    fn reads_values(&self, args: &[Arg]) -> bool {
        let known = |word: &TokenTree| self.values.keys().any(|name| is_word(word, name));
        args.iter().any(|arg| arg.value.iter().any(known))
    }

    fn no_layer(&self, name: &str, line: usize) -> Unported {
        let reason = match words::instead(name) {
            _ if self.own.contains(name) => format!("`{name}` is the program's own: write its layers out"),
            Some(instead) => format!("`{name}` is no layer of a chain: {instead}"),
            None => format!("`{name}` is no layer that a chain has"),
        };
        Unported::new(line, reason)
    }

    /// An argument as Python writes it.
    fn arg(&self, arg: &Arg) -> String {
        let value = text_of(&arg.value);
        arg.name.as_ref().map_or(value.clone(), |name| format!("{name}={value}"))
    }

    /// A parameter of a function in an expression, whose number only a caller knows.
    fn open_name(&self, tokens: &[TokenTree]) -> Option<String> {
        tokens.iter().find_map(|token| match token {
            TokenTree::Ident(word) if self.unknown.contains(&word.to_string()) => Some(word.to_string()),
            TokenTree::Group(group) => self.open_name(&group.stream().into_iter().collect::<Vec<_>>()),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
        })
    }

    /// Whether tokens make a layer: `nn.Conv2d(`, `Sequential(`.
    fn makes_layers(&self, tokens: &[TokenTree]) -> bool {
        tokens.iter().enumerate().any(|(at, token)| match token {
            TokenTree::Ident(word) => {
                let name = word.to_string();
                let called = matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
                let upper = name.starts_with(|first: char| first.is_ascii_uppercase());
                called && upper && (name == "Sequential" || words::is_layer(&name))
            }
            TokenTree::Group(group) => self.makes_layers(&group.stream().into_iter().collect::<Vec<_>>()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
    }

    /// The tokens of a number, a word in quotes, or a tuple, with known names filled in. `None` for anything else.
    fn constant(&self, tokens: &[TokenTree]) -> Option<Vec<TokenTree>> {
        fn is_constant(tokens: &[TokenTree]) -> bool {
            tokens.iter().all(|token| match token {
                TokenTree::Literal(_) => true,
                TokenTree::Ident(word) => matches!(word.to_string().as_str(), "True" | "False" | "None"),
                TokenTree::Punct(punct) => "+-*/%,".contains(punct.as_char()),
                TokenTree::Group(group) => is_constant(&group.stream().into_iter().collect::<Vec<_>>()),
            })
        }
        let known = self.known(tokens);
        (!known.is_empty() && is_constant(&known)).then_some(known)
    }

    /// The tokens with the values of known names.
    fn known(&self, tokens: &[TokenTree]) -> Vec<TokenTree> {
        let mut known = Vec::new();
        let mut rest = tokens;
        while let [token, after @ ..] = rest {
            let (name, after) = match (token, after) {
                (TokenTree::Ident(object), [dot, TokenTree::Ident(name), after @ ..])
                    if object == "self" && is_punct(dot, '.') =>
                {
                    (Some(name), after)
                }
                (TokenTree::Ident(name), after) => (Some(name), after),
                (_, after) => (None, after),
            };
            let value = name.and_then(|name| self.constants.get(&name.to_string()));
            match (value, token) {
                (Some(value), _) if value.len() == 1 => known.extend(value.iter().cloned()),
                (Some(value), _) => {
                    known.push(Group::new(Delimiter::Parenthesis, value.iter().cloned().collect()).into());
                }
                (None, TokenTree::Group(group)) => {
                    let inner = self.known(&group.stream().into_iter().collect::<Vec<_>>());
                    let mut same = Group::new(group.delimiter(), inner.into_iter().collect());
                    same.set_span(group.span());
                    known.push(same.into());
                }
                (None, token) => {
                    known.push(token.clone());
                    rest = &rest[1..];
                    continue;
                }
            }
            rest = after;
        }
        known
    }

    /// Runs what was only defined, and gives the program.
    fn finish(mut self) -> Result<Program, Vec<Unported>> {
        let sequence = std::mem::take(&mut self.bare);
        if let (Some(line), true, true) = (self.runs, self.program.statements.is_empty(), self.faults.is_empty()) {
            self.faults.push(Unported::new(line, "no layer can be followed in this method"));
        }
        if self.program.statements.is_empty() && self.faults.is_empty() {
            let mut roots: Vec<(String, Module)> = self
                .order
                .iter()
                .filter(|name| !self.used.contains(*name))
                .filter_map(|name| Some((name.clone(), self.modules.get(name)?.clone())))
                .collect();
            let single = self.program.class.is_none() && roots.len() == 1;
            if let [(name, Module::Sequence(_))] = roots.as_mut_slice()
                && single
            {
                name.clear();
            }
            roots.extend(match sequence.as_slice() {
                // A sequence alone.
                [(_, module @ Module::Sequence(_))] if roots.is_empty() => vec![(String::new(), module.clone())],
                _ => sequence,
            });
            let mut value = INPUT.to_owned();
            for (path, module) in roots {
                match self.apply(&module, &path, vec![value.clone()], &path) {
                    Ok(given) => value = given,
                    Err(fault) => {
                        self.faults.push(fault);
                        break;
                    }
                }
            }
        }
        if self.faults.is_empty() && self.program.statements.is_empty() {
            self.faults.push(Unported::new(1, "there is no layer in these lines"));
        }
        let last = self.program.statements.last().map(|statement| statement.label.clone());
        let outputs = self.returned.take().unwrap_or_default();
        if outputs.len() > 1 || outputs.first().is_some_and(|output| Some(output) != last.as_ref()) {
            outputs.iter().for_each(|output| named(&mut self.program.statements, output));
            self.program.outputs = outputs;
        }
        if self.faults.is_empty() { Ok(self.program) } else { Err(self.faults) }
    }
}

/// The position of an assignment's `=`; those in `==` and `<=` do not count.
fn equals(tokens: &[TokenTree]) -> Option<usize> {
    let joint =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.spacing() == Spacing::Joint);
    let before = |at: usize| at > 0 && joint(at - 1) && !is_punct(&tokens[at - 1], '+');
    let after = |at: usize| joint(at) && tokens.get(at + 1).is_some_and(|next| is_punct(next, '='));
    (1..tokens.len()).find(|&at| is_punct(&tokens[at], '=') && !before(at) && !after(at))
}

/// `if __name__ == "__main__":`
fn is_main(line: &Line) -> bool {
    line.tokens.get(1).is_some_and(|word| is_word(word, "__name__"))
}
