//! Reads statements from lines: what begins with which word, and which lines are inside.

use std::rc::Rc;

use proc_macro2::{Delimiter, TokenTree};

use super::expr::{expr, is_punct, is_word, params, split, text_of};
use super::lines::Line;
use super::syntax::{Class, Function, Operator, PyExpr, PyKind, PyStmt, PyStmtKind, PyTurns};

/// Words that begin lines which compute nothing.
const NOTHING: &[&str] = &["pass", "assert"];

/// The statements of lines.
pub(super) fn stmts(lines: &[Line]) -> Vec<PyStmt> {
    let mut reader = StmtReader { lines, at: 0, decorators: Vec::new() };
    let mut stmts = Vec::new();
    while reader.at < lines.len() {
        if let Some(kind) = reader.statement() {
            stmts.push(PyStmt { line: kind.0, kind: kind.1 });
        }
    }
    stmts
}

struct StmtReader<'a> {
    lines: &'a [Line],
    at: usize,
    /// Those of the function that follows.
    decorators: Vec<String>,
}

impl<'a> StmtReader<'a> {
    /// The statement that begins at this line; `None` for a decorator.
    fn statement(&mut self) -> Option<(usize, PyStmtKind)> {
        let line = &self.lines[self.at];
        self.at += 1;
        let first = match &line.tokens[0] {
            TokenTree::Ident(word) => word.to_string(),
            TokenTree::Punct(punct) if punct.as_char() == '@' => {
                self.decorators.push(text_of(&line.tokens[1..]));
                return None;
            }
            _ => String::new(),
        };
        let rest = &line.tokens[1..];
        let kind = match first.as_str() {
            "class" => self.class(line),
            "def" => self.function(line),
            "async" if rest.first().is_some_and(|word| is_word(word, "def")) => self.skipped(line),
            "if" => self.branches(line),
            "for" => self.loop_over(line),
            "while" => {
                let (head, body) = self.head(line);
                PyStmtKind::While(expr(&head[1..]), body, self.otherwise(line))
            }
            "with" | "try" | "finally" | "else" => PyStmtKind::Body(self.head(line).1),
            // What happens only if something fails.
            "except" | "elif" => self.skipped(line),
            "return" => PyStmtKind::Return((!rest.is_empty()).then(|| expr(rest))),
            "import" => PyStmtKind::Import(imports(rest, "")),
            "from" => from_import(rest),
            "break" => PyStmtKind::Break,
            "continue" => PyStmtKind::Continue,
            "raise" => PyStmtKind::Raise,
            "del" => PyStmtKind::Delete(split(rest.iter().cloned(), ',').iter().map(|target| expr(target)).collect()),
            "global" | "nonlocal" => PyStmtKind::Outer,
            word if NOTHING.contains(&word) => PyStmtKind::Nothing,
            _ => assignment(&line.tokens),
        };
        Some((line.number, kind))
    }

    fn skipped(&mut self, line: &'a Line) -> PyStmtKind {
        self.head(line);
        PyStmtKind::Nothing
    }

    /// The tokens before the colon, and the body: the lines inside, or what follows the colon.
    fn head(&mut self, line: &'a Line) -> (&'a [TokenTree], Vec<PyStmt>) {
        let colon = line.tokens.iter().position(|token| is_punct(token, ':'));
        let head = &line.tokens[..colon.unwrap_or(line.tokens.len())];
        let after = colon.map_or(&[][..], |colon| &line.tokens[colon + 1..]);
        let inside = self.lines[self.at..].iter().take_while(|inner| inner.indent > line.indent).count();
        let mut body = Vec::new();
        if !after.is_empty() {
            body = stmts(&[Line { number: line.number, indent: line.indent + 1, tokens: after.to_vec() }]);
        }
        body.extend(stmts(&self.lines[self.at..self.at + inside]));
        self.at += inside;
        (head, body)
    }

    fn class(&mut self, line: &'a Line) -> PyStmtKind {
        let (head, body) = self.head(line);
        let Some(TokenTree::Ident(name)) = head.get(1) else { return PyStmtKind::Nothing };
        let bases = match head.get(2) {
            Some(TokenTree::Group(group)) => split(group.stream(), ',').iter().map(|base| expr(base)).collect(),
            _ => Vec::new(),
        };
        PyStmtKind::Class(Rc::new(Class { name: name.to_string(), line: line.number, bases, body }))
    }

