//! Checks arrays against their ports: types, shapes, numbers of samples, classes.

use std::path::Path;

use convshape_arith::data::Cause;
use convshape_arith::shape::{MAX_RANK, Shape};
use convshape_arith::symbols::Symbols;
use convshape_data::{Array, Elements, Kind};

use super::{DataArrays, DataProblem, Fixes, FoundLabels, Named, Paired, PortShape, port_name, port_shape, scaling};
use crate::check::Checked;
use crate::diagnose::{self, Sink};
use crate::fix;
use crate::graph::Graph;

/// The most elements of an array that are read, so that compiling stays fast.
const MOST_READ: usize = 1 << 22;

/// Labels in maps that frameworks leave out of a loss: PyTorch's `ignore_index`, and other common ones.
const IGNORED: [f64; 3] = [-100.0, -1.0, 255.0];

pub(super) fn check(graph: &Graph, checked: &Checked, data: &DataArrays, sink: &mut Sink) {
    let mut symbols = Symbols::NONE;
    let mut first: Option<Named> = None;
    for paired in &data.arrays {
        let Some(problem) = misfit(graph, checked, paired, &mut symbols, &mut first) else {
            contents(graph, checked, data, paired, sink);
            continue;
        };
        sink.push(diagnose::data(&problem, paired.span));
    }
}

/// Problems with an array that its header shows.
fn misfit(
    graph: &Graph,
    checked: &Checked,
    paired: &Paired,
    learnt: &mut Symbols,
    first: &mut Option<Named>,
) -> Option<DataProblem> {
    let array = Named::of(&paired.array);
    if paired.array.dtype.kind() == Kind::Other {
        return Some(DataProblem::Dtype { name: array.name, dtype: array.dtype });
    }
    let mut is = port_shape(graph, checked, paired.port);
    if !is.port().fits(&array.shape, array.whole, learnt) {
        // What fits by itself contradicts the symbols' values from the arrays before.
        let alone = is.port().fits(&array.shape, array.whole, &mut Symbols::NONE.clone());
        let symbols = first.as_ref().filter(|_| alone).map(|first| first.name.clone());
        if symbols.is_some() {
            is.shape = learnt.fix(&is.shape);
        }
        let cause = match (is.port().cause(&array.shape, array.whole), &first) {
            // As many "classes" as there are samples.
            (Cause::Classes { axis, found, expected }, Some(first)) => {
                let turned =
                    i64::try_from(first.shape[0]) == Ok(found) && i64::try_from(array.shape[0]) == Ok(expected);
                let order = is.port().order_of(&array.shape, axis).filter(|_| turned);
                order.map_or(Cause::Classes { axis, found, expected }, |order| Cause::Permuted { order })
            }
            (cause, _) => cause,
        };
        let fixes = fixes(graph, paired, &is, cause);
        let port = port_name(graph, paired.port).to_owned();
        return Some(DataProblem::Shape { array, port, cause, is, symbols, fixes });
    }
    if array.shape[0] == 0 {
        return Some(DataProblem::Empty { array });
    }
    let first = first.get_or_insert_with(|| array.clone());
    (first.shape[0] != array.shape[0]).then(|| DataProblem::Samples { array, first: first.clone() })
}

/// Problems with the elements of an array that fits.
fn contents(graph: &Graph, checked: &Checked, data: &DataArrays, paired: &Paired, sink: &mut Sink) {
    let is = port_shape(graph, checked, paired.port);
    let (array, name) = (&paired.array, paired.array.name.clone());
    if let Some(classes) = classes(graph, checked, paired, &is) {
        let problem = match labels(data, paired) {
            Ok(labels) if labels.stored().outside(classes).is_none() => return,
            Ok(labels) => DataProblem::Class { name, port: port_name(graph, paired.port).to_owned(), classes, labels },
            Err(why) => DataProblem::Elements { name, why },
        };
        sink.push(diagnose::data(&problem, paired.span));
        return;
    }
    let found = scaling::unscaled(graph, checked, paired, &is, || {
        let elements = Elements::from(Path::new(&data.files[paired.file]), array, 0);
        elements.is_ok_and(|all| all.take(MOST_READ).any(|element| element.is_ok_and(|element| element > 1.0)))
    });
    if let Some(problem) = found {
        sink.warn(diagnose::data(&problem, paired.span));
    }
}

