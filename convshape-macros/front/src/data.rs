//! Data files: checks their headers against the chain's inputs and outputs.

mod checks;
mod problem;
mod scaling;

use std::path::Path;

use convshape_arith::data::Cause;
use convshape_arith::size::Size;
use convshape_arith::symbols::Symbols;
use convshape_data::Array;
use proc_macro2::Span;

use crate::check::Checked;
use crate::diagnose::{self, Sink};
use crate::graph::Graph;
use crate::syntax::{self, Chain};
use crate::unseen::visible;

pub(crate) use self::checks::labels;
pub(crate) use self::problem::{DataProblem, Fixes, FoundLabels, Named, PortShape};
pub(crate) use self::scaling::is_probability;

/// The arrays of a `data` header, each with its port.
#[derive(Debug)]
pub(crate) struct DataArrays {
    /// Absolute paths.
    pub(crate) files: Vec<String>,
    /// The inputs' arrays, then the outputs'.
    pub(crate) arrays: Vec<Paired>,
}

/// An array and its port.
#[derive(Debug)]
pub(crate) struct Paired {
    /// Counts the inputs first, then the outputs.
    pub(crate) port: usize,
    /// The index of the file in the header.
    pub(crate) file: usize,
    pub(crate) array: Array,
    /// Its name in the header, or the name of its file.
    pub(crate) span: Span,
}

/// The arrays named by a checked chain. Problems are reported.
pub(crate) fn of(
    chain: &Chain,
    graph: &Graph,
    checked: &Checked,
    folder: &Path,
    sink: &mut Sink,
) -> Option<DataArrays> {
    let header = chain.headers.data.as_ref()?;
    let files = open(header, folder, sink)?;
    let shapes: Vec<PortShape> =
        (0..graph.inputs.len() + graph.outputs.len()).map(|port| port_shape(graph, checked, port)).collect();
    let arrays = match pair(header, graph, &shapes, &files) {
        Ok(arrays) => arrays,
        Err((problem, span)) => {
            sink.push(diagnose::data(&problem, span));
            return None;
        }
    };
    let data = DataArrays { files: files.into_iter().map(|file| file.path).collect(), arrays };
    // If the chain's shapes are wrong, its ports will change once they are fixed.
    if !sink.refused() {
        match exchanged(header, graph, &shapes, &data) {
            Some((problem, span)) => sink.push(diagnose::data(&problem, span)),
            None => checks::check(graph, checked, &data, sink),
        }
    }
    Some(data)
}

/// Arrays that fit only in another order.
fn exchanged(
    header: &syntax::DataHeader,
    graph: &Graph,
    shapes: &[PortShape],
    data: &DataArrays,
) -> Option<(DataProblem, Span)> {
    let fits = |paired: &&Paired| {
        let array = &paired.array;
        shapes[paired.port].port().fits(&array.shape, array.dtype.is_whole(), &mut Symbols::NONE.clone())
    };
    let wrong = data.arrays.iter().find(|paired| !fits(paired))?;
    let ports: Vec<&PortShape> = data.arrays.iter().map(|paired| &shapes[paired.port]).collect();
    let arrays: Vec<&Array> = data.arrays.iter().map(|paired| &paired.array).collect();
    let order = fitting(&ports, &arrays)?;
    let help = if header.listed && header.names.is_none() {
        let files: Vec<String> = order.iter().map(|at| format!("{:?}", header.files[*at].value())).collect();
        format!("put the files in the order of the inputs and outputs: `data: ({});`", files.join(", "))
    } else {
        let names: Vec<String> = order.iter().map(|at| arrays[*at].name.clone()).collect();
        format!("put the arrays in the order of the inputs and outputs: `as ({})`", diagnose::named(&names))
    };
    let problem = DataProblem::Shape {
        array: Named::of(&wrong.array),
        port: port_name(graph, wrong.port).to_owned(),
        cause: Cause::Axes,
        is: shapes[wrong.port],
        symbols: None,
        fixes: Fixes { first: true, chain: Some(help) },
    };
    Some((problem, wrong.span))
}

/// For each port the place of an array that fits it, each used once.
fn fitting(ports: &[&PortShape], arrays: &[&Array]) -> Option<Vec<usize>> {
    /// More would take long to try, in a file with many arrays of one shape.
    const MOST: usize = 12;
    fn complete(ports: &[&PortShape], arrays: &[&Array], found: &mut Vec<usize>, symbols: Symbols) -> bool {
        let Some(port) = ports.get(found.len()) else { return true };
        for (place, array) in arrays.iter().enumerate().take(MOST) {
            let mut learnt = symbols;
            if found.contains(&place) || !port.port().fits(&array.shape, array.dtype.is_whole(), &mut learnt) {
                continue;
            }
            found.push(place);
            if complete(ports, arrays, found, learnt) {
                return true;
            }
            found.pop();
        }
        false
    }
    let mut found = Vec::new();
    (ports.len() <= MOST && complete(ports, arrays, &mut found, Symbols::NONE)).then_some(found)
}