    fn function(&mut self, line: &'a Line) -> PyStmtKind {
        let decorators = std::mem::take(&mut self.decorators);
        let (head, body) = self.head(line);
        let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(group))) = (head.get(1), head.get(2)) else {
            return PyStmtKind::Nothing;
        };
        let params = params(&group.stream().into_iter().collect::<Vec<_>>());
        PyStmtKind::Def(Rc::new(Function { name: name.to_string(), line: line.number, params, body, decorators }))
    }

    fn branches(&mut self, line: &'a Line) -> PyStmtKind {
        let (head, body) = self.head(line);
        let mut branches = vec![(expr(&head[1..]), body)];
        while let Some(next) = self.lines.get(self.at).filter(|next| next.indent == line.indent) {
            let is_else = is_word(&next.tokens[0], "else");
            if !is_else && !is_word(&next.tokens[0], "elif") {
                break;
            }
            self.at += 1;
            let (head, body) = self.head(next);
            if is_else {
                return PyStmtKind::If(branches, body);
            }
            branches.push((expr(&head[1..]), body));
        }
        PyStmtKind::If(branches, Vec::new())
    }

    fn loop_over(&mut self, line: &'a Line) -> PyStmtKind {
        let (head, body) = self.head(line);
        match head.iter().position(|token| is_word(token, "in")) {
            Some(at) => PyStmtKind::For(expr(&head[1..at]), expr(&head[at + 1..]), body, self.otherwise(line)),
            None => PyStmtKind::Nothing,
        }
    }

    /// The body of the `else` of a loop, which runs unless the loop breaks.
    fn otherwise(&mut self, line: &Line) -> Vec<PyStmt> {
        let next = self.lines.get(self.at).filter(|next| next.indent == line.indent);
        let Some(next) = next.filter(|next| is_word(&next.tokens[0], "else")) else { return Vec::new() };
        self.at += 1;
        self.head(next).1
    }
}

/// `import a.b as c` gives `c`, which is `a.b`.
fn imports(tokens: &[TokenTree], module: &str) -> Vec<(String, String)> {
    let names = match tokens {
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => split(group.stream(), ','),
        tokens => split(tokens.iter().cloned(), ','),
    };
    let import = |tokens: &Vec<TokenTree>| {
        let at = tokens.iter().position(|token| is_word(token, "as"));
        let path = text_of(&tokens[..at.unwrap_or(tokens.len())]);
        let name = match at {
            Some(at) => text_of(&tokens[at + 1..]),
            None => path.split('.').next().unwrap_or_default().to_owned(),
        };
        let path = if at.is_none() && module.is_empty() { name.clone() } else { path };
        (name, if module.is_empty() { path } else { format!("{module}.{path}") })
    };
    names.iter().map(import).collect()
}

fn from_import(tokens: &[TokenTree]) -> PyStmtKind {
    match tokens.iter().position(|token| is_word(token, "import")) {
        Some(at) => PyStmtKind::Import(imports(&tokens[at + 1..], &text_of(&tokens[..at]))),
        None => PyStmtKind::Nothing,
    }
}

/// `a = ..`, `self.a: int = ..`, `a += ..`, or an expression alone.
fn assignment(tokens: &[TokenTree]) -> PyStmtKind {
    let annotation = tokens.iter().position(|token| is_punct(token, ':'));
    let Some(at) = equals(tokens) else {
        return match (annotation, tokens) {
            (Some(1), [TokenTree::Ident(name), ..]) => PyStmtKind::Declare(name.to_string()),
            _ => PyStmtKind::Expr(expr(tokens)),
        };
    };
    let (target, value) = (&tokens[..at], &tokens[at + 1..]);
    let sign = |target: &[TokenTree]| {
        let augmented = |sign: &str| target.len() > sign.len() && ends_with(target, sign);
        Operator::ALL.into_iter().find(|(sign, ..)| augmented(sign))
    };
    if let Some((sign, operator, _)) = sign(target) {
        return PyStmtKind::Augment(expr(&target[..target.len() - sign.len()]), operator, expr(value));
    }
    let target = &target[..annotation.filter(|colon| *colon < at).unwrap_or(target.len())];
    let mut targets = vec![expr(target)];
    let mut value = value;
    while let Some(at) = equals(value) {
        targets.push(expr(&value[..at]));
        value = &value[at + 1..];
    }
    PyStmtKind::Assign(targets, expr(value))
}

fn ends_with(tokens: &[TokenTree], sign: &str) -> bool {
    sign.chars().rev().zip(tokens.iter().rev()).all(|(wanted, token)| is_punct(token, wanted))
}

/// The position of an assignment's `=`; those in `==` and `<=` do not count.
fn equals(tokens: &[TokenTree]) -> Option<usize> {
    let is =
        |at: usize, signs: &str| tokens.get(at).is_some_and(|token| signs.chars().any(|sign| is_punct(token, sign)));
    let compares = |at: usize| is(at + 1, "=") || at > 0 && is(at - 1, "=!<>") && !(at > 1 && is(at - 2, "<>"));
    let lambda = tokens.iter().position(|token| is_word(token, "lambda")).unwrap_or(tokens.len());
    (1..lambda).find(|&at| is(at, "=") && !compares(at))
}

