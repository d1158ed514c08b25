//! Statements as source code, and their parameters as a file.

use std::collections::{BTreeMap, HashSet};

use convshape::graph::Op;
use safetensors::tensor::{Dtype, TensorView};

use super::chain::Chain;
use super::lines::{Line, lines, needs_name};
use super::names::Names;
use super::pieces::{self, Listing, Pieces};
use super::{Import, ImportError, Imported, Statement};

pub(super) fn write(
    name: &str,
    mut import: Import,
    mut outputs: Vec<(String, usize)>,
) -> Result<Imported, ImportError> {
    let inputs = import.inputs.len();
    // An output that no statement gives by itself, or that occurs twice, becomes a statement of its own.
    let mut seen = HashSet::new();
    for (_, value) in &mut outputs {
        let is_statement = *value >= inputs && !needs_name(&import.statements[*value - inputs].op);
        if !is_statement || !seen.insert(*value) {
            let shape = import.shapes[*value];
            import.statements.push(Statement {
                path: String::new(),
                op: Op::Identity,
                inputs: vec![*value],
                params: Vec::new(),
                first_run: None,
            });
            import.shapes.push(shape);
            *value = import.shapes.len() - 1;
        }
    }
    let lines = lines(&import, &outputs);
    let names = file_names(&lines);
    let (source, file_names) = chain(name, &import, &lines, &names, &outputs);
    let weights = weights(&lines, &file_names)?;
    Ok(Imported { source, weights })
}

/// The names of parameters that the file itself has; a layer that runs again has those of its first run.
fn file_names(lines: &[Line<'_>]) -> Vec<Option<String>> {
    let mut files = Names::default();
    let mut names: Vec<Option<String>> = Vec::new();
    for line in lines {
        let path = line.statement.path.as_str();
        names.push(match line.first_run {
            Some(first) => lines.iter().position(|line| line.value == first).and_then(|first| names[first].clone()),
            None => (line.has_params() && !path.is_empty()).then(|| files.of_parameters(path, line.fields())),
        });
    }
    names
}

/// The source of a chain and the names of its lines' parameters: with blocks if that gives the same chain, otherwise
/// line by line.
fn chain(
    name: &str,
    import: &Import,
    lines: &[Line<'_>],
    names: &[Option<String>],
    outputs: &[(String, usize)],
) -> (String, Vec<String>) {
    let listing = listing(import, lines, names, outputs);
    for parameters in [true, false] {
        let pieces = pieces::find(&listing, parameters);
        if pieces.blocks.is_empty() {
            continue;
        }
        let short = Chain::new(import, lines, names, outputs, &pieces);
        let same_names: Vec<Option<String>> =
            short.file_names.iter().map(|name| Some(name.clone()).filter(|name| !name.is_empty())).collect();
        let plain = Pieces::default();
        let long = Chain::new(import, lines, &same_names, outputs, &plain);
        let source = short.source(name);
        if is_same(&source, &long.source(name)) {
            return (quiet(source), short.file_names);
        }
    }
    let plain = Pieces::default();
    let chain = Chain::new(import, lines, names, outputs, &plain);
    (quiet(chain.source(name)), chain.file_names)
}

fn listing<'l, 'a>(
    import: &Import,
    lines: &'l [Line<'a>],
    names: &'l [Option<String>],
    outputs: &[(String, usize)],
) -> Listing<'l, 'a> {
    let mut line_of = vec![None; import.shapes.len()];
    lines.iter().enumerate().for_each(|(index, line)| line_of[line.value] = Some(index));
    let mut last_reader = vec![0; lines.len()];
    let reads = lines.iter().enumerate().flat_map(|(index, line)| line.reads.iter().map(move |&value| (index, value)));
    for (reader, value) in reads.chain(outputs.iter().map(|(_, value)| (lines.len(), *value))) {
        line_of[value].into_iter().for_each(|line: usize| last_reader[line] = reader);
    }
    Listing { lines, line_of, last_reader, names }
}

/// The contents of `convshape::conv_chain! { .. }`.
fn tokens(source: &str) -> Option<proc_macro2::TokenStream> {
    source.split_once('{')?.1.trim_end().strip_suffix('}')?.parse().ok()
}

/// Whether two chains compile and run the same layers with the same parameters.
fn is_same(a: &str, b: &str) -> bool {
    tokens(a).zip(tokens(b)).is_some_and(|(a, b)| convshape_front::same(a, b))
}

/// Without lints, which are meant for models under development.
fn quiet(source: String) -> String {
    let findings = tokens(&source).map(convshape_front::findings).unwrap_or_default();
    match findings.iter().any(|finding| finding.code.starts_with("CS08")) {
        true => source.replacen(" {\n        ", " {\n        lint: allow;\n        ", 1),
        false => source,
    }
}

/// A safetensors file with the parameters of the lines.
fn weights(lines: &[Line<'_>], file_names: &[String]) -> Result<Vec<u8>, ImportError> {
    let mut tensors = BTreeMap::new();
    for (line, file_name) in lines.iter().zip(file_names) {
        for (field, shape, numbers) in &line.statement.params {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            let name = if field.is_empty() { file_name.clone() } else { format!("{file_name}.{field}") };
            tensors.insert(name, (shape.clone(), bytes));
        }
    }
    let views: Result<Vec<_>, _> = tensors
        .iter()
        .map(|(name, (shape, bytes))| TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name, view)))
        .collect();
    let weights = views.and_then(|views| safetensors::serialize(views, None));
    weights.map_err(|error| ImportError::Malformed(error.to_string()))
}

/// Leaves out statements that no output needs.
pub(super) fn alive(mut import: Import, mut outputs: Vec<(String, usize)>) -> (Import, Vec<(String, usize)>) {
    let inputs = import.inputs.len();
    let mut needed: Vec<bool> = vec![false; import.shapes.len()];
    outputs.iter().for_each(|(_, value)| needed[*value] = true);
    for (index, statement) in import.statements.iter().enumerate().rev() {
        if needed[inputs + index] {
            statement.inputs.iter().for_each(|&value| needed[value] = true);
        }
    }
    let mut places: Vec<usize> = (0..import.shapes.len()).collect();
    let mut next = inputs;
    for (value, place) in places.iter_mut().enumerate().skip(inputs) {
        *place = next;
        next += usize::from(needed[value]);
    }
    let mut value = inputs;
    import.statements.retain(|_| {
        value += 1;
        needed[value - 1]
    });
    let mut value = 0;
    import.shapes.retain(|_| {
        value += 1;
        value <= inputs || needed[value - 1]
    });
    for statement in &mut import.statements {
        statement.inputs.iter_mut().for_each(|value| *value = places[*value]);
    }
    outputs.iter_mut().for_each(|(_, value)| *value = places[*value]);
    (import, outputs)
}
