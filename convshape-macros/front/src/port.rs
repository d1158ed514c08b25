//! A chain from a program in Python: PyTorch's modules, what it prints of them, Keras and Flax models.
//!
//! Lines are read as Python writes them (`lines`, `stmts`, `expr`) and run (`machine`): what a value of the model goes
//! through becomes statements of a chain, and what cannot become one is listed. Each layer goes through the parser, which
//! knows how Python writes a layer (`layer`).

mod expr;
mod input;
mod layer;
mod lines;
mod machine;
mod program;
mod stmts;
mod syntax;
#[cfg(test)]
mod tests;
mod value;

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter, Write};

use convshape_arith::op::Dialect;
use quote::quote;

use crate::graph::{Graph, Recipe};
use crate::syntax::Chain;
use crate::{check, diagnose, parse, resolve};
use machine::Machine;
use program::Program;
use syntax::PyStmt;

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

/// The chain for a program in PyTorch, Keras or Flax, as a struct called `name` unless the model is a class. Of several
/// models, the class called `name` is taken.
///
/// Lines that say nothing about the model, such as imports and training, are skipped. The chain is not checked: it may
/// have the mistakes of the original.
///
/// # Errors
/// Every line of the model that cannot be translated.
pub fn port(python: &str, name: &str) -> Result<Ported, Vec<Unported>> {
    let lines = lines::lines(python).map_err(|fault| vec![fault])?;
    let (dialect, stmts) = (program::dialect(&lines), stmts::stmts(&lines));
    let first = run(&stmts, dialect, name, &[], 0);
    let candidates = input::candidates(&first.program);
    let usual = candidates.shapes.first().cloned().unwrap_or_else(|| vec!["[_]".to_owned()]);
    let (program, input) = if first.asked || first.program.inputs.len() > 1 {
        tried(&stmts, dialect, name, &candidates.shapes)?
    } else if first.faults.is_empty() {
        let fits = |input: &&Vec<String>| {
            PortedChain::new(&chain(&first.program, name, input)).is_some_and(|draft| draft.fits)
        };
        let input = candidates.shapes.iter().find(fits).unwrap_or(&usual).clone();
        (first.program, input)
    } else {
        return Err(first.faults);
    };
    let mut program = program;
    if candidates.guessed {
        let input = input.join(", ");
        program.notes.push(format!("the lines do not say the size of the input: `{input}` is a guess"));
    }
    let source = finished(&mut program, name, &input);
    Ok(Ported { source: format!("convshape::conv_chain! {{\n{source}}}\n"), notes: program.notes })
}

fn run<'a>(stmts: &[PyStmt], dialect: Dialect, name: &str, trial: &'a [String], drafted: usize) -> Machine<'a> {
    let mut machine = Machine::new(Program::new(dialect), trial);
    machine.drafted = drafted;
    machine.run(stmts);
    machine.finish(stmts, name);
    machine
}

/// The program with the first shapes of the inputs with which it runs and its layers fit, and those shapes.
fn tried(
    stmts: &[PyStmt],
    dialect: Dialect,
    name: &str,
    shapes: &[Vec<String>],
) -> Result<(Program, Vec<String>), Vec<Unported>> {
    let mut runs = None;
    let mut furthest: Option<((bool, usize), Vec<Unported>)> = None;
    let mut drafted = 0;
    for trial in shapes {
        let machine = run(stmts, dialect, name, trial, drafted);
        drafted = machine.drafted + machine.program.statements.len();
        let fits = PortedChain::new(&chain(&machine.program, name, trial)).is_some_and(|draft| draft.fits);
        if let Some(first) = machine.faults.first() {
            // Of wrong shapes, one that fits what is followed says most, and then the one that goes furthest.
            let reached = (fits, first.line);
            if furthest.as_ref().is_none_or(|(known, _)| *known < reached) {
                furthest = Some((reached, machine.faults));
            }
            continue;
        }
        if fits {
            return Ok((machine.program, trial.clone()));
        }
        runs.get_or_insert((machine.program, trial.clone()));
    }
    let unknown = || vec![Unported::new(1, "the size of the input is not known")];
    runs.ok_or_else(|| furthest.map_or_else(unknown, |(_, faults)| faults))
}

/// The sizes of values of a chain, by their names; `None` for what its check does not tell.
type InputSizes = HashMap<String, Option<Vec<i64>>>;

/// Notes the sizes of a value of the chain so far, and of all others that the same check tells.
fn find_sizes(program: &Program, inputs: &[String], label: &str, known: &mut InputSizes) {
    let statements = program.statements.len();
    let mut program = Program { outputs: vec![label.to_owned()], ..program.clone() };
    if program.inputs.len() > 1 && inputs.len() == program.inputs.len() || label == "input" || label.contains('.') {
        // An input cannot be an output, and a port is not one.
        let value = Some(plain(label)).filter(|label| label != "input").into_iter().collect::<Vec<_>>();
        if let Ok(copy) = layer::read(&format!("Identity from {label}"), program.dialect, &value) {
            let line = copy.to_string();
            program.statements.push(program::Statement {
                label: "copy_of_it".to_owned(),
                is_named: true,
                file_name: None,
                line,
                layer: copy,
                reads: Vec::new(),
            });
            program.outputs = vec!["copy_of_it".to_owned()];
        }
    }
    let output = program.outputs[0].clone();
    program.name(label);
    program.name(&output);
    let draft = PortedChain::new(&chain(&program, "M", inputs)).filter(|draft| draft.fits);
    let found = draft.as_ref().and_then(|draft| sizes(draft.outputs.first()?));
    known.insert(label.to_owned(), found);
    let values = draft.map_or_else(Vec::new, |draft| draft.values);
    for (statement, value) in program.statements.iter().zip(values).take(statements) {
        if let Some(found) = value.as_deref().and_then(sizes) {
            known.entry(statement.label.clone()).or_insert(Some(found));
        }
    }
}

