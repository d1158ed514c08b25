//! Whole networks compared with PyTorch's and Keras' answers, recorded by the scripts in `data/networks`. Parameters and
//! inputs are computed from their names, so that no file contains them.

use convshape::graph::Graph;
use convshape::ndarray::{ArrayD, IxDyn};
use convshape::{Chain, GraphModel, Model, Shape};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde_json::Value;

/// The recorded numbers are f64, ours f32 after up to a hundred layers. Relative to the largest number.
const TOLERANCE: f32 = 2e-5;

/// FNV-1a of 32 bits.
fn hashed(name: &str) -> u32 {
    name.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Numbers between -0.5 and 0.5.
fn units(name: &str) -> impl Iterator<Item = f64> + use<> {
    let hash = hashed(name);
    (0_u32..).map(move |place| {
        let bits = place.wrapping_mul(2_654_435_761).wrapping_add(hash);
        let bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
        f64::from(bits >> 8) / f64::from(1 << 24) - 0.5
    })
}

/// A parameter scaled so that activations stay near one; scales and variances are near one.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "numbers of a test")]
fn fill(name: &str, shape: &[usize], numbers: &mut [f32]) {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    let inputs = match (shape, last) {
        ([inputs @ .., _, _], "depthwise_kernel") | ([inputs @ .., _], "kernel" | "pointwise_kernel") => inputs,
        ([_, inputs @ ..], _) => inputs,
        ([], _) => &[],
    };
    let (middle, width) = match inputs {
        [_, ..] => (0.0, 2.0 * (3.0 / inputs.iter().product::<usize>() as f64).sqrt()),
        [] if matches!(last, "weight" | "running_var" | "gamma" | "moving_variance") => (1.0, 0.5),
        [] => (0.0, 0.25),
    };
    numbers.iter_mut().zip(units(name)).for_each(|(number, unit)| *number = (middle + width * unit) as f32);
}

/// The model with the recorded network's parameters.
pub fn filled<M: Model>() -> M {
    // Nothing of it stays. Unoptimised, `StdRng` takes longer than the networks.
    let mut model = M::init(&mut SmallRng::seed_from_u64(0));
    model.for_each_param_mut(|name, param| {
        let shape = param.shape().to_vec();
        fill(name, &shape, param.as_mut_slice());
    });
    model
}

/// The number of parameters of a chain.
pub fn params<M: Chain>() -> u64 {
    M::LAYERS.iter().map(|layer| layer.params).sum()
}

fn recorded(name: &str) -> Value {
    let of = |framework: &str| {
        let path = format!("{}/data/networks/{framework}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("is there");
        let mut cases: Value = serde_json::from_str(&text).expect("is JSON");
        cases.get_mut(name).map(Value::take)
    };
    of("networks").or_else(|| of("keras")).unwrap_or_else(|| panic!("{name} is recorded"))
}

/// The recorded number of parameters of the network of that name.
///
/// # Panics
/// If there is none.
pub fn recorded_params(name: &str) -> u64 {
    recorded(name)["params"].as_u64().expect("is recorded")
}

/// Compares a chain's number of parameters and its outputs with those of the recorded network of that name.
///
/// # Panics
/// If one differs.
pub fn check<M: Model + Chain>(name: &str) {
    check_within::<M>(name, TOLERANCE);
}

/// The same with a different tolerance, relative to the largest number.
///
/// # Panics
/// If one differs.
pub fn check_within<M: Model + Chain>(name: &str, tolerance: f32) {
    let case = recorded(name);
    assert_eq!(Some(params::<M>()), case["params"].as_u64(), "{name}: parameters");
    let inputs = inputs(M::INPUTS.iter().map(|(_, shape)| shape));
    let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
    compare(name, &case, tolerance, &filled::<M>().forward_batch(&views).expect("runs"));
}

/// Compares a graph with the recorded network of that name, like [`check`].
///
/// # Panics
/// If one differs.
pub fn check_graph(name: &str, graph: Graph) {
    let case = recorded(name);
    let params: Vec<Vec<f32>> = graph.params().iter().map(|param| drawn(&param.name, &sizes(&param.shape))).collect();
    let trained = graph.params().iter().filter(|param| !param.role.is_statistic());
    let count = trained.map(|param| param.elements.len() as u64).sum::<u64>();
    assert_eq!(Some(count), case["params"].as_u64(), "{name}: parameters");
    let inputs = inputs(graph.inputs().iter().map(|port| graph.shape(port.value)));
    let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
    let model = GraphModel::new(graph, params).expect("fits");
    compare(name, &case, TOLERANCE, &model.forward_batch(&views).expect("runs"));
}

/// A parameter of the recorded network.
fn drawn(name: &str, shape: &[usize]) -> Vec<f32> {
    let mut numbers = vec![0.0; shape.iter().product()];
    fill(name, shape, &mut numbers);
    numbers
}

fn sizes(shape: &Shape) -> Vec<usize> {
    shape.sizes().iter().map(|size| usize::try_from(size.number().expect("fixed")).expect("small")).collect()
}

/// A batch of one sample for each input of the recorded network.
#[expect(clippy::cast_possible_truncation, reason = "numbers of a test")]
fn inputs<'a>(shapes: impl Iterator<Item = &'a Shape>) -> Vec<ArrayD<f32>> {
    let of = |(port, shape): (usize, &Shape)| {
        let sizes: Vec<usize> = std::iter::once(1).chain(sizes(shape)).collect();
        let numbers = units(&format!("input{port}")).map(|unit| (2.0 * unit) as f32);
        ArrayD::from_shape_vec(IxDyn(&sizes), numbers.take(sizes.iter().product()).collect()).expect("fits")
    };
    shapes.enumerate().map(of).collect()
}

fn compare(name: &str, case: &Value, tolerance: f32, found: &[ArrayD<f32>]) {
    let outputs = case["outputs"].as_array().expect("is recorded");
    assert_eq!(found.len(), outputs.len(), "{name}: outputs");
    for (found, recorded) in found.iter().zip(outputs) {
        assert_eq!(Some(found.len() as u64), recorded["elements"].as_u64(), "{name}: elements");
        let values: Vec<f32> = recorded["values"].as_array().expect("a list").iter().map(number).collect();
        let step = usize::try_from(recorded["step"].as_u64().expect("a number")).expect("small");
        let most = values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        for (found, value) in found.iter().step_by(step).zip(&values) {
            assert!((found - value).abs() <= tolerance * most, "{name}: {found}, recorded {value}");
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "what an f32 holds")]
fn number(value: &Value) -> f32 {
    value.as_f64().expect("a number") as f32
}
