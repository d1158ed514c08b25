//! Follows a program: which layers it makes, and in which order values go through them.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use convshape_arith::op::Dialect;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use super::expr::{Arg, Expr, expr, is_punct, is_word, line_of, split, text_of};
use super::lines::{Line, lines};
use super::{Unported, named};
use crate::syntax::Layer;

mod modules;
mod values;

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
    /// Whether the chain writes the statement's name, because something refers to it.
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
            if line.indent == 0 && self.program.class.is_some() {
                // The variables of `forward` end with the class.
                self.values.clear();
            }
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
            Some(line) => Err(Unported::new(line, format!("`{}` cannot be followed", short(&text_of(tokens))))),
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

/// The start of a long text.
fn short(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

/// `if __name__ == "__main__":`
fn is_main(line: &Line) -> bool {
    line.tokens.get(1).is_some_and(|word| is_word(word, "__name__"))
}