/// Calls `found` with each expression in statements that are not run.
pub(super) fn mentions(stmts: &[PyStmt], found: &mut dyn FnMut(&PyExpr)) {
    for stmt in stmts {
        match &stmt.kind {
            PyStmtKind::Expr(value) | PyStmtKind::Return(Some(value)) => found(value),
            PyStmtKind::Assign(targets, value) => targets.iter().chain([value]).for_each(&mut *found),
            PyStmtKind::Augment(target, _, value) => [target, value].into_iter().for_each(&mut *found),
            PyStmtKind::If(branches, otherwise) => {
                for (condition, body) in branches {
                    found(condition);
                    mentions(body, found);
                }
                mentions(otherwise, found);
            }
            PyStmtKind::For(target, values, body, otherwise) => {
                found(target);
                found(values);
                mentions(body, found);
                mentions(otherwise, found);
            }
            PyStmtKind::While(condition, body, otherwise) => {
                found(condition);
                mentions(body, found);
                mentions(otherwise, found);
            }
            PyStmtKind::Body(body) => mentions(body, found),
            PyStmtKind::Declare(_)
            | PyStmtKind::Return(None)
            | PyStmtKind::Def(_)
            | PyStmtKind::Class(_)
            | PyStmtKind::Import(_)
            | PyStmtKind::Break
            | PyStmtKind::Continue
            | PyStmtKind::Raise
            | PyStmtKind::Delete(_)
            | PyStmtKind::Outer
            | PyStmtKind::Nothing => {}
        }
    }
}

/// What statements give a value to.
pub(super) fn assigned<'a>(stmts: &'a [PyStmt], found: &mut Vec<&'a PyExpr>) {
    for stmt in stmts {
        match &stmt.kind {
            PyStmtKind::Assign(targets, _) => targets.iter().for_each(|target| match &*target.kind {
                PyKind::Tuple(items) | PyKind::List(items) => found.extend(items),
                _ => found.push(target),
            }),
            PyStmtKind::Augment(target, ..) => found.push(target),
            PyStmtKind::If(branches, otherwise) => {
                branches.iter().for_each(|(_, body)| assigned(body, found));
                assigned(otherwise, found);
            }
            PyStmtKind::For(_, _, body, otherwise) | PyStmtKind::While(_, body, otherwise) => {
                assigned(body, found);
                assigned(otherwise, found);
            }
            PyStmtKind::Body(body) => assigned(body, found),
            _ => {}
        }
    }
}

/// Whether an expression contains one that `is` holds for.
pub(super) fn contains(expr: &PyExpr, is: &dyn Fn(&PyExpr) -> bool) -> bool {
    is(expr) || parts(expr).into_iter().any(|part| contains(part, is))
}

fn parts(expr: &PyExpr) -> Vec<&PyExpr> {
    use super::syntax::Index;
    match &*expr.kind {
        PyKind::Attribute(of, _) | PyKind::Negated(of) | PyKind::Not(of) | PyKind::Star(of) => vec![of],
        PyKind::Call(of, args) => std::iter::once(of).chain(args.iter().map(|arg| &arg.value)).collect(),
        PyKind::Printed(_, parts) => parts.iter().map(|part| &part.value).collect(),
        PyKind::Index(of, indices) => {
            let inside = indices.iter().flat_map(|index| match index {
                Index::At(at) => vec![at],
                Index::Slice(parts) => parts.iter().flatten().collect(),
            });
            std::iter::once(of).chain(inside).collect()
        }
        PyKind::List(items) | PyKind::Tuple(items) => items.iter().collect(),
        PyKind::Dict(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        PyKind::Binary(_, a, b) | PyKind::Compare(_, a, b) | PyKind::And(a, b) | PyKind::Or(a, b) => vec![a, b],
        PyKind::Choice { condition, then, otherwise } => vec![condition, then, otherwise],
        PyKind::Comprehension { key, item, turns } => {
            let of_turns = turns
                .iter()
                .flat_map(|PyTurns { target, values, conditions }| [target, values].into_iter().chain(conditions));
            key.iter().chain([item]).chain(of_turns).collect()
        }
        PyKind::Name(_)
        | PyKind::Number(_)
        | PyKind::Text(_)
        | PyKind::Format(_)
        | PyKind::None
        | PyKind::Bool(_)
        | PyKind::Ellipsis
        | PyKind::Lambda(_)
        | PyKind::Other => Vec::new(),
    }
}
