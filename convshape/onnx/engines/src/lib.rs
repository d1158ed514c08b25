//! Runs ONNX files in rten.

use convshape::ndarray::{ArrayD, IxDyn};
use rten::{ModelOptions, NodeId, Value, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{Tensor, TensorView};

/// The outputs of a file for these inputs, both in the file's order.
///
/// # Errors
/// What the engine says, if it cannot read or run the file.
pub fn run(onnx: &[u8], inputs: &[ArrayD<f32>]) -> Result<Vec<ArrayD<f32>>, String> {
    let model = ModelOptions::with_all_ops().load(onnx.to_vec()).map_err(|error| error.to_string())?;
    let values = inputs.iter().map(|input| {
        let input = input.as_standard_layout();
        Value::from(Tensor::from_data(input.shape(), input.iter().copied().collect::<Vec<f32>>()))
    });
    let inputs: Vec<(NodeId, ValueOrView<'_>)> =
        model.input_ids().iter().copied().zip(values.map(ValueOrView::from)).collect();
    let outputs = model.run(inputs, model.output_ids(), None).map_err(|error| error.to_string())?;
    let array = |output: &Value| {
        let view: TensorView<'_, f32> =
            output.try_into().map_err(|_| "an output that is no array of f32".to_owned())?;
        ArrayD::from_shape_vec(IxDyn(view.shape()), view.to_vec()).map_err(|error| error.to_string())
    };
    outputs.iter().map(array).collect()
}
