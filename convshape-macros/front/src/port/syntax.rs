//! Python's statements and expressions, as far as models need them.

use std::rc::Rc;

/// One statement.
pub(super) struct PyStmt {
    pub(super) line: usize,
    pub(super) kind: PyStmtKind,
}

pub(super) enum PyStmtKind {
    Expr(PyExpr),
    /// `a = b = value`
    Assign(Vec<PyExpr>, PyExpr),
    /// `a += value`
    Augment(PyExpr, Operator, PyExpr),
    /// `features: int`
    Declare(String),
    Return(Option<PyExpr>),
    /// `if` and `elif` with their bodies, and `else`.
    If(Vec<(PyExpr, Vec<PyStmt>)>, Vec<PyStmt>),
    /// `for` and `while` with their bodies, and `else`.
    For(PyExpr, PyExpr, Vec<PyStmt>, Vec<PyStmt>),
    While(PyExpr, Vec<PyStmt>, Vec<PyStmt>),
    /// The body of `with` or `try`.
    Body(Vec<PyStmt>),
    Def(Rc<Function>),
    Class(Rc<Class>),
    /// `from x import a as b`: each new name, with its path.
    Import(Vec<(String, String)>),
    Break,
    Continue,
    Raise,
    Delete(Vec<PyExpr>),
    /// `global`, `nonlocal`
    Outer,
    /// `pass`, `assert`, ..
    Nothing,
}

/// A function or a lambda.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) params: Vec<PyParam>,
    pub(super) body: Vec<PyStmt>,
    /// `@staticmethod`, `@nn.compact`
    pub(super) decorators: Vec<String>,
}

/// A parameter of a function.
pub(super) struct PyParam {
    pub(super) name: String,
    pub(super) default: Option<PyExpr>,
    pub(super) stars: usize,
}

pub(super) struct Class {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) bases: Vec<PyExpr>,
    pub(super) body: Vec<PyStmt>,
}

impl Class {
    pub(super) fn method(&self, name: &str) -> Option<&Rc<Function>> {
        self.body.iter().rev().find_map(|stmt| match &stmt.kind {
            PyStmtKind::Def(function) if function.name == name => Some(function),
            _ => None,
        })
    }
}

/// An expression with its text.
#[derive(Clone)]
pub(super) struct PyExpr {
    pub(super) line: usize,
    pub(super) text: Rc<str>,
    pub(super) kind: Rc<PyKind>,
}

pub(super) enum PyKind {
    Name(String),
    Number(String),
    Text(String),
    /// `f".."`
    Format(Vec<PyPiece>),
    None,
    Bool(bool),
    Ellipsis,
    Attribute(PyExpr, String),
    Call(PyExpr, Vec<Arg>),
    /// A module as PyTorch prints it: `Net((conv1): Conv2d(..) (fc): Linear(..))`.
    Printed(String, Vec<PyPart>),
    Index(PyExpr, Vec<Index>),
    List(Vec<PyExpr>),
    Tuple(Vec<PyExpr>),
    Dict(Vec<(PyExpr, PyExpr)>),
    /// `-a`
    Negated(PyExpr),
    Not(PyExpr),
    Binary(Operator, PyExpr, PyExpr),
    /// `a == b`, `a is not b`
    Compare(&'static str, PyExpr, PyExpr),
    And(PyExpr, PyExpr),
    Or(PyExpr, PyExpr),
    /// `then if condition else otherwise`
    Choice {
        condition: PyExpr,
        then: PyExpr,
        otherwise: PyExpr,
    },
    /// `item for target in values if condition`, in braces with a key before the item.
    Comprehension {
        key: Option<PyExpr>,
        item: PyExpr,
        turns: Vec<PyTurns>,
    },
    Lambda(Rc<Function>),
    Star(PyExpr),
    /// What is not read.
    Other,
}

/// `for target in values if condition` within an expression.
pub(super) struct PyTurns {
    pub(super) target: PyExpr,
    pub(super) values: PyExpr,
    pub(super) conditions: Vec<PyExpr>,
}

/// A part of a string.
pub(super) enum PyPiece {
    Text(String),
    /// `{value:02d}`, and what follows the colon
    Value(PyExpr, String),
}

/// An argument of a call.
#[derive(Clone)]
pub(super) struct Arg {
    pub(super) name: Option<String>,
    /// `*args`, `**kwargs`
    pub(super) stars: usize,
    pub(super) value: PyExpr,
}

/// A part of a printed module.
pub(super) struct PyPart {
    pub(super) name: String,
    pub(super) value: PyExpr,
}

pub(super) enum Index {
    At(PyExpr),
    /// `low:high:step`
    Slice([Option<PyExpr>; 3]),
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
    /// `|`, `&`, `^`, and the shifts `<<` (`l`) and `>>` (`r`).
    Bits(char),
}

impl Operator {
    /// The sign, and how strongly it binds.
    pub(super) const ALL: [(&'static str, Operator, u8); 13] = [
        ("**", Operator::Pow, 9),
        ("//", Operator::Floor, 7),
        ("<<", Operator::Bits('l'), 5),
        (">>", Operator::Bits('r'), 5),
        ("+", Operator::Add, 6),
        ("-", Operator::Sub, 6),
        ("*", Operator::Mul, 7),
        ("/", Operator::Div, 7),
        ("%", Operator::Rest, 7),
        ("@", Operator::MatMul, 7),
        ("|", Operator::Bits('|'), 4),
        ("&", Operator::Bits('&'), 4),
        ("^", Operator::Bits('^'), 4),
    ];
}
