//! Whole models with their weights, outputs, gradients and first training steps.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ndarray::{Array, ArrayD, Dimension};
use serde::Deserialize;
use serde_json::Value;

use crate::data;

/// A recorded model.
#[derive(Clone, Debug)]
pub struct Model {
    /// `torch_unet`.
    pub name: String,
    /// The layers in the order they run; for flax see `json["intermediates"]`.
    pub graph: Vec<Node>,
    /// The whole description.
    pub json: Value,
    /// The file with the weights, under the framework's own names.
    pub weights: PathBuf,
    io: BTreeMap<String, ArrayD<f32>>,
}

/// A layer of a model.
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    /// Its name in the graph.
    pub name: String,
    /// torch: `placeholder`, `call_module`, `call_function`, `call_method` or `output`.
    #[serde(default)]
    pub kind: String,
    /// torch: the module's class.
    pub module: Option<String>,
    /// Output shape, batch first.
    pub shape: Vec<usize>,
}

impl Model {
    /// A recorded tensor: `input`, `input1`, `output`, `target`, `grad_input`, `grad/P`, `sgd3/P`, `adam3/P` for a
    /// parameter `P`.
    ///
    /// # Panics
    /// If there is none of that name and number of axes.
    #[must_use]
    pub fn io<D: Dimension>(&self, name: &str) -> Array<f32, D> {
        let found = self.io.get(name).unwrap_or_else(|| panic!("{}: no tensor `{name}`", self.name)).clone();
        let shape = found.shape().to_vec();
        found.into_dimensionality().unwrap_or_else(|_| panic!("{}: `{name}` has the shape {shape:?}", self.name))
    }

    /// All recorded tensors by name.
    pub fn io_tensors(&self) -> impl Iterator<Item = (&str, &ArrayD<f32>)> {
        self.io.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }
}

/// The model of this name (`torch_ae3d`, `keras_ae`, ..).
///
/// # Panics
/// If there is none.
#[must_use]
pub fn model(name: &str) -> Model {
    let bytes = data::bytes(&format!("models/{name}.json"));
    let json: Value = serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("data/models/{name}.json: {e}"));
    let graph = json.get("graph").map_or_else(Vec::new, |graph| {
        Vec::deserialize(graph).unwrap_or_else(|e| panic!("data/models/{name}.json: graph: {e}"))
    });
    Model {
        name: name.to_owned(),
        graph,
        json,
        weights: data::path(&format!("models/{name}.weights.safetensors")),
        io: data::tensors(&format!("models/{name}.io.safetensors")),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Ix4;

    use super::*;

    #[test]
    fn a_model_has_graph_weights_and_tensors() {
        let unet = model("torch_unet");
        assert_eq!(unet.graph.last().expect("a graph").shape, [2, 2, 16, 24]);
        assert!(unet.weights.exists());
        assert_eq!(unet.io::<Ix4>("input").shape(), [2, 3, 16, 24]);
        assert_eq!(unet.io::<Ix4>("grad/head.weight").shape(), [2, 6, 1, 1]);
    }

    #[test]
    fn every_model_is_read() {
        let names = ["flax_linen_ae", "flax_nnx_ae", "keras_ae", "keras_audio_ae"];
        assert!(names.iter().all(|name| model(name).io_tensors().any(|(tensor, _)| tensor == "output")));
    }
}
