//! `--verify`: an imported chain against onnxruntime, on random inputs.
//!
//! The chain runs here, from its source and its weights as they are written: nothing is compiled.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::Command;

use convshape::GraphModel;
use convshape::graph::op::{Activation, Class};
use convshape::graph::{Graph, Op, Size};
use convshape::ndarray::{ArrayD, ArrayViewD, IxDyn};
use safetensors::SafeTensors;
use serde::Deserialize;

use crate::report::Unusable;
use crate::source::{Chain, crate_folder};

/// What Python runs.
const SCRIPT: &str = include_str!("onnxruntime.py");

/// The largest difference of an element, in standard deviations of its output.
const TOLERANCE: f64 = 1e-4;

/// The largest difference of a probability, if most are so small that engines compute them less exactly than that.
const OF_PROBABILITIES: f64 = 1e-5;

/// How far an output is from that of onnxruntime.
pub(super) struct Difference {
    output: String,
    /// The largest difference of an element, in standard deviations of the output.
    worst: f64,
    /// The largest difference itself, for an output of probabilities.
    of_probabilities: Option<f64>,
}

impl Difference {
    pub(super) fn is_small(&self) -> bool {
        self.worst <= TOLERANCE || self.of_probabilities.is_some_and(|worst| worst <= OF_PROBABILITIES)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { output, worst, of_probabilities } = self;
        write!(f, "output `{output}`: differs from onnxruntime by ")?;
        match of_probabilities {
            Some(worst) if self.is_small() => write!(f, "{worst:.1e} in its probabilities"),
            _ if self.is_small() => write!(f, "{worst:.1e} standard deviations"),
            _ => write!(f, "{worst:.1e} standard deviations, more than {TOLERANCE:e}"),
        }
    }
}

/// Runs a file in onnxruntime and the chain that was imported from it, on the same inputs.
///
/// # Errors
/// If onnxruntime is missing, or the file or the chain cannot run.
pub(super) fn differences(
    model: &Path,
    chain: &Chain,
    weights: &[u8],
    sizes: &[(String, i64)],
) -> Result<Vec<Difference>, Unusable> {
    let unusable = |reason: String| Unusable::new(model, reason);
    let graph = convshape_front::graph(chain.tokens.clone(), &crate_folder(model));
    let graph = graph.ok_or_else(|| unusable("the chain has no graph".to_owned()))?;
    // Any numbers in the range of the symbols, the same for all.
    let symbols: Vec<(&str, i64)> =
        graph.symbols().iter().map(|symbol| (symbol.name, (symbol.low + 2).min(symbol.high))).collect();
    let open = graph.inputs().iter().flat_map(|port| graph.shape(port.value).sizes()).find_map(|size| match *size {
        Size::Symbolic { scale, symbol, offset } => Some(scale * symbols.get(usize::from(symbol))?.1 + offset),
        Size::Number(_) | Size::Unknown => None,
    });
    let graph = graph.bind(&symbols).map_err(|error| unusable(error.to_string()))?;
    let run = Run::of(model, sizes, open).map_err(unusable)?;
    let probabilities: Vec<bool> = graph.outputs().iter().map(|port| gives_probabilities(&graph, port.value)).collect();
    let own = own_outputs(graph, weights, &run.inputs).map_err(unusable)?;
    if own.len() != run.outputs.len() {
        return Err(unusable(format!("onnxruntime gives {} outputs, the chain {}", run.outputs.len(), own.len())));
    }
    let outputs = run.outputs.into_iter().zip(own).zip(probabilities);
    outputs
        .map(|(((name, expected), own), probabilities)| {
            difference(name, &expected, &own, probabilities).map_err(unusable)
        })
        .collect()
}

/// Whether a value comes from a sigmoid or a softmax, perhaps with its axes in another order.
fn gives_probabilities(graph: &Graph, value: usize) -> bool {
    let Some(node) = graph.nodes().iter().find(|node| node.outputs.contains(&value)) else { return false };
    match node.op {
        Op::Activation(Activation::Sigmoid) | Op::Softmax { log: false, .. } => true,
        op => op.class() == Class::View && node.inputs.first().is_some_and(|&input| gives_probabilities(graph, input)),
    }
}

/// What the chain gives.
fn own_outputs(graph: Graph, weights: &[u8], inputs: &[(String, ArrayD<f32>)]) -> Result<Vec<ArrayD<f32>>, String> {
    let file = SafeTensors::deserialize(weights).map_err(|error| error.to_string())?;
    let elements = |name: &str| {
        let tensor = file.tensor(name).map_err(|error| error.to_string())?;
        Ok(tensor.data().chunks_exact(4).map(number).collect())
    };
    let params: Result<_, String> = graph.params().iter().map(|param| elements(&param.name)).collect();
    let batch = |(place, (_, input)): (usize, &(String, ArrayD<f32>))| {
        let Some(shape) = graph.inputs().get(place).map(|port| graph.shape(port.value)) else {
            return Err("the chain has fewer inputs".to_owned());
        };
        // In sequence models the batch may be the second axis.
        let is_sample = |input: &ArrayViewD<'_, f32>| {
            let sizes = input.shape().iter().skip(1).map(|&size| i64::try_from(size).ok());
            sizes.eq(shape.sizes().iter().map(|size| size.number()))
        };
        let input = in_front(input).find(is_sample).unwrap_or(input.view());
        // One number a sample is a list of one.
        let sizes: Vec<usize> =
            input.shape().iter().copied().chain(std::iter::repeat(1)).take(shape.rank() + 1).collect();
        input.to_shape(sizes).map(|input| input.into_owned()).map_err(|error| error.to_string())
    };
    let inputs: Vec<ArrayD<f32>> = inputs.iter().enumerate().map(batch).collect::<Result<_, _>>()?;
    let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
    let model = GraphModel::new(graph, params?).map_err(|error| error.to_string())?;
    model.forward_batch(&views).map_err(|error| error.to_string())
}

