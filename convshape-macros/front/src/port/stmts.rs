//! Reads statements from lines: what begins with which word, and which lines are inside.

use std::rc::Rc;

use proc_macro2::{Delimiter, TokenTree};

use super::expr::{expr, is_punct, is_word, params, split, text_of};
use super::lines::Line;
use super::syntax::{Class, Expr, Function, Kind, Operator, Stmt, StmtKind};

/// Words that begin lines which compute nothing.
const NOTHING: &[&str] = &["pass", "assert"];

/// The statements of lines.
pub(super) fn stmts(lines: &[Line]) -> Vec<Stmt> {
    let mut reader = Reader { lines, at: 0, decorators: Vec::new() };
    let mut stmts = Vec::new();
    while reader.at < lines.len() {
        if let Some(kind) = reader.statement() {
            stmts.push(Stmt { line: kind.0, kind: kind.1 });
        }
    }
    stmts
}

struct Reader<'a> {
    lines: &'a [Line],
    at: usize,
    /// Those of the function that follows.
    decorators: Vec<String>,
}

impl<'a> Reader<'a> {
    /// The statement that begins at this line; `None` for a decorator.
    fn statement(&mut self) -> Option<(usize, StmtKind)> {
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
                StmtKind::While(expr(&head[1..]), body, self.otherwise(line))
            }
            "with" | "try" | "finally" | "else" => StmtKind::Body(self.head(line).1),
            // What happens only if something fails.
            "except" | "elif" => self.skipped(line),
            "return" => StmtKind::Return((!rest.is_empty()).then(|| expr(rest))),
            "import" => StmtKind::Import(imports(rest, "")),
            "from" => from_import(rest),
            "break" => StmtKind::Break,
            "continue" => StmtKind::Continue,
            "raise" => StmtKind::Raise,
            "del" => StmtKind::Delete(split(rest.iter().cloned(), ',').iter().map(|target| expr(target)).collect()),
            "global" | "nonlocal" => StmtKind::Outer,
            word if NOTHING.contains(&word) => StmtKind::Nothing,
            _ => assignment(&line.tokens),
        };
        Some((line.number, kind))
    }

    fn skipped(&mut self, line: &'a Line) -> StmtKind {
        self.head(line);
        StmtKind::Nothing
    }

    /// The tokens before the colon, and the body: the lines inside, or what follows the colon.
    fn head(&mut self, line: &'a Line) -> (&'a [TokenTree], Vec<Stmt>) {
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

    fn class(&mut self, line: &'a Line) -> StmtKind {
        let (head, body) = self.head(line);
        let Some(TokenTree::Ident(name)) = head.get(1) else { return StmtKind::Nothing };
        let bases = match head.get(2) {
            Some(TokenTree::Group(group)) => split(group.stream(), ',').iter().map(|base| expr(base)).collect(),
            _ => Vec::new(),
        };
        StmtKind::Class(Rc::new(Class { name: name.to_string(), line: line.number, bases, body }))
    }

    fn function(&mut self, line: &'a Line) -> StmtKind {
        let decorators = std::mem::take(&mut self.decorators);
        let (head, body) = self.head(line);
        let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(group))) = (head.get(1), head.get(2)) else {
            return StmtKind::Nothing;
        };
        let params = params(&group.stream().into_iter().collect::<Vec<_>>());
        StmtKind::Def(Rc::new(Function { name: name.to_string(), line: line.number, params, body, decorators }))
    }

    fn branches(&mut self, line: &'a Line) -> StmtKind {
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
                return StmtKind::If(branches, body);
            }
            branches.push((expr(&head[1..]), body));
        }
        StmtKind::If(branches, Vec::new())
    }

    fn loop_over(&mut self, line: &'a Line) -> StmtKind {
        let (head, body) = self.head(line);
        match head.iter().position(|token| is_word(token, "in")) {
            Some(at) => StmtKind::For(expr(&head[1..at]), expr(&head[at + 1..]), body, self.otherwise(line)),
            None => StmtKind::Nothing,
        }
    }

    /// The body of the `else` of a loop, which runs unless the loop breaks.
    fn otherwise(&mut self, line: &Line) -> Vec<Stmt> {
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

fn from_import(tokens: &[TokenTree]) -> StmtKind {
    match tokens.iter().position(|token| is_word(token, "import")) {
        Some(at) => StmtKind::Import(imports(&tokens[at + 1..], &text_of(&tokens[..at]))),
        None => StmtKind::Nothing,
    }
}

/// `a = ..`, `self.a: int = ..`, `a += ..`, or an expression alone.
fn assignment(tokens: &[TokenTree]) -> StmtKind {
    let annotation = tokens.iter().position(|token| is_punct(token, ':'));
    let Some(at) = equals(tokens) else {
        return match (annotation, tokens) {
            (Some(1), [TokenTree::Ident(name), ..]) => StmtKind::Declare(name.to_string()),
            _ => StmtKind::Expr(expr(tokens)),
        };
    };
    let (target, value) = (&tokens[..at], &tokens[at + 1..]);
    let sign = |target: &[TokenTree]| {
        let augmented = |sign: &str| target.len() > sign.len() && ends_with(target, sign);
        Operator::ALL.into_iter().find(|(sign, ..)| augmented(sign))
    };
    if let Some((sign, operator, _)) = sign(target) {
        return StmtKind::Augment(expr(&target[..target.len() - sign.len()]), operator, expr(value));
    }
    let target = &target[..annotation.filter(|colon| *colon < at).unwrap_or(target.len())];
    let mut targets = vec![expr(target)];
    let mut value = value;
    while let Some(at) = equals(value) {
        targets.push(expr(&value[..at]));
        value = &value[at + 1..];
    }
    StmtKind::Assign(targets, expr(value))
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
pub(super) fn mentions(stmts: &[Stmt], found: &mut dyn FnMut(&Expr)) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Expr(value) | StmtKind::Return(Some(value)) => found(value),
            StmtKind::Assign(targets, value) => targets.iter().chain([value]).for_each(&mut *found),
            StmtKind::Augment(target, _, value) => [target, value].into_iter().for_each(&mut *found),
            StmtKind::If(branches, otherwise) => {
                for (condition, body) in branches {
                    found(condition);
                    mentions(body, found);
                }
                mentions(otherwise, found);
            }
            StmtKind::For(target, values, body, otherwise) => {
                found(target);
                found(values);
                mentions(body, found);
                mentions(otherwise, found);
            }
            StmtKind::While(condition, body, otherwise) => {
                found(condition);
                mentions(body, found);
                mentions(otherwise, found);
            }
            StmtKind::Body(body) => mentions(body, found),
            StmtKind::Declare(_)
            | StmtKind::Return(None)
            | StmtKind::Def(_)
            | StmtKind::Class(_)
            | StmtKind::Import(_)
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Raise
            | StmtKind::Delete(_)
            | StmtKind::Outer
            | StmtKind::Nothing => {}
        }
    }
}

