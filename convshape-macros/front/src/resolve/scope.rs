//! What the statements of one body see: names, numbers, and the counters for unnamed statements.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use convshape_arith::op::Op;
use proc_macro2::LineColumn;

use super::file_name::fill_in;
use crate::diagnose::Report;
use crate::graph::{NodeId, ValueId};
use crate::numbers::Numbers;
use crate::syntax::{Block, Repeat, Stmt, StmtKind};

/// The meaning of a name.
#[derive(Clone)]
pub(super) struct Binding<'a> {
    /// The value it stands for.
    pub(super) value: ValueId,
    /// The value it reads; a port reads itself.
    pub(super) input: ValueId,
    /// The layer, if it is one.
    pub(super) node: Option<NodeId>,
    /// The meaning of `name.output`.
    pub(super) outputs: Outputs,
    /// How `reuse` runs it again; `None` for a port.
    pub(super) run: Option<Rc<Run<'a>>>,
}

/// The outputs of a statement.
#[derive(Clone)]
pub(super) enum Outputs {
    /// A single output without a name.
    One,
    /// The outputs of a body, by name.
    Named(Rc<[NamedOutput]>),
    /// The outputs of a sub-chain, which const evaluation knows.
    Chain(NodeId),
    /// The outputs of a layer with several.
    Layer(Rc<LayerOutputs>),
    /// Unreadable: any name is accepted.
    Unknown,
}

/// The outputs of a layer with several. Each is a layer in the graph; all but the first are added when they are first
/// read.
pub(super) struct LayerOutputs {
    /// The layer that gives the first output.
    pub(super) first: NodeId,
    /// The names of all outputs, each with the layer that gives it.
    pub(super) all: Vec<(String, Op)>,
}

impl LayerOutputs {
    pub(super) fn of(first: NodeId, all: Vec<(String, Op)>) -> Outputs {
        Outputs::Layer(Rc::new(LayerOutputs { first, all }))
    }

    /// The index of an output, given by name or number.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        let named = self.all.iter().position(|(name, _)| name == text);
        named.or_else(|| text.parse().ok().filter(|place| *place < self.all.len()))
    }
}

#[derive(Clone, Debug)]
pub(super) struct NamedOutput {
    pub(super) name: Option<String>,
    pub(super) value: ValueId,
}

/// A statement that has run and can run again.
pub(super) struct Run<'a> {
    /// Its nodes.
    pub(super) nodes: Range<NodeId>,
    pub(super) piece: Piece<'a>,
}

/// What ran.
#[derive(Clone)]
pub(super) enum Piece<'a> {
    Layer,
    Block {
        block: &'a Block,
        numbers: Numbers,
    },
    Repeat {
        repeat: &'a Repeat,
        stmt: &'a Stmt,
        scope: Rc<Scope<'a>>,
    },
    /// Unreadable.
    Broken,
}

impl Binding<'_> {
    /// A port of the chain, or an input of a body.
    pub(super) fn input(value: ValueId) -> Self {
        Binding { value, input: value, node: None, outputs: Outputs::One, run: None }
    }
}

/// The names in scope for the statements of one body.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) names: HashMap<String, Binding<'a>>,
    /// The names that this body's own statements have defined so far.
    pub(super) own: HashSet<String>,
    /// Names defined only in branches not taken, each with the condition and its value.
    pub(super) untaken: HashMap<String, Untaken>,
    pub(super) numbers: Numbers,
    /// The value that a statement without `from` reads.
    pub(super) previous: ValueId,
    /// The prefix of layer names: `blocks.0.`
    pub(super) path: String,
    /// The prefix of statement names as nested in the text: `blocks.`, `Res.`
    pub(super) statements: String,
    /// The block that contains the statements.
    pub(super) block: Option<String>,
    /// The prefix of names in files, up to the enclosing block.
    pub(super) file_root: String,
    /// The part between that and a statement's name: the repeats around it.
    pub(super) file_path: String,
    /// The index of the pass of the repeat around it.
    pub(super) turn: Option<usize>,
    /// The names of all statements in this body, including later ones, and where each is given.
    pub(super) labels: Rc<HashMap<String, LineColumn>>,
    /// How many unnamed statements of each kind there were.
    pub(super) counts: HashMap<String, usize>,
}

/// Why a name does not exist.
#[derive(Clone, Debug)]
pub(super) struct Untaken {
    /// The deciding conditions, as written and with their values.
    pub(super) because: Vec<String>,
}

impl<'a> Scope<'a> {
    /// An empty scope for a body inside this one.
    pub(super) fn inner(&self, numbers: Numbers, names: HashMap<String, Binding<'a>>, previous: ValueId) -> Scope<'a> {
        Scope {
            names,
            own: HashSet::new(),
            untaken: HashMap::new(),
            numbers,
            previous,
            path: self.path.clone(),
            statements: self.statements.clone(),
            block: self.block.clone(),
            file_root: self.file_root.clone(),
            file_path: self.file_path.clone(),
            turn: None,
            labels: Rc::default(),
            counts: HashMap::new(),
        }
    }

    /// The name in files. Inside a repeat, an explicit name replaces the whole path up to the enclosing block, because
    /// it contains the repeat's variable.
    pub(super) fn file_name(&self, stmt: &Stmt, name: &str) -> Result<String, Report> {
        Ok(match &stmt.attrs.file_name {
            Some(given) => format!("{}{}", self.file_root, fill_in(given, &self.numbers, self.turn)?),
            None => format!("{}{}{name}", self.file_root, self.file_path),
        })
    }

    /// A name like this one that no statement has.
    pub(super) fn free_name(&self, name: &str) -> String {
        let taken = |other: &String| self.labels.contains_key(other) || self.names.contains_key(other);
        let free = (2..).map(|number| format!("{name}{number}")).find(|other| !taken(other));
        free.unwrap_or_else(|| name.to_owned())
    }

    /// The name of an unnamed statement: its kind and a number.
    pub(super) fn next_name(&mut self, kind: &str) -> String {
        loop {
            let count = self.counts.entry(kind.to_owned()).or_insert(0);
            *count += 1;
            let name = format!("{kind}{count}");
            // A later statement may be given this very name.
            if !self.labels.contains_key(&name) {
                return name;
            }
        }
    }
}

/// The names of statements, including those in the branches of an `if`.
pub(super) fn labels(stmts: &[Stmt]) -> Vec<&proc_macro2::Ident> {
    let mut found = Vec::new();
    for stmt in stmts {
        match &stmt.kind {
            StmtKind::If(branches) => {
                found.extend(branches.branches.iter().flat_map(|branch| labels(&branch.stmts)));
            }
            StmtKind::Layer(_) | StmtKind::Repeat(_) | StmtKind::Reuse(_) | StmtKind::Broken(_) => {
                found.extend(&stmt.label);
            }
        }
    }
    found
}

/// `DoubleConv` as the name of a statement: `double_conv`.
pub(super) fn snake(name: &str) -> String {
    let mut text = String::new();
    for (place, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && place > 0 {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
