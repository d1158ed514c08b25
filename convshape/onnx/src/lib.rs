//! ONNX out of and into convshape's checked chains.
//!
//! [`to_bytes`] and [`save`] write a model as an ONNX file, for browsers, phones, GPUs and every other
//! place that has an engine for the format.

mod export;
mod proto;

pub use export::{ExportError, graph_to_bytes, save, to_bytes};