/// How many classes the elements are the indices of, if they are indices.
fn classes(graph: &Graph, checked: &Checked, paired: &Paired, is: &PortShape) -> Option<i64> {
    let array = &paired.array;
    if !is.output || !array.dtype.is_whole() {
        return None;
    }
    match is.port().classes()? {
        // A probability between two classes; a map of bytes may be an image.
        1 if scaling::is_probability(graph, checked, paired, is) => Some(2),
        1 => None,
        classes => is.port().takes_numbers(&array.shape).then_some(classes),
    }
}

/// The class indices in an array of whole numbers.
pub(crate) fn labels(data: &DataArrays, paired: &Paired) -> std::io::Result<FoundLabels> {
    /// Of more, only the highest is kept, so that the code for const evaluation stays short.
    const MOST_CANDIDATES: usize = 1000;
    let array = &paired.array;
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    let (mut two, mut seen) = (true, [None; 2]);
    let mut candidates: Vec<(i64, usize)> = Vec::new();
    let elements = Elements::from(Path::new(&data.files[paired.file]), array, 0)?;
    for (place, element) in elements.take(MOST_READ).enumerate() {
        let element = element?;
        if is_ignored(array, element) {
            continue;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a whole number; an absurd one stays absurd")]
        let label = element as i64;
        if label > high.max(-1) || label < 0 && low >= 0 {
            let candidate = (label, sample_of(array, place));
            let full = candidates.len() >= MOST_CANDIDATES;
            match candidates.last_mut().filter(|last| full && label >= 0 && last.0 >= 0) {
                Some(last) => *last = candidate,
                None => candidates.push(candidate),
            }
        }
        (low, high) = (low.min(label), high.max(label));
        match seen.iter_mut().find(|seen| seen.is_none_or(|seen| seen == label)) {
            Some(seen) => *seen = Some(label),
            None => two = false,
        }
    }
    Ok(FoundLabels { range: (low, high), two, map: array.len() > array.shape[0], candidates })
}

/// Whether a label in a map is one that losses leave out.
fn is_ignored(array: &Array, element: f64) -> bool {
    array.shape.len() > 1 && array.len() > array.shape[0] && IGNORED.contains(&element)
}

/// The sample of an element, by its place in the file.
fn sample_of(array: &Array, place: usize) -> usize {
    let samples = array.shape[0].max(1);
    if array.fortran { place % samples } else { place / (array.len() / samples).max(1) }
}

/// Changes of the chain that make an array fit, each of them tried.
fn fixes(graph: &Graph, paired: &Paired, is: &PortShape, cause: Cause) -> Fixes {
    let none = Fixes::default();
    let Some(sizes) = sample_sizes(&paired.array.shape) else { return none };
    let indices = is.output && paired.array.dtype.is_whole() && sizes.len() < is.shape.rank();
    if graph.deferred()
        || indices
        || matches!(
            cause,
            Cause::NoBatch
                | Cause::Steps { .. }
                | Cause::FloatClasses
                | Cause::ClassAxis { .. }
                | Cause::OnePerSample
                | Cause::OtherClassAxis { .. }
        )
    {
        return none;
    }
    let shape = Shape::of(&sizes);
    // Axes in another order are the file's mistake, unless the chain's look wrong.
    if matches!(cause, Cause::Permuted { order } if order[0] != 0 || !looks_right(is, cause, &shape)) {
        return none;
    }
    if is.output {
        return Fixes { first: false, chain: fix::other_output(graph, paired.port - graph.inputs.len(), shape) };
    }
    Fixes { first: looks_right(is, cause, &shape), chain: fix::other_input(graph, paired.port, shape) }
}

/// The axes of one sample, if a chain can have them.
fn sample_sizes(shape: &[usize]) -> Option<Vec<i64>> {
    let sample = shape.get(1..).filter(|sample| !sample.is_empty() && sample.len() <= MAX_RANK)?;
    sample.iter().map(|size| i64::try_from(*size).ok().filter(|size| *size > 0)).collect()
}

/// Whether an array has few channels on the dialect's channel axis, but the chain does not.
fn looks_right(is: &PortShape, cause: Cause, found: &Shape) -> bool {
    let few = |shape: &Shape| {
        let channels = shape.size(is.order.channel(shape.rank())).number();
        channels.is_some_and(|channels| channels <= 4)
    };
    matches!(cause, Cause::Permuted { .. }) && few(found) && !few(&is.shape)
}
