//! What the statements of one body see: names, numbers, and how unnamed ones are called.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::file_name::fill_in;
use crate::diagnose::Report;
use crate::graph::{NodeId, ValueId};
use crate::numbers::Numbers;
use crate::syntax::Stmt;

/// What a name stands for.
#[derive(Clone, Copy)]
pub(super) struct Binding {
    /// What it gives.
    pub(super) value: ValueId,
    /// What it reads; a port reads itself.
    pub(super) input: ValueId,
    /// The layer, where it is one.
    pub(super) node: Option<NodeId>,
}

/// The names that statements of one body see.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) names: HashMap<String, Binding>,
    pub(super) numbers: Numbers,
    /// What a statement without `from` reads.
    pub(super) previous: ValueId,
    /// In front of the names of layers: `blocks.0.`
    pub(super) path: String,
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

impl Scope {
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
            // A statement may have been given this very name.
            if !self.names.contains_key(&name) {
                return name;
            }
        }
    }
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
