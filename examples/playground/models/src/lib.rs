//! Models that are known only in the browser, as a WebAssembly module: an ONNX file becomes a chain, and a chain with a
//! file of weights runs.
//!
//! The page writes the chain's text and a file to the memory of [`reserve`] and calls [`import`] or [`load`]. Where one
//! answers 0, [`result`] says why.

// A chain is found in its text by the code of the command `cargo convshape`.
#[path = "../../../../convshape/cli/src/report.rs"]
#[allow(dead_code)]
mod report;
#[path = "../../../../convshape/cli/src/source.rs"]
#[allow(dead_code)]
mod source;

use std::cell::RefCell;
use std::path::Path;

use convshape::graph::Graph;
use convshape::ndarray::{ArrayD, IxDyn};
use convshape::{GraphModel, Shape};
use safetensors::{Dtype, SafeTensors};

use crate::source::Source;

/// What the module and the page share.
#[derive(Default)]
struct Shared {
    text: Vec<u8>,
    /// An ONNX file, or weights.
    file: Vec<u8>,
    result: String,
    model: Option<Loaded>,
}

/// A model with one input and one output.
struct Loaded {
    model: GraphModel,
    /// A batch of one.
    input: ArrayD<f32>,
    output: Vec<f32>,
}

thread_local! {
    static SHARED: RefCell<Shared> = RefCell::default();
}

fn with<T>(work: impl FnOnce(&mut Shared) -> T) -> T {
    SHARED.with_borrow_mut(work)
}

/// Puts the text of a success or the reason of a failure in the result; 1 for a success.
fn answer(shared: &mut Shared, result: Result<String, String>) -> u32 {
    let done = u32::from(result.is_ok());
    shared.result = result.unwrap_or_else(|reason| reason);
    done
}

/// Memory for the chain's text, or with `is_file` for a file, of this many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn reserve(is_file: u32, length: usize) -> *mut u8 {
    with(|shared| {
        let bytes = if is_file == 0 { &mut shared.text } else { &mut shared.file };
        bytes.clear();
        bytes.resize(length, 0);
        bytes.as_mut_ptr()
    })
}

/// Makes a chain of an ONNX file, whose weights then take the file's place.
#[unsafe(no_mangle)]
pub extern "C" fn import() -> u32 {
    with(|shared| {
        let imported = convshape_onnx::import(&shared.file, "Net").map_err(|error| error.to_string());
        let source = imported.map(|imported| {
            shared.file = imported.weights;
            imported.source
        });
        answer(shared, source)
    })
}

/// Loads the weights of the file into the chain of the text. The result has the shapes of its input and output.
#[unsafe(no_mangle)]
pub extern "C" fn load() -> u32 {
    with(|shared| {
        let loaded = loaded(&String::from_utf8_lossy(&shared.text), &shared.file);
        let shapes = loaded.map(|loaded| {
            let graph = loaded.model.graph();
            let [input, output] = [&graph.inputs()[0], &graph.outputs()[0]].map(|port| graph.shape(port.value));
            let shapes = format!("{input} {output}");
            shared.model = Some(loaded);
            shapes
        });
        answer(shared, shapes)
    })
}

fn loaded(text: &str, weights: &[u8]) -> Result<Loaded, String> {
    // Otherwise every text would be kept for its spans.
    proc_macro2::extra::invalidate_current_thread_spans();
    let source = Source::read(Path::new("chain.rs"), text.to_owned()).map_err(|error| error.to_string())?;
    let chain = source.chains.first().ok_or("there is no chain to load weights into")?;
    let graph = convshape_front::graph(chain.tokens.clone(), Path::new(""));
    let graph = graph.ok_or("the chain has an error, or parts that only the compiler knows")?;
    let ([input], [_]) = (graph.inputs(), graph.outputs()) else {
        return Err("a chain with one input and one output can run here".to_owned());
    };
    let sizes = sizes(graph.shape(input.value)).ok_or("the input has a size that is no number")?;
    let sizes: Vec<usize> = std::iter::once(1).chain(sizes).collect();
    let params = params(&graph, weights)?;
    let model = GraphModel::new(graph, params).map_err(|error| error.to_string())?;
    Ok(Loaded { model, input: ArrayD::zeros(IxDyn(&sizes)), output: Vec::new() })
}

fn sizes(shape: &Shape) -> Option<Vec<usize>> {
    shape.sizes().iter().map(|size| usize::try_from(size.number()?).ok()).collect()
}

/// The parameters of a graph in a safetensors file.
fn params(graph: &Graph, weights: &[u8]) -> Result<Vec<Vec<f32>>, String> {
    let file = SafeTensors::deserialize(weights).map_err(|error| format!("not a safetensors file: {error}"))?;
    let param = |param: &convshape::graph::Parameter| {
        let name = &param.name;
        let tensor = file.tensor(name).map_err(|_| format!("the file has no `{name}`"))?;
        let (found, expected) = (tensor.shape(), param.shape);
        match sizes(&expected).as_deref() == Some(found) && tensor.dtype() == Dtype::F32 {
            true => Ok(tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
            false => {
                Err(format!("`{name}` is {:?} {found:?} in the file, the chain wants F32 {expected}", tensor.dtype()))
            }
        }
    };
    graph.params().iter().map(param).collect()
}

/// Where the page writes the elements of the input. Null before [`load`].
#[unsafe(no_mangle)]
pub extern "C" fn input() -> *mut f32 {
    with(|shared| shared.model.as_mut().map_or(std::ptr::null_mut(), |loaded| loaded.input.as_mut_ptr()))
}

/// Runs the model.
#[unsafe(no_mangle)]
pub extern "C" fn run() -> u32 {
    with(|shared| {
        let Some(loaded) = &mut shared.model else { return 0 };
        let outputs = loaded.model.forward_batch(&[loaded.input.view()]).map_err(|error| error.to_string());
        let done = outputs.map(|outputs| {
            loaded.output = outputs.into_iter().flatten().collect();
            String::new()
        });
        answer(shared, done)
    })
}

/// The elements of the output.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const f32 {
    with(|shared| shared.model.as_ref().map_or(std::ptr::null(), |loaded| loaded.output.as_ptr()))
}

/// Their number.
#[unsafe(no_mangle)]
pub extern "C" fn output_length() -> usize {
    with(|shared| shared.model.as_ref().map_or(0, |loaded| loaded.output.len()))
}

/// The address of the file, which after [`import`] is the weights.
#[unsafe(no_mangle)]
pub extern "C" fn file() -> *const u8 {
    with(|shared| shared.file.as_ptr())
}

/// Its length in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn file_length() -> usize {
    with(|shared| shared.file.len())
}

/// The address of the result's UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn result() -> *const u8 {
    with(|shared| shared.result.as_ptr())
}

/// Its length in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn result_length() -> usize {
    with(|shared| shared.result.len())
}
