//! Layers compared with PyTorch's outputs and gradients, recorded by scripts next to the data.

use convshape::ndarray::{ArrayD, IxDyn};
use convshape::{Chain, Model};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

/// The recorded numbers are f64, ours f32 within a few units in the last place of the largest step.
const TOLERANCE: f32 = 4e-6;

fn numbers(value: &Value) -> Vec<f32> {
    let list = value.as_array().expect("a list");
    #[expect(clippy::cast_possible_truncation, reason = "what an f32 holds")]
    list.iter().map(|number| number.as_f64().expect("a number") as f32).collect()
}

/// The recorded case of that name in `data/FOLDER/FOLDER.json`.
///
/// # Panics
/// If there is no such file.
#[must_use]
pub fn recorded(folder: &str, name: &str) -> Value {
    let path = format!("{}/data/{folder}/{folder}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("is there");
    let mut cases: Value = serde_json::from_str(&text).expect("is JSON");
    cases[name].take()
}

fn close(name: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        let both = found == expected || (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
        assert!(both, "{name}: {found}, PyTorch has {expected}");
    }
}

/// Compares a chain with the case of that name in `data/FOLDER/FOLDER.json`: its output, and the gradients of its
/// inputs and parameters for the cotangents 1, 2, 3, .. divided by 8. Parameters that the case does not have keep their
/// initial values.
///
/// # Panics
/// If a number differs.
pub fn check<M: Model + Chain>(folder: &str, name: &str) {
    let case = recorded(folder, name);
    let mut model = M::init(&mut StdRng::seed_from_u64(0));
    model.for_each_param_mut(|path, param| {
        if let Some(recorded) = case["params"].get(path) {
            param.as_mut_slice().copy_from_slice(&numbers(recorded));
        }
    });
    let inputs: Vec<ArrayD<f32>> = M::INPUTS
        .iter()
        .enumerate()
        .map(|(port, (_, shape))| {
            let sizes = shape.sizes().iter().map(|size| usize::try_from(size.number().expect("fixed")).expect("small"));
            let sizes: Vec<usize> = std::iter::once(1).chain(sizes).collect();
            ArrayD::from_shape_vec(IxDyn(&sizes), numbers(&case["inputs"][port])).expect("fits")
        })
        .collect();
    let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
    let found = model.forward_batch(&views).expect("runs");
    close(name, found[0].as_slice().expect("dense"), &numbers(&case["output"]));
    let mut next = 0.0;
    let cotangent = found[0].mapv(|_| {
        next += 0.125;
        next
    });
    let (gradients, of_params) = model.vjp(&views, &[cotangent.view()]).expect("runs");
    for (port, found) in gradients.iter().enumerate() {
        close(&format!("{name}, input {port}"), found.as_slice().expect("dense"), &numbers(&case["gradients"][port]));
    }
    of_params.for_each_param(|path, param| {
        if let Some(recorded) = case["param_gradients"].get(path) {
            close(&format!("{name}, {path}"), param.as_slice(), &numbers(recorded));
        }
    });
}
