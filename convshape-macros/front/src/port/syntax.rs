//! Python's statements and expressions, as far as models need them.

use std::rc::Rc;

/// One statement.
pub(super) struct Stmt {
    pub(super) line: usize,
    pub(super) kind: StmtKind,
}

pub(super) enum StmtKind {
    Expr(Expr),
    /// `a = b = value`
    Assign(Vec<Expr>, Expr),
    /// `a += value`
    Augment(Expr, Operator, Expr),
    /// `features: int`
    Declare(String),
    Return(Option<Expr>),
    /// `if` and `elif` with their bodies, and `else`.
    If(Vec<(Expr, Vec<Stmt>)>, Vec<Stmt>),
    /// `for` and `while` with their bodies, and `else`.
    For(Expr, Expr, Vec<Stmt>, Vec<Stmt>),
    While(Expr, Vec<Stmt>, Vec<Stmt>),
    /// The body of `with` or `try`.
    Body(Vec<Stmt>),
    Def(Rc<Function>),
    Class(Rc<Class>),
    /// `from x import a as b`: each new name, with its path.
    Import(Vec<(String, String)>),
    Break,
    Continue,
    Raise,
    Delete(Vec<Expr>),
    /// `global`, `nonlocal`
    Outer,
    /// `pass`, `assert`, ..
    Nothing,
}

/// A function or a lambda.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) params: Vec<Param>,
    pub(super) body: Vec<Stmt>,
    /// `@staticmethod`, `@nn.compact`
    pub(super) decorators: Vec<String>,
}

/// A parameter of a function.
pub(super) struct Param {
    pub(super) name: String,
    pub(super) default: Option<Expr>,
    pub(super) stars: usize,
}

pub(super) struct Class {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) bases: Vec<Expr>,
    pub(super) body: Vec<Stmt>,
}

impl Class {
    pub(super) fn method(&self, name: &str) -> Option<&Rc<Function>> {
        self.body.iter().rev().find_map(|stmt| match &stmt.kind {
            StmtKind::Def(function) if function.name == name => Some(function),
            _ => None,
        })
    }
}

/// An expression with its text.
#[derive(Clone)]
pub(super) struct Expr {
    pub(super) line: usize,
    pub(super) text: Rc<str>,
    pub(super) kind: Rc<Kind>,
}

pub(super) enum Kind {
    Name(String),
    Number(String),
    Text(String),
    /// `f".."`
    Format(Vec<Piece>),
    None,
    Bool(bool),
    Ellipsis,
    Attribute(Expr, String),
    Call(Expr, Vec<Arg>),
    /// A module as PyTorch prints it: `Net((conv1): Conv2d(..) (fc): Linear(..))`.
    Printed(String, Vec<Part>),
    Index(Expr, Vec<Index>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    /// `-a`
    Negated(Expr),
    Not(Expr),
    Binary(Operator, Expr, Expr),
    /// `a == b`, `a is not b`
    Compare(&'static str, Expr, Expr),
    And(Expr, Expr),
    Or(Expr, Expr),
    /// `then if condition else otherwise`
    Choice {
        condition: Expr,
        then: Expr,
        otherwise: Expr,
    },
    /// `item for target in values if condition`
    Comprehension {
        item: Expr,
        target: Expr,
        values: Expr,
        conditions: Vec<Expr>,
    },
    Lambda(Rc<Function>),
    Star(Expr),
    /// What is not read.
    Other,
}

/// A part of a string.
pub(super) enum Piece {
    Text(String),
    Value(Expr),
}

/// An argument of a call.
#[derive(Clone)]
pub(super) struct Arg {
    pub(super) name: Option<String>,
    /// `*args`, `**kwargs`
    pub(super) stars: usize,
    pub(super) value: Expr,
}

/// A part of a printed module.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) value: Expr,
}

pub(super) enum Index {
    At(Expr),
    /// `low:high:step`
    Slice([Option<Expr>; 3]),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Floor,
    Rest,
    MatMul,
    Pow,
    /// `|`, `&`, `^`, `<<`, `>>`
    Bits,
}

impl Operator {
    /// The sign, and how strongly it binds.
    pub(super) const ALL: [(&'static str, Operator, u8); 13] = [
        ("**", Operator::Pow, 9),
        ("//", Operator::Floor, 7),
        ("<<", Operator::Bits, 5),
        (">>", Operator::Bits, 5),
        ("+", Operator::Add, 6),
        ("-", Operator::Sub, 6),
        ("*", Operator::Mul, 7),
        ("/", Operator::Div, 7),
        ("%", Operator::Rest, 7),
        ("@", Operator::MatMul, 7),
        ("|", Operator::Bits, 4),
        ("&", Operator::Bits, 4),
        ("^", Operator::Bits, 4),
    ];
}
