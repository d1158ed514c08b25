//! The golden models end to end: every intermediate shape, and the output for the recorded weights and input.

use convshape::{Chain, ShapeError};
use convshape_tests::golden::{self, Model};
use convshape_tests::models::{
    Ae3d, AudioAe, DcganDiscriminator, DcganGenerator, FlaxLinenAe, FlaxNnxAe, KerasAe, KerasAudioAe, MnistAe, Unet,
    Vae,
};
use ndarray::{Array, ArrayView, Dimension, Ix2, Ix3, Ix4};

/// The largest error of an element, as a share of the output's standard deviation.
const TOLERANCE: f64 = 1e-5;

/// Every layer that PyTorch ran exists and gives PyTorch's shape.
fn assert_shapes<C: Chain>(golden: &Model) {
    let is_layer = |kind: &str, module: Option<&str>| kind.starts_with("call_") && module != Some("Identity");
    let nodes = golden.graph.iter().filter(|node| is_layer(&node.kind, node.module.as_deref()));
    assert_eq!(C::LAYERS.len(), nodes.clone().count(), "{}: layers", golden.name);
    for node in nodes {
        let layer = C::LAYERS.iter().find(|layer| layer.name == node.name);
        let layer = layer.unwrap_or_else(|| panic!("{}: no layer `{}`", golden.name, node.name));
        let (_batch, expected) = node.shape.split_first().expect("a batch axis");
        assert_eq!(layer.output.to_string(), format!("{expected:?}"), "{}: `{}`", golden.name, node.name);
    }
}

/// The output is PyTorch's.
fn assert_output<D: Dimension>(golden: &Model, found: &Array<f32, D>) {
    let expected: Array<f32, D> = golden.io("output");
    assert_eq!(found.shape(), expected.shape(), "{}", golden.name);
    let allowed = TOLERANCE * expected.mapv(f64::from).std(0.0);
    let errors = found.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    // Not `f64::max`, which would ignore NaN.
    let worst = errors.fold(0.0, |worst, error| if error > worst || error.is_nan() { error } else { worst });
    assert!(worst <= allowed, "{}: an element is off by {worst:e}, allowed are {allowed:e}", golden.name);
}

/// A model with one input and one output.
fn assert_model<C: Chain, In: Dimension, Out: Dimension>(
    golden: &Model,
    forward: impl Fn(ArrayView<'_, f32, In>) -> Result<Array<f32, Out>, ShapeError>,
) {
    assert_shapes::<C>(golden);
    let input: Array<f32, In> = golden.io("input");
    assert_output(golden, &forward(input.view()).expect("the input has the chain's shape"));
}

#[test]
fn ae3d() {
    let golden = golden::model("torch_ae3d");
    let model = Ae3d::load(&golden.weights).expect("weights");
    assert_model::<Ae3d, _, _>(&golden, |x| model.forward_batch(x));
}

#[test]
fn audio_ae() {
    let golden = golden::model("torch_audio_ae");
    let model = AudioAe::load(&golden.weights).expect("weights");
    assert_model::<AudioAe, _, _>(&golden, |x| model.forward_batch(x));
}

#[test]
fn dcgan_discriminator() {
    let golden = golden::model("torch_dcgan_discriminator");
    let model = DcganDiscriminator::load(&golden.weights).expect("weights");
    assert_model::<DcganDiscriminator, _, _>(&golden, |x| model.forward_batch(x));
}

#[test]
fn dcgan_generator() {
    let golden = golden::model("torch_dcgan_generator");
    let model = DcganGenerator::load(&golden.weights).expect("weights");
    assert_model::<DcganGenerator, _, _>(&golden, |x| model.forward_batch(x));
}

#[test]
fn mnist_ae() {
    let golden = golden::model("torch_mnist_ae");
    let model = MnistAe::load(&golden.weights).expect("weights");
    assert_model::<MnistAe, _, _>(&golden, |x| model.forward_batch(x));
}

#[test]
fn unet() {
    let golden = golden::model("torch_unet");
    let model = Unet::load(&golden.weights).expect("weights");
    assert_model::<Unet, _, _>(&golden, |x| model.forward_batch(x));
}

#[test]
fn vae() {
    let golden = golden::model("torch_vae");
    assert_shapes::<Vae>(&golden);
    let model = Vae::load(&golden.weights).expect("weights");
    let (x, eps): (Array<f32, Ix4>, Array<f32, Ix2>) = (golden.io("input"), golden.io("input1"));
    let output = model.forward_batch((x.view(), eps.view())).expect("the inputs have the chain's shapes");
    assert_output(&golden, &output);
}

/// The named layers of a flax or keras model, which are recorded in the order they run.
fn assert_named_shapes<C: Chain>(golden: &Model, recorded: &str, layer: impl Fn(&str) -> Option<String>) {
    let mut seen = 0;
    for record in golden.json[recorded].as_array().expect("a list of layers") {
        let Some(name) = record["name"].as_str().and_then(&layer) else { continue };
        let found = C::LAYERS.iter().find(|layer| layer.name == name);
        let found = found.unwrap_or_else(|| panic!("{}: no layer `{name}`", golden.name));
        let expected: Vec<usize> = serde_json::from_value(record["shape"].clone()).expect("a shape");
        assert_eq!(found.output.to_string(), format!("{:?}", &expected[1..]), "{}: `{name}`", golden.name);
        seen += 1;
    }
    assert!(seen >= 4, "{}: {seen} layers", golden.name);
}

#[test]
fn flax_linen_ae() {
    let golden = golden::model("flax_linen_ae");
    let snake = |name: &str| Some(name.replace("ConvTranspose", "conv_transpose").replace("Conv_", "conv_"));
    assert_named_shapes::<FlaxLinenAe>(&golden, "intermediates", snake);
    let model = FlaxLinenAe::load(&golden.weights).expect("weights");
    let input: Array<f32, Ix3> = golden.io("input");
    assert_output(&golden, &model.forward_batch(input.view()).expect("the input has the chain's shape"));
}

#[test]
fn flax_nnx_ae() {
    let golden = golden::model("flax_nnx_ae");
    let layer = |name: &str| (!name.ends_with(".act") && name != "out").then(|| name.to_owned());
    assert_named_shapes::<FlaxNnxAe>(&golden, "intermediates", layer);
    let model = FlaxNnxAe::load(&golden.weights).expect("weights");
    let input: Array<f32, Ix4> = golden.io("input");
    assert_output(&golden, &model.forward_batch(input.view()).expect("the input has the chain's shape"));
}

#[test]
fn keras_ae() {
    let golden = golden::model("keras_ae");
    assert_named_shapes::<KerasAe>(&golden, "graph", |name| Some(name.to_owned()));
    let model = KerasAe::load(&golden.weights).expect("weights");
    let input: Array<f32, Ix4> = golden.io("input");
    assert_output(&golden, &model.forward_batch(input.view()).expect("the input has the chain's shape"));
}

#[test]
fn keras_audio_ae() {
    let golden = golden::model("keras_audio_ae");
    assert_named_shapes::<KerasAudioAe>(&golden, "graph", |name| Some(name.to_owned()));
    let model = KerasAudioAe::load(&golden.weights).expect("weights");
    let input: Array<f32, Ix3> = golden.io("input");
    assert_output(&golden, &model.forward_batch(input.view()).expect("the input has the chain's shape"));
}
