//! Inputs, weights, outputs and gradients of single layers.

use std::collections::BTreeMap;

use ndarray::ArrayD;
use serde::Deserialize;
use serde_json::Value;

use super::Framework;
use crate::data;

/// One layer run on one input. Tensors are in the framework's own layout, batch first.
#[derive(Clone, Debug)]
pub struct ValueCase {
    /// `torch/conv/003`.
    pub id: String,
    /// The framework.
    pub framework: Framework,
    /// The operation, as in [`super::ShapeCase::op`], or a further one.
    pub op: String,
    /// The call's arguments; `in` is `[C, spatial...]` for every framework.
    pub params: Value,
    /// The axes of a tensor, by role: `input` is `NCL`, `weight` is `OIL`.
    pub layouts: BTreeMap<String, String>,
    /// The largest error of the framework's own f32 compared with f64, if it was measured.
    pub f32_max_abs_err: Option<f64>,
    tensors: BTreeMap<String, ArrayD<f32>>,
}

impl ValueCase {
    /// The tensor with this role, if the case has one.
    #[must_use]
    pub fn find(&self, role: &str) -> Option<&ArrayD<f32>> {
        self.tensors.get(role)
    }

    /// The tensor with this role: `input`, `weight`, `bias`, `output`, `cotangent`, `grad_input`, ..
    ///
    /// # Panics
    /// If the case has none.
    #[must_use]
    pub fn tensor(&self, role: &str) -> &ArrayD<f32> {
        self.find(role).unwrap_or_else(|| panic!("{}: no tensor `{role}`", self.id))
    }

    /// All tensors by role.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &ArrayD<f32>)> {
        self.tensors.iter().map(|(role, tensor)| (role.as_str(), tensor))
    }
}

#[derive(Deserialize)]
struct Manifest {
    cases: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(rename = "dialect")]
    framework: Framework,
    op: String,
    params: Value,
    layouts: BTreeMap<String, String>,
    tensors: BTreeMap<String, TensorName>,
    f32_max_abs_err: Option<f64>,
}

#[derive(Deserialize)]
struct TensorName {
    tensor: String,
}

/// All frameworks of which values are recorded.
pub const FRAMEWORKS: [Framework; 6] =
    [Framework::Torch, Framework::Jax, Framework::Flax, Framework::Keras, Framework::Tf, Framework::Onnx];

/// All cases of a framework.
#[must_use]
pub fn values(framework: Framework) -> Vec<ValueCase> {
    let manifest: Manifest =
        serde_json::from_str(&data::gunzip("values/manifest.json.gz")).expect("data/values/manifest.json.gz");
    let mut stored = data::tensors(&format!("values/{}.safetensors", framework.name()));
    let mut take = |name: &str| stored.remove(name).unwrap_or_else(|| panic!("no tensor {name}"));
    let entries = manifest.cases.into_iter().filter(|entry| entry.framework == framework);
    entries
        .map(|entry| ValueCase {
            tensors: entry.tensors.into_iter().map(|(role, name)| (role, take(&name.tensor))).collect(),
            id: entry.id,
            framework,
            op: entry.op,
            params: entry.params,
            layouts: entry.layouts,
            f32_max_abs_err: entry.f32_max_abs_err,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_its_tensors() {
        let cases: Vec<_> = FRAMEWORKS.into_iter().flat_map(values).collect();
        assert_eq!(cases.len(), 219);
        for case in &cases {
            assert!(!case.tensor("input").is_empty() && !case.tensor("output").is_empty(), "{}", case.id);
        }
    }
}