/// `[16, 28, 28]`
fn sizes(shape: &str) -> Option<Vec<i64>> {
    shape.strip_prefix('[')?.strip_suffix(']')?.split(", ").map(|size| size.parse().ok()).collect()
}

fn plain(label: &str) -> String {
    label.split('.').next().unwrap_or(label).to_owned()
}

/// The chain with the names of parameters in files and the shapes of its outputs.
fn finished(program: &mut Program, name: &str, input: &[String]) -> String {
    let draft = PortedChain::new(&chain(program, name, input));
    let (with_params, outputs) = draft.map_or_else(Default::default, |draft| (draft.with_params, draft.outputs));
    for (index, statement) in program.statements.iter_mut().enumerate() {
        statement.file_name.take_if(|_| with_params.get(index) != Some(&true));
    }
    written(program, name, input, &outputs)
}

/// The chain inside the macro's braces, without what only its check tells.
fn chain(program: &Program, name: &str, input: &[String]) -> String {
    let mut program = program.clone();
    program.statements.iter_mut().for_each(|statement| statement.file_name = None);
    written(&program, name, input, &[])
}

fn written(program: &Program, name: &str, input: &[String], outputs: &[String]) -> String {
    let mut text = format!("    pub struct {} {{\n", type_name(program.class.as_deref().unwrap_or(name)));
    if program.dialect != Dialect::Torch {
        let _ = writeln!(text, "        dialect: {};", program.dialect.name());
    }
    let ports = match input {
        [only] => only.clone(),
        several => {
            let port = |(input, shape): (&program::PortedInput, &String)| format!("{} {shape}", input.name);
            program.inputs.iter().zip(several).map(port).collect::<Vec<_>>().join(", ")
        }
    };
    let _ = writeln!(text, "        input: {ports};\n");
    for statement in &program.statements {
        text += "        ";
        if let Some(file_name) = &statement.file_name {
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

/// A class's name as a type's: `conv_net` is `ConvNet`.
fn type_name(name: &str) -> String {
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return name.to_owned();
    }
    let capital = |word: &str| word[..word.len().min(1)].to_ascii_uppercase() + word.get(1..).unwrap_or("");
    name.split('_').map(capital).collect()
}

/// What the check says about a chain whose output's shape is not known yet.
struct PortedChain {
    /// Whether all its layers fit.
    fits: bool,
    /// The statements that have parameters.
    with_params: Vec<bool>,
    /// The shapes that the statements give, but those of several layers.
    values: Vec<Option<String>>,
    outputs: Vec<String>,
}

impl PortedChain {
    fn new(source: &str) -> Option<PortedChain> {
        let (chain, faults) = parse::parse(source.parse().ok()?);
        let mut sink = diagnose::Sink::default();
        let chain = chain?;
        let graph = resolve::resolve(&quote!(::convshape), &chain, &mut sink);
        let checked = check::check(&graph);
        let wrong = |problem: &check::Problem| !matches!(problem.place(), check::Place::Output(_));
        let fits = faults.is_empty() && !sink.refused() && !checked.problems.iter().any(wrong);
        let shape = |value: Option<usize>| checked.shapes.get(value?).copied().flatten();
        let outputs =
            graph.outputs.iter().map(|output| shape(output.value).map_or("[_]".to_owned(), |s| s.to_string()));
        let statements = statements(&chain, &graph);
        let value = |nodes: &Vec<usize>| match nodes.as_slice() {
            [only] => shape(Some(graph.inputs.len() + only)).map(|shape| shape.to_string()),
            _ => None,
        };
        let has =
            |node: &usize| matches!(&graph.nodes[*node].recipe, Recipe::Given(op) if op.params().iter().count() > 0);
        Some(PortedChain {
            fits,
            with_params: statements.iter().map(|nodes| nodes.iter().any(has)).collect(),
            values: statements.iter().map(value).collect(),
            outputs: outputs.collect(),
        })
    }
}

/// The layers of each statement.
fn statements(chain: &Chain, graph: &Graph) -> Vec<Vec<usize>> {
    let mut made: HashMap<usize, Vec<usize>> = HashMap::new();
    for (node, of) in graph.nodes.iter().enumerate() {
        made.entry(of.origin).or_default().push(node);
    }
    let mut nodes = |stmt: &crate::syntax::Stmt| made.remove(&std::ptr::from_ref(stmt).addr()).unwrap_or_default();
    chain.body.iter().map(&mut nodes).collect()
}