/// The array with each of its axes in turn moved to the front.
fn in_front(array: &ArrayD<f32>) -> impl Iterator<Item = ArrayViewD<'_, f32>> {
    (0..array.ndim()).map(|axis| {
        let mut order: Vec<usize> = (0..array.ndim()).collect();
        order[..=axis].rotate_right(1);
        array.view().permuted_axes(order)
    })
}

/// The largest difference of an element. Where the file keeps the batch at another axis, it is brought in front.
fn difference(
    output: String,
    expected: &ArrayD<f32>,
    own: &ArrayD<f32>,
    probabilities: bool,
) -> Result<Difference, String> {
    if own.len() != expected.len() {
        let (own, expected) = (own.shape(), expected.shape());
        return Err(format!("output `{output}` has shape {expected:?} in onnxruntime, {own:?} in the chain"));
    }
    let expected = in_front(expected).find(|moved| moved.shape() == own.shape()).unwrap_or(expected.view());
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let count = expected.len().max(1) as f64;
    let expected = expected.iter().map(|&x| f64::from(x));
    let mean = expected.clone().sum::<f64>() / count;
    let deviation = (expected.clone().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
    let differences = expected.zip(own).map(|(x, &own)| match x == f64::from(own) {
        true => 0.0,
        false => (x - f64::from(own)).abs(),
    });
    // NaN is the largest.
    let worst = differences.fold(0.0, |worst: f64, x| if x <= worst { worst } else { x });
    // A constant output has no deviation: then its size is the measure.
    let scale = if deviation > mean.abs() * 1e-6 { deviation } else { mean.abs().max(f64::MIN_POSITIVE) };
    Ok(Difference { output, worst: worst / scale, of_probabilities: probabilities.then_some(worst) })
}

/// What onnxruntime was given and gave.
struct Run {
    inputs: Vec<(String, ArrayD<f32>)>,
    outputs: Vec<(String, ArrayD<f32>)>,
}

#[derive(Deserialize)]
struct Port {
    name: String,
    shape: Vec<usize>,
}

impl Run {
    /// `sizes`: numbers for open sizes by their names; `open`: what to put for others besides the batch, if there are any.
    fn of(model: &Path, sizes: &[(String, i64)], open: Option<i64>) -> Result<Run, String> {
        let python = python()?;
        let sizes: BTreeMap<&str, i64> = sizes.iter().map(|(name, number)| (name.as_str(), *number)).collect();
        let sizes = serde_json::json!({"named": sizes, "others": open}).to_string();
        let output = Command::new(&python).arg("-c").arg(SCRIPT).arg(model).arg(sizes).output();
        let output = output.map_err(|error| format!("{} does not run: {error}", python.display()))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(format!("onnxruntime: {}", text.trim().lines().last().unwrap_or("it failed")));
        }
        Run::read(&output.stdout).ok_or_else(|| "what Python wrote cannot be read".to_owned())
    }

    fn read(bytes: &[u8]) -> Option<Run> {
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let [inputs, outputs]: [Vec<Port>; 2] = serde_json::from_slice(&bytes[..end]).ok()?;
        let mut numbers = bytes[end + 1..].chunks_exact(4).map(number);
        let mut read = |ports: Vec<Port>| -> Option<Vec<(String, ArrayD<f32>)>> {
            let mut array = |Port { name, shape }: Port| {
                let elements = numbers.by_ref().take(shape.iter().product()).collect();
                Some((name, ArrayD::from_shape_vec(IxDyn(&shape), elements).ok()?))
            };
            ports.into_iter().map(&mut array).collect()
        };
        Some(Run { inputs: read(inputs)?, outputs: read(outputs)? })
    }
}

fn number(bytes: &[u8]) -> f32 {
    bytes.try_into().map_or(f32::NAN, f32::from_le_bytes)
}

/// A Python that has onnxruntime.
fn python() -> Result<OsString, String> {
    let given = std::env::var_os("CONVSHAPE_PYTHON");
    let candidates: Vec<OsString> = given.into_iter().chain(["python3".into(), "python".into()]).collect();
    let has = |python: &OsString| {
        let found = Command::new(python).args(["-c", "import numpy, onnxruntime"]).output();
        found.is_ok_and(|output| output.status.success())
    };
    candidates.into_iter().find(has).ok_or_else(|| {
        "--verify needs a Python with onnxruntime: `pip install onnxruntime`, or name one in CONVSHAPE_PYTHON"
            .to_owned()
    })
}
