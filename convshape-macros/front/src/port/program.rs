//! What a program says of its model.

use convshape_arith::op::Dialect;
use proc_macro2::TokenTree;

use super::lines::Line;
use crate::syntax::Layer;

#[derive(Clone)]
pub(super) struct Program {
    pub(super) dialect: Dialect,
    /// The name of the model's class.
    pub(super) class: Option<String>,
    pub(super) inputs: Vec<PortedInput>,
    pub(super) statements: Vec<Statement>,
    /// The names of the outputs, unless the last statement is the only one.
    pub(super) outputs: Vec<String>,
    /// Shapes that the lines give for the first input, perhaps with the batch in front.
    pub(super) shapes: Vec<Vec<String>>,
    pub(super) notes: Vec<String>,
}

/// An input of the model.
#[derive(Clone)]
pub(super) struct PortedInput {
    pub(super) name: String,
    /// Its shape, if the line says it.
    pub(super) shape: Option<Vec<String>>,
}

/// One statement of the chain.
#[derive(Clone)]
pub(super) struct Statement {
    pub(super) label: String,
    /// Whether the chain writes the statement's name, because something refers to it.
    pub(super) is_named: bool,
    pub(super) file_name: Option<String>,
    pub(super) line: String,
    pub(super) layer: Layer,
    /// What it reads.
    pub(super) reads: Vec<String>,
}

impl Program {
    pub(super) fn new(dialect: Dialect) -> Program {
        Program {
            dialect,
            class: None,
            inputs: Vec::new(),
            statements: Vec::new(),
            outputs: Vec::new(),
            shapes: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Gives a statement its name, because something refers to it.
    pub(super) fn name(&mut self, label: &str) {
        let label = label.split('.').next().unwrap_or(label);
        for statement in self.statements.iter_mut().filter(|statement| statement.label == label) {
            statement.is_named = true;
        }
    }

    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// The framework that the lines are for.
pub(super) fn dialect(lines: &[Line]) -> Dialect {
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
    let keras = ["Dense", "Conv1D", "Conv2D", "Conv3D", "MaxPooling2D", "LSTM"];
    if has(&["torch"]) {
        Dialect::Torch
    } else if has(&["flax", "linen", "compact", "jnp"]) {
        Dialect::Flax
    } else if has(&["keras", "tf", "tensorflow"]) || has(&keras) && !has(&["nn"]) {
        Dialect::Keras
    } else {
        Dialect::Torch
    }
}
