//! Checks arrays against their ports: types, shapes, numbers of samples, classes.

use std::path::Path;

use convshape_arith::data::{Cause, LabelRange};
use convshape_arith::shape::{MAX_RANK, Shape};
use convshape_arith::symbols::Symbols;
use convshape_data::{Array, Elements, Kind};

use super::{DataArrays, DataProblem, Fixes, Named, Paired, PortShape, port_name, port_shape, scaling};
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
    symbols: &mut Symbols,
    first: &mut Option<Named>,
) -> Option<DataProblem> {
    let array = Named::of(&paired.array);
    if paired.array.dtype.kind() == Kind::Other {
        return Some(DataProblem::Dtype { name: array.name, dtype: array.dtype });
    }
    let is = port_shape(graph, checked, paired.port);
    let whole = paired.array.dtype.is_whole();
    if !is.port().fits(&array.shape, whole, symbols) {
        let cause = is.port().cause(&array.shape, whole);
        let fixes = fixes(graph, paired, &is, cause);
        let port = port_name(graph, paired.port).to_owned();
        return Some(DataProblem::Shape { array, port, cause, is, fixes });
    }
    let first = first.get_or_insert_with(|| array.clone());
    (first.shape[0] != array.shape[0]).then(|| DataProblem::Samples { array, first: first.clone() })
}

/// Problems with the elements of an array that fits.
fn contents(graph: &Graph, checked: &Checked, data: &DataArrays, paired: &Paired, sink: &mut Sink) {
    let is = port_shape(graph, checked, paired.port);
    let array = &paired.array;
    let elements = || Elements::from(Path::new(&data.files[paired.file]), array, 0).map(|all| all.take(MOST_READ));
    let problem = match classes(graph, checked, paired, &is) {
        Some(classes) => elements().and_then(|all| class_out_of_range(graph, paired, classes, all)),
        None => Ok(None),
    };
    match problem {
        Ok(Some(problem)) => sink.push(diagnose::data(&problem, paired.span)),
        Err(why) => sink.push(diagnose::data(&DataProblem::Elements { name: array.name.clone(), why }, paired.span)),
        Ok(None) => {
            let found = scaling::unscaled(graph, checked, paired, &is, || {
                elements().is_ok_and(|mut all| all.any(|element| element.is_ok_and(|element| element > 1.0)))
            });
            if let Some(problem) = found {
                sink.warn(diagnose::data(&problem, paired.span));
            }
        }
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
        1 if scaling::sigmoid(graph, checked, paired.port) && !scaling::is_map_of_bytes(paired, is) => Some(2),
        1 => None,
        classes => is.port().takes_numbers(&array.shape).then_some(classes),
    }
}

/// The range of the class indices in an array of whole numbers. `None` for other arrays, and for a file that cannot be
/// read.
pub(crate) fn label_range(data: &DataArrays, paired: &Paired) -> Option<LabelRange> {
    let array = &paired.array;
    if !array.dtype.is_whole() {
        return None;
    }
    let mut range: Option<LabelRange> = None;
    let elements = Elements::from(Path::new(&data.files[paired.file]), array, 0).ok()?;
    for (place, element) in elements.take(MOST_READ).enumerate() {
        let element = element.ok()?;
        if is_ignored(array, element) {
            continue;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a whole number; an absurd one stays absurd")]
        let label = (element as i64, sample_of(array, place));
        range = Some(match range {
            None => LabelRange { low: label, high: label },
            Some(LabelRange { low, high }) => LabelRange {
                low: if label.0 < low.0 { label } else { low },
                high: if label.0 > high.0 { label } else { high },
            },
        });
    }
    range
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

/// The first label that is not a class.
fn class_out_of_range(
    graph: &Graph,
    paired: &Paired,
    classes: i64,
    elements: impl Iterator<Item = std::io::Result<f64>>,
) -> std::io::Result<Option<DataProblem>> {
    let array = &paired.array;
    let mut wrong = None;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (place, element) in elements.enumerate() {
        let element = element?;
        if is_ignored(array, element) {
            continue;
        }
        (low, high) = (low.min(element), high.max(element));
        if wrong.is_none() && !(0.0..classes as f64).contains(&element) {
            wrong = Some((sample_of(array, place), element));
        }
    }
    Ok(wrong.map(|(sample, found)| DataProblem::Class {
        name: paired.array.name.clone(),
        port: port_name(graph, paired.port).to_owned(),
        found,
        sample,
        classes,
        range: (low, high),
        map: array.len() > array.shape[0],
    }))
}

/// Changes of the chain that make an array fit, each of them tried.
fn fixes(graph: &Graph, paired: &Paired, is: &PortShape, cause: Cause) -> Fixes {
    let none = Fixes::default();
    let Some(sizes) = sample_sizes(&paired.array.shape) else { return none };
    if graph.deferred()
        || matches!(cause, Cause::NoBatch | Cause::Steps { .. } | Cause::FloatClasses | Cause::ClassAxis { .. })
    {
        return none;
    }
    if matches!(cause, Cause::Permuted { order } if order[0] != 0) {
        return none;
    }
    let shape = Shape::of(&sizes);
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
