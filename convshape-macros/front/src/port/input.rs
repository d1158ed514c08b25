//! The shape of the input: as the lines give it, or a guess.

use convshape_arith::op::Dialect;

use super::program::Program;
use crate::syntax::{Layer, SizeExpr, Value};
use crate::words::{self, Group, Kind};

/// Shapes that the inputs may have, the likeliest first.
pub(super) struct InputShapes {
    pub(super) shapes: Vec<Vec<String>>,
    /// Whether the lines do not give it.
    pub(super) guessed: bool,
}

/// Usual sizes of images, by number of spatial axes. Small ones, which fit most chains, come last.
const SIZES: [&[i64]; 3] = [
    &[64, 128, 256, 512, 784, 1024, 4096, 16000, 16384, 32, 16],
    &[28, 32, 64, 128, 224, 256, 96, 48, 299, 227, 512, 16, 8],
    &[16, 32, 64, 8],
];

/// Where a decoder begins.
const CODES: [i64; 4] = [1, 4, 7, 8];

/// Usual numbers of channels, where the lines do not give it.
const CHANNELS: [i64; 2] = [3, 1];

pub(super) fn candidates(program: &Program) -> InputShapes {
    let given: Vec<Vec<String>> = match program.inputs.as_slice() {
        [] => vec![shapes(&program.shapes)],
        inputs => inputs
            .iter()
            .enumerate()
            .map(|(at, input)| match &input.shape {
                Some(shape) => shapes(std::slice::from_ref(shape)),
                None if at == 0 => shapes(&program.shapes),
                None => Vec::new(),
            })
            .collect(),
    };
    let guessed = given.iter().any(Vec::is_empty);
    let of_inputs: Vec<Vec<String>> = given
        .into_iter()
        .enumerate()
        .map(|(at, given)| if given.is_empty() { guesses(program, at) } else { given })
        .collect();
    // Inputs of unknown sizes have sizes alike.
    let count = of_inputs.iter().map(Vec::len).max().unwrap_or(0);
    let shape = |shapes: &Vec<String>, at: usize| shapes.get(at).or(shapes.last()).cloned().unwrap_or("[_]".to_owned());
    let shapes = (0..count).map(|at| of_inputs.iter().map(|shapes| shape(shapes, at)).collect());
    InputShapes { shapes: shapes.collect(), guessed }
}

/// Shapes in lines, with the first size and without it, which may be the batch.
fn shapes(lines: &[Vec<String>]) -> Vec<String> {
    lines
        .iter()
        .flat_map(|sizes| [sizes.as_slice(), sizes.get(1..).unwrap_or(&[])])
        .filter(|sizes| !sizes.is_empty() && !sizes.iter().any(|size| size == "None"))
        .map(|sizes| format!("[{}]", sizes.join(", ")))
        .collect()
}

/// Usual shapes, by the first layer that reads the input.
fn guesses(program: &Program, input: usize) -> Vec<String> {
    let name = program.inputs.get(input).filter(|_| program.inputs.len() > 1).map(|input| input.name.as_str());
    let reader =
        program.statements.iter().position(|statement| statement.reads.iter().any(|read| Some(read.as_str()) == name));
    let rest = || program.statements.iter().skip(reader.unwrap_or(0));
    let layers = || rest().map(|statement| &statement.layer);
    let words = |layer: &Layer| words::named_layer(&layer.op.to_string(), program.dialect);
    let starts = |layer: &&Layer| {
        words(layer).is_some_and(|found| {
            let spatial = found.rank.is_some() || found.words.group == Group::Convolution;
            spatial || matches!(found.words.kind, Kind::Linear | Kind::Flatten)
        })
    };
    let Some(first) = layers().find(starts) else { return vec!["[1, 28, 28]".to_owned()] };
    let channels = layers().find_map(channels_in);
    let Some(found) = words(first) else { return Vec::new() };
    if found.words.kind == Kind::Linear {
        return vec![format!("[{}]", channels.unwrap_or(784))];
    }
    let flat = found.words.kind == Kind::Flatten;
    let channels = match channels.filter(|_| !flat) {
        Some(channels) => vec![channels],
        None => CHANNELS.to_vec(),
    };
    let sizes = SIZES[found.rank.unwrap_or(2).clamp(1, 3) - 1];
    let is_decoder = found.words.group == Group::Convolution && found.words.kind == Kind::ConvTranspose;
    let sizes = CODES.iter().filter(|_| is_decoder).chain(sizes);
    let shape = |channels: i64, size: i64| {
        let mut axes = vec![size.to_string(); found.rank.unwrap_or(2)];
        let at = if matches!(program.dialect, Dialect::Keras | Dialect::Flax) { axes.len() } else { 0 };
        axes.insert(at, channels.to_string());
        format!("[{}]", axes.join(", "))
    };
    sizes.flat_map(|&size| channels.iter().map(move |&channels| shape(channels, size)).collect::<Vec<_>>()).collect()
}

/// The channels that a layer says come in.
fn channels_in(layer: &Layer) -> Option<i64> {
    let Some(Value::Arrow { from, .. }) = layer.args.positional.first() else { return None };
    match **from {
        Value::Size(SizeExpr::Int { value, .. }) => Some(value),
        _ => None,
    }
}
