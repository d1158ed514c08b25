//! What the statements of one body see: names, numbers, and how unnamed ones are called.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use convshape_arith::op::Op;

use super::file_name::fill_in;
use crate::diagnose::Report;
use crate::graph::{NodeId, ValueId};
use crate::numbers::Numbers;
use crate::syntax::{Block, Repeat, Stmt, StmtKind};

/// What a name stands for.
#[derive(Clone)]
pub(super) struct Binding<'a> {
    /// What it gives.
    pub(super) value: ValueId,
    /// What it reads; a port reads itself.
    pub(super) input: ValueId,
    /// The layer, where it is one.
    pub(super) node: Option<NodeId>,
    /// What `name.output` means.
    pub(super) outputs: Outputs,
    /// How `reuse` runs it again; `None` for a port.
    pub(super) run: Option<Rc<Run<'a>>>,
}

/// The outputs of a statement.
#[derive(Clone)]
pub(super) enum Outputs {
    /// One, without a name.
    One,
    /// Those of a body, by their names.
    Named(Rc<[NamedOutput]>),
    /// Those of a sub-chain, which const evaluation knows.
    Chain(NodeId),
    /// Those of a layer that has several.
    Layer(Rc<LayerOutputs>),
    /// Not readable: any name will do.
    Unknown,
}

/// The outputs of a layer that has several. Each is a layer in the graph; all but the first are added where they are
/// first read.
pub(super) struct LayerOutputs {
    /// The layer that gives the first.
    pub(super) first: NodeId,
    /// The names of all, each with the layer that gives it.
    pub(super) all: Vec<(String, Op)>,
    /// The values of those that have been read.
    pub(super) made: RefCell<HashMap<usize, ValueId>>,
}

impl LayerOutputs {
    pub(super) fn of(first: NodeId, all: Vec<(String, Op)>) -> Outputs {
        Outputs::Layer(Rc::new(LayerOutputs { first, all, made: RefCell::default() }))
    }

    /// The place of an output by its name or number.
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

/// A statement that ran, so that it can run again.
pub(super) struct Run<'a> {
    /// Its nodes.
    pub(super) nodes: Range<NodeId>,
    pub(super) piece: Piece<'a>,
}

/// What runs.
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
    /// Not readable.
    Broken,
}

impl Binding<'_> {
    /// A port of the chain, or an input of a body.
    pub(super) fn input(value: ValueId) -> Self {
        Binding { value, input: value, node: None, outputs: Outputs::One, run: None }
    }
}

/// The names that statements of one body see.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) names: HashMap<String, Binding<'a>>,
    /// The names that this body's own statements gave so far.
    pub(super) own: HashSet<String>,
    /// Names that only a branch gives which is not taken, with its condition and what it comes to.
    pub(super) untaken: HashMap<String, Untaken>,
    pub(super) numbers: Numbers,
    /// What a statement without `from` reads.
    pub(super) previous: ValueId,
    /// In front of the names of layers: `blocks.0.`
    pub(super) path: String,
    /// In front of the names of statements, as the text nests them: `blocks.`, `Res.`
    pub(super) statements: String,
    /// The block that the statements are part of.
    pub(super) block: Option<String>,
    /// In front of the names in files, up to the enclosing block.
    pub(super) file_root: String,
    /// Between that and a statement's name: the repeats around it.
    pub(super) file_path: String,
    /// The turn of the repeat around it.
    pub(super) turn: Option<usize>,
    /// The names that statements of this body have, those further down too.
    pub(super) labels: Rc<HashSet<String>>,
    /// How many unnamed statements of a kind there were.
    pub(super) counts: HashMap<String, usize>,
}

/// Why a name is not there.
#[derive(Clone, Debug)]
pub(super) struct Untaken {
    /// The conditions that decided, as written and with their numbers.
    pub(super) because: Vec<String>,
}

impl<'a> Scope<'a> {
    /// The scope of a body inside this one, with nothing in it yet.
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

    /// The name in files. Inside repeats an explicit name replaces the whole path up to the
    /// enclosing block: it has the repeat's variable in it.
    pub(super) fn file_name(&self, stmt: &Stmt, name: &str) -> Result<String, Report> {
        Ok(match &stmt.attrs.file_name {
            Some(given) => format!("{}{}", self.file_root, fill_in(given, &self.numbers, self.turn)?),
            None => format!("{}{}{name}", self.file_root, self.file_path),
        })
    }

    /// The name of an unnamed statement: its kind and a number.
    pub(super) fn next_name(&mut self, kind: &str) -> String {
        loop {
            let count = self.counts.entry(kind.to_owned()).or_insert(0);
            *count += 1;
            let name = format!("{kind}{count}");
            // A statement may be given this very name.
            if !self.labels.contains(&name) {
                return name;
            }
        }
    }
}

/// The names that statements have, those in the branches of an `if` included.
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

/// `DoubleConv` as a name of a statement: `double_conv`.
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
