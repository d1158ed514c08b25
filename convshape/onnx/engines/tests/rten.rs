//! What was exported gives the chain's numbers in rten, and what rten cannot run is known.

// The random graphs of the exporter's own tests.
#[path = "../../tests/support/graphs.rs"]
mod graphs;

use std::collections::BTreeMap;

use convshape::graph::op::{Interpolation, Upsample};
use convshape::graph::{Graph, Op};
use convshape::ndarray::{ArrayD, Ix2, Ix4};
use convshape_onnx::{ExportError, graph_to_bytes, to_bytes};
use convshape_onnx_engines::run;
use convshape_tests::golden;
use convshape_tests::models::{
    AudioAe, DcganDiscriminator, DcganGenerator, FlaxLinenAe, FlaxNnxAe, KerasAe, KerasAudioAe, MnistAe, Unet, Vae,
};

use graphs::Random;

/// The largest error of an element, as a share of the output's standard deviation.
const TOLERANCE: f32 = 1e-4;

const GRAPHS: u64 = 300;

/// What rten 0.27 says of the files that it cannot run: values with three axes of space, some operators, and windows with
/// dilation.
const REFUSED: &[&str] = &[
    "input must have 4 dims (NCHW)",
    "strides len does not match spatial dims",
    "Only inputs with 1 or 2 spatial dims are supported",
    "Only 1D to 4D inputs are supported with up to two resized dimensions",
    "Pad only supports non-constant padding of last 2 dims",
    "Celu operator not supported",
    "Selu operator not supported",
    "LRN operator not supported",
    "SpaceToDepth operator not supported",
    "error in attribute \"dilations\"",
];

/// Whether rten gives other numbers than onnxruntime and the chain: it resizes with another cubic.
fn is_different(graph: &Graph) -> bool {
    graph.nodes().iter().any(|node| matches!(node.op, Op::Upsample(Upsample { mode: Interpolation::Bicubic, .. })))
}

/// How far an output is off, in standard deviations of what was expected.
fn off_by(found: &ArrayD<f32>, expected: &ArrayD<f32>) -> f32 {
    if found.shape() != expected.shape() {
        return f32::INFINITY;
    }
    let worst = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
    let largest = expected.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    worst / expected.std(0.0).max(1e-2 * largest).max(1e-2)
}

#[test]
fn recorded_models_give_the_frameworks_numbers() {
    macro_rules! models {
        ($($name:literal $model:ident),* $(,)?) => {$(
            let golden = golden::model($name);
            let onnx = to_bytes(&$model::load(&golden.weights).expect("weights")).expect("ONNX has all of it");
            let outputs = run(&onnx, &[golden.io("input")]).unwrap_or_else(|error| panic!("{}: {error}", $name));
            let error = off_by(&outputs[0], &golden.io("output"));
            assert!(error <= TOLERANCE, "{}: off by {error:e} standard deviations", $name);
        )*};
    }
    models! {
        "torch_audio_ae" AudioAe, "torch_dcgan_discriminator" DcganDiscriminator,
        "torch_dcgan_generator" DcganGenerator, "torch_mnist_ae" MnistAe, "torch_unet" Unet,
        "flax_linen_ae" FlaxLinenAe, "flax_nnx_ae" FlaxNnxAe, "keras_ae" KerasAe, "keras_audio_ae" KerasAudioAe,
    }
    let golden = golden::model("torch_vae");
    let onnx = to_bytes(&Vae::load(&golden.weights).expect("weights")).expect("ONNX has all of it");
    let inputs = [golden.io::<Ix4>("input").into_dyn(), golden.io::<Ix2>("input1").into_dyn()];
    let error = off_by(&run(&onnx, &inputs).expect("it runs")[0], &golden.io("output"));
    assert!(error <= TOLERANCE, "torch_vae: off by {error:e} standard deviations");
}

#[test]
fn random_graphs_give_their_numbers() {
    let mut refused: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let (mut right, mut wrong) = (0, Vec::new());
    for seed in 0..GRAPHS {
        let mut random = Random::new(seed);
        let graph = random.graph();
        let params = random.params(&graph);
        let inputs: Vec<ArrayD<f32>> =
            graph.inputs().iter().map(|port| random.array(2, graph.shape(port.value))).collect();
        let expected = graphs::run(&graph, &params, &inputs.iter().collect::<Vec<_>>());
        // The maximum of an empty window is not finite.
        if is_different(&graph) || expected.iter().flatten().any(|number| !number.is_finite()) {
            continue;
        }
        let onnx = match graph_to_bytes(&graph, &params) {
            Ok(onnx) => onnx,
            Err(ExportError::Inexpressible { .. }) => continue,
            Err(error) => panic!("{seed}: {error}"),
        };
        match run(&onnx, &inputs) {
            Ok(found) => {
                match found.iter().zip(&expected).map(|(found, expected)| off_by(found, expected)).fold(0.0, f32::max) {
                    error if error <= TOLERANCE => right += 1,
                    error => wrong.push(format!("{seed}: off by {error:e}")),
                }
            }
            Err(reason) => refused.entry(reason).or_default().push(seed),
        }
    }
    eprintln!("{right} graphs are right; refused: {refused:#?}");
    let unknown: Vec<&String> =
        refused.keys().filter(|reason| !REFUSED.iter().any(|known| reason.contains(known))).collect();
    assert!(right * 2 > GRAPHS, "{right} graphs can be run");
    assert!(wrong.is_empty() && unknown.is_empty(), "{wrong:?}\n{unknown:#?}");
}