/// What statements give a value to.
pub(super) fn assigned<'a>(stmts: &'a [Stmt], found: &mut Vec<&'a Expr>) {
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::Assign(targets, _) => targets.iter().for_each(|target| match &*target.kind {
                Kind::Tuple(items) | Kind::List(items) => found.extend(items),
                _ => found.push(target),
            }),
            StmtKind::Augment(target, ..) => found.push(target),
            StmtKind::If(branches, otherwise) => {
                branches.iter().for_each(|(_, body)| assigned(body, found));
                assigned(otherwise, found);
            }
            StmtKind::For(_, _, body, otherwise) | StmtKind::While(_, body, otherwise) => {
                assigned(body, found);
                assigned(otherwise, found);
            }
            StmtKind::Body(body) => assigned(body, found),
            _ => {}
        }
    }
}

/// Whether an expression contains one that `is` holds for.
pub(super) fn contains(expr: &Expr, is: &dyn Fn(&Expr) -> bool) -> bool {
    is(expr) || parts(expr).into_iter().any(|part| contains(part, is))
}

fn parts(expr: &Expr) -> Vec<&Expr> {
    use super::syntax::Index;
    match &*expr.kind {
        Kind::Attribute(of, _) | Kind::Negated(of) | Kind::Not(of) | Kind::Star(of) => vec![of],
        Kind::Call(of, args) => std::iter::once(of).chain(args.iter().map(|arg| &arg.value)).collect(),
        Kind::Printed(_, parts) => parts.iter().map(|part| &part.value).collect(),
        Kind::Index(of, indices) => {
            let inside = indices.iter().flat_map(|index| match index {
                Index::At(at) => vec![at],
                Index::Slice(parts) => parts.iter().flatten().collect(),
            });
            std::iter::once(of).chain(inside).collect()
        }
        Kind::List(items) | Kind::Tuple(items) => items.iter().collect(),
        Kind::Dict(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
        Kind::Binary(_, a, b) | Kind::Compare(_, a, b) | Kind::And(a, b) | Kind::Or(a, b) => vec![a, b],
        Kind::Choice { condition, then, otherwise } => vec![condition, then, otherwise],
        Kind::Comprehension { item, target, values, conditions } => {
            [item, target, values].into_iter().chain(conditions).collect()
        }
        Kind::Name(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::Format(_)
        | Kind::None
        | Kind::Bool(_)
        | Kind::Ellipsis
        | Kind::Lambda(_)
        | Kind::Other => Vec::new(),
    }
}
