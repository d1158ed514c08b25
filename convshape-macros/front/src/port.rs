//! A chain from lines of Python: PyTorch's `nn.Sequential` and modules, Keras models.
//!
//! Lines are read as Python writes them (`lines`), calls and the values between them are followed (`program`), and each
//! layer goes through the parser, which knows how Python writes a layer (`layer`).

mod expr;
mod input;
mod layer;
mod lines;
mod program;
#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter, Write};

use convshape_arith::op::Dialect;
use quote::quote;

use crate::graph::{Graph, Recipe};
use crate::{check, diagnose, parse, resolve};
use program::{Program, Statement};

/// A chain that was ported.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ported {
    /// One `convshape::conv_chain!` item.
    pub source: String,
    /// What the lines did not say, or what the chain leaves out.
    pub notes: Vec<String>,
}

/// A line that no chain can express, or that is not Python.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Unported {
    /// Its number, from 1.
    pub line: usize,
    /// The reason.
    pub reason: String,
}

impl Unported {
    fn new(line: usize, reason: impl Into<String>) -> Unported {
        Unported { line, reason: reason.into() }
    }
}

impl Display for Unported {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// The chain for lines of PyTorch or Keras, as a struct called `name` unless they define a class.
///
/// Lines that say nothing about the model, such as imports and training, are skipped. The chain is not checked: it may
/// have the mistakes of the original.
///
/// # Errors
/// Every line that cannot be read.
pub fn port(python: &str, name: &str) -> Result<Ported, Vec<Unported>> {
    let mut program = Program::read(python)?;
    let inputs = input::candidates(&program);
    let draft = |input: &str| Draft::new(&chain(&program, name, input, &[], &[]));
    let fitting = inputs.shapes.iter().find(|input| draft(input).is_some_and(|draft| draft.fits));
    let input = fitting.or(inputs.shapes.first()).map_or("[_]", String::as_str);
    let draft = draft(input);
    let (with_params, outputs) = draft.map_or_else(Default::default, |draft| (draft.with_params, draft.outputs));
    let source = chain(&program, name, input, &with_params, &outputs);
    if inputs.guessed {
        program.notes.push(format!("the lines do not say the size of the input: `{input}` is a guess"));
    }
    Ok(Ported { source: format!("convshape::conv_chain! {{\n{source}}}\n"), notes: program.notes })
}

/// The chain inside the macro's braces. `with_params` are the statements that get their name in files.
fn chain(program: &Program, name: &str, input: &str, with_params: &[bool], outputs: &[String]) -> String {
    let mut text = format!("    pub struct {} {{\n", program.class.as_deref().unwrap_or(name));
    if program.dialect != Dialect::Torch {
        let _ = writeln!(text, "        dialect: {};", program.dialect.name());
    }
    let _ = writeln!(text, "        input: {input};\n");
    for (index, statement) in program.statements.iter().enumerate() {
        text += "        ";
        if let Some(file_name) = statement.file_name.as_ref().filter(|_| with_params.get(index) == Some(&true)) {
            let _ = write!(text, "#[name = {file_name:?}] ");
        }
        if statement.is_named {
            let _ = write!(text, "{}: ", statement.label);
        }
        let _ = writeln!(text, "{};", statement.line);
    }
    let shape = |index: usize| outputs.get(index).map_or("[_]", String::as_str);
    let ports: Vec<String> = match program.outputs.as_slice() {
        [] => vec![shape(0).to_owned()],
        names => names.iter().enumerate().map(|(index, name)| format!("{name} {}", shape(index))).collect(),
    };
    let _ = writeln!(text, "\n        output: {};\n    }}", ports.join(", "));
    text
}

/// What the check says about a chain whose output's shape is not known yet.
struct Draft {
    /// Whether all its layers fit.
    fits: bool,
    /// The statements that have parameters.
    with_params: Vec<bool>,
    outputs: Vec<String>,
}

impl Draft {
    fn new(source: &str) -> Option<Draft> {
        let (chain, faults) = parse::parse(source.parse().ok()?);
        let mut sink = diagnose::Sink::default();
        let graph = resolve::resolve(&quote!(::convshape), &chain?, &mut sink);
        let checked = check::check(&graph);
        let wrong = |problem: &check::Problem| !matches!(problem.place(), check::Place::Output(_));
        let fits = faults.is_empty() && !sink.refused() && !checked.problems.iter().any(wrong);
        let shape = |value: Option<usize>| checked.shapes.get(value?).copied().flatten();
        let outputs =
            graph.outputs.iter().map(|output| shape(output.value).map_or("[_]".to_owned(), |s| s.to_string()));
        Some(Draft { fits, with_params: with_params(&graph), outputs: outputs.collect() })
    }
}

/// Whether each statement has parameters; nothing if a statement is not one node.
fn with_params(graph: &Graph) -> Vec<bool> {
    let has = |recipe: &Recipe| matches!(recipe, Recipe::Given(op) if op.params().iter().count() > 0);
    graph.nodes.iter().map(|node| has(&node.recipe)).collect()
}

/// Whether a statement is read by its name.
fn named(statements: &mut [Statement], label: &str) {
    for statement in statements.iter_mut().filter(|statement| statement.label == label) {
        statement.is_named = true;
    }
}