/// The shape of a port, as far as the macro knows it.
pub(crate) fn port_shape(graph: &Graph, checked: &Checked, port: usize) -> PortShape {
    let order = graph.order();
    match port.checked_sub(graph.inputs.len()) {
        None => PortShape { shape: visible(&graph.inputs[port].shape), order, output: false },
        Some(output) => {
            let output = &graph.outputs[output];
            let found = output.value.and_then(|value| checked.shapes.get(value).copied().flatten());
            let mut shape = visible(&output.shape);
            for axis in 0..shape.rank() {
                if let (Size::Unknown, Some(found)) = (shape.size(axis), found) {
                    shape = shape.with(axis, found.size(axis));
                }
            }
            PortShape { shape, order, output: true }
        }
    }
}

/// The name of a port.
pub(crate) fn port_name(graph: &Graph, port: usize) -> &str {
    match port.checked_sub(graph.inputs.len()) {
        None => &graph.inputs[port].name,
        Some(output) => &graph.outputs[output].name,
    }
}

/// A file of the header that has been read.
struct DataFile {
    path: String,
    arrays: Vec<Array>,
    span: Span,
}

/// The headers of all files; `None` for one that cannot be read, which is reported.
fn open(header: &syntax::DataHeader, folder: &Path, sink: &mut Sink) -> Option<Vec<DataFile>> {
    let mut files = Vec::new();
    for text in &header.files {
        let path = folder.join(text.value());
        let path = std::path::absolute(&path).unwrap_or(path);
        let problem = match (convshape_data::arrays(&path), path.to_str()) {
            (Ok(arrays), Some(unicode)) => {
                files.push(DataFile { path: unicode.to_owned(), arrays, span: text.span() });
                continue;
            }
            (Err(why), _) => DataProblem::Unreadable { written: text.value(), path, why },
            (Ok(_), None) => DataProblem::NotUnicode { path },
        };
        sink.push(diagnose::data(&problem, text.span()));
    }
    (files.len() == header.files.len()).then_some(files)
}

/// Assigns an array to each port.
fn pair(
    header: &syntax::DataHeader,
    graph: &Graph,
    shapes: &[PortShape],
    files: &[DataFile],
) -> Result<Vec<Paired>, (DataProblem, Span)> {
    let all = || files.iter().enumerate().flat_map(|(file, of)| of.arrays.iter().map(move |array| (file, array)));
    let names = || all().map(|(_, array)| array.name.clone()).collect::<Vec<_>>();
    let ports = graph.inputs.len() + graph.outputs.len();
    let paired = |port, (file, array): (usize, &Array), span| Paired { port, file, array: array.clone(), span };
    let find = |name: &str| all().find(|(_, array)| array.name == name);
    let too_many = |name: &str, span| {
        let (inputs, outputs) = (graph.inputs.len(), graph.outputs.len());
        let arrays: Vec<&Array> = all().map(|(_, array)| array).collect();
        let places = fitting(&shapes.iter().collect::<Vec<_>>(), &arrays).unwrap_or_else(|| (0..ports).collect());
        let meant = places.into_iter().map(|place| arrays[place].name.clone()).collect();
        (DataProblem::TooMany { name: name.to_owned(), arrays: names(), inputs, outputs, meant }, span)
    };
    let whole = header.files.first().map_or_else(Span::call_site, |file| file.span());
    let found = if let Some(written) = &header.names {
        if let Some(name) = written.get(ports) {
            return Err(too_many(&name.value(), name.span()));
        }
        let named = written.iter().enumerate().map(|(port, name)| match find(&name.value()) {
            Some(array) => Ok(paired(port, array, name.span())),
            None => Err((DataProblem::NoArray { name: name.value(), arrays: names() }, name.span())),
        });
        named.collect::<Result<Vec<_>, _>>()?
    } else {
        if let Some(file) = files.iter().find(|file| header.listed && file.arrays.len() != 1) {
            let name = Path::new(&file.path).file_name().unwrap_or_default().to_string_lossy().into_owned();
            let arrays = file.arrays.iter().map(|array| array.name.clone()).collect();
            return Err((DataProblem::NotOne { file: name, arrays }, file.span));
        }
        let by_name = !header.listed && graph.inputs.iter().all(|input| find(&input.name).is_some());
        let chosen: Vec<(usize, (usize, &Array))> = if by_name {
            (0..ports).filter_map(|port| Some((port, find(port_name(graph, port))?))).collect()
        } else {
            all().enumerate().collect()
        };
        if let Some((_, (file, array))) = chosen.iter().find(|(port, _)| *port >= ports) {
            return Err(too_many(&array.name, files[*file].span));
        }
        chosen.into_iter().map(|(port, array)| paired(port, array, files[array.0].span)).collect()
    };
    match graph.inputs.iter().enumerate().find(|(port, _)| found.iter().all(|paired| paired.port != *port)) {
        Some((_, input)) => Err((DataProblem::TooFew { input: input.name.clone(), arrays: names() }, whole)),
        None => Ok(found),
    }
}
